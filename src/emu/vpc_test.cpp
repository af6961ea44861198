#include "emu/vpc.h"

#include <random>

#include "emu/ec2.h"
#include "emu/ec2_kinds.h"
#include "emu/snapshot.h"
#include "emu/test_client.h"

// Whatever is asked of EC2's networks, in whatever order, its model stays whole.
namespace spillway::emu {
namespace {

struct Walk {
  ManualClock clock;
  Account account{Settings{}, clock};
  Principal admin;
  std::mt19937 random;
  std::set<std::string> succeeded;

  explicit Walk(uint32_t seed) : random(seed) {
    admin.name = "admin", admin.everything = true;
    account.images["ami-1"].id = "ami-1";
  }
  size_t below(size_t n) { return random() % n; }
  /// An id of that kind: most often one that exists.
  template <class Map>
  std::string any(const Map& map) {
    if (map.empty() || below(10) == 0) return "nothing";
    return std::next(map.begin(), static_cast<std::ptrdiff_t>(below(map.size())))->first;
  }
  std::string association() {
    std::vector<std::string> all{"nothing"};
    for (const auto& [id, table] : account.route_tables) {
      all.push_back(table.main_association);
      for (const auto& [association, subnet] : table.associations) all.push_back(association);
    }
    for (const auto& [id, address] : account.addresses) all.push_back(address.association_id);
    return all[below(all.size())];
  }
  std::string network() { return fmt::format("10.{}.{}.0/{}", below(3), below(4) * 16, below(2) ? 20 : 24); }

  Caller::Pairs permission() {
    Caller::Pairs out{{"GroupId", any(account.security_groups)}, {"IpPermissions.1.IpProtocol", "-1"}};
    if (below(2))
      out.push_back({"IpPermissions.1.Groups.1.GroupId", any(account.security_groups)});
    else
      out.push_back({"IpPermissions.1.IpRanges.1.CidrIp", network()});
    return out;
  }

  std::pair<std::string, Caller::Pairs> wish() {
    const std::string vpc = any(account.vpcs), subnet = any(account.subnets),
                      table = any(account.route_tables), gateway = any(account.internet_gateways),
                      instance = any(account.instances), endpoint = any(account.vpc_endpoints),
                      address = any(account.addresses);
    const std::vector<std::pair<std::string, Caller::Pairs>> all = {
        {"CreateVpc", {{"CidrBlock", fmt::format("10.{}.0.0/16", below(3))}}},
        {"CreateSubnet", {{"VpcId", vpc}, {"CidrBlock", network()}}},
        {"CreateSubnet", {{"VpcId", vpc}, {"CidrBlock", network()}}},
        {"DeleteVpc", {{"VpcId", vpc}}},
        {"DeleteSubnet", {{"SubnetId", subnet}}},
        {"CreateInternetGateway", {}},
        {"AttachInternetGateway", {{"InternetGatewayId", gateway}, {"VpcId", vpc}}},
        {"AttachInternetGateway", {{"InternetGatewayId", gateway}, {"VpcId", vpc}}},
        {"DetachInternetGateway", {{"InternetGatewayId", gateway}, {"VpcId", vpc}}},
        {"DeleteInternetGateway", {{"InternetGatewayId", gateway}}},
        {"CreateRouteTable", {{"VpcId", vpc}}},
        {"DeleteRouteTable", {{"RouteTableId", table}}},
        {"AssociateRouteTable", {{"RouteTableId", table}, {"SubnetId", subnet}}},
        {"ReplaceRouteTableAssociation", {{"RouteTableId", table}, {"AssociationId", association()}}},
        {"DisassociateRouteTable", {{"AssociationId", association()}}},
        {"CreateRoute",
         {{"RouteTableId", table}, {"DestinationCidrBlock", network()}, {"GatewayId", gateway}}},
        {"CreateRoute",
         {{"RouteTableId", table}, {"DestinationCidrBlock", network()}, {"InstanceId", instance}}},
        {"DeleteRoute", {{"RouteTableId", table}, {"DestinationCidrBlock", network()}}},
        {"CreateVpcEndpoint",
         {{"VpcId", vpc}, {"ServiceName", "com.amazonaws.us-east-1.s3"}, {"RouteTableId.1", table}}},
        {"ModifyVpcEndpoint", {{"VpcEndpointId", endpoint}, {"AddRouteTableId.1", table}}},
        {"ModifyVpcEndpoint", {{"VpcEndpointId", endpoint}, {"RemoveRouteTableId.1", table}}},
        {"DeleteVpcEndpoints", {{"VpcEndpointId.1", endpoint}}},
        {"CreateSecurityGroup",
         {{"VpcId", vpc}, {"GroupName", fmt::format("g{}", below(4))}, {"GroupDescription", "x"}}},
        {"DeleteSecurityGroup", {{"GroupId", any(account.security_groups)}}},
        {"AuthorizeSecurityGroupIngress", permission()},
        {"RevokeSecurityGroupIngress", permission()},
        {"AllocateAddress", {}},
        {"AssociateAddress",
         {{"AllocationId", address},
          {"InstanceId", instance},
          {"AllowReassociation", below(2) ? "true" : "false"}}},
        {"DisassociateAddress", {{"AssociationId", association()}}},
        {"ReleaseAddress", {{"AllocationId", address}}},
        {"RunInstances", {{"ImageId", "ami-1"}, {"SubnetId", subnet}, {"MinCount", "1"}, {"MaxCount", "2"}}},
        {"RunInstances",
         {{"ImageId", "ami-1"},
          {"SubnetId", subnet},
          {"SecurityGroupId.1", any(account.security_groups)},
          {"MinCount", "1"},
          {"MaxCount", "1"}}},
        {"TerminateInstances", {{"InstanceId.1", instance}}},
        {"ModifyInstanceAttribute", {{"InstanceId", instance}, {"GroupId.1", any(account.security_groups)}}},
        {"ModifySubnetAttribute", {{"SubnetId", subnet}, {"MapPublicIpOnLaunch.Value", "true"}}}};
    return all[below(all.size())];
  }

