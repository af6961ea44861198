// The whole fleet against a working model of AWS and of slurmctld: what must hold after any crash and any
// fault.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "aws/client.h"
#include "aws/ec2.h"
#include "aws/s3.h"
#include "emu/aws.h"
#include "fleet/layout.h"
#include "fleet/reconciler.h"
#include "fleet/slurm_model.h"

namespace spillway::fleet {
namespace {

using std::chrono::seconds;

/// Thrown where a process would be killed: nothing after it happens, what happened before it stays.
struct Crash {};

/// Counts the moments at which the process touches the outside, and ends it at one of them.
class CrashPlan {
 public:
  explicit CrashPlan(int at) : at_(at) {}
  void moment() {
    if (++passed_ == at_) {
      crashed_ = true;
      throw Crash{};
    }
  }
  bool crashed() const { return crashed_; }

 private:
  int at_;
  int passed_ = 0;
  bool crashed_ = false;
};

/// Hands requests to the emulator in this process; dies before or after them as planned.
class EmulatorTransport final : public net::Transport {
 public:
  EmulatorTransport(emu::Aws& aws, CrashPlan& crash) : aws_(aws), crash_(crash) {}
  Result<net::Response> send(const net::Request& request, Deadline) override {
    crash_.moment();
    const size_t scheme = request.url.find("://") + 3;
    const size_t path = std::min(request.url.find_first_of("/?", scheme), request.url.size());
    net::Incoming incoming{.method = request.method,
                           .target = request.url.substr(path),
                           .headers = request.headers,
                           .body = request.body,
                           .peer = "192.168.10.10",
                           .tls = true};
    if (incoming.target.empty()) incoming.target = "/";
    if (!net::find_header(incoming.headers, "Host"))
      incoming.headers.push_back({"Host", request.url.substr(scheme, path - scheme)});
    net::Response response = aws_.handle(incoming);
    if (page_ && request.body.find("Action=DescribeInstances") != std::string::npos)
      response.body = *std::exchange(page_, std::nullopt);
    crash_.moment();
    if (response.status == 0) return Error{Kind::unavailable, "the connection was cut"};
    return response;
  }
  /// The next list of instances is this text, said with status 200.
  void instead_of_a_list(std::string page) { page_ = std::move(page); }

 private:
  std::optional<std::string> page_;
  emu::Aws& aws_;
  CrashPlan& crash_;
};

/// Dies before or after each order to Slurm as planned.
class MortalController final : public slurm::Controller {
 public:
  MortalController(slurm::Controller& inner, CrashPlan& crash) : inner_(inner), crash_(crash) {}
  Result<slurm::Version> version(Deadline d) override { return inner_.version(d); }
  Result<std::vector<slurm::Node>> nodes(const std::vector<NodeName>& only, Deadline d) override {
    return inner_.nodes(only, d);
  }
  Result<std::vector<slurm::Job>> jobs(Deadline d) override { return inner_.jobs(d); }
  Result<std::vector<slurm::JobRecord>> records(const slurm::RecordQuery& q, Deadline d) override {
    return inner_.records(q, d);
  }
  Result<void> set_addresses(const std::vector<slurm::AddressUpdate>& u, Deadline d) override {
    return mortal([&] { return inner_.set_addresses(u, d); });
  }
  Result<void> reset_addresses(const std::vector<NodeName>& n, Deadline d) override {
    return mortal([&] { return inner_.reset_addresses(n, d); });
  }
  Result<void> set_state(const std::vector<NodeName>& n, slurm::NodeAction a, const std::string& r,
                         Deadline d) override {
    return mortal([&] { return inner_.set_state(n, a, r, d); });
  }
  Result<std::map<std::string, std::string>> configuration(Deadline d) override {
    return inner_.configuration(d);
  }

