#include "staging/world_test.h"

namespace spillway::staging {
namespace {

class Resume : public World {};

/// Ends the process, as it were, at the nth request that fits: no answer arrives any more.
InProcess::Fault die_at(InProcess& exchange, int nth, std::atomic<int>& count) {
  return [&exchange, nth, &count](const net::Request& request,
                                  const net::Cargo&) -> std::optional<Result<net::Exchanged>> {
    if (request.method == "GET") return std::nullopt;
    if (++count >= nth) exchange.interrupted = true;
    if (exchange.interrupted) return Result<net::Exchanged>(Error{Kind::interrupted, "died"});
    return std::nullopt;
  };
}

TEST_F(Resume, NoPartIsSentTwiceWhereverItDies) {
  write("large", pattern(32 << 20));
  write("small", "x");
  for (int nth = 1; nth <= 10; ++nth) {
    SyncWish wish = up();
    wish.target = place(fmt::format("s3://slurm-burst-data/p{}/", nth));
    exchange.forget();
    std::atomic<int> count = 0;
    exchange.fault = die_at(exchange, nth, count);
    (void)sync(wish);
    exchange.fault = nullptr;
    const auto report = sync(wish);
    ASSERT_TRUE(report) << nth << report.error().what;
    EXPECT_EQ(report->failed, 0) << nth;
    for (int part = 1; part <= 7; ++part)
      EXPECT_EQ(exchange.count(fmt::format("PUT /slurm-burst-data/p{}/large?partNumber={}", nth, part)), 1U)
          << "part " << part << ", died at request " << nth;
    EXPECT_EQ(exchange.count(fmt::format("PUT /slurm-burst-data/p{}/small", nth)), 1U) << nth;
  }
}

TEST_F(Resume, AFileThatBecameAnotherIsSentAnew) {
  write("large", pattern(32 << 20, 1));
  std::atomic<int> count = 0;
  exchange.fault = die_at(exchange, 4, count);
  (void)sync(up());
  exchange.fault = nullptr;
  write("large", pattern(32 << 20, 2));
  ASSERT_EQ(sync(up())->copied, 1);
  EXPECT_EQ(object("large"), pattern(32 << 20, 2));
  EXPECT_EQ(exchange.count("DELETE /slurm-burst-data/p/large"), 1U) << "the old upload is given up";
}

TEST_F(Resume, WhatAKilledDownloadLeftIsCleanedUp) {
  write("sub/a", "content");
  ASSERT_TRUE(sync(up()));
  const std::string left = std::string(".spillway-part-") + transfer_id(down().source, down().target) + "-0";
  write("sub/" + left, "half", back);
  write("sub/.spillway-part-0123456789ab-0", "of another copy", back);
  ASSERT_EQ(sync(down())->copied, 1);
  EXPECT_FALSE(std::filesystem::exists(back / "sub" / left));
  EXPECT_TRUE(std::filesystem::exists(back / "sub/.spillway-part-0123456789ab-0"));
}

TEST_F(Resume, CutConnectionsAndErrorsAreOvercome) {
  for (int i = 0; i < 30; ++i) write(fmt::format("f{}", i), pattern(1000 + static_cast<size_t>(i)));
  write("large", pattern(16 << 20));
  std::atomic<int> turn = 0;
  exchange.fault = [&](const net::Request&, const net::Cargo&) -> std::optional<Result<net::Exchanged>> {
    switch (++turn % 4) {
      case 0:
        return Result<net::Exchanged>(Error{Kind::unavailable, "cut"});
      case 1:
        return Result<net::Exchanged>(net::Exchanged{{500, {}, "<Error><Code>InternalError</Code></Error>"}});
      default:
        return std::nullopt;
    }
  };
  ASSERT_EQ(sync(up())->failed, 0);
  ASSERT_EQ(sync(down())->failed, 0);
  EXPECT_EQ(listing(back), listing(here));
}

}  // namespace
}  // namespace spillway::staging
