#pragma once
#include <functional>
#include <list>

#include "fleet/places.h"
#include "fleet/reconciler.h"
#include "fleet/socket.h"

namespace spillway::fleet {

/// How often the daemon looks when nobody wakes it.
struct Pace {
  Duration busy = std::chrono::seconds{1};  // while something is in motion
  Duration idle = std::chrono::seconds{15};
  Duration after_failure = std::chrono::seconds{2};  // doubled with each failure in a row, up to `idle`
};

/// The loop: waits for wishes, questions and time; runs a pass after each. One thread; a question is answered
/// between passes.
class Daemon {
 public:
  /// Opens the sockets. The caller holds the lock. Errors: SPW-FLEET-003.
  static Result<Daemon> start(const Places& places, Reconciler& reconciler, slurm::Controller& slurm,
                              Clock& clock, Pace pace);

  /// Runs until `stop` becomes readable or the state file is taken away (then: conflict, so that the caller
  /// opens a new one). `after_pass` is called after each pass.
  Result<void> run(const Fd& stop, const std::filesystem::path& state,
                   const std::function<void()>& after_pass);

 private:
  struct Client {
    Fd fd;
    std::string received;
    bool waiting = false;  // for a job's nodes
    int64_t job = 0;
    std::vector<NodeName> nodes;
  };

  Daemon(const Places& places, Reconciler& reconciler, slurm::Controller& slurm, Clock& clock, Pace pace)
      : places_(places), reconciler_(reconciler), slurm_(slurm), clock_(clock), pace_(pace) {}
  void accept_clients();
  void read_from(Client& client);
  void answer_question(Client& client, const std::string& line);
  /// Answers those whose nodes are up, or whose job no longer waits for them.
  void answer_waiters();
  bool anyone_waits() const;
  Duration next_look(const Pass& pass);

  Places places_;
  Reconciler& reconciler_;
  slurm::Controller& slurm_;
  Clock& clock_;
  Pace pace_;
  Fd wake_, control_;
  std::list<Client> clients_;
  int failures_ = 0;
};

}  // namespace spillway::fleet
