#pragma once
// For tests: the whole fleet against a working model of AWS and of slurmctld.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "aws/client.h"
#include "aws/ec2.h"
#include "aws/s3.h"
#include "dns/fake.h"
#include "emu/aws.h"
#include "fleet/layout.h"
#include "fleet/reconciler.h"
#include "fleet/status.h"
#include "slurm/fake.h"
#include "slurm/hostlist.h"

namespace spillway::fleet {

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
    if (!accepted && request.body.find("Action=DescribeInstances") != std::string::npos)
      response = {.status = 401,
                  .headers = {},
                  .body =
                      "<Response><Errors><Error><Code>AuthFailure</Code><Message>AWS was not able to "
                      "validate the provided access credentials</Message></Error></Errors></Response>"};
    if (page_ && request.body.find("Action=DescribeInstances") != std::string::npos)
      response.body = *std::exchange(page_, std::nullopt);
    crash_.moment();
    if (response.status == 0) return Error{Kind::unavailable, "the connection was cut"};
    return response;
  }
  /// The next list of instances is this text, said with status 200.
  bool accepted = true;  // our credentials, where instances are listed
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
    for (const NodeName& name : n) orders.push_back(fmt::format("{} {}", name, slurm::to_string(a)));
    return mortal([&] { return inner_.set_state(n, a, r, d); });
  }
  Result<void> signal_job(int64_t job, const std::string& signal, Deadline d) override {
    return mortal([&] { return inner_.signal_job(job, signal, d); });
  }
  Result<void> requeue(int64_t job, Deadline d) override {
    return mortal([&] { return inner_.requeue(job, d); });
  }
  Result<std::map<std::string, std::string>> configuration(Deadline d) override {
    return inner_.configuration(d);
  }

  std::vector<std::string> orders;

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

/// Dies before or after each talk with the name server as planned.
class MortalNameServer final : public dns::Exchange {
 public:
  MortalNameServer(dns::Exchange& inner, CrashPlan& crash) : inner_(inner), crash_(crash) {}
  Result<std::vector<std::string>> send(const std::vector<std::string>& messages, Deadline d) override {
    crash_.moment();
    auto answers = inner_.send(messages, d);
    crash_.moment();
    return answers;
  }
  std::string peer() const override { return inner_.peer(); }

 private:
  dns::Exchange& inner_;
  CrashPlan& crash_;
};

struct FakeTunnel final : Tunnel {
  bool up = true;
  bool answers() override { return up; }
};

inline constexpr const char* kCluster = "0e9c4e8e-5b0f-4c7e-9a55-1c6f0f7f0001";
inline constexpr const char* kRole = "AROASPILLWAYCOMPUTE1";

