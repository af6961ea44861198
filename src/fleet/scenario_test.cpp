// What must hold after any crash and any fault.
#include "fleet/scenario_test.h"

namespace spillway::fleet {
namespace {

TEST(Scenario, AJobBurstsAndComesBack) {
  Scenario s;
  const int64_t job = s.submit(0, 3, true);
  s.run();
  EXPECT_EQ(s.joined(), 4u);
  EXPECT_EQ(s.state_of(job), "RUNNING");
  EXPECT_EQ(s.launches(), 1) << "one call for one job's nodes";
  EXPECT_EQ(s.keys("launches/").size(), 1u);
  EXPECT_TRUE(s.keys("release/").empty()) << "secrets are withdrawn once the nodes have joined";
  std::set<std::string> names;
  for (const aws::Instance& instance : s.instances()) names.insert(instance.tag("Name"));
  EXPECT_EQ(names.size(), 4u);
  EXPECT_EQ(s.names_there().size(), 8u);
  EXPECT_EQ(s.names_there(), s.names_wanted());

  s.slurm.finish(job);
  s.later();
  EXPECT_TRUE(s.instances().empty());
  EXPECT_TRUE(s.names_there().empty());
  EXPECT_TRUE(s.node(0).state.is_powered_down());
}

TEST(Scenario, SurvivesACrashAtAnyMoment) {
  int moments = 0;
  for (int at = 1;; ++at) {
    Scenario s{at};
    const int64_t job = s.submit(0, 2, true);
    s.run();
    EXPECT_EQ(s.joined(), 3u) << "killed at moment " << at;
    EXPECT_EQ(s.instances().size(), 3u) << "killed at moment " << at;
    EXPECT_EQ(s.state_of(job), "RUNNING") << "killed at moment " << at;
    EXPECT_EQ(s.names_there().size(), 6u) << "killed at moment " << at;
    EXPECT_EQ(s.names_there(), s.names_wanted()) << "killed at moment " << at;
    s.slurm.finish(job);
    s.run();
    EXPECT_TRUE(s.instances().empty()) << "killed at moment " << at;
    EXPECT_TRUE(s.names_there().empty()) << "killed at moment " << at;
    EXPECT_TRUE(s.keys("release/").empty()) << "killed at moment " << at;
    if (!s.crashed()) break;
    moments = at;
  }
  EXPECT_GT(moments, 20) << "the crash plan met too few moments to mean anything";
}

TEST(Scenario, ALostJournalHarmsNobody) {
  Scenario s;
  const int64_t job = s.submit(0, 2);
  s.run();
  s.lose_state();
  s.run();
  EXPECT_EQ(s.instances().size(), 3u);
  EXPECT_EQ(s.joined(), 3u);
  EXPECT_EQ(s.state_of(job), "RUNNING");
  s.slurm.finish(job);
  s.later();
  EXPECT_TRUE(s.instances().empty()) << "and the new journal ends what the old one began";
}

TEST(Scenario, ARepeatedHookLaunchesNothingMore) {
  Scenario s;
  s.submit(0, 1);
  s.hook(Wish::Kind::resume, 0, 1);
  s.run();
  s.hook(Wish::Kind::resume, 0, 1);
  s.later();
  EXPECT_EQ(s.instances().size(), 2u);
  EXPECT_EQ(s.launches(), 1);
}

TEST(Scenario, PoweredDownBeforeItCameUp) {
  Scenario s;
  s.boots_ = false;
  const int64_t job = s.submit(0, 0);
  s.run(2);
  ASSERT_EQ(s.instances().size(), 1u);
  s.slurm.finish(job);
  ASSERT_TRUE(
      s.slurm.set_state({Scenario::name(0)}, slurm::NodeAction::power_down_force, "", Scenario::deadline()));
  s.later();
  EXPECT_TRUE(s.instances().empty());
}

TEST(Scenario, ANodeThatNeverComesIsEndedAndItsJobRunsLater) {
  Scenario s;
  s.boots_ = false;
  const int64_t job = s.submit(0, 1);
  s.run(10);
  EXPECT_EQ(s.instances().size(), 2u);
  s.run(55);
  EXPECT_TRUE(s.was_ordered("cloud-c5-0 power_down_force")) << "the node is given back after ResumeTimeout";
  s.boots_ = true;
  s.run(200);
  EXPECT_EQ(s.state_of(job), "RUNNING") << "and the job runs when machines come again";
  EXPECT_EQ(s.instances().size(), 2u);
}

TEST(Scenario, AShortfallFailsWholeJobsAndReleasesTheirMachines) {
  Scenario s;
  s.faults(R"([{"operation": "CreateFleet", "effect": "capacity", "limit": 2}])");
  const int64_t job = s.submit(0, 2, true);
  s.run(30);
  EXPECT_EQ(s.joined(), 0u) << "two machines cannot run a job of three";
  EXPECT_TRUE(s.was_ordered("cloud-c5-0 down"));
  EXPECT_FALSE(s.was_ordered("cloud-c5-0 power_down_force")) << "as long as asking again is of no use";
  s.faults("[]");
  s.clock_.advance(std::chrono::minutes{3});
  s.run(200);
  EXPECT_EQ(s.state_of(job), "RUNNING");
  EXPECT_EQ(s.instances().size(), 3u);
}

TEST(Scenario, ALostAnswerIsAskedForAgainAndLaunchesNothingTwice) {
  Scenario s;
  s.faults(R"([{"operation": "CreateFleet", "effect": "drop_after", "count": 5}])");
  s.submit(0, 2);
  s.run();
  EXPECT_EQ(s.instances().size(), 3u);
  EXPECT_GT(s.launches(), 1);
  EXPECT_EQ(s.joined(), 3u);
}

TEST(Scenario, ALostAnswerAndThenARefusalLeaveNothingRunning) {
  Scenario s;
  s.faults(R"([{"operation": "CreateFleet", "effect": "drop_after", "count": 3},
               {"operation": "CreateFleet", "effect": "error", "code": "UnauthorizedOperation", "status": 403}])");
  s.slurm.finish([&] {
    const int64_t job = s.submit(0, 2);
    s.run(20);
    return job;
  }());
  s.run(300);
  EXPECT_TRUE(s.instances().empty());
}

TEST(Scenario, CredentialsThatFailForAWhileFailNoNode) {
  Scenario s;
  s.faults(
      R"([{"operation": "CreateFleet", "effect": "error", "code": "AuthFailure", "status": 401, "count": 5}])");
  s.submit(0, 2);
  s.run();
  EXPECT_EQ(s.joined(), 3u);
  EXPECT_TRUE(s.orders().empty()) << s.orders().front();
}

TEST(Scenario, ALaunchThatNobodyWantsAnyMoreIsNotRepeated) {
  Scenario s;
  s.faults(
      R"([{"operation": "CreateFleet", "effect": "error", "code": "InternalError", "status": 500, "count": 40}])");
  const int64_t job = s.submit(0, 2);
  s.run(3);
  s.slurm.finish(job);
  ASSERT_TRUE(s.slurm.set_state(Scenario::names(0, 2), slurm::NodeAction::power_down_force, "",
                                Scenario::deadline()));
  s.run(5);
  const int64_t before = s.launches();
  s.faults("[]");
  s.later();
  EXPECT_EQ(s.launches(), before);
  EXPECT_TRUE(s.instances().empty());
}

TEST(Scenario, AWebPageInPlaceOfAListEndsNobody) {
  Scenario s;
  const int64_t job = s.submit(0, 0);
  s.run();
  s.clock_.advance(seconds{300});
  const InstanceId before = s.instances().at(0).id;
  for (const char* page : {"<html>please log in</html>", "", "{}"}) {
    s.instead_of_a_list(page);
    s.later();
    ASSERT_EQ(s.instances().size(), 1u) << page;
    EXPECT_EQ(s.instances()[0].id, before);
  }
  EXPECT_EQ(s.state_of(job), "RUNNING");
  EXPECT_TRUE(s.orders().empty()) << s.orders().front();
}

TEST(Scenario, AStraySuspendAndAStrayResumeFailHarmNoJob) {
  Scenario s;
  const int64_t job = s.submit(0, 0);
  s.run();
  const InstanceId before = s.instances().at(0).id;
  for (const Wish::Kind kind : {Wish::Kind::suspend, Wish::Kind::resume, Wish::Kind::resume_fail}) {
    s.hook(kind, 0, 0);
    s.later();
    ASSERT_EQ(s.instances().size(), 1u) << to_string(kind);
    EXPECT_EQ(s.instances()[0].id, before);
    EXPECT_EQ(s.state_of(job), "RUNNING");
  }
  s.slurm.finish(job);  // and the real end still counts
  s.later();
  EXPECT_TRUE(s.instances().empty());
}

TEST(Scenario, ARefusedLaunchFailsItsNodesWithEc2sWords) {
  Scenario s;
  s.faults(
      R"([{"operation": "CreateFleet", "effect": "error", "code": "UnauthorizedOperation", "status": 403}])");
  s.submit(0, 0);
  s.run(3);
  EXPECT_TRUE(s.instances().empty());
  EXPECT_NE(s.node(0).reason.find("UnauthorizedOperation"), std::string::npos) << s.node(0).reason;
}

TEST(Scenario, SlurmHearsOfANodeWhenItHasItsName) {
  Scenario s;
  s.name_server.fault = Error{Kind::unavailable, "nobody answers"};
  s.submit(0, 0);
  s.run(15);
  ASSERT_EQ(s.instances().size(), 1u);
  EXPECT_EQ(s.joined(), 0u) << "the name server has half a minute to come back";
  s.name_server.fault.reset();
  s.run(40);
  EXPECT_EQ(s.joined(), 1u);
  EXPECT_EQ(s.names_there(), s.names_wanted());
}

TEST(Scenario, ANameServerThatIsGoneKeepsNoNodeFromWork) {
  Scenario s;
  s.name_server.fault = Error{Kind::unavailable, "nobody answers"};
  const int64_t job = s.submit(0, 1);
  s.run(60);
  EXPECT_EQ(s.joined(), 2u);
  EXPECT_EQ(s.state_of(job), "RUNNING");
  EXPECT_NE(s.status().find("not in DNS"), std::string::npos) << s.status();
  s.name_server.fault.reset();
  s.clock_.advance(seconds{120});
  s.later();
  EXPECT_EQ(s.names_there().size(), 4u) << "and when it is back, the names are";
  EXPECT_EQ(s.names_there(), s.names_wanted());
  EXPECT_EQ(s.status().find("not in DNS"), std::string::npos) << s.status();

  s.name_server.fault = Error{Kind::denied, "the key was taken away"};
  s.slurm.finish(job);
  s.later();
  EXPECT_TRUE(s.instances().empty()) << "nor a machine from its end";
  EXPECT_EQ(s.names_there().size(), 4u);
  s.name_server.fault.reset();
  s.clock_.advance(seconds{120});
  s.later();
  EXPECT_TRUE(s.names_there().empty()) << "what could not be withdrawn is swept";
}

TEST(Scenario, AForeignNameStaysAndItsNodeWorksWithout) {
  Scenario s;
  s.name_server.write("cloud-c5-1.example.com", dns::Type::a, *dns::address_data(IpAddress{"192.168.10.9"}));
  const int64_t job = s.submit(0, 2);
  s.run();
  EXPECT_EQ(s.joined(), 3u);
  EXPECT_EQ(s.state_of(job), "RUNNING");
  EXPECT_NE(s.status().find("cloud-c5-1.example.com"), std::string::npos) << s.status();
  EXPECT_EQ(s.name_server.at("cloud-c5-1.example.com", dns::Type::a),
            std::vector<std::string>{"192.168.10.9"});
  EXPECT_EQ(s.name_server.at("cloud-c5-2.example.com", dns::Type::a).size(), 1u);
  s.name_server.erase("cloud-c5-1.example.com");
  s.clock_.advance(seconds{300});
  s.later();
  EXPECT_EQ(s.names_there(), s.names_wanted()) << "it gets its name when the other is gone";
  s.slurm.finish(job);
  s.later();
  EXPECT_TRUE(s.names_there().empty());
}

TEST(Scenario, RecordsThatSomebodyTouchedAreMendedWithinMinutes) {
  Scenario s;
  s.submit(0, 1);
  s.run();
  const auto before = s.names_there();
  s.name_server.erase("cloud-c5-0.example.com");
  const std::string left = fmt::format("spillway {} i-0dead", "0e9c4e8e-5b0f-4c7e-9a55-1c6f0f7f0001");
  s.name_server.write("cloud-c5-7.example.com", dns::Type::txt, *dns::text_data(left));
  s.name_server.write("cloud-c5-7.example.com", dns::Type::a, *dns::address_data(IpAddress{"172.31.9.9"}));
  s.clock_.advance(seconds{300});
  s.later();
  EXPECT_EQ(s.names_there(), before);
}

}  // namespace
}  // namespace spillway::fleet
