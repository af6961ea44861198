#include "lab/demo.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "base/text.h"
#include "lab/enter.h"
#include "lab/errors.h"
#include "lab/layout.h"
#include "slurm/hostlist.h"

namespace spillway::lab {
namespace {

constexpr auto kLongest = std::chrono::seconds(150);
constexpr const char* kCli = "/usr/libexec/spillway/spillway";
// DescribeInstances with the long-term key of the daemon's user, without the role.
constexpr const char* kAsUser =
    R"(awk -F' = ' '/key_id/ {k = $2} /secret/ {s = $2} END {printf "user = \"%s:%s\"\n", k, s}' \
  /var/lib/spillway/.aws/credentials | curl -s -m 10 -K - --aws-sigv4 aws:amz:us-east-1:ec2 \
  --data 'Action=DescribeInstances&Version=2016-11-15' https://ec2.us-east-1.amazonaws.com/)";

class Demo {
 public:
  Demo(const LabHandle& lab, const std::function<void(const std::string&)>& told) : lab_(lab), told_(told) {}

  Result<DemoFindings> run() {
    const auto steady = std::chrono::steady_clock::now();
    began_ = SystemClock().now();
    TRY(submit());
    const Deadline deadline = Deadline::after(kLongest);
    do {
      std::this_thread::sleep_for(
          std::chrono::milliseconds(200));  // the pace of looking, not a wait for a result
      TRY(look());
    } while (!settled() && !deadline.expired());
    findings_.instances_left = TRY(instances_left());
    findings_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - steady).count();
    return findings_;
  }

 private:
  Result<std::string> on_controller(const std::string& user, std::vector<std::string> argv) {
    return on_host("ctl", user, std::move(argv));
  }

  Result<std::string> on_host(const std::string& host, const std::string& user,
                              std::vector<std::string> argv) {
    const std::string name = argv.front();
    const Finished done =
        TRY(capture(lab_, {host, 0, user, std::move(argv)}, Deadline::after(std::chrono::seconds(30))));
    if (done.exit_code != 0)
      return Error{Kind::io, kDemoFailed,
                   fmt::format("{} failed with {}: {}", name, done.exit_code, trim(done.err))};
    return done.out;
  }

