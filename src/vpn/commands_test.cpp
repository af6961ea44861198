#include "vpn/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "config/reader.h"
#include "vpn/key_file.h"
#include "vpn/report.h"
#include "vpn/rotation_lock.h"
#include "vpn/samples.h"

namespace spillway::vpn {
namespace {

using testing::HasSubstr;

/// AWS without a way to it.
class Unreachable final : public Publisher {
 public:
  Result<PeersDocument> peers(Deadline) override { return away(); }
  Result<void> publish(const PeersDocument&, Deadline) override { return away(); }
  Result<void> store_key(const std::string&, const Secret&, Deadline) override { return away(); }
  Result<void> remove_key(const std::string&, Deadline) override { return away(); }
  Result<void> record_far_key(const PublicKey&) override { return away(); }
  Result<void> keep_far_key(const KeyPair&, Deadline) override { return away(); }

 private:
  static Error away() { return Error{Kind::unavailable, "no AWS here"}; }
};

class CommandsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/spillway-vpn-XXXXXX";
    folder_ = mkdtemp(name.data());
    site_.vpn.key = "file:" + (folder_ / "wg").string();
    site_.vpn.interface = "wg-absent-0";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  struct Said {
    Result<int> code;
    std::string out;
  };
  Said run(const std::string& path, std::map<std::string, std::string> options) {
    options.insert({{"side", "onprem"}, {"output", "json"}});
    for (const Command& command : commands([this](const Invocation&) { return Result<VpnSite>{site_}; }))
      if (command.path == path) {
        testing::internal::CaptureStdout();
        Invocation asked;
        asked.options = std::move(options);
        auto code = command.run(asked);
        fflush(stdout);
        return {std::move(code), testing::internal::GetCapturedStdout()};
      }
    return {Error{Kind::internal, "no such command"}, ""};
  }
  std::filesystem::path folder_;
  VpnSite site_ = samples::site();
};

TEST_F(CommandsTest, ConfigMakesTheKeyOnceAndWritesTheFiles) {
  const auto first = run("vpn config", {{"to", (folder_ / "out").string()}});
  ASSERT_TRUE(first.code) << first.code.error().what;
  const Json report = Json::parse(first.out).value();
  EXPECT_EQ(report["schema"].as_string(), "spillway.vpn-config/v1");
  const auto key = load_private_key(folder_ / "wg").value();
  EXPECT_EQ(report["onprem_public_key"].as_string(), public_key_of(key)->value);
  EXPECT_EQ(first.out.find(key.reveal()), std::string::npos);
  for (const Json& file : report["files"].items())
    EXPECT_EQ(read_file(folder_ / "out" / file["path"].as_string().substr(1)).value(),
              file["content"].as_string());
  EXPECT_EQ(run("vpn config", {}).out, first.out);  // the same key, the same files
}

TEST_F(CommandsTest, ConfigRefusesBeforeItMakesAnything) {
  site_.vpn.onprem_cidrs = {"172.16.0.0/12"};
  EXPECT_EQ(run("vpn config", {}).code.error().code, "SPW-VPN-005");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "wg"));
  site_.vpn.onprem_cidrs = {"192.168.0.0/16"};
  EXPECT_EQ(run("vpn config", {{"side", "moon"}}).code.error().code, "SPW-VPN-007");
  ASSERT_TRUE(write_file_atomically(folder_ / "wg", make_private_key().reveal(), 0644));
  EXPECT_EQ(run("vpn config", {}).code.error().code, "SPW-VPN-002");
}

TEST_F(CommandsTest, RotateNeedsAWayToTellAws) {
  EXPECT_EQ(run("vpn rotate", {}).code.error().code, "SPW-VPN-014");
  site_.publisher = std::make_shared<Unreachable>();
  EXPECT_EQ(run("vpn rotate", {}).code.error().code, "SPW-VPN-014");  // no record of apply
  site_.record = folder_ / "site.json";
  ASSERT_TRUE(write_file_atomically(site_.record, "{}"));
  EXPECT_EQ(run("vpn rotate", {{"dry-run", "1"}}).code.error().kind, Kind::unavailable);
  EXPECT_EQ(run("vpn rotate", {}).code.error().code, "SPW-VPN-009");
  site_.vpn.aws_key = samples::kFarKey.value;  // nobody could change it there
  EXPECT_EQ(run("vpn rotate", {{"side", "aws"}}).code.error().code, "SPW-VPN-014");
}

TEST_F(CommandsTest, CheckNamesAnAbsentInterface) {
  const auto said = run("vpn check", {{"timeout", "5"}});
  ASSERT_TRUE(said.code);
  EXPECT_EQ(*said.code, 4);
  EXPECT_THAT(said.out, HasSubstr("SPW-VPN-009"));
}

TEST(Report, StatusFollowsTheMonitorWhileItIsFresh) {
  const Time now{std::chrono::seconds{1'700'000'000}};
  const InterfaceState state{.public_key = samples::kNearKey,
                             .listen_port = 51820,
                             .peers = {{.public_key = samples::kFarKey,
                                        .allowed_ips = Cidr::parse_all({"10.200.0.2"}).value(),
                                        .endpoint = Endpoint{"203.0.113.20", 51820},
                                        .latest_handshake = now - std::chrono::seconds{12},
                                        .rx_bytes = 3'200'000}}};
  TunnelReport word{.state = TunnelState::degraded, .since = now - std::chrono::minutes{5}, .at = now};
  const Json fresh = status_report(samples::site(), state, word, now);
  EXPECT_EQ(fresh["state"].as_string(), "degraded");
  EXPECT_THAT(status_text(fresh), HasSubstr("is degraded since 2023-11-14T22:08:20Z"));
  EXPECT_THAT(status_text(fresh), HasSubstr("12 s ago"));
  EXPECT_THAT(status_text(fresh), HasSubstr("3.2 MB in"));
  word.at = now - std::chrono::minutes{1};
  const Json stale = status_report(samples::site(), state, word, now);
  EXPECT_EQ(stale["state"].as_string(), "up");
  EXPECT_THAT(status_text(stale), HasSubstr("nobody watches it"));
}

TEST(RotationLock, IsOnesAtATimeAndSeenByOthers) {
  std::string name = "/tmp/spillway-lock-XXXXXX";
  const std::filesystem::path folder = mkdtemp(name.data());
  EXPECT_FALSE(RotationLock::held(folder));
  {
    const auto lock = RotationLock::take(folder);
    ASSERT_TRUE(lock) << lock.error().what;
    EXPECT_TRUE(RotationLock::held(folder));
    EXPECT_EQ(RotationLock::take(folder).error().code, "SPW-VPN-015");
  }
  EXPECT_FALSE(RotationLock::held(folder));
  EXPECT_TRUE(RotationLock::take(folder));
  std::filesystem::remove_all(folder);
}

TEST(VpnConfig, IsDescribedWithoutAWrongDefault) {
  config::Tree empty;
  config::Reader reader{empty, "spillway.yaml"};
  VpnConfig vpn;
  describe(reader, vpn);
  EXPECT_TRUE(reader.finish());
  EXPECT_TRUE(check(vpn));
  EXPECT_GE(reader.fields().size(), 15u);
}

}  // namespace
}  // namespace spillway::vpn
