"""boto3 judges fleets of type instant, and the launch templates that they need."""
import base64
import unittest

from judge import GROUP, IMAGE, SUBNET_A, SUBNET_B, Judge, tag_map, tags


def template_data(**more):
    return {"ImageId": IMAGE, "InstanceInitiatedShutdownBehavior": "terminate", "SecurityGroupIds": [GROUP],
            "UserData": base64.b64encode(b"#!/bin/sh\n").decode(),
            "MetadataOptions": {"HttpTokens": "required", "InstanceMetadataTags": "enabled"},
            "TagSpecifications": [tags("instance", of="template")], **more}


class Fleets(Judge):
    def setUp(self):
        self.ec2 = self.client("ec2")
        name = self.id().split(".")[-1]
        self.template = self.ec2.create_launch_template(LaunchTemplateName=name,
                                                        LaunchTemplateData=template_data())["LaunchTemplate"]

    def fleet(self, target, overrides=None, capacity="on-demand", version="$Latest", **more):
        if overrides is None:
            overrides = [{"InstanceType": t, "SubnetId": s} for t in ("c5.large", "c5.xlarge") for s in (SUBNET_A, SUBNET_B)]
        return self.ec2.create_fleet(
            Type="instant",
            LaunchTemplateConfigs=[{"LaunchTemplateSpecification": {
                "LaunchTemplateId": self.template["LaunchTemplateId"], "Version": version}, "Overrides": overrides}],
            TargetCapacitySpecification={"TotalTargetCapacity": target, "DefaultTargetCapacityType": capacity}, **more)

    def instances(self, fleet):
        ids = [i for part in fleet["Instances"] for i in part["InstanceIds"]]
        if not ids:
            return []
        return [i for r in self.ec2.describe_instances(InstanceIds=ids)["Reservations"] for i in r["Instances"]]

    def test_instances_carry_their_tags_at_once(self):
        made = self.fleet(3, TagSpecifications=[tags("instance", spillway__intent="i1"), tags("fleet", spillway__kind="fleet")])
        self.assertTrue(made["FleetId"].startswith("fleet-"))
        self.assertEqual(made.get("Errors", []), [])
        found = self.instances(made)
        self.assertEqual(len(found), 3)
        for instance in found:
            self.assertEqual(tag_map(instance)["spillway:intent"], "i1")
            self.assertEqual(tag_map(instance)["of"], "template")
            self.assertEqual(instance["InstanceType"], "c5.large")
        part = made["Instances"][0]
        self.assertEqual(part["Lifecycle"], "on-demand")
        self.assertEqual(part["InstanceType"], "c5.large")
        self.assertEqual(part["LaunchTemplateAndOverrides"]["Overrides"]["InstanceType"], "c5.large")
        described = self.ec2.describe_fleets(FleetIds=[made["FleetId"]])["Fleets"][0]
        self.assertEqual(tag_map(described)["spillway:kind"], "fleet")

    def test_a_full_subnet_is_told_beside_what_was_launched(self):
        made = self.fleet(15, [{"InstanceType": "c5.large", "SubnetId": SUBNET_B}])
        got = self.instances(made)
        self.assertEqual(len(got), 11)
        self.assertEqual([e["ErrorCode"] for e in made["Errors"]], ["InsufficientFreeAddressesInSubnet"])
        self.ec2.terminate_instances(InstanceIds=[i["InstanceId"] for i in got])

    def test_spot(self):
        made = self.fleet(2, capacity="spot")
        self.assertEqual({i["InstanceLifecycle"] for i in self.instances(made)}, {"spot"})

    def test_client_token(self):
        first, again = self.fleet(2, ClientToken="f-1"), self.fleet(2, ClientToken="f-1")
        self.assertEqual(first["FleetId"], again["FleetId"])
        self.assertEqual([p["InstanceIds"] for p in first["Instances"]], [p["InstanceIds"] for p in again["Instances"]])
        self.refused("IdempotentParameterMismatch", self.fleet, 3, ClientToken="f-1")

    def test_versions(self):
        identity = {"LaunchTemplateId": self.template["LaunchTemplateId"]}
        second = self.ec2.create_launch_template_version(
            **identity, SourceVersion="1", LaunchTemplateData={"InstanceType": "m5.large"})["LaunchTemplateVersion"]
        self.assertEqual((second["VersionNumber"], second["DefaultVersion"]), (2, False))
        listed = self.ec2.describe_launch_template_versions(**identity)["LaunchTemplateVersions"]
        self.assertEqual(sorted(v["VersionNumber"] for v in listed), [1, 2])
        newest = self.ec2.describe_launch_template_versions(**identity, Versions=["$Latest"])["LaunchTemplateVersions"][0]
        self.assertEqual(newest["LaunchTemplateData"]["InstanceType"], "m5.large")
        self.assertEqual(newest["LaunchTemplateData"]["ImageId"], IMAGE)
        self.assertEqual(base64.b64decode(newest["LaunchTemplateData"]["UserData"]), b"#!/bin/sh\n")
        found = self.ec2.describe_launch_templates(LaunchTemplateIds=[self.template["LaunchTemplateId"]])["LaunchTemplates"][0]
        self.assertEqual((found["DefaultVersionNumber"], found["LatestVersionNumber"]), (1, 2))
        self.ec2.delete_launch_template_versions(**identity, Versions=["2"])
        listed = self.ec2.describe_launch_template_versions(**identity)["LaunchTemplateVersions"]
        self.assertEqual([v["VersionNumber"] for v in listed], [1])

    def test_template_refusals(self):
        self.refused("InvalidLaunchTemplateName.AlreadyExistsException", self.ec2.create_launch_template,
                     LaunchTemplateName=self.template["LaunchTemplateName"], LaunchTemplateData=template_data())
        self.refused("InvalidLaunchTemplateName.NotFoundException", self.ec2.describe_launch_templates,
                     LaunchTemplateNames=["nobody-made-this"])
        self.refused("InvalidLaunchTemplateId.NotFound", self.ec2.delete_launch_template,
                     LaunchTemplateId="lt-00000000000000bad")
        self.ec2.delete_launch_template(LaunchTemplateId=self.template["LaunchTemplateId"])
        self.assertNotIn(self.template["LaunchTemplateId"],
                         [t["LaunchTemplateId"] for t in self.ec2.describe_launch_templates()["LaunchTemplates"]])


class Shortage(Judge):
    options = {"faults": [{"effect": "capacity", "type": "c5.xlarge", "limit": 2}]}

    def test_instances_and_errors_together(self):
        ec2 = self.client("ec2")
        ec2.create_launch_template(LaunchTemplateName="short", LaunchTemplateData=template_data())
        made = ec2.create_fleet(
            Type="instant", TargetCapacitySpecification={"TotalTargetCapacity": 4, "DefaultTargetCapacityType": "on-demand"},
            LaunchTemplateConfigs=[{"LaunchTemplateSpecification": {"LaunchTemplateName": "short", "Version": "$Default"},
                                    "Overrides": [{"InstanceType": "c5.xlarge", "SubnetId": SUBNET_A}]}])
        self.assertEqual(sum(len(p["InstanceIds"]) for p in made["Instances"]), 2)
        self.assertEqual([(e["ErrorCode"], e["Lifecycle"]) for e in made["Errors"]],
                         [("InsufficientInstanceCapacity", "on-demand")])


if __name__ == "__main__":
    unittest.main()
