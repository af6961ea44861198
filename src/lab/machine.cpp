#include "lab/machine.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/subprocess.h"
#include "lab/errors.h"
#include "lab/layout.h"
#include "lab/mounts.h"

namespace spillway::lab {
namespace {

const std::string kNewRoot = "/run/lab/machine";

Result<void> ip(const std::vector<std::string>& options, const std::string& batch) {
  Program program{{"/usr/sbin/ip"}};
  program.argv.insert(program.argv.end(), options.begin(), options.end());
  program.argv.insert(program.argv.end(), {"-batch", "-"});
  program.input = batch;
  const Finished done = TRY(PosixRunner().run(program, Deadline::after(std::chrono::seconds(20))));
  if (done.exit_code != 0) return Error{Kind::io, "ip: " + done.err};
  return {};
}

/// As in a VPC: one address of its own, everything else goes to the router, which decides by its route table.
Result<void> plug_in(const MachineBoot& machine) {
  TRY(ip({}, fmt::format("link set lo up\n"
                         "link add name eth0 mtu 1500 type veth peer name {0} netns vpc\n"
                         "addr add {1}/32 dev eth0\n"
                         "link set eth0 up\n"
                         "route add default via {2} dev eth0 onlink\n",
                         machine.cable, machine.address, kVpcRouter)));
  return ip({"-n", "vpc"},
            fmt::format("link set {0} up\nroute add {1}/32 dev {0}\n", machine.cable, machine.address));
}

Result<void> device(const std::string& name, unsigned minor_number) {
  const std::string path = kNewRoot + "/dev/" + name;
  if (mknod(path.c_str(), S_IFCHR | 0666, makedev(name == "tty" ? 5 : 1, minor_number)) != 0 ||
      chmod(path.c_str(), 0666) != 0)
    return system_error("make the device", path, errno);
  return {};
}

Result<void> mount_devices() {
  TRY(mount_at("tmpfs", kNewRoot + "/dev", "tmpfs", MS_NOSUID, "mode=755,size=1m"));
  TRY(device("null", 3));
  TRY(device("zero", 5));
  TRY(device("full", 7));
  TRY(device("random", 8));
  TRY(device("urandom", 9));
  TRY(device("tty", 0));
  // For wireguard-go: no kernel of a lab can be relied on to have WireGuard.
  TRY(make_folder(kNewRoot + "/dev/net"));
  const std::string tun = kNewRoot + "/dev/net/tun";
  if (mknod(tun.c_str(), S_IFCHR | 0600, makedev(10, 200)) != 0)
    return system_error("make the device", tun, errno);
  TRY(make_folder(kNewRoot + "/dev/pts"));
  TRY(make_folder(kNewRoot + "/dev/shm", 01777));
  TRY(mount_at("devpts", kNewRoot + "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
               "newinstance,ptmxmode=0666,mode=0620"));
  (void)!symlink("pts/ptmx", (kNewRoot + "/dev/ptmx").c_str());
  (void)!symlink("/proc/self/fd", (kNewRoot + "/dev/fd").c_str());
  (void)!symlink("fd/0", (kNewRoot + "/dev/stdin").c_str());
  (void)!symlink("fd/1", (kNewRoot + "/dev/stdout").c_str());
  (void)!symlink("fd/2", (kNewRoot + "/dev/stderr").c_str());
  (void)!symlink("/dev/null", (kNewRoot + "/dev/console").c_str());
  return {};
}

Result<void> mount_root() {
  TRY(mount_at(nullptr, "/", nullptr, MS_REC | MS_PRIVATE));
  const std::string scratch =
      "/run/lab/disk";  // this mount is the machine's own; every machine has one there
  TRY(make_folder(scratch));
  TRY(make_folder(kNewRoot));
  TRY(mount_at("tmpfs", scratch, "tmpfs", 0, "mode=755,size=2g"));
  TRY(mount_overlay(fmt::format("{}:{}", kImageAdditions, kImage), scratch, kNewRoot));
  TRY(mount_at("proc", kNewRoot + "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC));
  TRY(mount_at("sysfs", kNewRoot + "/sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC));
  TRY(mount_empty_cgroups(kNewRoot + "/sys/fs/cgroup"));
  TRY(mount_at("tmpfs", kNewRoot + "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=256m"));
  return mount_devices();
}

/// The old root goes away for good: nothing of the host stays reachable by any path.
Result<void> change_root() {
  if (chdir(kNewRoot.c_str()) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 ||
      umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
    return Error{Kind::io, kSandbox, fmt::format("cannot change the root: {}", std::strerror(errno))};
  return {};
}

Result<void> boot(const MachineBoot& machine) {
  const std::string name = "ip-" + [&] {
    std::string text = machine.address;
    for (char& c : text) c = c == '.' ? '-' : c;
    return text;
  }();
  if (sethostname(name.c_str(), name.size()) != 0)
    return Error{Kind::io, kSandbox, "cannot set the host's name"};
  TRY(plug_in(machine));
  TRY(mount_root());
  return change_root();
}

}  // namespace

[[noreturn]] void become_machine(const MachineBoot& machine) {
  // An instance has processors of its own on AWS; here a wave of boots must not starve slurmctld, the daemon
  // and the emulator.
  setpriority(PRIO_PROCESS, 0, 10);
  if (const Result<void> ready = boot(machine); !ready) {
    dprintf(2, "%s cannot boot: %s\n", machine.id.c_str(), ready.error().what.c_str());
    _exit(70);
  }
  close_range(3, ~0U, 0);
  char* const argv[] = {const_cast<char*>("/sbin/init"), nullptr};
  char* const env[] = {const_cast<char*>("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
                       const_cast<char*>("HOME=/"), const_cast<char*>("TERM=linux"), nullptr};
  execve("/sbin/init", argv, env);
  dprintf(2, "%s has no /sbin/init: %s\n", machine.id.c_str(), std::strerror(errno));
  _exit(71);
}

}  // namespace spillway::lab
