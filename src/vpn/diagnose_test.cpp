#include "vpn/diagnose.h"

#include <gmock/gmock.h>

namespace spillway::vpn {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kFar = "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=";

Tunnel tunnel() {
  Tunnel out;
  out.config.onprem_cidrs = {"192.168.0.0/16"};
  out.aws_key = kFar;
  out.aws_endpoint = "203.0.113.128:51820";
  return out;
}

Evidence healthy() {
  Evidence out;
  out.device = Interface{"wg-spillway",
                         "OURS",
                         51820,
                         {{kFar, "203.0.113.128:51820", "", Time{std::chrono::seconds{1}}, 1, 1, 25}}};
  out.handshake_age = std::chrono::seconds{12};
  out.far_gateway = Probe{"10.200.0.2", true};
  out.far_gateway_full = Probe{"10.200.0.2", true};
  out.near_hosts = {{"192.168.10.10", true}};
  out.aws = AwsSide{"203.0.113.128", true, false, true, {}};
  return out;
}

std::vector<std::string> codes(const Tunnel& asked, const Evidence& evidence) {
  std::vector<std::string> out;
  for (const Finding& finding : diagnose(asked, evidence)) {
    if (finding.health == Health::good) continue;
    out.push_back(finding.code);
    EXPECT_FALSE(finding.why.empty() || finding.fix.empty()) << finding.code;
  }
  return out;
}

TEST(Diagnose, FindsNothingWrongWithWhatIsRight) {
  EXPECT_THAT(codes(tunnel(), healthy()), IsEmpty());
}

// Rows 51 to 58 of the catalogue of failures, as far as one look can tell them.
TEST(Diagnose, NamesEachFailureByItself) {
  const struct {
    const char* what;
    void (*happens)(Tunnel&, Evidence&);
    const char* code;
  } kRows[] = {
      {"the endpoint's address changes",
       [](Tunnel&, Evidence& e) { e.aws->gateway_address = "203.0.113.140"; }, "SPW-VPN-021"},
      {"NAT forgets", [](Tunnel&, Evidence& e) { e.device->peers[0].keepalive_s = 0; }, "SPW-VPN-022"},
      {"MTU black hole", [](Tunnel&, Evidence& e) { e.far_gateway_full->answered = false; }, "SPW-VPN-026"},
      {"wrong key", [](Tunnel& t, Evidence&) { t.aws_key = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="; },
       "SPW-VPN-020"},
      {"no way back on the premises", [](Tunnel&, Evidence& e) { e.near_hosts[0].answered = false; },
       "SPW-VPN-029"},
      {"no way back in the VPC", [](Tunnel&, Evidence& e) { e.aws->unrouted = {"192.168.0.0/16"}; },
       "SPW-VPN-028"},
      {"source/destination check", [](Tunnel&, Evidence& e) { e.aws->source_dest_check = true; },
       "SPW-VPN-027"},
      {"overlapping networks", [](Tunnel& t, Evidence&) { t.vpc_cidr = "192.168.128.0/20"; }, "SPW-VPN-005"},
      {"security group closed",
       [](Tunnel&, Evidence& e) { e.aws->wireguard_open = false, e.handshake_age.reset(); }, "SPW-VPN-023"},
      {"UDP dropped", [](Tunnel&, Evidence& e) { e.handshake_age = std::chrono::seconds{400}; },
       "SPW-VPN-024"},
      {"never a handshake", [](Tunnel&, Evidence& e) { e.handshake_age.reset(); }, "SPW-VPN-024"},
      {"a firewall inside",
       [](Tunnel&, Evidence& e) { e.far_gateway->answered = e.far_gateway_full->answered = false; },
       "SPW-VPN-025"},
      {"the gateway is stopped", [](Tunnel&, Evidence& e) { e.aws->running = false; }, "SPW-VPN-030"},
      {"the tunnel is down here", [](Tunnel&, Evidence& e) { e.device.reset(); }, "SPW-VPN-009"},
  };
  for (const auto& row : kRows) {
    Tunnel asked = tunnel();
    Evidence evidence = healthy();
    row.happens(asked, evidence);
    const std::vector<std::string> found = codes(asked, evidence);
    ASSERT_FALSE(found.empty()) << row.what;
    EXPECT_EQ(found.front(), row.code) << row.what;
  }
}

TEST(Diagnose, WorksWithoutAwsToo) {
  Evidence evidence = healthy();
  evidence.aws.reset();
  EXPECT_THAT(codes(tunnel(), evidence), IsEmpty());
  evidence.device->peers[0].endpoint = "203.0.113.7:51820";
  EXPECT_THAT(codes(tunnel(), evidence), ElementsAre("SPW-VPN-021"));
}

}  // namespace
}  // namespace spillway::vpn
