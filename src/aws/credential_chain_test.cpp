#include "aws/credential_chain.h"

#include <gtest/gtest.h>

namespace spillway::aws {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

Deadline soon() {
  return Deadline::after(seconds{5});
}

// A source whose credentials live for a while, until it is put out of order.
struct ChainTest : ::testing::Test {
  ManualClock clock;
  int asked = 0;
  bool works = true;
  minutes lifetime{60};
  CredentialChain chain{{[this](Deadline) -> Result<std::optional<Credentials>> {
                          ++asked;
                          if (!works) return Error{Kind::unavailable, "out of order"};
                          return std::optional(Credentials{.access_key_id = std::to_string(asked),
                                                           .secret_access_key = Secret("s"),
                                                           .expires = clock.now() + lifetime});
                        }},
                        clock};

  std::string key() {
    const auto found = chain.get(soon());
    return found ? found->access_key_id : to_string(found.error().kind).data();
  }
};

// Each ask of a dead metadata service takes seconds, and each request of many sent at once asks the chain.
TEST_F(ChainTest, AFailedRenewalIsNotTriedAgainForEveryRequest) {
  EXPECT_EQ(key(), "1");
  works = false;
  clock.advance(minutes{46});
  for (int i = 0; i < 200; ++i) EXPECT_EQ(key(), "1");
  EXPECT_EQ(asked, 2);
  clock.advance(seconds{61});
  EXPECT_EQ(key(), "1");
  EXPECT_EQ(asked, 3);
}

TEST_F(ChainTest, TheShortestSessionIsNotRenewedForEveryRequest) {
  lifetime = minutes{15};
  for (int i = 0; i < 200; ++i) EXPECT_EQ(key(), "1");
  clock.advance(seconds{61});
  EXPECT_EQ(key(), "2");
}

TEST_F(ChainTest, ARenewalThatWorksAgainIsFoundWithinAMinute) {
  EXPECT_EQ(key(), "1");
  works = false;
  clock.advance(minutes{46});
  EXPECT_EQ(key(), "1");
  works = true;
  clock.advance(seconds{61});
  EXPECT_EQ(key(), "3");
}

TEST_F(ChainTest, WhatHasEndedIsNeverGivenOut) {
  EXPECT_EQ(key(), "1");
  works = false;
  clock.advance(minutes{60} - seconds{1});
  EXPECT_EQ(key(), "1");
  clock.advance(seconds{1});
  EXPECT_EQ(key(), "unavailable");
  works = true;
  EXPECT_EQ(key(), "4");
}

TEST_F(ChainTest, WhatAwsRefusedIsAskedForAtOnce) {
  EXPECT_EQ(key(), "1");
  works = false;
  clock.advance(minutes{46});
  EXPECT_EQ(key(), "1");
  works = true;
  chain.invalidate();
  EXPECT_EQ(key(), "3");
}

}  // namespace
}  // namespace spillway::aws
