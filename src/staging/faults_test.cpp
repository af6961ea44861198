#include <random>

#include "staging/world_test.h"

namespace spillway::staging {
namespace {

// Trees of random kinds over a way on which every tenth request goes wrong in a random manner, by processes
// that may end at any request. SPILLWAY_FAULTED_TRANSFERS says how many; the release runs a thousand.
class Faults : public World {
 protected:
  using Answer = std::optional<Result<net::Exchanged>>;
  Answer mishap(const net::Request& request, const net::Cargo& cargo) {
    const std::lock_guard lock(mutex);
    if (exchange.interrupted) return Result<net::Exchanged>(Error{Kind::interrupted, "died"});
    if (random() % 10 != 0) return std::nullopt;
    const auto refused = [](int status, const std::string& code) {
      return Result<net::Exchanged>(net::Exchanged{{status, {}, "<Error><Code>" + code + "</Code></Error>"}});
    };
    switch (random() % 9) {
      case 0:
        return Result<net::Exchanged>(Error{Kind::unavailable, "cut before"});
      case 1:  // done, and the answer is lost
        (void)inner.send(request, cargo, Deadline::never());
        return Result<net::Exchanged>(Error{Kind::unavailable, "cut behind"});
      case 2:
        return Result<net::Exchanged>(Error{Kind::timeout, "silence"});
      case 3:
        return refused(500, "InternalError");
      case 4:
        return refused(503, "SlowDown");
      case 5:
        return refused(400, "ExpiredToken");
      case 6:
        return refused(400, "RequestTimeout");
      case 7:
        if (!may_die) return std::nullopt;
        exchange.interrupted = true;
        return Result<net::Exchanged>(Error{Kind::interrupted, "died"});
      default: {  // a byte of what comes back, or of what was sent, turns over
        if (request.method != "GET" || cargo.room.empty()) return refused(400, "BadDigest");
        auto got = inner.send(request, cargo, Deadline::never());
        if (got && got->placed > 0) cargo.room[random() % got->placed] ^= 4;
        return got;
      }
    }
  }
  void make_tree() {
    std::filesystem::remove_all(here);
    std::filesystem::create_directories(here);
    const size_t files = 1 + random() % 12;
    for (size_t i = 0; i < files; ++i) {
      const size_t size = random() % 4 == 0 ? 0 : random() % 20000;
      write(fmt::format("{}f{}",
                        random() % 2   ? "d/"
                        : random() % 3 ? ""
                                       : "d-e/f.g/",
                        i),
            pattern(size, static_cast<unsigned>(random())));
    }
    if (random() % 20 == 0) write("large", pattern(7 << 20, static_cast<unsigned>(random())));
    if (random() % 3 == 0) std::filesystem::create_directories(here / "empty/er");
    if (random() % 3 == 0) std::filesystem::create_symlink("f0", here / "link");
  }
  /// As often as it takes; in the end nobody dies any more.
  bool settle(const SyncWish& wish) {
    for (int turn = 0; turn < 30; ++turn) {
      may_die = turn < 5;
      const auto report = sync(wish);
      if (report && report->failed == 0) return true;
    }
    return false;
  }

  std::mutex mutex;
  std::mt19937 random;
  InProcess inner{aws};
  bool may_die = true;
};

TEST_F(Faults, NothingIsLostByTransfersOverABadWay) {
  const char* wanted = std::getenv("SPILLWAY_FAULTED_TRANSFERS");
  const int transfers = wanted ? std::atoi(wanted) : 60;
  exchange.fault = [this](const net::Request& request, const net::Cargo& cargo) {
    return mishap(request, cargo);
  };
  for (int seed = 0; seed < transfers / 2; ++seed) {
    random.seed(static_cast<unsigned>(seed));
    make_tree();
    std::filesystem::remove_all(back);
    SyncWish wish = up();
    wish.remove = true;
    ASSERT_TRUE(settle(wish)) << "seed " << seed;
    wish = down();
    ASSERT_TRUE(settle(wish)) << "seed " << seed;
    ASSERT_EQ(listing(back), listing(here)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace spillway::staging
