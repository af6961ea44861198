#include "staging/job_key.h"

#include "base/json.h"

namespace spillway::staging {

std::string JobRun::name() const {
  return task ? fmt::format("{}_{}", array, *task) : std::to_string(job);
}

std::string JobRun::id() const {
  return fmt::format("{}/{}.{}", name(), restart, attempt);
}

std::string run_prefix(std::string_view cluster, const JobRun& run) {
  return fmt::format("{}/jobs/{}/{}/", cluster, run.uid, run.id());
}

std::string output_prefix(std::string_view cluster, const JobRun& run, int number) {
  return fmt::format("{}out{}/", run_prefix(cluster, run), number);
}

std::string listing_key(std::string_view cluster, const JobRun& run, int number) {
  return fmt::format("{}out{}.listing", run_prefix(cluster, run), number);
}

std::string commit_key(std::string_view cluster, const JobRun& run, int number) {
  return fmt::format("{}out{}.commit", run_prefix(cluster, run), number);
}

std::string input_prefix(std::string_view cluster, uid_t uid, std::string_view fingerprint) {
  return fmt::format("{}/inputs/{}/{}/", cluster, uid, fingerprint);
}

std::string to_text(const CommitMarker& marker) {
  return Json::object({{"schema", "spillway.commit/v1"},
                       {"manifest_sha256", marker.manifest_sha256},
                       {"files", marker.files},
                       {"bytes", marker.bytes},
                       {"exit_code", marker.exit_code}})
             .dump() +
         "\n";
}

Result<CommitMarker> read_marker(std::string_view text) {
  const Json json = TRY(Json::parse(text));
  const CommitMarker out{json["manifest_sha256"].as_string(), json["files"].as_int(), json["bytes"].as_int(),
                         static_cast<int>(json["exit_code"].as_int())};
  if (json["schema"].as_string() != "spillway.commit/v1" || out.manifest_sha256.size() != 64)
    return Error{Kind::invalid, "the commit marker is not spillway.commit/v1"};
  return out;
}

}  // namespace spillway::staging
