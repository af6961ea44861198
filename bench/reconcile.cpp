// bench_reconcile NODES RUNS: one pass of the reconciler over NODES nodes that the journal and Slurm know,
// one in a hundred of which has a machine; Slurm, EC2 and the bucket answer at once, from memory. Prints, as
// JSON, the milliseconds of passes with nothing to do, of passes in which the machines of one node in a
// hundred have just joined, of reading scontrol's answer about all nodes, and what is resident afterwards, in
// MiB.
#include <fmt/ranges.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "base/log.h"
#include "base/text.h"
#include "fleet/reconciler.h"
#include "slurm/output.h"

namespace {

using namespace spillway;
using namespace spillway::fleet;
using std::chrono::steady_clock;

constexpr int kOneIn = 100;

/// EC2 with these instances, whatever it is asked.
class StillCloud final : public aws::Ec2 {
 public:
  std::vector<aws::Instance> instances;
  Result<std::vector<aws::Instance>> describe_instances(const std::vector<aws::Filter>&, Deadline) override {
    return instances;
  }
  Result<void> create_tags(const std::vector<InstanceId>&, const std::vector<aws::Tag>&, Deadline) override {
    return {};
  }
};

/// Slurm with these nodes, which takes every order.
class StillSlurm final : public slurm::Controller {
 public:
  std::vector<slurm::Node> all;
  std::vector<slurm::Node> answer;  // made before the time is taken: reading it is a case of its own
  Result<slurm::Version> version(Deadline) override { return slurm::Version{22, 5}; }
  Result<std::vector<slurm::Node>> nodes(const std::vector<NodeName>&, Deadline) override {
    return std::move(answer);
  }
  Result<std::vector<slurm::Job>> jobs(Deadline) override { return std::vector<slurm::Job>{}; }
  Result<std::vector<slurm::JobRecord>> records(const slurm::RecordQuery&, Deadline) override {
    return std::vector<slurm::JobRecord>{};
  }
  Result<void> set_addresses(const std::vector<slurm::AddressUpdate>&, Deadline) override { return {}; }
  Result<void> reset_addresses(const std::vector<NodeName>&, Deadline) override { return {}; }
  Result<void> set_state(const std::vector<NodeName>&, slurm::NodeAction, const std::string&,
                         Deadline) override {
    return {};
  }
  Result<void> signal_job(int64_t, const std::string&, Deadline) override { return {}; }
  Result<void> requeue(int64_t, Deadline) override { return {}; }
  Result<std::map<std::string, std::string>> configuration(Deadline) override {
    return std::map<std::string, std::string>{{"SuspendTime", "INFINITE"}};
  }
};

constexpr const char* kCluster = "0e9c4e8e-5b0f-4c7e-9a55-1c6f0f7f0001";

struct Site {
  explicit Site(int nodes) {
    std::filesystem::create_directories(folder / "wishes");
    policy.cluster = ClusterId{kCluster};
    policy.bucket = false;
    config::NodeGroup group{.partition = "cloud", .name = "c5", .max_nodes = nodes, .region = "us-east-1"};
    group.launch_template = Json::object({{"LaunchTemplateName", "compute"}, {"Version", "1"}});
    policy.groups.emplace(group.group(), group);
    journal.emplace(Journal::open(folder / "state.db").value());
    const Time before = clock.now() - std::chrono::hours{1};
    (void)journal->transaction([&]() -> Result<void> {
      for (int i = 0; i < nodes; ++i) {
        const bool runs = i % kOneIn == 0;
        const NodeName name{fmt::format("cloud-c5-{}", i)};
        TRY(journal->save(NodeRecord{
            .name = name, .wanted = runs ? Wanted::up : Wanted::down, .epoch = 1, .since = before}));
        slurm::Node node{.name = name, .state = {}, .address = name.value, .hostname = name.value};
        node.partitions = {"cloud"};
        node.cpus = 2;
        node.memory_mib = 3600;
        node.state.flags = slurm::NodeState::kCloud |
                           (runs ? slurm::NodeState::kPoweringUp : slurm::NodeState::kPoweredDown);
        node.state.base = runs ? slurm::NodeState::Base::allocated : slurm::NodeState::Base::idle;
        if (runs) {
          const InstanceId id{fmt::format("i-{:017x}", i)};
          const IpAddress address{fmt::format("172.{}.{}.{}", 16 + i / 65536, i / 256 % 256, i % 256)};
          node.address = address.value;
          cloud.instances.push_back({.id = id,
                                     .state = "running",
                                     .private_ip = address,
                                     .type = "c5.large",
                                     .zone = "us-east-1a",
                                     .subnet = "subnet-0a11ce00000000001",
                                     .launched = before,
                                     .tags = {{"spillway:cluster", kCluster},
                                              {"spillway:kind", "instance"},
                                              {"spillway:group", "cloud-c5"},
                                              {"spillway:intent", "in-1"}}});
          TRY(journal->save(MachineRecord{.id = id,
                                          .intent = IntentId{"in-1"},
                                          .group = GroupName{"cloud-c5"},
                                          .cloud = cloud_of("", "us-east-1"),
                                          .node = name,
                                          .epoch = 1,
                                          .address = address,
                                          .launched_at = before,
                                          .addressed_at = before,
                                          .tagged_at = before}));
        }
        slurm.all.push_back(std::move(node));
      }
      TRY(journal->set_cluster(policy.cluster));
      return journal->set_recovered();
    });
    outside.ec2.emplace(cloud_of("", "us-east-1"), &cloud);
    reconciler.emplace(*journal, spool, outside, policy);
  }
  ~Site() {
    reconciler.reset();
    journal.reset();
    std::filesystem::remove_all(folder);
  }

