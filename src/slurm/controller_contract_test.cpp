// What every Controller does, asked of the model always, and of a real slurmctld when SPILLWAY_CONTRACT_NODES
// names three of its powered-down cloud nodes that nothing else uses ("cloud[001-003]").
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>

#include "slurm/command_controller.h"
#include "slurm/fake.h"
#include "slurm/hostlist.h"

namespace spillway::slurm {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Deadline soon() {
  return Deadline::after(20s);
}

/// One controller with three nodes, and time that passes.
struct Cluster {
  std::vector<NodeName> names;
  std::unique_ptr<Clock> clock;
  std::unique_ptr<Runner> runner;
  std::unique_ptr<Controller> controller;
  Duration step;
};

Cluster fake() {
  Cluster cluster{.names = *expand("c5-[0-2]"), .clock = std::make_unique<ManualClock>(), .step = 5s};
  cluster.controller = std::make_unique<FakeController>(*cluster.clock, cluster.names);
  return cluster;
}
Cluster real() {
  Cluster cluster{.names = expand(std::getenv("SPILLWAY_CONTRACT_NODES")).value(),
                  .clock = std::make_unique<SystemClock>(),
                  .runner = std::make_unique<PosixRunner>(),
                  .step = 200ms};
  cluster.controller = std::make_unique<CommandController>(*cluster.runner, Commands{});
  return cluster;
}

struct Kindred {
  const char* name;
  Cluster (*make)();
};

class ControllerContract : public testing::TestWithParam<Kindred> {
 protected:
  void SetUp() override { cluster_ = GetParam().make(); }
  Controller& controller() { return *cluster_.controller; }
  const std::vector<NodeName>& names() const { return cluster_.names; }
  Node node(size_t index) { return controller().nodes({names()[index]}, soon()).value().at(0); }
  /// Waits until `true_now`, a minute of real time at most.
  bool eventually(const std::function<bool()>& true_now) {
    for (int i = 0; i < 300; ++i) {
      if (true_now()) return true;
      cluster_.clock->sleep_for(cluster_.step);
    }
    return false;
  }

  Cluster cluster_;
};

TEST_P(ControllerContract, TellsItsVersion) {
  EXPECT_GE(controller().version(soon()).value(), (Version{20, 2}));
}

TEST_P(ControllerContract, TellsNodesOnceAndSorted) {
  const auto all = controller().nodes({}, soon()).value();
  EXPECT_GE(all.size(), 3u);
  EXPECT_TRUE(
      std::is_sorted(all.begin(), all.end(), [](const Node& a, const Node& b) { return a.name < b.name; }));
  const auto some = controller().nodes({names()[2], names()[0]}, soon()).value();
  ASSERT_EQ(some.size(), 2u);
  EXPECT_EQ(some[0].name, names()[0]);
  EXPECT_TRUE(some[0].state.is_powered_down());
  EXPECT_TRUE(some[0].state.has(NodeState::kCloud));
  EXPECT_EQ(some[0].address, names()[0].value);
}

TEST_P(ControllerContract, KnowsWhichNodesThereAreNot) {
  const std::vector<NodeName> none{NodeName{"no-such-node-7"}};
  EXPECT_EQ(controller().nodes(none, soon()).error().kind, Kind::not_found);
  EXPECT_EQ(controller().set_state(none, NodeAction::power_up, "", soon()).error().kind, Kind::not_found);
  EXPECT_EQ(controller().reset_addresses(none, soon()).error().kind, Kind::not_found);
}

TEST_P(ControllerContract, AddressesAreTheNodesOwnWhateverTheOrder) {
  std::vector<AddressUpdate> updates;
  for (const size_t i : {2, 0, 1})
    updates.push_back(
        {names()[i], IpAddress{fmt::format("192.0.2.{}", 10 + i)}, fmt::format("ip-192-0-2-{}", 10 + i)});
  ASSERT_TRUE(controller().set_addresses(updates, soon()));
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(node(i).address, fmt::format("192.0.2.{}", 10 + i));
    EXPECT_EQ(node(i).hostname, fmt::format("ip-192-0-2-{}", 10 + i));
  }
  EXPECT_TRUE(controller().set_addresses(updates, soon()));  // again is the same
  ASSERT_TRUE(controller().reset_addresses(names(), soon()));
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(node(i).address, names()[i].value);
  updates.push_back(updates[0]);
  EXPECT_EQ(controller().set_addresses(updates, soon()).error().kind, Kind::invalid);
}

TEST_P(ControllerContract, DrainsWithAReasonThatHurtsNobody) {
  EXPECT_EQ(controller().set_state({names()[0]}, NodeAction::drain, "", soon()).error().kind, Kind::invalid);
  ASSERT_TRUE(
      controller().set_state({names()[0]}, NodeAction::drain, "a|b=c; State=DOWN NodeName=x", soon()));
  EXPECT_TRUE(node(0).state.is_draining());
  EXPECT_FALSE(node(0).state.is_down());
  EXPECT_EQ(node(0).reason, "a|b=c; State=DOWN NodeName=x");
  EXPECT_FALSE(node(1).state.is_draining());
  ASSERT_TRUE(controller().set_state({names()[0]}, NodeAction::undrain, "", soon()));
  EXPECT_FALSE(node(0).state.is_draining());
}

