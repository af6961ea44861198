"""The gateway's user-data, run as it is on an emulated instance: it fetches its key and its peers, sets the tunnel up, follows
changes of the document, and keys are exchanged while packets cross.

All in namespaces of this test's own: the gateway's network holds the emulator, under AWS's names and addresses; the premises
are another network, behind a veth pair."""
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.realpath(f"{HERE}/../..")
if "INSIDE" not in os.environ:
    # Everything that is started here ends with process 1 of this namespace.
    os.execve("/usr/bin/unshare", ["unshare", "-m", "-n", "-p", "-f", "--kill-child", "--mount-proc", sys.executable, "-B", *sys.argv],
              {**os.environ, "INSIDE": "1"})

sys.path.insert(0, f"{ROOT}/tests/judges")
from judge import ACCOUNT, IMAGE, KEY, SECRET, SUBNET_A, VPC, Judge, seed, tags  # noqa: E402
import boto3  # noqa: E402

CLUSTER = "0b8f6a52-0000-4000-8000-00000000002a"
PARAMETER = f"/spillway/{CLUSTER}/gateway/private-key"
ROLE = {"name": "gateway", "id": "AROASPILLWAYGATEWAY01", "policies": [{"name": "inline", "document": {
    "Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::burst/{CLUSTER}/gateway/*"},
        {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter{PARAMETER}*"},
        {"Effect": "Allow", "Action": "ec2:DescribeRouteTables", "Resource": "*"},
        {"Effect": "Allow", "Action": "ec2:ReplaceRoute", "Resource": f"arn:aws:ec2:us-east-1:{ACCOUNT}:route-table/*",
         "Condition": {"StringEquals": {"aws:ResourceTag/spillway:cluster": CLUSTER, "aws:ResourceTag/spillway:kind": "ComputeRoutes"}}}]}}]}
NAMES = ("burst.s3.us-east-1.amazonaws.com", "ssm.us-east-1.amazonaws.com", "ec2.us-east-1.amazonaws.com")


def run(*argv, text=None, check=True):
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=60)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(argv)}: {done.stderr}")
    return done.stdout.strip()


def key_pair():
    private = run("/usr/bin/wg", "genkey")
    return private, run("/usr/bin/wg", "pubkey", text=private)


def relay(listener, source, port):
    """Carries connections to the emulator's metadata service, from the instance's address: it knows instances by that. (An
    address translation would come before the gateway's own rules.)"""
    def carry(a, b):
        with a, b:
            while data := a.recv(65536):
                b.sendall(data)

    while True:
        try:
            client, _ = listener.accept()
            server = socket.create_connection(("127.0.0.1", port), source_address=(source, 0))
        except OSError:
            return
        for pair in ((client.dup(), server.dup()), (server, client)):
            threading.Thread(target=carry, args=pair, daemon=True).start()


def user_data():
    with open(f"{ROOT}/share/bootstrap/gateway.sh") as script, open(f"{ROOT}/share/bootstrap/aws.sh") as shared:
        text = script.read().replace("#include aws.sh\n", shared.read())
    for name, value in (("CLUSTER", CLUSTER), ("REGION", "us-east-1"), ("BUCKET", "burst"), ("DNS_SUFFIX", "amazonaws.com"),
                        ("INTERFACE", "wg-spillway"), ("PLACE", "gateway"), ("PAIR", "yes")):
        text = text.replace(f"@{name}@", value)
    return text