 private:
  Result<void> mortal(const std::function<Result<void>()>& order) {
    crash_.moment();
    Result<void> done = order();
    crash_.moment();
    return done;
  }
  slurm::Controller& inner_;
  CrashPlan& crash_;
};

constexpr const char* kRole = "AROASPILLWAYCOMPUTE1";

class Scenario {
 public:
  explicit Scenario(int crash_at = 0)
      : crash_(crash_at),
        cloud_({.boot_delay = seconds{2}, .shutdown_delay = seconds{2}}, clock_),
        transport_(cloud_, crash_),
        credentials_(
            aws::Credentials{.access_key_id = "AKIASPILLWAYEXAMPLE1",
                             .secret_access_key = Secret{"spillway-example-secret-key-0000000000001"}}),
        client_(transport_, credentials_, clock_, {.region = "us-east-1"}),
        ec2_(client_),
        bucket_(client_, "slurm-burst-data"),
        mortal_(slurm, crash_),
        outside_{.clock = clock_, .slurm = mortal_, .ec2 = {}, .bucket = &bucket_},
        spool_(folder_ / "wishes") {
    std::filesystem::create_directories(folder_ / "wishes");
    EXPECT_TRUE(cloud_.seed(emu::example_seed()));
    config::NodeGroup group{
        .partition = "cloud",
        .name = "c5",
        .max_nodes = 20,
        .region = "us-east-1",
        .purchasing = "on-demand",
        .launch_template = Json::object({{"LaunchTemplateName", "compute"}, {"Version", "1"}}),
        .overrides = Json::array({Json::object({{"InstanceType", "c5.large"}})})};
    // Set the stage with a client of its own, which never crashes.
    CrashPlan none{0};
    EmulatorTransport stage{cloud_, none};
    aws::Client admin{stage, credentials_, clock_, {.region = "us-east-1"}};
    const auto subnets = admin.call("ec2", "DescribeSubnets", Json::object(), deadline());
    EXPECT_TRUE(subnets);
    group.subnets = {(*subnets)["Subnets"].at(0)["SubnetId"].as_string()};
    const auto images = admin.call("ec2", "DescribeImages", Json::object(), deadline());
    EXPECT_TRUE(images);
    EXPECT_TRUE(admin.call(
        "ec2", "CreateLaunchTemplate",
        Json::object(
            {{"LaunchTemplateName", "compute"},
             {"LaunchTemplateData", Json::object({{"ImageId", (*images)["Images"].at(0)["ImageId"]}})}}),
        deadline()));
    policy_.cluster = ClusterId{"0e9c4e8e-5b0f-4c7e-9a55-1c6f0f7f0001"};
    policy_.cluster_name = "test";
    policy_.compute_role_id = kRole;
    policy_.failure_hold = seconds{5};
    policy_.groups.emplace(group.group(), group);
    outside_.ec2.emplace(cloud_of("", "us-east-1"), &ec2_);
    EXPECT_TRUE(aws::S3(admin, "slurm-burst-data")
                    .put(secret_key(policy_.cluster, "munge.key"), "secret", deadline()));
    for (int i = 0; i < 20; ++i) slurm.add(group.node(i));
    start();
  }
  ~Scenario() {
    reconciler_.reset();
    journal_.reset();
    std::filesystem::remove_all(folder_);
  }

  static Deadline deadline() { return Deadline::after(std::chrono::minutes{1}); }
  static NodeName name(int i) { return NodeName{fmt::format("cloud-c5-{}", i)}; }

  void resume(int first, int last, int64_t job = 0) {
    Wish wish{.kind = Wish::Kind::resume,
              .nodes = fmt::format("cloud-c5-[{}-{}]", first, last),
              .made_at = clock_.now()};
    if (job) wish.resume_file = fmt::format(R"({{"jobs":[{{"job_id":{},"nodes":"{}"}}]}})", job, wish.nodes);
    for (int i = first; i <= last; ++i) slurm.resume(name(i));
    EXPECT_TRUE(spool_.write(wish));
  }
  void suspend(int first, int last) {
    for (int i = first; i <= last; ++i) slurm.suspend(name(i));
    EXPECT_TRUE(spool_.write({.kind = Wish::Kind::suspend,
                              .nodes = fmt::format("cloud-c5-[{}-{}]", first, last),
                              .made_at = clock_.now()}));
  }
  /// slurmctld gives up on nodes that did not come.
  void resume_timeout(int first, int last) {
    for (int i = first; i <= last; ++i) slurm.state(name(i), "DOWN+CLOUD");
    EXPECT_TRUE(spool_.write({.kind = Wish::Kind::resume_fail,
                              .nodes = fmt::format("cloud-c5-[{}-{}]", first, last),
                              .made_at = clock_.now()}));
  }

