#include "slurm/node_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "slurm/codes.h"

namespace spillway::slurm {
namespace {

using Base = NodeState::Base;

struct Word {
  std::string_view text;
  Base base;  // unknown: the word is a flag only
  uint32_t flags;
};

// The first word of each flag is how 22.05 prints it; the others are older, newer, or sinfo's short forms.
constexpr auto kWords = std::to_array<Word>({
    {"UNKNOWN", Base::unknown, 0},
    {"UNK", Base::unknown, 0},
    {"DOWN", Base::down, 0},
    {"IDLE", Base::idle, 0},
    {"ALLOCATED", Base::allocated, 0},
    {"ALLOC", Base::allocated, 0},
    {"MIXED", Base::mixed, 0},
    {"MIX", Base::mixed, 0},
    {"ERROR", Base::error, 0},
    {"ERR", Base::error, 0},
    {"FUTURE", Base::future, 0},
    {"FUTR", Base::future, 0},
    // Words of sinfo that say base and flags at once.
    {"DRAINED", Base::idle, NodeState::kDrain},
    {"DRAINING", Base::allocated, NodeState::kDrain},
    {"DRNG", Base::allocated, NodeState::kDrain},
    {"FAILING", Base::allocated, NodeState::kFail},
    {"FAILG", Base::allocated, NodeState::kFail},
    // Flags.
    {"CLOUD", Base::unknown, NodeState::kCloud},
    {"COMPLETING", Base::unknown, NodeState::kCompleting},
    {"COMP", Base::unknown, NodeState::kCompleting},
    {"DRAIN", Base::unknown, NodeState::kDrain},
    {"DYNAMIC_NORM", Base::unknown, NodeState::kDynamic},
    {"DYNAMIC_FUTURE", Base::unknown, NodeState::kDynamic},
    {"DYNAMIC", Base::unknown, NodeState::kDynamic},
    {"FAIL", Base::unknown, NodeState::kFail},
    {"INVALID_REG", Base::unknown, NodeState::kInvalidRegistration},
    {"INVALID", Base::unknown, NodeState::kInvalidRegistration},
    {"INVAL", Base::unknown, NodeState::kInvalidRegistration},
    {"MAINTENANCE", Base::unknown, NodeState::kMaintenance},
    {"MAINT", Base::unknown, NodeState::kMaintenance},
    {"NOT_RESPONDING", Base::unknown, NodeState::kNotResponding},
    {"NO_RESPOND", Base::unknown, NodeState::kNotResponding},
    {"PERFCTRS", Base::unknown, NodeState::kPerfCounters},
    {"NPC", Base::unknown, NodeState::kPerfCounters},
    {"PLANNED", Base::unknown, NodeState::kPlanned},
    {"PLND", Base::unknown, NodeState::kPlanned},
    {"POWER_DOWN", Base::unknown, NodeState::kPowerDownRequested},
    {"POWERED_DOWN", Base::unknown, NodeState::kPoweredDown},
    {"POWER", Base::unknown, NodeState::kPoweredDown},  // 20.02, 20.11
    {"POWER_SAVE", Base::unknown, NodeState::kPoweredDown},
    {"POWERING_DOWN", Base::unknown, NodeState::kPoweringDown},
    {"POW_DN", Base::unknown, NodeState::kPoweringDown},
    {"POWERING_UP", Base::unknown, NodeState::kPoweringUp},
    {"POW_UP", Base::unknown, NodeState::kPoweringUp},
    {"POWER_UP", Base::unknown, NodeState::kPowerUpRequested},
    {"POWER_DRAIN", Base::unknown, NodeState::kDrain | NodeState::kPowerDownRequested},
    {"REBOOT_REQUESTED", Base::unknown, NodeState::kRebootRequested},
    {"REBOOT", Base::unknown, NodeState::kRebootRequested},
    {"REBOOT_ISSUED", Base::unknown, NodeState::kRebootIssued},
    {"BOOT", Base::unknown, NodeState::kRebootIssued},
    {"REBOOT_CANCELED", Base::unknown, NodeState::kRebootCanceled},
    {"CANCEL_REBOOT", Base::unknown, NodeState::kRebootCanceled},
    {"RESERVED", Base::unknown, NodeState::kReserved},
    {"RESV", Base::unknown, NodeState::kReserved},
    {"BLOCKED", Base::unknown, NodeState::kBlocked},
    {"EXTERNAL", Base::unknown, NodeState::kExternal},
    {"UNDRAIN", Base::unknown, NodeState::kUndrain},
    {"PARKED", Base::unknown, NodeState::kParked},
});

struct Mark {
  char mark;
  NodeState::Flag flag;
};
// sinfo(1), NODE STATE CODES; 20.02's scontrol writes them behind the base state too.
constexpr auto kMarks = std::to_array<Mark>({
    {'*', NodeState::kNotResponding},
    {'~', NodeState::kPoweredDown},
    {'#', NodeState::kPoweringUp},
    {'!', NodeState::kPowerDownRequested},
    {'%', NodeState::kPoweringDown},
    {'$', NodeState::kMaintenance},
    {'@', NodeState::kRebootRequested},
    {'^', NodeState::kRebootIssued},
    {'-', NodeState::kPlanned},
});

const Mark* mark_of(char c) {
  const auto found = std::find_if(kMarks.begin(), kMarks.end(), [c](const Mark& m) { return m.mark == c; });
  return found == kMarks.end() ? nullptr : &*found;
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

}  // namespace

Result<NodeState> parse_node_state(std::string_view text) {
  const auto bad = [&](std::string_view part) {
    return Error{
        Kind::invalid, kBadNodeState,
        fmt::format("cannot read the node state {}: {} is no word", in_quotes(text), in_quotes(part))};
  };
  NodeState state;
  bool first = true;
  // sinfo marks a completing node by a final '+': "alloc+".
  if (text.size() > 1 && text.ends_with('+')) {
    text.remove_suffix(1);
    state.flags |= NodeState::kCompleting;
  }
  for (std::string_view part : split(text, '+')) {
    while (!part.empty()) {
      const Mark* mark = mark_of(part.back());
      if (!mark) break;
      state.flags |= mark->flag;
      part.remove_suffix(1);
    }
    if (!is_word(part)) return bad(part);
    const std::string word = upper(part);
    const auto known =
        std::find_if(kWords.begin(), kWords.end(), [&](const Word& w) { return w.text == word; });
    if (known == kWords.end()) {
      state.unknown.push_back(word);
    } else {
      state.flags |= known->flags;
      if (first || state.base == Base::unknown) state.base = known->base;
    }
    first = false;
  }
  return state;
}

std::string to_string(const NodeState& state) {
  constexpr std::array<std::string_view, 7> kBases{"UNKNOWN", "DOWN",  "IDLE",  "ALLOCATED",
                                                   "MIXED",   "ERROR", "FUTURE"};
  std::string out(kBases[static_cast<size_t>(state.base)]);
  uint32_t said = 0;
  for (const Word& word : kWords) {
    const bool one_flag =
        word.base == Base::unknown && word.flags != 0 && (word.flags & (word.flags - 1)) == 0;
    if (!one_flag || (state.flags & word.flags) == 0 || (said & word.flags) != 0) continue;
    said |= word.flags;
    out += '+';
    out += word.text;
  }
  for (const std::string& word : state.unknown) out += '+' + word;
  return out;
}

bool NodeState::is_powered_down() const {
  return has(kPoweredDown) && !has(kPoweringDown) && !has(kPoweringUp) && !has(kPowerUpRequested);
}

bool NodeState::is_powering_up() const {
  return !has(kPoweringDown) && (has(kPoweringUp) || has(kPowerUpRequested));
}

bool NodeState::is_powering_down() const {
  return has(kPoweringDown) || has(kPowerDownRequested);
}

bool NodeState::is_registered() const {
  const bool alive = base == Base::idle || base == Base::allocated || base == Base::mixed;
  return alive && !has(kPoweredDown) && !has(kPoweringDown) && !is_powering_up() && !has(kNotResponding);
}

bool NodeState::is_up() const {
  return is_registered() && !has(kDrain) && !has(kFail) && !has(kInvalidRegistration) &&
         !has(kRebootIssued) && !has(kPowerDownRequested);
}

bool NodeState::is_allocated() const {
  return base == Base::allocated || base == Base::mixed || has(kCompleting);
}

bool NodeState::is_down() const {
  return base == Base::down || base == Base::error;
}

}  // namespace spillway::slurm
