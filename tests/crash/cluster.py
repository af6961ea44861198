"""A cluster of its own on an emulator that many share: two cloud nodes, a slurmctld that is a file, spillway's folders."""
import json
import os
import re
import subprocess

KEY, SECRET = "AKIASPILLWAYEXAMPLE1", "spillway-example-secret-key-0000000000001"
SUBNET, IMAGE, BUCKET, ROLE = "subnet-0a11ce00000000001", "ami-0a11ce00000000001", "slurm-burst-data", "AROASPILLWAYEXAMPLE01"
NODES = ["cloud-c5-0", "cloud-c5-1"]
COUNTED_EVENTS = ("bound", "joined", "terminated")  # each at most once for each machine, however often it died
PARTITIONS = {"Partitions": [{"PartitionName": "cloud", "NodeGroups": [
    {"NodeGroupName": "c5", "MaxNodes": 2, "Region": "us-east-1", "SlurmSpecifications": {"CPUs": "4", "RealMemory": "7500"},
     "PurchasingOption": "on-demand", "LaunchTemplateSpecification": {"LaunchTemplateName": "compute", "Version": "1"},
     "LaunchTemplateOverrides": [{"InstanceType": "c5.xlarge"}], "SubnetIds": [SUBNET]}]}]}


class Cluster:
    def __init__(self, folder, number, endpoint, ec2, s3):
        self.folder, self.ec2, self.s3 = folder, ec2, s3
        self.uuid = f"{number:08x}-0000-4000-8000-000000000000"
        for part in ("root/var/lib/spillway", "root/var/spool/spillway/wishes", "root/run/spillway", "bin"):
            os.makedirs(f"{folder}/{part}")
        for name in ("scontrol", "squeue", "sacct", "scancel"):
            os.symlink(os.environ["SLURM_STUB"], f"{folder}/bin/{name}")
        for name in ("resume", "suspend"):
            os.symlink(os.environ["SPILLWAY"], f"{folder}/bin/{name}")
        self.write("partitions.json", json.dumps(PARTITIONS))
        self.write("slurm.conf", "")
        self.write("spillway.yaml", f"""apiVersion: spillway/v1
cluster: {{name: tundra, id: {self.uuid}, slurm_conf: {folder}/slurm.conf, slurm_bin: {folder}/bin}}
aws: {{region: us-east-1, endpoint_url: "{endpoint}", compute_role_id: {ROLE}}}
data: {{bucket: {BUCKET}}}
fleet: {{poll_busy_ms: 50, poll_idle_s: 1}}
partitions_file: partitions.json
""")
        s3.put_object(Bucket=BUCKET, Key=f"{self.uuid}/secrets/munge.key", Body=b"munge")
        self.slurm({name: "IDLE+CLOUD+POWERED_DOWN" for name in NODES})

    def write(self, name, text):
        with open(f"{self.folder}/{name}", "w") as file:
            file.write(text)

    def slurm(self, states):
        """slurmctld's own doing: nodes take these states, and answer at their names again when they are off."""
        lines = {line.split("|")[0]: line.split("|") for line in self.slurm_lines()}
        for name, state in states.items():
            kept = lines.get(name, [name, "", name, name, ""])
            lines[name] = [name, state, *(kept[2:] if "POWERED_DOWN" not in state else [name, name, ""])]
        self.write("nodes", "".join("|".join(line) + "\n" for line in lines.values()))

    def slurm_lines(self):
        if not os.path.exists(f"{self.folder}/nodes"):
            return []
        with open(f"{self.folder}/nodes") as file:
            return file.read().splitlines()

    def run(self, *argv, die_at=None, log=None, ok=(0,)):
        """Runs spillway or a hook. Gives None when it was killed as planned, else its answer."""
        env = {"PATH": "/usr/bin", "HOME": self.folder, "SPILLWAY_ROOT": f"{self.folder}/root", "AWS_ACCESS_KEY_ID": KEY,
               "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_EC2_METADATA_DISABLED": "true", "LD_PRELOAD": os.environ["DIE_AT"]}
        if die_at:
            env["SPILLWAY_DIE_AT"] = die_at
        if log:
            env["SPILLWAY_DIE_LOG"] = f"{self.folder}/{log}"
        done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        if die_at and done.returncode == -9:
            return None
        if done.returncode not in ok:
            raise AssertionError(f"{argv} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def spillway(self, *words, **more):
        return self.run(os.environ["SPILLWAY"], *words, "--config", f"{self.folder}/spillway.yaml", **more)

    def settle(self, **more):
        return self.spillway("reconcile", "--until-settled", "--timeout", "60", **more)

    def hook(self, name, **more):
        return self.run(f"{self.folder}/bin/{name}", "cloud-c5-[0-1]", **more)

    def calls(self, log):
        with open(f"{self.folder}/{log}") as file:
            return file.read().split()

    def end_state(self):
        """All that should not depend on where the process died, with what was drawn or timed taken out."""
        mine = [{"Name": "tag:spillway:cluster", "Values": [self.uuid]}]
        instances = sorted((i for r in self.ec2.describe_instances(Filters=mine)["Reservations"] for i in r["Instances"]),
                           key=lambda i: tag(i, "Name"))
        objects = {o["Key"]: self.s3.get_object(Bucket=BUCKET, Key=o["Key"])["Body"].read().decode()
                   for o in self.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{self.uuid}/").get("Contents", [])
                   if not o["Key"].endswith("/lease.json")}  # renewed when nothing else is to be done
        status = json.loads(self.spillway("status", "-o", "json", ok=(0, 4)))
        events = json.loads(self.spillway("status", "--events", "-o", "json"))
        nodes = json.loads(self.spillway("node", "ls", "-o", "json"))["nodes"]
        state = {
            "ec2": [{"id": i["InstanceId"], "state": i["State"]["Name"], "address": i.get("PrivateIpAddress"),
                     "tags": {t["Key"]: t["Value"] for t in i["Tags"]}} for i in instances],
            "fleets": len({tag(i, "aws:ec2:fleet-id") for i in instances}),
            "slurm": self.slurm_lines(),
            "bucket": objects,
            "journal": {key: status[key] for key in ("nodes", "instances", "unbound_instances", "open_intents", "troubles")},
            "nodes": [{key: node[key] for key in ("node", "state", "epoch", "instance", "address", "failures", "reason")}
                      for node in nodes],
            "events": sorted(f"{e['event']} {e['node']}" for e in events["events"] if e["event"] in COUNTED_EVENTS),
            "spool": sorted(n for n in os.listdir(f"{self.folder}/root/var/spool/spillway/wishes") if n.endswith(".wish")),
        }
        text = json.dumps(state, indent=1, sort_keys=True).replace(self.uuid, "UUID")
        text = re.sub(r"fleet-[0-9a-f]{17}", "FLEET", re.sub(r"in-[0-9a-f]{20}", "INTENT", text))
        for instance in instances:  # each by the node that it is
            text = text.replace(instance["InstanceId"], f"INSTANCE-OF-{tag(instance, 'Name')}")
            if "PrivateIpAddress" in instance:
                for form in (instance["PrivateIpAddress"], instance["PrivateIpAddress"].replace(".", "-")):
                    text = re.sub(rf"(?<![0-9]){re.escape(form)}(?![0-9])", f"ADDRESS-OF-{tag(instance, 'Name')}", text)
        return text


def tag(resource, key):
    return next((t["Value"] for t in resource.get("Tags", []) if t["Key"] == key), "")
