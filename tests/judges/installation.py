"""A site of its own for each test: the emulator alone, without root, and spillway's configuration beside it."""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

import boto3
import botocore.client

KEY, SECRET, UUID = "AKIASPILLWAYEXAMPLE1", "a-secret-of-the-judge", "11111111-2222-4333-8444-555555555555"
NOBODY = 65534
SEED = {"images": [{"id": "ami-0123456789abcdef0", "name": "debian-12-amd64-20260101"}],
        "users": [{"name": "admin", "access_keys": [{"id": KEY, "secret": SECRET}]}]}
PARTITIONS = {"Partitions": [{"PartitionName": "cloud", "NodeGroups": [
    {"NodeGroupName": "c5", "MaxNodes": 20, "Region": "us-east-1", "SlurmSpecifications": {"CPUs": "4", "RealMemory": "7500"},
     "PurchasingOption": "on-demand", "OnDemandOptions": {"AllocationStrategy": "lowest-price"},
     "LaunchTemplateOverrides": [{"InstanceType": "c5.xlarge"}]}]}]}


class Installation(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.chmod(self.folder, 0o777)
        self.user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        self.programs = {name: shutil.copy(os.environ[name], self.folder) for name in ("SPILLWAY", "SPILLWAY_LAB")}
        self.write("seed.json", json.dumps(SEED))
        self.write("partitions.json", json.dumps(PARTITIONS))
        self.write("slurm.conf", "ClusterName=tundra\nSlurmctldHost=ctl(192.168.10.10)\nSrunPortRange=60001-60999\n")
        self.write("munge.key", "0123456789abcdef" * 8)
        self.start_emulator()
        self.addCleanup(self.end_emulator)
        self.configure()

    def start_emulator(self, *more):
        self.emulator = subprocess.Popen(
            [self.programs["SPILLWAY_LAB"], "lab", "aws", "--listen", "127.0.0.1:0", "--seed", f"{self.folder}/seed.json", *more],
            stdout=subprocess.PIPE, text=True, **self.user)
        for line in self.emulator.stdout:
            if line.startswith("endpoint "):
                self.endpoint = line.split()[1]
                break

    def restart_emulator(self, *more):
        self.end_emulator()
        self.start_emulator(*more)

    def end_emulator(self):
        self.emulator.send_signal(signal.SIGTERM)
        self.emulator.wait(20)
        self.emulator.stdout.close()

    def write(self, name, text):
        with open(f"{self.folder}/{name}", "w") as file:
            file.write(text)

    def configure(self, vpc_cidr="172.31.0.0/16", onprem="192.168.0.0/16", more="",
                  key='public_key: "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="'):
        self.write("spillway.yaml", f"""apiVersion: spillway/v1
cluster: {{name: tundra, id: {UUID}, slurm_conf: {self.folder}/slurm.conf}}
aws: {{region: us-east-1, vpc_cidr: {vpc_cidr}, endpoint_url: "{self.endpoint}"}}
vpn: {{onprem_cidrs: [{onprem}], endpoint: "gw.example.edu:51820", {key}}}
site: {{image_owner: self, munge_key: {self.folder}/munge.key, name_servers: [192.168.10.10]}}
data: {{bucket: slurm-burst-data}}
partitions_file: partitions.json
{more}""")

    def alter(self, old, new):
        with open(f"{self.folder}/spillway.yaml") as file:
            text = file.read()
        self.write("spillway.yaml", text.replace(old, new))

    def start(self, *words, **environment):
        env = {"PATH": "/usr/bin", "SPILLWAY_ROOT": f"{self.folder}/root", "AWS_ACCESS_KEY_ID": KEY,
               "AWS_SECRET_ACCESS_KEY": SECRET, "HOME": self.folder, **environment}
        return subprocess.Popen([self.programs["SPILLWAY"], *words, "-c", f"{self.folder}/spillway.yaml", "--no-input"],
                                env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **self.user)

    def run_spillway(self, *words, code=0, **environment):
        process = self.start(*words, **environment)
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, code, f"{words}: {out}{err}")
        return out, err

    def client(self, service):
        made = boto3.client(service, region_name="us-east-1", endpoint_url=self.endpoint, aws_access_key_id=KEY,
                            aws_secret_access_key=SECRET, config=botocore.client.Config(s3={"addressing_style": "path"}))
        self.addCleanup(made.close)
        return made

    def tagged(self):
        """Everything that carries the cluster's tag, over EC2, IAM, S3 and SSM; terminated instances left out."""
        ec2, iam, s3, ssm = (self.client(name) for name in ("ec2", "iam", "s3", "ssm"))
        gone = {i["InstanceId"] for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]
                if i["State"]["Name"] == "terminated"}
        found = {tag["ResourceId"] for page in ec2.get_paginator("describe_tags").paginate(
            Filters=[{"Name": "key", "Values": ["spillway:cluster"]}, {"Name": "value", "Values": [UUID]}])
            for tag in page["Tags"]} - gone
        found |= {role["RoleName"] for role in iam.list_roles()["Roles"]
                  if any(t["Value"] == UUID for t in iam.list_role_tags(RoleName=role["RoleName"])["Tags"])}
        found |= {p["InstanceProfileName"] for p in iam.list_instance_profiles()["InstanceProfiles"] if UUID in p["Path"]}
        found |= {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
        found |= {p["Name"] for p in ssm.describe_parameters()["Parameters"]}
        return found

    def refused(self, code, *words, exit_code, **environment):
        _, err = self.run_spillway("apply", "--yes", *words, code=exit_code, **environment)
        self.assertIn(f"error[{code}]", err)
        self.assertIn("\n  why  ", err)
        self.assertIn("\n  fix  ", err)
        self.assertEqual(self.tagged(), set(), "something was made before the refusal")

    def secret_file(self, name, text, mode=0o400):
        self.write(name, text)
        os.chmod(f"{self.folder}/{name}", mode)
        if self.user:
            os.chown(f"{self.folder}/{name}", NOBODY, NOBODY)
        return f"file:{self.folder}/{name}"

    def tsig_key(self, name="spillway", secret="c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", mode=0o400):
        return self.secret_file(f"ddns-{random.getrandbits(32)}",
                                f'key "{name}" {{ algorithm hmac-sha256; secret "{secret}"; }};\n', mode)

    def named(self):
        """A real named that takes updates of example.com signed with the key spillway. Gives its address."""
        home = f"{self.folder}/named"
        os.makedirs(home, exist_ok=True)
        os.chmod(home, 0o777)
        self.write("named/zone", "$TTL 60\n@ IN SOA ns.lab. admin.lab. 1 60 60 3600 5\n@ IN NS ns.lab.\n")
        for _ in range(5):  # another process may take the port first
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            self.write("named/conf", f"""
key spillway {{ algorithm hmac-sha256; secret "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"; }};
options {{ directory "{home}"; pid-file none; session-keyfile none; lock-file none; recursion no; empty-zones-enable no;
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; dnssec-validation no; notify no; }};
controls {{ }};
zone example.com {{ type primary; file "zone"; update-policy {{ grant spillway zonesub A AAAA PTR TXT; }}; }};
""")
            process = subprocess.Popen(["/usr/sbin/named", "-g", "-c", f"{home}/conf"], stderr=subprocess.PIPE, text=True,
                                       **self.user)
            said = ""
            for line in process.stderr:
                said += line
                if "running" in line:
                    break
            if process.poll() is None and "address in use" not in said:
                threading.Thread(target=process.stderr.read, daemon=True).start()  # its pipe must not fill up
                self.addCleanup(process.stderr.close)
                self.addCleanup(process.wait)
                self.addCleanup(process.terminate)
                return f"127.0.0.1:{port}"
            process.kill()
            process.wait()
        self.fail(f"named does not start:\n{said}")

    def keep_state(self):
        """From here on the emulator keeps what it holds, so that altered_state() can change it."""
        os.makedirs(f"{self.folder}/state")
        os.chmod(f"{self.folder}/state", 0o777)
        self.restart_emulator("--state", f"{self.folder}/state")
        self.configure()

    def altered_state(self, change):
        """Stops the emulator, lets `change` alter the state that it kept, and starts it again."""
        self.end_emulator()
        with open(f"{self.folder}/state/state.json") as file:
            kept = json.load(file)
        change(kept)
        self.write("state/state.json", json.dumps(kept))
        before = self.endpoint
        self.start_emulator("--state", f"{self.folder}/state")
        self.alter(before, self.endpoint)

    def expired_session(self):
        """Credentials of an assumed role whose hour has passed: the emulator's kept state is older than it says."""
        self.keep_state()
        role = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
        arn = self.client("iam").create_role(RoleName="admin", AssumeRolePolicyDocument=json.dumps(role))["Role"]["Arn"]
        session = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="judge")["Credentials"]

        def age(kept):
            aged = [key for _, key in kept["keys"] if key["id"] == session["AccessKeyId"]]
            self.assertEqual(len(aged), 1)
            aged[0]["expires"] -= 2 * 3600 * 1_000_000
        self.altered_state(age)
        return {"AWS_ACCESS_KEY_ID": session["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
                "AWS_SESSION_TOKEN": session["SessionToken"]}