  Result<std::string> sbatch(std::vector<std::string> options, const std::string& script) {
    std::vector<std::string> argv = {"sbatch", "--parsable", "-p", "onprem,cloud", "-D", "/home/alice"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.insert(argv.end(), {"--wrap", script});
    return std::string(trim(TRY(on_controller("alice", argv))));
  }

  Result<void> submit() {
    // Six tasks of one core: the on-premises node has two cores, so four overflow onto two cloud nodes.
    jobs_ = TRY(sbatch({"-J", "sweep", "-n", "1", "-a", "1-6"}, "hostname; sleep 2"));
    told_(fmt::format("{} sbatch    array of 6 tasks, job {}, -p onprem,cloud", stamp(), jobs_));
    const std::string pair = TRY(sbatch({"-J", "pair", "-N", "2", "-n", "4"}, "srun hostname; sleep 1"));
    told_(fmt::format("{} sbatch    two nodes, job {}, -p onprem,cloud", stamp(), pair));
    jobs_ += "," + pair;
    return {};
  }

  std::string stamp() const {
    return fmt::format(" {:5.1f} s ▸", std::chrono::duration<double>(SystemClock().now() - began_).count());
  }

  Result<void> look() {
    const Json report = TRY(Json::parse(
        TRY(on_controller("slurm", {kCli, "status", "--events", "--since",
                                    to_iso8601(began_ - std::chrono::seconds(1)), "-o", "json"}))));
    std::vector<FleetEvent> events = TRY(parse_events(report));
    const std::vector<FleetEvent> fresh(
        events.begin() + static_cast<long>(std::min(findings_.events.size(), events.size())), events.end());
    for (const std::string& line : timeline(fresh, began_)) told_(line);
    findings_.events = std::move(events);
    findings_.api_calls = report["api_calls"];
    findings_.open_intents = report["open_intents"].as_int();

    const auto jobs = TRY(parse_accounting(
        TRY(on_controller("alice", {"sacct", "-X", "-P", "-n", "-a", "-j", jobs_, "--format",
                                    "JobIDRaw,JobID,JobName,State,NodeList,Submit,Start,End"}))));
    for (const AccountedJob& job : jobs) tell_change(job);
    findings_.jobs = jobs;
    return findings_.names.is_null() ? look_at_network() : Result<void>{};
  }

  /// Once, while the first nodes are up: the tunnel, their names, and what IAM says.
  Result<void> look_at_network() {
    std::vector<NodeName> joined;
    for (const FleetEvent& event : findings_.events)
      if (event.event == "joined") joined.push_back(event.node);
    if (joined.empty()) return {};
    const Json tunnel =
        TRY(Json::parse(TRY(on_host("gw-onprem", "root", {kCli, "vpn", "status", "-o", "json"}))));
    findings_.tunnel = tunnel["peers"].at(0);
    findings_.names = Json::array();
    for (const NodeName& node : joined) {
      const std::string address = TRY(ask_names({node.value + ".example.com"}));
      findings_.names.push(Json::object({{"node", node.value},
                                         {"address", address},
                                         {"ptr", address.empty() ? "" : TRY(ask_names({"-x", address}))}}));
    }
    // The daemon's user itself may do nothing but become the role.
    const std::string refused = TRY(on_controller("slurm", {"sh", "-c", kAsUser}));
    findings_.iam =
        Json::object({{"role", "spillway-lab-head"},
                      {"refused_without_role", refused.find("UnauthorizedOperation") != std::string::npos}});
    return {};
  }

  Result<std::string> ask_names(std::vector<std::string> question) {
    std::vector<std::string> argv{"dig", "+short", "+time=2", std::string("@") + kControllerAddress};
    argv.insert(argv.end(), question.begin(), question.end());
    return std::string(trim(TRY(on_controller("alice", argv))));
  }

  void tell_change(const AccountedJob& job) {
    std::string& told = states_[job.label];
    if (told == job.state || job.state == "PENDING") return;
    told = job.state;
    told_(fmt::format("{} {:<11} job {} ({}) on {}", stamp(), to_lower(job.state), job.label, job.name,
                      slurm::fold(job.nodes)));
  }

  /// Every job has ended in some way, and every instance that was bound is gone.
  bool settled() const {
    if (findings_.jobs.size() < 7) return false;
    for (const AccountedJob& job : findings_.jobs)
      if (job.end == Time{}) return false;
    std::set<InstanceId> on;
    for (const FleetEvent& event : findings_.events) {
      if (event.event == "bound") on.insert(event.instance);
      if (event.event == "terminated") on.erase(event.instance);
    }
    return on.empty() && findings_.open_intents == 0;
  }

  /// What EC2 itself says of cloud nodes, for the gateway stays: DescribeInstances, by curl, through the
  /// endpoint that people's own clients use.
  Result<int64_t> instances_left() {
    const Json status = TRY(ask_lab(lab_, Json::object({{"op", "status"}})));
    const Json& endpoint = status["endpoint"];
    const Program curl{{"/usr/bin/curl", "-sS", "--fail-with-body", "--max-time", "10", "--aws-sigv4",
                        "aws:amz:us-east-1:ec2", "-K", "-", "--data",
                        "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag%3Aspillway%3Akind&"
                        "Filter.1.Value.1=instance",
                        endpoint["url"].as_string() + "/"},
                       {"LC_ALL=C"},
                       fmt::format("user = \"{}:{}\"\n", endpoint["access_key"].as_string(),
                                   endpoint["secret_key"].as_string())};
    const Finished done = TRY(PosixRunner().run(curl, Deadline::after(std::chrono::seconds(15))));
    if (done.exit_code != 0)
      return Error{Kind::io, kDemoFailed, fmt::format("DescribeInstances failed: {}{}", done.err, done.out)};
    int64_t left = 0;
    for (const char* state :
         {"<name>pending<", "<name>running<", "<name>shutting-down<", "<name>stopping<", "<name>stopped<"})
      for (size_t at = 0; (at = done.out.find(state, at)) != std::string::npos; ++at) ++left;
    return left;
  }

  const LabHandle& lab_;
  const std::function<void(const std::string&)>& told_;
  Time began_{};
  std::string jobs_;
  std::map<std::string, std::string> states_;
  DemoFindings findings_;
};

}  // namespace

Result<DemoFindings> run_demo(const LabHandle& lab, const std::function<void(const std::string&)>& told) {
  return Demo(lab, told).run();
}

}  // namespace spillway::lab
