#include "vpn/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vpn/samples.h"

namespace spillway::vpn {
namespace {

using namespace std::chrono_literals;

const Time kNow{std::chrono::seconds{1'700'000'000}};

/// A tunnel of which both sides say that it is well.
Evidence healthy() {
  Evidence e;
  e.networks = {{"vpn.onprem_cidrs", Cidr::parse("192.168.0.0/16").value()},
                {"aws.vpc_cidr", Cidr::parse("172.31.0.0/16").value()},
                {"vpn.tunnel_cidr", Cidr::parse("10.200.0.0/24").value()}};
  e.near_key = samples::kNearKey;
  e.far_key = samples::kFarKey;
  PeerState peer{.public_key = samples::kFarKey,
                 .endpoint = Endpoint{"203.0.113.20", 51820},
                 .latest_handshake = kNow - 12s,
                 .rx_bytes = 1000,
                 .tx_bytes = 1000,
                 .keepalive_s = 25};
  e.first = peer;
  peer.rx_bytes += 640;
  peer.tx_bytes += 640;
  e.last = peer;
  e.at = kNow;
  e.endpoint = "gw.aws.example:51820";
  e.resolved = Endpoint{"203.0.113.20", 51820};
  e.far_small = PingAnswer{5, 5, 18.0};
  e.far_large = PingAnswer{2, 2, 19.0};
  e.far_host = IpAddress{"172.31.16.9"};
  e.far_host_answers = PingAnswer{3, 3, 19.0};
  e.near_hosts = {{{"192.168.10.10", 6817}, true, true}};
  e.aws = {.public_address = "203.0.113.20",
           .running = true,
           .source_dest_check = false,
           .tunnel_port_open = true,
           .unrouted = {},
           .public_key = samples::kFarKey,
           .near_keys = {samples::kNearKey}};
  return e;
}

/// Nothing came back, though we sent.
void dead(Evidence& e) {
  e.last->rx_bytes = e.first->rx_bytes;
  e.last->latest_handshake = e.first->latest_handshake = kNow - 400s;
  e.far_small = PingAnswer{5, 0, {}};
  e.far_large.reset();
  e.far_host_answers.reset();
}
void never(Evidence& e) {
  dead(e);
  e.last->latest_handshake.reset();
  e.first->latest_handshake.reset();
  e.first->rx_bytes = e.last->rx_bytes = 0;
}

struct Case {
  const char* name;
  std::function<void(Evidence&)> spoil;
  std::vector<std::string> codes;  // of what is bad, in order
};
const Case kCases[] = {
    {"healthy", [](Evidence&) {}, {}},
    {"endpoint moved, by its name",
     [](Evidence& e) { dead(e), e.resolved->host = "203.0.113.99"; },
     {"SPW-VPN-021"}},
    {"endpoint moved, by EC2",
     [](Evidence& e) { dead(e), e.resolved.reset(), e.aws.public_address = "203.0.113.99"; },
     {"SPW-VPN-021"}},
    {"endpoint moved a moment ago",
     [](Evidence& e) { e.far_small->received = 0, e.aws.public_address = "203.0.113.99"; },
     {"SPW-VPN-021"}},
    {"NAT timeout", [](Evidence& e) { dead(e), e.last->keepalive_s = 0; }, {"SPW-VPN-022"}},
    {"MTU black hole", [](Evidence& e) { e.far_large->received = 0; }, {"SPW-VPN-026"}},
    {"wrong key of theirs",
     [](Evidence& e) { never(e), e.aws.public_key = samples::kStandbyKey; },
     {"SPW-VPN-020"}},
    {"wrong key of ours",
     [](Evidence& e) { never(e), e.aws.near_keys = {samples::kStandbyKey}; },
     {"SPW-VPN-020"}},
    {"two keys of ours, while they are exchanged",
     [](Evidence& e) {
       e.aws.near_keys = {samples::kStandbyKey, samples::kNearKey};
     },
     {}},
    {"another peer on the interface",
     [](Evidence& e) { never(e), e.last->public_key = samples::kStandbyKey; },
     {"SPW-VPN-020"}},
    {"no route in the VPC",
     [](Evidence& e) { e.far_host_answers->received = 0, e.aws.unrouted = {"192.168.0.0/16"}; },
     {"SPW-VPN-028"}},
    {"no route in the VPC, AWS not asked",
     [](Evidence& e) { e.far_host_answers->received = 0, e.aws = {}; },
     {"SPW-VPN-028"}},
    {"no way back on the LAN", [](Evidence& e) { e.near_hosts[0].answers_tunnel = false; }, {"SPW-VPN-029"}},
    {"a host of the LAN is off: not the way's fault",
     [](Evidence& e) { e.near_hosts[0].there = e.near_hosts[0].answers_tunnel = false; },
     {}},
    {"source/destination check",
     [](Evidence& e) { e.far_host_answers->received = 0, e.aws.source_dest_check = true; },
     {"SPW-VPN-027"}},
    {"overlapping networks",
     [](Evidence& e) { e.networks[0].cidr = Cidr::parse("172.16.0.0/12").value(); },
     {"SPW-VPN-005"}},
    {"no handshake ever", [](Evidence& e) { never(e); }, {"SPW-VPN-024"}},
    {"no handshake any more", [](Evidence& e) { dead(e); }, {"SPW-VPN-024"}},
    {"a firewall inside the far gateway", [](Evidence& e) { e.far_small->received = 0; }, {"SPW-VPN-025"}},
    {"the gateway is off", [](Evidence& e) { dead(e), e.aws.running = false; }, {"SPW-VPN-030"}},
    {"security group closed", [](Evidence& e) { never(e), e.aws.tunnel_port_open = false; }, {"SPW-VPN-023"}},
    {"no DNS",
     [](Evidence& e) { never(e), e.resolved.reset(), e.resolving_failed = "cannot resolve"; },
     {"SPW-VPN-031"}},
    {"no interface",
     [](Evidence& e) { e.interface_there = false, e.first.reset(), e.last.reset(); },
     {"SPW-VPN-009"}},
    {"two at once",
     [](Evidence& e) { e.far_large->received = 0, e.aws.source_dest_check = true; },
     {"SPW-VPN-026", "SPW-VPN-027"}},
};

std::vector<std::string> codes_of(const std::vector<Finding>& findings, Health health) {
  std::vector<std::string> out;
  for (const Finding& found : findings)
    if (found.health == health) out.push_back(found.code);
  return out;
}

TEST(Diagnosis, NamesEachRowOfTheCatalogue) {
  for (const Case& one : kCases) {
    Evidence e = healthy();
    one.spoil(e);
    const auto findings = diagnose(e);
    EXPECT_EQ(codes_of(findings, Health::bad), one.codes) << one.name;
    EXPECT_FALSE(findings.empty()) << one.name;
    for (const Finding& found : findings)
      EXPECT_TRUE(found.health == Health::good || (!found.why.empty() && !found.fix.empty())) << one.name;
  }
}

TEST(Diagnosis, TellsTheFiguresOfAHealthyTunnel) {
  const auto findings = diagnose(healthy());
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0], good("handshake 12 s ago, 18.0 ms, MTU 1420"));
}

TEST(Diagnosis, WarnsOfWhatTheNextRestartWillBreak) {
  const Case warnings[] = {
      {"moved", [](Evidence& e) { e.resolved->host = "203.0.113.99"; }, {"SPW-VPN-021"}},
      {"keepalive", [](Evidence& e) { e.last->keepalive_s = 0; }, {"SPW-VPN-022"}},
      {"key", [](Evidence& e) { e.aws.near_keys = {samples::kStandbyKey}; }, {"SPW-VPN-020"}},
      {"name", [](Evidence& e) { e.resolved.reset(), e.resolving_failed = "no"; }, {"SPW-VPN-031"}},
      {"group", [](Evidence& e) { e.aws.tunnel_port_open = false; }, {"SPW-VPN-023"}},
      {"loss", [](Evidence& e) { e.far_small->received = 3; }, {"SPW-VPN-032"}}};
  for (const Case& one : warnings) {
    Evidence e = healthy();
    one.spoil(e);
    EXPECT_EQ(codes_of(diagnose(e), Health::warning), one.codes) << one.name;
    EXPECT_TRUE(codes_of(diagnose(e), Health::bad).empty()) << one.name;
  }
}

TEST(Diagnosis, AnIdleTunnelWithAFreshHandshakeIsNotDead) {
  Evidence e = healthy();
  e.far_small.reset();  // no ping on this host
  EXPECT_TRUE(codes_of(diagnose(e), Health::bad).empty());
}

}  // namespace
}  // namespace spillway::vpn
