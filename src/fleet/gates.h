#pragma once
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/time.h"

// Why nothing may be launched now, and what must be left alone. A closed gate costs nothing and loses
// nothing: wishes wait until it opens.
namespace spillway::fleet {

struct Gate {
  enum class What { tunnel, clock, credentials, budget };
  What what = What::tunnel;
  std::string reason;
  Time since{};
  bool operator==(const Gate&) const = default;
};
std::string_view to_string(Gate::What what);
Json to_json(const std::vector<Gate>& gates);

/// The way to the cloud's hosts. The seam behind which tests take the tunnel down.
class Tunnel {
 public:
  virtual ~Tunnel() = default;
  /// Whether its far end answers now. Takes no longer than about a second.
  virtual bool answers() = 0;
};

/// What other parts of the house know that decides here.
struct Inputs {
  std::optional<std::string> over_budget;  // why no more money may be spent
  std::set<NodeName> staging_out;          // nodes whose results are not safe yet
};

/// Remembers what was seen of the gates from one look to the next.
class Gatekeeper {
 public:
  struct Patience {
    int misses = 3;                                  // looks in a row without an answer: the tunnel is down
    Duration thaw = std::chrono::seconds{60};        // after it healed: Slurm sees its nodes again
    Duration clock_off = std::chrono::seconds{120};  // munge refuses at 300 s, EC2 too
  };
  Gatekeeper() = default;
  explicit Gatekeeper(Patience patience) : patience_(patience) {}

  /// Asks the tunnel, if there is one, as often as it takes to be sure.
  void look_at_tunnel(Tunnel* tunnel, Time now);
  /// The clock of AWS minus ours; nothing while it is unknown.
  void look_at_clock(std::optional<Duration> offset, Time now);
  /// AWS refused the credentials, or took them.
  void look_at_credentials(std::optional<std::string> refused, Time now);
  void look_at_budget(std::optional<std::string> over, Time now);

  const std::vector<Gate>& closed() const { return closed_; }
  /// Whether Slurm's picture of the cloud is not to be acted on: the tunnel is down, or was a moment ago.
  bool frozen(Time now) const;

 private:
  void set(Gate::What what, std::optional<std::string> reason, Time now);
  Patience patience_;
  std::vector<Gate> closed_;
  std::optional<Time> healed_at_;
};

}  // namespace spillway::fleet