/// The tags of an instance's parts as its launch template gives them; `kind`, if any, in place of the part's
/// own.
inline Json part_tags(const std::string& cluster, const std::string& kind) {
  Json out = Json::array();
  for (const char* part : {"volume", "network-interface"})
    out.push(Json::object(
        {{"ResourceType", part},
         {"Tags",
          Json::array({Json::object({{"Key", "spillway:cluster"}, {"Value", cluster}}),
                       Json::object({{"Key", "spillway:kind"}, {"Value", kind.empty() ? part : kind}})})}}));
  return out;
}

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
        mortal_names_(name_server, crash_),
        outside_{.clock = clock_,
                 .slurm = mortal_,
                 .ec2 = {},
                 .bucket = &bucket_,
                 .tunnel = &tunnel,
                 .inputs = [this] { return inputs; }},
        spool_(folder_ / "wishes") {
    std::filesystem::create_directories(folder_ / "wishes");
    EXPECT_TRUE(cloud_.seed(emu::example_seed()));
    config::NodeGroup group{
        .partition = "cloud",
        .name = "c5",
        .max_nodes = 20,
        .region = "us-east-1",
        .source = {.purchasing = "on-demand",
                   .overrides = Json::array({Json::object({{"InstanceType", "c5.large"}})})},
        .launch_template = Json::object({{"LaunchTemplateName", "compute"}, {"Version", "1"}})};
    // Set the stage with a client of its own, which never crashes.
    CrashPlan none{0};
    EmulatorTransport stage{cloud_, none};
    aws::Client admin{stage, credentials_, clock_, {.region = "us-east-1"}};
    const auto subnets = admin.call("ec2", "DescribeSubnets", Json::object(), deadline());
    EXPECT_TRUE(subnets);
    for (const Json& subnet : (*subnets)["Subnets"].items())
      subnets_.push_back(subnet["SubnetId"].as_string());
    group.source.subnets = {subnets_.at(0)};
    const auto images = admin.call("ec2", "DescribeImages", Json::object(), deadline());
    EXPECT_TRUE(images);
    EXPECT_TRUE(admin.call("ec2", "CreateLaunchTemplate",
                           Json::object({{"LaunchTemplateName", "compute"},
                                         {"LaunchTemplateData",
                                          Json::object({{"ImageId", (*images)["Images"].at(0)["ImageId"]},
                                                        {"TagSpecifications", part_tags(kCluster, "")}})}}),
                           deadline()));
    policy_.cluster = ClusterId{kCluster};
    policy_.cluster_name = "test";
    policy_.compute_role_id = kRole;
    policy_.failure_hold = seconds{5};
    policy_.names = true;
    name_server.add_key(key_);
    for (const char* zone : {"example.com", "31.172.in-addr.arpa"}) name_server.add_zone(zone);
    policy_.groups.emplace(group.group(), group);
    outside_.ec2.emplace(cloud_of("", "us-east-1"), &ec2_);
    EXPECT_TRUE(aws::S3(admin, "slurm-burst-data")
                    .put(secret_key(policy_.cluster, "munge.key"), "secret", deadline()));
    start();
  }
  ~Scenario() {
    reconciler_.reset();
    journal_.reset();
    std::filesystem::remove_all(folder_);
  }

  static Deadline deadline() { return Deadline::after(std::chrono::minutes{1}); }
  static NodeName name(int i) { return NodeName{fmt::format("cloud-c5-{}", i)}; }

  static std::vector<NodeName> names(int first, int last) {
    std::vector<NodeName> all;
    for (int i = first; i <= last; ++i) all.push_back(name(i));
    return all;
  }
  /// A job that wants exactly these nodes. SLURM_RESUME_FILE, which Slurm gives its programs from 23.02 on,
  /// names it.
  int64_t submit(int first, int last, bool resume_file = false) {
    tells_jobs_ = resume_file;
    const int64_t job = slurm.submit(names(first, last));
    call_hooks();
    return job;
  }
  /// A hook is called, by whomever; Slurm itself does nothing.
  void hook(Wish::Kind kind, int first, int last) { write(kind, names(first, last)); }
  /// What slurmctld has to tell its programs by now.
  void call_hooks() {
    write(Wish::Kind::resume, slurm.take_resumed());
    write(Wish::Kind::suspend, slurm.take_suspended());
    write(Wish::Kind::resume_fail, slurm.take_failed());
  }
  bool was_ordered(const std::string& order) const {
    return std::find(mortal_.orders.begin(), mortal_.orders.end(), order) != mortal_.orders.end();
  }
  slurm::Node node(int i) { return slurm.nodes({name(i)}, deadline())->front(); }
  std::string state_of(int64_t job) {
    const auto jobs = *slurm.jobs(deadline());
    for (const slurm::Job& each : jobs)
      if (each.id == job) return each.state;
    return "gone";
  }

  /// A process is started; what the last one held in memory is gone.
  void start() {
    reconciler_.reset();
    journal_.reset();
    journal_.emplace(*Journal::open(folder_ / "state.db"));
    names_.emplace(
        mortal_names_, clock_, key_,
        dns::Names{.zone = "example.com", .reverse_zone = "31.172.in-addr.arpa", .cluster = policy_.cluster});
    outside_.names = &*names_;
    reconciler_.emplace(*journal_, spool_, outside_, policy_);
  }
  /// The daemon goes on looking when nothing moves.
  void later() {
    run(400);
    for (int i = 0; i < 4; ++i) {
      clock_.advance(seconds{8});
      call_hooks();
      run(400);
    }
  }
  /// The one group, to be changed before the first look.
  config::NodeGroup& group() { return policy_.groups.begin()->second; }
  Policy& policy() { return policy_; }
  const std::vector<std::string>& subnets() const { return subnets_; }
  /// The journal as another process opens it.
  Journal other_journal() { return Journal::open(folder_ / "state.db").value(); }
  Records records() { return *journal_->load(); }
  const std::vector<std::string>& orders() const { return mortal_.orders; }
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
        const auto done = reconciler_->pass(deadline(), std::exchange(look_, Look::everything));
        EXPECT_TRUE(done) << to_string(done.error());
        if (done) pass = *done;
        if (pass.answered) look_ = Look::machines;
        EXPECT_EQ(reconciler_->world().records, *journal_->load())
            << "what is remembered is what is journaled";
      } catch (const Crash&) {
        start();
      }
      check_invariants();
      meanwhile();
      if (boots_) register_machines();
      clock_.advance(seconds{1});
      call_hooks();
      if (!pass.in_motion && pass.failures == 0 && i > 2) return;
    }
  }
  /// Slurm hears from every machine that runs at the address it has for a node, and no more from those that
  /// do not.
  void register_machines() {
    const std::vector<aws::Instance> all = instances();
    const auto nodes = *slurm.nodes({}, deadline());
    for (const slurm::Node& node : nodes) {
      const bool runs = std::any_of(all.begin(), all.end(), [&](const aws::Instance& instance) {
        return instance.state == "running" && node.address == instance.private_ip.value && reaches(instance);
      });
      if (runs && node.state.is_powering_up()) slurm.register_node(node.name, IpAddress{node.address});
      if (!runs) slurm.lose(node.name);
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
  /// Somebody else asks AWS.
  Json ask(const char* service, const char* operation, const Json& input) {
    CrashPlan none{0};
    EmulatorTransport transport{cloud_, none};
    aws::Client client{transport, credentials_, clock_, {.region = "us-east-1"}};
    const auto answer = client.call(service, operation, input, deadline());
    EXPECT_TRUE(answer) << to_string(answer.error());
    return answer.value_or(Json{});
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
  void put_object(const std::string& key, std::string body) {
    CrashPlan none{0};
    EmulatorTransport transport{cloud_, none};
    aws::Client client{transport, credentials_, clock_, {.region = "us-east-1"}};
    EXPECT_TRUE(aws::S3(client, "slurm-burst-data")
                    .put(policy_.cluster.value + "/" + key, std::move(body), deadline()));
  }
  std::string object(const std::string& key) {
    CrashPlan none{0};
    EmulatorTransport transport{cloud_, none};
    aws::Client client{transport, credentials_, clock_, {.region = "us-east-1"}};
    return aws::S3{client, "slurm-burst-data"}.get(policy_.cluster.value + "/" + key, deadline()).value();
  }
  /// The instance's operating system shuts down.
  void end_by_itself(const InstanceId& id) { cloud_.stopped_by_itself(id); }
  /// Every name in DNS, and every one that the machines which live should have.
  std::vector<std::string> names_there() const { return name_server.names(); }
  std::vector<std::string> names_wanted() {
    std::set<std::string> wanted;
    const Records records = *journal_->load();
    for (const auto& [id, machine] : records.machines) {
      if (machine.node.empty()) continue;
      wanted.insert(machine.node.value + ".example.com");
      wanted.insert(*dns::reverse_name(machine.address));
    }
    return {wanted.begin(), wanted.end()};
  }
  std::string status() { return status_report(*journal_, clock_.now())->dump(); }
  size_t joined() {
    size_t count = 0;
    const Records records = *journal_->load();
    for (const auto& [id, machine] : records.machines) count += machine.joined_at != Time{};
    return count;
  }
  void accept_credentials(bool yes) { transport_.accepted = yes; }
  void instead_of_a_list(const char* page) { transport_.instead_of_a_list(page); }
  int64_t launches() { return static_cast<int64_t>(client_.counters()["CreateFleet"]); }
  bool crashed() const { return crash_.crashed(); }
  void faults(const char* rules) { ASSERT_TRUE(cloud_.set_faults(*Json::parse(rules))); }

  FakeTunnel tunnel;
  Inputs inputs;
  bool boots_ = true;
  std::function<void()> meanwhile = [] {};  // what others do after each look
  /// Whether a running instance's slurmd gets through to slurmctld.
  std::function<bool(const aws::Instance&)> reaches = [](const aws::Instance&) { return true; };
  ManualClock clock_{std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now())};
  dns::FakeNameServer name_server{clock_};
  slurm::FakeController slurm{
      clock_,
      names(0, 19),
      {.resume_timeout = seconds{60}, .suspend_time = seconds{2}, .suspend_timeout = seconds{2}}};

 private:
  void write(Wish::Kind kind, const std::vector<NodeName>& nodes) {
    if (nodes.empty()) return;
    Wish wish{.kind = kind, .nodes = slurm::fold(nodes), .made_at = clock_.now()};
    if (tells_jobs_ && kind == Wish::Kind::resume) {
      Json jobs = Json::array();
      const auto known = *slurm.jobs(deadline());
      for (const slurm::Job& job : known)
        if (job.state == "CONFIGURING")
          jobs.push(Json::object({{"job_id", job.id}, {"nodes", slurm::fold(job.nodes)}}));
      wish.resume_file = Json::object({{"jobs", std::move(jobs)}}).dump();
    }
    EXPECT_TRUE(spool_.write(wish));
    look_ = Look::slurm;
  }

  bool tells_jobs_ = false;
  Look look_ = Look::everything;  // as the daemon does
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / make_uuid();
  CrashPlan crash_;
  emu::Aws cloud_;
  EmulatorTransport transport_;
  aws::StaticCredentials credentials_;
  aws::Client client_;
  aws::Ec2 ec2_;
  aws::S3 bucket_;
  MortalController mortal_;
  MortalNameServer mortal_names_;
  dns::Key key_{"spillway", dns::Algorithm::hmac_sha256, Secret{"a secret of thirty-two bytes, yes"}};
  std::optional<dns::Publisher> names_;
  Outside outside_;
  Spool spool_;
  std::vector<std::string> subnets_;
  Policy policy_;
  std::optional<Journal> journal_;
  std::optional<Reconciler> reconciler_;
};

}  // namespace spillway::fleet
