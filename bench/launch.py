"""From the exec of `resume` to the last node's `scontrol update`: the daemon against an emulator that takes 50 ms for each call,
beside a driver that makes plugin v2's calls in plugin v2's order, one after the other (one CreateFleet and one look at its
instances, then CreateTags and `scontrol update` for each node). Both meet the same emulator and the same stand-in for scontrol.
The driver's 10,000 nodes are extrapolated from 1,000, and the report says so."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import boto3
import botocore.client

from report import Report

BUILD = pathlib.Path(sys.argv[1]).resolve()
LATENCY_MS = 50
CLUSTER = "0e9c4e8e-5b0f-4c7e-9a55-1c6f0f7f0001"
KEY, SECRET = "AKIASPILLWAYEXAMPLE1", "spillway-example-secret-key-0000000000001"
SUBNET, IMAGE = "subnet-0a11ce00000000001", "ami-0a11ce00000000001"
SEED = {"vpcs": [{"id": "vpc-0a11ce00000000001", "cidr": "172.31.0.0/16"}],
        "subnets": [{"id": SUBNET, "vpc": "vpc-0a11ce00000000001", "cidr": "172.31.0.0/16", "zone": "us-east-1a"}],
        "images": [{"id": IMAGE, "name": "debian-12"}],
        "users": [{"name": "admin", "access_keys": [{"id": KEY, "secret": SECRET}]}],
        "buckets": [{"name": "burst", "objects": [{"key": f"{CLUSTER}/secrets/munge.key", "body": "secret"}]}]}
# Accounts that launch thousands at once have had these raised; the emulator refuses what goes beyond.
RATES = {"launch_burst": 20000, "launch_per_s": 500, "request_factor": 25}


class Site:
    """An emulator, a stand-in for scontrol and a configuration, in a folder of their own."""

    def __init__(self, nodes):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="spillway-bench-"))
        (self.folder / "seed.json").write_text(json.dumps(SEED))
        (self.folder / "faults.json").write_text(json.dumps([{"effect": "throttle", "times": RATES["request_factor"], "resources": {
            "RunInstances": [RATES["launch_burst"], RATES["launch_per_s"]]}}]))
        self.emulator = subprocess.Popen(
            [BUILD / "src/app/spillway-lab", "lab", "aws", "--listen", "127.0.0.1:0", "--latency", str(LATENCY_MS), "--seed", self.folder / "seed.json",
             "--faults", self.folder / "faults.json"], stdout=subprocess.PIPE, text=True)
        self.endpoint = next(line for line in self.emulator.stdout if line.startswith("endpoint ")).split()[1]
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        shutil.copy(BUILD / "bench/bench_stub_scontrol", self.bin / "scontrol")
        (self.bin / "size").write_text(str(nodes))
        self.client("ec2").create_launch_template(LaunchTemplateName="compute", LaunchTemplateData={"ImageId": IMAGE})
        self.nodes = nodes

    def client(self, service):
        return boto3.client(service, region_name="us-east-1", endpoint_url=self.endpoint, aws_access_key_id=KEY, aws_secret_access_key=SECRET,
                            config=botocore.client.Config(retries={"total_max_attempts": 1}))

    def updates(self):
        """(when, how many nodes) of each `scontrol update`."""
        try:
            return [tuple(map(int, line.split())) for line in (self.bin / "updates").read_text().splitlines()]
        except FileNotFoundError:
            return []

    def milliseconds_since(self, began):
        """Waits until every node has been told, and gives the time until the last one was."""
        until = time.monotonic() + 120
        while sum(n for _, n in self.updates()) < self.nodes:
            if time.monotonic() > until:
                raise SystemExit(f"error: only {sum(n for _, n in self.updates())} of {self.nodes} nodes were told in 120 s")
            time.sleep(0.02)
        return (max(at for at, _ in self.updates()) - began) / 1e6

    def close(self):
        self.emulator.send_signal(signal.SIGTERM)
        self.emulator.wait(20)
        self.emulator.stdout.close()
        shutil.rmtree(self.folder)


def configure(site):
    group = {"NodeGroupName": "c5", "MaxNodes": site.nodes, "Region": "us-east-1", "PurchasingOption": "on-demand",
             "SlurmSpecifications": {"CPUs": "2", "RealMemory": "3600"}, "OnDemandOptions": {"AllocationStrategy": "lowest-price"},
             "LaunchTemplateSpecification": {"LaunchTemplateName": "compute", "Version": "1"}, "LaunchTemplateOverrides": [{"InstanceType": "c5.large"}], "SubnetIds": [SUBNET]}
    (site.folder / "partitions.json").write_text(json.dumps({"Partitions": [{"PartitionName": "cloud", "NodeGroups": [group]}]}))
    (site.folder / "spillway.yaml").write_text(f"""apiVersion: spillway/v1
