#include "fleet/daemon.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "slurm/hostlist.h"

namespace spillway::fleet {
namespace {

constexpr Code kUnsettled{"SPW-FLEET-005", "something is still in motion",
                          "spillway status tells what; run it again to go on"};
constexpr int kStrangersAtMost = 32;  // connections of users other than Slurm's and root
constexpr size_t kLineAtMost = 1 << 20;
constexpr auto kPassAtMost = std::chrono::seconds{120};

/// Which file a path names now, so that a replaced one is noticed.
std::optional<std::pair<dev_t, ino_t>> identity(const std::filesystem::path& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) return std::nullopt;
  return std::pair{facts.st_dev, facts.st_ino};
}

void reply(const Fd& fd, const Json& answer) {
  const std::string line = answer.dump() + "\n";
  if (send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL) < 0) log::debug("daemon", "a client went away");
}

/// Whether the job still waits for its nodes, by squeue's word.
bool still_configuring(const std::vector<slurm::Job>& jobs, int64_t id) {
  return std::any_of(jobs.begin(), jobs.end(),
                     [&](const slurm::Job& job) { return job.id == id && job.state == "CONFIGURING"; });
}

}  // namespace

Result<Daemon> Daemon::start(const Places& places, Reconciler& reconciler, slurm::Controller& slurm,
                             Clock& clock, Pace pace) {
  Daemon daemon{places, reconciler, slurm, clock, pace};
  daemon.wake_ = TRY(listen_for_pokes(places.wake()));
  daemon.control_ = TRY(listen_for_questions(places.control()));
  return daemon;
}

Result<Pass> Daemon::run(const Fd& stop, const std::filesystem::path& state, Until until, Deadline deadline,
                         const std::function<void()>& after_pass) {
  const auto opened = identity(state);
  Look what = Look::everything;
  for (;;) {
    if (identity(state) != opened)
      return Error{Kind::conflict, fmt::format("{} was taken away while the daemon ran", state.string())};
    const Pass pass = TRY(reconciler_.pass(deadline.sooner(kPassAtMost), what));
    after_pass();
    answer_waiters();
    if (until == Until::one_pass || (until == Until::settled && settled(pass))) return pass;
    if (deadline.expired()) return Error{Kind::timeout, kUnsettled, "not settled in time"};
    const Deadline next = Deadline::after(next_look(pass));
    bool look = pass.answered;
    what = pass.answered ? Look::machines : Look::everything;
    while (!look) {
      std::vector<pollfd> fds = {
          {stop.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}, {control_.get(), POLLIN, 0}};
      for (const Client& client : clients_) fds.push_back({client.fd.get(), POLLIN, 0});
      const Deadline wake = anyone_waits() ? next.sooner(pace_.waited_for) : next;
      const int ready = poll(fds.data(), fds.size(), static_cast<int>(wake.remaining().count()));
      if (ready == 0 && !next.expired() && !someone_is_ready()) continue;
      if (ready == 0) break;
      if (ready < 0) continue;
      if (fds[0].revents) return pass;
      if (fds[1].revents) {
        std::array<char, 16> pokes;
        while (recv(wake_.get(), pokes.data(), pokes.size(), 0) > 0) {
        }
        look = true;
        what = Look::slurm;
      }
      size_t i = 3;
      const bool waited = anyone_waits();
      for (auto client = clients_.begin(); client != clients_.end(); ++i) {
        if (fds[i].revents) read_from(*client);
        client = client->fd.valid() ? std::next(client) : clients_.erase(client);
      }
      if (fds[2].revents) accept_clients();
      if (anyone_waits() && !waited) look = true;  // look at the busy pace from now on
    }
  }
}

Duration Daemon::next_look(const Pass& pass) {
  failures_ = pass.failures > 0 && pass.steps == 0 ? failures_ + 1 : 0;
  const Duration usual = pass.in_motion || anyone_waits() ? pace_.busy : pace_.idle;
  if (failures_ == 0) return usual;
  const Duration patience = pace_.after_failure * (1 << std::min(failures_ - 1, 6));
  return std::min(patience, pace_.idle);
}

