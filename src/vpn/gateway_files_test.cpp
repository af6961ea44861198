#include "vpn/gateway_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "base/subprocess.h"
#include "vpn/samples.h"

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

std::string all_of(const Result<std::vector<GatewayFile>>& files) {
  EXPECT_TRUE(files) << files.error().what;
  std::string out;
  for (const GatewayFile& file : *files) out += fmt::format("==> {}\n{}\n", file.path, file.content);
  return out;
}

VpnSite v6_site() {
  VpnSite site = samples::site();
  site.vpn.onprem_cidrs = {"2001:db8:1::/48", "192.168.0.0/16"};
  return site;
}

TEST(GatewayFiles, AreThoseOfTheManual) {
  expect_golden("onprem.txt", all_of(onprem_files(samples::site())));
  expect_golden("aws.txt", all_of(aws_files(samples::site(), samples::kNearKey)));
  expect_golden("onprem-v6.txt", all_of(onprem_files(v6_site())));
}

TEST(GatewayFiles, HaveExactAllowedIps) {
  const auto far = far_peers(samples::site()).value();
  ASSERT_EQ(far.size(), 1u);
  EXPECT_EQ(far[0].allowed_ips, Cidr::parse_all({"10.200.0.2/32", "172.31.0.0/16"}).value());
  EXPECT_EQ(near_peer(samples::site(), samples::kNearKey)->allowed_ips,
            Cidr::parse_all({"10.200.0.1/32", "192.168.0.0/16"}).value());
}

TEST(GatewayFiles, AStandbyStandsByWithoutNetworks) {
  VpnSite site = samples::site();
  site.vpn.standby_endpoint = "203.0.113.21:51820";
  site.vpn.standby_key = samples::kStandbyKey.value;
  const auto far = far_peers(site).value();
  ASSERT_EQ(far.size(), 2u);
  EXPECT_TRUE(far[1].allowed_ips.empty());
}

TEST(GatewayFiles, HoldNoSecretAndNoAddressTranslation) {
  for (const auto& files : {onprem_files(samples::site()), aws_files(samples::site(), samples::kNearKey)}) {
    const std::string text = all_of(files);
    EXPECT_THAT(text, Not(HasSubstr("PrivateKey")));
    EXPECT_THAT(text, Not(HasSubstr("masquerade")));
    EXPECT_THAT(text, Not(HasSubstr("snat")));
  }
}

TEST(GatewayFiles, WhereNodesArePeersTheFileNamesNoneAndRoutesThemAll) {
  VpnSite nodes = samples::site();
  nodes.vpn.mode = "node";
  nodes.aws_endpoint.clear();
  nodes.aws_key = {};
  const auto files = onprem_files(nodes);
  ASSERT_TRUE(files) << files.error().what;
  EXPECT_THAT(files->front().content, Not(HasSubstr("[Peer]")));
  EXPECT_THAT(files->front().content, HasSubstr("PostUp = ip route replace 172.31.0.0/16 dev %i"));
}

TEST(GatewayFiles, AreNotMadeFromWhatIsWrong) {
  VpnSite unknown = samples::site();
  unknown.aws_key = {};
  EXPECT_EQ(onprem_files(unknown).error().code, "SPW-VPN-006");
  VpnSite overlapping = samples::site();
  overlapping.vpn.onprem_cidrs = {"172.31.0.0/17"};
  EXPECT_EQ(onprem_files(overlapping).error().code, "SPW-VPN-005");
  VpnSite nodes = samples::site();
  nodes.vpn.mode = "node";
  EXPECT_EQ(aws_files(nodes, samples::kNearKey).error().code, "SPW-VPN-019");
  nodes.vpn.aws_key = samples::kFarKey.value;
  EXPECT_EQ(onprem_files(nodes).error().code, "SPW-VPN-019");
  VpnSite shell = samples::site();
  shell.vpn.interface = "x;y";
  EXPECT_EQ(onprem_files(shell).error().code, "SPW-VPN-007");
  VpnSite unnamed = samples::site();
  unnamed.controllers = {{"ctl", 6817}};  // a name that did not resolve
  EXPECT_EQ(onprem_files(unnamed).error().code, "SPW-VPN-004");
  EXPECT_EQ(peers_document(samples::site(), {}, "/spillway/x/k").error().code, "SPW-VPN-006");
}

TEST(GatewayFiles, ThePeersDocumentComesBackAsItWas) {
  const auto document =
      peers_document(samples::site(), samples::kNearKey, private_key_parameter(samples::site().cluster_id))
          .value();
  expect_golden("peers.json", to_text(document));
  EXPECT_EQ(parse_peers(to_text(document)).value(), document);
}

TEST(PeersDocument, RefusesWhatTheGatewayWouldNotTake) {
  const std::string good =
      to_text(peers_document(samples::site(), samples::kNearKey, "/spillway/x/k").value());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  ASSERT_TRUE(parse_peers(good));
  for (const std::string& text :
       {std::string("{}"), std::string("nothing"), with("peers/v1", "peers/v2"),
        with("/spillway/x/k", "/other/k"), with("/spillway/x/k", "/spillway/`id`"),
        with("10.200.0.2/24", "10.200.0.2"), with("192.168.0.0/16", "0.0.0.0/0"),
        with("192.168.0.0/16", "192.168.0.1/16"), with("gw.example.edu", "gw;id"), with("1420", "100")})
    EXPECT_FALSE(parse_peers(text)) << text;
}

// Real programs judge the files: run by ctest -L network, as root.
class RealTools : public testing::TestWithParam<const char*> {};

void expect_accepted(const std::vector<std::string>& argv) {
  PosixRunner runner;
  const auto done = runner.run({.argv = argv, .env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}},
                               Deadline::after(std::chrono::seconds{20}));
  ASSERT_TRUE(done) << done.error().what;
  EXPECT_EQ(done->exit_code, 0) << argv[0] << ": " << done->err;
}

TEST_P(RealTools, TakeTheFiles) {
  std::string name = "/tmp/spillway-files-XXXXXX";
  const std::filesystem::path folder = mkdtemp(name.data());
  for (const auto& files : {onprem_files(samples::site()), aws_files(samples::site(), samples::kNearKey),
                            onprem_files(v6_site())})
    for (const GatewayFile& file : *files) {
      const std::filesystem::path path = folder / std::filesystem::path(file.path).filename();
      ASSERT_TRUE(write_file_atomically(path, file.content, 0600));
      if (path.extension() == ".nft")
        expect_accepted({"/usr/bin/unshare", "-n", "/usr/sbin/nft", "-c", "-f", path.string()});
      if (path.extension() == ".conf" && path.filename() != "60-spillway.conf")
        expect_accepted({"/usr/bin/wg-quick", "strip", path.string()});
    }
  std::filesystem::remove_all(folder);
}

std::vector<const char*> where_there_is_root() {
  if (std::getenv("SPILLWAY_NETWORK_TESTS")) return {"files"};
  return {};
}
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RealTools);
INSTANTIATE_TEST_SUITE_P(Network, RealTools, testing::ValuesIn(where_there_is_root()));

}  // namespace
}  // namespace spillway::vpn
