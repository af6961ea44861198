#include "lab/supervisor.h"

#include <signal.h>
#include <sys/mount.h>

#include <atomic>
#include <chrono>
#include <future>

#include "base/crypto.h"
#include "base/ids.h"
#include "base/log.h"
#include "lab/breaker.h"
#include "lab/cloud.h"
#include "lab/control.h"
#include "lab/database.h"
#include "lab/errors.h"
#include "lab/image.h"
#include "lab/machine.h"
#include "lab/mounts.h"
#include "lab/namespaces.h"
#include "lab/network.h"
#include "lab/onprem.h"
#include "lab/tunnel.h"
#include "lab/workbench.h"

namespace spillway::lab {
namespace {

using Steps = std::vector<std::future<Result<void>>>;

/// Waits for all and returns the first failure.
Result<void> join(Steps steps) {
  Result<void> outcome;
  for (auto& step : steps)
    if (Result<void> one = step.get(); !one && outcome) outcome = std::move(one);
  return outcome;
}

template <class Work>
std::future<Result<void>> aside(Work work) {
  return std::async(std::launch::async, std::move(work));
}

Result<void> mount_image(const Workbench& bench) {
  const std::filesystem::path image = TRY(ensure_image(bench.cache()));
  TRY(make_folder(kImage));
  TRY(make_folder(kImageAdditions));
  TRY(make_folder("/run/lab/machine"));
  TRY(make_folder("/run/lab/disk"));
  TRY(mount_at(image.c_str(), kImage, nullptr, MS_BIND));
  return mount_at(nullptr, kImage, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY);
}

class Supervisor {
 public:
  Supervisor(const Settings& settings, Inheritance inheritance, Progress& progress)
      : settings_(settings),
        control_(std::move(inheritance.control)),
        processes_(std::move(inheritance.requests), std::move(inheritance.events)),
        bench_{settings_, processes_, runner_},
        cloud_(bench_, std::move(inheritance.endpoint), inheritance.endpoint_port),
        progress_(progress) {}

  int run() {
    if (const Result<void> up = bring_up(); !up) {
      log::error("lab", "{}", up.error().what);
      progress_.failed(up.error());
      return 1;
    }
    if (progress_.abandoned()) return 130;
    progress_.ready(status());
    serve_control(
        control_, [this](const Json& question) { return answer(question); },
        [this] { return stopping_.load(); });
    return 0;
  }

 private:
  Result<void> bring_up() {
    cluster_.uuid = make_uuid();
    cluster_.nodes = settings_.nodes;
    cluster_.node_tunnel = settings_.node_tunnel;
    cluster_.gateways = settings_.gateways;
    TRY(make_network(runner_, settings_.plugin_site));
    progress_.step("networks on-premises, internet, AWS");
    Steps steps;
    steps.push_back(aside([this] { return start_site(); }));
    steps.push_back(aside([this]() -> Result<void> {
      TRY(mount_image(bench_));
      TRY(cloud_.start(cluster_, munge_key_));
      progress_.step("emulated EC2, S3, IAM, STS, SSM");
      return {};
    }));
    if (settings_.plugin_site) steps.push_back(aside([this] { return bring_up_tunnel(); }));
    TRY(join(std::move(steps)));
    TRY(install_spillway(bench_));
    TRY(configure(bench_, cluster_));
    TRY(cloud_.give_credentials(cluster_));
    Steps sides;
    sides.push_back(aside([this] { return start_controller(bench_); }));
    if (!settings_.plugin_site)
      sides.push_back(aside([this]() -> Result<void> {
        TRY(cloud_.apply_site());
        progress_.step("AWS side by spillway apply");
        return bring_up_tunnel();
      }));
    TRY(join(std::move(sides)));
    Steps last;
    last.push_back(aside([this] { return start_onprem_node(bench_); }));
    if (settings_.daemon) last.push_back(aside([this] { return start_daemon(bench_); }));
    TRY(join(std::move(last)));
    progress_.step("Slurm 22.05 with one on-premises node");
    return {};
  }

  Result<void> bring_up_tunnel() {
    TRY(settings_.plugin_site ? start_tunnel_by_hand(bench_) : start_tunnel(bench_));
    progress_.step(settings_.node_tunnel ? "WireGuard on the premises" : "WireGuard handshake");
    return {};
  }

