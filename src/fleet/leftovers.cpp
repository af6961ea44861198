#include "fleet/leftovers.h"

#include "base/log.h"

namespace spillway::fleet {
namespace {

constexpr Duration kLookEvery = std::chrono::minutes{10};
constexpr Duration kUploadMayTake =
    std::chrono::hours{24};  // an upload is cheap to keep and dear to send again

void tell(const Error& error) {
  log::warning("fleet", "{}", to_string(error));
}

/// Of our launches alone: the gateway's and the image builder's parts have other kinds, other clusters
/// another uuid.
std::vector<aws::Filter> ours(const Policy& policy) {
  return {{"tag:spillway:cluster", {policy.cluster.value}},
          {"tag:spillway:kind", {"volume", "network-interface"}}};
}

Result<void> note(Journal& journal, Time now, std::string_view what, const std::string& id) {
  log::info("fleet", "deletes {} {}: it carries our tag and belongs to nothing", what, id);
  return journal.note({.at = now, .event = "left-over", .detail = fmt::format("{} {}", what, id)});
}

Result<size_t> sweep_uploads(Journal& journal, Outside& outside, const Policy& policy, Time now,
                             Deadline deadline) {
  if (!outside.bucket) return 0;
  const auto found =
      outside.bucket->unfinished_uploads(policy.cluster.value + "/", now - kUploadMayTake, deadline);
  if (!found) return tell(Error{found.error()}.during("look for unfinished uploads")), 0;
  size_t gone = 0;
  for (const auto& upload : *found) {
    TRY(note(journal, now, "upload", upload.key));
    if (const auto done = outside.bucket->abort(upload, deadline); done)
      ++gone;
    else
      tell(done.error());
  }
  return gone;
}

}  // namespace

std::string to_text(const LeftoversSeen& seen) {
  Json since = Json::object();
  for (const auto& [id, at] : seen.since) since.set(id, to_iso8601(at));
  return Json::object({{"looked_at", to_iso8601(seen.looked_at)}, {"since", std::move(since)}}).dump();
}

Result<LeftoversSeen> read_leftovers_seen(const std::string& text) {
  LeftoversSeen seen;
  if (text.empty()) return seen;
  const Json json = TRY(Json::parse(text));
  seen.looked_at = TRY(parse_iso8601(json["looked_at"].as_string()));
  for (const auto& [id, at] : json["since"].members()) seen.since[id] = TRY(parse_iso8601(at.as_string()));
  return seen;
}

std::vector<aws::Leftover> due(const std::vector<aws::Leftover>& found, LeftoversSeen& seen, Time now,
                               Duration grace) {
  std::vector<aws::Leftover> out;
  std::map<std::string, Time> since;
  for (const aws::Leftover& one : found) {
    const auto known = seen.since.find(one.id);
    since[one.id] = known == seen.since.end() ? now : known->second;
    if (now - since[one.id] >= grace) out.push_back(one);
  }
  seen = {.looked_at = now, .since = std::move(since)};
  return out;
}

Result<size_t> sweep_leftovers(Journal& journal, Outside& outside, const Policy& policy, Deadline deadline) {
  const Time now = outside.clock.now();
  LeftoversSeen seen = read_leftovers_seen(TRY(journal.leftovers())).value_or(LeftoversSeen{});
  if (now - seen.looked_at < kLookEvery) return 0;
  std::vector<aws::Leftover> found;
  std::map<std::string, aws::Ec2*> where;
  for (const auto& [cloud, ec2] : outside.ec2) {
    const auto there = ec2->leftovers(ours(policy), deadline);
    // Without a whole view, what one account lacks would begin its time anew; the next look is soon enough.
    if (!there) return tell(Error{there.error()}.during("look for what machines left behind")), 0;
    for (const aws::Leftover& one : *there) where[one.id] = ec2;
    found.insert(found.end(), there->begin(), there->end());
  }
  const auto going = due(found, seen, now, policy.leftover_grace);
  TRY(journal.set_leftovers(to_text(seen)));
  size_t gone = 0;
  for (const aws::Leftover& one : going) {
    TRY(note(journal, now, one.what == aws::Leftover::What::volume ? "volume" : "network interface", one.id));
    if (const auto done = where[one.id]->discard(one, deadline); done)
      ++gone;
    else
      tell(done.error());
  }
  return gone + TRY(sweep_uploads(journal, outside, policy, now, deadline));
}

}  // namespace spillway::fleet