class GatewayBootstrap(Judge):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        for place in ("/run", "/usr/local/sbin", cls.folder):
            run("/usr/bin/mount", "-t", "tmpfs", "tmpfs", place)
        cls.make_network()
        ca, key = f"{cls.folder}/ca.pem", f"{cls.folder}/key.pem"
        run("/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=lab", "-addext", "subjectAltName=" + ",".join(["IP:127.0.0.1", *(f"DNS:{name}" for name in NAMES)]), "-keyout", key, "-out", ca)
        cls.ca = ca
        with open(ca) as c, open(key) as k:
            cls.options = {"certificate": c.read(), "key": k.read(),
                           "seed": seed(roles=[ROLE], instance_profiles=[{"name": "gateway-profile", "role": "gateway"}])}
        super().setUpClass()
        admin = cls.admin
        instance = admin("ec2").run_instances(
            ImageId=IMAGE, InstanceType="c5.large", SubnetId=SUBNET_A, MinCount=1, MaxCount=1, UserData=user_data(),
            IamInstanceProfile={"Name": "gateway-profile"}, MetadataOptions={"HttpTokens": "required"})["Instances"][0]
        cls.instance = instance["InstanceId"]
        cls.make_routes()
        cls.s3, cls.ssm = admin("s3"), admin("ssm")
        cls.name_aws(instance["PrivateIpAddress"])

    @classmethod
    def make_routes(cls):
        """The nodes' routes lead to another gateway."""
        ec2 = cls.admin("ec2")
        other = ec2.run_instances(ImageId=IMAGE, InstanceType="c5.large", SubnetId=SUBNET_A, MinCount=1, MaxCount=1)["Instances"][0]
        cls.other = other["InstanceId"]
        cls.table = ec2.create_route_table(VpcId=VPC, TagSpecifications=[
            tags("route-table", spillway__cluster=CLUSTER, spillway__kind="ComputeRoutes")])["RouteTable"]["RouteTableId"]
        for network in ("192.168.0.0/16", "10.200.0.0/24"):
            ec2.create_route(RouteTableId=cls.table, DestinationCidrBlock=network, InstanceId=cls.other)
        cls.ec2 = ec2

    def led_to(self):
        """Where the nodes' routes lead."""
        routes = self.ec2.describe_route_tables(RouteTableIds=[self.table])["RouteTables"][0]["Routes"]
        return {route["InstanceId"] for route in routes if "InstanceId" in route}

    @classmethod
    def admin(cls, service):
        made = boto3.client(service, region_name="us-east-1", endpoint_url=f"https://127.0.0.1:{cls.ports['api']}", verify=cls.ca,
                            aws_access_key_id=KEY, aws_secret_access_key=SECRET)
        cls.addClassCleanup(made.close)
        return made

    @classmethod
    def make_network(cls):
        """The premises are a namespace that a sleeping process holds."""
        run("/usr/sbin/ip", "link", "set", "lo", "up")
        cls.premises = subprocess.Popen(["/usr/bin/unshare", "-n", "/usr/bin/sleep", "1000"])
        own = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{cls.premises.pid}/ns/net") == own:
            time.sleep(0.01)
        run("/usr/sbin/ip", "link", "add", "up0", "type", "veth", "peer", "name", "up0", "netns", str(cls.premises.pid))
        run("/usr/sbin/ip", "-batch", "-", text="addr add 203.0.113.20/24 dev up0\nlink set up0 up\n")
        cls.there("/usr/sbin/ip", "-batch", "-", text="addr add 203.0.113.10/24 dev up0\nlink set up0 up\nlink set lo up\n"
                  "addr add 192.168.10.1/32 dev lo\n")

    @classmethod
    def name_aws(cls, address):
        """The names lead to the emulator's ports; the metadata service sees the instance's address."""
        with open(f"{cls.folder}/hosts", "w") as hosts:
            hosts.write("127.0.0.1 localhost " + " ".join(NAMES) + "\n203.0.113.10 gw.example.edu\n")
        run("/usr/bin/mount", "--bind", f"{cls.folder}/hosts", "/etc/hosts")
        run("/usr/sbin/ip", "address", "add", "169.254.169.254/32", "dev", "lo")
        cls.relay = socket.create_server(("169.254.169.254", 80))
        threading.Thread(target=relay, args=(cls.relay, address, cls.ports["metadata"]), daemon=True).start()
        run("/usr/sbin/nft", "-f", "-", text="table ip aws { chain output { type nat hook output priority -100;"
            f" ip daddr 127.0.0.1 tcp dport 443 redirect to :{cls.ports['api']}\n }}\n}}\n")

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.relay.close()
        cls.premises.kill()
        cls.premises.wait()

    @classmethod
    def there(cls, *argv, **kwargs):
        return run("/usr/bin/nsenter", "-n", "-t", str(cls.premises.pid), *argv, **kwargs)

    def publish(self, near_keys, parameter=PARAMETER, **changes):
        with open(f"{ROOT}/src/vpn/golden/peers.json") as golden:  # as Spillway writes it
            document = json.load(golden)
        document["peers"] = [{**document["peers"][0], "public_key": key} for key in near_keys]
        document = {**document, "private_key": parameter, **changes}
        self.s3.put_object(Bucket="burst", Key=f"{CLUSTER}/gateway/peers.json", Body=json.dumps(document).encode())

    def start_premises(self, private, far):
        """wireguard-go on the premises, which calls nobody: the gateway has the endpoint."""
        go = subprocess.Popen(["/usr/bin/nsenter", "-n", "-t", str(self.premises.pid), "/usr/bin/wireguard-go", "--foreground", "wg-near"],
                         env={"LOG_LEVEL": "silent"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(go.wait)
        self.addCleanup(go.kill)
        self.eventually(lambda: os.path.exists("/run/wireguard/wg-near.sock"))
        self.set_near_key(private)
        run("/usr/bin/wg", "set", "wg-near", "listen-port", "51820", "peer", far, "allowed-ips", "10.200.0.2/32,172.31.0.0/16")
        self.there("/usr/sbin/ip", "-batch", "-", text="addr add 10.200.0.1/24 dev wg-near\nlink set wg-near mtu 1420 up\n")

    def set_near_key(self, private):
        run("/usr/bin/wg", "set", "wg-near", "private-key", "/dev/stdin", text=private + "\n")

    def crosses(self):
        return " 1 received" in self.there("/usr/bin/ping", "-n", "-c", "1", "-W", "1", "10.200.0.2", check=False)

    def shown(self, *what):
        return run("/usr/bin/wg", "show", "wg-spillway", *what, check=False)

    def test_the_life_of_a_gateway(self):
        near, near_public = key_pair()
        far, far_public = key_pair()
        self.ssm.put_parameter(Name=PARAMETER, Value=far, Type="SecureString")
        self.publish([near_public])
        self.start_premises(near, far_public)
        script = f"{self.folder}/user-data.txt"
        with open(script, "w") as file:
            file.write(user_data())
        os.chmod(script, 0o700)
        with open(f"{self.folder}/log", "w") as log:
            subprocess.run([script], check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=20,
                           env={"CURL_CA_BUNDLE": self.ca})
        try:
            self.follow(near_public, far_public)
        except AssertionError as problem:
            raise AssertionError(f"{problem}\n{self.log()}") from problem

    def log(self):
        with open(f"{self.folder}/log") as log:
            return log.read()

    def follow(self, near_public, far_public):
        self.eventually(self.crosses)
        self.assertEqual(self.shown("public-key"), far_public)
        self.assertEqual(self.shown("allowed-ips"), f"{near_public}\t10.200.0.1/32 192.168.0.0/16")
        self.eventually(lambda: "192.168.0.0/16 dev wg-spillway" in run("/usr/sbin/ip", "route"))  # the last step
        self.assertIn("mtu 1420", run("/usr/sbin/ip", "link", "show", "wg-spillway"))
        rules = run("/usr/sbin/nft", "list", "table", "inet", "spillway_vpn")
        self.assertEqual(rules.count("maxseg size set 1380"), 2, rules)
        self.assertNotIn("masquerade", rules)

        # Of two gateways the one that the premises send to takes the nodes' routes; who is only kept alive does not.
        self.assertEqual(self.led_to(), {self.other})
        sending = subprocess.Popen(["/usr/bin/nsenter", "-n", "-t", str(self.premises.pid), "/usr/bin/ping", "-n", "-q", "-i", "0.2", "10.200.0.2"],
                                   stdout=subprocess.DEVNULL)
        try:
            self.eventually(lambda: self.led_to() == {self.instance})
        finally:
            sending.kill()
            sending.wait()

        # Job users of this machine do not reach the metadata service; root does.
        ask = ("/usr/bin/curl", "-s", "-m", "3", "-o", "/dev/null", "-w", "%{http_code}", "http://169.254.169.254/latest/")
        self.assertEqual(run("/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *ask, check=False), "000")
        self.assertEqual(run(*ask), "401")

        # What is not as we write it changes nothing; nor may a peer be everybody.
        everybody = {"public_key": near_public, "allowed_ips": "192.168.0.0/16,0.0.0.0/0", "endpoint": "", "keepalive_s": 25}
        for word, changes in (("strange letters", {"address": "10.200.0.2/24\nx"}), ("not a peers document", {"schema": "spillway.peers/v2"}),
                              ("may not be everybody", {"peers": [everybody]})):
            self.publish([near_public], **changes)
            self.eventually(lambda: word in self.log())
            self.assertEqual(self.shown("allowed-ips"), f"{near_public}\t10.200.0.1/32 192.168.0.0/16")

        # The premises' key is exchanged: both are known, the networks go to the one that shook hands last.
        fresh, fresh_public = key_pair()
        self.publish([near_public, fresh_public])
        self.eventually(lambda: fresh_public in self.shown("peers"))
        self.assertTrue(self.crosses())
        self.set_near_key(fresh)
        self.eventually(self.crosses)
        self.assertIn(f"{fresh_public}\t10.200.0.1/32", self.shown("allowed-ips"))
        self.publish([fresh_public])
        self.eventually(lambda: self.shown("peers") == fresh_public)
        self.eventually(self.crosses)

        # Its own key is exchanged.
        second, second_public = key_pair()
        self.ssm.put_parameter(Name=PARAMETER + "-2", Value=second, Type="SecureString")
        self.publish([fresh_public], PARAMETER + "-2")
        run("/usr/bin/wg", "set", "wg-near", "peer", second_public, "allowed-ips", "10.200.0.2/32,172.31.0.0/16")
        self.eventually(self.crosses)
        self.assertEqual(self.shown("public-key"), second_public)


if __name__ == "__main__":
    unittest.main()
