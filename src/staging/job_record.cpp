#include "staging/job_record.h"

#include <algorithm>
#include <array>

namespace spillway::staging {
namespace {

using S = ItemState;
constexpr std::array<std::pair<S, std::string_view>, 10> kWords = {{{S::wanted, "wanted"},
                                                                    {S::uploading, "uploading"},
                                                                    {S::staged, "staged"},
                                                                    {S::fetched, "fetched"},
                                                                    {S::pushed, "pushed"},
                                                                    {S::committed, "committed"},
                                                                    {S::pulled, "pulled"},
                                                                    {S::verified, "VERIFIED"},
                                                                    {S::lost, "LOST"},
                                                                    {S::skipped, "skipped"}}};
struct Step {
  S from, to;
};
constexpr Step kIn[] = {{S::wanted, S::uploading}, {S::uploading, S::wanted}, {S::wanted, S::staged},
                        {S::uploading, S::staged}, {S::staged, S::fetched},   {S::staged, S::wanted}};
constexpr Step kOut[] = {{S::wanted, S::pushed},    {S::wanted, S::committed}, {S::wanted, S::skipped},
                         {S::wanted, S::lost},      {S::pushed, S::committed}, {S::pushed, S::lost},
                         {S::committed, S::pulled}, {S::pulled, S::verified},  {S::pulled, S::committed},
                         {S::lost, S::committed}};

}  // namespace

std::string_view to_string(ItemState state) {
  return std::find_if(kWords.begin(), kWords.end(), [&](const auto& word) { return word.first == state; })
      ->second;
}

std::optional<ItemState> item_state(std::string_view text) {
  for (const auto& [state, word] : kWords)
    if (word == text) return state;
  return std::nullopt;
}

bool may_become(Direction direction, ItemState from, ItemState to) {
  const auto fits = [&](const Step& step) { return step.from == from && step.to == to; };
  return direction == Direction::in ? std::any_of(std::begin(kIn), std::end(kIn), fits)
                                    : std::any_of(std::begin(kOut), std::end(kOut), fits);
}

bool JobData::has(Direction direction) const {
  return std::any_of(items.begin(), items.end(),
                     [&](const Item& item) { return item.direction == direction; });
}

bool JobData::settled() const {
  return std::all_of(items.begin(), items.end(),
                     [](const Item& item) { return item.direction == Direction::in || item.settled(); });
}

bool JobData::needs_nodes() const {
  return !nodes.empty() && std::any_of(items.begin(), items.end(), [](const Item& item) {
    return item.direction == Direction::out && (item.state == S::wanted || item.state == S::pushed);
  });
}

Json to_json(const JobData& job) {
  Json items = Json::array(), nodes = Json::array();
  for (const NodeName& node : job.nodes) nodes.push(node.value);
  for (const Item& item : job.items) {
    Json lost = Json::array();
    for (const std::string& name : item.lost) lost.push(name);
    items.push(Json::object({{"direction", to_string(item.direction)},
                             {"number", item.number},
                             {"source", item.source},
                             {"target", item.target},
                             {"on", item.when == When::success ? "success" : "always"},
                             {"state", to_string(item.state)},
                             {"prefix", item.prefix},
                             {"files", item.files},
                             {"bytes", item.bytes},
                             {"error", item.error},
                             {"lost", std::move(lost)},
                             {"updated_at", to_iso8601(item.updated_at)}}));
  }
  return Json::object({{"job", job.run.name()},
                       {"job_id", job.run.job},
                       {"restart", job.run.restart},
                       {"attempt", job.run.attempt},
                       {"user", job.user},
                       {"uid", static_cast<int64_t>(job.run.uid)},
                       {"nodes", std::move(nodes)},
                       {"exit_code", job.exit_code < 0 ? Json() : Json(job.exit_code)},
                       {"settled", job.settled()},
                       {"items", std::move(items)}});
}

}  // namespace spillway::staging
