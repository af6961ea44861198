"""EC2's networks as boto3 sees them: what a site is built of, in the order in which it is built and taken away."""
import json
import unittest

from judge import GROUP, IMAGE, SUBNET_A, VPC, Judge, tag_map, tags

OWN = [{"Key": "spillway:cluster", "Value": "u-1"}]


def tagged(kind):
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": OWN}]}


def by(name, *values):
    return [{"Name": name, "Values": list(values)}]


class Network(Judge):
    options = {"boot_ms": 0, "shutdown_ms": 0}

    def setUp(self):
        self.ec2 = self.client("ec2")

    def vpc(self, cidr="10.9.0.0/16"):
        return self.ec2.create_vpc(CidrBlock=cidr, **tagged("vpc"))["Vpc"]["VpcId"]

    def subnet(self, vpc, cidr="10.9.1.0/24", **more):
        return self.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, **more)["Subnet"]["SubnetId"]

    def group(self, vpc, name="nodes"):
        return self.ec2.create_security_group(VpcId=vpc, GroupName=name, Description="of a judge",
                                              **tagged("security-group"))["GroupId"]

    def instance(self, subnet, **more):
        return self.ec2.run_instances(ImageId=IMAGE, SubnetId=subnet, MinCount=1, MaxCount=1, **more)["Instances"][0]

    def shown(self, instance):
        return self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]


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


