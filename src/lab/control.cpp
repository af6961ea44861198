#include "lab/control.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "lab/errors.h"
#include "lab/progress.h"

namespace spillway::lab {
namespace {

constexpr size_t kLongestMessage = 1 << 20;

struct Name {
  sockaddr_un address{};
  socklen_t size = 0;
};

Result<Name> name_of(const std::filesystem::path& state) {
  struct stat info {};
  if (stat(state.c_str(), &info) != 0)
    return Error{errno == ENOENT ? Kind::not_found : Kind::io, kNotUp, "no lab is up in " + state.string()};
  const std::string text = fmt::format("spillway-lab/{:x}-{:x}", info.st_dev, info.st_ino);
  Name name;
  name.address.sun_family = AF_UNIX;
  std::memcpy(name.address.sun_path + 1, text.data(),
              text.size());  // the leading zero byte makes it abstract
  name.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
  return name;
}

Fd make_socket() {
  Fd made{socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
  const int bytes = kLongestMessage;
  setsockopt(made.get(), SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
  return made;
}

Result<Json> receive(const Fd& socket) {
  std::string buffer(kLongestMessage, '\0');
  const ssize_t got = recv(socket.get(), buffer.data(), buffer.size(), 0);
  if (got <= 0) return Error{Kind::unavailable, "the lab does not answer"};
  return Json::parse(std::string_view(buffer).substr(0, static_cast<size_t>(got)));
}

Result<void> transmit(const Fd& socket, const Json& message) {
  const std::string text = message.dump();
  if (send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0)
    return Error{Kind::unavailable, fmt::format("cannot talk to the lab: {}", std::strerror(errno))};
  return {};
}

bool from_root(const Fd& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == 0;
}

void serve_client(Fd client, const std::function<Result<Json>(const Json&)>& answer) {
  if (!from_root(client)) return;
  for (;;) {
    const Result<Json> question = receive(client);
    if (!question) return;
    const Result<Json> said = answer(*question);
    if (!transmit(client, said ? *said : Json::object({{"error", error_to_json(said.error())}}))) return;
  }
}

}  // namespace

Result<Fd> claim_lab(const std::filesystem::path& state) {
  const Name name = TRY(name_of(state));
  Fd made = make_socket();
  if (bind(made.get(), reinterpret_cast<const sockaddr*>(&name.address), name.size) != 0)
    return errno == EADDRINUSE ? Error{Kind::conflict, kAlreadyUp, "a lab is already up in " + state.string()}
                               : system_error("claim", state, errno);
  return made;
}

Result<LabHandle> find_lab(const std::filesystem::path& state) {
  const Name name = TRY(name_of(state));
  LabHandle lab{make_socket()};
  if (connect(lab.socket.get(), reinterpret_cast<const sockaddr*>(&name.address), name.size) != 0)
    return Error{Kind::not_found, kNotUp, "no lab is up in " + state.string()};
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(lab.socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != 0)
    return Error{Kind::denied, kStranger, fmt::format("process {} of user {} is no lab", peer.pid, peer.uid)};
  lab.init = peer.pid;
  return lab;
}

Result<Json> ask_lab(const LabHandle& lab, const Json& question) {
  TRY(transmit(lab.socket, question));
  Json answer = TRY(receive(lab.socket));
  if (const Json* error = answer.find("error")) return error_from_json(*error);
  return answer;
}

void serve_control(const Fd& listener, const std::function<Result<Json>(const Json&)>& answer,
                   const std::function<bool()>& stopped) {
  while (!stopped()) {
    pollfd wait{listener.get(), POLLIN, 0};
    if (poll(&wait, 1, 100) <= 0) continue;
    Fd client{accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (client.valid())
      std::thread([client = std::move(client), answer]() mutable {
        serve_client(std::move(client), answer);
      }).detach();
  }
}

}  // namespace spillway::lab
