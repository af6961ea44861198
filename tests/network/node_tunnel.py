"""A compute node's own end of the tunnel: the node's script makes its key and names it in the bucket, `daemon --role gateway` on
the premises follows the document of the nodes, packets cross, and do not cross any more when the node has gone.

All in namespaces of this test's own: the node's network holds the emulator, under AWS's names and addresses; the premises are
another network, behind a veth pair."""
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
from judge import GROUP, IMAGE, KEY, SECRET, VPC, Judge, seed, tags  # noqa: E402
import boto3  # noqa: E402

CLUSTER = "0b8f6a52-0000-4000-8000-00000000002a"
OBJECTS = f"arn:aws:s3:::burst/{CLUSTER}"
ROLE_ID = "AROASPILLWAYCOMPUTE1"
TUNNEL_KEY, TUNNEL_SECRET = "AKIASPILLWAYTUNNEL01", "spillway-example-secret-key-0000000000002"
SUBNET = "subnet-0a11ce00000000001"
S3 = "burst.s3.us-east-1.amazonaws.com"


def allowed(*statements):
    return [{"name": "inline", "document": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": f"{OBJECTS}/{what}"} for action, what in statements]}}]


SEED = {
    "vpcs": [{"id": VPC, "cidr": "172.31.0.0/16"}],
    "subnets": [{"id": SUBNET, "vpc": VPC, "cidr": "172.31.16.0/20", "zone": "us-east-1a"}],
    "security_groups": [{"id": GROUP, "vpc": VPC, "name": "burst-nodes"}],
    "roles": [{"name": "compute", "id": ROLE_ID, "policies": allowed(
        ("s3:GetObject", "launches/*"), ("s3:PutObject", "keys/${aws:userid}/*"))}],
    "instance_profiles": [{"name": "compute-profile", "role": "compute"}],
    "users": [{"name": "admin", "access_keys": [{"id": KEY, "secret": SECRET}]},
              {"name": "tunnel", "access_keys": [{"id": TUNNEL_KEY, "secret": TUNNEL_SECRET}],
               "policies": allowed(("s3:GetObject", "tunnel/nodes.json"))}],
}


def run(*argv, text=None, check=True, env=None):
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=60, env=env)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(argv)}: {done.stderr}")
    return done.stdout.strip()


def relay(listener, port, source=None):
    """Carries connections to the emulator; from the instance's address to its metadata service, which knows instances by that."""
    def carry(a, b):
        with a, b:
            while data := a.recv(65536):
                b.sendall(data)

    while True:
        try:
            client, _ = listener.accept()
            server = socket.create_connection(("127.0.0.1", port), source_address=(source, 0) if source else None)
        except OSError:
            return
        for pair in ((client.dup(), server.dup()), (server, client)):
            threading.Thread(target=carry, args=pair, daemon=True).start()


def shared(name):
    with open(f"{ROOT}/share/bootstrap/{name}") as file:
        return file.read()


def user_data(near_public):
    """compute.sh as Spillway fills it in, up to where the tunnel stands; the rest needs Slurm."""
    text = shared("compute.sh").split("# ---- my key\n")[0] + "\necho done\n"
    for name in ("aws.sh", "agent.sh"):
        text = text.replace(f"#include {name}\n", shared(name))
    text = text.replace("@TUNNEL@", "\n" + shared("tunnel.sh"))
    for name, value in (("CLUSTER", CLUSTER), ("REGION", "us-east-1"), ("BUCKET", "burst"), ("DNS_SUFFIX", "amazonaws.com"),
                        ("ROLE_ID", ROLE_ID), ("CONTROLLERS", "192.168.10.1:6817"), ("JOIN_LIMIT_S", "60"), ("ALONE_S", "600"),
                        ("INTERFACE", "wg-spillway"), ("PEER", near_public), ("ENDPOINT", "gw.example.edu:51820"),
                        ("NETWORKS", "10.200.0.1/32,192.168.0.0/16"), ("KEEPALIVE", "25"), ("MTU", "1420"), ("SRUN", "60001-60999")):
        text = text.replace(f"@{name}@", value)
    return text


