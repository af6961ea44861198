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
  Duration waited_for =
      std::chrono::milliseconds{250};  // between looks at Slurm alone while a job waits for nodes
  Duration after_failure = std::chrono::seconds{2};  // doubled with each failure in a row, up to `idle`
};

/// When the loop ends by itself.
enum class Until { stopped, settled, one_pass };

/// The loop: waits for wishes, questions and time; runs a pass after each. One thread; a question is answered
/// between passes.
class Daemon {
 public:
  /// Opens the sockets. The caller holds the lock. Errors: SPW-FLEET-003.
  static Result<Daemon> start(const Places& places, Reconciler& reconciler, slurm::Controller& slurm,
                              Clock& clock, Pace pace);

  /// Who answers what users ask of a job's data: of all users', or of one's only.
  using DataAnswer = std::function<Result<Json>(const std::string& job, std::optional<uid_t> only)>;
  void answer_data(DataAnswer answer) { data_ = std::move(answer); }

  /// Runs until `stop` becomes readable or `until` is reached, and returns the last pass. `after_pass` is
  /// called after each. Errors: conflict (the state file was taken away: the caller opens a new one), timeout
  /// (SPW-FLEET-005: still in motion at `deadline`), and what makes the journal or the spool unusable.
  Result<Pass> run(const Fd& stop, const std::filesystem::path& state, Until until, Deadline deadline,
                   const std::function<void()>& after_pass);

 private:
  struct Client {
    Fd fd;
    bool trusted = false;  // SlurmUser or root
    uid_t uid = 0;
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
  /// Whether some waiter's nodes are up: a look at those in Slurm and at nothing else.
  bool someone_is_ready();
  bool settled(const Pass& pass) const {
    return !pass.in_motion && !pass.answered && pass.failures == 0 && !anyone_waits();
  }
  Duration next_look(const Pass& pass);

  Places places_;
  Reconciler& reconciler_;
  slurm::Controller& slurm_;
  Clock& clock_;
  Pace pace_;
  Fd wake_, control_;
  std::list<Client> clients_;
  DataAnswer data_;
  int failures_ = 0;
};

}  // namespace spillway::fleet
