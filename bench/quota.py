"""A wish for 10,000 nodes against EC2's published token buckets, in virtual time: how close to the least time that the buckets
allow, and how often EC2 refused a request for its rate (it should never)."""
import json
import subprocess
import sys

from report import Report

done = subprocess.run([f"{sys.argv[1]}/bench/bench_quota", "10000"], capture_output=True, text=True)
if done.returncode:
    raise SystemExit(done.stderr)
found = json.loads(done.stdout)
report = Report("quota")
report.add("10,000 nodes, virtual time", "s", [found["seconds"]], ("the buckets' bound", [found["least"]]))
report.add("RequestLimitExceeded", "times", [found["refused"]])
report.add("CreateFleet calls", "times", [found["fleets"]])
report.show()
