// Rows 39 to 46 of the failure catalogue: leaks.
#include "fleet/leftovers.h"
#include "fleet/scenario_test.h"
#include "fleet/scene_test.h"

namespace spillway::fleet {
namespace {

// 39: about 10 % leaked at a 1,000-node scale-down | sweep by tag
TEST(Rows, row_039_whatever_carries_our_tag_and_serves_nobody_is_ended) {
  Scene scene;
  for (int i = 0; i < 1000; ++i) {
    MachineRecord& machine = scene.machine(fmt::format("i-{}", i));
    machine.launched_at = kNow - seconds{121};
  }
  size_t ended = 0;
  for (const Terminate& step : scene.all<Terminate>()) ended += step.instances.size();
  EXPECT_EQ(ended, 1000u);
}

// 41: describe error crashes, terminate failure only logged | retry until confirmed
TEST(Rows, row_041_a_termination_is_asked_for_until_EC2_shows_it) {
  Scenario s;
  const int64_t job = s.submit(0, 1);
  s.run();
  s.faults(
      R"([{"operation": "TerminateInstances", "effect": "error", "code": "InternalError", "status": 500, "count": 9}])");
  s.slurm.finish(job);
  s.later();
  s.later();
  EXPECT_TRUE(s.instances().empty());
}

// 42: too many filter values | chunk
TEST(Rows, row_042_a_thousand_and_one_instances_are_ended_in_chunks) {
  Scene scene;
  for (int i = 0; i < 1001; ++i) scene.machine(fmt::format("i-{}", i)).launched_at = kNow - seconds{500};
  const auto steps = scene.all<Terminate>();
  ASSERT_EQ(steps.size(), 1u) << "one step; Ec2::terminate cuts it into calls of 1,000 ids";
  EXPECT_EQ(steps[0].instances.size(), 1001u);
}

/// An instance of somebody's that was ended; what belonged to it has these tags.
void end_one_of(Scenario& s, const std::string& cluster, const std::string& kind) {
  const Json images = s.ask("ec2", "DescribeImages", Json::object());
  const Json launched = s.ask("ec2", "RunInstances",
                              Json::object({{"ImageId", images["Images"].at(0)["ImageId"]},
                                            {"InstanceType", "c5.large"},
                                            {"SubnetId", s.subnets().at(0)},
                                            {"MinCount", 1},
                                            {"MaxCount", 1},
                                            {"TagSpecifications", part_tags(cluster, kind)}}));
  const Json ids = Json::array({launched["Instances"].at(0)["InstanceId"]});
  s.clock_.advance(seconds{5});
  s.ask("ec2", "TerminateInstances", Json::object({{"InstanceIds", ids}}));
  s.clock_.advance(seconds{5});
}

/// Disks and interfaces that are attached to nothing: "kind of whom".
std::multiset<std::string> loose_parts(Scenario& s) {
  const Json available = Json::object(
      {{"Filters",
        Json::array({Json::object({{"Name", "status"}, {"Values", Json::array({"available"})}})})}});
  std::multiset<std::string> out;
  const auto add = [&](const Json& parts, const char* tags) {
    for (const Json& part : parts.items()) {
      std::string text;
      for (const Json& tag : part[tags].items()) text += (text.empty() ? "" : " ") + tag["Value"].as_string();
      out.insert(text);
    }
  };
  add(s.ask("ec2", "DescribeVolumes", available)["Volumes"], "Tags");
  add(s.ask("ec2", "DescribeNetworkInterfaces", available)["NetworkInterfaces"], "TagSet");
  return out;
}

// 43: EBS, elastic address, interface, EFS left | DeleteOnTermination; inventory sweep. (Elastic addresses
// and file systems are not the fleet's: only apply makes them, and destroy takes them.)
TEST(Rows, row_043_disks_and_interfaces_that_outlive_their_machines_go_and_nobody_elses) {
  Scenario s;
  s.faults(
      R"([{"effect": "leave_behind", "what": "volumes"}, {"effect": "leave_behind", "what": "interfaces"}])");
  end_one_of(s, "another cluster", "");
  end_one_of(s, kCluster, "Gateway");
  const int64_t job = s.submit(0, 1);
  s.run();
  s.slurm.finish(job);
  s.later();
  ASSERT_TRUE(s.instances().empty());
  const std::string volume = std::string(kCluster) + " volume",
                    interface = std::string(kCluster) + " network-interface";
  ASSERT_EQ(loose_parts(s).count(volume), 2u);
  ASSERT_EQ(loose_parts(s).count(interface), 2u);
  ASSERT_EQ(loose_parts(s).size(), 8u);

  const int64_t next = s.submit(2, 2);  // whose parts are attached, and stay
  s.run();
  s.clock_.advance(std::chrono::minutes{11});
  s.run(3);
  EXPECT_EQ(loose_parts(s).size(), 8u) << "what is loose for a moment may be about to be attached";
  for (int i = 0; i < 4; ++i) {
    s.clock_.advance(std::chrono::minutes{11});
    s.start();  // and a restart forgets nothing
    s.run(3);
  }
  EXPECT_EQ(loose_parts(s), (std::multiset<std::string>{
                                "another cluster volume", "another cluster network-interface",
                                std::string(kCluster) + " Gateway", std::string(kCluster) + " Gateway"}));
  EXPECT_EQ(s.state_of(next), "RUNNING");
  const Json volumes = s.ask("ec2", "DescribeVolumes", Json::object());
  EXPECT_EQ(volumes["Volumes"].size(), 3u) << "two that are not ours to delete, and the running machine's";
}

TEST(Rows, row_043_a_part_that_is_attached_again_begins_its_time_anew) {
  const aws::Leftover disk{aws::Leftover::What::volume, "vol-1"};
  LeftoversSeen seen;
  const Duration grace = std::chrono::minutes{30};
  EXPECT_TRUE(due({disk}, seen, kNow, grace).empty());
  seen = *read_leftovers_seen(to_text(seen));
  EXPECT_TRUE(due({}, seen, kNow + std::chrono::minutes{20}, grace).empty());
  EXPECT_TRUE(due({disk}, seen, kNow + std::chrono::minutes{40}, grace).empty());
  EXPECT_EQ(due({disk}, seen, kNow + std::chrono::minutes{70}, grace).size(), 1u);
}

// 44: unfinished multipart uploads billed | abort; bucket lifecycle rule. (The rule is apply's:
// site.BucketRules.)
TEST(Rows, row_044_uploads_that_nobody_finished_are_given_up_after_a_day) {
  Scenario s;
  const auto begin = [&](const std::string& key) {
    s.ask("s3", "CreateMultipartUpload", Json::object({{"Bucket", "slurm-burst-data"}, {"Key", key}}));
  };
  const std::string ours = kCluster;
  begin(ours + "/jobs/12/out.tar");
  begin("another-cluster/jobs/12/out.tar");
  s.run(4);
  s.clock_.advance(std::chrono::hours{20});
  begin(ours + "/jobs/13/out.tar");
  s.run(4);
  const auto keys = [&] {
    std::set<std::string> out;
    const Json all = s.ask("s3", "ListMultipartUploads", Json::object({{"Bucket", "slurm-burst-data"}}));
    for (const Json& upload : all["Uploads"].items()) out.insert(upload["Key"].as_string());
    return out;
  };
  EXPECT_EQ(keys().size(), 3u) << "a transfer may take most of a day";
  s.clock_.advance(std::chrono::hours{5});
  s.run(4);
  EXPECT_EQ(keys(), (std::set<std::string>{ours + "/jobs/13/out.tar", "another-cluster/jobs/12/out.tar"}));
}

// 45: terminate accepted, not done | poll to the terminal state
TEST(Rows, row_045_an_accepted_termination_counts_when_EC2_shows_the_instance_terminated) {
  Scene scene;
  scene.wish(0, Wanted::down);
  MachineRecord& machine = scene.machine("i-1", 0);
  machine.terminate_at = kNow - seconds{60};
  machine.end_reason = "suspended";
  EXPECT_TRUE(scene.all<Close>().empty());
  EXPECT_EQ(scene.all<Terminate>().size(), 1u) << "asked again: EC2 shows it running";
  scene.cloud("i-1", "shutting-down");
  EXPECT_TRUE(scene.all<Terminate>().empty()) << "it is on its way";
  EXPECT_TRUE(scene.all<Close>().empty());
  scene.cloud("i-1", "terminated");
  EXPECT_EQ(scene.all<Close>().size(), 1u);
}

// 46: stopped instance unseen | counts as live
TEST(Rows, row_046_a_stopped_instance_fails_its_node_and_is_ended) {
  Scene scene;
  scene.wish(0, Wanted::up).since = kNow - seconds{600};
  scene.machine("i-1", 0).joined_at = kNow - seconds{500};
  scene.cloud("i-1", "stopped");
  scene.slurm(0, "DOWN+CLOUD+NOT_RESPONDING", "Not responding");
  ASSERT_EQ(scene.all<Fail>().size(), 1u);
  EXPECT_EQ(scene.all<Fail>()[0].nodes[0].reason, "i-1 was stopped");
  EXPECT_TRUE(scene.all<Launch>().empty()) << "it still carries the node's name";
  scene.world.records.nodes.at(Scene::name(0)).wanted = Wanted::failed;
  EXPECT_EQ(scene.all<Terminate>().size(), 1u);
}

TEST(Rows, row_046_an_unbound_one_too) {
  Scene scene;
  scene.machine("i-1").launched_at = kNow - seconds{500};
  scene.cloud("i-1", "stopped");
  EXPECT_EQ(scene.all<Terminate>().size(), 1u);
}

}  // namespace
}  // namespace spillway::fleet
