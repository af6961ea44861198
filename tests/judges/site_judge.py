"""`spillway plan`, `apply` and `destroy` on the emulator alone, without root; boto3 looks at what is there."""
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


class Site(unittest.TestCase):
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

    def test_plan_apply_plan_destroy(self):
        plan = json.loads(self.run_spillway("plan", "-o", "json", "--out", f"{self.folder}/plan.spw")[0])
        self.assertEqual(plan["schema"], "spillway.plan/v1")
        self.assertEqual(plan["counts"], {"add": len(plan["changes"]), "change": 0, "replace": 0, "destroy": 0})
        self.assertEqual(plan["burst_ceiling_hourly"], {"amount": "3.40", "currency": "USD"})
        self.run_spillway("plan", "--exit-code", code=3)
        self.run_spillway("apply", f"{self.folder}/plan.spw")
        self.assertIn("No changes", self.run_spillway("plan", "--exit-code")[0])
        self.assertIn("No changes", self.run_spillway("apply")[0])
        self.run_spillway("apply", f"{self.folder}/plan.spw", code=2)  # it is out of date now
        self.assertGreater(len(self.tagged()), 20)
        self.check_protection()
        self.run_spillway("destroy", code=5)  # nobody said yes
        self.run_spillway("destroy", "--yes")
        self.assertEqual(self.tagged(), set())
        self.assertIn("Nothing on AWS", self.run_spillway("destroy", "--yes")[0])

    def check_protection(self):
        """What a cloud team asks first."""
        ec2, s3 = self.client("ec2"), self.client("s3")
        for subnet in ec2.describe_subnets()["Subnets"]:
            self.assertFalse(subnet["MapPublicIpOnLaunch"])
        open_to_all = [(g["GroupName"], p["IpProtocol"], p.get("FromPort")) for g in ec2.describe_security_groups()["SecurityGroups"]
                       for p in g["IpPermissions"] for r in p["IpRanges"] if r["CidrIp"] == "0.0.0.0/0"]
        self.assertEqual(open_to_all, [("spillway-tundra-gateway", "udp", 51820)])
        version = ec2.describe_launch_template_versions(LaunchTemplateName="spillway-tundra-compute")["LaunchTemplateVersions"][0]
        data = version["LaunchTemplateData"]
        self.assertEqual(data["MetadataOptions"]["HttpTokens"], "required")
        self.assertEqual(data["MetadataOptions"]["HttpPutResponseHopLimit"], 1)
        self.assertTrue(all(d["Ebs"]["Encrypted"] for d in data["BlockDeviceMappings"]))
        self.assertEqual(data["InstanceInitiatedShutdownBehavior"], "terminate")
        gateway = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]][0]
        self.assertFalse(gateway["SourceDestCheck"])
        self.assertTrue(gateway["PublicIpAddress"])
        bucket = {"Bucket": "slurm-burst-data"}
        self.assertEqual(s3.get_bucket_versioning(**bucket)["Status"], "Enabled")
        self.assertTrue(all(s3.get_public_access_block(**bucket)["PublicAccessBlockConfiguration"].values()))
        self.assertIn("aws:SecureTransport", s3.get_bucket_policy(**bucket)["Policy"])
        self.assertEqual(self.client("ssm").get_parameter(
            Name=f"/spillway/{UUID}/gateway/private-key")["Parameter"]["Type"], "SecureString")

    def test_killed_anywhere_the_next_run_finishes(self):
        """kill -9 after a random part of an apply, again and again, until one comes to its end."""
        rand = random.Random(7)
        killed = 0
        for _ in range(12):
            process = self.start("apply", "--yes")
            try:
                process.communicate(timeout=rand.uniform(0.01, 0.25))
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                killed += 1
        self.assertGreater(killed, 0)
        self.run_spillway("apply", "--yes")
        self.assertIn("No changes", self.run_spillway("plan", "--exit-code")[0])
        ec2 = self.client("ec2")
        self.assertEqual(len([v for v in ec2.describe_vpcs()["Vpcs"] if v.get("Tags")]), 1)
        self.assertEqual(len(ec2.describe_addresses()["Addresses"]), 1)
        live = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"] if i["State"]["Name"] == "running"]
        self.assertEqual(len(live), 1)
        self.run_spillway("destroy", "--yes")
        self.assertEqual(self.tagged(), set())

    def test_interrupted_it_says_what_exists(self):
        process = self.start("apply", "--yes")
        for line in process.stderr:
            if "ready" in line:
                process.send_signal(signal.SIGINT)
                break
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.assertRegex(err, "What exists: .*Vpc")
        self.assertIn("spillway apply goes on", err)

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

    def expired_session(self):
        """Credentials of an assumed role whose hour has passed: the emulator's kept state is older than it says."""
        state = f"{self.folder}/state"
        os.makedirs(state)
        os.chmod(state, 0o777)
        self.restart_emulator("--state", state)
        role = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
        arn = self.client("iam").create_role(RoleName="admin", AssumeRolePolicyDocument=json.dumps(role))["Role"]["Arn"]
        session = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="judge")["Credentials"]
        self.end_emulator()
        with open(f"{state}/state.json") as file:
            kept = json.load(file)
        aged = [key for _, key in kept["keys"] if key["id"] == session["AccessKeyId"]]
        self.assertEqual(len(aged), 1)
        aged[0]["expires"] -= 2 * 3600 * 1_000_000
        self.write("state/state.json", json.dumps(kept))
        self.start_emulator("--state", state)
        self.configure()
        return {"AWS_ACCESS_KEY_ID": session["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
                "AWS_SESSION_TOKEN": session["SessionToken"]}

    def test_bad_input_is_refused_before_anything_is_made(self):
        server = self.named()
        key = self.tsig_key()

        def names(where=server, tsig=key):
            return dict(more=f'dns: {{zone: example.com, server: "{where}", tsig: "{tsig}"}}')
        wireguard = self.secret_file("wg", "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=\n", 0o644)
        # What is wrong; how it is told; with which exit code.
        table = [
            ("too few addresses for the subnets", dict(vpc_cidr="172.31.0.0/30"), "SPW-SITE-002", 2),
            ("both sides have the same addresses", dict(onprem="172.16.0.0/12"), "SPW-VPN-005", 2),
            ("two of the premises' networks overlap", dict(onprem="192.168.0.0/16, 192.168.7.0/24"), "SPW-VPN-005", 2),
            ("anybody can read the tunnel's key", dict(key=f'key: "{wireguard}"'), "SPW-VPN-002", 1),
            ("anybody can read the name server's key", names(tsig=self.tsig_key(mode=0o644)), "SPW-DNS-006", 1),
            ("the name server's key is not there", names(tsig=f"file:{self.folder}/none"), "SPW-DNS-007", 1),
            ("the name server has no key of that name", names(tsig=self.tsig_key(name="other")), "SPW-DNS-012", 1),
            ("the name server's key of that name is another", names(tsig=self.tsig_key(secret="b3RoZXJvdGhlcm90aGVyb3RoZXI=")),
             "SPW-DNS-013", 1),
            ("no name server there", names(where="127.0.0.1:1"), "SPW-DNS-010", 1),
            ("no such zone there", dict(more=names()["more"].replace("example.com", "example.net")), "SPW-DNS-016", 2),
            ("a wrong secret", dict(), "SPW-AWS-002", 7, dict(AWS_SECRET_ACCESS_KEY="wrong")),
            ("a key that nobody has", dict(), "SPW-AWS-002", 7, dict(AWS_ACCESS_KEY_ID="AKIANOBODYHASTHIS001")),
            ("an image that does not exist", dict(image="image: ami-0ffffffffffffffff, image_owner: self"), "SPW-SITE-011", 1),
            ("a parameter that holds no image", dict(image='image: "ssm:/no/such/name", image_owner: self'), "SPW-SITE-011", 1),
            ("a stranger's image", dict(image="image: ami-0123456789abcdef0"), "SPW-SITE-011", 1),
        ]
        for about, given, code, exit_code, *environment in table:
            with self.subTest(about):
                image = given.pop("image", "")
                self.configure(**given)
                if image:
                    self.alter("image_owner: self", image)
                self.refused(code, exit_code=exit_code, **(environment[0] if environment else {}))
        self.configure(**names())
        self.run_spillway("plan")  # with nothing wrong, the same is taken
        expired = self.expired_session()
        self.refused("SPW-AWS-002", exit_code=7, **expired)

    def group(self, specifications, kind="c5.xlarge"):
        partitions = json.loads(json.dumps(PARTITIONS))
        group = partitions["Partitions"][0]["NodeGroups"][0]
        group.update(SlurmSpecifications=specifications, LaunchTemplateOverrides=[{"InstanceType": kind}])
        self.write("partitions.json", json.dumps(partitions))

    def test_memory_and_cpus_are_what_ec2_says(self):
        self.group({"CPUs": "4", "RealMemory": "32000"})
        _, err = self.run_spillway("plan")
        self.assertIn("32000 MiB is more than a c5.xlarge has (8192 MiB)", err)
        self.assertIn("RealMemory=7527 at most", err)
        self.group({"Weight": "7"}, kind="hpc7a.96xlarge")  # no shipped table has it
        out, err = self.run_spillway("plan")
        self.assertRegex(out, "cloud-c5 +CPUs=192 RealMemory=746855")
        self.assertNotIn("RealMemory", err)
        derived = json.loads(self.run_spillway("plan", "-o", "json")[0])["derived"]
        self.assertEqual([(d["key"], d["value"]) for d in derived], [("CPUs", 192), ("RealMemory", 746855)])
        self.group({"CPUs": "4"}, kind="c9.tiny")
        self.refused("SPW-SITE-020", exit_code=1)

    def test_cloudformation_is_a_template_of_the_same(self):
        template = json.loads(self.run_spillway("plan", "--format", "cloudformation")[0])
        resources = template["Resources"]
        kinds = {resource["Type"] for resource in resources.values()}
        self.assertLessEqual({"AWS::EC2::VPC", "AWS::IAM::Role", "AWS::S3::Bucket", "AWS::EC2::LaunchTemplate",
                              "AWS::EC2::SecurityGroupIngress", "AWS::EC2::Route"}, kinds)
        self.assertFalse([kind for kind in kinds if not kind.startswith("AWS::")])

        def references(value):
            if isinstance(value, dict):
                if "Ref" in value:
                    yield value["Ref"]
                if "Fn::GetAtt" in value:
                    yield value["Fn::GetAtt"][0]
                for inner in value.values():
                    yield from references(inner)
            elif isinstance(value, list):
                for inner in value:
                    yield from references(inner)
        self.assertLessEqual(set(references(resources)), set(resources))


if __name__ == "__main__":
    unittest.main()
