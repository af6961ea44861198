#include "staging/sync_command.h"

#include "base/json.h"
#include "base/text.h"
#include "staging/codes.h"
#include "staging/run_sync.h"
#include "staging/show.h"

namespace spillway::staging {
namespace {

std::vector<std::string> words_of(const std::string& joined) {
  std::vector<std::string> out;
  if (!joined.empty())
    for (const std::string_view one : split(joined, '\n')) out.emplace_back(one);
  return out;
}

Error bad(std::string_view option, const std::string& value, std::string_view wanted) {
  return Error{Kind::invalid, kBadOption, fmt::format("{} {}: it is {}", option, in_quotes(value), wanted)};
}

Result<SyncOrder> order_of(const Invocation& asked) {
  SyncOrder order;
  order.wish.source = TRY(parse_location(asked.arguments.at(0)));
  order.wish.target = TRY(parse_location(asked.arguments.at(1)));
  order.wish.dry_run = asked.has("dry-run");
  order.wish.remove = asked.has("delete");
  order.wish.checksum = asked.has("checksum");
  order.wish.xattrs = asked.has("xattrs");
  order.wish.durable = !asked.has("no-fsync");
  order.wish.filter = {words_of(asked.get("include")), words_of(asked.get("exclude"))};
  order.profile = asked.get("profile");
  if (asked.has("jobs")) {
    const auto jobs = parse_int(asked.get("jobs"));
    if (!jobs || *jobs < 1 || *jobs > 1024)
      return bad("--jobs", asked.get("jobs"), "a number from 1 to 1024");
    order.jobs = static_cast<size_t>(*jobs);
  }
  if (asked.has("max-rate")) order.max_rate = TRY(parse_rate(asked.get("max-rate")));
  order.state = Journal::usual_place();
  order.json = asked.json();
  order.show = !asked.has("quiet") && !asked.json();
  return order;
}

Json summary(const SyncOrder& order, const SyncReport& report) {
  Json failures = Json::array(), plan = Json::array();
  for (const Failure& failure : report.failures)
    failures.push(
        Json::object({{"key", failure.key}, {"code", failure.error.code}, {"what", failure.error.what}}));
  Json out = Json::object({{"schema", "spillway.sync/v1"},
                           {"event", "summary"},
                           {"source", order.wish.source.text},
                           {"target", order.wish.target.text},
                           {"copied", report.copied},
                           {"bytes", report.copied_bytes},
                           {"unchanged", report.same},
                           {"described", report.changed_only},
                           {"deleted", report.removed},
                           {"parts_kept", report.parts_kept},
                           {"failed", report.failed},
                           {"failures", std::move(failures)}});
  if (!order.wish.dry_run) return out;
  for (const std::string& step : report.plan) plan.push(step);
  out.set("dry_run", true);
  out.set("plan", std::move(plan));
  return out;
}

Result<int> run(const Invocation& asked) {
  return finish_sync(TRY(order_of(asked)));
}

}  // namespace

Result<int64_t> parse_rate(const std::string& text) {
  const Error wrong = bad("--max-rate", text, "bytes a second, such as 500K, 20M or 1G");
  std::string_view number = text;
  int64_t unit = 1;
  if (!number.empty()) {
    const size_t power = std::string_view("KMGT").find(static_cast<char>(number.back() & ~0x20));
    if (power != std::string_view::npos) {
      unit = int64_t{1} << (10 * (power + 1));
      number.remove_suffix(1);
    }
  }
  const auto value = parse_int(number);
  if (!value || *value < 1 || *value > (int64_t{1} << 50) / unit) return wrong;
  return *value * unit;
}

Result<int> finish_sync(const SyncOrder& order) {
  const SyncReport report = TRY(run_sync(order));
  if (order.json) {
    fmt::print("{}\n", summary(order, report).dump());
  } else {
    for (const std::string& step : report.plan) fmt::print("{}\n", step);
    fmt::print("{}: {} ({}), {} unchanged, {} deleted, {} failed\n",
               order.wish.dry_run ? "would copy" : "copied", report.copied, bytes_text(report.copied_bytes),
               report.same, report.removed, report.failed);
  }
  if (report.failed == 0) return 0;
  if (order.json) return exit_code(Error{Kind::partial, ""});
  return Error{
      Kind::partial, kPartial,
      fmt::format("{} of {} entries failed", report.failed, report.failed + report.copied + report.same)};
}

Command sync_command() {
  return {
      .path = "data sync",
      .summary = "Make a bucket's prefix like a directory, or a directory like a prefix.",
      .description =
          "Copies what differs between a directory and s3://BUCKET/PREFIX, either way; a single file or "
          "object "
          "too. Modes, times to the\n"
          "nanosecond, symbolic links, empty directories and holes are kept in a manifest under the prefix, "
          "with the SHA-256 of each\n"
          "file; the objects are plain files that every S3 client reads. A file counts as changed when its "
          "size "
          "or time differs from\n"
          "the manifest's, or with --checksum its content. Large files go in parts: killed at any moment, "
          "the "
          "same command goes on\n"
          "without sending again what S3 has. Downloads get their names when they are complete, checked and "
          "on "
          "the disk. Exit status 0\n"
          "only if all is well; 8 when some files failed, which are named.",
      .options =
          {{"--delete", "", "Delete what only the target has, once all else went well.", "", ""},
           {"--include", "PATTERN",
            "Take these, also where an exclude matches; alone, take only these. Repeatable; * matches / too.",
            "", "", true},
           {"--exclude", "PATTERN", "Leave these out. Repeatable.", "", "", true},
           {"--checksum", "", "Compare contents instead of times.", "", ""},
           {"--jobs", "N", "Requests in flight; else as many as help.", "", ""},
           {"--max-rate", "RATE", "Bytes a second at most, such as 20M.", "", ""},
           {"--xattrs", "", "Keep extended attributes (user.*) too.", "", ""},
           {"--no-fsync", "", "Do not wait for the disk: faster, and lost in a power cut.", "", ""},
           {"--profile", "NAME", "AWS profile; else AWS_PROFILE.", "", ""}},
      .positionals = {{"SRC", "A directory, a file, or s3://BUCKET/PREFIX."},
                      {"DST", "The other: s3://BUCKET/PREFIX, or a directory."}},
      .examples = {{"spillway data sync results s3://slurm-burst-data/run7", "Upload what changed."},
                   {"spillway data sync s3://slurm-burst-data/run7 results --delete --dry-run",
                    "Show what a download would do."},
                   {"spillway data sync input.dat s3://slurm-burst-data/in/ --max-rate 20M",
                    "One file, slowly."}},
      .run = run};
}

}  // namespace spillway::staging
