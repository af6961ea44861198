"""`spillway doctor` beside the emulator and a Slurm that is a script; what is broken is named, and --fix mends what is safe."""
import json
import os
import unittest

from installation import Installation

NODE = ("NodeName=cloud-c5-{i} Arch=x86_64 CPUAlloc=0 CPUTot={cpus} NodeAddr=cloud-c5-{i} NodeHostName=cloud-c5-{i} Version={version} "
        "RealMemory={memory} AllocMem=0 State=IDLE+CLOUD+POWERED_DOWN Partitions=cloud BootTime=None")
CONFIG = """Configuration data as of 2026-11-23T08:00:00
PrologSlurmctld         = /usr/libexec/spillway/prolog-slurmctld
ResumeFailProgram       = /usr/libexec/spillway/resume-fail
ResumeProgram           = /usr/libexec/spillway/resume
ResumeTimeout           = 300 sec
SLURM_VERSION           = 22.05.8
SuspendProgram          = /usr/libexec/spillway/suspend
SuspendTime             = 400 sec
SuspendTimeout          = 60 sec
"""


class Doctor(Installation):
    def setUp(self):
        super().setUp()
        os.makedirs(f"{self.folder}/bin")
        self.slurm()
        self.alter("cluster: {", f"cluster: {{slurm_bin: {self.folder}/bin, ")
        self.run_spillway("apply", "--yes")

    def program(self, name, body):
        self.write(f"bin/{name}", f"#!/bin/sh\n{body}\n")
        os.chmod(f"{self.folder}/bin/{name}", 0o755)

    def slurm(self, count=20, cpus=4, memory=7500, version="22.05.8"):
        self.write("nodes", "\n".join(NODE.format(i=i, cpus=cpus, memory=memory, version=version) for i in range(count)) + "\n")
        self.write("config", CONFIG)
        self.program("scontrol", f'case "$*" in *config*) cat {self.folder}/config ;; *--version* | *-V*) echo slurm 22.05.8 ;; '
                                 f'*) cat {self.folder}/nodes ;; esac')
        # A node whose clock is ten minutes ahead.
        self.program("srun", 'echo "time $(($(date +%s) + 600))"')

    def codes(self, *words, code):
        out, _ = self.run_spillway("doctor", *words, "-o", "json", code=code)
        answer = json.loads(out)
        self.assertEqual(answer["schema"], "spillway.doctor/v1")
        for finding in answer["findings"]:
            if finding["health"] != "good":
                self.assertTrue(finding["why"] and finding["fix"], finding)
        return sorted(f["code"] for f in answer["findings"] if f["health"] != "good"), answer

    def test_what_is_sound_passes(self):
        found, answer = self.codes("aws", "slurm", "time", code=0)
        self.assertEqual(found, [])
        self.assertEqual({f["check"] for f in answer["findings"]},
                         {"identity", "bucket", "launch templates", "gateway", "roles", "power saving", "versions", "nodes",
                          "addresses", "clock"})

    def test_what_aws_lost_is_named_and_the_safe_is_mended(self):
        ec2, iam = self.client("ec2"), self.client("iam")
        gateway = [i["InstanceId"] for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]][0]
        ec2.modify_instance_attribute(InstanceId=gateway, SourceDestCheck={"Value": True})
        self.assertEqual(self.codes("aws", code=4)[0], ["SPW-AWS-035"])
        self.assertIn("would: sets the gateway", self.run_spillway("doctor", "aws", "--fix", "--dry-run", code=4)[1])
        found, answer = self.codes("aws", "--fix", code=0)
        self.assertEqual((found, [f["done"] for f in answer["fixes"]]), ([], [True]))
        self.assertEqual(self.codes("aws", "--fix", code=0)[1]["fixes"], [])

        ec2.stop_instances(InstanceIds=[gateway])
        template = ec2.describe_launch_templates()["LaunchTemplates"][0]["LaunchTemplateId"]
        ec2.delete_launch_template(LaunchTemplateId=template)
        profile = iam.list_instance_profiles_for_role(RoleName="spillway-tundra-compute")["InstanceProfiles"][0]
        iam.remove_role_from_instance_profile(InstanceProfileName=profile["InstanceProfileName"], RoleName="spillway-tundra-compute")
        iam.delete_role_policy(RoleName="spillway-tundra-compute", PolicyName="spillway")
        iam.delete_role(RoleName="spillway-tundra-compute")
        self.assertEqual(self.codes("aws", code=4)[0], ["SPW-AWS-030", "SPW-AWS-033", "SPW-AWS-034"])

    def test_what_slurm_says_is_held_against_groups_types_and_versions(self):
        self.slurm(count=19, memory=32000, version="23.02.1")
        found, answer = self.codes("slurm", code=4)
        self.assertEqual(found, ["SPW-SLURM-033", "SPW-SLURM-035", "SPW-SLURM-036"])
        self.assertIn("RealMemory=7527 at most", json.dumps(answer))
        self.program("scontrol", "echo slurm_load_ctl_conf error: Unable to contact slurm controller >&2; exit 1")
        self.assertTrue(self.codes("slurm", code=4)[0])

    def test_a_node_is_asked_for_its_clock(self):
        found, _ = self.codes("time", "--on", "cloud-c5-0", code=4)
        self.assertEqual(found, ["SPW-TIME-001"])
        self.program("srun", "echo srun: error: Unable to allocate resources >&2; exit 1")
        self.assertEqual(self.codes("time", "--on", "cloud-c5-0", code=4)[0], ["SPW-SLURM-039"])


if __name__ == "__main__":
    unittest.main()