  void step() {
    const auto [operation, parameters] = wish();
    Call call{"ec2", operation, "request", {}, {}, {}};
    call.who.principal = &admin;
    for (const auto& [name, value] : parameters) call.params.set(name, value);
    const Json before = below(10) ? Json() : snapshot_of(account);  // now and then: it costs most of the time
    const net::Response response = ec2_answer(account, call);
    if (response.status == 200) {
      succeeded.insert(operation);
    } else if (!before.is_null()) {
      EXPECT_EQ(snapshot_of(account), before) << operation << " was refused, and changed something";
    }
    clock.advance(std::chrono::minutes{5});
    advance(account);
  }
};

void expect_whole(const Account& account) {
  for (const auto& [id, vpc] : account.vpcs) {
    int tables = 0, groups = 0, doors = 0;
    for (const auto& [i, table] : account.route_tables)
      tables += table.vpc_id == id && !table.main_association.empty();
    for (const auto& [i, group] : account.security_groups)
      groups += group.vpc_id == id && group.name == "default";
    for (const auto& [i, door] : account.internet_gateways) doors += door.vpc_id == id;
    EXPECT_EQ(tables, 1);
    EXPECT_EQ(groups, 1);
    EXPECT_LE(doors, 1);
  }
  std::map<std::string, size_t> taken;
  std::set<std::string> addresses, publics;
  for (const auto& [id, interface] : account.interfaces) {
    ASSERT_TRUE(account.instances.contains(interface.instance_id));
    ASSERT_TRUE(account.subnets.contains(interface.subnet_id));
    EXPECT_FALSE(interface.groups.empty());
    for (const std::string& group : interface.groups) EXPECT_TRUE(account.security_groups.contains(group));
    ++taken[interface.subnet_id];
    if (std::string ip = public_address_of(account, interface).ip; !ip.empty()) {
      EXPECT_TRUE(publics.insert(ip).second) << ip << " is seen twice";
    }
  }
  for (const auto& [id, subnet] : account.subnets) {
    EXPECT_TRUE(account.vpcs.contains(subnet.vpc_id));
    EXPECT_EQ(subnet.used.size(), taken[id]);
  }
  for (const auto& [id, rule] : account.security_group_rules) {
    EXPECT_TRUE(account.security_groups.contains(rule.group_id));
    EXPECT_TRUE(rule.peer_group.empty() || account.security_groups.contains(rule.peer_group));
  }
  std::set<std::string> associated;
  for (const auto& [id, table] : account.route_tables) {
    EXPECT_TRUE(account.vpcs.contains(table.vpc_id));
    std::set<std::string> destinations;
    for (const Route& route : table.routes) {
      EXPECT_TRUE(destinations.insert(route.destination).second);
      if (!route.target.starts_with("vpce-")) continue;
      auto endpoint = account.vpc_endpoints.find(route.target);
      ASSERT_NE(endpoint, account.vpc_endpoints.end());
      EXPECT_TRUE(endpoint->second.route_tables.contains(id));
    }
    for (const auto& [association, subnet] : table.associations) {
      EXPECT_TRUE(account.subnets.contains(subnet));
      EXPECT_TRUE(associated.insert(subnet).second) << subnet << " has two tables";
    }
  }
  for (const auto& [id, address] : account.addresses) {
    EXPECT_TRUE(addresses.insert(address.ip).second);
    EXPECT_EQ(address.interface_id.empty(), address.association_id.empty());
    EXPECT_TRUE(address.interface_id.empty() || account.interfaces.contains(address.interface_id));
  }
}

TEST(Vpcs, StayWholeWhateverIsAsked) {
  std::set<std::string> succeeded;
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    Walk walk(seed);
    for (int i = 0; i < 600 && !::testing::Test::HasFailure(); ++i) {
      walk.step();
      expect_whole(walk.account);
    }
    succeeded.merge(walk.succeeded);
    Account other{Settings{}, walk.clock};
    ASSERT_TRUE(restore_account(other, snapshot_of(walk.account)));
    EXPECT_EQ(snapshot_of(other), snapshot_of(walk.account));
  }
  EXPECT_THAT(succeeded, ::testing::SizeIs(30)) << "each of the operations should have succeeded once";
}

TEST(Vpcs, GiveOutEachAddressOnce) {
  Subnet subnet;
  subnet.cidr = "10.0.0.0/28";
  EXPECT_EQ(free_addresses(subnet), 11);
  EXPECT_FALSE(take_address(subnet, "10.0.0.3")) << "one of the first four";
  EXPECT_FALSE(take_address(subnet, "10.0.0.15")) << "the last";
  EXPECT_FALSE(take_address(subnet, "10.0.1.5")) << "of another network";
  EXPECT_TRUE(take_address(subnet, "10.0.0.5"));
  EXPECT_FALSE(take_address(subnet, "10.0.0.5"));
  std::set<std::string> given;
  for (std::string ip; !(ip = take_address(subnet)).empty();) EXPECT_TRUE(given.insert(ip).second);
  EXPECT_EQ(given.size(), 10u);
  EXPECT_FALSE(given.contains("10.0.0.5"));
  release_address(subnet, "10.0.0.7");
  EXPECT_EQ(take_address(subnet), "10.0.0.7");
}

}  // namespace
}  // namespace spillway::emu
