"""SIGKILL at the k-th write, fsync, send, rename, unlink and start of a program, for every k: of the first look with a new
journal, of a launch, of a terminate, and of the hooks. Then the program is started again, and where everything ends must be
where it ends without a crash.

Each run is a cluster of its own; all share one emulator, which also shows that clusters leave each other alone. Killing
before a call is killing after the one before it, but for what reaches others by itself: so a process is also killed right
after each send and each start of a program. SPILLWAY_CRASH=full kills right after every call as well."""
import collections
import concurrent.futures
import difflib
import itertools
import json
import os
import subprocess
import tempfile
import threading
import time
import unittest

import boto3
import botocore.client

from cluster import BUCKET, IMAGE, KEY, NODES, ROLE, SECRET, SUBNET, Cluster

FULL = os.environ.get("SPILLWAY_CRASH") == "full"
REACHES_OTHERS = {"send", "sendto", "sendmsg", "posix_spawn"}
PHASES = ("first look", "launch", "terminate")
UP, OFF, GOING = "ALLOCATED+CLOUD+NOT_RESPONDING+POWERING_UP", "IDLE+CLOUD+POWERED_DOWN", "IDLE+CLOUD+POWERING_DOWN"
SEED = {
    "vpcs": [{"id": "vpc-0a11ce00000000001", "cidr": "172.31.0.0/16"}],
    "subnets": [{"id": SUBNET, "vpc": "vpc-0a11ce00000000001", "cidr": "172.31.16.0/20", "zone": "us-east-1a"}],
    "images": [{"id": IMAGE, "name": "debian-12-amd64"}],
    "users": [{"name": "admin", "access_keys": [{"id": KEY, "secret": SECRET}]}],
    "roles": [{"name": "slurm-node", "id": ROLE, "policies": []}],
    "buckets": [{"name": BUCKET}],
}


def points(calls, stride=1):
    """Where to die in a process that made these calls; of the journal's pages that follow each other, every `stride`-th."""
    row = 0
    for k, name in enumerate(calls, 1):
        row = row + 1 if name == "pwrite64" else 0
        if row % stride == 0 or row == 1 or FULL:
            yield str(k)
        if FULL or name in REACHES_OTHERS or k == len(calls):
            yield f"{k}+"


