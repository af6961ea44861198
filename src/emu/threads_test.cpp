#include <atomic>
#include <thread>

#include "emu/test_client.h"

namespace spillway::emu {
namespace {

struct Fixed : Clock {  // ManualClock may not be moved by several threads
  Time now() const override { return Time{std::chrono::seconds{1'700'000'000}}; }
  void sleep_for(Duration) override {}
};

struct Reentrant : Machines {  // a body that dies at once, and tells so from within start()
  void start(const Machine& machine) override {
    EXPECT_FALSE(inside.exchange(true)) << "two calls at a time";
    ++started;
    if (aws) aws->stopped_by_itself(machine.id);
    inside = false;
  }
  void stop(const InstanceId&) override { ++stopped; }
  Aws* aws = nullptr;
  std::atomic<bool> inside = false;
  std::atomic<int> started = 0, stopped = 0;
};

TEST(Threads, LaunchesFromManySidesAreAllSeen) {
  Fixed clock;
  Reentrant machines;
  Aws aws{Settings{}, clock, &machines};
  machines.aws = &aws;
  ASSERT_TRUE(aws.seed(example_seed()));
  Caller caller{aws, clock};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i)
        EXPECT_EQ(caller
                      .ec2("RunInstances", {{"ImageId", "ami-0a11ce00000000001"},
                                            {"InstanceInitiatedShutdownBehavior", "terminate"},
                                            {"MinCount", "3"},
                                            {"MaxCount", "3"}})
                      .status,
                  200);
    });
  for (std::thread& thread : threads) thread.join();
  aws.advance();
  EXPECT_EQ(machines.started, 120);
  EXPECT_EQ(machines.stopped, 0) << "they stopped by themselves";
  auto seen = caller.ec2("DescribeInstances");
  EXPECT_EQ(texts(seen, "instanceId").size(), 120u);
}

}  // namespace
}  // namespace spillway::emu
