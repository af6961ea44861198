#pragma once
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dns/session.h"
#include "dns/update.h"

namespace spillway::dns {

/// What is to become of one name: its records, and the TXT record that says whose they are.
struct Change {
  enum class Action { put, remove };
  enum class State { untried, free, ours, other, done, foreign };

  NodeName node;
  std::string name;
  Action action = Action::put;
  std::vector<std::pair<Type, std::string>> records;
  std::string owner;  // the TXT record's data
  State state = State::untried;
  std::vector<std::string> seen;  // the data of every TXT record at the name
  int looks = 0;

  bool open() const { return state != State::done && state != State::foreign; }
};

/// One zone's names that are ours, by their TXT records.
///
///   untried ──attempt──▶ done
///      └ refused ──look──▶ free, ours or other ──settle──▶ done, or foreign
///
/// A message is all or nothing, so one name that is not ours refuses hundreds. Errors of all: those of
/// Session::ask, and what rcode_error makes of a refusal that is no failed prerequisite.
class OwnedZone {
 public:
  /// `prefix` begins the text of every TXT record of ours: "spillway <cluster> ".
  OwnedZone(Session& session, std::string zone, std::string prefix, uint32_t ttl_s)
      : session_(session), zone_(std::move(zone)), prefix_(std::move(prefix)), ttl_s_(ttl_s) {}

  /// Tries all of them as what is most likely: names to put are free, names to remove are ours.
  Result<void> attempt(std::span<Change> changes, Deadline deadline);
  /// As attempt(), for these changes and those of another zone of the same server at once: it works on both
  /// side by side.
  Result<void> attempt_with(std::span<Change> changes, OwnedZone& other, std::span<Change> its_changes,
                            Deadline deadline);
  /// Reads the TXT records of the open ones.
  Result<void> look(std::vector<Change>& changes, Deadline deadline);
  /// Tries the open ones, which were looked at, until none is.
  Result<void> settle(std::vector<Change>& changes, Deadline deadline);
  /// All of it.
  Result<void> apply(std::vector<Change>& changes, Deadline deadline);

  /// The instance that a TXT record of ours names; empty when it is not one of ours.
  std::string instance_of(std::string_view text_data) const;

 private:
  using Batch = std::vector<Change*>;
  /// Messages, and what each is about.
  struct Attempt {
    std::vector<Batch> batches;
    std::vector<std::string> messages;
  };
  static Batch open_of(std::span<Change> changes);
  /// The messages that try these changes as what they were seen to be.
  Result<Attempt> prepare(const Batch& changes) const;
  /// Sends them. What worked is done; returns what a prerequisite refused.
  Result<std::vector<Batch>> send(const Attempt& attempt, Deadline deadline);
  /// What the answers to an attempt say, as send().
  Result<std::vector<Batch>> take(const Attempt& attempt, std::span<const Message> answers) const;
  Result<void> look_at(const Batch& changes, Deadline deadline);
  Result<void> write(const Change& change, Update& update) const;
  /// A single change was refused although it had been looked at: somebody else is at work, or it is foreign.
  Result<void> judge(Change& change, Deadline deadline);

  Session& session_;
  std::string zone_, prefix_;
  uint32_t ttl_s_;
};

}  // namespace spillway::dns
