#include "lab/image.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/crypto.h"
#include "base/file.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "lab/embedded.h"
#include "lab/mounts.h"

namespace spillway::lab {
namespace fs = std::filesystem;
namespace {

constexpr const char* kFormat =
    "4";  // of the tree below; part of its name, so that a new layout makes a new tree

/// Whatever a booted node never reads.
bool left_out(std::string_view path) {
  for (const std::string_view folder :
       {"/usr/share/doc/", "/usr/share/man/", "/usr/share/locale/", "/usr/share/info/", "/usr/share/lintian/",
        "/usr/share/bug/", "/lib/systemd/", "/usr/lib/systemd/"})
    if (path.starts_with(folder)) return true;
  return false;
}

/// Where a packaged path lies on a merged /usr.
std::string merged(std::string_view path) {
  for (const std::string_view folder : {"/bin/", "/sbin/", "/lib/", "/lib64/", "/lib32/", "/libx32/"})
    if (path.starts_with(folder)) return "/usr" + std::string(path);
  return std::string(path);
}

Result<void> copy_content(const fs::path& from, const fs::path& to, const struct stat& info) {
  const Fd in{open(from.c_str(), O_RDONLY | O_CLOEXEC)};
  const Fd out{open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!in.valid() || !out.valid()) return system_error("copy into the image", from, errno);
  for (off_t left = info.st_size; left > 0;) {
    const ssize_t copied = sendfile(out.get(), in.get(), nullptr, static_cast<size_t>(left));
    if (copied <= 0) return system_error("copy into the image", from, errno);
    left -= copied;
  }
  if (fchown(out.get(), info.st_uid, info.st_gid) != 0 || fchmod(out.get(), info.st_mode & 07777) != 0)
    return system_error("set the owner in the image of", from, errno);
  return {};
}

Result<void> copy_entry(const std::string& path, const fs::path& root) {
  struct stat info {
  }, there{};
  const fs::path to = root.string() + path;
  if (lstat(path.c_str(), &info) != 0 || lstat(to.c_str(), &there) == 0) return {};
  std::error_code failed;
  fs::create_directories(to.parent_path(), failed);
  if (S_ISDIR(info.st_mode)) {
    if (mkdir(to.c_str(), info.st_mode & 07777) != 0 || chown(to.c_str(), info.st_uid, info.st_gid) != 0 ||
        chmod(to.c_str(), info.st_mode & 07777) != 0)
      return system_error("make in the image", to, errno);
    return {};
  }
  if (S_ISLNK(info.st_mode)) {
    const fs::path target = fs::read_symlink(path, failed);
    if (!failed) fs::create_symlink(target, to, failed);
    return failed ? Result<void>(system_error("link in the image", to, failed.value())) : Result<void>{};
  }
  return S_ISREG(info.st_mode) ? copy_content(path, to, info) : Result<void>{};
}

Result<void> copy_package(const std::string& name, const InstalledPackage& package, const fs::path& root) {
  fs::path list = "/var/lib/dpkg/info/" + name + ".list";
  if (!fs::exists(list)) list = "/var/lib/dpkg/info/" + name + ":" + package.architecture + ".list";
  const std::string text = TRY(read_file(list));
  for (const std::string_view line : split(text, '\n'))
    if (line.starts_with('/') && line != "/." && !left_out(line)) TRY(copy_entry(merged(line), root));
  return {};
}

/// Links such as awk, that the packages' scripts made: those whose program is in the image.
Result<void> copy_alternatives(const fs::path& root) {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator("/etc/alternatives", failed)) {
    const fs::path target = fs::read_symlink(entry.path(), failed);
    if (failed || !fs::exists(root.string() + merged(target.string()))) continue;
    TRY(copy_entry(entry.path().string(), root));
  }
  for (const char* folder : {"/usr/bin", "/usr/sbin"})
    for (const auto& entry : fs::directory_iterator(folder, failed)) {
      if (!entry.is_symlink(failed)) continue;
      const fs::path target = fs::read_symlink(entry.path(), failed);
      if (target.parent_path() == "/etc/alternatives" && fs::is_symlink(root.string() + target.string()))
        TRY(copy_entry(entry.path().string(), root));
    }
  return {};
}

Result<void> write(const fs::path& path, std::string_view text, unsigned mode = 0644) {
  TRY(make_folder(path.parent_path()));
  return write_file_atomically(path, text, mode);
}

/// The lines of this machine's file for Debian's fixed users and for those of the image's packages; nobody
/// else.
Result<std::string> system_entries(const char* file) {
  const std::string text = TRY(read_file(file));
  std::string kept;
  for (const std::string_view line : split(text, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 3) continue;
    const auto id = parse_int(fields[2]);
    const bool fixed = id && (*id < 100 || *id == 65534);
    if (fixed || fields[0] == "munge" || fields[0] == "slurm") kept += std::string(line) + "\n";
  }
  return kept;
}

Result<void> write_system_files(const fs::path& root) {
  TRY(write(root / "etc/passwd", TRY(system_entries("/etc/passwd"))));
  TRY(write(root / "etc/group", TRY(system_entries("/etc/group"))));
  TRY(write(root / "etc/nsswitch.conf",
            "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"
            "services: files\nprotocols: files\nethers: files\nrpc: files\n"));
  TRY(write(root / "etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"));
  TRY(write(root / "etc/hostname", "localhost\n"));
  TRY(write(root / "etc/os-release", TRY(read_file("/etc/os-release"))));
  TRY(write(root / "etc/ssl/certs/ca-certificates.crt",
            TRY(read_file("/etc/ssl/certs/ca-certificates.crt"))));
  TRY(write(root / "usr/sbin/init", embedded::kImageInit, 0755));
  for (const char* name : {"poweroff", "halt", "shutdown"})
    TRY(write(root / "usr/sbin" / name, embedded::kImagePoweroff, 0755));
  for (const char* folder :
       {"proc", "sys", "dev", "run", "root", "home", "mnt", "var/tmp", "var/log", "var/cache", "var/spool",
        "var/lib/cloud", "etc/munge", "var/lib/munge", "var/log/munge"})
    TRY(make_folder(root / folder));
  TRY(make_folder(root / "tmp", 01777));
  TRY(make_folder(root / "var/tmp", 01777));
  TRY(make_folder(root / "root", 0700));
  for (const char* folder : {"etc/munge", "var/lib/munge", "var/log/munge"})
    TRY(make_folder(root / folder, 0700, "munge"));
  const Program ldconfig{{"/usr/sbin/ldconfig", "-r", root.string()}};
  const Finished done = TRY(PosixRunner().run(ldconfig, Deadline::after(std::chrono::seconds(60))));
  if (done.exit_code != 0) return Error{Kind::io, "ldconfig for the image: " + done.err};
  return {};
}

Result<void> make_skeleton(const fs::path& root) {
  std::error_code failed;
  for (const char* folder : {"usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc", "var"})
    TRY(make_folder(root / folder));
  for (const char* name : {"bin", "sbin", "lib", "lib64"})
    fs::create_symlink(std::string("usr/") + name, root / name, failed);
  fs::create_symlink("/run", root / "var/run", failed);
  return failed ? Result<void>(system_error("make the image in", root, failed.value())) : Result<void>{};
}

}  // namespace

