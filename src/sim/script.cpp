#include "sim/script.h"

#include <algorithm>

namespace spillway::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Draws from one seed; each drawing is on its own.
class Dice {
 public:
  explicit Dice(uint64_t seed) : seed_(seed) {}
  uint64_t next() { return mix(seed_, ++drawn_); }
  int64_t upto(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(next() % static_cast<uint64_t>(most - least + 1));
  }
  bool one_in(int n) { return next() % static_cast<uint64_t>(n) == 0; }
  Duration time(int least_s, int most_s) { return milliseconds{250} * upto(least_s * 4, most_s * 4); }

 private:
  uint64_t seed_, drawn_ = 0;
};

Terms terms(Dice& dice) {
  Terms t;
  t.nodes = static_cast<int>(dice.upto(20, 24));
  t.names = dice.one_in(4);
  t.bucket = !dice.one_in(5);
  t.tells_jobs = dice.one_in(2);
  t.resume_rate = dice.one_in(3) ? dice.upto(20, 300) : 0;
  t.suspend_time = dice.time(10, 90);
  t.suspend_timeout = dice.time(5, 40);
  t.slurmd_timeout = dice.time(20, 60);
  t.boot_least = dice.time(2, 20);
  t.boot_most = t.boot_least + dice.time(1, 40);
  t.resume_timeout = t.boot_most + dice.time(30, 90);
  t.busy = dice.time(2, 5);
  t.idle = dice.time(8, 15);
  t.failure_hold = dice.time(15, 30);
  t.launch_at_most = dice.one_in(3) ? static_cast<size_t>(dice.upto(2, 6)) : 500;
  t.length = dice.time(300, 500);
  return t;
}

Happening job(Dice& dice, const Terms& terms) {
  Happening submit{.at = dice.time(0, 1) + Duration{dice.upto(0, terms.length.count() / 250'000) * 250'000},
                   .what = What::submit,
                   .span = dice.time(5, 120)};
  submit.count = static_cast<int>(dice.one_in(4) ? dice.upto(5, 10) : dice.upto(1, 4));
  submit.node = static_cast<int>(dice.upto(0, terms.nodes - submit.count));
  return submit;
}

Happening trouble(Dice& dice, const Terms& terms) {
  Happening h{.at = Duration{dice.upto(0, terms.length.count() / 250'000) * 250'000},
              .what = static_cast<What>(dice.upto(1, kWhats - 1)),
              .node = static_cast<int>(dice.upto(0, terms.nodes - 1)),
              .span = dice.time(1, 60),
              .chance = static_cast<uint32_t>(dice.next())};
  if (h.what == What::rule || h.what == What::outage || h.what == What::dns_outage) h.span *= 2;
  const bool about_names = h.what >= What::dns_outage && h.what <= What::dns_leftover;
  if (about_names && !terms.names) h.what = What::old_wish;
  if (h.what == What::never_suspends) h.span = dice.time(200, 500);
  if (h.what == What::hides) h.span = dice.time(5, 90);
  return h;
}

PlannedFault fault(Dice& dice) {
  PlannedFault f{.action = static_cast<Action>(dice.upto(0, kActions - 1)),
                 .fault = static_cast<Fault>(dice.upto(0, kFaults - 1)),
                 .chance = static_cast<uint32_t>(dice.next() >> 33)};
  const bool frequent = f.action == kLookAtEc2 || f.action == kLookAtSlurm || f.action == kTakeWishes;
  f.nth = static_cast<int>(frequent         ? dice.upto(0, 100)
                           : dice.one_in(3) ? dice.upto(2, 12)
                                            : dice.upto(0, 2));
  f.effect = frequent ? 0 : static_cast<int>(dice.one_in(2) ? dice.upto(1, 2) : 0);
  return f;
}

}  // namespace

std::string_view to_string(What what) {
  constexpr std::string_view kWords[] = {"submit",
                                         "cancel",
                                         "stray hook",
                                         "old wish",
                                         "slurmctld restart",
                                         "slurmctld silence",
                                         "node cut off",
                                         "machine dies",
                                         "machine shuts down",
                                         "EC2 rule",
                                         "AWS outage",
                                         "old lists",
                                         "hidden machine",
                                         "DNS outage",
                                         "foreign name",
                                         "name erased",
                                         "leftover name",
                                         "kill",
                                         "lose journal",
                                         "admin: down",
                                         "admin: drain",
                                         "admin: power up",
                                         "admin: power down",
                                         "tunnel down",
                                         "over budget",
                                         "slurmctld never suspends"};
  return kWords[static_cast<size_t>(what)];
}

std::string to_string(const Happening& h) {
  return fmt::format("at {:.2f} s: {} (node {}, count {}, {:.2f} s, {})", h.at.count() / 1e6,
                     to_string(h.what), h.node, h.count, h.span.count() / 1e6, h.chance % 1000);
}

Script make_script(uint64_t seed) {
  Dice dice{mix(seed, 0x5b1117a7)};
  Script script{.seed = seed, .terms = terms(dice)};
  const int64_t jobs = dice.upto(5, 9), troubles = dice.upto(1, 8), faults = dice.upto(12, 24);
  for (int64_t i = 0; i < jobs; ++i) script.happenings.push_back(job(dice, script.terms));
  for (int64_t i = 0; i < troubles; ++i) script.happenings.push_back(trouble(dice, script.terms));
  for (int64_t i = 0; i < faults; ++i) script.faults.push_back(fault(dice));
  std::stable_sort(script.happenings.begin(), script.happenings.end(),
                   [](const Happening& a, const Happening& b) { return a.at < b.at; });
  return script;
}

}  // namespace spillway::sim