  /// A process is started; what the last one held in memory is gone.
  void start() {
    reconciler_.reset();
    journal_.reset();
    journal_.emplace(*Journal::open(folder_ / "state.db"));
    reconciler_.emplace(*journal_, spool_, outside_, policy_);
  }
  void lose_state() {
    reconciler_.reset();
    journal_.reset();
    for (const char* file : {"state.db", "state.db-wal", "state.db-shm"})
      std::filesystem::remove(folder_ / file);
    start();
  }
  /// Time passes, machines boot and register, the daemon looks; until nothing moves any more, or for
  /// `at_most` looks.
  void run(int at_most = 60) {
    for (int i = 0; i < at_most; ++i) {
      Pass pass{.in_motion = true};
      try {
        const auto done = reconciler_->pass(deadline());
        EXPECT_TRUE(done) << to_string(done.error());
        if (done) pass = *done;
      } catch (const Crash&) {
        start();
      }
      check_invariants();
      if (boots_) register_machines();
      clock_.advance(seconds{1});
      if (!pass.in_motion && pass.failures == 0 && i > 2) return;
    }
  }
  /// Slurm hears from every machine that runs at the address it has for a node.
  void register_machines() {
    for (const aws::Instance& instance : instances()) {
      for (int i = 0; i < 20; ++i) {
        const slurm::Node& node = slurm.node(name(i));
        if (instance.state == "running" && node.address == instance.private_ip.value &&
            node.state.is_powering_up())
          slurm.registers(name(i));
      }
    }
  }
  /// Safety, after every step: no node has two live machines, and no instance is without our tag.
  void check_invariants() {
    std::map<NodeName, int> machines;
    const Records records = *journal_->load();
    for (const auto& [id, machine] : records.machines)
      if (!machine.node.empty()) ++machines[machine.node];
    for (const auto& [node, count] : machines) EXPECT_EQ(count, 1) << node.value;
    for (const aws::Instance& instance : instances())
      EXPECT_EQ(instance.tag("spillway:cluster"), policy_.cluster.value);
  }
  std::vector<aws::Instance> instances() {
    CrashPlan none{0};
    EmulatorTransport transport{cloud_, none};
    aws::Client client{transport, credentials_, clock_, {.region = "us-east-1"}};
    return aws::Ec2{client}
        .describe_instances({aws::Filter{"instance-state-name",
                                         {"pending", "running", "shutting-down", "stopping", "stopped"}}},
                            deadline())
        .value();
  }
  std::vector<std::string> keys(const std::string& below) {
    CrashPlan none{0};
    EmulatorTransport transport{cloud_, none};
    aws::Client client{transport, credentials_, clock_, {.region = "us-east-1"}};
    return aws::S3{client, "slurm-burst-data"}.list(policy_.cluster.value + "/" + below, deadline()).value();
  }
  size_t joined() {
    size_t count = 0;
    const Records records = *journal_->load();
    for (const auto& [id, machine] : records.machines) count += machine.joined_at != Time{};
    return count;
  }
  void instead_of_a_list(const char* page) { transport_.instead_of_a_list(page); }
  int64_t launches() { return static_cast<int64_t>(client_.counters()["CreateFleet"]); }
  bool crashed() const { return crash_.crashed(); }
  void faults(const char* rules) { ASSERT_TRUE(cloud_.set_faults(*Json::parse(rules))); }

  testing::SlurmModel slurm;
  bool boots_ = true;
  ManualClock clock_{std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now())};

