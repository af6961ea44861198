"""What IAM lets whom do with EC2's networks: by type, by the tags of the request, and by the tags of what is there."""
import unittest

from judge import ACCOUNT, GROUP, IMAGE, SUBNET_A, VPC, seed, tags
from network import OWN, Network, by, tagged

EC2 = f"arn:aws:ec2:us-east-1:{ACCOUNT}:"
OURS = {"StringEquals": {"aws:RequestTag/spillway:cluster": "u-1"}}
KEPT = {"StringEquals": {"aws:ResourceTag/spillway:cluster": "u-1"}}


def may(action, resource="*", **condition):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **({"Condition": condition} if condition else {})}


def user(name, *statements):
    return {"name": name, "access_keys": [{"id": f"AKIASPILLWAY{name.upper():0<8}", "secret": name + "-secret"}],
            "policies": [{"name": "own", "document": {"Version": "2012-10-17", "Statement": list(statements)}}]}


BUILDER = user("builder", may("ec2:Describe*"),
               may(["ec2:CreateVpc", "ec2:CreateSecurityGroup", "ec2:AllocateAddress"], [
                   EC2 + "vpc/*", EC2 + "security-group/*", EC2 + "elastic-ip/*"], **OURS),
               may("ec2:CreateSecurityGroup", EC2 + "vpc/*", **KEPT),
               may("ec2:CreateTags", StringEquals={"ec2:CreateAction": ["CreateVpc", "CreateSecurityGroup", "AllocateAddress"]}),
               may(["ec2:DeleteVpc", "ec2:ModifyVpcAttribute", "ec2:AuthorizeSecurityGroupIngress", "ec2:ReleaseAddress"], **KEPT))
ARCHITECT = user("architect", may("ec2:*", f"{EC2}*", StringEquals={"ec2:Vpc": EC2 + "vpc/" + VPC}), may("ec2:CreateVpc"))
STRICT = user("strict",
              may("ec2:RunInstances", [EC2 + "instance/*"], StringEquals={
                  "aws:RequestTag/spillway:cluster": "u-1", "ec2:MetadataHttpTokens": "required", "ec2:InstanceType": "c5.large"}),
              may("ec2:RunInstances", "*", StringEquals={"ec2:Owner": ACCOUNT}),
              may("ec2:RunInstances", [EC2 + "subnet/" + SUBNET_A, EC2 + "security-group/*", EC2 + "network-interface/*"]),
              may("ec2:RunInstances", EC2 + "volume/*", Bool={"ec2:Encrypted": "true"}),
              may("ec2:RunInstances", EC2 + "launch-template/*", **KEPT),
              may("ec2:CreateTags", "*", StringEquals={"ec2:CreateAction": "RunInstances"}),
              may("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/node", StringEquals={"iam:PassedToService": "ec2.amazonaws.com"}))
FLEETING = user("fleeting", may(["ec2:RunInstances", "ec2:CreateFleet"], "*", Bool={"ec2:IsLaunchTemplateResource": "true"}),
                may("ec2:CreateFleet", EC2 + "fleet/*", **OURS), may("ec2:CreateTags"))
ELSEWHERE = "ami-0e15e0000000000001"