const std::vector<std::string>& image_packages() {
  static const std::vector<std::string> names = {
      "base-files", "base-passwd", "bash",      "ca-certificates", "coreutils",    "curl",
      "dash",       "debianutils", "diffutils", "findutils",       "grep",         "gzip",
      "hostname",   "iproute2",    "libc-bin",  "login",           "mawk",         "munge",
      "nftables",   "openssl",     "passwd",    "procps",          "sed",          "slurm-client",
      "slurmd",     "tar",         "tzdata",    "util-linux",      "wireguard-go", "wireguard-tools"};
  return names;
}

Result<fs::path> ensure_image(const fs::path& cache) {
  const PackageDatabase database = parse_dpkg_status(TRY(read_file("/var/lib/dpkg/status")));
  const std::set<std::string> closure = TRY(package_closure(database, image_packages()));
  std::string identity = std::string(kFormat) + embedded::kImageInit + embedded::kImagePoweroff;
  for (const std::string& name : closure) identity += name + "=" + database.packages.at(name).version + "\n";
  const fs::path image = cache / ("image-" + to_hex(sha256(identity)).substr(0, 16));
  if (fs::exists(image)) return image;

  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(cache, failed))
    if (entry.path().filename().string().starts_with("image-")) fs::remove_all(entry.path(), failed);
  const fs::path building = cache / "image-being-made";
  fs::remove_all(building, failed);
  TRY(make_folder(building));
  TRY(make_skeleton(building));
  for (const std::string& name : closure) TRY(copy_package(name, database.packages.at(name), building));
  TRY(copy_alternatives(building));
  TRY(write_system_files(building));
  fs::rename(building, image, failed);
  if (failed) return system_error("rename the image to", image, failed.value());
  return image;
}

}  // namespace spillway::lab
