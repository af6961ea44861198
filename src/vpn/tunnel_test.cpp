#include "vpn/tunnel.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "base/file.h"
#include "base/ids.h"
#include "base/subprocess.h"
#include "vpn/bootstrap.h"
#include "vpn/networks.h"

namespace spillway::vpn {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Compares with src/vpn/golden/NAME; SPILLWAY_REWRITE_GOLDEN=1 writes it instead (review the diff).
void expect_golden(const std::string& name, const std::string& text) {
  const std::filesystem::path path = std::filesystem::path(SPILLWAY_SOURCE_DIR) / "src/vpn/golden" / name;
  if (std::getenv("SPILLWAY_REWRITE_GOLDEN")) {
    ASSERT_TRUE(write_file_atomically(path, text));
  }
  const auto golden = read_file(path);
  ASSERT_TRUE(golden) << golden.error().what;
  EXPECT_EQ(text, *golden) << path;
}

Tunnel tunnel() {
  Tunnel out;
  out.config.onprem_cidrs = {"192.168.0.0/16", "10.1.0.0/16"};
  out.config.endpoint = "gw.example.edu:51820";
  out.vpc_cidr = "172.31.0.0/16";
  out.onprem_key = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
  out.aws_key = "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=";
  out.aws_endpoint = "203.0.113.64:51820";
  out.controllers = {"192.168.10.10"};
  out.name_servers = {"192.168.10.10"};
  out.srun_last_port = 60999;
  return out;
}

TEST(Networks, AreReadAndCompared) {
  EXPECT_EQ(to_string(*parse_network("192.168.0.0/16")), "192.168.0.0/16");
  EXPECT_EQ(parse_network("10.200.0.0/24")->address(2), "10.200.0.2");
  EXPECT_EQ(parse_network("10.0.0.1")->prefix, 32);
  for (const char* text : {"", "x", "10.0.0.1/24", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "::/0"})
    EXPECT_EQ(parse_network(text).error().code, "SPW-VPN-004") << text;
  const struct {
    const char *a, *b;
    bool overlap;
  } kPairs[] = {{"172.31.0.0/16", "192.168.0.0/16", false},
                {"172.31.0.0/16", "172.16.0.0/12", true},
                {"10.0.0.0/8", "10.200.0.0/24", true},
                {"0.0.0.0/0", "1.2.3.4/32", true},
                {"10.0.0.0/25", "10.0.0.128/25", false}};
  for (const auto& pair : kPairs) {
    const auto refused = refuse_overlaps({{"one", pair.a}, {"two", pair.b}});
    EXPECT_EQ(!refused, pair.overlap) << pair.a << " " << pair.b;
    if (!refused) {
      EXPECT_EQ(refused.error().code, "SPW-VPN-005");
      EXPECT_THAT(refused.error().what, HasSubstr(pair.a));
    }
  }
}

TEST(TunnelFiles, AreAsTheGoldenOnes) {
  expect_golden("onprem.conf", *onprem_wg_quick(tunnel(), "/etc/spillway/keys/wg"));
  expect_golden("onprem.nft", *onprem_firewall(tunnel()));
  expect_golden("peers.json", peers_document(tunnel())->dump(2) + "\n");
  expect_golden("routes.sh", *lan_routes(tunnel(), "192.168.10.1"));
}

TEST(TunnelFiles, HoldNoSecretAndNothingWiderThanTheOtherSide) {
  const std::string conf = *onprem_wg_quick(tunnel(), "/etc/spillway/keys/wg");
  EXPECT_THAT(conf, Not(HasSubstr("PrivateKey")));
  EXPECT_THAT(conf, Not(HasSubstr("0.0.0.0")));
  EXPECT_THAT(conf, HasSubstr("PersistentKeepalive = 25"));
  Tunnel keyless = tunnel();
  keyless.aws_key.clear();
  EXPECT_EQ(onprem_wg_quick(keyless, "k").error().code, "SPW-VPN-006");
  keyless.onprem_key = "nonsense";
  EXPECT_EQ(peers_document(keyless).error().code, "SPW-VPN-006");
}

TEST(TunnelFiles, AreOnesThatNftAndWgTake) {
  PosixRunner runner;
  const auto folder = std::filesystem::temp_directory_path() / make_uuid();
  std::filesystem::create_directories(folder);
  ASSERT_TRUE(write_file_atomically(folder / "wg0.conf", *onprem_wg_quick(tunnel(), "/k"), 0600));
  ASSERT_TRUE(write_file_atomically(folder / "t.nft", *onprem_firewall(tunnel())));
  const Deadline soon = Deadline::after(std::chrono::seconds{20});
  const auto stripped = runner.run(
      {{"/usr/bin/wg-quick", "strip", (folder / "wg0.conf").string()}, {"PATH=/usr/bin:/bin"}, ""}, soon);
  ASSERT_TRUE(stripped);
  EXPECT_EQ(stripped->exit_code, 0) << stripped->err;
  EXPECT_THAT(stripped->out, HasSubstr("AllowedIPs = 10.200.0.2/32, 172.31.0.0/16"));
  const auto checked = runner.run({{"/usr/bin/unshare", "--net", "--map-root-user", "/usr/sbin/nft", "-c",
                                    "-f", (folder / "t.nft").string()},
                                   {"PATH=/usr/bin"},
                                   ""},
                                  soon);
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->exit_code, 0) << checked->err;
  std::filesystem::remove_all(folder);
}

TEST(GatewayUserData, IsAScriptWithoutSecretsOrOpenPlaces) {
  const GatewayValues values{"11111111-2222-4333-8444-555555555555", "us-east-1", "slurm-burst-data"};
  const auto script = render_gateway_user_data(values);
  ASSERT_TRUE(script) << script.error().what;
  EXPECT_THAT(*script, Not(testing::ContainsRegex("@[A-Z_]+@")));
  EXPECT_THAT(*script, Not(HasSubstr("#include")));
  EXPECT_LE(script->size(), 16384u);
  PosixRunner runner;
  const auto parsed =
      runner.run({{"/bin/sh", "-n"}, {"PATH=/usr/bin"}, *script}, Deadline::after(std::chrono::seconds{10}));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->exit_code, 0) << parsed->err;
  for (auto spoil :
       {+[](GatewayValues& v) { v.bucket = "x'; rm -rf /; '"; },
        +[](GatewayValues& v) { v.cluster = "$(id)"; },
        +[](GatewayValues& v) { v.interface = "wg spillway"; }, +[](GatewayValues& v) { v.region = ""; }}) {
    GatewayValues bad = values;
    spoil(bad);
    EXPECT_EQ(render_gateway_user_data(bad).error().code, "SPW-VPN-007");
  }
}

}  // namespace
}  // namespace spillway::vpn