class NetworkPolicies(Network):
    options = {"boot_ms": 0, "shutdown_ms": 0, "seed": seed(
        users=seed()["users"] + [BUILDER, ARCHITECT, STRICT, FLEETING], roles=[{"name": "node", "policies": []}],
        instance_profiles=[{"name": "node", "role": "node"}],
        images=seed()["images"] + [{"id": ELSEWHERE, "name": "debian-12", "owner": "136693071363"}])}

    def of(self, who):
        return self.client("ec2", who["access_keys"][0]["id"], who["access_keys"][0]["secret"])

    def denied(self, call, **request):
        self.refused("UnauthorizedOperation", call, status=403, **request)

    def test_things_are_made_with_our_tag_or_not_at_all(self):
        builder = self.of(BUILDER)
        self.denied(builder.create_vpc, CidrBlock="10.1.0.0/16")
        self.denied(builder.create_vpc, CidrBlock="10.1.0.0/16", TagSpecifications=[tags("vpc", spillway__cluster="another")])
        vpc = builder.create_vpc(CidrBlock="10.1.0.0/16", **tagged("vpc"))["Vpc"]["VpcId"]
        self.denied(builder.create_subnet, VpcId=vpc, CidrBlock="10.1.1.0/24")
        group = {"GroupName": "nodes", "Description": "nodes", **tagged("security-group")}
        self.denied(builder.create_security_group, VpcId=VPC, **group)
        made = builder.create_security_group(VpcId=vpc, **group)["GroupId"]
        rule = {"IpPermissions": [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": made}]}]}
        builder.authorize_security_group_ingress(GroupId=made, **rule)
        self.denied(builder.authorize_security_group_ingress, GroupId=GROUP, **rule)
        builder.release_address(AllocationId=builder.allocate_address(**tagged("elastic-ip"))["AllocationId"])
        self.denied(builder.release_address, AllocationId=self.ec2.allocate_address()["AllocationId"])
        self.denied(builder.create_tags, Resources=[VPC], Tags=OWN)
        self.denied(builder.delete_vpc, VpcId=VPC)
        self.ec2.delete_security_group(GroupId=made)
        builder.delete_vpc(VpcId=vpc)

    def test_what_lies_in_a_vpc_is_known_by_it(self):
        architect = self.of(ARCHITECT)
        architect.modify_subnet_attribute(SubnetId=SUBNET_A, MapPublicIpOnLaunch={"Value": False})
        table = architect.create_route_table
        self.denied(table, VpcId=self.vpc("10.2.0.0/16"))
        self.denied(architect.allocate_address)
        self.denied(architect.describe_vpc_attribute, VpcId=VPC, Attribute="enableDnsSupport")

    def test_each_thing_that_a_launch_uses_is_asked_for(self):
        strict = self.of(STRICT)
        launch = {"ImageId": IMAGE, "InstanceType": "c5.large", "SubnetId": SUBNET_A, "MinCount": 1, "MaxCount": 1,
                  "MetadataOptions": {"HttpTokens": "required"}, **tagged("instance"),
                  "IamInstanceProfile": {"Name": "node"},
                  "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True}}]}
        strict.run_instances(**launch)
        other = self.subnet(VPC, "127.77.64.0/24")
        for change in [{"InstanceType": "c5.xlarge"}, {"MetadataOptions": {"HttpTokens": "optional"}}, {"ImageId": ELSEWHERE},
                       {"SubnetId": other}, {"TagSpecifications": []}, {"TagSpecifications": [tags("instance", a="b")]},
                       {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": False}}]},
                       {"BlockDeviceMappings": []}, {"KeyName": "mine"}]:
            with self.subTest(change=change):
                self.denied(strict.run_instances, **{**launch, **change})
        self.ec2.create_launch_template(LaunchTemplateName="ours", LaunchTemplateData={"KeyName": "x"}, **tagged("launch-template"))
        self.ec2.create_launch_template(LaunchTemplateName="theirs", LaunchTemplateData={"EbsOptimized": True})
        self.denied(strict.run_instances, LaunchTemplate={"LaunchTemplateName": "theirs"}, **launch)
        self.denied(strict.run_instances, LaunchTemplate={"LaunchTemplateName": "ours"}, **launch)  # its key pair

    def test_what_the_request_names_itself_is_not_of_the_template(self):
        fleeting = self.of(FLEETING)
        data = {"ImageId": IMAGE, "InstanceType": "c5.large", "NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": SUBNET_A}]}
        self.ec2.create_launch_template(LaunchTemplateName="whole", LaunchTemplateData=data)
        launch = {"LaunchTemplate": {"LaunchTemplateName": "whole"}, "MinCount": 1, "MaxCount": 1}
        fleeting.run_instances(**launch)
        fleeting.run_instances(InstanceType="c5.xlarge", **launch)
        self.denied(fleeting.run_instances, ImageId=ELSEWHERE, **launch)

        def fleet(*overrides, **more):
            return {"Type": "instant", "TargetCapacitySpecification": {"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "on-demand"},
                    "LaunchTemplateConfigs": [{"LaunchTemplateSpecification": {"LaunchTemplateName": "whole", "Version": "1"},
                                               "Overrides": list(overrides)}], **more}

        made = fleeting.create_fleet(**fleet({"InstanceType": "c5.xlarge"}, **tagged("fleet")))
        self.assertEqual(len(made["Instances"]), 1)
        self.denied(fleeting.create_fleet, **fleet({"InstanceType": "c5.xlarge"}))
        self.denied(fleeting.create_fleet, **fleet({"ImageId": ELSEWHERE}, **tagged("fleet")))

    def test_images_have_owners(self):
        def found(*owners, **more):
            return {i["ImageId"]: i["OwnerId"] for i in self.ec2.describe_images(Owners=list(owners), **more)["Images"]}

        self.assertEqual(found("self"), {IMAGE: ACCOUNT})
        self.assertEqual(found("136693071363", Filters=by("name", "debian-12")), {ELSEWHERE: "136693071363"})
        self.assertEqual(found("amazon", ImageIds=[ELSEWHERE]), {})
        self.refused("InvalidAMIID.NotFound", self.ec2.describe_images, ImageIds=["ami-00000000000000bad"])


if __name__ == "__main__":
    unittest.main()
