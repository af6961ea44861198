#include <algorithm>
#include <set>

#include "base/log.h"
#include "staging/codes.h"
#include "staging/job_codes.h"
#include "staging/stager.h"
#include "staging/with_sessions.h"

namespace spillway::staging {
namespace {

constexpr size_t kMostNames = 10'000;  // of lost files, in the journal

bool awaits_marker(const Item& item) {
  return item.direction == Direction::out &&
         (item.state == ItemState::wanted || item.state == ItemState::pushed ||
          item.state == ItemState::lost);
}

bool to_be_pulled(const Item& item) {
  return item.direction == Direction::out &&
         (item.state == ItemState::committed || item.state == ItemState::pulled);
}

}  // namespace

Result<void> Stager::stage_out(const JobRun& run, const NodesLook& look, Deadline deadline) {
  std::optional<Error> waits, failed, lost;
  for (JobData& job : TRY(journal_.runs(run.name()))) {
    if (job.run != run) continue;
    for (Item& item : job.items) {
      if (awaits_marker(item))
        if (auto looked = look_for_marker(job, item, look, deadline); !looked) waits = looked.error();
      if (to_be_pulled(item))
        if (auto pulled = pull(job, item, deadline); !pulled)
          failed = keep_note(job, item, std::move(pulled).error());
      if (item.state == ItemState::lost)
        lost = Error{Kind::partial, kLost,
                     fmt::format("job {} lost {} of {}", run.name(), item.lost.size(), item.source)};
    }
  }
  if (failed) return *failed;
  if (waits) return *waits;
  if (lost) return *lost;
  return {};
}

Result<std::vector<JobRun>> Stager::tend_markers(const NodesLook& look, Deadline deadline) {
  std::vector<JobRun> out;
  for (JobData& job : TRY(journal_.open_runs())) {
    if (!job.nodes.empty() && job.ended_at == Time{} &&
        std::none_of(job.nodes.begin(), job.nodes.end(),
                     [&](const NodeName& node) { return look(node).busy; })) {
      // Nobody told us of its end: the hook was lost. The wait for its results is bounded all the same.
      TRY(journal_.ended(job.run, -1, clock_.now()));
      job.ended_at = clock_.now();
    }
    for (Item& item : job.items) {
      if (job.ended_at != Time{} && awaits_marker(item))
        if (const auto looked = look_for_marker(job, item, look, deadline);
            !looked && looked.error().code != kNotCommitted.id)
          log::warning("staging", "{}", to_string(looked.error()));
      if (to_be_pulled(item) && (out.empty() || out.back() != job.run)) out.push_back(job.run);
    }
  }
  return out;
}

/// The marker is read before anything is concluded from the node's end, so that a node that committed and
/// went is not called lost.
Result<void> Stager::look_for_marker(const JobData& job, Item& item, const NodesLook& look,
                                     Deadline deadline) {
  const auto text = bucket_.get(commit_key(settings_.cluster, job.run, item.number), deadline);
  const bool unwanted = item.when == When::success && item.state == ItemState::wanted && job.exit_code > 0;
  if (unwanted && (text || text.error().kind == Kind::not_found))
    return journal_.advance(job.run, item, ItemState::skipped, clock_.now());
  if (text) {
    const CommitMarker marker = TRY(read_marker(*text));
    item.files = marker.files;
    item.bytes = marker.bytes;
    item.lost.clear();
    if (marker.exit_code >= 0 && job.exit_code < 0)
      TRY(journal_.ended(job.run, marker.exit_code, clock_.now()));
    return journal_.advance(job.run, item, ItemState::committed, clock_.now());
  }
  if (text.error().kind != Kind::not_found) return text.error();  // not seen is not lost
  if (item.state == ItemState::lost) return {};
  const bool gone = !job.nodes.empty() && std::none_of(job.nodes.begin(), job.nodes.end(),
                                                       [&](const NodeName& node) { return look(node).live; });
  if (gone) return give_up(job, item, "its node ended", deadline);
  if (job.ended_at != Time{} && clock_.now() - job.ended_at > settings_.commit_wait)
    return give_up(job, item, "its node did not commit them in time", deadline);
  return Error{Kind::unavailable, kNotCommitted,
               fmt::format("{} of job {} is not in the bucket yet", item.source, job.run.name())};
}

Result<void> Stager::give_up(const JobData& job, Item& item, std::string_view why, Deadline deadline) {
  const std::vector<std::string> keys = TRY(bucket_.list(item.prefix, deadline));
  const std::set<std::string> there(keys.begin(), keys.end());
  item.lost.clear();
  size_t named = 0;
  const auto listing = bucket_.get(listing_key(settings_.cluster, job.run, item.number), deadline);
  if (!listing && listing.error().kind != Kind::not_found) return listing.error();
  if (listing) {
    const Json names = TRY(Json::parse(*listing));
    for (const Json& name : names.items()) {
      if (there.contains(item.prefix + name.as_string())) continue;
      if (++named <= kMostNames) item.lost.push_back(name.as_string());
    }
    if (named > kMostNames) item.lost.push_back(fmt::format("and {} more", named - kMostNames));
  }
  // Nothing was heard of it, or it was uploaded and not confirmed: then all of it is in doubt.
  if (item.lost.empty()) item.lost.push_back(item.source);
  log::error("staging", "LOST: {} of job {}: {}; {} objects are under {}", item.source, job.run.name(), why,
             keys.size(), item.prefix);
  return journal_.advance(job.run, item, ItemState::lost, clock_.now());
}

Result<void> Stager::pull(const JobData& job, Item& item, Deadline deadline) {
  const auto step = [&](ItemState to) { return journal_.advance(job.run, item, to, clock_.now()); };
  if (item.state == ItemState::pulled) TRY(step(ItemState::committed));  // whoever did it was killed
  const CommitMarker marker =
      TRY(read_marker(TRY(bucket_.get(commit_key(settings_.cluster, job.run, item.number), deadline))));
  const MoveSummary got = TRY(with_sessions(
      access_, clock_, grant_pull(job.run, settings_.cluster), deadline,
      [&](const aws::Credentials& session) {
        return mover_.down({job.run.uid, job.gid, job.user}, {item.target, item.prefix, session}, deadline);
      }));
  if (got.manifest_sha256 != marker.manifest_sha256 || got.files != marker.files || got.bytes != marker.bytes)
    return Error{Kind::internal, kWrongContent,
                 fmt::format("{} of job {}: {} files, {} bytes are not the {} and {} that the node committed",
                             item.source, job.run.name(), got.files, got.bytes, marker.files, marker.bytes)};
  item.files = got.files;
  item.bytes = got.bytes;
  TRY(step(ItemState::pulled));
  return step(ItemState::verified);
}

}  // namespace spillway::staging
