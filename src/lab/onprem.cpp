#include "lab/onprem.h"

#include <signal.h>
#include <sys/stat.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/text.h"
#include "lab/dns_files.h"
#include "lab/errors.h"
#include "lab/mounts.h"
#include "lab/namespaces.h"
#include "lab/network.h"
#include "lab/plugin_site.h"
#include "vpn/key_file.h"

namespace spillway::lab {
namespace fs = std::filesystem;
namespace {

constexpr auto kPatience = std::chrono::seconds(30);
const std::vector<std::string> kPlainEnvironment = {"LC_ALL=C", "TZ=UTC",
                                                    "PATH=/usr/sbin:/usr/bin:/sbin:/bin"};

/// Gives the user slurm a home: hooks get no environment from slurmctld, so ~/.aws is where AWS's credentials
/// are found.
Result<void> give_slurm_a_home() {
  const std::string before = TRY(read_file("/etc/passwd"));
  std::string users;
  for (const std::string_view line : split(before, '\n')) {
    const std::vector<std::string_view> fields = split(line, ':');
    if (fields.size() == 7 && fields[0] == "slurm")
      users +=
          fmt::format("slurm:x:{}:{}:{}:/var/lib/spillway:{}\n", fields[2], fields[3], fields[4], fields[6]);
    else if (!line.empty())
      users += fmt::format("{}\n", line);
  }
  return write_file_atomically("/etc/passwd", users);
}

Result<void> append(const std::string& path, const std::string& text) {
  std::string content = TRY(read_file(path));
  if (!content.empty() && content.back() != '\n') content += '\n';
  return write_file_atomically(path, content + text);
}

Result<void> replace(const fs::path& path, std::string_view text, unsigned mode = 0644) {
  std::error_code ignored;
  fs::remove(path, ignored);  // it may be a link to somewhere that does not exist here
  return write_file_atomically(path, text, mode);
}

bool exists(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0;
}

Result<void> run_named(const Workbench& bench, const std::string& host, const std::string& address,
                       const std::string& folder, const std::vector<std::string>& environment = {}) {
  TRY(write_file_atomically(folder + "/root.zone", render_empty_root_zone()));
  TRY(write_file_atomically(folder + "/aws.zone", render_aws_zone()));
  std::vector<std::string> all = kPlainEnvironment;
  all.insert(all.end(), environment.begin(), environment.end());
  TRY(bench.processes.start(
      {"named-" + host,
       {"/usr/sbin/named", "-4", "-n", "1", "-g", "-u", "bind", "-c", folder + "/named.conf"},
       all,
       "root",
       host}));
  return wait_for_port(host, address, 53, Deadline::after(kPatience));
}

/// A server as people configure them by hand, for the VPC and for sites without names of nodes.
Result<void> start_resolver(const Workbench& bench, const std::string& host, const std::string& address,
                            bool primary) {
  const std::string folder = std::string(kRun) + "/named-" + host;
  TRY(make_folder(folder, 0755, "bind"));
  TRY(write_file_atomically(folder + "/named.conf", render_named_conf(folder, address, primary)));
  TRY(write_file_atomically(folder + "/site.zone", render_site_zone()));
  return run_named(bench, host, address, folder);
}

/// The premises' server with the product's views; the daemon has the key of updates, named its copy.
Result<void> start_name_server(const Workbench& bench) {
  const std::string folder = std::string(kRun) + "/named-ctl";
  const std::string key = render_update_key(to_base64(random_bytes(32)));
  TRY(make_folder(folder, 0755, "bind"));
  TRY(make_folder("/etc/spillway"));
  TRY(make_folder("/etc/spillway/keys", 0711));
  for (const auto& [file, owner] :
       {std::pair{std::string("/etc/spillway/keys/ddns"), "slurm"}, {folder + "/spillway.key", "bind"}}) {
    TRY(replace(file, key, 0400));
    TRY(give_to(file, owner));
  }
  TRY(write_file_atomically(folder + "/named.conf", TRY(render_onprem_named_conf(folder))));
  TRY(write_file_atomically(folder + "/other-zones.conf", render_other_zones()));
  for (const auto& [zone, text] : {std::pair{std::string("example.com"), TRY(render_nodes_zone())},
                                   {std::string(kReverseZone), TRY(render_reverse_zone())}}) {
    const std::string file = fmt::format("{}/{}.zone", folder, zone);
    TRY(write_file_atomically(file, text));
    TRY(give_to(file, "bind"));
  }
  return run_named(bench, "ctl", kControllerAddress, folder);
}

}  // namespace

Result<void> restart_name_server(const Workbench& bench, int64_t ahead_s) {
  if (bench.processes.runs("named-ctl")) {
    TRY(bench.processes.signal("named-ctl", SIGTERM));
    TRY(bench.processes.wait_for_end("named-ctl", Deadline::after(kPatience)));
  }
  std::vector<std::string> environment;
  if (ahead_s != 0)
    environment = {fmt::format("LD_PRELOAD={}", (bench.settings.programs / "lab_clock_ahead.so").string()),
                   fmt::format("LAB_CLOCK_AHEAD_S={}", ahead_s)};
  return run_named(bench, "ctl", kControllerAddress, std::string(kRun) + "/named-ctl", environment);
}

Result<void> write_site_files() {
  TRY(give_slurm_a_home());
  TRY(append("/etc/passwd",
             "alice:x:20001:20001:Alice:/home/alice:/bin/bash\n"
             "bob:x:20002:20002:Bob:/home/bob:/bin/bash\n"));
  TRY(append("/etc/group", "alice:x:20001:\nbob:x:20002:\n"));
  for (const char* user : {"alice", "bob"}) TRY(make_folder(std::string("/home/") + user, 0700, user));
  TRY(replace("/etc/hosts",
              fmt::format("127.0.0.1 localhost\n{} ctl ctl.example.com\n{} op1 op1.example.com\n",
                          kControllerAddress, kOnPremNodeAddress)));
  TRY(replace(
      "/etc/resolv.conf",
      fmt::format("nameserver {}\nsearch example.com\noptions timeout:1 attempts:1\n", kControllerAddress)));
  TRY(replace("/etc/nsswitch.conf",
              "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\n"
              "protocols: files\n"));
  return {};
}

Result<void> write_slurm_files() {
  TRY(make_folder("/etc/slurm"));
  TRY(replace("/etc/slurm/slurm.conf", render_site_conf()));  // sacctmgr wants one already
  // Named, because slurmd's own search for the version wants to see a mounted hierarchy, though nothing here
  // uses one.
  TRY(replace("/etc/slurm/cgroup.conf", "CgroupPlugin=cgroup/v1\n"));
  TRY(replace("/etc/slurm/slurmdbd.conf", render_slurmdbd_conf(), 0600));
  TRY(give_to("/etc/slurm/slurmdbd.conf", "slurm"));
  for (const char* folder : {"/var/spool/slurmctld", "/var/log/slurm", "/run/slurm"})
    TRY(make_folder(folder, 0755, "slurm"));
  return make_folder("/var/spool/slurmd");
}

Result<void> install_spillway(const Workbench& bench) {
  TRY(make_folder("/etc/spillway"));
  TRY(make_folder("/etc/spillway/prolog.d"));
  // slurmd takes a pattern without a match for a failed prolog and drains the node.
  TRY(replace("/etc/spillway/prolog.d/00-site", "#!/bin/sh\nexit 0\n", 0755));
  TRY(make_folder("/var/lib/spillway", 0700, "slurm"));
  TRY(make_folder("/var/spool/spillway", 0755, "slurm"));
  TRY(make_folder("/var/spool/spillway/wishes", 0750, "slurm"));
  TRY(make_folder("/run/spillway", 0755, "slurm"));

  const fs::path program = bench.settings.programs / "spillway";
  if (!exists(program))
    return Error{Kind::not_found, kProgramMissing, "no such program: " + program.string()};
  // The checkout may lie where user slurm cannot go, so the program is brought to where a package puts it.
  TRY(make_folder("/usr/libexec/spillway"));
  std::error_code failed;
  const fs::path installed = "/usr/libexec/spillway/spillway";
  fs::copy_file(program, installed, fs::copy_options::overwrite_existing, failed);
  if (failed) return system_error("install", program, failed.value());
  for (const char* hook : {"resume", "suspend", "resume-fail", "prolog-slurmctld"}) {
    const fs::path link = installed.parent_path() / hook;
    fs::remove(link, failed);
    fs::create_symlink("spillway", link, failed);
    if (failed) return system_error("link", link, failed.value());
  }
  return {};
}

Result<void> configure(const Workbench& bench, const ClusterFacts& cluster) {
  if (bench.settings.plugin_site) {
    TRY(install_plugin_site(bench, cluster));
    return replace("/etc/slurm/slurm.conf", render_site_conf() + TRY(generate_plugin_conf(bench)));
  }
  TRY(vpn::keep_private_key("/etc/spillway/keys/wg"));
  TRY(replace("/etc/spillway/partitions.json", render_partitions_json(cluster)));
  TRY(replace("/etc/spillway/spillway.yaml", render_spillway_yaml(cluster)));
  return replace("/etc/slurm/slurm.conf", render_site_conf() + render_cloud_conf(cluster));
}

Result<void> start_munge(const Workbench& bench, const std::string& key) {
  TRY(make_folder("/etc/munge", 0700, "munge"));
  TRY(make_folder("/var/lib/munge", 0700, "munge"));
  TRY(make_folder("/var/log/munge", 0700, "munge"));
  TRY(make_folder("/run/munge", 0755, "munge"));
  TRY(replace("/etc/munge/munge.key", key, 0400));
  TRY(give_to("/etc/munge/munge.key", "munge"));
  TRY(bench.processes.start({"munged", {"/usr/sbin/munged", "--foreground"}, kPlainEnvironment, "munge"}));
  return wait_until(
      "munged's socket", [] { return exists("/run/munge/munge.socket.2"); }, Deadline::after(kPatience));
}

Result<void> start_resolvers(const Workbench& bench) {
  TRY(bench.settings.plugin_site ? start_resolver(bench, "ctl", kControllerAddress, true)
                                 : start_name_server(bench));
  return start_resolver(bench, "vpc", kVpcResolver, false);
}

Result<void> start_controller(const Workbench& bench) {
  TRY(bench.processes.start({"slurmctld", {"/usr/sbin/slurmctld", "-D"}, kPlainEnvironment, "slurm"}));
  return wait_for_port("ctl", kControllerAddress, 6817, Deadline::after(kPatience));
}

Result<void> start_onprem_node(const Workbench& bench) {
  TRY(bench.processes.start(
      {"slurmd-op1", {"/usr/sbin/slurmd", "-D", "-N", "op1"}, kPlainEnvironment, "root", "op1"}));
  return wait_until(
      "op1 idle in Slurm",
      [&] {
        const auto state =
            run_on(bench.runner, "ctl", {"/usr/bin/sinfo", "-h", "-n", "op1", "-p", "onprem", "-o", "%T"});
        return state && trim(*state) == "idle";
      },
      Deadline::after(kPatience));
}

Result<void> start_daemon(const Workbench& bench) {
  Service daemon{"spillwayd", {"/usr/libexec/spillway/spillway", "daemon"}, kPlainEnvironment, "slurm"};
  if (bench.settings.plugin_site) daemon.argv.insert(daemon.argv.end(), {"--config", kPluginFolder});
  return bench.processes.start(daemon);
}

}  // namespace spillway::lab
