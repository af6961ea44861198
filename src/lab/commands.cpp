#include "lab/commands.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "lab/break_commands.h"
#include "lab/control.h"
#include "lab/demo.h"
#include "lab/enter.h"
#include "lab/errors.h"
#include "lab/namespaces.h"
#include "lab/up.h"

namespace spillway::lab {
namespace {

const Option kState{"--state", "DIR", "Folder of the lab's caches and logs; one lab a folder.",
                    "/var/tmp/spillway-lab", "SPILLWAY_LAB_STATE"};
const Option kNodes{"--nodes", "N", "Cloud nodes that slurm.conf knows, 1 to 200.", "50", ""};
const Option kPort{"--port", "PORT", "Port of the AWS endpoint on this host's loopback.",
                   "4566, or a free one", ""};

const Option kSite{
    "--site", "KIND",
    "spillway: spillway.yaml and hooks of its own; plugin-v2: a folder of AWS Plugin for Slurm v2 with "
    "links in its programs' place.",
    "spillway", ""};
const Option kVpn{"--vpn", "MODE",
                  "gateway: one on AWS ends the tunnel; standby: a second one stands by; node: each cloud "
                  "node ends it, as a peer of "
                  "the premises' gateway.",
                  "gateway", ""};
const Option kNoDaemon{"--no-daemon", "", "Do not start the daemon.", "", ""};

std::filesystem::path state_of(const Invocation& invocation) {
  const std::string given = invocation.get("state");
  return given.empty() ? Settings{}.state : std::filesystem::absolute(given);
}

Result<int> number(const Invocation& invocation, const std::string& option, int otherwise, int least,
                   int most) {
  const std::string text = invocation.get(option);
  if (text.empty() || (option == "port" && text == kPort.fallback)) return otherwise;
  const auto value = parse_int(text);
  if (!value || *value < least || *value > most)
    return Error{Kind::invalid,
                 fmt::format("--{} {}: not a number from {} to {}", option, text, least, most)};
  return static_cast<int>(*value);
}

void print_endpoint(const Json& status) {
  const Json& endpoint = status["endpoint"];
  fmt::print("AWS endpoint {}  AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={} AWS_REGION={}\n",
             endpoint["url"].as_string(), endpoint["access_key"].as_string(),
             endpoint["secret_key"].as_string(), endpoint["region"].as_string());
}

Result<int> up(const Invocation& invocation) {
  const Settings settings = TRY(settings_of(invocation));
  const auto began = std::chrono::steady_clock::now();
  const bool terminal = invocation.terminal;
  const Json status = TRY(bring_up(settings, [&](const std::string& step) {
    fmt::print(stderr, " {} {}\n", terminal ? "\033[32m✓\033[0m" : "✓", step);
  }));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  if (invocation.json()) {
    fmt::print("{}\n", status.dump(2));
    return 0;
  }
  fmt::print("SIMULATED AWS: nothing is billed.  Lab up in {:.1f} s.\n", took.count());
  print_endpoint(status);
  fmt::print("Next: spillway lab demo, or: spillway lab exec ctl -- sbatch --wrap hostname -p cloud\n");
  return 0;
}

/// The running lab, for root: its answers hold keys, and entering it takes root anyway.
Result<LabHandle> attach(const Invocation& invocation) {
  if (geteuid() != 0)
    return Error{Kind::denied, kNotRoot, "the lab is root's"}.fixed_by("the same with sudo");
  return find_lab(state_of(invocation));
}

Result<int> status(const Invocation& invocation) {
  const LabHandle lab = TRY(attach(invocation));
  Json answer = TRY(ask_lab(lab, Json::object({{"op", "status"}})));
  answer.set("pid", int64_t{lab.init});
  if (invocation.json()) {
    fmt::print("{}\n", answer.dump(2));
    return 0;
  }
  fmt::print("lab up, process {}, cluster {}\n", lab.init, answer["cluster"].as_string());
  print_endpoint(answer);
  for (const Json& service : answer["services"].items())
    fmt::print(" {} {}\n", service["pid"].as_int() ? "✓" : "✗", service["name"].as_string());
  fmt::print("instances: {}\n", answer["instances"].size());
  for (const Json& instance : answer["instances"].items())
    fmt::print("  {}  {}  {}  {}\n", instance["id"].as_string(), instance["address"].as_string(),
               instance["state"].as_string(), instance["node"].as_string());
  return 0;
}

Result<int> exec(const Invocation& invocation) {
  const LabHandle lab = TRY(attach(invocation));
  Visit there{invocation.arguments.front(), 0, invocation.get("user"), invocation.arguments};
  there.argv.erase(there.argv.begin());
  if (!there.argv.empty() && there.argv.front() == "--") there.argv.erase(there.argv.begin());
  if (there.argv.empty()) return Error{Kind::invalid, "no command given after " + there.host};
  const bool host = std::ranges::find(hosts(), there.host) != hosts().end();
  // gw-aws is an instance where apply launched it, and a host of its own at a plugin v2 site.
  if (!host || there.host == "gw-aws") {
    const auto found = ask_lab(lab, Json::object({{"op", "find"}, {"name", there.host}}));
    if (!found && !host) return found.error();
    if (found) there.machine = static_cast<pid_t>((*found)["pid"].as_int());
  }
  if (there.user.empty()) there.user = there.host == "ctl" || there.host == "op1" ? "alice" : "root";
  return visit(lab, there);
}

/// Takes the lab down when it goes out of scope, if this process brought it up.
struct Guest {
  std::filesystem::path state;
  bool own = false;
  ~Guest() {
    if (own) (void)take_down(state).has_value();
  }
};

Result<int> demo(const Invocation& invocation) {
  const std::string report_path = invocation.get("report");
  if (!report_path.empty()) {  // told before the demo, not after it
    const auto folder = std::filesystem::absolute(report_path).parent_path();
    if (access(folder.c_str(), W_OK) != 0) return system_error("write into", folder, errno);
  }
  const auto say = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  Guest guest{state_of(invocation)};
  Result<LabHandle> lab = find_lab(guest.state);
  if (!lab) {
    Settings settings = TRY(settings_of(invocation));
    settings.tied = true;
    TRY(bring_up(settings, [&](const std::string& step) { say(" ✓ " + step); }));
    guest.own = true;
    lab = find_lab(guest.state);
    if (!lab) return lab.error();
  }
  say("SIMULATED AWS: nothing is billed.");
  const DemoFindings findings = TRY(run_demo(*lab, say));
  const Json report = demo_report(findings);
  if (!report_path.empty()) TRY(write_file_atomically(report_path, report.dump(2) + "\n"));
  if (invocation.json()) fmt::print("{}\n", report.dump(2));
  const std::vector<std::string> missing = shortcomings(findings);
  if (!missing.empty())
    return Error{Kind::partial, kDemoFailed,
                 fmt::format("the demo did not come out: {}", fmt::join(missing, "; "))};
  if (!invocation.json()) fmt::print("{}", summary(findings));
  return 0;
}

Result<int> down(const Invocation& invocation) {
  if (geteuid() != 0)
    return Error{Kind::denied, kNotRoot, "the lab needs root"}.fixed_by("sudo spillway lab down");
  const bool was_up = TRY(take_down(state_of(invocation)));
  fmt::print("{}\n", was_up ? "lab is down; nothing of it runs" : "no lab was up");
  return 0;
}

}  // namespace

Result<Settings> settings_of(const Invocation& invocation) {
  Settings settings;
  settings.state = state_of(invocation);
  settings.nodes = TRY(number(invocation, "nodes", settings.nodes, 1, 200));
  if (const std::string site = invocation.get("site"); site == "plugin-v2")
    settings.plugin_site = true;
  else if (!site.empty() && site != "spillway")
    return Error{Kind::invalid, fmt::format("--site {}: it is spillway or plugin-v2", site)};
  const std::string vpn = invocation.get("vpn", "gateway");
  if (vpn != "gateway" && vpn != "standby" && vpn != "node")
    return Error{Kind::invalid, fmt::format("--vpn {}: it is gateway, standby or node", vpn)};
  settings.node_tunnel = vpn == "node";
  settings.gateways = vpn == "standby" ? 2 : 1;
  if (vpn != "gateway" && settings.plugin_site)
    return Error{Kind::invalid, fmt::format("--vpn {}: a site of plugin v2 makes its tunnel by hand", vpn)};
  settings.daemon = !invocation.has("no-daemon");
  settings.port = TRY(number(invocation, "port", 0, 1, 65535));
  std::error_code failed;
  settings.programs = std::filesystem::read_symlink("/proc/self/exe", failed).parent_path();
  return settings;
}

std::vector<Command> commands() {
  std::vector<Command> all{
      {"lab up",
       "bring up the local lab: real Slurm, WireGuard and DNS, simulated AWS",
       "Makes one sandbox of namespaces with an on-premises site, an internet and an AWS region, starts "
       "munge, MariaDB, "
       "slurmdbd, slurmctld, one on-premises node, BIND, a WireGuard tunnel, the emulator and the daemon, "
       "and returns when "
       "all of them answer. Nothing is billed, and nothing is written outside the state folder. The first "
       "start on a machine "
       "prepares a database and an image there.",
       {kState, kNodes, kPort, kSite, kVpn, kNoDaemon},
       {},
       {{"spillway lab up", "a lab with 50 cloud nodes"},
        {"spillway lab up --site plugin-v2 --no-daemon",
         "a site of plugin v2, as its programs alone run it"}},
       false,
       up},
      {"lab demo",
       "let real jobs overflow into the simulated AWS and show what happened",
       "Submits an array and a two-node job to -p onprem,cloud as alice: the on-premises node fills, the "
       "rest overflows. Follows "
       "them through resume, launch, boot, join, run, suspend and terminate, and prints the timeline. Uses "
       "the lab that is up, or "
       "brings one up and takes it down again.",
       {kState, kNodes, kPort, {"--report", "FILE", "Where to write the report (spillway.demo/v1).", "", ""}},
       {},
       {{"spillway lab demo --report report.json", "the whole way, in a lab of its own"}},
       false,
       demo},
      {"lab status",
       "what of the lab runs, and how to reach its AWS",
       "",
       {kState},
       {},
       {{"spillway lab status -o json", "endpoint, keys, services and instances"}},
       false,
       status},
      {"lab exec",
       "run a command on a machine of the lab",
       "HOST is ctl (slurmctld), op1 (the on-premises node), gw-onprem, gw-aws, vpc (the VPC's router), "
       "internet, or the name or "
       "id of an instance. It runs as alice on ctl and op1 and as root elsewhere, unless --user says "
       "otherwise, in the current "
       "folder when that user may write there, else in the user's home (arguments that name files of the "
       "current folder are "
       "then given as whole paths). Standard input and the exit code are passed through.",
       {kState, {"--user", "NAME", "Who runs it: alice, bob, slurm, root, ...", "", ""}},
       {{"HOST", "Where.", true, false}, {"COMMAND", "What, with its arguments.", true, true}},
       {{"spillway lab exec ctl -- sbatch -p cloud job.sh", "submits a job as alice"},
        {"spillway lab exec cloud-c5-0 -- ip route", "looks around on a cloud node"}},
       false,
       exec},
      {"lab down",
       "end the lab",
       "Kills the lab's process, and with it everything that it made. Says so when no lab is up.",
       {kState},
       {},
       {},
       false,
       down},
  };
  for (Command& command : break_commands()) all.push_back(std::move(command));
  return all;
}

}  // namespace spillway::lab