void Daemon::accept_clients() {
  for (;;) {
    Fd fd{accept4(control_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!fd.valid()) return;
    ucred peer{};
    socklen_t size = sizeof peer;
    getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
    const bool trusted = peer.uid == 0 || peer.uid == geteuid();
    // Anybody may ask, so strangers share few places: who came first goes. Slurm's own hooks are never sent
    // away.
    const auto strangers =
        std::count_if(clients_.begin(), clients_.end(), [](const Client& c) { return !c.trusted; });
    if (!trusted && strangers >= kStrangersAtMost)
      clients_.erase(
          std::find_if(clients_.begin(), clients_.end(), [](const Client& c) { return !c.trusted; }));
    clients_.push_back(Client{.fd = std::move(fd), .trusted = trusted, .uid = peer.uid});
  }
}

void Daemon::read_from(Client& client) {
  std::array<char, 4096> buffer;
  const ssize_t got = recv(client.fd.get(), buffer.data(), buffer.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0 || client.received.size() > kLineAtMost) return client.fd.reset();
  client.received.append(buffer.data(), static_cast<size_t>(got));
  if (const size_t end = client.received.find('\n'); end != std::string::npos) {
    const std::string line = client.received.substr(0, end);
    client.received.erase(0, end + 1);
    answer_question(client, line);
  }
}

void Daemon::answer_question(Client& client, const std::string& line) {
  const auto question = Json::parse(line);
  if (question && client.trusted && (*question)["ask"].as_string() == "wait-job") {
    if (auto nodes = slurm::expand((*question)["nodes"].as_string())) {
      client.job = parse_int((*question)["job"].as_string()).value_or(0);
      client.nodes = *std::move(nodes);
      client.waiting = true;
      return;
    }
  }
  if (question && (*question)["ask"].as_string() == "ping")
    return reply(client.fd, Json::object({{"ok", true}}));
  if (question && data_ && (*question)["ask"].as_string() == "data") {
    const auto report =
        data_((*question)["job"].as_string(), client.trusted ? std::nullopt : std::optional(client.uid));
    reply(client.fd, report ? *report : Json::object({{"error", report.error().what}}));
    return client.fd.reset();
  }
  reply(client.fd, Json::object({{"error", "not a question that the daemon knows"}}));
  client.fd.reset();
}

bool Daemon::anyone_waits() const {
  return std::any_of(clients_.begin(), clients_.end(), [](const Client& client) { return client.waiting; });
}

bool Daemon::someone_is_ready() {
  std::vector<NodeName> waited_for;
  for (const Client& client : clients_)
    if (client.waiting) waited_for.insert(waited_for.end(), client.nodes.begin(), client.nodes.end());
  if (waited_for.empty()) return false;
  const auto seen = slurm_.nodes(waited_for, Deadline::after(std::chrono::seconds{10}));
  if (!seen) return false;  // the next pass tells why
  std::map<NodeName, bool> up;
  for (const slurm::Node& node : *seen) up[node.name] = node.state.is_registered();
  return std::any_of(clients_.begin(), clients_.end(), [&](const Client& client) {
    return client.waiting && std::all_of(client.nodes.begin(), client.nodes.end(),
                                         [&](const NodeName& name) { return up[name]; });
  });
}

void Daemon::answer_waiters() {
  if (!anyone_waits() || !reconciler_.world().slurm) return;
  const auto& nodes = *reconciler_.world().slurm;
  std::optional<std::vector<slurm::Job>> jobs;
  for (auto client = clients_.begin(); client != clients_.end();) {
    if (!client->waiting) {
      ++client;
      continue;
    }
    // A node that is not of our groups is on-premises and up already.
    const bool up = std::all_of(client->nodes.begin(), client->nodes.end(), [&](const NodeName& name) {
      const auto node = nodes.find(name);
      return node == nodes.end() || node->second.state.is_registered();
    });
    if (!up && !jobs) {
      if (auto seen = slurm_.jobs(Deadline::after(std::chrono::seconds{10}))) jobs = *std::move(seen);
    }
    const bool left = !up && jobs && !still_configuring(*jobs, client->job);
    if (!up && !left) {
      ++client;
      continue;
    }
    reply(client->fd, Json::object({{"ready", up},
                                    {"why", up ? "the nodes are up" : "the job no longer waits for them"}}));
    client = clients_.erase(client);
  }
}

}  // namespace spillway::fleet
