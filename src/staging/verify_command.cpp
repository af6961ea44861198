#include "staging/verify_command.h"

#include "base/json.h"
#include "staging/bucket.h"
#include "staging/codes.h"
#include "staging/location.h"
#include "staging/show.h"
#include "staging/verify.h"

namespace spillway::staging {
namespace {

constexpr size_t kMemory = 64 << 20, kMostRequests = 64;
constexpr int kCheckFailed = 4;

Result<int> run(const Invocation& asked) {
  const Location far = TRY(parse_location(asked.arguments.at(0)));
  if (!far.remote) return Error{Kind::invalid, kBadLocation, fmt::format("{} is not in S3", far.text)};
  const auto bucket = TRY(Bucket::reach(far.bucket, asked.get("profile"), {}));
  Memory memory(kMemory, kMemory);
  RateLimit rate(0);
  Progress progress;
  Crew crew(kMostRequests, false);
  Means means{bucket->objects(), crew, memory, rate, progress, bucket->clock()};
  const Tell tell = [&](const Failure& failure) {
    if (!asked.json()) fmt::print(stderr, "{} {}\n", failure.error.code, failure.error.what);
  };
  VerifyReport report;
  if (asked.arguments.size() > 1) {
    const Location near = TRY(parse_location(asked.arguments.at(1)));
    if (near.remote) return Error{Kind::invalid, kBadLocation, fmt::format("{} is no directory", near.text)};
    report = TRY(verify_tree(means, far.prefix, near.local, tell));
  } else {
    report = TRY(verify_prefix(means, far.prefix, tell));
  }
  if (asked.json()) {
    Json failures = Json::array();
    for (const Failure& failure : report.failures)
      failures.push(
          Json::object({{"key", failure.key}, {"code", failure.error.code}, {"what", failure.error.what}}));
    fmt::print("{}\n", Json::object({{"schema", "spillway.verify/v1"},
                                     {"verified", report.verified},
                                     {"bytes", report.verified_bytes},
                                     {"wrong", report.wrong},
                                     {"failures", std::move(failures)}})
                           .dump());
  } else {
    fmt::print("verified: {} ({}), {} wrong\n", report.verified, bytes_text(report.verified_bytes),
               report.wrong);
  }
  return report.wrong == 0 ? 0 : kCheckFailed;
}

}  // namespace

Command verify_command() {
  return {
      .path = "data verify",
      .summary = "Hold a prefix, or a directory, against the prefix's manifest.",
      .description =
          "With a prefix alone: whether its objects are those of the manifest, by the checksums that S3 "
          "keeps; no content is fetched.\n"
          "With a directory too: whether it is what the manifest tells, each file's SHA-256 included. Exit "
          "status 4 when something differs.",
      .options = {{"--profile", "NAME", "AWS profile; else AWS_PROFILE.", "", ""}},
      .positionals = {{"PREFIX", "s3://BUCKET/PREFIX, with a manifest."},
                      {"DIRECTORY", "What to hold against it.", false}},
      .examples = {{"spillway data verify s3://slurm-burst-data/run7", "Is all of it there?"},
                   {"spillway data verify s3://slurm-burst-data/run7 results", "Is the copy right?"}},
      .run = run};
}

}  // namespace spillway::staging
