// The pure part: from what was seen to what it means.
#include "base/text.h"
#include "insight/checks.h"
#include "insight/codes.h"

namespace spillway::insight {
namespace {

constexpr Code kShortSuspend{
    "SPW-SLURM-030", "a node that is called for again while its instance still goes joins the wrong machine",
    "set SuspendTime to at least SuspendTimeout + ResumeTimeout; spillway config slurm prints it"};
constexpr Code kNoHook{"SPW-SLURM-031", "slurmctld does not call Spillway for this",
                       "put the lines of `spillway config slurm` into slurm.conf and restart slurmctld"};
constexpr Code kSlowBatch{"SPW-SLURM-032", "without it a batch job waits up to 30 s after its nodes are up",
                          "PrologSlurmctld=/usr/libexec/spillway/prolog-slurmctld"};
constexpr Code kClockOff{"SPW-TIME-001", "signatures, munge and TSIG refuse clocks that are minutes apart",
                         "run chrony or systemd-timesyncd on this host; chronyc tracking shows the offset"};

/// "300 sec" as 300; nothing for INFINITE, NONE and the like.
std::optional<int64_t> seconds_in(const std::map<std::string, std::string>& running, const std::string& key) {
  const auto found = running.find(key);
  if (found == running.end()) return std::nullopt;
  return parse_int(std::string_view(found->second).substr(0, found->second.find(' ')));
}

bool is_set(const std::map<std::string, std::string>& running, const std::string& key) {
  const auto found = running.find(key);
  return found != running.end() && !found->second.empty() && found->second != "(null)";
}

}  // namespace

Finding finding_of(const Error& error) {
  const std::string text = to_string(error);  // fills in what errors without a code of their own have
  Finding out{Health::bad, error.what, error.code, error.why, error.fix};
  if (out.code.empty())
    if (const size_t open = text.find('['), close = text.find(']');
        open < close && close != std::string::npos)
      out.code = text.substr(open + 1, close - open - 1);
  if (const Code* known = find_code(out.code)) {
    if (out.why.empty()) out.why = known->why;
    if (out.fix.empty()) out.fix = known->fix;
  }
  return out;
}

std::vector<Finding> judge_power_saving(const std::map<std::string, std::string>& running) {
  std::vector<Finding> out;
  for (const char* hook : {"ResumeProgram", "SuspendProgram", "ResumeFailProgram"})
    if (!is_set(running, hook)) out.push_back(bad(kNoHook, fmt::format("{} is not set", hook)));
  if (!is_set(running, "PrologSlurmctld")) out.push_back(warning(kSlowBatch, "PrologSlurmctld is not set"));
  const auto suspend = seconds_in(running, "SuspendTime"), going = seconds_in(running, "SuspendTimeout"),
             coming = seconds_in(running, "ResumeTimeout");
  if (suspend && going && coming && *suspend < *going + *coming)
    out.push_back(
        warning(kShortSuspend, fmt::format("SuspendTime {} s < SuspendTimeout {} s + ResumeTimeout {} s",
                                           *suspend, *going, *coming)));
  if (out.empty()) out.push_back(good("power saving calls Spillway"));
  return out;
}

Finding judge_clock(std::string_view whose, Duration ahead) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(ahead).count();
  constexpr int64_t kWarn = 5, kBad = 60;
  const std::string what =
      fmt::format("{} is {} s {} our clock", whose, std::abs(seconds), seconds < 0 ? "behind" : "ahead of");
  if (std::abs(seconds) >= kBad) return bad(kClockOff, what);
  if (std::abs(seconds) >= kWarn) return warning(kClockOff, what);
  return good(fmt::format("{} and our clock agree", whose));
}

}  // namespace spillway::insight
