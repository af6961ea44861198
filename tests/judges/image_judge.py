"""`spillway image` on the emulator alone, and its recipe on a machine that is none; boto3 looks at what is there."""
import json
import os
import subprocess
import tempfile
import unittest

import botocore.exceptions

from installation import UUID, Installation

STOPPED = 80


class Image(Installation):
    def setUp(self):
        super().setUp()
        self.keep_state()
        self.run_spillway("apply", "--yes")

    def builder_says(self, text):
        """The builder ran the recipe, wrote this to its console and powered itself off."""
        def change(kept):
            ours = [i for _, i in kept["instances"] if dict(i["tags"]).get("spillway:kind") == "image-builder" and i["state"] < 32]
            self.assertEqual(len(ours), 1)
            ours[0].update(state=STOPPED, console=text)
        self.altered_state(change)

    def build(self, *words, **more):
        return self.run_spillway("image", "build", "--slurm-version", "22.05", "--name", "nodes", "--yes", *words, **more)

    def test_an_image_is_built_used_and_deleted(self):
        ec2 = self.client("ec2")
        out, err = self.build("--dry-run")
        self.assertIn("t3.medium", err)
        self.assertEqual([i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]
                          if i["State"]["Name"] != "terminated" and "public" in i], [])
        self.assertIn("Not ready yet", self.build("--no-wait")[1])
        self.build("--no-wait")  # once more: the same builder
        builders = [i for r in ec2.describe_instances(Filters=[{"Name": "tag:spillway:kind", "Values": ["image-builder"]}])["Reservations"]
                    for i in r["Instances"]]
        self.assertEqual(len(builders), 1)
        builder = builders[0]
        self.assertNotIn("IamInstanceProfile", builder)
        self.assertEqual(builder["MetadataOptions"]["HttpTokens"], "required")
        groups = ec2.describe_security_groups(GroupIds=[g["GroupId"] for g in builder["SecurityGroups"]])["SecurityGroups"]
        self.assertEqual([g["IpPermissions"] for g in groups], [[]])
        self.assertTrue(builder["PublicIpAddress"])
        self.builder_says("spillway-image: step: Slurm\r\nspillway-image: done: slurm 22.05.8-4\r\n")

        made = json.loads(self.build("-o", "json")[0])
        self.assertTrue(made["ready"])
        ec2 = self.client("ec2")
        image = ec2.describe_images(ImageIds=[made["id"]])["Images"][0]
        tags = {t["Key"]: t["Value"] for t in image["Tags"]}
        self.assertEqual((image["State"], image["Name"], tags["spillway:cluster"], tags["spillway:slurm"]),
                         ("available", "nodes", UUID, "slurm 22.05.8-4"))
        state = ec2.describe_instances(InstanceIds=[builder["InstanceId"]])["Reservations"][0]["Instances"][0]["State"]["Name"]
        self.assertEqual(state, "terminated")

        self.alter("image_owner: self", f"image: {made['id']}, image_owner: self")
        self.run_spillway("apply", "--yes")
        versions = ec2.describe_launch_template_versions(LaunchTemplateName="spillway-tundra-compute", Versions=["$Default"])
        self.assertEqual(versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]["ImageId"], made["id"])
        self.assertIn("in use", self.run_spillway("image", "ls")[0])
        self.assertIn("SPW-SITE-026", self.run_spillway("image", "delete", "nodes", "--yes", code=5)[1])
        self.assertIn("SPW-SITE-024", self.run_spillway("destroy", "--yes", code=5)[1])
        self.alter(f"image: {made['id']}, ", "")
        self.run_spillway("apply", "--yes")
        self.run_spillway("image", "delete", "nodes", "--yes")
        self.assertEqual(ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"], [])
        self.run_spillway("destroy", "--yes")
        self.assertEqual(self.tagged(), set())

    def test_a_recipe_that_failed_says_where(self):
        self.build("--no-wait")
        self.builder_says("spillway-image: step: packages\nspillway-image: log: E: no route\nspillway-image: failed: packages\n")
        _, err = self.build(code=1)
        self.assertIn("error[SPW-SITE-022]", err)
        self.assertIn("E: no route", err)
        self.build("--no-wait")  # begins anew; and destroy takes the builder along
        self.run_spillway("destroy", "--yes")
        self.assertEqual(self.tagged(), set())


class Emulator(Installation):
    """What the emulator makes of the operations, asked by boto3."""

    def refused(self, code, call, **given):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(**given)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)

    def test_images_snapshots_stop_and_start(self):
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        instance = ec2.run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, SubnetId=subnet,
                                     BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 12, "Encrypted": True}}]
                                     )["Instances"][0]["InstanceId"]
        ec2.get_waiter("instance_running").wait(InstanceIds=[instance])
        self.assertEqual(ec2.stop_instances(InstanceIds=[instance])["StoppingInstances"][0]["PreviousState"]["Name"], "running")
        ec2.get_waiter("instance_stopped").wait(InstanceIds=[instance])
        image = ec2.create_image(InstanceId=instance, Name="one", Description="d", TagSpecifications=[
            {"ResourceType": "image", "Tags": [{"Key": "a", "Value": "1"}]}])["ImageId"]
        ec2.get_waiter("image_available").wait(ImageIds=[image])
        shown = ec2.describe_images(Owners=["self"], Filters=[{"Name": "name", "Values": ["one"]}])["Images"][0]
        disk = shown["BlockDeviceMappings"][0]["Ebs"]
        self.assertEqual((shown["ImageId"], shown["Tags"], disk["VolumeSize"], disk["Encrypted"]),
                         (image, [{"Key": "a", "Value": "1"}], 12, True))
        self.refused("InvalidAMIName.Duplicate", ec2.create_image, InstanceId=instance, Name="one")
        self.refused("InvalidAMIName.Malformed", ec2.create_image, InstanceId=instance, Name="a;b")
        self.refused("InvalidSnapshot.InUse", ec2.delete_snapshot, SnapshotId=disk["SnapshotId"])
        ec2.deregister_image(ImageId=image)
        self.refused("InvalidAMIID.NotFound", ec2.deregister_image, ImageId=image)
        ec2.delete_snapshot(SnapshotId=disk["SnapshotId"])
        self.assertEqual(ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"], [])
        self.assertEqual(ec2.start_instances(InstanceIds=[instance])["StartingInstances"][0]["CurrentState"]["Name"], "pending")
        ec2.get_waiter("instance_running").wait(InstanceIds=[instance])
        self.assertNotIn("Output", ec2.get_console_output(InstanceId=instance))
        ec2.terminate_instances(InstanceIds=[instance])
        self.refused("IncorrectInstanceState", ec2.stop_instances, InstanceIds=[instance])


class Recipe(unittest.TestCase):
    """The script itself, its tools being stand-ins that say what they were asked, and its files under a folder."""
    TOOLS = {"apt-get": "exit 0", "apt-cache": "echo '  Candidate: 22.05.8-4+deb12u3'", "slurmd": "echo slurm-wlm 22.05.8",
             "systemctl": "exit 0", "cloud-init": "exit 0", "poweroff": "exit 0", "sleep": "exit 0"}

    def run_recipe(self, **tools):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        os.makedirs(f"{folder}/bin")
        for path, text in {"etc/munge/munge.key": "secret", "etc/machine-id": "0123", "etc/ssh/ssh_host_rsa_key": "secret"}.items():
            os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
            with open(f"{folder}/{path}", "w") as file:
                file.write(text)
        for name, body in {**self.TOOLS, **tools}.items():
            with open(f"{folder}/bin/{name}", "w") as file:
                file.write(f"#!/bin/sh\necho {name} \"$@\" >>{folder}/asked\n{body}\n")
            os.chmod(f"{folder}/bin/{name}", 0o755)
        script = subprocess.run([os.environ["SPILLWAY"], "image", "recipe", "--slurm-version", "22.05"], capture_output=True,
                                text=True, check=True).stdout
        done = subprocess.run(["/bin/sh"], input=script, capture_output=True, text=True,
                              env={"PATH": f"{folder}/bin:/usr/bin:/bin", "SPILLWAY_IMAGE_ROOT": folder})
        with open(f"{folder}/asked") as file:
            return folder, done, file.read()

    def test_it_installs_configures_and_leaves_nothing_behind(self):
        folder, done, asked = self.run_recipe()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("spillway-image: done: slurm 22.05.8", done.stdout)
        for package in ("munge", "wireguard-tools", "nftables", "chrony", "slurmd"):
            self.assertRegex(asked, f"apt-get install .*\\b{package}\\b")
        self.assertIn("systemctl enable chrony", asked)
        with open(f"{folder}/etc/chrony/chrony.conf") as file:
            self.assertIn("server 169.254.169.123", file.read())
        self.assertFalse(os.path.exists(f"{folder}/etc/munge/munge.key"))
        self.assertFalse(os.path.exists(f"{folder}/etc/ssh/ssh_host_rsa_key"))
        self.assertEqual(os.path.getsize(f"{folder}/etc/machine-id"), 0)
        self.assertNotIn("poweroff", asked)  # that is for builders

    def test_it_says_what_went_wrong(self):
        for tools, said in (({"apt-cache": "echo '  Candidate: 23.11.4-1'"}, "the distribution has Slurm 23.11.4-1, the controller 22.05"),
                            ({"apt-get": "[ $1 = update ] || { echo E: broken; exit 100; }"}, "failed: packages"),
                            ({"apt-get": "[ $1 != update ]"}, "no package list"),
                            ({"slurmd": "echo slurm 20.11.9"}, "slurmd says '20.11.9', not 22.05")):
            _, done, _ = self.run_recipe(**tools)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn(said, done.stdout)


if __name__ == "__main__":
    unittest.main()
