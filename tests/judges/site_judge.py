"""`spillway plan`, `apply` and `destroy` on the emulator alone, without root; boto3 looks at what is there."""
import base64
import json
import random
import signal
import subprocess
import unittest

from installation import NOBODY, PARTITIONS, UUID, Installation


class Site(Installation):
    def test_plan_apply_plan_destroy(self):
        plan = json.loads(self.run_spillway("plan", "-o", "json", "--out", f"{self.folder}/plan.spw")[0])
        self.assertEqual(plan["schema"], "spillway.plan/v1")
        self.assertEqual(plan["counts"], {"add": len(plan["changes"]), "change": 0, "replace": 0, "destroy": 0})
        self.assertEqual(plan["slurmd_timeout_s"], 300)
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

    def test_two_gateways(self):
        self.alter('vpn: {', 'vpn: {gateways: 2, ')
        one = float(json.loads(self.run_spillway("plan", "-o", "json")[0])["fixed_monthly"]["amount"])
        self.run_spillway("apply", "--yes")
        self.assertIn("No changes", self.run_spillway("plan", "--exit-code")[0])
        ec2 = self.client("ec2")
        gateways = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
        self.assertEqual(len({g["Placement"]["AvailabilityZone"] for g in gateways}), 2)
        self.assertEqual(len({g["PublicIpAddress"] for g in gateways}), 2)
        with open(f"{self.folder}/root/var/lib/spillway/site.json") as file:
            record = json.load(file)
        self.assertNotEqual(record["gateway"]["public_key"], record["standby"]["public_key"])
        # What the premises' gateway is given knows both, and only the first has the networks.
        self.alter("gateways: 2, ", 'gateways: 2, key: "file:/nonexistent/wg", ')
        files = json.loads(self.run_spillway("vpn", "config", "-o", "json")[0])["files"]
        peers = next(f["content"] for f in files if f["path"].endswith("/wg-spillway.conf")).split("[Peer]")[1:]
        self.assertEqual(["AllowedIPs" in peer for peer in peers], [True, False])
        for peer, which in zip(peers, ("gateway", "standby")):
            self.assertIn(record[which]["public_key"], peer)
            self.assertIn(record[which]["address"], peer)
        self.alter('gateways: 2, key: "file:/nonexistent/wg", ', "")
        plan = json.loads(self.run_spillway("plan", "-o", "json")[0])
        self.assertEqual({c["key"] for c in plan["changes"] if c["action"] == "destroy"}, {
            "Standby", "StandbyAddress", "StandbyAddressAssociation", "StandbyKey", "StandbyPeers", "StandbyProfile", "StandbyRole",
            "StandbySubnet"})
        self.assertAlmostEqual(float(plan["fixed_monthly"]["amount"]) * 2, one, 2)
        self.run_spillway("destroy", "--yes")
        self.assertEqual(self.tagged(), set())

    def test_each_node_a_peer(self):
        self.alter('vpn: {', 'vpn: {mode: node, ')
        out, err = self.run_spillway("plan", "-o", "json")
        self.assertIn("compute nodes have public addresses", err)
        self.assertEqual(float(json.loads(out)["fixed_monthly"]["amount"]), 0)
        self.run_spillway("apply", "--yes")
        self.assertIn("No changes", self.run_spillway("plan", "--exit-code")[0])
        ec2 = self.client("ec2")
        self.assertEqual(ec2.describe_instances()["Reservations"], [])
        self.assertTrue(all(s["MapPublicIpOnLaunch"] for s in ec2.describe_subnets()["Subnets"]))
        self.assertEqual([r for g in ec2.describe_security_groups()["SecurityGroups"] for p in g["IpPermissions"] for r in p["IpRanges"]], [])
        data = ec2.describe_launch_template_versions(LaunchTemplateName="spillway-tundra-compute")["LaunchTemplateVersions"][0]
        script = base64.b64decode(data["LaunchTemplateData"]["UserData"]).decode()
        self.assertIn("endpoint='gw.example.edu:51820' networks='10.200.0.1/32,192.168.0.0/16'", script)
        self.assertEqual(subprocess.run(["/bin/sh", "-n"], input=script, text=True).returncode, 0)
        self.alter('mode: node, ', 'mode: node, gateways: 2, ')
        self.run_spillway("plan", code=2)
        self.alter('mode: node, gateways: 2, ', '')
        self.run_spillway("apply", "--yes")  # and back again
        self.assertIn("No changes", self.run_spillway("plan", "--exit-code")[0])
        self.run_spillway("destroy", "--yes")
        self.assertEqual(self.tagged(), set())

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
        self.group({"CPUs": "4"}, kind="c7g.xlarge")  # arm64, the image is not
        self.refused("SPW-SITE-028", exit_code=2)
        self.group({"CPUs": "4"}, kind="c9.tiny")
        self.refused("SPW-SITE-020", exit_code=1)

    def test_the_files_of_the_name_servers_are_such(self):
        key = self.tsig_key()
        self.configure(more=f'dns: {{zone: example.com, reverse_zone: 31.172.in-addr.arpa, server: 192.168.10.10, tsig: "{key}"}}')
        files = json.loads(self.run_spillway("dns", "config", "-o", "json")[0])["files"]
        self.assertEqual(sorted(files), ["31.172.in-addr.arpa.zone", "example.com.zone", "named.conf.cloud", "named.conf.spillway",
                                         "register-node.sh"])
        self.run_spillway("dns", "config", "--to", self.folder, "--host", "ns.lab")
        for zone in ("example.com", "31.172.in-addr.arpa"):
            subprocess.run(["/usr/bin/named-checkzone", "-q", zone, f"{self.folder}/{zone}.zone"], check=True)
        subprocess.run(["/bin/sh", "-n", f"{self.folder}/register-node.sh"], check=True)
        self.assertIn("172.31.0.5", files["named.conf.cloud"])
        self.assertIn("match-clients { key \"spillway\"; 172.31.0.0/16; }", files["named.conf.spillway"])
        self.configure()
        self.run_spillway("dns", "config", code=2)  # there is no zone

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
