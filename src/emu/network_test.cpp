#include "emu/network.h"

#include "emu/test_client.h"

namespace spillway::emu {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

/// A site in small: a gateway with an elastic address in front of a subnet of nodes.
struct Network : EmuTest {
  std::string did(const std::string& action, const Caller::Pairs& parameters, const std::string& id) {
    const net::Response response = caller.ec2(action, parameters);
    EXPECT_EQ(response.status, 200) << action << ": " << response.body;
    return text(response, id);
  }
  void allow(const std::string& group, const std::string& peer, const std::string& value) {
    did("AuthorizeSecurityGroupIngress",
        {{"GroupId", group},
         {"IpPermissions.1.IpProtocol", "udp"},
         {"IpPermissions.1.FromPort", "51820"},
         {"IpPermissions.1.ToPort", "51820"},
         {"IpPermissions.1." + peer, value}},
        "return");
  }
  std::string launch(const std::string& group, const std::string& address) {
    const std::string id = did("RunInstances",
                               {{"ImageId", "ami-0a11ce00000000001"},
                                {"SubnetId", subnet},
                                {"SecurityGroupId.1", group},
                                {"PrivateIpAddress", address},
                                {"MinCount", "1"},
                                {"MaxCount", "1"}},
                               "instanceId");
    clock.advance(std::chrono::seconds{10});
    aws.advance();
    return id;
  }
  std::string group(const std::string& name) {
    return did("CreateSecurityGroup", {{"VpcId", vpc}, {"GroupName", name}, {"GroupDescription", name}},
               "groupId");
  }
  void route(const std::string& destination, const std::string& target, const std::string& id) {
    did("CreateRoute", {{"RouteTableId", table}, {"DestinationCidrBlock", destination}, {target, id}},
        "return");
  }
  NetworkInstance seen(const std::string& id) {
    for (const NetworkInstance& instance : aws.network().instances)
      if (instance.id.value == id) return instance;
    ADD_FAILURE() << id << " is not in the view";
    return {};
  }
  std::map<std::string, std::string> ways(const std::string& id) {
    std::map<std::string, std::string> out;
    for (const NetworkRoute& route : seen(id).routes)
      out[route.destination] =
          std::string(to_string(route.hop)) + (route.via.value.empty() ? "" : " ") + route.via.value;
    return out;
  }

