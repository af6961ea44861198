#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "base/crypto.h"
#include "base/text.h"
#include "emu/aws.h"
#include "staging/sync.h"

// For tests: an S3 in this process that keeps state (the emulator's model), what can go wrong on the way to
// it, and directories.
namespace spillway::staging {

/// Time that passes only by sleeping; for many threads.
class TestClock final : public Clock {
 public:
  Time now() const override { return Time{Duration{now_.load()}}; }
  void sleep_for(Duration duration) override { now_ += duration.count(); }

 private:
  std::atomic<int64_t> now_ = int64_t{1'700'000'000} * 1'000'000;
};

/// The way to the emulator without a socket. Counts what arrived; `fault` may answer in its place, `spoil`
/// may change the answer.
class InProcess final : public net::Exchange {
 public:
  explicit InProcess(emu::Aws& aws) : aws_(aws) {}
  using Fault = std::function<std::optional<Result<net::Exchanged>>(const net::Request&, const net::Cargo&)>;
  using Spoil = std::function<void(const net::Request&, net::Response&)>;

  Result<net::Exchanged> send(const net::Request& request, const net::Cargo& cargo, Deadline) override {
    if (interrupted) return Error{Kind::interrupted, "interrupted"};
    Fault fault_now;
    Spoil spoil_now;
    {
      const std::lock_guard lock(mutex);
      seen.push_back(name_of(request));
      fault_now = fault;
      spoil_now = spoil;
    }
    if (fault_now)
      if (auto instead = fault_now(request, cargo)) return *std::move(instead);
    net::Response response = aws_.handle(incoming(request, cargo));
    {
      const std::lock_guard lock(mutex);
      if (response.status < 300) done.push_back(name_of(request));
    }
    if (spoil_now) spoil_now(request, response);
    if (response.status == 0) return Error{Kind::unavailable, "the connection was cut"};
    return exchanged(std::move(response), cargo);
  }
  void interrupt() override { interrupted = true; }

  /// "PUT /bucket/key?partNumber=1".
  static std::string name_of(const net::Request& request) {
    std::string target = request.url.substr(request.url.find('/', 8));
    if (const size_t id = target.find("&uploadId"); id != std::string::npos) target.resize(id);
    return request.method + " " + target;
  }
  size_t count(const std::string& begins) {
    const std::lock_guard lock(mutex);
    return static_cast<size_t>(
        std::ranges::count_if(done, [&](const std::string& one) { return one.starts_with(begins); }));
  }
  void forget() {
    const std::lock_guard lock(mutex);
    seen.clear();
    done.clear();
  }

  std::mutex mutex;
  std::vector<std::string> seen, done;  // what was asked; what succeeded
  Fault fault;
  Spoil spoil;
  std::atomic<bool> interrupted = false;