  /// Milliseconds of one pass, and how many steps it took.
  std::pair<double, size_t> pass() {
    slurm.answer = slurm.all;
    const auto began = steady_clock::now();
    const auto done = reconciler->pass(Deadline::after(std::chrono::minutes{1}));
    const double took = std::chrono::duration<double, std::milli>(steady_clock::now() - began).count();
    if (!done) fmt::print(stderr, "{}\n", to_string(done.error())), std::exit(1);
    clock.advance(std::chrono::seconds{15});
    return {took, done->steps};
  }
  /// Slurm hears from the machines, or no more.
  void let_join() {
    for (slurm::Node& node : slurm.all)
      if (node.state.is_powering_up()) node.state.flags = slurm::NodeState::kCloud;
  }

  std::filesystem::path folder = std::filesystem::temp_directory_path() / make_uuid();
  ManualClock clock{std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now())};
  StillCloud cloud;
  StillSlurm slurm;
  Policy policy;
  Spool spool{folder / "wishes"};
  Outside outside{.clock = clock, .slurm = slurm, .ec2 = {}};
  std::optional<Journal> journal;
  std::optional<Reconciler> reconciler;
};

double resident_mib() {
  std::ifstream in("/proc/self/statm");
  long size = 0, resident = 0;
  in >> size >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

std::string scontrol_text(int nodes) {
  std::string text;
  for (int i = 0; i < nodes; ++i)
    text += fmt::format(
        "NodeName=cloud-c5-{0} CoresPerSocket=1 CPUAlloc=0 CPUEfctv=2 CPUTot=2 CPULoad=N/A "
        "AvailableFeatures=(null) "
        "ActiveFeatures=(null) Gres=(null) NodeAddr=cloud-c5-{0} NodeHostName=cloud-c5-{0} RealMemory=3600 "
        "AllocMem=0 FreeMem=N/A Sockets=2 Boards=1 State=IDLE+CLOUD+POWERED_DOWN ThreadsPerCore=1 TmpDisk=0 "
        "Weight=1 Owner=N/A MCS_label=N/A Partitions=cloud BootTime=None SlurmdStartTime=None "
        "LastBusyTime=None "
        "CfgTRES=cpu=2,mem=3600M,billing=2 AllocTRES= CapWatts=n/a\n",
        i);
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  const auto nodes = argc == 3 ? parse_int(argv[1]) : std::nullopt,
             runs = argc == 3 ? parse_int(argv[2]) : std::nullopt;
  if (!nodes || !runs) return fmt::print(stderr, "usage: bench_reconcile NODES RUNS\n"), 2;
  log::set_level(log::Level::error);
  std::vector<double> still, changed, reading;
  double resident = 0;
  for (int64_t run = 0; run <= *runs; ++run) {
    Site site(static_cast<int>(*nodes));
    site.pass();  // the first one reads the file
    const auto [nothing, none] = site.pass();
    if (none != 0) return fmt::print(stderr, "a pass with nothing to do did {} steps\n", none), 1;
    site.let_join();
    const auto [joined, some] = site.pass();
    if (some == 0) return fmt::print(stderr, "nodes joined and nothing was done\n"), 1;
    resident = resident_mib();
    if (run == 0) continue;  // it warms up
    still.push_back(nothing);
    changed.push_back(joined);
  }
  const std::string text = scontrol_text(static_cast<int>(*nodes));
  for (int64_t run = 0; run < *runs; ++run) {
    const auto began = steady_clock::now();
    const auto parsed = slurm::parse_nodes(text);
    if (parsed.size() != static_cast<size_t>(*nodes)) return 1;
    reading.push_back(std::chrono::duration<double, std::milli>(steady_clock::now() - began).count());
  }
  fmt::print("{{\"still\": [{}], \"changed\": [{}], \"reading\": [{}], \"resident\": {}}}\n",
             fmt::join(still, ", "), fmt::join(changed, ", "), fmt::join(reading, ", "), resident);
}
