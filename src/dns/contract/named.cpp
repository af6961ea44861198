#include "dns/contract/named.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/crypto.h"
#include "base/ids.h"

namespace spillway::dns {
namespace {

constexpr const char* kNamed = "/usr/sbin/named";

/// A port that nobody has right now; another process may take it before named does, who then starts anew.
int free_port() {
  const Fd fd{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) return 0;
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

}  // namespace

Key random_key(const std::string& name, Algorithm algorithm) {
  return {name, algorithm, Secret{random_bytes(32)}};
}

std::string key_text(const Key& key) {
  return fmt::format("key \"{}\" {{\n  algorithm {};\n  secret \"{}\";\n}};\n", key.name,
                     to_string(key.algorithm), to_base64(key.secret.reveal()));
}

std::string Named::server() const {
  return fmt::format("127.0.0.1:{}", port_);
}

Result<std::unique_ptr<Named>> Named::start(const std::vector<std::string>& zones,
                                            const std::vector<Key>& keys, const Key& no_policy) {
  std::unique_ptr<Named> named{new Named};
  named->folder_ = std::filesystem::temp_directory_path() / ("spillway-named-" + make_uuid());
  std::filesystem::create_directory(named->folder_);
  std::string grants, conf = key_text(no_policy);
  for (const Key& key : keys) {
    conf += key_text(key);
    grants += fmt::format("grant {} zonesub A AAAA PTR TXT; ", key.name);
  }
  std::string zone_parts;
  for (const std::string& zone : zones) {
    TRY(write_file_atomically(named->folder_ / (zone + ".zone"),
                              "$TTL 60\n@ IN SOA ns.lab. admin.lab. 1 60 60 3600 5\n@ IN NS ns.lab.\n"));
    zone_parts += fmt::format(
        "zone \"{0}\" {{ type primary; file \"{0}.zone\"; update-policy {{ {1} }}; allow-transfer {{ none; "
        "}}; "
        "}};\n",
        zone, grants);
  }
  for (int attempt = 0; attempt < 5; ++attempt) {
    named->port_ = free_port();
    TRY(write_file_atomically(named->folder_ / "named.conf",
                              fmt::format(R"({}
options {{
  directory "{}"; pid-file none; session-keyfile none; lock-file none;
  listen-on port {} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion no; dnssec-validation no; empty-zones-enable no; notify no;
}};
controls {{ }};
{})",
                                          conf, named->folder_.string(), named->port_, zone_parts)));
    if (named->run()) return named;
  }
  return Error{Kind::io, "named does not start:\n" + named->text_};
}

Result<void> Named::run() {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("make a pipe for", kNamed, errno);
  log_ = Fd{ends[0]};
  const Fd write_end{ends[1]};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), 2);
  const std::string conf = folder_ / "named.conf";
  std::array<const char*, 5> argv = {kNamed, "-g", "-c", conf.c_str(), nullptr};
  const int failed = posix_spawn(&pid_, kNamed, &actions, nullptr, const_cast<char**>(argv.data()), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return system_error("run", kNamed, failed);
  const_cast<Fd&>(write_end).reset();
  text_.clear();
  std::array<char, 4096> buffer;
  // It says so when it answers, or ends and closes the pipe.
  for (ssize_t got; (got = read(log_.get(), buffer.data(), buffer.size())) > 0;) {
    text_.append(buffer.data(), static_cast<size_t>(got));
    if (text_.find("running\n") == std::string::npos) continue;
    if (text_.find("address in use") != std::string::npos) break;
    drain_ = std::thread([this] {
      std::array<char, 4096> rest;
      while (read(log_.get(), rest.data(), rest.size()) > 0) {
      }
    });
    return {};
  }
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
  return Error{Kind::io, "named ended"};
}

Named::~Named() {
  if (pid_ != 0) {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  if (drain_.joinable()) drain_.join();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace spillway::dns