 private:
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / make_uuid();
  CrashPlan crash_;
  emu::Aws cloud_;
  EmulatorTransport transport_;
  aws::StaticCredentials credentials_;
  aws::Client client_;
  aws::Ec2 ec2_;
  aws::S3 bucket_;
  MortalController mortal_;
  Outside outside_;
  Spool spool_;
  Policy policy_;
  std::optional<Journal> journal_;
  std::optional<Reconciler> reconciler_;
};

TEST(Scenario, AJobBurstsAndComesBack) {
  Scenario s;
  s.resume(0, 3, 12);
  s.run();
  EXPECT_EQ(s.joined(), 4u);
  EXPECT_EQ(s.launches(), 1) << "one call for one job's nodes";
  EXPECT_EQ(s.keys("launches/").size(), 1u);
  EXPECT_TRUE(s.keys("release/").empty()) << "secrets are withdrawn once the nodes have joined";
  std::set<std::string> names;
  for (const aws::Instance& instance : s.instances()) names.insert(instance.tag("Name"));
  EXPECT_EQ(names.size(), 4u);

  s.suspend(0, 3);
  s.run();
  EXPECT_TRUE(s.instances().empty());
}

TEST(Scenario, SurvivesACrashAtAnyMoment) {
  int moments = 0;
  for (int at = 1;; ++at) {
    Scenario s{at};
    s.resume(0, 2, 12);
    s.run();
    EXPECT_EQ(s.joined(), 3u) << "killed at moment " << at;
    EXPECT_EQ(s.instances().size(), 3u) << "killed at moment " << at;
    s.suspend(0, 2);
    s.run();
    EXPECT_TRUE(s.instances().empty()) << "killed at moment " << at;
    EXPECT_TRUE(s.keys("release/").empty()) << "killed at moment " << at;
    if (!s.crashed()) break;
    moments = at;
  }
  EXPECT_GT(moments, 20) << "the crash plan met too few moments to mean anything";
}

TEST(Scenario, ALostJournalHarmsNobody) {
  Scenario s;
  s.resume(0, 2);
  s.run();
  s.lose_state();
  s.run();
  EXPECT_EQ(s.instances().size(), 3u);
  EXPECT_EQ(s.joined(), 3u);
  s.suspend(0, 2);
  s.run();
  EXPECT_TRUE(s.instances().empty()) << "and the new journal ends what the old one began";
}

TEST(Scenario, ARepeatedHookLaunchesNothingMore) {
  Scenario s;
  s.resume(0, 1);
  s.resume(0, 1);
  s.run();
  s.resume(0, 1);
  s.slurm.registers(Scenario::name(0));
  s.slurm.registers(Scenario::name(1));
  s.run();
  EXPECT_EQ(s.instances().size(), 2u);
  EXPECT_EQ(s.launches(), 1);
}

TEST(Scenario, SuspendedBeforeItCameUp) {
  Scenario s;
  s.resume(0, 0);
  s.run(1);
  s.suspend(0, 0);
  s.run();
  EXPECT_TRUE(s.instances().empty());
}

TEST(Scenario, ANodeThatNeverComesIsEndedAndGivenBack) {
  Scenario s;
  s.boots_ = false;
  s.resume(0, 1);
  s.run(10);
  EXPECT_EQ(s.instances().size(), 2u);
  s.resume_timeout(0, 1);
  s.run();
  EXPECT_TRUE(s.instances().empty());
  EXPECT_NE(std::find(s.slurm.orders.begin(), s.slurm.orders.end(), "cloud-c5-0 power_down_force"),
            s.slurm.orders.end());
  EXPECT_EQ(s.slurm.node(Scenario::name(0)).address, "cloud-c5-0") << "the next boot starts clean";

  s.boots_ = true;
  s.resume(0, 1);
  s.run();
  EXPECT_EQ(s.joined(), 2u) << "and it can be asked for again";
}

TEST(Scenario, AShortfallFailsWholeJobsAndReleasesTheirMachines) {
  Scenario s;
  s.faults(R"([{"operation": "CreateFleet", "effect": "capacity", "limit": 2}])");
  s.resume(0, 2, 7);
  s.run(30);
  EXPECT_TRUE(s.instances().empty()) << "two machines cannot run a job of three";
  EXPECT_NE(std::find(s.slurm.orders.begin(), s.slurm.orders.end(), "cloud-c5-0 down"), s.slurm.orders.end());
  EXPECT_NE(std::find(s.slurm.orders.begin(), s.slurm.orders.end(), "cloud-c5-0 power_down_force"),
            s.slurm.orders.end());
  s.faults("[]");
  s.resume(0, 2, 7);
  s.run();
  EXPECT_EQ(s.joined(), 3u);
}

TEST(Scenario, ALostAnswerIsAskedForAgainAndLaunchesNothingTwice) {
  Scenario s;
  s.faults(R"([{"operation": "CreateFleet", "effect": "drop_after", "count": 5}])");
  s.resume(0, 2);
  s.run();
  EXPECT_EQ(s.instances().size(), 3u);
  EXPECT_GT(s.launches(), 1);
  EXPECT_EQ(s.joined(), 3u);
}

TEST(Scenario, ALostAnswerAndThenARefusalLeaveNothingRunning) {
  Scenario s;
  s.faults(R"([{"operation": "CreateFleet", "effect": "drop_after", "count": 3},
               {"operation": "CreateFleet", "effect": "error", "code": "UnauthorizedOperation", "status": 403, "count": 3}])");
  s.resume(0, 2);
  s.run(400);
  EXPECT_TRUE(s.instances().empty());
}