  Result<void> start_site() {
    TRY(write_slurm_files());
    Steps steps;
    steps.push_back(aside([this]() -> Result<void> {
      TRY(start_resolvers(bench_));
      progress_.step("BIND on both sides");
      return {};
    }));
    steps.push_back(aside([this]() -> Result<void> {
      TRY(start_munge(bench_, munge_key_));
      TRY(start_database(bench_));
      progress_.step("munge, MariaDB, slurmdbd");
      return {};
    }));
    return join(std::move(steps));
  }

  Json status() const {
    Json out =
        Json::object({{"schema", "spillway.lab/v1"}, {"cluster", cluster_.uuid}, {"nodes", settings_.nodes}});
    out.set("endpoint", cloud_.endpoint());
    out.set("hosts", Json(Json::Array(hosts().begin(), hosts().end())));
    out.set("instances", cloud_.instances());
    Json services = Json::array();
    std::vector<const char*> names{"munged",     "mariadbd",  "slurmdbd",  "slurmctld",
                                   "slurmd-op1", "named-ctl", "named-vpc", "spillwayd"};
    if (settings_.plugin_site)
      names.insert(names.end(), {"wireguard-gw-onprem", "wireguard-gw-aws"});
    else
      names.push_back("spillway-gateway");
    for (const char* name : names)
      services.push(Json::object({{"name", name}, {"pid", int64_t{processes_.pid_of(name)}}}));
    return out.set("services", std::move(services)), out;
  }

  /// Where Slurm says that a node answers: known before its instance's tags are.
  std::string address_in_slurm(const std::string& node) {
    const auto shown = run_on(runner_, "ctl", {"/usr/bin/scontrol", "-o", "show", "node", node});
    const size_t at = shown ? shown->find("NodeAddr=") : std::string::npos;
    if (at == std::string::npos) return node;
    const size_t from = at + std::string_view("NodeAddr=").size();
    return shown->substr(from, shown->find(' ', from) - from);
  }

  /// {"op": "status"}, {"op": "down"}, {"op": "find", "name": host, node or instance},
  /// {"op": "signal", "name": service or instance, "signal": N}, {"op": "daemon"} or {"op": "monitor"}
  /// (start it again), {"op": "faults", "faults": [...]},
  /// {"op": "break", "what": name, "target": T, "seconds": N}, {"op": "heal", "what": name or ""},
  /// {"op": "broken"}.
  Result<Json> answer(const Json& question) {
    const std::string& op = question["op"].as_string();
    const std::string& name = question["name"].as_string();
    if (op == "status") return status();
    if (op == "down") {
      stopping_ = true;
      return Json::object({{"stopping", true}});
    }
    if (op == "find") {
      pid_t pid = processes_.pid_of(cloud_.instance_of(name));
      if (pid == 0) pid = processes_.pid_of(cloud_.instance_of(address_in_slurm(name)));
      if (pid == 0) return Error{Kind::not_found, kNoSuchHost, "the lab has no " + name};
      return Json::object({{"pid", int64_t{pid}}});
    }
    if (op == "signal") {
      TRY(processes_.signal(processes_.pid_of(name) ? name : cloud_.instance_of(name),
                            static_cast<int>(question["signal"].as_int())));
      return Json::object();
    }
    if (op == "faults") {
      TRY(cloud_.set_faults(question["faults"]));
      return Json::object();
    }
    if (op == "break") return breaker_.cut(question);
    if (op == "heal") return breaker_.mend(question["what"].as_string());
    if (op == "broken") return breaker_.broken();
    if (op == "daemon") {
      TRY(start_daemon(bench_));
      return Json::object();
    }
    if (op == "monitor") {
      TRY(start_tunnel_monitor(bench_));
      return Json::object();
    }
    return Error{Kind::invalid, "the lab does not know " + op};
  }

  Settings settings_;
  Fd control_;
  PosixRunner runner_;
  Processes processes_;
  Workbench bench_;
  Cloud cloud_;
  Progress& progress_;
  ClusterFacts cluster_;
  Breaker breaker_{bench_, cloud_, [this](const std::string& node) { return address_in_slurm(node); }};
  const std::string munge_key_ = random_bytes(128);
  std::atomic<bool> stopping_ = false;
};

}  // namespace

int run_supervisor(const Settings& settings, Inheritance inheritance, Progress& progress) {
  signal(SIGPIPE, SIG_IGN);
  log::set_file((settings.state / "log/lab.log").string());
  return Supervisor(settings, std::move(inheritance), progress).run();
}

}  // namespace spillway::lab