 private:
  static net::Incoming incoming(const net::Request& request, const net::Cargo& cargo) {
    net::Incoming in;
    in.method = request.method;
    in.target = request.url.substr(request.url.find('/', 8));
    in.headers = request.headers;
    in.headers.push_back({"Host", "s3.test"});
    in.body = std::string(cargo.body.empty() ? std::string_view(request.body) : cargo.body);
    in.headers.push_back({"Content-Length", std::to_string(in.body.size())});
    in.peer = "127.0.0.1";
    return in;
  }
  static Result<net::Exchanged> exchanged(net::Response response, const net::Cargo& cargo) {
    net::Exchanged out{std::move(response)};
    std::string& body = out.response.body;
    if (!net::find_header(out.response.headers, "Content-Length"))
      out.response.headers.push_back({"Content-Length", std::to_string(body.size())});
    if (out.response.status < 300 && !cargo.room.empty()) {
      if (body.size() > cargo.room.size()) return Error{Kind::internal, "too large"};
      std::ranges::copy(body, cargo.room.begin());
      out.placed = body.size();
      body.clear();
    }
    return out;
  }
  emu::Aws& aws_;
};

/// Credentials that can be made to look expired, and are renewed when asked again.
class RenewedCredentials final : public aws::CredentialsProvider {
 public:
  Result<aws::Credentials> get(Deadline) override {
    return aws::Credentials{"AKIASPILLWAYEXAMPLE1", Secret("spillway-example-secret-key-0000000000001"),
                            Secret(""), std::nullopt, "test"};
  }
  void invalidate() override { ++renewed; }
  std::atomic<int> renewed = 0;
};

inline std::string pattern(size_t size, unsigned seed = 1) {
  std::string out(size, '\0');
  uint64_t state = seed * 2654435761U + 1;
  for (char& c : out) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    c = static_cast<char>(state >> 56);
  }
  return out;
}

class World : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(aws.seed(emu::example_seed()));
    std::filesystem::create_directories(here);
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(root, ignored);
  }

  void write(const std::string& path, const std::string& content, const std::filesystem::path& into = {}) {
    const auto whole = (into.empty() ? here : into) / path;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole, std::ios::binary) << content;
  }
  static std::string read(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// "path type mode mtime link" of all beneath, sorted.
  static std::vector<std::string> listing(const std::filesystem::path& top) {
    std::vector<std::string> out;
    for (const auto& one : std::filesystem::recursive_directory_iterator(top)) {
      struct stat found {};
      lstat(one.path().c_str(), &found);
      const bool link = S_ISLNK(found.st_mode);
      out.push_back(fmt::format("{} {:o} {}.{} {}", one.path().lexically_relative(top).string(),
                                found.st_mode, found.st_mtim.tv_sec, found.st_mtim.tv_nsec,
                                link                     ? std::filesystem::read_symlink(one.path()).string()
                                : S_ISREG(found.st_mode) ? to_hex(sha256(read(one.path())))
                                                         : ""));
    }
    std::ranges::sort(out);
    return out;
  }
  static Location place(const std::string& text) { return *parse_location(text); }

  /// A process of its own: nothing but journal and bucket is kept between two of them.
  Result<SyncReport> sync(SyncWish wish, const std::function<void(Means&)>& with = {}) {
    exchange.interrupted = false;
    aws::S3Requests requests(way ? *way : exchange, credentials, clock,
                             {.region = "us-east-1",
                              .bucket = "slurm-burst-data",
                              .endpoints = {.all = endpoint},
                              .slowed_down = [this] {
                                ++slowed_down;
                                if (Crew* crew = crew_now) crew->slow_down();
                              }});
    aws::S3Objects objects(requests);
    auto journal = Journal::open(root / "state");
    EXPECT_TRUE(journal) << journal.error().what;
    Memory memory(whole_files, parts);
    RateLimit rate(max_rate);
    Progress progress;
    Crew crew(threads, true);
    crew_now = &crew;
    Means means{objects, crew, memory, rate, progress, clock, journal->get()};
    means.part_size = 5 << 20;
    means.parts_from = 6 << 20;
    if (with) with(means);
    Result<SyncReport> report =
        !wish.source.remote && std::filesystem::is_directory(wish.source.local) ? upload_tree(wish, means, {})
        : wish.source.remote && wish.source.text.ends_with("/") ? download_tree(wish, means, {})
                                                                : copy_one(wish, means);
    crew_now = nullptr;
    return report;
  }
  SyncWish up() { return {.source = place(here.string()), .target = place("s3://slurm-burst-data/p/")}; }
  SyncWish down() { return {.source = place("s3://slurm-burst-data/p/"), .target = place(back.string())}; }
  /// Puts an object there, past Spillway.
  void put(const std::string& key, const std::string& body) {
    aws::S3Requests requests(
        exchange, credentials, clock,
        {.region = "us-east-1", .bucket = "slurm-burst-data", .endpoints = {.all = "http://s3.test"}});
    exchange.interrupted = false;
    const auto done = aws::S3Objects(requests).put("p/" + key, body, {}, Deadline::never());
    EXPECT_TRUE(done) << done.error().what;
  }
  std::string object(const std::string& key) {
    aws::S3Requests requests(
        exchange, credentials, clock,
        {.region = "us-east-1", .bucket = "slurm-burst-data", .endpoints = {.all = "http://s3.test"}});
    exchange.interrupted = false;
    return aws::S3Objects(requests).get_text("p/" + key, Deadline::never()).value_or("(none)");
  }

  const std::filesystem::path root =
      std::filesystem::temp_directory_path() / ("staging-" + to_hex(random_bytes(6)));
  const std::filesystem::path here = root / "here", back = root / "back";
  TestClock clock;
  emu::Aws aws{{}, clock};
  InProcess exchange{aws};
  net::Exchange* way = nullptr;  // another one than `exchange`
  std::string endpoint = "http://s3.test";
  RenewedCredentials credentials;
  std::atomic<int> slowed_down = 0;
  std::atomic<Crew*> crew_now = nullptr;
  int64_t max_rate = 0;
  size_t whole_files = 32 << 20, parts = 32 << 20, threads = 8;
};

}  // namespace spillway::staging