TEST(Scenario, CredentialsThatFailForAWhileFailNoNode) {
  Scenario s;
  s.faults(
      R"([{"operation": "CreateFleet", "effect": "error", "code": "AuthFailure", "status": 401, "count": 5}])");
  s.resume(0, 2);
  s.run(60);
  EXPECT_EQ(s.joined(), 3u);
  EXPECT_TRUE(s.slurm.orders.empty()) << s.slurm.orders.front();
}

TEST(Scenario, ALaunchThatNobodyWantsAnyMoreIsNotRepeated) {
  Scenario s;
  s.faults(
      R"([{"operation": "CreateFleet", "effect": "error", "code": "InternalError", "status": 500, "count": 40}])");
  s.resume(0, 2);
  s.run(3);
  s.suspend(0, 2);
  for (int i = 0; i < 3; ++i) s.slurm.powered_down(Scenario::name(i));
  s.run(5);
  const int64_t before = s.launches();
  s.faults("[]");
  s.run(60);
  EXPECT_EQ(s.launches(), before);
  EXPECT_TRUE(s.instances().empty());
}

TEST(Scenario, AWebPageInPlaceOfAListEndsNobody) {
  Scenario s;
  s.resume(0, 0);
  s.run();
  s.clock_.advance(seconds{300});
  const InstanceId before = s.instances().at(0).id;
  for (const char* page : {"<html>please log in</html>", "", "{}"}) {
    s.instead_of_a_list(page);
    s.run(100);
    ASSERT_EQ(s.instances().size(), 1u) << page;
    EXPECT_EQ(s.instances()[0].id, before);
  }
  EXPECT_TRUE(s.slurm.orders.empty()) << s.slurm.orders.front();
}

TEST(Scenario, AStraySuspendAndAStrayResumeFailHarmNoJob) {
  Scenario s;
  s.resume(0, 0);
  s.run();
  const InstanceId before = s.instances().at(0).id;
  s.suspend(0, 0);
  s.slurm.state(Scenario::name(0), "ALLOCATED+CLOUD");
  s.run(100);
  s.resume_timeout(0, 0);
  s.slurm.state(Scenario::name(0), "ALLOCATED+CLOUD");
  s.run(100);
  ASSERT_EQ(s.instances().size(), 1u);
  EXPECT_EQ(s.instances()[0].id, before);
  s.suspend(0, 0);  // and the real one still counts
  s.run(100);
  EXPECT_TRUE(s.instances().empty());
}

TEST(Scenario, ARefusedLaunchFailsItsNodesWithEc2sWords) {
  Scenario s;
  s.faults(
      R"([{"operation": "CreateFleet", "effect": "error", "code": "UnauthorizedOperation", "status": 403}])");
  s.resume(0, 0);
  s.run(8);
  EXPECT_TRUE(s.instances().empty());
  EXPECT_NE(s.slurm.node(Scenario::name(0)).reason.find("UnauthorizedOperation"), std::string::npos)
      << s.slurm.node(Scenario::name(0)).reason;
}

}  // namespace
}  // namespace spillway::fleet
