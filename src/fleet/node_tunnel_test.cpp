// Where each node is a peer of the premises' gateway: who the gateway is told of, and when.
#include "base/crypto.h"
#include "fleet/scenario_test.h"
#include "fleet/scene_test.h"
#include "vpn/fake_device.h"
#include "vpn/node_gateway.h"

namespace spillway::fleet {
namespace {

/// The public key that an instance makes, always the same in these tests.
vpn::PublicKey key_of(const InstanceId& id) {
  return vpn::PublicKey{to_base64(sha256(id.value))};
}
std::string name_of(const vpn::PublicKey& key) {
  std::string text = key.value.substr(0, 43);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

// ---- the plan

struct TunnelScene : Scene {
  TunnelScene() {
    policy.node_tunnel = true;
    world.keys.emplace();
  }
  MachineRecord& node(int i) {
    wish(i, Wanted::up);
    const std::string id = fmt::format("i-{}", i + 1);
    MachineRecord& made = machine(id, i);
    made.address = (*world.cloud)[made.id].private_ip;
    made.launched_at = kNow - seconds{60 - i};
    names_key(made.id, key_of(made.id));
    return made;
  }
  void names_key(const InstanceId& id, const vpn::PublicKey& key) {
    (*world.keys)[id] = {id, key, "uuid/keys/AROA:" + id.value + "/" + name_of(key)};
  }
  std::vector<NodeName> told() const {
    std::vector<NodeName> names;
    for (const Connect& step : all<Connect>())
      for (const vpn::NodePeer& each : step.peers) names.push_back(each.node);
    return names;
  }
};

TEST(PlanTunnel, TellsOfLiveNodesWithAKeyAndEachAtItsAddress) {
  TunnelScene scene;
  scene.node(0);
  scene.node(1);
  scene.world.keys->erase(InstanceId{"i-2"});  // it boots still
  const auto steps = scene.all<Connect>();
  ASSERT_EQ(steps.size(), 1u);
  ASSERT_EQ(steps[0].peers.size(), 1u);
  EXPECT_EQ(steps[0].peers[0].node, Scene::name(0));
  EXPECT_EQ(steps[0].peers[0].address, IpAddress{"10.0.0.1"});
  EXPECT_EQ(steps[0].peers[0].public_key, key_of(InstanceId{"i-1"}));
  scene.world.peers = steps[0].peers;
  EXPECT_TRUE(scene.all<Connect>().empty()) << "it knows that by now";
}

TEST(PlanTunnel, TellsAnEmptyListOnceToo) {
  TunnelScene scene;
  EXPECT_EQ(scene.all<Connect>().size(), 1u) << "what an earlier process left there may be stale";
  scene.world.peers.emplace();
  EXPECT_TRUE(scene.all<Connect>().empty());
}

TEST(PlanTunnel, ANodeStaysUntilEc2HasEndedIt) {
  TunnelScene scene;
  scene.node(0).terminate_at = kNow;
  (*scene.world.cloud)[InstanceId{"i-1"}].state = "shutting-down";
  EXPECT_EQ(scene.told().size(), 1u) << "its slurmd says goodbye through the tunnel";
  (*scene.world.cloud)[InstanceId{"i-1"}].state = "terminated";
  EXPECT_TRUE(scene.told().empty());
}

TEST(PlanTunnel, NothingFollowsFromWhatCouldNotBeSeen) {
  for (const bool keys : {true, false}) {
    TunnelScene scene;
    scene.node(0);
    if (keys)
      scene.world.keys.reset();
    else
      scene.world.cloud.reset();
    EXPECT_TRUE(scene.all<Connect>().empty());
    EXPECT_TRUE(scene.all<Forget>().empty());
  }
}

TEST(PlanTunnel, AnInstanceThatOneListLacksKeepsItsPeer) {
  TunnelScene scene;
  scene.node(0);
  scene.world.cloud->clear();
  EXPECT_EQ(scene.told().size(), 1u);
}

TEST(PlanTunnel, AnotherNodesKeyOrAddressIsNotGivenTwice) {
  TunnelScene scene;
  scene.node(0);
  scene.node(1);
  scene.names_key(InstanceId{"i-2"}, key_of(InstanceId{"i-1"}));
  EXPECT_EQ(scene.told(), std::vector{Scene::name(0)});
  TunnelScene second;
  second.node(0);
  second.node(1);
  (*second.world.cloud)[InstanceId{"i-2"}].private_ip = IpAddress{"10.0.0.1"};
  EXPECT_EQ(second.told(), std::vector{Scene::name(0)});
  // Where EC2 shows an instance counts more than where one was that it does not show.
  second.world.cloud->erase(InstanceId{"i-1"});
  EXPECT_EQ(second.told(), std::vector{Scene::name(1)});
}

TEST(PlanTunnel, ForgetsKeysOfInstancesThatAreGone) {
  TunnelScene scene;
  scene.node(0);
  scene.node(1).closed_at = kNow;
  scene.names_key(InstanceId{"i-9"}, key_of(InstanceId{"i-9"}));  // of before the journal
  const auto steps = scene.all<Forget>();
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].objects.size(), 2u);
  scene.cloud("i-9", "running");
  EXPECT_EQ(scene.all<Forget>()[0].objects.size(), 1u) << "it may be adopted yet";
}

TEST(PlanTunnel, WhereAGatewayEndsTheTunnelNobodyIsTold) {
  TunnelScene scene;
  scene.node(0);
  scene.policy.node_tunnel = false;
  EXPECT_TRUE(scene.all<Connect>().empty());
  EXPECT_TRUE(scene.all<Forget>().empty());
}

// ---- the whole, against the emulator: instances name their keys, the premises' gateway follows the
// document, and only what is a peer there reaches slurmctld

class TunnelScenario : public Scenario {
 public:
  explicit TunnelScenario(int crash_at = 0) : Scenario(crash_at) {
    policy().node_tunnel = true;
    meanwhile = [this] { others(); };
    reaches = [this](const aws::Instance& instance) {
      for (const vpn::PeerState& peer : peers())
        if (peer.public_key == key_of(instance.id) && peer.allowed_ips.size() == 1 &&
            peer.allowed_ips[0] == vpn::Cidr::parse(instance.private_ip.value).value())
          return true;
      return false;
    };
  }
  std::vector<vpn::PeerState> peers() { return device_.show(deadline())->peers; }
  /// A process of the gateway's daemon is started; what the last one held in memory is gone.
  void restart_gateway() { gateway_.emplace(device_, vpn::Cidr::parse("172.31.0.0/16").value()); }
  /// Every peer is a machine that lives, with its own address.
  void check_peers(int at) {
    std::set<vpn::PublicKey> live, known;
    for (const aws::Instance& instance : instances()) live.insert(key_of(instance.id));
    for (const vpn::PeerState& peer : peers()) known.insert(peer.public_key);
    EXPECT_EQ(known, live) << "killed at moment " << at;
  }
  bool names_keys = true;

