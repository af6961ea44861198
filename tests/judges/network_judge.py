"""EC2's networks as boto3 sees them: what a site is built of, in the order in which it is built and taken away."""
import json
import unittest

from judge import tag_map
from network import Network, by, tagged


class Vpcs(Network):
    def test_a_vpc_is_born_with_a_group_and_a_table_and_takes_them_along(self):
        made = self.ec2.create_vpc(CidrBlock="10.1.2.3/16", **tagged("vpc"))["Vpc"]
        self.assertEqual((made["CidrBlock"], made["State"]), ("10.1.0.0/16", "available"))
        self.assertEqual(tag_map(made), {"spillway:cluster": "u-1"})
        vpc = made["VpcId"]
        group, = self.ec2.describe_security_groups(Filters=by("vpc-id", vpc))["SecurityGroups"]
        self.assertEqual(group["GroupName"], "default")
        self.assertEqual([p["UserIdGroupPairs"][0]["GroupId"] for p in group["IpPermissions"]], [group["GroupId"]])
        self.assertEqual(group["IpPermissionsEgress"][0]["IpRanges"], [{"CidrIp": "0.0.0.0/0"}])
        table, = self.ec2.describe_route_tables(Filters=by("vpc-id", vpc) + by("association.main", "true"))["RouteTables"]
        self.assertEqual([(r["DestinationCidrBlock"], r["GatewayId"]) for r in table["Routes"]], [("10.1.0.0/16", "local")])
        self.refused("CannotDelete", self.ec2.delete_security_group, GroupId=group["GroupId"])
        self.refused("DependencyViolation", self.ec2.delete_route_table, RouteTableId=table["RouteTableId"])
        subnet = self.subnet(vpc, "10.1.0.0/24")
        self.refused("DependencyViolation", self.ec2.delete_vpc, VpcId=vpc)
        self.ec2.delete_subnet(SubnetId=subnet)
        self.ec2.delete_vpc(VpcId=vpc)
        self.refused("InvalidVpcID.NotFound", self.ec2.describe_vpcs, VpcIds=[vpc])
        self.assertEqual(self.ec2.describe_route_tables(Filters=by("vpc-id", vpc))["RouteTables"], [])
        self.assertEqual(self.ec2.describe_security_groups(Filters=by("vpc-id", vpc))["SecurityGroups"], [])

    def test_attributes(self):
        vpc = self.vpc("10.2.0.0/16")

        def value(name):
            return self.ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)[name[0].upper() + name[1:]]["Value"]

        self.assertEqual((value("enableDnsSupport"), value("enableDnsHostnames")), (True, False))
        self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        self.assertTrue(value("enableDnsHostnames"))

    def test_ranges(self):
        for cidr, code in [("10.0.0.0/8", "InvalidVpc.Range"), ("10.0.0.0/29", "InvalidVpc.Range"),
                           ("10.0.0/16", "InvalidParameterValue")]:
            self.refused(code, self.ec2.create_vpc, CidrBlock=cidr)
        vpc = self.vpc("10.3.0.0/16")
        self.subnet(vpc, "10.3.1.0/24")
        for cidr, code in [("10.4.0.0/24", "InvalidSubnet.Range"), ("10.3.0.0/29", "InvalidSubnet.Range"),
                           ("10.3.0.0/15", "InvalidSubnet.Range"), ("10.3.1.128/25", "InvalidSubnet.Conflict"),
                           ("10.3.0.0/20", "InvalidSubnet.Conflict"), ("x", "InvalidParameterValue")]:
            self.refused(code, self.ec2.create_subnet, VpcId=vpc, CidrBlock=cidr)
        self.refused("InvalidParameterValue", self.ec2.create_subnet, VpcId=vpc, CidrBlock="10.3.2.0/24",
                     AvailabilityZone="us-east-1z")
        self.refused("InvalidVpcID.NotFound", self.ec2.create_subnet, VpcId="vpc-00000000000000bad", CidrBlock="10.3.2.0/24")
        self.refused("DryRunOperation", self.ec2.create_vpc, CidrBlock="10.0.0.0/16", DryRun=True, status=412)

    def test_subnets_and_zones(self):
        zones = self.ec2.describe_availability_zones(Filters=by("state", "available"))["AvailabilityZones"]
        self.assertEqual([z["ZoneName"] for z in zones], ["us-east-1a", "us-east-1b", "us-east-1c"])
        self.assertEqual(zones[0]["ZoneId"], "use1-az1")
        vpc = self.vpc("10.5.0.0/16")
        subnet = self.subnet(vpc, "10.5.1.0/24", AvailabilityZone="us-east-1b", **tagged("subnet"))
        seen, = self.ec2.describe_subnets(Filters=by("tag:spillway:cluster", "u-1") + by("vpc-id", vpc))["Subnets"]
        self.assertEqual((seen["SubnetId"], seen["AvailabilityZone"], seen["AvailableIpAddressCount"]), (subnet, "us-east-1b", 251))
        self.assertFalse(seen["MapPublicIpOnLaunch"])
        self.ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
        self.assertTrue(self.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["MapPublicIpOnLaunch"])
        made = self.instance(subnet)
        self.refused("DependencyViolation", self.ec2.delete_subnet, SubnetId=subnet)
        self.assertRegex(made["PublicIpAddress"], r"^203\.0\.113\.")
        self.ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
        self.ec2.delete_subnet(SubnetId=subnet)

    def test_a_wrong_type_of_tag_is_refused(self):
        self.refused("InvalidParameterValue", self.ec2.create_vpc, CidrBlock="10.0.0.0/16", **tagged("subnet"))

    def test_dhcp_options(self):
        vpc = self.vpc("10.6.0.0/16")
        made = self.ec2.create_dhcp_options(DhcpConfigurations=[
            {"Key": "domain-name-servers", "Values": ["192.168.0.53", "AmazonProvidedDNS"]},
            {"Key": "domain-name", "Values": ["example.com"]}], **tagged("dhcp-options"))["DhcpOptions"]
        options = made["DhcpOptionsId"]
        self.assertEqual(tag_map(made), {"spillway:cluster": "u-1"})
        self.ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)
        self.assertEqual(self.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["DhcpOptionsId"], options)
        seen, = self.ec2.describe_dhcp_options(DhcpOptionsIds=[options])["DhcpOptions"]
        self.assertEqual({c["Key"]: [v["Value"] for v in c["Values"]] for c in seen["DhcpConfigurations"]},
                         {"domain-name": ["example.com"], "domain-name-servers": ["192.168.0.53", "AmazonProvidedDNS"]})
        self.refused("DependencyViolation", self.ec2.delete_dhcp_options, DhcpOptionsId=options)
        self.ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=vpc)
        self.ec2.delete_dhcp_options(DhcpOptionsId=options)
        self.refused("InvalidDhcpOptionID.NotFound", self.ec2.associate_dhcp_options, DhcpOptionsId=options, VpcId=vpc)
        self.refused("InvalidParameterValue", self.ec2.create_dhcp_options,
                     DhcpConfigurations=[{"Key": "domain", "Values": ["x"]}])


