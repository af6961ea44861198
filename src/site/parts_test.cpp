#include <fcntl.h>
#include <gmock/gmock.h>

#include "site/carve.h"
#include "site/codes.h"
#include "site/gather.h"
#include "site/intents.h"

namespace spillway::site {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Carve, CutsSubnetsFromTheVpc) {
  EXPECT_EQ(*carve("172.31.0.0/16", 20, 1), "172.31.16.0/20");
  EXPECT_EQ(*carve("172.31.0.0/16", 24, 0), "172.31.0.0/24");
  EXPECT_EQ(*carve("10.0.0.0/8", 12, 15), "10.240.0.0/12");
  EXPECT_EQ(*address_in("172.31.0.0/16", 5), "172.31.0.5");
  for (const auto& [cidr, prefix, index] : {std::tuple{"172.31.0.0/16", 20, 16U},
                                            {"172.31.0.0/16", 15, 0U},
                                            {"172.31.0.1/16", 20, 0U},
                                            {"172.31.0.0", 20, 0U},
                                            {"x/16", 20, 0U},
                                            {"172.31.0.0/33", 20, 0U},
                                            {"::/16", 20, 0U}})
    EXPECT_EQ(carve(cidr, prefix, index).error().code, "SPW-SITE-002") << cidr << prefix << index;
}

TEST(SlurmFacts, AreReadFromSlurmConf) {
  EXPECT_THAT(controllers_in("SlurmctldHost=ctl(192.168.10.10)\n#SlurmctldHost=no\nslurmctldhost = bak\n"),
              ElementsAre("192.168.10.10:6817", "bak:6817"));
  EXPECT_THAT(controllers_in("SlurmctldPort=7000-7003\nSlurmctldHost=ctl # here\n"), ElementsAre("ctl:7000"));
  EXPECT_THAT(controllers_in(""), IsEmpty());
  EXPECT_EQ(srun_ports_in("SrunPortRange=60001-60999\n"), (std::pair{60001, 60999}));
  EXPECT_EQ(srun_ports_in("SrunPortRange=nonsense\n"), (std::pair{60001, 63000}));
}

class IntentsTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / make_uuid();
  std::filesystem::path file_ = folder_ / "apply.journal";
};

TEST_F(IntentsTest, AnAttemptKeepsItsNameUntilItIsDone) {
  std::string attempt;
  {
    Intents first = *Intents::open(file_);
    attempt = *first.begin("Gateway");
    ASSERT_TRUE(first.begin("Bucket"));
    ASSERT_TRUE(first.done("Bucket"));
  }
  Intents second = *Intents::open(file_);
  EXPECT_THAT(second.begun(), ElementsAre("Gateway"));
  EXPECT_EQ(*second.begin("Gateway"), attempt);
  ASSERT_TRUE(second.done("Gateway"));
  EXPECT_NE(*second.begin("Gateway"), attempt);
}

TEST_F(IntentsTest, ATornLineWasNeverActedUpon) {
  ASSERT_TRUE(write_file_atomically(file_, "{\"began\":\"A\",\"attempt\":\"1\"}\n{\"began\":\"B\",\"att"));
  {
    Intents torn = *Intents::open(file_);
    EXPECT_THAT(torn.begun(), ElementsAre("A"));
    ASSERT_TRUE(torn.begin("C"));
  }
  EXPECT_THAT(Intents::open(file_)->begun(), ElementsAre("A", "C"));
}

TEST_F(IntentsTest, TwoAtOnceAreRefused) {
  const auto held = Intents::open(file_);
  ASSERT_TRUE(held);
  const auto second = Intents::open(file_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, kBusy.id);
}

TEST_F(IntentsTest, ALinkInItsPlaceIsNotFollowed) {
  ASSERT_TRUE(write_file_atomically(folder_ / "precious", "text"));
  std::filesystem::create_symlink(folder_ / "precious", file_);
  EXPECT_FALSE(Intents::open(file_));
  EXPECT_EQ(*read_file(folder_ / "precious"), "text");
}

}  // namespace
}  // namespace spillway::site
