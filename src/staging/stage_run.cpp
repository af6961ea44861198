#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "staging/codes.h"
#include "staging/run_sync.h"
#include "staging/stage_commands.h"

namespace spillway::staging {
namespace {

/// Copies one side to the other; anything less than all is an error.
Result<void> copy(const std::string& from, const std::string& to) {
  SyncOrder order;
  order.wish.source = TRY(parse_location(from));
  order.wish.target = TRY(parse_location(to));
  order.state = Journal::usual_place();
  const SyncReport report = TRY(run_sync(order));
  for (const Failure& failure : report.failures)
    fmt::print(stderr, "{}: {}\n", failure.key, failure.error.what);
  if (report.failed > 0)
    return Error{Kind::partial, kPartial, fmt::format("{} to {}: {} failed", from, to, report.failed)};
  return {};
}

struct Pair {
  std::string from, to;
};
Result<std::vector<Pair>> pairs_of(const std::string& text, std::string_view option) {
  std::vector<Pair> out;
  if (text.empty()) return out;
  for (const std::string_view one : split(text, '\n')) {
    const size_t equals = one.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == one.size())
      return Error{Kind::invalid, kBadOption, fmt::format("{} {}: it is FROM=TO", option, in_quotes(one))};
    out.push_back({std::string(one.substr(0, equals)), std::string(one.substr(equals + 1))});
  }
  return out;
}

/// The command's exit code as a shell gives it.
Result<int> run_command(const std::vector<std::string>& words) {
  const pid_t child = fork();
  if (child < 0) return Error{Kind::io, "cannot start the command"};
  if (child == 0) {
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    fmt::print(stderr, "cannot run {}\n", words[0]);
    _exit(127);
  }
  // Slurm signals all of the job's processes: the command decides, and its results are staged all the same.
  for (const int each : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2}) signal(each, SIG_IGN);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Result<int> run(const Invocation& asked) {
  const auto inputs = TRY(pairs_of(asked.get("in"), "--in")),
             outputs = TRY(pairs_of(asked.get("out"), "--out"));
  std::vector<std::string> words = asked.arguments;
  if (!words.empty() && words[0] == "--") words.erase(words.begin());
  if (words.empty()) return Error{Kind::invalid, kBadOption, "there is no command after --"};
  for (const Pair& one : inputs) TRY(copy(one.from, one.to));
  const int code = TRY(run_command(words));
  std::optional<Error> first;
  for (const Pair& one : outputs)
    if (auto copied = copy(one.from, one.to); !copied && !first) first = std::move(copied).error();
  if (first && code == 0) return *first;
  if (first) fmt::print(stderr, "{}\n", to_string(*first));  // the command's own failure is the exit code
  return code;
}

}  // namespace

Command stage_run_command() {
  return {.path = "data stage run",
          .summary = "Fetch inputs, run a command, push its results whatever its exit code.",
          .description =
              "For jobs of sites without Slurm's hooks for data: it runs on the node with the user's own AWS "
              "credentials. When an input\n"
              "does not arrive whole and verified, the command is not run. The exit code is the command's; 8 "
              "when that was 0 and some\n"
              "results could not be pushed.",
          .options = {{"--in", "URL=DIR", "An input: s3://BUCKET/PREFIX=DIR. Repeatable.", "", "", true},
                      {"--out", "DIR=URL", "A result: DIR=s3://BUCKET/PREFIX. Repeatable.", "", "", true}},
          .positionals = {{"COMMAND", "The command and its arguments, after --.", true, true}},
          .examples = {{"spillway data stage run --in s3://b/in=in --out out=s3://b/out -- ./simulate in out",
                        "Results are in the bucket when the job is over."}},
          .run = run};
}

}  // namespace spillway::staging
