#include "base/json.h"
#include "staging/job_access.h"
#include "staging/job_codes.h"
#include "staging/move_as.h"

namespace spillway::staging {
namespace {

Kind kind_of(std::string_view word) {
  for (int i = 0; i <= static_cast<int>(Kind::internal); ++i)
    if (to_string(static_cast<Kind>(i)) == word) return static_cast<Kind>(i);
  return Kind::internal;
}

/// The answer's last line: what came before it is not ours.
Result<Json> read_answer(const std::string& text) {
  const auto answer = Json::parse(text);
  if (!answer || !answer->is_object())
    return Error{Kind::unavailable, kBadOrder, "the program that moves data ended without an answer"};
  if (!answer->contains("error")) return *answer;
  Error error{kind_of((*answer)["kind"].as_string()), (*answer)["error"].as_string()};
  error.code = (*answer)["code"].as_string();
  error.why = (*answer)["why"].as_string();
  error.fix = (*answer)["fix"].as_string();
  return error;
}

}  // namespace

Result<TreeLook> OrderMover::look(const Who& who, const std::filesystem::path& local, Deadline deadline) {
  const Json order = Json::object({{"do", "look"}, {"local", local.string()}});
  const Json answer = TRY(read_answer(TRY(send_(who.uid, order.dump(), deadline))));
  return TreeLook{answer["fingerprint"].as_string(), answer["files"].as_int(), answer["bytes"].as_int()};
}

Result<MoveSummary> OrderMover::up(const Who& who, const MoveOrder& order, Deadline deadline) {
  return move("up", who, order, {}, deadline);
}
Result<MoveSummary> OrderMover::down(const Who& who, const MoveOrder& order, Deadline deadline) {
  return move("down", who, order, {}, deadline);
}
Result<MoveSummary> OrderMover::push(const Who& who, const MoveOrder& order, const Marks& marks,
                                     Deadline deadline) {
  return move("up", who, order, marks, deadline);
}

Result<MoveSummary> OrderMover::move(std::string_view what, const Who& who, const MoveOrder& order,
                                     const Marks& marks, Deadline deadline) {
  const Json text = Json::object({{"do", what},
                                  {"local", order.local.string()},
                                  {"prefix", order.prefix},
                                  {"bucket", place_.bucket},
                                  {"region", place_.region},
                                  {"endpoint_url", place_.endpoint_url},
                                  {"ca_bundle", place_.ca_bundle},
                                  {"listing", marks.listing_key},
                                  {"commit", marks.commit_key},
                                  {"exit_code", marks.exit_code},
                                  {"session", to_json(order.session)}});
  const Json answer = TRY(read_answer(TRY(send_(who.uid, text.dump(), deadline))));
  return MoveSummary{answer["files"].as_int(), answer["bytes"].as_int(),
                     answer["manifest_sha256"].as_string()};
}

}  // namespace spillway::staging
