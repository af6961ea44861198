#pragma once
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/time.h"
#include "staging/directives.h"
#include "staging/job_key.h"

// What the journal remembers of jobs' data. One item is one directive of one run:
//
//   in:   wanted ──► uploading ──► staged ──► fetched                     uploading falls back to wanted when
//   it was interrupted out:  wanted ──► pushed ──► committed ──► pulled ──► VERIFIED         pushed: the node
//   has begun
//            │          │           ▲
//            │          └──► LOST ──┘  a marker that turns up later still counts
//            └──► skipped              on=success, and the job failed
//
// Only VERIFIED permits the bucket's copy to go. Teardown, hurry, timeouts and restarts change no state at
// all.
namespace spillway::staging {

enum class ItemState {
  wanted,
  uploading,
  staged,
  fetched,
  pushed,
  committed,
  pulled,
  verified,
  lost,
  skipped
};
std::string_view to_string(ItemState state);
std::optional<ItemState> item_state(std::string_view text);
/// Whether an item of this direction may go from one state to the other.
bool may_become(Direction direction, ItemState from, ItemState to);

struct Item {
  Direction direction = Direction::in;
  int number = 0;              // of its direction, from 1
  std::string source, target;  // expanded
  When when = When::always;
  ItemState state = ItemState::wanted;
  std::string prefix;  // in the bucket; an input's is known once it was looked at
  int64_t files = 0, bytes = 0;
  std::string error;              // the last one; cleared by the next step that succeeds
  std::vector<std::string> lost;  // names, when LOST
  Time updated_at{};
  bool settled() const {
    return direction == Direction::in
               ? state == ItemState::fetched
               : state == ItemState::verified || state == ItemState::lost || state == ItemState::skipped;
  }
  bool operator==(const Item&) const = default;
};

struct JobData {
  JobRun run;
  gid_t gid = 0;
  std::string user, folder;      // folder: the job's working directory
  std::vector<NodeName> nodes;   // where it ran, once it did
  int exit_code = -1;            // -1: not known
  Time wished_at{}, ended_at{};  // ended_at: Slurm said that the job is over
  Time access_until{};           // of the credentials that its nodes have
  std::vector<Item> items;
  bool operator==(const JobData&) const = default;

  bool has(Direction direction) const;
  /// Its results are at home, verified, or known to be lost.
  bool settled() const;
  /// It ran, and some of its results are neither in the bucket nor given up: its nodes must stay.
  bool needs_nodes() const;
};

Json to_json(const JobData& job);

}  // namespace spillway::staging
