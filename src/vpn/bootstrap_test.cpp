#include "vpn/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/subprocess.h"

namespace spillway::vpn {
namespace {

using testing::HasSubstr;
using testing::Not;

GatewayValues good() {
  return {"0b8f6a52-0000-4000-8000-00000000002a", "us-east-1", "slurm-burst-data"};
}

TEST(GatewayBootstrap, FillsInEveryValueAndFitsIntoUserData) {
  const auto script = render_gateway_user_data(good());
  ASSERT_TRUE(script) << script.error().what;
  EXPECT_THAT(*script, HasSubstr("host='slurm-burst-data.s3.us-east-1.amazonaws.com'"));
  EXPECT_THAT(*script, HasSubstr("service_host='ssm.us-east-1.amazonaws.com'"));
  EXPECT_THAT(*script, HasSubstr("link='wg-spillway'"));
  EXPECT_THAT(*script, Not(testing::ContainsRegex("@[A-Z_]+@")));
  EXPECT_THAT(*script, Not(HasSubstr("#include")));
  EXPECT_LE(script->size(), 16384u);
}

TEST(GatewayBootstrap, LeavesRoomForLongNames) {
  GatewayValues values = good();
  values.bucket = std::string(63, 'b');
  values.pair = true;
  values.place = kStandbyPlace;
  const auto script = render_gateway_user_data(values);
  ASSERT_TRUE(script) << script.error().what;
  EXPECT_LE(script->size(), 15'000u);
  EXPECT_THAT(*script, testing::StartsWith("#!/bin/sh\n"));
  EXPECT_THAT(*script, HasSubstr("place='standby' pair='yes'"));
  EXPECT_THAT(*script, Not(HasSubstr("\n# ")));
}

TEST(GatewayBootstrap, IsShell) {
  PosixRunner runner;
  const auto read = runner.run({.argv = {"/bin/sh", "-n"}, .input = render_gateway_user_data(good()).value()},
                               Deadline::after(std::chrono::seconds{10}));
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->exit_code, 0) << read->err;
}

TEST(GatewayBootstrap, RefusesWhatCouldBecomeShell) {
  const std::vector<std::function<void(GatewayValues&)>> spoilers = {
      [](auto& v) { v.cluster = "'; reboot; '0000000000000000000000000"; },
      [](auto& v) { v.region = "us east"; }, [](auto& v) { v.bucket = "a'b"; },
      [](auto& v) { v.interface = "wg$(id)"; }, [](auto& v) { v.dns_suffix = "evil.com/x"; }};
  for (const auto& spoil : spoilers) {
    GatewayValues values = good();
    spoil(values);
    EXPECT_EQ(render_gateway_user_data(values).error().code, "SPW-VPN-007");
  }
}

}  // namespace
}  // namespace spillway::vpn