TEST_P(ControllerContract, TakesANodeDownAndBack) {
  ASSERT_TRUE(controller().set_state({names()[1]}, NodeAction::down, "no capacity", soon()));
  EXPECT_TRUE(node(1).state.is_down());
  EXPECT_EQ(node(1).reason, "no capacity");
  ASSERT_TRUE(controller().set_state({names()[1]}, NodeAction::resume, "", soon()));
  EXPECT_FALSE(node(1).state.is_down());
}

TEST_P(ControllerContract, CallsForANodeAndForcesItOffAgain) {
  ASSERT_TRUE(controller().set_state({names()[2]}, NodeAction::power_up, "", soon()));
  EXPECT_TRUE(node(2).state.is_powering_up());
  EXPECT_FALSE(node(2).state.is_up());
  EXPECT_TRUE(eventually([&] { return node(2).state.has(NodeState::kPoweringUp); }));
  ASSERT_TRUE(controller().set_addresses({{names()[2], IpAddress{"192.0.2.9"}, ""}}, soon()));
  ASSERT_TRUE(controller().set_state({names()[2]}, NodeAction::power_down_force, "", soon()));
  EXPECT_TRUE(node(2).state.is_powering_down());
  EXPECT_TRUE(eventually([&] { return node(2).state.is_powered_down(); }));
  EXPECT_FALSE(node(2).state.is_down());
  EXPECT_EQ(node(2).address, names()[2].value);
}

TEST_P(ControllerContract, TellsItsTimeouts) {
  const auto settings = controller().configuration(soon()).value();
  for (const char* key : {"SuspendTime", "SuspendTimeout", "ResumeTimeout"})
    EXPECT_THAT(settings.at(key), HasSubstr(" sec")) << key;
}

TEST_P(ControllerContract, TellsJobs) {
  EXPECT_TRUE(controller().jobs(soon()));
}

std::vector<Kindred> kindred() {
  std::vector<Kindred> all{{"Fake", fake}};
  if (std::getenv("SPILLWAY_CONTRACT_NODES")) all.push_back({"Slurm", real});
  return all;
}
INSTANTIATE_TEST_SUITE_P(Both, ControllerContract, testing::ValuesIn(kindred()),
                         [](const auto& info) { return std::string(info.param.name); });

/// What only the model can be made to do.
class FakeTest : public testing::Test {
 protected:
  ManualClock clock_;
  FakeController slurm_{clock_, *expand("c5-[0-2]")};
  Node node(int i) { return slurm_.nodes({NodeName{fmt::format("c5-{}", i)}}, soon()).value().at(0); }
  std::string state_of(int64_t job) {
    const auto jobs = slurm_.jobs(soon()).value();
    for (const Job& each : jobs)
      if (each.id == job) return each.state;
    return "gone";
  }
};

TEST_F(FakeTest, LivesThroughAPowerCycle) {
  const int64_t job = slurm_.submit(*expand("c5-[0-1]"));
  EXPECT_EQ(fold(slurm_.take_resumed()), "c5-[0-1]");
  EXPECT_EQ(state_of(job), "CONFIGURING");
  slurm_.register_node(NodeName{"c5-0"}, IpAddress{"10.0.0.1"});
  EXPECT_EQ(state_of(job), "CONFIGURING");
  slurm_.register_node(NodeName{"c5-1"}, IpAddress{"10.0.0.2"});
  EXPECT_EQ(state_of(job), "RUNNING");
  EXPECT_TRUE(node(0).state.is_up() && node(0).state.is_allocated());
  slurm_.finish(job);
  EXPECT_EQ(slurm_.records({.ids = {job}}, soon())->at(0).state, "COMPLETED");
  EXPECT_TRUE(slurm_.take_suspended().empty());
  clock_.advance(400s);
  EXPECT_EQ(fold(slurm_.take_suspended()), "c5-[0-1]");
  EXPECT_TRUE(node(0).state.is_powering_down());
  clock_.advance(60s);
  EXPECT_TRUE(node(0).state.is_powered_down());
  EXPECT_EQ(node(0).address, "c5-0");
}

TEST_F(FakeTest, ANodeThatNeverComesFailsAndItsJobWaits) {
  const int64_t job = slurm_.submit(*expand("c5-[0-1]"));
  clock_.advance(300s);
  EXPECT_EQ(fold(slurm_.take_failed()), "c5-[0-1]");
  EXPECT_TRUE(node(0).state.is_down());
  EXPECT_EQ(state_of(job), "PENDING");
  slurm_.register_node(NodeName{"c5-0"}, IpAddress{"10.0.0.1"});  // too late: Slurm does not take it
  EXPECT_TRUE(node(0).state.is_down());
  ASSERT_TRUE(slurm_.set_state(*expand("c5-[0-1]"), NodeAction::power_down_force, "", soon()));
  clock_.advance(60s);
  slurm_.take_resumed();
  clock_.advance(1s);
  EXPECT_EQ(state_of(job), "CONFIGURING");
}

TEST_F(FakeTest, DownRequeuesAndSilenceIsUnavailable) {
  const int64_t job = slurm_.submit({NodeName{"c5-2"}});
  ASSERT_TRUE(slurm_.set_state({NodeName{"c5-2"}}, NodeAction::down, "InsufficientInstanceCapacity", soon()));
  EXPECT_EQ(state_of(job), "PENDING");
  slurm_.be_silent(true);
  EXPECT_EQ(slurm_.jobs(soon()).error().kind, Kind::unavailable);
}

}  // namespace
}  // namespace spillway::slurm
