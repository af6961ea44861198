#include "vpn/node_gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "vpn/fake_device.h"
#include "vpn/samples.h"

namespace spillway::vpn {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

NodePeer node(int i, const PublicKey& key) {
  return {NodeName{fmt::format("cloud-c5-{}", i)}, InstanceId{fmt::format("i-{}", i)}, key,
          IpAddress{fmt::format("172.31.16.{}", 4 + i)}};
}

class NodeGatewayTest : public testing::Test {
 protected:
  std::vector<PublicKey> known() {
    std::vector<PublicKey> keys;
    const auto state = device_.show(Deadline::after(5s));
    for (const PeerState& peer : state->peers) keys.push_back(peer.public_key);
    return keys;
  }
  NodeGateway start() { return NodeGateway{device_, Cidr::parse("172.31.0.0/16").value()}; }

  ManualClock clock_;
  FakeDevice device_{clock_};
};

TEST_F(NodeGatewayTest, HasThePeersOfTheDocumentAndNoOthers) {
  NodeGateway gateway = start();
  EXPECT_TRUE(gateway.take(nodes_text({node(0, samples::kNearKey), node(1, samples::kFarKey)})));
  gateway.tick(clock_.now());
  EXPECT_THAT(known(), UnorderedElementsAre(samples::kNearKey, samples::kFarKey));
  EXPECT_TRUE(gateway.take(nodes_text({node(1, samples::kFarKey)})));
  const TunnelReport report = gateway.tick(clock_.now());
  EXPECT_THAT(known(), UnorderedElementsAre(samples::kFarKey));
  EXPECT_EQ(report.nodes, 1);
  EXPECT_FALSE(gateway.take(nodes_text({node(1, samples::kFarKey)})));
}

TEST_F(NodeGatewayTest, AnAddressMovesToItsNextNode) {
  NodeGateway gateway = start();
  gateway.take(nodes_text({node(0, samples::kNearKey)}));
  gateway.tick(clock_.now());
  gateway.take(nodes_text({node(0, samples::kFarKey)}));
  gateway.tick(clock_.now());
  const auto state = device_.show(Deadline::after(5s));
  ASSERT_EQ(state->peers.size(), 1u);
  EXPECT_EQ(state->peers[0].public_key, samples::kFarKey);
  EXPECT_EQ(state->peers[0].allowed_ips.size(), 1u);
}

TEST_F(NodeGatewayTest, WhatCannotBeReadCutsNobodyOff) {
  NodeGateway gateway = start();
  gateway.take(nodes_text({node(0, samples::kNearKey)}));
  gateway.tick(clock_.now());
  for (const Result<std::string>& answer :
       {Result<std::string>{Error{Kind::denied, "AccessDenied"}}, Result<std::string>{std::string{"<html>"}},
        Result<std::string>{std::string{}}}) {
    EXPECT_FALSE(gateway.take(answer));
    const TunnelReport report = gateway.tick(clock_.now());
    EXPECT_THAT(known(), UnorderedElementsAre(samples::kNearKey));
    EXPECT_THAT(report.trouble, HasSubstr("SPW-VPN-035"));
  }
  EXPECT_FALSE(gateway.take(nodes_text({node(0, samples::kNearKey)})));
  EXPECT_EQ(gateway.tick(clock_.now()).trouble, "");
}

TEST_F(NodeGatewayTest, ANewProcessLeavesThePeersUntilItHasReadTheDocument) {
  NodeGateway first = start();
  first.take(nodes_text({node(0, samples::kNearKey), node(1, samples::kFarKey)}));
  first.tick(clock_.now());
  NodeGateway second = start();
  second.take(Error{Kind::unavailable, "no answer"});
  second.tick(clock_.now());
  EXPECT_THAT(known(), UnorderedElementsAre(samples::kNearKey, samples::kFarKey));
  second.take(nodes_text({node(1, samples::kFarKey)}));  // the first went while nobody looked
  second.tick(clock_.now());
  EXPECT_THAT(known(), UnorderedElementsAre(samples::kFarKey));
}

TEST_F(NodeGatewayTest, ARestartedInterfaceGetsItsPeersAgain) {
  NodeGateway gateway = start();
  gateway.take(nodes_text({node(0, samples::kNearKey)}));
  gateway.tick(clock_.now());
  ASSERT_TRUE(device_.sync({}, Deadline::after(5s)));
  gateway.tick(clock_.now());
  EXPECT_THAT(known(), UnorderedElementsAre(samples::kNearKey));
}

TEST_F(NodeGatewayTest, AnInterfaceThatIsGoneIsSaid) {
  NodeGateway gateway = start();
  device_.failing = Error{Kind::not_found, "no such interface"};
  const TunnelReport report = gateway.tick(clock_.now());
  EXPECT_EQ(report.state, TunnelState::down);
  EXPECT_EQ(report.trouble, "no such interface");
}

TEST(NodeDiagnosis, NamesSilentNodesAndAnAbsentFollower) {
  const Time now{std::chrono::seconds{1'800'000'000}};
  InterfaceState state;
  state.peers = {
      {samples::kNearKey, {Cidr::parse("172.31.16.4").value()}, {}, now - 20s},
      {samples::kFarKey, {Cidr::parse("172.31.16.5").value()}, {}, now - 200s},
      {samples::kStandbyKey, {Cidr::parse("172.31.16.6").value()}, {}, std::nullopt},  // on its way
  };
  TunnelReport word;
  word.at = now - 1s;
  auto findings = diagnose_nodes(state, word, now);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].code, "SPW-VPN-034");
  EXPECT_THAT(findings[0].what, HasSubstr("172.31.16.5"));
  state.peers.resize(1);
  EXPECT_EQ(diagnose_nodes(state, word, now)[0].health, Health::good);
  EXPECT_EQ(diagnose_nodes(state, std::nullopt, now)[0].code, "SPW-VPN-035");
}

TEST_F(NodeGatewayTest, TheLoopFollowsUntilItIsStopped) {
  const auto folder = std::filesystem::temp_directory_path() / make_uuid();
  std::filesystem::create_directories(folder);
  NodeGateway gateway = start();
  int looks = 0;
  ASSERT_TRUE(run_node_gateway(gateway, clock_,
                               {folder / "tunnel.json", [&] { return ++looks > 3; },
                                [&]() -> std::optional<Result<std::string>> {
                                  if (looks != 2) return std::nullopt;
                                  return nodes_text({node(0, samples::kNearKey)});
                                }}));
  EXPECT_THAT(known(), UnorderedElementsAre(samples::kNearKey));
  const auto report = parse_tunnel(read_file(folder / "tunnel.json").value());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->nodes, 1);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace spillway::vpn
