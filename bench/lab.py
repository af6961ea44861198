"""The main job's times in the lab: up, sbatch to running, the job's end to machine off; 50 and 200 nodes for one job.

The emulated instances boot in a fraction of a second: what is measured is what Spillway and Slurm add."""
import json
import os
import subprocess
import sys
import tempfile
import time

from report import Report

program = os.path.realpath(f"{sys.argv[1]}/src/app/spillway-lab")


class Lab:
    """A lab in a state folder of its own; caches are shared, so that `up` is measured as it is when prepared."""

    def __init__(self, state):
        self.state = state

    def call(self, *words, check=True):
        done = subprocess.run([program, words[0], "--state", self.state, *words[1:]], capture_output=True, text=True)
        if check and done.returncode != 0:
            raise SystemExit(f"error: {' '.join(words)}: {done.stderr}")
        return done.stdout

    def up(self, nodes):
        began = time.perf_counter()
        self.call("up", "--nodes", str(nodes))
        return time.perf_counter() - began

    def on_controller(self, *words):
        return self.call("exec", "ctl", "--", *words).strip()

    def wait(self, what, done, at_most=180):
        began = time.perf_counter()
        while not done():
            if time.perf_counter() - began > at_most:
                raise SystemExit(f"error: not in {at_most} s: {what}")
            time.sleep(0.02)
        return time.perf_counter()

    def state_of(self, job):
        return self.on_controller("squeue", "-h", "-o", "%T", "-j", job)

    def instances(self):
        return len(json.loads(self.call("status", "-o", "json"))["instances"])

    def burst(self, nodes):
        """One job on `nodes` cloud nodes; returns seconds from sbatch to running, and from its end to the last machine off."""
        began = time.perf_counter()
        job = self.on_controller("sbatch", "--parsable", "-p", "cloud", "-N", str(nodes), "-D", "/home/alice", "--wrap", "sleep 600")
        running = self.wait("the job runs", lambda: self.state_of(job) == "RUNNING")
        self.on_controller("scancel", job)
        ended = time.perf_counter()
        off = self.wait("machines off", lambda: self.instances() == 0)
        self.wait("nodes at rest", lambda: self.on_controller("sinfo", "-h", "-p", "cloud", "-o", "%t") == "idle~")
        return running - began, off - ended


report = Report("lab")
with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="spillway-bench-") as state:
    lab = Lab(state)
    try:
        lab.up(50)  # prepares the caches
        lab.call("down")
        ups = []
        for _ in range(5):
            ups.append(lab.up(200))
            if len(ups) < 5:
                lab.call("down")
        report.add("lab up, prepared", "s", ups)
        for nodes, runs in ((1, 7), (50, 3), (200, 2)):
            pairs = [lab.burst(nodes) for _ in range(runs)]
            kind = f"{nodes} node{'s' if nodes > 1 else ''}"
            report.add(f"{kind}: sbatch to running", "s", [up for up, _ in pairs])
            report.add(f"{kind}: end of the job to last machine off", "s", [off for _, off in pairs])
            print(f"measured {kind}", file=sys.stderr)
    finally:
        lab.call("down", check=False)
report.show()