cluster: {{name: bench, id: {CLUSTER}, slurm_conf: {site.folder}/slurm.conf, slurm_bin: {site.bin}}}
aws: {{region: us-east-1, endpoint_url: "{site.endpoint}", compute_role_id: AROASPILLWAYCOMPUTE1, {", ".join(f"{k}: {v}" for k, v in RATES.items())}}}
data: {{bucket: burst}}
partitions_file: partitions.json
""")
    for below in ("var/spool/spillway/wishes", "var/lib/spillway", "run/spillway"):
        (site.folder / below).mkdir(parents=True)


def spillway(nodes):
    """One run with a fresh site. Milliseconds, and the API calls until the last node was told."""
    site = Site(nodes)
    configure(site)
    env = {"PATH": os.environ["PATH"], "HOME": str(site.folder), "SPILLWAY_ROOT": str(site.folder), "SPILLWAY_CONFIG": str(site.folder / "spillway.yaml"),
           "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    log = open(site.folder / "log", "w")
    daemon = subprocess.Popen([BUILD / "src/app/spillway", "daemon"], env=env, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 20
        while b'"recovered","1"' not in subprocess.run(
                ["/usr/bin/python3", "-c", "import sqlite3,sys,json; print(json.dumps(sqlite3.connect(sys.argv[1]).execute('select * from meta').fetchall(), separators=(',',':')))",
                 site.folder / "var/lib/spillway/state.db"], capture_output=True).stdout:
            if time.monotonic() > until or daemon.poll() is not None:
                raise SystemExit("error: the daemon does not come up:\n" + (site.folder / "log").read_text())
            time.sleep(0.05)
        time.sleep(0.5)
        os.symlink(BUILD / "src/app/spillway", site.bin / "resume")
        resume_file = {"all_nodes_resume": f"cloud-c5-[0-{nodes - 1}]", "jobs": [{"job_id": 1, "nodes_resume": f"cloud-c5-[0-{nodes - 1}]", "nodes_alloc": f"cloud-c5-[0-{nodes - 1}]"}]}
        (site.folder / "resume.json").write_text(json.dumps(resume_file))
        (site.bin / "resumed").touch()
        began = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        subprocess.run([site.bin / "resume", f"cloud-c5-[0-{nodes - 1}]"], env=env | {"SLURM_RESUME_FILE": str(site.folder / "resume.json")}, check=True)
        return site.milliseconds_since(began)
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(60)
        if os.environ.get("SPILLWAY_BENCH_LOG"):
            shutil.copy(site.folder / "log", os.environ["SPILLWAY_BENCH_LOG"])
        site.close()


def plugin_calls(nodes):
    """Plugin v2's calls in its order: one after the other."""
    site = Site(nodes)
    (site.bin / "resumed").touch()
    ec2 = site.client("ec2")
    began = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    fleet = ec2.create_fleet(
        Type="instant", TargetCapacitySpecification={"TotalTargetCapacity": nodes, "DefaultTargetCapacityType": "on-demand"},
        LaunchTemplateConfigs=[{"LaunchTemplateSpecification": {"LaunchTemplateName": "compute", "Version": "1"}, "Overrides": [{"InstanceType": "c5.large", "SubnetId": SUBNET}]}])
    ids = [i for each in fleet["Instances"] for i in each["InstanceIds"]]
    instances = [i for r in ec2.describe_instances(InstanceIds=ids)["Reservations"] for i in r["Instances"]]
    for number, instance in enumerate(instances):
        name, address = f"cloud-c5-{number}", instance["PrivateIpAddress"]
        ec2.create_tags(Resources=[instance["InstanceId"]], Tags=[{"Key": "Name", "Value": name}])
        subprocess.run([site.bin / "scontrol", "update", f"nodename={name}", f"nodeaddr={address}", f"nodehostname=ip-{address.replace('.', '-')}"], check=True)
    took = site.milliseconds_since(began)
    site.close()
    return took


CASES = ((200, 5), (1000, 7), (10000, 3))
report = Report("launch")
serial = {200: [plugin_calls(200)], 1000: [plugin_calls(1000)]}
for nodes, runs in CASES:
    took = [spillway(nodes) for _ in range(runs)]
    beside = ("plugin v2's calls", serial[nodes]) if nodes in serial else ("plugin v2's calls, extrapolated", [serial[1000][0] * nodes / 1000])
    report.add(f"n{nodes}", "ms", took, beside)
report.show()
