"""boto3 judges the emulator's instances: launch, describe, page, tag, end."""
import base64
import unittest

from judge import GROUP, IMAGE, SUBNET_A, SUBNET_B, VPC, Judge, tag_map, tags


class Instances(Judge):
    options = {"boot_ms": 100, "shutdown_ms": 100}

    def setUp(self):
        self.ec2 = self.client("ec2")

    def run_instances(self, count=1, **more):
        request = {"ImageId": IMAGE, "InstanceType": "c5.xlarge", "SubnetId": SUBNET_A, "MinCount": count,
                   "MaxCount": count, **more}
        return self.ec2.run_instances(**request)["Instances"]

    def described(self, ids):
        return [i for r in self.ec2.describe_instances(InstanceIds=ids)["Reservations"] for i in r["Instances"]]

    def state(self, instance_id):
        return self.described([instance_id])[0]["State"]["Name"]

    def test_a_life(self):
        made = self.run_instances(TagSpecifications=[tags("instance", Name="n0", spillway__intent="i-1")],
                                  SecurityGroupIds=[GROUP])[0]
        self.assertEqual((made["State"]["Name"], made["State"]["Code"]), ("pending", 0))
        self.assertEqual(tag_map(made), {"Name": "n0", "spillway:intent": "i-1"})
        self.assertEqual((made["InstanceType"], made["SubnetId"], made["VpcId"]), ("c5.xlarge", SUBNET_A, VPC))
        self.assertTrue(made["PrivateIpAddress"].startswith("127.77.16."))
        self.assertEqual(made["SecurityGroups"][0]["GroupId"], GROUP)
        self.assertEqual(made["Placement"]["AvailabilityZone"], "us-east-1a")
        seen = self.described([made["InstanceId"]])[0]
        self.assertEqual(tag_map(seen), tag_map(made))
        self.eventually(lambda: self.state(made["InstanceId"]) == "running")
        ended = self.ec2.terminate_instances(InstanceIds=[made["InstanceId"]])["TerminatingInstances"][0]
        self.assertEqual((ended["PreviousState"]["Name"], ended["CurrentState"]["Name"]), ("running", "shutting-down"))
        self.eventually(lambda: self.state(made["InstanceId"]) == "terminated")
        self.assertEqual(self.described([made["InstanceId"]])[0]["StateReason"]["Code"], "Client.UserInitiatedShutdown")

    def test_waiters_of_boto3_come_to_an_end(self):
        made = self.run_instances()[0]
        quick = {"Delay": 1, "MaxAttempts": 20}
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[made["InstanceId"]], WaiterConfig=quick)
        self.ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
        self.ec2.get_waiter("instance_terminated").wait(InstanceIds=[made["InstanceId"]], WaiterConfig=quick)

    def test_user_data_and_profile_come_from_the_template_and_the_call_goes_first(self):
        self.ec2.create_launch_template(LaunchTemplateName="half", LaunchTemplateData={
            "ImageId": IMAGE, "InstanceType": "c5.large", "UserData": base64.b64encode(b"#!/bin/sh").decode(),
            "TagSpecifications": [tags("instance", of="template", both="template")]})
        made = self.ec2.run_instances(MinCount=1, MaxCount=1, LaunchTemplate={"LaunchTemplateName": "half"},
                                      InstanceType="m5.large",
                                      TagSpecifications=[tags("instance", both="call")])["Instances"][0]
        self.assertEqual(made["InstanceType"], "m5.large")
        own = {k: v for k, v in tag_map(made).items() if not k.startswith("aws:")}
        self.assertEqual(own, {"of": "template", "both": "call"})

    def test_refusals(self):
        nobody = "i-0123456789abcdef0"
        self.refused("InvalidInstanceID.NotFound", self.ec2.describe_instances, InstanceIds=[nobody])
        self.refused("InvalidInstanceID.Malformed", self.ec2.describe_instances, InstanceIds=["i-zzz"])
        alive = self.run_instances()[0]["InstanceId"]
        self.refused("InvalidInstanceID.NotFound", self.ec2.terminate_instances, InstanceIds=[alive, nobody])
        self.assertIn(self.state(alive), ("pending", "running"))
        launch = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1}
        self.refused("InvalidAMIID.NotFound", self.ec2.run_instances, **{**launch, "ImageId": "ami-0000000000000dead"})
        self.refused("InvalidSubnetID.NotFound", self.ec2.run_instances, SubnetId="subnet-00000000000000bad", **launch)
        self.refused("DryRunOperation", self.ec2.run_instances, DryRun=True, status=412, **launch)
        self.refused("InsufficientFreeAddressesInSubnet", self.ec2.run_instances, SubnetId=SUBNET_B,
                     **{**launch, "MinCount": 12, "MaxCount": 12})
        self.assertEqual(self.ec2.describe_subnets(SubnetIds=[SUBNET_B])["Subnets"][0]["AvailableIpAddressCount"], 11)

    def test_client_token(self):
        first = self.run_instances(2, ClientToken="token-1")
        again = self.run_instances(2, ClientToken="token-1")
        self.assertEqual([i["InstanceId"] for i in first], [i["InstanceId"] for i in again])
        self.refused("IdempotentParameterMismatch", self.run_instances, 3, ClientToken="token-1")

    def test_filters_with_wildcards(self):
        mine = {i["InstanceId"] for i in self.run_instances(3, TagSpecifications=[tags("instance", pool="alpha-1")])}
        other = {i["InstanceId"] for i in self.run_instances(2, TagSpecifications=[tags("instance", pool="beta-1")])}

        def found(**filters):
            request = [{"Name": k.replace("__", ":").replace("_", "-"), "Values": v} for k, v in filters.items()]
            pages = self.ec2.get_paginator("describe_instances").paginate(Filters=request)
            return {i["InstanceId"] for p in pages for r in p["Reservations"] for i in r["Instances"]}

        self.assertEqual(found(tag__pool=["alpha-*"]), mine)
        self.assertEqual(found(tag__pool=["alpha-?", "beta-1"]), mine | other)
        self.assertEqual(found(tag__pool=["ALPHA-*"]), set())
        self.assertEqual(found(tag__pool=["*"], instance_state_name=["terminated"]), set())
        self.assertLessEqual(mine | other, found(tag_key=["pool"], instance_type=["c5.*"]))
        address = self.described([next(iter(mine))])[0]["PrivateIpAddress"]
        self.assertEqual(found(private_ip_address=[address]), {next(iter(mine))})
        self.refused("InvalidParameterValue", self.ec2.describe_instances, Filters=[{"Name": "colour", "Values": ["red"]}])

    def test_tags_come_and_go(self):
        one, two = (i["InstanceId"] for i in self.run_instances(2))
        self.ec2.create_tags(Resources=[one, two], Tags=[{"Key": "Name", "Value": "n"}, {"Key": "x", "Value": ""}])
        self.ec2.delete_tags(Resources=[one], Tags=[{"Key": "Name"}])
        self.ec2.delete_tags(Resources=[two], Tags=[{"Key": "Name", "Value": "another"}])
        self.assertEqual([tag_map(i) for i in self.described([one])], [{"x": ""}])
        self.assertEqual([tag_map(i) for i in self.described([two])], [{"x": "", "Name": "n"}])
        listed = self.ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [two]}, {"Name": "key", "Values": ["Name"]}])
        self.assertEqual([(t["ResourceType"], t["Value"]) for t in listed["Tags"]], [("instance", "n")])
        self.refused("InvalidInstanceID.NotFound", self.ec2.create_tags, Resources=["i-0123456789abcdef0"],
                     Tags=[{"Key": "a", "Value": "b"}])

    def test_what_there_is(self):
        self.assertEqual(self.ec2.describe_vpcs()["Vpcs"][0]["CidrBlock"], "127.77.0.0/16")
        subnets = self.ec2.describe_subnets(Filters=[{"Name": "tag:Name", "Values": ["a"]}])["Subnets"]
        self.assertEqual([s["SubnetId"] for s in subnets], [SUBNET_A])
        groups = self.ec2.describe_security_groups(GroupIds=[GROUP])["SecurityGroups"]
        self.assertEqual(groups[0]["GroupName"], "burst-nodes")
        self.assertEqual(self.ec2.describe_images(ImageIds=[IMAGE])["Images"][0]["State"], "available")
        types = {t["InstanceType"]: t for t in self.ec2.describe_instance_types(
            InstanceTypes=["c5.4xlarge", "p3.2xlarge"])["InstanceTypes"]}
        self.assertEqual(types["c5.4xlarge"]["VCpuInfo"]["DefaultVCpus"], 16)
        self.assertEqual(types["c5.4xlarge"]["MemoryInfo"]["SizeInMiB"], 32768)
        self.assertEqual(types["p3.2xlarge"]["GpuInfo"]["Gpus"][0]["Count"], 1)
        self.refused("InvalidInstanceType", self.ec2.describe_instance_types, InstanceTypes=["x9.huge"])


class Pages(Judge):
    def test_2500_instances_are_each_seen_once(self):
        ec2 = self.client("ec2", read_timeout=120)
        made = []
        for _ in range(5):
            made += ec2.run_instances(ImageId=IMAGE, MinCount=500, MaxCount=500, SubnetId=SUBNET_A)["Instances"]
        seen, pages = [], 0
        for page in ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 1000}):
            here = [i["InstanceId"] for r in page["Reservations"] for i in r["Instances"]]
            self.assertLessEqual(len(here), 1000)
            seen += here
            pages += 1
        self.assertEqual(pages, 3)
        self.assertEqual(sorted(seen), sorted(i["InstanceId"] for i in made))
        self.assertEqual(len({i["PrivateIpAddress"] for i in made}), 2500)
        self.refused("InvalidParameterCombination", ec2.describe_instances, MaxResults=10, InstanceIds=seen[:2])


if __name__ == "__main__":
    unittest.main()
