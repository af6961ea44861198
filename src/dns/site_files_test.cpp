#include "dns/site_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"

namespace spillway::dns {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Compares with src/dns/golden/NAME; SPILLWAY_REWRITE_GOLDEN=1 writes it instead (review the diff).
void expect_golden(const std::string& name, const std::string& text) {
  const std::filesystem::path path = std::filesystem::path(SPILLWAY_SOURCE_DIR) / "src/dns/golden" / name;
  if (std::getenv("SPILLWAY_REWRITE_GOLDEN")) {
    ASSERT_TRUE(write_file_atomically(path, text));
  }
  const auto golden = read_file(path);
  ASSERT_TRUE(golden) << golden.error().what;
  EXPECT_EQ(text, *golden) << path;
}

SiteNames tutorial() {
  return {.dns = {.zone = "example.com",
                  .reverse_zone = "31.172.in-addr.arpa",
                  .server = "192.168.10.10",
                  .tsig = "file:/etc/spillway/keys/ddns"},
          .onprem_networks = {"192.168.0.0/16"},
          .cloud_networks = {"172.31.0.0/16"}};
}

TEST(SiteFiles, AreTheTutorialsPutRight) {
  expect_golden("named.conf.spillway", render_onprem_views(tutorial()).value());
  expect_golden(
      "named.conf.cloud",
      render_cloud_resolver(tutorial(), {.listen = "172.31.0.10", .clients = {"172.31.0.0/16"}}).value());
  expect_golden("example.com.zone", render_zone("example.com", "dns.on-premises.example", 60).value());
}

TEST(SiteFiles, TheNodesScriptHoldsTheSitesWords) {
  const std::string script =
      render_register_script(tutorial(), "0e9c4e8e-5b0f-4c7e-9a55-1c6f0f7f0001").value();
  EXPECT_THAT(script, HasSubstr("zone='example.com'\n"));
  EXPECT_THAT(script, HasSubstr("port='53'\n"));
  EXPECT_THAT(script, Not(testing::ContainsRegex("@[A-Z_]+@")));
}

TEST(SiteFiles, TakeNothingThatIsMoreThanAWord) {
  for (const char* evil : {"a\"; };", "x y", "'; rm -rf /", "a\nb", "$(id)", ""}) {
    SiteNames site = tutorial();
    site.key_name = evil;
    EXPECT_FALSE(render_onprem_views(site)) << evil;
    site = tutorial();
    site.cloud_networks = {evil};
    EXPECT_FALSE(render_onprem_views(site)) << evil;
    EXPECT_FALSE(render_register_script(tutorial(), evil)) << evil;
  }
}

}  // namespace
}  // namespace spillway::dns
