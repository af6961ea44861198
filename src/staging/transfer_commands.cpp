#include "staging/transfer_commands.h"

#include <signal.h>

#include "base/json.h"
#include "staging/codes.h"
#include "staging/sync_command.h"

namespace spillway::staging {
namespace {

/// A copy that says it runs, and whose process is gone, was killed.
std::string state_of(const Journal::Transfer& transfer) {
  if (transfer.state != "running") return transfer.state;
  const bool alive = kill(static_cast<pid_t>(transfer.pid), 0) == 0 || errno == EPERM;
  return alive ? "running" : "killed";
}

std::string time_text(int64_t nanoseconds) {
  return nanoseconds == 0 ? "" : to_iso8601_seconds(Time{Duration{nanoseconds / 1000}});
}

Result<int> status(const Invocation& asked) {
  const auto journal = TRY(Journal::open(Journal::usual_place()));
  const auto all = TRY(journal->transfers());
  if (asked.json()) {
    Json list = Json::array();
    for (const Journal::Transfer& one : all)
      list.push(Json::object({{"id", one.id},
                              {"source", one.source},
                              {"target", one.target},
                              {"state", state_of(one)},
                              {"summary", one.summary},
                              {"began", time_text(one.began_ns)},
                              {"ended", time_text(one.ended_ns)}}));
    fmt::print("{}\n",
               Json::object({{"schema", "spillway.transfers/v1"}, {"transfers", std::move(list)}}).dump(2));
    return 0;
  }
  for (const Journal::Transfer& one : all)
    fmt::print("{}  {:<8} {}  {} -> {}{}{}\n", one.id, state_of(one), time_text(one.began_ns), one.source,
               one.target, one.summary.empty() ? "" : "\n              ", one.summary);
  if (all.empty()) fmt::print("No copies yet.\n");
  return 0;
}

Result<int> resume(const Invocation& asked) {
  const auto journal = TRY(Journal::open(Journal::usual_place()));
  const std::string wanted = asked.arguments.empty() ? "" : asked.arguments[0];
  int worst = 0;
  bool found = false;
  for (const Journal::Transfer& one : TRY(journal->transfers())) {
    const std::string state = state_of(one);
    if (!wanted.empty() ? one.id != wanted : state == "done" || state == "running") continue;
    found = true;
    fmt::print(stderr, "{} -> {}\n", one.source, one.target);
    SyncOrder order = TRY(order_from(one.source, one.target, one.options));
    order.state = Journal::usual_place();
    order.json = asked.json();
    order.show = !asked.has("quiet") && !asked.json();
    order.wish.dry_run = asked.has("dry-run");
    const auto ended = finish_sync(order);
    if (!ended) fmt::print(stderr, "{}\n", to_string(ended.error()));
    worst = std::max(worst, ended ? *ended : exit_code(ended.error()));
  }
  if (!wanted.empty() && !found)
    return Error{Kind::not_found, kNoSource, fmt::format("there is no copy {}", wanted)}.fixed_by(
        "spillway data status");
  if (!found) fmt::print(stderr, "Nothing to go on with.\n");
  return worst;
}

}  // namespace

std::vector<Command> transfer_commands() {
  return {
      {.path = "data status",
       .summary = "List the copies that were begun here.",
       .description = "What `data sync` of this user did on this machine, the newest first.",
       .examples = {{"spillway data status -o json", "For a program."}},
       .run = status},
      {.path = "data resume",
       .summary = "Go on with copies that were killed or failed.",
       .description = "Repeats them with their options. What is complete is not copied again, and of large "
                      "files only the parts that S3 lacks.",
       .positionals = {{"ID", "Of `data status`; else all that are not done.", false}},
       .examples = {{"spillway data resume", "After the machine came back."}},
       .run = resume}};
}

}  // namespace spillway::staging