class Groups(Network):
    def permissions(self, group, key="IpPermissions"):
        return self.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0][key]

    def test_rules_come_and_go(self):
        vpc = self.vpc("10.21.0.0/16")
        nodes, head = self.group(vpc), self.group(vpc, "head")
        self.refused("InvalidGroup.Duplicate", self.group, vpc)
        ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
               "IpRanges": [{"CidrIp": "192.168.1.7/16", "Description": "the campus"}],
               "UserIdGroupPairs": [{"GroupId": head, "Description": "the head"}]}
        every = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": nodes}]}
        made = self.ec2.authorize_security_group_ingress(GroupId=nodes, IpPermissions=[ssh, every])["SecurityGroupRules"]
        self.assertEqual({(r.get("CidrIpv4"), r.get("ReferencedGroupInfo", {}).get("GroupId"), r["FromPort"]) for r in made},
                         {("192.168.0.0/16", None, 22), (None, head, 22), (None, nodes, -1)})
        seen = {p["IpProtocol"]: p for p in self.permissions(nodes)}
        self.assertEqual(seen["tcp"]["IpRanges"], [{"CidrIp": "192.168.0.0/16", "Description": "the campus"}])
        self.assertEqual(seen["tcp"]["UserIdGroupPairs"][0]["Description"], "the head")
        self.assertNotIn("FromPort", seen["-1"])
        self.refused("InvalidPermission.Duplicate", self.ec2.authorize_security_group_ingress, GroupId=nodes,
                     IpPermissions=[{**ssh, "IpRanges": [{"CidrIp": "192.168.0.0/16"}], "UserIdGroupPairs": []}])
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=head)
        self.ec2.revoke_security_group_ingress(GroupId=nodes, IpPermissions=[ssh])
        self.refused("InvalidPermission.NotFound", self.ec2.revoke_security_group_ingress, GroupId=nodes, IpPermissions=[ssh])
        self.ec2.delete_security_group(GroupId=head)
        rules = self.ec2.describe_security_group_rules(Filters=by("group-id", nodes))["SecurityGroupRules"]
        self.assertEqual(sorted(r["IsEgress"] for r in rules), [False, True])
        out = [r["SecurityGroupRuleId"] for r in rules if r["IsEgress"]]
        self.refused("InvalidSecurityGroupRuleId.NotFound", self.ec2.revoke_security_group_ingress, GroupId=nodes,
                     SecurityGroupRuleIds=out)
        self.ec2.revoke_security_group_egress(GroupId=nodes, SecurityGroupRuleIds=out)
        self.assertEqual(self.permissions(nodes, "IpPermissionsEgress"), [])
        s3 = self.ec2.describe_prefix_lists()["PrefixLists"][0]["PrefixListId"]
        self.ec2.authorize_security_group_egress(GroupId=nodes, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": [{"PrefixListId": s3}]}])
        self.assertEqual(self.permissions(nodes, "IpPermissionsEgress")[0]["PrefixListIds"], [{"PrefixListId": s3}])

    def test_what_is_not_a_rule(self):
        group = self.group(self.vpc("10.22.0.0/16"))
        everywhere = [{"CidrIp": "0.0.0.0/0"}]
        for code, permission in [
                ("InvalidParameterValue", {"IpProtocol": "tcp", "IpRanges": everywhere}),
                ("InvalidParameterValue", {"IpProtocol": "tcp", "FromPort": 90, "ToPort": 80, "IpRanges": everywhere}),
                ("InvalidParameterValue", {"IpProtocol": "quic", "IpRanges": everywhere}),
                ("InvalidParameterValue", {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "300.0.0.0/8"}]}),
                ("InvalidParameterValue", {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "ä"}]}),
                ("InvalidPermission.Malformed", {"IpProtocol": "-1"}),
                ("InvalidGroup.NotFound", {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-00000000000000bad"}]}),
                ("InvalidGroup.NotFound", {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": GROUP}]})]:
            self.refused(code, self.ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[permission])
        self.assertEqual(self.permissions(group), [])

    def test_groups_of_a_launch(self):
        vpc = self.vpc("10.23.0.0/16")
        subnet, group = self.subnet(vpc, "10.23.1.0/24"), self.group(vpc)
        default = self.ec2.describe_security_groups(Filters=by("vpc-id", vpc) + by("group-name", "default"))["SecurityGroups"][0]
        made = self.instance(subnet)
        self.assertEqual([g["GroupId"] for g in made["SecurityGroups"]], [default["GroupId"]])
        self.refused("InvalidParameter", self.instance, subnet, SecurityGroupIds=[GROUP])
        self.refused("InvalidGroup.NotFound", self.instance, subnet, SecurityGroupIds=["sg-00000000000000bad"])
        self.ec2.modify_instance_attribute(InstanceId=made["InstanceId"], Groups=[group])
        self.assertEqual([g["GroupName"] for g in self.shown(made["InstanceId"])["SecurityGroups"]], ["nodes"])
        self.refused("DependencyViolation", self.ec2.delete_security_group, GroupId=group)
        found = self.ec2.describe_network_interfaces(Filters=by("group-id", group))["NetworkInterfaces"]
        self.assertEqual([i["Attachment"]["InstanceId"] for i in found], [made["InstanceId"]])
        self.ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
        self.ec2.delete_security_group(GroupId=group)


class Gateways(Network):
    """The machine that holds the tunnel: an elastic address, and no check of who a packet is from."""

    def test_elastic_addresses(self):
        vpc = self.vpc("10.31.0.0/16")
        subnet = self.subnet(vpc, "10.31.1.0/24")
        made = self.ec2.allocate_address(Domain="vpc", **tagged("elastic-ip"))
        self.assertRegex(made["PublicIp"], r"^203\.0\.113\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])$")
        gateway, other = (self.instance(subnet)["InstanceId"] for _ in range(2))
        wish = {"AllocationId": made["AllocationId"], "InstanceId": gateway}
        self.refused("Gateway.NotAttached", self.ec2.associate_address, **wish)
        door = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=door, VpcId=vpc)
        association = self.ec2.associate_address(**wish)["AssociationId"]
        self.assertEqual(self.ec2.associate_address(**wish)["AssociationId"], association)
        self.refused("Resource.AlreadyAssociated", self.ec2.associate_address, **{**wish, "InstanceId": other})
        self.refused("InvalidIPAddress.InUse", self.ec2.release_address, AllocationId=made["AllocationId"])
        seen, = self.ec2.describe_addresses(Filters=by("instance-id", gateway))["Addresses"]
        self.assertEqual((seen["PublicIp"], seen["AssociationId"], tag_map(seen)),
                         (made["PublicIp"], association, {"spillway:cluster": "u-1"}))
        shown = self.shown(gateway)
        self.assertEqual(shown["PublicIpAddress"], made["PublicIp"])
        self.assertEqual(shown["NetworkInterfaces"][0]["Association"]["PublicIp"], made["PublicIp"])
        self.assertEqual(seen["PrivateIpAddress"], shown["PrivateIpAddress"])
        self.refused("DependencyViolation", self.ec2.detach_internet_gateway, InternetGatewayId=door, VpcId=vpc)
        self.ec2.disassociate_address(AssociationId=association)
        self.assertNotIn("PublicIpAddress", self.shown(gateway))
        self.ec2.release_address(AllocationId=made["AllocationId"])
        self.refused("InvalidAllocationID.NotFound", self.ec2.describe_addresses, AllocationIds=[made["AllocationId"]])

    def test_the_end_of_an_instance_frees_its_address(self):
        vpc = self.vpc("10.32.0.0/16")
        subnet = self.subnet(vpc, "10.32.1.0/24")
        door = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=door, VpcId=vpc)
        made = self.instance(subnet)["InstanceId"]
        address = self.ec2.allocate_address()["AllocationId"]
        self.ec2.associate_address(AllocationId=address, InstanceId=made)
        self.ec2.terminate_instances(InstanceIds=[made])
        self.assertNotIn("AssociationId", self.ec2.describe_addresses(AllocationIds=[address])["Addresses"][0])
        self.ec2.release_address(AllocationId=address)

    def test_attributes(self):
        made = self.instance(SUBNET_A)["InstanceId"]

        def value(name):
            return self.ec2.describe_instance_attribute(InstanceId=made, Attribute=name)[name[0].upper() + name[1:]]["Value"]

        self.assertEqual((value("sourceDestCheck"), value("instanceInitiatedShutdownBehavior")), (True, "stop"))
        self.ec2.modify_instance_attribute(InstanceId=made, SourceDestCheck={"Value": False})
        self.ec2.modify_instance_attribute(InstanceId=made, InstanceInitiatedShutdownBehavior={"Value": "terminate"})
        self.assertEqual((value("sourceDestCheck"), value("instanceInitiatedShutdownBehavior")), (False, "terminate"))
        shown = self.shown(made)
        self.assertEqual((shown["SourceDestCheck"], shown["NetworkInterfaces"][0]["SourceDestCheck"]), (False, False))
        self.ec2.modify_instance_attribute(InstanceId=made, DisableApiTermination={"Value": True})
        self.refused("OperationNotPermitted", self.ec2.terminate_instances, InstanceIds=[made])
        self.ec2.modify_instance_attribute(InstanceId=made, Attribute="disableApiTermination", Value="false")
        self.ec2.terminate_instances(InstanceIds=[made])
        self.refused("IncorrectInstanceState", self.ec2.modify_instance_attribute, InstanceId=made,
                     SourceDestCheck={"Value": False})

    def test_an_interface_of_ones_own_choice(self):
        vpc = self.vpc("10.33.0.0/16")
        subnet, group = self.subnet(vpc, "10.33.1.0/24"), self.group(vpc)
        interface = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": [group], "PrivateIpAddress": "10.33.1.10",
                     "AssociatePublicIpAddress": True}
        wish = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1, "NetworkInterfaces": [interface]}
        made = self.ec2.run_instances(TagSpecifications=[tags("network-interface", a="1"), tags("volume", b="2")],
                                      **wish)["Instances"][0]
        self.assertEqual((made["PrivateIpAddress"], made["SecurityGroups"][0]["GroupId"]), ("10.33.1.10", group))
        self.assertEqual(made["NetworkInterfaces"][0]["Association"]["IpOwnerId"], "amazon")
        self.refused("InvalidIPAddress.InUse", self.ec2.run_instances, **wish)
        self.refused("InvalidParameterValue", self.ec2.run_instances,
                     **{**wish, "NetworkInterfaces": [{**interface, "PrivateIpAddress": "10.34.0.1"}]})
        self.refused("InvalidParameterCombination", self.ec2.run_instances, SubnetId=subnet, **wish)
        seen, = self.ec2.describe_network_interfaces(Filters=by("attachment.instance-id", made["InstanceId"]))["NetworkInterfaces"]
        self.assertEqual({t["Key"]: t["Value"] for t in seen["TagSet"]}, {"a": "1"})
        volume, = self.ec2.describe_volumes(Filters=by("attachment.instance-id", made["InstanceId"]))["Volumes"]
        self.assertEqual((tag_map(volume), volume["Attachments"][0]["DeleteOnTermination"]), ({"b": "2"}, True))
        self.ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
        self.refused("InvalidVolume.NotFound", self.ec2.describe_volumes, VolumeIds=[volume["VolumeId"]])
        self.refused("InvalidNetworkInterfaceID.NotFound", self.ec2.describe_network_interfaces,
                     NetworkInterfaceIds=[seen["NetworkInterfaceId"]])


