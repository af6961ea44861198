#include "lab/plugin_site.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "lab/errors.h"
#include "lab/layout.h"
#include "lab/mounts.h"

namespace spillway::lab {
namespace fs = std::filesystem;

std::string render_plugin_config(bool daemon) {
  const std::string folder = kPluginFolder;
  Json slurm = Json::object({{"PrivateData", "CLOUD"},
                             {"ResumeProgram", folder + "/resume.py"},
                             {"SuspendProgram", folder + "/suspend.py"},
                             {"ResumeRate", 100},
                             {"SuspendRate", 100},
                             {"ResumeTimeout", 60},
                             {"SuspendTimeout", 1},
                             {"SuspendTime", 2},
                             {"TreeWidth", 60000}});
  if (daemon) slurm.set("PrologSlurmctld", folder + "/prolog-slurmctld");
  return Json::object({{"LogLevel", "INFO"},
                       {"LogFileName", "/var/log/slurm/aws_plugin.log"},
                       {"SlurmBinPath", "/usr/bin/"},
                       {"SlurmConf", slurm}})
             .dump(2) +
         "\n";
}

std::string render_plugin_user_data(const std::string& munge_key) {
  return fmt::format(R"(#!/bin/bash
imds=http://169.254.169.254/latest
token=$(curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' $imds/api/token)
name=
for try in $(seq 100); do
  name=$(curl -sf -H "X-aws-ec2-metadata-token: $token" $imds/meta-data/tags/instance/Name) && break
  sleep 0.1
done
for user in alice:20001 bob:20002; do
  echo "${{user%:*}}:x:${{user#*:}}:${{user#*:}}::/home/${{user%:*}}:/bin/bash" >>/etc/passwd
  echo "${{user%:*}}:x:${{user#*:}}:" >>/etc/group
  install -d -o "${{user#*:}}" -g "${{user#*:}}" "/home/${{user%:*}}"
done
install -d -o munge -g munge -m 700 /etc/munge /var/log/munge
install -d -o munge -g munge -m 755 /run/munge
install -d -o munge -g munge -m 711 /var/lib/munge
(umask 077; echo '{key}' | base64 -d >/etc/munge/munge.key; chown munge:munge /etc/munge/munge.key)
install -d /etc/spillway/prolog.d /var/spool/slurmd /var/log/slurm /run/slurm
printf '#!/bin/sh\n' >/etc/spillway/prolog.d/00-site
chmod 755 /etc/spillway/prolog.d/00-site
setpriv --reuid munge --regid munge --init-groups munged
# -b: the lab's instances share the uptime of one machine, and slurmctld waits for a node that booted after its resume.
exec slurmd -b -N "${{name:-$(hostname)}}" --conf-server {controller}:6817
)",
                     fmt::arg("key", to_base64(munge_key)), fmt::arg("controller", kControllerAddress));
}

Result<void> install_plugin_site(const Workbench& bench, const ClusterFacts& cluster) {
  const fs::path folder = kPluginFolder;
  TRY(make_folder(folder, 0755, "slurm"));
  TRY(write_file_atomically(folder / "config.json", render_plugin_config(bench.settings.daemon), 0644));
  TRY(write_file_atomically(folder / "partitions.json", render_partitions_json(cluster), 0644));
  for (const char* program :
       {"resume.py", "suspend.py", "change_state.py", "generate_conf.py", "prolog-slurmctld"}) {
    std::error_code failed;
    fs::create_symlink("/usr/libexec/spillway/spillway", folder / program, failed);
    if (failed) return system_error("link", folder / program, failed.value());
  }
  return {};
}

Result<std::string> generate_plugin_conf(const Workbench& bench) {
  const std::string folder = kPluginFolder;
  const Finished done =
      TRY(bench.runner.run({.argv = {"/bin/sh", "-c", "cd " + folder + " && exec ./generate_conf.py"}},
                           Deadline::after(std::chrono::seconds{20})));
  if (done.exit_code != 0)
    return Error{Kind::internal, kService, fmt::format("generate_conf.py failed: {}", done.err)};
  return read_file(folder + "/slurm.conf.aws");
}

}  // namespace spillway::lab
