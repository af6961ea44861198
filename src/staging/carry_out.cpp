#include <cstdlib>

#include "base/crypto.h"
#include "base/json.h"
#include "staging/bucket.h"
#include "staging/codes.h"
#include "staging/job_access.h"
#include "staging/job_codes.h"
#include "staging/job_key.h"
#include "staging/landing.h"
#include "staging/manifest.h"
#include "staging/move_as.h"
#include "staging/names.h"
#include "staging/remote_tree.h"
#include "staging/run_sync.h"

namespace spillway::staging {
namespace {

/// The session and S3's place as this process's own environment, where the usual chain looks first. No other
/// process sees it: it was started with an empty one.
Result<void> take_session(const Json& order) {
  const aws::Credentials session = TRY(credentials_of(order["session"]));
  setenv("AWS_ACCESS_KEY_ID", session.access_key_id.c_str(), 1);
  setenv("AWS_SECRET_ACCESS_KEY", session.secret_access_key.reveal().c_str(), 1);
  setenv("AWS_SESSION_TOKEN", session.session_token.reveal().c_str(), 1);
  setenv("AWS_REGION", order["region"].as_string().c_str(), 1);
  // The user's own files say nothing about where the cluster's bucket is.
  setenv("AWS_CONFIG_FILE", "/dev/null", 1);
  setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
  for (const auto& [name, key] :
       {std::pair{"AWS_ENDPOINT_URL", "endpoint_url"}, {"AWS_CA_BUNDLE", "ca_bundle"}})
    if (const std::string& value = order[key].as_string(); !value.empty()) setenv(name, value.c_str(), 1);
  return {};
}

/// Every entry of a tree; what cannot take part is an error, for nothing of a job's data may be left out in
/// silence.
Result<void> each_entry(const std::filesystem::path& root, const std::function<void(const Entry&)>& visit) {
  std::optional<Error> first;
  const auto tree = TRY(LocalTree::open(root, {}, [&](const std::string& key, Error error) {
    if (!first) first = std::move(error).during(key);
  }));
  while (const auto entry = TRY(tree->next())) visit(*entry);
  if (first) return *first;
  return {};
}

Result<Json> look_at(const std::filesystem::path& local) {
  int64_t files = 0, bytes = 0;
  std::string all = local.string() + "\n";
  std::string digest;
  TRY(each_entry(local, [&](const Entry& entry) {
    if (entry.type == EntryType::file) {
      ++files;
      bytes += entry.size;
    }
    Entry told = entry;
    if (entry.type == EntryType::directory) told.mtime_ns = 0;  // its content tells more
    all += fmt::format("{} {}", entry.inode, manifest_line(told));
    if (all.size() < 1 << 20) return;
    digest = sha256(digest + all);  // folded, so that a million names take no memory
    all.clear();
  }));
  return Json::object(
      {{"fingerprint", to_hex(sha256(digest + all)).substr(0, 32)}, {"files", files}, {"bytes", bytes}});
}

/// What the manifest under a prefix says: its hash, files and bytes.
Result<MoveSummary> summary_of(aws::S3Objects& objects, const std::string& prefix) {
  const std::string text = TRY(objects.get_text(prefix + std::string(kManifestKey), request_patience()));
  Fd file = TRY(unnamed_file());
  TRY(write_exactly(file.get(), text, 0, false, "manifest"));
  const auto tree = TRY(ManifestTree::open(std::move(file)));
  MoveSummary out{.bytes = tree->bytes(), .manifest_sha256 = to_hex(sha256(text))};
  while (const auto entry = TRY(tree->next()))
    if (entry->type == EntryType::file) ++out.files;
  return out;
}

Result<void> put_listing(aws::S3Objects& objects, const std::string& key,
                         const std::filesystem::path& local) {
  Json names = Json::array();
  TRY(each_entry(local, [&](const Entry& entry) {
    if (entry.type == EntryType::file) names.push(entry.key);
  }));
  TRY(objects.put(key, names.dump(), {}, request_patience()));
  return {};
}

Result<void> copy(const Json& order, bool up) {
  const std::string far = fmt::format("s3://{}/{}", order["bucket"].as_string(), order["prefix"].as_string());
  SyncOrder sync;
  sync.wish.source = TRY(parse_location(up ? order["local"].as_string() : far));
  sync.wish.target = TRY(parse_location(up ? far : order["local"].as_string()));
  sync.wish.checksum = !up;  // what lies there already is held against the manifest byte by byte
  sync.state = Journal::usual_place();
  const SyncReport report = TRY(run_sync(sync));
  if (report.failed == 0) return {};
  std::string names;
  for (const Failure& failure : report.failures)
    if (names.size() < 1000)
      names += fmt::format("{}{}: {}", names.empty() ? "" : "; ", failure.key, failure.error.what);
  // The worst decides what is done about it: expired credentials are renewed.
  for (const Failure& failure : report.failures)
    if (failure.error.kind == Kind::credentials) return failure.error;
  return Error{Kind::partial, kPartial, fmt::format("{} files failed: {}", report.failed, names)};
}

Result<Json> carry_out(const Json& order) {
  const std::string& what = order["do"].as_string();
  const std::filesystem::path local = order["local"].as_string();
  if (!local.is_absolute()) return Error{Kind::invalid, kBadOrder, "the order names no absolute path"};
  if (what == "look") return look_at(local);
  if (what != "up" && what != "down")
    return Error{Kind::invalid, kBadOrder, "the order is neither look, up nor down"};
  TRY(take_session(order));
  const auto bucket = TRY(Bucket::reach(order["bucket"].as_string(), "", [] {}));
  if (const std::string& key = order["listing"].as_string(); !key.empty())
    TRY(put_listing(bucket->objects(), key, local));
  TRY(copy(order, what == "up"));
  const MoveSummary sum = TRY(summary_of(bucket->objects(), order["prefix"].as_string()));
  if (const std::string& key = order["commit"].as_string(); !key.empty())
    TRY(bucket->objects().put(key,
                              to_text(CommitMarker{sum.manifest_sha256, sum.files, sum.bytes,
                                                   static_cast<int>(order["exit_code"].as_int())}),
                              {}, request_patience()));
  return Json::object({{"files", sum.files}, {"bytes", sum.bytes}, {"manifest_sha256", sum.manifest_sha256}});
}

}  // namespace

std::string carry_out_order(const std::string& text) {
  const auto order = Json::parse(text);
  const auto done =
      order ? carry_out(*order) : Result<Json>(Error{Kind::invalid, kBadOrder, "the order cannot be read"});
  if (done) return done->dump() + "\n";
  const Error& error = done.error();
  return Json::object({{"kind", std::string(to_string(error.kind))},
                       {"code", error.code},
                       {"error", error.what},
                       {"why", error.why},
                       {"fix", error.fix}})
             .dump() +
         "\n";
}

}  // namespace spillway::staging