class NodeTunnel(Judge):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        for place in ("/run", "/usr/local/sbin", "/etc/spillway", cls.folder):
            os.makedirs(place, exist_ok=True)
            run("/usr/bin/mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", place)
        for name in ("shutdown", "poweroff"):  # a node that gives up shuts down: not this machine
            with open(f"/usr/local/sbin/{name}", "w") as file:
                file.write("#!/bin/sh\necho would shut down\n")
            os.chmod(f"/usr/local/sbin/{name}", 0o755)
        cls.make_network()
        ca, key = f"{cls.folder}/ca.pem", f"{cls.folder}/key.pem"
        run("/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=lab", "-addext", f"subjectAltName=IP:127.0.0.1,IP:203.0.113.20,DNS:{S3}", "-keyout", key, "-out", ca)
        cls.ca = ca
        with open(ca) as c, open(key) as k:
            cls.options = {"certificate": c.read(), "key": k.read(), "seed": seed(**SEED)}
        super().setUpClass()
        cls.near = run("/usr/bin/wg", "genkey")
        cls.near_public = run("/usr/bin/wg", "pubkey", text=cls.near)
        cls.s3 = cls.admin("s3")
        launched = cls.admin("ec2").run_instances(
            ImageId=IMAGE, InstanceType="c5.large", SubnetId=SUBNET, MinCount=1, MaxCount=1,
            IamInstanceProfile={"Name": "compute-profile"},
            MetadataOptions={"HttpTokens": "required", "InstanceMetadataTags": "enabled"},
            TagSpecifications=[tags("instance", spillway__intent="in-1")])["Instances"][0]
        cls.instance, cls.address = launched["InstanceId"], launched["PrivateIpAddress"]
        cls.name_aws()

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
    def name_aws(cls):
        """The names lead to the emulator's ports; the metadata service sees the instance's address."""
        with open(f"{cls.folder}/hosts", "w") as hosts:
            hosts.write(f"127.0.0.1 localhost {S3}\n203.0.113.10 gw.example.edu\n")
        run("/usr/bin/mount", "--bind", f"{cls.folder}/hosts", "/etc/hosts")
        run("/usr/sbin/ip", "-batch", "-", text=f"addr add 169.254.169.254/32 dev lo\naddr add {cls.address}/32 dev lo\n")
        cls.relays = [(socket.create_server(("169.254.169.254", 80)), cls.ports["metadata"], cls.address),
                      (socket.create_server(("203.0.113.20", 8443)), cls.ports["api"])]
        for each in cls.relays:
            threading.Thread(target=relay, args=each, daemon=True).start()
        run("/usr/sbin/nft", "-f", "-", text="table ip aws { chain output { type nat hook output priority -100;"
            f" ip daddr 127.0.0.1 tcp dport 443 redirect to :{cls.ports['api']}\n }}\n}}\n")

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        for each in cls.relays:
            each[0].close()
        cls.premises.kill()
        cls.premises.wait()

    @classmethod
    def there(cls, *argv, **kwargs):
        return run("/usr/bin/nsenter", "-n", "-t", str(cls.premises.pid), *argv, **kwargs)

    def put(self, key, document):
        self.s3.put_object(Bucket="burst", Key=f"{CLUSTER}/{key}", Body=json.dumps(document, separators=(",", ":")).encode())

    def tell(self, *nodes):
        self.put("tunnel/nodes.json", {"schema": "spillway.nodes/v1", "nodes": list(nodes)})

    def named_keys(self):
        found = self.s3.list_objects_v2(Bucket="burst", Prefix=f"{CLUSTER}/keys/").get("Contents", [])
        return [each["Key"] for each in found]

    def start_premises(self):
        """The gateway's interface and its daemon, from spillway.yaml."""
        go = subprocess.Popen(["/usr/bin/nsenter", "-n", "-t", str(self.premises.pid), "/usr/bin/wireguard-go", "--foreground", "wg-near"],
                              env={"LOG_LEVEL": "silent"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(go.wait)
        self.addCleanup(go.kill)
        self.eventually(lambda: os.path.exists("/run/wireguard/wg-near.sock"))
        run("/usr/bin/wg", "set", "wg-near", "listen-port", "51820", "private-key", "/dev/stdin", text=self.near + "\n")
        self.there("/usr/sbin/ip", "-batch", "-", text="addr add 10.200.0.1/24 dev wg-near\nlink set wg-near mtu 1420 up\n"
                   "route add 172.31.0.0/16 dev wg-near\n")
        with open("/etc/spillway/spillway.yaml", "w") as config:
            config.write(f"""apiVersion: spillway/v1
cluster: {{name: lab, id: {CLUSTER}, slurm_conf: /etc/spillway/slurm.conf}}
aws: {{region: us-east-1, vpc_cidr: 172.31.0.0/16, endpoint_url: "https://203.0.113.20:8443", ca_bundle: {self.ca}}}
vpn: {{mode: node, onprem_cidrs: [192.168.0.0/16], endpoint: "gw.example.edu:51820", public_key: "{self.near_public}", interface: wg-near}}
data: {{bucket: burst}}
partitions_file: partitions.json
""")
        with open("/etc/spillway/partitions.json", "w") as partitions:
            json.dump({"Partitions": []}, partitions)
        self.daemon_log = f"{self.folder}/daemon.log"
        with open(self.daemon_log, "w") as log:
            daemon = subprocess.Popen(
                ["/usr/bin/nsenter", "-n", "-t", str(self.premises.pid), os.environ["SPILLWAY"], "daemon", "--role", "gateway"],
                env={"AWS_ACCESS_KEY_ID": TUNNEL_KEY, "AWS_SECRET_ACCESS_KEY": TUNNEL_SECRET, "PATH": "/usr/sbin:/usr/bin",
                     "AWS_EC2_METADATA_DISABLED": "true"}, stdout=log, stderr=log)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.terminate)

    def peers(self):
        return run("/usr/bin/wg", "show", "wg-near", "allowed-ips", check=False)

    def crosses(self):
        """From a host of the premises to the node, as slurmctld asks."""
        return " 1 received" in self.there("/usr/bin/ping", "-n", "-c", "1", "-W", "1", "-I", "192.168.10.1", self.address, check=False)

    def test_a_node_joins_and_goes(self):
        try:
            self.life_of_a_node()
        except AssertionError as problem:
            raise AssertionError("\n".join([str(problem), *(self.said(name) for name in ("log", "daemon.log"))])) from problem

    def said(self, name):
        with open(f"{self.folder}/{name}") as file:
            return f"{name}:\n{file.read()}"

    def life_of_a_node(self):
        self.put("launches/in-1.json", {"schema": "spillway.launch/v1", "cluster": CLUSTER, "intent": "in-1", "group": "cloud-c5",
                                        "instances": {self.instance: {"node": "cloud-c5-0", "epoch": 1}}})
        self.tell()
        open(f"{self.folder}/log", "w").close()
        self.start_premises()
        script = f"{self.folder}/user-data.txt"
        with open(script, "w") as file:
            file.write(user_data(self.near_public))
        os.chmod(script, 0o700)
        log = open(f"{self.folder}/log", "w")
        self.addCleanup(log.close)
        node = subprocess.Popen([script], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={"CURL_CA_BUNDLE": self.ca})
        self.addCleanup(node.wait)
        self.addCleanup(node.kill)

        # It names its key where only its own session may; the private half is nowhere but in the interface.
        (name,) = self.eventually(self.named_keys)
        self.assertTrue(name.startswith(f"{CLUSTER}/keys/{ROLE_ID}:{self.instance}/"), name)
        public = name.rsplit("/", 1)[1].translate(str.maketrans("-_", "+/")) + "="
        self.assertEqual(public, run("/usr/bin/wg", "show", "wg-spillway", "public-key"))
        self.assertFalse(self.crosses(), "nobody told the premises' gateway of it yet")

        # The gateway is told, and the node goes on.
        self.tell({"node": "cloud-c5-0", "instance": self.instance, "public_key": public, "address": self.address})
        self.assertEqual(node.wait(30), 0)
        self.assertIn("the tunnel is up", self.said("log"))
        self.eventually(self.crosses)
        self.assertEqual(self.peers(), f"{public}\t{self.address}/32")

        # What comes out of the tunnel may ask slurmd's port and no other.
        for port, answer in ((6818, "open"), (22, "silent")):
            server = socket.create_server((self.address, port))
            self.addCleanup(server.close)
            knock = f"import socket; socket.create_connection(('{self.address}', {port}), 2, ('192.168.10.1', 0)); print('open')"
            self.assertEqual(self.there(sys.executable, "-c", knock, check=False) or "silent", answer, port)

        # Another's word for it changes nothing: an address of the premises, or one that overlaps.
        thief = run("/usr/bin/wg", "pubkey", text=run("/usr/bin/wg", "genkey"))
        mine = {"node": "cloud-c5-0", "instance": self.instance, "public_key": public, "address": self.address}
        for address in (self.address, "192.168.10.10"):
            self.tell(mine, {"node": "cloud-c5-1", "instance": "i-1", "public_key": thief, "address": address})
            self.eventually(lambda: "SPW-VPN-033" in self.said("daemon.log") and f"cloud-c5-1 (i-1) at {address}" in self.said("daemon.log"))
            self.assertEqual(self.peers(), f"{public}\t{self.address}/32")

        # It is taken away, and nothing crosses any more.
        self.tell()
        self.eventually(lambda: self.peers() == "")
        self.assertFalse(self.crosses())
        with open("/run/spillway/tunnel.json") as file:
            self.assertEqual(json.load(file)["schema"], "spillway.tunnel/v1")


if __name__ == "__main__":
    unittest.main()
