#include "staging/run_sync.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/json.h"
#include "staging/bucket.h"
#include "staging/codes.h"
#include "staging/remote_tree.h"
#include "staging/show.h"

namespace spillway::staging {
namespace {

constexpr size_t kMostRequests = 256;
constexpr size_t kWholeFiles = 32 << 20, kParts = 64 << 20;  // bytes

std::atomic<bool> asked_to_end = false;

void on_signal(int) {
  asked_to_end = true;
}

void watch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // a second one ends us at once, which is safe
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

/// Deep trees and many connections need files open.
void raise_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// One process at a time does the same copy.
Result<Fd> lock_transfer(const std::filesystem::path& state, const std::string& id) {
  const std::filesystem::path path = state / (id + ".lock");
  Fd fd{open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!fd.valid()) return system_error("lock", path, errno);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return Error{Kind::conflict, kBusy, "another process copies from there to there"};
  return fd;
}

int64_t nanoseconds_now(Clock& clock) {
  return clock.now().time_since_epoch().count() * 1000;
}

bool is_tree(const SyncWish& wish, aws::S3Objects& objects) {
  std::error_code failed;
  if (!wish.source.remote) return std::filesystem::is_directory(wish.source.local, failed);
  if (wish.source.object.empty() || wish.source.object.ends_with('/')) return true;
  // "s3://bucket/a" names an object, or else all below "a/".
  const auto found = objects.head(wish.source.object, request_patience());
  return !found && found.error().kind == Kind::not_found;
}

Result<SyncReport> copy(const SyncOrder& order, Means& means, const Tell& tell) {
  const SyncWish& wish = order.wish;
  if (!is_tree(wish, means.objects)) return copy_one(wish, means);
  return wish.source.remote ? download_tree(wish, means, tell) : upload_tree(wish, means, tell);
}

}  // namespace

std::string order_text(const SyncOrder& order) {
  Json include = Json::array(), exclude = Json::array();
  for (const std::string& one : order.wish.filter.include) include.push(one);
  for (const std::string& one : order.wish.filter.exclude) exclude.push(one);
  return Json::object({{"profile", order.profile},
                       {"jobs", order.jobs},
                       {"max_rate", order.max_rate},
                       {"delete", order.wish.remove},
                       {"checksum", order.wish.checksum},
                       {"xattrs", order.wish.xattrs},
                       {"durable", order.wish.durable},
                       {"include", std::move(include)},
                       {"exclude", std::move(exclude)}})
      .dump();
}

Result<SyncOrder> order_from(const std::string& source, const std::string& target, const std::string& text) {
  const Json json = TRY(Json::parse(text));
  SyncOrder order;
  order.wish.source = TRY(parse_location(source));
  order.wish.target = TRY(parse_location(target));
  order.profile = json["profile"].as_string();
  order.jobs = static_cast<size_t>(json["jobs"].as_int());
  order.max_rate = json["max_rate"].as_int();
  order.wish.remove = json["delete"].as_bool();
  order.wish.checksum = json["checksum"].as_bool();
  order.wish.xattrs = json["xattrs"].as_bool();
  order.wish.durable = json["durable"].as_bool();
  for (const Json& one : json["include"].items()) order.wish.filter.include.push_back(one.as_string());
  for (const Json& one : json["exclude"].items()) order.wish.filter.exclude.push_back(one.as_string());
  return order;
}

Result<SyncReport> run_sync(const SyncOrder& order) {
  const SyncWish& wish = order.wish;
  const Location& far = wish.source.remote ? wish.source : wish.target;
  if (wish.source.remote == wish.target.remote)
    return Error{Kind::invalid, kBadLocation,
                 fmt::format("{} to {}: {}", wish.source.text, wish.target.text,
                             wish.source.remote ? "both are in S3" : "neither is in S3")};
  std::error_code failed;
  if (!wish.source.remote && !std::filesystem::exists(wish.source.local, failed))
    return Error{Kind::not_found, kNoSource, fmt::format("there is no {}", wish.source.local.string())};
  watch_signals();
  raise_limit();
  const auto journal = TRY(Journal::open(order.state));
  const std::string id = transfer_id(wish.source, wish.target);
  const Fd lock = TRY(lock_transfer(order.state, id));
  std::function<void()> slowed_down;
  const auto bucket = TRY(Bucket::reach(far.bucket, order.profile, [&] {
    if (slowed_down) slowed_down();
  }));
  Memory memory(kWholeFiles, kParts);
  RateLimit rate(order.max_rate);
  Progress progress;
  Crew crew(order.jobs > 0 ? order.jobs : kMostRequests, order.jobs > 0);
  slowed_down = [&crew] { crew.slow_down(); };
  Means means{bucket->objects(), crew, memory, rate, progress, bucket->clock(), journal.get()};
  Journal::Transfer kept{id, wish.source.text, wish.target.text, "running", "", nanoseconds_now(means.clock),
                         0,  getpid(),         order_text(order)};
  if (!wish.source.remote) kept.source = wish.source.local.string();
  if (!wish.target.remote) kept.target = wish.target.local.string();
  if (!wish.dry_run) TRY(journal->keep(kept));
  Show show(progress, order.json, order.show, [&] {
    if (asked_to_end) means.stop(Error{Kind::interrupted, "interrupted; the same command goes on"});
  });
  auto report = copy(order, means, [&](const Failure& failure) { show.tell(failure); });
  show.end();
  if (!report && report.error().kind == Kind::interrupted && means.stopped_by()) report = *means.stopped_by();
  kept.state = !report ? "failed" : report->failed > 0 ? "partial" : "done";
  kept.summary = !report ? report.error().what
                         : fmt::format("{} files, {} bytes copied, {} unchanged, {} failed", report->copied,
                                       report->copied_bytes, report->same, report->failed);
  kept.ended_ns = nanoseconds_now(means.clock);
  if (!wish.dry_run) TRY(journal->keep(kept));
  return report;
}

}  // namespace spillway::staging
