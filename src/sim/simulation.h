#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <queue>

#include "dns/fake.h"
#include "fleet/reconciler.h"
#include "sim/http_cloud.h"
#include "sim/invariants.h"
#include "sim/seams.h"

namespace spillway::sim {

/// What a worker keeps between schedules: an account to copy, and the clock that it looks at.
struct Stage {
  ManualClock clock;
  emu::Account account = Cloud::make_account(clock);
};

struct Options {
  std::function<void(std::string)> trace;  // a line of what happens; empty: nobody reads it
  bool over_http = false;                  // EC2 and S3 by the real client, signed, in XML
  bool on_sqlite = false;                  // the real journal, compared with the one in memory
  bool without_crashes = false;
  bool strict = false;  // a job that began since the last look counts, too
};

/// What came of a schedule.
struct Outcome {
  std::optional<Broken> broken;
  Time at{};
  uint64_t hash = 0;
  uint64_t effects = 0, faults = 0, passes = 0, crashes = 0;
  std::string end_state;  // what a crash must not change
  Table table{};
};

/// One schedule: the production reconciler, planner and executor between models of everything outside.
class Simulation {
 public:
  Simulation(const Script& script, const Options& options, Stage& stage);
  ~Simulation();
  Outcome run();

 private:
  struct Window {  // something that is so until then
    What what;
    Time from, until;
    int node = 0;
    uint32_t chance = 0;
    Duration span{};
  };
  using Clouds = std::vector<aws::Instance>;

  void act_out();
  void settle();
  void judge_the_end();
  void note_names_left();
  std::string whose_launch(const fleet::LaunchRecord& launch) const;
  std::vector<std::string> names_of_ours() const;
  std::string invariant_12() const;
  std::string end_state();
  void lose_journal();
  std::vector<PlannedFault> faults_to_come() const;
  /// The world moves on; `until` is when the process next does something.
  void move_to(Time until);
  void tick();
  void call_hooks();
  void call_hooks_unless_silent();
  void write_wish(fleet::Wish::Kind kind, const std::vector<NodeName>& nodes);
  void order(const NodeName& node, slurm::NodeAction action, const std::string& reason);
  void shut_down(emu::Instance& instance);
  void happen(const Happening& happening);
  void apply_rules();
  void begin_process();
  void end_process(Duration down);
  void pass();
  void lift_everything();
  bool is_settled();
  void check();
  View view();
  bool window(What what) const;
  Time calm_since() const;
  void watch();
  void hide_from(Clouds& list);
  NodeName name(int i) const;
  std::vector<NodeName> names(int first, int count) const;
  InstanceId some_instance(uint32_t chance);
  void broken_if(std::string_view number, std::string what) const;
  template <class... T>
  void trace(fmt::format_string<T...> format, T&&... args) {
    if (!options_.trace) return;
    options_.trace(fmt::format("{:9.2f}  {}", static_cast<double>((clock_.now() - start_).count()) / 1e6,
                               fmt::format(format, std::forward<T>(args)...)));
  }
  void digest(uint64_t value) { hash_ = mix(hash_, value); }
  void digest(std::string_view text);

  const Script& script_;
  const Options& options_;
  Stage& stage_;
  ManualClock& clock_;
  const Time start_;
  Terms terms_;
  fleet::Policy policy_;
  Effects effects_;
  Cloud cloud_;
  ModelEc2 model_ec2_;
  ModelS3 model_s3_;
  std::optional<HttpCloud> http_;
  slurm::FakeController slurm_;
  dns::FakeNameServer name_server_;
  dns::Key key_;
  Machines machines_;
  Ec2Watch watch_;
  std::unique_ptr<FaultyEc2> ec2_;
  std::unique_ptr<FaultyS3> bucket_;
  FaultyController controller_;
  FaultyExchange exchange_;
  MemorySpool spool_;
  Disk disk_;
  std::filesystem::path folder_;  // of the real journal; empty: there is none
  std::optional<fleet::Journal> sqlite_;
  std::unique_ptr<MemoryJournal> journal_;
  std::optional<dns::Publisher> publisher_;
  /// The far end of the tunnel.
  struct FarEnd final : fleet::Tunnel {
    explicit FarEnd(const Simulation& simulation) : world(simulation) {}
    bool answers() override { return !world.window(What::tunnel_down); }
    const Simulation& world;
  };
  FarEnd tunnel_{*this};
  fleet::Outside outside_;
  std::optional<fleet::Reconciler> reconciler_;
  Ledger ledger_;
  Buckets buckets_;
  std::set<NodeName> downed_, drained_;  // by an administrator
  std::set<std::string> leftovers_;      // names that the world put there
  std::map<std::string, int> done_;      // steps that worked, by what they say
  std::vector<Window> windows_;
  std::deque<Happening> to_come_;
  std::deque<std::pair<Time, fleet::SpooledWish>> late_wishes_;
  std::deque<std::pair<Time, Clouds>> past_lists_;
  Time pass_began_{}, journal_made_at_{};
  fleet::Look look_ = fleet::Look::everything;  // of the next pass
  Time next_pass_{}, start_process_at_{}, next_tick_{};
  bool alive_ = false, waiting_ = false, calm_from_now_on_ = false;
  int failed_passes_ = 0;
  bool in_motion_ = true;
  Time disturbed_at_{};
  int generations_ = 0;
  uint64_t hash_ = 0, passes_ = 0, crashes_ = 0, jobs_ = 0;
};

}  // namespace spillway::sim
