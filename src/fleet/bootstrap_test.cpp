#include "fleet/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/subprocess.h"
#include "vpn/node_bootstrap.h"
#include "vpn/samples.h"

namespace spillway::fleet {
namespace {

using testing::HasSubstr;
using testing::Not;

BootstrapValues good() {
  return {"0b8f6a52-0000-4000-8000-00000000002a",
          "us-east-1",
          "slurm-burst-data",
          "AROAEXAMPLEEXAMPLE12",
          {"192.168.10.10:6817", "ctl2.example.com:6817"}};
}

TEST(Bootstrap, FillsInEveryValueAndFitsIntoUserData) {
  const auto script = render_compute_user_data(good());
  ASSERT_TRUE(script) << script.error().what;
  EXPECT_THAT(*script, HasSubstr("host='slurm-burst-data.s3.us-east-1.amazonaws.com'"));
  EXPECT_THAT(*script, HasSubstr("controllers='192.168.10.10:6817,ctl2.example.com:6817'"));
  EXPECT_THAT(*script, HasSubstr("role_id='AROAEXAMPLEEXAMPLE12'"));
  EXPECT_THAT(*script, Not(testing::ContainsRegex("@[A-Z_]+@")));
  EXPECT_LE(script->size(), kLongestUserData);
}

TEST(Bootstrap, HasTheNodesOwnTunnelWhereThereIsOne) {
  EXPECT_THAT(render_compute_user_data(good()).value(), Not(HasSubstr("wg set")));
  vpn::VpnSite site = vpn::samples::site();
  site.vpn.mode = "node";
  site.near_key = vpn::samples::kNearKey;
  BootstrapValues values = good();
  values.bucket = std::string(63, 'b');
  values.tunnel = vpn::render_node_tunnel(site).value();
  const auto script = render_compute_user_data(values);
  ASSERT_TRUE(script) << script.error().what;
  EXPECT_LE(script->size(), 15'000u);
  const size_t tunnel = script->find("call_gateway\n"), key = script->find("/release/"),
               slurmd = script->find("slurmd -N");
  EXPECT_LT(tunnel, key) << "the tunnel is asked for first, since it takes the longest";
  EXPECT_LT(key, slurmd);
  PosixRunner runner;
  const auto read =
      runner.run({.argv = {"/bin/sh", "-n"}, .input = *script}, Deadline::after(std::chrono::seconds{10}));
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->exit_code, 0) << read->err;
}

TEST(Bootstrap, RefusesWhatCouldBecomeShell) {
  const std::vector<std::function<void(BootstrapValues&)>> spoilers = {
      [](auto& v) { v.cluster = "'; reboot; '0000000000000000000000000"; },
      [](auto& v) { v.region = "us east"; },
      [](auto& v) { v.bucket = "a'b"; },
      [](auto& v) { v.role_id = "AROA$(id)AAAAAAAAAAAAAA"; },
      [](auto& v) { v.dns_suffix = "evil.com/x"; },
      [](auto& v) { v.controllers = {}; },
      [](auto& v) { v.controllers = {"host"}; },
      [](auto& v) { v.controllers = {"host:99999"}; },
      [](auto& v) { v.controllers = {"ho st:6817"}; },
      [](auto& v) { v.join_limit_s = 0; },
  };
  for (const auto& spoil : spoilers) {
    BootstrapValues values = good();
    spoil(values);
    const auto script = render_compute_user_data(values);
    ASSERT_FALSE(script);
    EXPECT_EQ(script.error().kind, Kind::invalid);
    EXPECT_EQ(script.error().code, "SPW-FLEET-031");
  }
}

}  // namespace
}  // namespace spillway::fleet
