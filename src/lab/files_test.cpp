#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "lab/dns_files.h"
#include "lab/image.h"
#include "lab/slurm_files.h"

namespace spillway::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kStatus =
    "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\nDepends: b (>= 2), missing | "
    "virtual, c:any\n"
    "Description: x\n Depends: not a field\n\n"
    "Package: b\nStatus: install ok installed\nVersion: 2\nArchitecture: amd64\nPre-Depends: a\n\n"
    "Package: c\nStatus: install ok installed\nVersion: 3\nArchitecture: all\n\n"
    "Package: d\nStatus: install ok installed\nVersion: 4\nArchitecture: all\nProvides: virtual (= 1)\n\n"
    "Package: gone\nStatus: deinstall ok config-files\nVersion: 5\nArchitecture: all\n";

TEST(Image, FollowsDependenciesAlternativesAndProviders) {
  const PackageDatabase database = parse_dpkg_status(kStatus);
  EXPECT_THAT(*package_closure(database, {"a"}), ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(database.packages.at("b").version, "2");
}

TEST(Image, NamesTheRootsThatAreNotInstalled) {
  const auto closure = package_closure(parse_dpkg_status(kStatus), {"a", "gone", "never"});
  ASSERT_FALSE(closure);
  EXPECT_THAT(closure.error().what, HasSubstr("gone never"));
}

TEST(SlurmFiles, AgreeOnTheNodes) {
  const ClusterFacts cluster{"0b8f6a52-0000-4000-8000-00000000002a", 7, "AROAEXAMPLE", "subnet-1"};
  EXPECT_THAT(render_cloud_conf(cluster), HasSubstr("NodeName=cloud-c5-[0-6] "));
  EXPECT_THAT(render_cloud_conf(cluster), HasSubstr("PartitionName=cloud Nodes=cloud-c5-[0-6] "));
  const auto partitions = Json::parse(render_partitions_json(cluster));
  ASSERT_TRUE(partitions);
  const Json& group = (*partitions)["Partitions"].at(0)["NodeGroups"].at(0);
  EXPECT_EQ(group["MaxNodes"].as_int(), 7);
  EXPECT_EQ(group["SubnetIds"].at(0).as_string(), "subnet-1");
  EXPECT_THAT(render_spillway_yaml(cluster), HasSubstr("id: 0b8f6a52-0000-4000-8000-00000000002a"));
  ClusterFacts nodes = cluster;
  nodes.node_tunnel = true;
  EXPECT_THAT(render_spillway_yaml(nodes), HasSubstr("mode: node"));
}

TEST(DnsFiles, SendS3ToItsOwnAddressOnly) {
  const std::string zone = render_aws_zone();
  EXPECT_THAT(zone, HasSubstr("*.us-east-1 IN A 203.0.113.100\n"));
  EXPECT_THAT(zone, HasSubstr("*.s3.us-east-1 IN A 203.0.113.101\n"));
  EXPECT_THAT(render_named_conf("/x", "172.31.0.2", false), HasSubstr("forwarders { 192.168.10.10; }"));
  EXPECT_THAT(render_named_conf("/x", "192.168.10.10", true), Not(HasSubstr("forwarders")));
}

}  // namespace
}  // namespace spillway::lab
