#include "sim/planted.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "sim/runner.h"

namespace spillway {
namespace {

thread_local Bug planted_here = Bug::none;
Bug planted_everywhere = Bug::none;

}  // namespace

bool planted(Bug bug) {
  return bug == planted_here || bug == planted_everywhere;
}

namespace sim {
namespace {

struct Known {
  Bug bug;
  std::string_view name, sentence;
  int row;
};
constexpr Known kKnown[] = {
#define SPILLWAY_BUG(name, row, sentence) {Bug::name, #name, sentence, row},
#include "base/planted_bugs.inc"
#undef SPILLWAY_BUG
};

/// The place of a step in the variant, so that new ones may come between.
template <class S, size_t I = 0>
constexpr size_t step() {
  if constexpr (std::is_same_v<S, std::variant_alternative_t<I, fleet::Step>>)
    return I;
  else
    return step<S, I + 1>();
}

struct Unwritten {
  Bug bug;
  Action action;
  int from, until;  // effects of the action, before which the write is
  char record;
};
constexpr int kEver = 99;
const Unwritten kUnwritten[] = {
    {Bug::launch_intent_unwritten, step<fleet::Launch>(), 0, 0, 'l'},
    {Bug::launch_answer_unwritten, step<fleet::Launch>(), 1, kEver, 'l'},
    {Bug::launched_machines_unwritten, step<fleet::Launch>(), 0, kEver, 'm'},
    {Bug::assign_machines_unwritten, step<fleet::Assign>(), 0, kEver, 'm'},
    {Bug::assign_launch_unwritten, step<fleet::Assign>(), 0, kEver, 'l'},
    {Bug::assign_failures_unwritten, step<fleet::Assign>(), 0, kEver, 'n'},
    {Bug::abandon_unwritten, step<fleet::Abandon>(), 0, kEver, 'l'},
    {Bug::publish_unwritten, step<fleet::Publish>(), 0, kEver, 'm'},
    {Bug::release_unwritten, step<fleet::Release>(), 0, kEver, 'm'},
    {Bug::register_intent_unwritten, step<fleet::Register>(), 0, 0, 'm'},
    {Bug::register_unwritten, step<fleet::Register>(), 1, kEver, 'm'},
    {Bug::unregister_unwritten, step<fleet::Unregister>(), 0, kEver, 'm'},
    {Bug::addresses_unwritten, step<fleet::SetAddresses>(), 0, kEver, 'm'},
    {Bug::tags_unwritten, step<fleet::WriteTags>(), 0, kEver, 'm'},
    {Bug::joined_unwritten, step<fleet::MarkJoined>(), 0, kEver, 'm'},
    {Bug::withdraw_unwritten, step<fleet::Withdraw>(), 0, kEver, 'm'},
    {Bug::terminate_unwritten, step<fleet::Terminate>(), 0, kEver, 'm'},
    {Bug::sight_unwritten, step<fleet::Sight>(), 0, kEver, 'm'},
    {Bug::close_unwritten, step<fleet::Close>(), 0, kEver, 'm'},
    {Bug::fail_unwritten, step<fleet::Fail>(), 0, kEver, 'n'},
    {Bug::mark_down_unwritten, step<fleet::MarkDown>(), 0, kEver, 'n'},
    {Bug::give_back_unwritten, step<fleet::GiveBack>(), 0, kEver, 'n'},
    {Bug::rediscover_unwritten, step<fleet::Rediscover>(), 0, kEver, 'n'},
    {Bug::adopt_unwritten, step<fleet::Adopt>(), 0, kEver, 'm'},
    {Bug::wish_nodes_unwritten, kTakeWishes, 0, kEver, 'n'},
    {Bug::wish_unwritten, kTakeWishes, 0, kEver, 'w'},
    {Bug::recovered_nodes_unwritten, kRecover, 0, kEver, 'n'},
    {Bug::recovered_machines_unwritten, kRecover, 0, kEver, 'm'},
};

Verdict try_one(const Known& known, const PlantedOrder& order, Stage& stage) {
  const Plant plant{known.bug};
  Verdict verdict{.name = known.name, .sentence = known.sentence, .row = known.row};
  const Order alone{.again = 0, .crash_free = 0, .http = 0, .sqlite = 0};
  Report report;
  for (uint64_t i = 0; i < order.schedules && !verdict.broken; ++i) {
    verdict.seed = order.seed + i;
    const Script script = make_script(verdict.seed);
    verdict.broken = run_one(script, alone, stage, report).broken;
    ++verdict.schedules;
    if (!verdict.broken) continue;
    // A schedule that breaks by itself says nothing of the planted bug.
    const Plant nothing{Bug::none};
    if (run_one(script, alone, stage, report).broken) verdict.broken.reset();
  }
  return verdict;
}

}  // namespace

Plant::Plant(Bug bug) : before_(std::exchange(planted_here, bug)) {}
Plant::~Plant() {
  planted_here = before_;
}

Result<void> plant(std::string_view name) {
  for (const Known& known : kKnown)
    if (known.name == name) return planted_everywhere = known.bug, Result<void>{};
  return Error{Kind::invalid, fmt::format("no bug is called '{}'", name)};
}

bool is_unwritten(size_t action, int effect, char record) {
  return std::any_of(std::begin(kUnwritten), std::end(kUnwritten), [&](const Unwritten& each) {
    return each.action == action && each.record == record && effect >= each.from && effect <= each.until &&
           planted(each.bug);
  });
}

std::vector<Verdict> find_planted(const PlantedOrder& order,
                                  const std::function<void(const Verdict&)>& found) {
  std::vector<Verdict> verdicts;
  std::mutex mutex;
  std::atomic<size_t> next{0};
  const auto work = [&] {
    Stage stage;
    for (size_t i = next++; i < std::size(kKnown); i = next++) {
      if (!order.only.empty() && order.only != kKnown[i].name) continue;
      Verdict verdict = try_one(kKnown[i], order, stage);
      const std::lock_guard lock(mutex);
      found(verdict);
      verdicts.push_back(std::move(verdict));
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < order.jobs; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  return verdicts;
}

std::string to_text(const Verdict& verdict) {
  const std::string row = verdict.row ? fmt::format("row {:2}", verdict.row) : "      ";
  if (!verdict.broken)
    return fmt::format("{:32} {}  NOT CAUGHT within {}: {}", verdict.name, row, verdict.schedules,
                       verdict.sentence);
  return fmt::format("{:32} {}  caught after {:6} by {}: {}", verdict.name, row, verdict.schedules,
                     verdict.broken->invariant, verdict.broken->what);
}

Json to_json(const Verdict& verdict) {
  Json json = Json::object({{"bug", verdict.name},
                            {"row", verdict.row},
                            {"sentence", verdict.sentence},
                            {"schedules", verdict.schedules},
                            {"caught", verdict.broken.has_value()}});
  if (verdict.broken)
    json.set("seed", verdict.seed)
        .set("invariant", verdict.broken->invariant)
        .set("what", verdict.broken->what);
  return json;
}

}  // namespace sim
}  // namespace spillway
