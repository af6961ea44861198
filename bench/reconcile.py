"""One pass of the reconciler over 100,000 nodes that the journal and Slurm know, of which 1,000 have a machine: with nothing to do,
and when those 1,000 have just joined. Slurm and EC2 answer from memory; what reading scontrol's text costs is a case of its own."""
import json
import subprocess
import sys

from report import Report

NODES, RUNS = 100_000, 9
done = subprocess.run([f"{sys.argv[1]}/bench/bench_reconcile", str(NODES), str(RUNS)], capture_output=True, text=True)
if done.returncode:
    raise SystemExit(done.stderr)
found = json.loads(done.stdout)
report = Report("reconcile")
report.add("nothing to do", "ms", found["still"])
report.add("1 % of nodes joined", "ms", found["changed"])
report.add("reading scontrol's answer", "ms", found["reading"])
report.add("resident", "MiB", [found["resident"]])
report.show()
