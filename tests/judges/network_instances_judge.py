"""What EC2's networks are to instances, as boto3 sees it: groups, addresses, interfaces, volumes and templates."""
import unittest

from judge import GROUP, IMAGE, SUBNET_A, tag_map, tags
from network import Network, by, tagged


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


class Fleets(Network):
    def test_a_fleets_tags_reach_what_its_machines_are_made_of(self):
        self.ec2.create_launch_template(LaunchTemplateName="plain", LaunchTemplateData={
            "ImageId": IMAGE, "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": [GROUP]}],
            "TagSpecifications": [tags("volume", a="template", b="template")]})
        made = self.ec2.create_fleet(
            Type="instant", TagSpecifications=[tags(kind, b="call") for kind in ("instance", "volume", "network-interface")],
            TargetCapacitySpecification={"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "on-demand"},
            LaunchTemplateConfigs=[{"LaunchTemplateSpecification": {"LaunchTemplateName": "plain", "Version": "1"},
                                    "Overrides": [{"SubnetId": SUBNET_A}]}])["Instances"][0]["InstanceIds"][0]
        own = by("attachment.instance-id", made)
        self.assertEqual(tag_map(self.ec2.describe_volumes(Filters=own)["Volumes"][0]), {"a": "template", "b": "call"})
        interface, = self.ec2.describe_network_interfaces(Filters=own)["NetworkInterfaces"]
        self.assertEqual(({t["Key"]: t["Value"] for t in interface["TagSet"]}, interface["Groups"][0]["GroupId"]), ({"b": "call"}, GROUP))


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


if __name__ == "__main__":
    unittest.main()