class Templates(Network):
    def test_data_come_back_as_they_went(self):
        data = {"ImageId": "ami-00000000000000bad", "InstanceType": "c5.large", "EbsOptimized": True,
                "IamInstanceProfile": {"Name": "not-yet"}, "UserData": "IyEvYmluL3No",
                "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {
                    "Encrypted": True, "DeleteOnTermination": True, "VolumeSize": 30, "VolumeType": "gp3",
                    "KmsKeyId": "alias/hpc"}}],
                "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": [GROUP], "SubnetId": SUBNET_A,
                                       "AssociatePublicIpAddress": False, "DeleteOnTermination": True}],
                "Monitoring": {"Enabled": True}, "InstanceInitiatedShutdownBehavior": "terminate",
                "TagSpecifications": [tags("instance", a="1"), tags("volume", a="1", b="")],
                "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1, "HttpEndpoint": "enabled",
                                    "InstanceMetadataTags": "enabled"},
                "Placement": {"Tenancy": "default"}, "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 1}}
        made = self.ec2.create_launch_template(LaunchTemplateName="exact", LaunchTemplateData=data)["LaunchTemplate"]
        seen = self.ec2.describe_launch_template_versions(LaunchTemplateName="exact")["LaunchTemplateVersions"][0]
        self.assertEqual(seen["LaunchTemplateData"], data)
        launch = {"LaunchTemplate": {"LaunchTemplateId": made["LaunchTemplateId"]}, "MinCount": 1, "MaxCount": 1}
        self.refused("InvalidAMIID.NotFound", self.ec2.run_instances, **launch)
        self.refused("InvalidParameterValue", self.ec2.run_instances, ImageId=IMAGE, **launch)
        self.ec2.create_launch_template_version(LaunchTemplateName="exact", SourceVersion="1", LaunchTemplateData={
            "ImageId": IMAGE, "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 9}}],
            "IamInstanceProfile": {"Name": "other"}})
        second = self.ec2.describe_launch_template_versions(LaunchTemplateName="exact", Versions=["2"])
        second = second["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        self.assertEqual(second["BlockDeviceMappings"], [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 9}}])
        self.assertEqual((second["IamInstanceProfile"], second["Monitoring"]), ({"Name": "other"}, {"Enabled": True}))

    def test_what_a_template_says_of_volumes_is_done(self):
        self.ec2.create_launch_template(LaunchTemplateName="disks", LaunchTemplateData={
            "ImageId": IMAGE, "Monitoring": {"Enabled": True}, "SecurityGroupIds": [GROUP],
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "VolumeSize": 30,
                                                                        "DeleteOnTermination": False}}],
            "TagSpecifications": [tags("volume", spillway__cluster="u-1")]})
        made = self.ec2.run_instances(LaunchTemplate={"LaunchTemplateName": "disks"}, SubnetId=SUBNET_A,
                                      MinCount=1, MaxCount=1)["Instances"][0]
        self.assertEqual(made["Monitoring"]["State"], "enabled")
        volume, = self.ec2.describe_volumes(Filters=by("tag:spillway:cluster", "u-1"))["Volumes"]
        self.assertEqual((volume["Encrypted"], volume["Size"], volume["State"]), (True, 30, "in-use"))
        self.assertEqual(made["BlockDeviceMappings"][0]["Ebs"]["VolumeId"], volume["VolumeId"])
        self.refused("VolumeInUse", self.ec2.delete_volume, VolumeId=volume["VolumeId"])
        self.ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
        self.assertEqual(self.ec2.describe_volumes(VolumeIds=[volume["VolumeId"]])["Volumes"][0]["State"], "available")
        self.ec2.delete_volume(VolumeId=volume["VolumeId"])


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