 private:
  void others() {
    for (const aws::Instance& instance : instances())
      if (names_keys && instance.state == "running" && named_.insert(instance.id).second)
        put_object(fmt::format("keys/{}:{}/{}", kRole, instance.id, name_of(key_of(instance.id))), "");
    gateway_->take(keys("tunnel/").empty() ? Result<std::string>{Error{Kind::not_found, "no document yet"}}
                                           : Result<std::string>{object("tunnel/nodes.json")});
    gateway_->tick(clock_.now());
  }
  std::set<InstanceId> named_;
  vpn::FakeDevice device_{clock_};
  std::optional<vpn::NodeGateway> gateway_{std::in_place, device_, vpn::Cidr::parse("172.31.0.0/16").value()};
};

TEST(ScenarioTunnel, NodesArePeersWhileTheyLive) {
  TunnelScenario s;
  const int64_t job = s.submit(0, 2, true);
  s.run();
  EXPECT_EQ(s.joined(), 3u);
  EXPECT_EQ(s.state_of(job), "RUNNING");
  s.check_peers(0);
  s.slurm.finish(job);
  s.later();
  EXPECT_TRUE(s.instances().empty());
  EXPECT_TRUE(s.peers().empty());
  EXPECT_TRUE(s.keys("keys/").empty());
}

TEST(ScenarioTunnel, ACrashAtAnyMomentLeavesNoStalePeer) {
  int moments = 0;
  for (int at = 1;; ++at) {
    TunnelScenario s{at};
    const int64_t job = s.submit(0, 1, true);
    s.run();
    EXPECT_EQ(s.joined(), 2u) << "killed at moment " << at;
    s.check_peers(at);
    s.slurm.finish(job);
    s.run();
    EXPECT_TRUE(s.instances().empty()) << "killed at moment " << at;
    EXPECT_TRUE(s.peers().empty()) << "killed at moment " << at;
    EXPECT_TRUE(s.keys("keys/").empty()) << "killed at moment " << at;
    if (!s.crashed()) break;
    moments = at;
  }
  EXPECT_GT(moments, 20) << "the crash plan met too few moments to mean anything";
}

TEST(ScenarioTunnel, ALostJournalKeepsThePeersOfWhoLives) {
  TunnelScenario s;
  const int64_t job = s.submit(0, 1, true);
  s.run();
  s.lose_state();
  s.restart_gateway();
  s.run();
  s.check_peers(0);
  EXPECT_EQ(s.peers().size(), 2u);
  s.slurm.finish(job);
  s.later();
  EXPECT_TRUE(s.peers().empty());
  EXPECT_TRUE(s.keys("keys/").empty());
}

TEST(ScenarioTunnel, AMachineThatEndsWhileNobodyLooksIsNoPeerAfterwards) {
  TunnelScenario s;
  s.submit(0, 1, true);
  s.run();
  ASSERT_EQ(s.instances().size(), 2u);
  const InstanceId gone = s.instances()[0].id;
  s.end_by_itself(gone);
  s.lose_state();  // and the journal with it
  s.later();
  for (const vpn::PeerState& peer : s.peers()) EXPECT_NE(peer.public_key, key_of(gone));
  s.check_peers(0);
}

TEST(ScenarioTunnel, ANodeThatNamesNoKeyIsEndedAndGivenBack) {
  TunnelScenario s;
  s.names_keys = false;
  s.submit(0, 0);
  s.run(65);
  EXPECT_TRUE(s.was_ordered("cloud-c5-0 power_down_force"));
  EXPECT_TRUE(s.peers().empty());
}

}  // namespace
}  // namespace spillway::fleet
