"""The emulator's own time for signed calls of EC2 over many instances."""
import json
import subprocess
import sys

from report import Report

CASES = (("run", 1_000, 30, "RunInstances of {:,}"), ("run", 10_000, 10, "RunInstances of {:,}"),
         ("fleet", 10_000, 10, "CreateFleet of {:,}"), ("describe", 10_000, 10, "DescribeInstances of {:,}"),
         ("describe", 100_000, 3, "DescribeInstances of {:,}"), ("tagged", 10_000, 10, "the same of {:,} by their tag"),
         ("page", 100_000, 10, "a page of 1,000 of {:,}"), ("terminate", 20_000, 10, "TerminateInstances of 1,000 of {:,}"))

report = Report("emulator")
for case, instances, runs, name in CASES:
    done = subprocess.run([f"{sys.argv[1]}/bench/bench_emulator", case, str(instances), str(runs)],
                          capture_output=True, text=True, check=True)
    report.add(name.format(instances), "ms", json.loads(done.stdout))
report.show()