class Routes(Network):
    def tables(self, **how):
        return self.ec2.describe_route_tables(**how)["RouteTables"]

    def test_gateways_and_routes(self):
        vpc, other = self.vpc("10.11.0.0/16"), self.vpc("10.12.0.0/16")
        gateway = self.ec2.create_internet_gateway(**tagged("internet-gateway"))["InternetGateway"]["InternetGatewayId"]
        table = self.ec2.create_route_table(VpcId=vpc, **tagged("route-table"))["RouteTable"]["RouteTableId"]
        out = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
        self.refused("InvalidParameterValue", self.ec2.create_route, GatewayId=gateway, **out)
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        self.refused("Resource.AlreadyAssociated", self.ec2.attach_internet_gateway, InternetGatewayId=gateway, VpcId=other)
        self.refused("DependencyViolation", self.ec2.delete_internet_gateway, InternetGatewayId=gateway)
        self.refused("Gateway.NotAttached", self.ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=other)
        self.ec2.create_route(GatewayId=gateway, **out)
        self.refused("RouteAlreadyExists", self.ec2.create_route, GatewayId=gateway, **out)
        self.refused("InvalidParameterValue", self.ec2.delete_route, RouteTableId=table, DestinationCidrBlock="10.11.0.0/16")
        seen, = self.ec2.describe_internet_gateways(Filters=by("attachment.vpc-id", vpc))["InternetGateways"]
        self.assertEqual((seen["InternetGatewayId"], seen["Attachments"][0]["State"], tag_map(seen)),
                         (gateway, "available", {"spillway:cluster": "u-1"}))
        subnet = self.subnet(vpc, "10.11.1.0/24")
        made = self.instance(subnet)
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="192.168.0.0/16", InstanceId=made["InstanceId"])
        routes = {r["DestinationCidrBlock"]: r for r in self.tables(RouteTableIds=[table])[0]["Routes"]}
        self.assertEqual(routes["0.0.0.0/0"]["GatewayId"], gateway)
        self.assertEqual(routes["192.168.0.0/16"]["NetworkInterfaceId"], made["NetworkInterfaces"][0]["NetworkInterfaceId"])
        self.assertEqual({r["State"] for r in routes.values()}, {"active"})
        self.ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
        self.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        states = {r["DestinationCidrBlock"]: r["State"] for r in self.tables(RouteTableIds=[table])[0]["Routes"]}
        self.assertEqual(states, {"10.11.0.0/16": "active", "0.0.0.0/0": "blackhole", "192.168.0.0/16": "blackhole"})
        another = self.instance(subnet)["NetworkInterfaces"][0]["NetworkInterfaceId"]
        self.ec2.replace_route(RouteTableId=table, DestinationCidrBlock="192.168.0.0/16", NetworkInterfaceId=another)
        self.ec2.delete_route(RouteTableId=table, DestinationCidrBlock="192.168.0.0/16")
        self.refused("InvalidRoute.NotFound", self.ec2.delete_route, RouteTableId=table, DestinationCidrBlock="192.168.0.0/16")
        self.ec2.delete_internet_gateway(InternetGatewayId=gateway)

    def test_associations(self):
        vpc = self.vpc("10.13.0.0/16")
        subnet = self.subnet(vpc, "10.13.1.0/24")
        one, two = (self.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
        made = self.ec2.associate_route_table(RouteTableId=one, SubnetId=subnet)["AssociationId"]
        self.assertEqual(self.ec2.associate_route_table(RouteTableId=one, SubnetId=subnet)["AssociationId"], made)
        self.refused("Resource.AlreadyAssociated", self.ec2.associate_route_table, RouteTableId=two, SubnetId=subnet)
        self.refused("DependencyViolation", self.ec2.delete_route_table, RouteTableId=one)
        self.assertEqual([t["RouteTableId"] for t in self.tables(Filters=by("association.subnet-id", subnet))], [one])
        made = self.ec2.replace_route_table_association(AssociationId=made, RouteTableId=two)["NewAssociationId"]
        self.assertEqual([t["RouteTableId"] for t in self.tables(Filters=by("association.subnet-id", subnet))], [two])
        self.ec2.disassociate_route_table(AssociationId=made)
        self.refused("InvalidAssociationID.NotFound", self.ec2.disassociate_route_table, AssociationId=made)
        for table in one, two:
            self.ec2.delete_route_table(RouteTableId=table)
        self.refused("InvalidRouteTableID.NotFound", self.ec2.describe_route_tables, RouteTableIds=[one])

    def test_s3_by_endpoint(self):
        vpc = self.vpc("10.14.0.0/16")
        one, two = (self.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
        service = "com.amazonaws.us-east-1.s3"
        lists = self.ec2.describe_prefix_lists(Filters=by("prefix-list-name", service))["PrefixLists"]
        self.assertEqual((lists[0]["PrefixListName"], bool(lists[0]["Cidrs"])), (service, True))
        wish = {"VpcId": vpc, "ServiceName": service, "VpcEndpointType": "Gateway", "RouteTableIds": [one],
                "ClientToken": "t-1", **tagged("vpc-endpoint")}
        made = self.ec2.create_vpc_endpoint(**wish)["VpcEndpoint"]
        self.assertEqual(self.ec2.create_vpc_endpoint(**wish)["VpcEndpoint"]["VpcEndpointId"], made["VpcEndpointId"])
        self.assertEqual((made["State"], made["RouteTableIds"], tag_map(made)), ("available", [one], {"spillway:cluster": "u-1"}))
        self.assertIn("Statement", json.loads(made["PolicyDocument"]))
        endpoint = made["VpcEndpointId"]

        def routes(table):
            found = self.tables(RouteTableIds=[table])[0]["Routes"]
            return [(r["DestinationPrefixListId"], r["GatewayId"]) for r in found if "DestinationPrefixListId" in r]

        self.assertEqual(routes(one), [(lists[0]["PrefixListId"], endpoint)])
        self.refused("RouteAlreadyExists", self.ec2.modify_vpc_endpoint, VpcEndpointId=endpoint, AddRouteTableIds=[one])
        self.ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[two], RemoveRouteTableIds=[one])
        self.assertEqual((routes(one), len(routes(two))), ([], 1))
        self.assertEqual(self.ec2.describe_vpc_endpoints(Filters=by("vpc-id", vpc))["VpcEndpoints"][0]["RouteTableIds"], [two])
        self.refused("DependencyViolation", self.ec2.delete_vpc, VpcId=vpc)
        gone = self.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint, "vpce-00000000000000bad"])["Unsuccessful"]
        self.assertEqual([u["Error"]["Code"] for u in gone], ["InvalidVpcEndpointId.NotFound"])
        self.assertEqual(routes(two), [])
        self.refused("InvalidServiceName", self.ec2.create_vpc_endpoint, VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s4")


class Tags(Network):
    def test_everything_can_be_tagged_and_found_by_its_tag(self):
        vpc = self.vpc("10.41.0.0/16")
        subnet, group = self.subnet(vpc, "10.41.1.0/24"), self.group(vpc)
        made = self.instance(subnet)
        table = self.ec2.describe_route_tables(Filters=by("vpc-id", vpc))["RouteTables"][0]["RouteTableId"]
        door = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        address = self.ec2.allocate_address()["AllocationId"]
        dhcp = self.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["DhcpOptionsId"]
        rule = self.ec2.describe_security_group_rules(Filters=by("group-id", group))["SecurityGroupRules"][0]
        endpoint = self.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3")["VpcEndpoint"]
        kinds = {vpc: "vpc", subnet: "subnet", group: "security-group", table: "route-table", door: "internet-gateway",
                 address: "elastic-ip", dhcp: "dhcp-options", rule["SecurityGroupRuleId"]: "security-group-rule",
                 endpoint["VpcEndpointId"]: "vpc-endpoint", made["InstanceId"]: "instance",
                 made["NetworkInterfaces"][0]["NetworkInterfaceId"]: "network-interface",
                 made["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]: "volume"}
        self.ec2.create_tags(Resources=list(kinds), Tags=[{"Key": "judged", "Value": "yes"}])
        listed = self.ec2.describe_tags(Filters=by("key", "judged"))["Tags"]
        self.assertEqual({t["ResourceId"]: t["ResourceType"] for t in listed}, kinds)
        self.assertEqual([a["AllocationId"] for a in self.ec2.describe_addresses(Filters=by("tag:judged", "yes"))["Addresses"]], [address])
        self.ec2.delete_tags(Resources=list(kinds), Tags=[{"Key": "judged"}])
        self.assertEqual(self.ec2.describe_tags(Filters=by("key", "judged"))["Tags"], [])
        self.refused("InvalidVpcID.NotFound", self.ec2.create_tags, Resources=["vpc-00000000000000bad"],
                     Tags=[{"Key": "a", "Value": "b"}])

    def test_pages_and_filters(self):
        made = {self.vpc("10.42.0.0/28") for _ in range(7)}
        pages = list(self.ec2.get_paginator("describe_vpcs").paginate(
            Filters=by("cidr", "10.42.0.0/28"), PaginationConfig={"PageSize": 5}))
        self.assertEqual([len(p["Vpcs"]) for p in pages], [5, 2])
        self.assertEqual({v["VpcId"] for p in pages for v in p["Vpcs"]}, made)
        self.refused("InvalidParameterValue", self.ec2.describe_route_tables, Filters=by("colour", "red"))

    def test_a_misspelt_parameter_is_refused(self):
        def rename(params, **_):
            params["body"]["CidrBlok"] = params["body"].pop("CidrBlock")

        self.ec2.meta.events.register("before-call.ec2.CreateVpc", rename)
        self.refused("UnknownParameter", self.ec2.create_vpc, CidrBlock="10.0.0.0/16")


if __name__ == "__main__":
    unittest.main()