class Crash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.started = time.monotonic()
        folder = tempfile.TemporaryDirectory(prefix="spw")
        cls.addClassCleanup(folder.cleanup)
        cls.folder, cls.numbers, cls.lock = folder.name, itertools.count(1), threading.Lock()
        emulator = subprocess.Popen([os.environ["EMULATOR"], json.dumps({"seed": SEED})], stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(emulator.wait, 10)
        cls.addClassCleanup(emulator.stdout.close)
        cls.addClassCleanup(emulator.stdin.close)
        cls.endpoint = f"http://127.0.0.1:{json.loads(emulator.stdout.readline())['api']}"
        cls.ec2, cls.s3 = cls.client("ec2"), cls.client("s3", s3={"addressing_style": "path"})
        cls.ec2.create_launch_template(LaunchTemplateName="compute", LaunchTemplateData={"ImageId": IMAGE})

    @classmethod
    def client(cls, service, **more):
        made = boto3.client(service, region_name="us-east-1", endpoint_url=cls.endpoint, aws_access_key_id=KEY,
                            aws_secret_access_key=SECRET, config=botocore.client.Config(max_pool_connections=16, **more))
        cls.addClassCleanup(made.close)
        return made

    def cluster(self):
        with self.lock:
            number = next(self.numbers)
        return Cluster(f"{self.folder}/{number}", number, self.endpoint, self.ec2, self.s3)

    def same(self, want, found, where):
        if want != found:
            diff = "\n".join(difflib.unified_diff(want.split("\n"), found.split("\n"), "without a crash", where, lineterm=""))
            raise AssertionError(f"{where}: it ends elsewhere\n{diff}")

    def life(self, plan, want):
        """One cluster: a first look, a launch, a terminate, each killed where the plan says. Gives how often it was killed
        and the end states."""
        cluster, killed, ends = self.cluster(), 0, []
        for phase in PHASES:
            if phase == "launch":
                cluster.slurm({name: UP for name in NODES})
                cluster.hook("resume")
            elif phase == "terminate":
                cluster.slurm({name: GOING for name in NODES})
                cluster.hook("suspend")
            where = plan.get(phase)
            if where and cluster.settle(die_at=where) is None:
                killed += 1
            cluster.settle(log=None if where else phase)
            if phase == "terminate":
                cluster.slurm({name: OFF for name in NODES})
            if want and phase == "first look":
                continue  # whatever it left amiss shows in what follows
            ends.append(cluster.end_state())
            if want:
                self.same(want[phase], ends[-1], f"killed at {where} of the {phase}")
        return cluster, killed, dict(zip(PHASES, ends))

    def test_1_the_reconciler(self):
        cluster, _, want = self.life({}, None)
        calls = {phase: cluster.calls(phase) for phase in PHASES}
        for phase in ("launch", "terminate"):  # otherwise every run would be like it for no good reason
            self.assertIn("send", calls[phase])
            self.assertIn("fdatasync", calls[phase])
        self.assertEqual(json.loads(want["launch"])["journal"]["nodes"]["up"], len(NODES))
        self.assertEqual([i["state"] for i in json.loads(want["launch"])["ec2"]], ["running"] * len(NODES))
        self.assertEqual([i["state"] for i in json.loads(want["terminate"])["ec2"]], ["terminated"] * len(NODES))
        self.assertEqual(json.loads(want["terminate"])["journal"]["instances"], 0)

        places = {phase: list(points(calls[phase], 2 if phase == "launch" else 1)) for phase in PHASES}
        # One life dies in each phase, so as many lives as the longest phase has places.
        plans = [{phase: where for phase, where in zip(PHASES, row) if where}
                 for row in itertools.zip_longest(*(places[phase] for phase in PHASES))]
        killed, troubles = 0, []
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(self.life, plan, want) for plan in plans]:
                try:
                    killed += done.result()[1]
                except Exception as trouble:  # all of them are wanted
                    troubles.append(str(trouble))
        planned = sum(len(plan) for plan in plans)
        for phase in PHASES:
            kinds = collections.Counter(calls[phase])
            print(f"{phase}: {len(calls[phase])} calls, {len(places[phase])} places to die at  "
                  + " ".join(f"{name} {count}" for name, count in sorted(kinds.items())))
        print(f"{planned} deaths planned in {len(plans)} lives, {killed} died, {len(troubles)} lives ended elsewhere, "
              f"{time.monotonic() - self.started:.0f} s")
        if not FULL:
            print("left out: of a launch, every second page written to the journal in a row; everywhere, the moment right after "
                  "a call that reaches nobody else. SPILLWAY_CRASH=full takes them")
        self.assertEqual(troubles, [], "\n".join(troubles[:5]))
        # Two runs do not make the very same calls: what waits for time may be looked at once more or less.
        self.assertGreater(killed, planned * 0.95)

    def hook_killed(self, hook, where):
        cluster = self.cluster()
        cluster.settle()
        if hook == "suspend":
            cluster.slurm({name: UP for name in NODES})
            cluster.hook("resume")
            cluster.settle()
        cluster.slurm({name: UP if hook == "resume" else GOING for name in NODES})
        died = cluster.hook(hook, die_at=where) is None
        # What no hook recorded is found in Slurm's own states, once they have lasted for a moment.
        until = time.monotonic() + 40
        while True:
            cluster.settle()
            nodes = json.loads(cluster.spillway("status", "-o", "json", ok=(0, 4)))
            if nodes["nodes"]["up"] == (len(NODES) if hook == "resume" else 0) and nodes["open_intents"] == 0:
                break
            if time.monotonic() > until:
                raise AssertionError(f"{hook} killed at {where}: never rediscovered: {nodes}")
            time.sleep(0.5)
        if hook == "suspend":
            cluster.slurm({name: OFF for name in NODES})
        return died, cluster.end_state()

    def test_2_the_hooks(self):
        cluster, _, want = self.life({}, None)
        cluster.slurm({name: OFF for name in NODES})
        plans = []
        for hook in ("resume", "suspend"):
            cluster.hook(hook, log=hook)
            plans += [(hook, where) for where in points(cluster.calls(hook))]
        with concurrent.futures.ThreadPoolExecutor(len(plans)) as pool:  # most of their time they wait
            ends = list(pool.map(lambda plan: self.hook_killed(*plan), plans))
        for (hook, where), (died, end) in zip(plans, ends):
            self.same(want["launch" if hook == "resume" else "terminate"], end, f"{hook} killed at {where}")
            self.assertTrue(died, f"{hook} was not killed at {where}")
        print(f"hooks: {len(plans)} deaths, {time.monotonic() - self.started:.0f} s")


if __name__ == "__main__":
    unittest.main(verbosity=2)