  void SetUp() override {
    EmuTest::SetUp();
    vpc = did("CreateVpc", {{"CidrBlock", "10.9.0.0/16"}}, "vpcId");
    subnet = did("CreateSubnet", {{"VpcId", vpc}, {"CidrBlock", "10.9.1.0/24"}}, "subnetId");
    table = did("CreateRouteTable", {{"VpcId", vpc}}, "routeTableId");
    did("AssociateRouteTable", {{"RouteTableId", table}, {"SubnetId", subnet}}, "associationId");
    door = did("CreateInternetGateway", {}, "internetGatewayId");
    did("AttachInternetGateway", {{"InternetGatewayId", door}, {"VpcId", vpc}}, "return");
    nodes = group("nodes"), gateways = group("gateways");
  }
  std::string vpc, subnet, table, door, nodes, gateways;
};

TEST_F(Network, ResolvesGroupsToTheAddressesOfTheirMembers) {
  allow(gateways, "IpRanges.1.CidrIp", "198.51.100.7/32");
  allow(gateways, "Groups.1.GroupId", nodes);
  const std::string gateway = launch(gateways, "10.9.1.10");
  EXPECT_THAT(seen(gateway).ingress,
              UnorderedElementsAre(FirewallRule{"udp", 51820, 51820, {"198.51.100.7/32"}},
                                   FirewallRule{"udp", 51820, 51820, {}}));
  launch(nodes, "10.9.1.20");
  EXPECT_THAT(seen(gateway).ingress, Contains(FirewallRule{"udp", 51820, 51820, {"10.9.1.20/32"}}));
  EXPECT_THAT(seen(gateway).egress, ElementsAre(FirewallRule{"-1", -1, -1, {"0.0.0.0/0"}}));
}

TEST_F(Network, ResolvesRoutesToNextHops) {
  const std::string gateway = launch(gateways, "10.9.1.10"), node = launch(nodes, "10.9.1.20");
  route("0.0.0.0/0", "GatewayId", door);
  route("192.168.0.0/16", "InstanceId", gateway);
  did("CreateVpcEndpoint",
      {{"VpcId", vpc}, {"ServiceName", "com.amazonaws.us-east-1.s3"}, {"RouteTableId.1", table}}, "state");
  std::map<std::string, std::string> expected = {{"10.9.0.0/16", "local"},
                                                 {"0.0.0.0/0", "internet-gateway"},
                                                 {"192.168.0.0/16", "instance 10.9.1.10"},
                                                 {"52.216.0.0/15", "s3-endpoint"},
                                                 {"54.231.0.0/16", "s3-endpoint"}};
  EXPECT_EQ(ways(node), expected);
  did("TerminateInstances", {{"InstanceId.1", gateway}}, "instanceId");
  clock.advance(std::chrono::seconds{5});
  aws.advance();
  expected["192.168.0.0/16"] = "blackhole";
  EXPECT_EQ(ways(node), expected);
}

TEST_F(Network, ShowsAddressesChecksAndDhcpOptions) {
  const std::string gateway = launch(gateways, "10.9.1.10");
  EXPECT_EQ(seen(gateway).public_ip.value, "");
  EXPECT_TRUE(seen(gateway).source_dest_check);
  const std::string address = did("AllocateAddress", {}, "allocationId");
  did("AssociateAddress", {{"AllocationId", address}, {"InstanceId", gateway}}, "associationId");
  did("ModifyInstanceAttribute", {{"InstanceId", gateway}, {"SourceDestCheck.Value", "false"}}, "return");
  EXPECT_EQ(seen(gateway).public_ip.value, "203.0.113.64");
  EXPECT_FALSE(seen(gateway).source_dest_check);
  const std::string options = did(
      "CreateDhcpOptions",
      {{"DhcpConfiguration.1.Key", "domain-name-servers"}, {"DhcpConfiguration.1.Value.1", "192.168.0.53"}},
      "dhcpOptionsId");
  did("AssociateDhcpOptions", {{"DhcpOptionsId", options}, {"VpcId", vpc}}, "return");
  for (const NetworkVpc& known : aws.network().vpcs)
    if (known.id == vpc) {
      EXPECT_TRUE(known.has_internet_gateway);
      EXPECT_THAT(known.dhcp_options.at("domain-name-servers"), ElementsAre("192.168.0.53"));
    }
}

TEST_F(Network, VersionRisesWithEachChangeAndWithNothingElse) {
  uint64_t before = aws.network_version();
  auto rose = [&] { return std::exchange(before, aws.network_version()) < before; };
  caller.ec2("DescribeInstances");
  caller.ec2("CreateVpc", {{"CidrBlock", "10.0.0.0/8"}});  // refused
  did("CreateTags", {{"ResourceId.1", vpc}, {"Tag.1.Key", "a"}, {"Tag.1.Value", "b"}}, "return");
  EXPECT_FALSE(rose());
  allow(nodes, "IpRanges.1.CidrIp", "10.0.0.0/8");
  EXPECT_TRUE(rose());
  const std::string node = launch(nodes, "10.9.1.20");
  EXPECT_TRUE(rose());
  aws.stopped_by_itself(InstanceId{node});
  EXPECT_TRUE(rose());
  EXPECT_THAT(aws.network().instances, IsEmpty());
  EXPECT_EQ(aws.network().version, before);
}

TEST_F(Network, OutlivesASnapshot) {
  const std::string gateway = launch(gateways, "10.9.1.10");
  route("192.168.0.0/16", "InstanceId", gateway);
  allow(gateways, "IpRanges.1.CidrIp", "198.51.100.7/32");
  const std::vector<NetworkInstance> before = aws.network().instances;
  auto kept = Json::parse(aws.snapshot().dump());
  ASSERT_TRUE(kept);
  Aws other{settings, clock};
  ASSERT_TRUE(other.restore(*kept));
  EXPECT_EQ(other.network().instances, before);
  EXPECT_EQ(other.network().vpcs, aws.network().vpcs);
}

TEST_F(Network, ASnapshotFromBeforeThereWereNetworksIsCompleted) {
  const std::string node = text(caller.ec2("RunInstances", run(1)), "instanceId");
  Json old = aws.snapshot();
  for (const char* name : {"security_group_rules", "internet_gateways", "route_tables", "vpc_endpoints",
                           "addresses", "dhcp_options", "interfaces", "volumes"})
    ASSERT_TRUE(old.erase(name)) << name;
  Aws other{settings, clock};
  Caller there{other, clock};
  ASSERT_TRUE(other.seed(example_seed()));
  ASSERT_EQ(there.ec2("CreateVpc", {{"CidrBlock", "10.7.0.0/16"}}).status, 200);  // to be replaced
  ASSERT_TRUE(other.restore(old));
  const net::Response shown = there.ec2("DescribeInstances", {{"InstanceId.1", node}});
  EXPECT_EQ(texts(shown, "networkInterfaceId").size(), 1u);
  EXPECT_EQ(texts(there.ec2("DescribeRouteTables"), "routeTableId").size(), 4u)
      << "one in the list and one in its association, for each VPC";
  ASSERT_THAT(other.network().instances, ::testing::SizeIs(1));
  EXPECT_THAT(other.network().instances[0].egress, ::testing::Not(IsEmpty()));
}

TEST_F(Network, NamesThatEc2NeverHeardOfAreNotEchoed) {
  const std::string data = "LaunchTemplateData.";
  std::string deep = data + "Placement";
  for (int i = 0; i < 5000; ++i) deep += ".A";
  for (const std::string& name : {data + "Placement..A", data + "Placement.<A>", data + "Colour", deep})
    EXPECT_EQ(text(caller.ec2("CreateLaunchTemplate",
                              {{"LaunchTemplateName", "odd"}, {percent_encoded(name), "x"}}),
                   "Code"),
              "UnknownParameter")
        << name.substr(0, 80);
}

}  // namespace
}  // namespace spillway::emu
