"""The emulator's own time for one signed RunInstances of many instances."""
import json
import subprocess
import sys

from report import Report

report = Report("emulator")
for instances, runs in ((1_000, 30), (10_000, 10)):
    done = subprocess.run([f"{sys.argv[1]}/bench/bench_emulator", str(instances), str(runs)], capture_output=True, text=True, check=True)
    report.add(f"RunInstances of {instances:,}", "ms", json.loads(done.stdout))
report.show()
