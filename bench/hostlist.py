"""Hostlists of 100,000 shuffled names: parse, fold, expand. Beside it Debian's clustershell, the usual Python library."""
import json
import random
import subprocess
import sys
import time

from ClusterShell.NodeSet import NodeSet

from report import Report

NAMES, RUNS = 100_000, 20
names = [f"cloud-{group}-{i}" for group in ("c5", "c6i", "hpc7a", "p5") for i in range(NAMES // 4)]
random.Random(1).shuffle(names)
written_out, folded = ",".join(names), str(NodeSet.fromlist(names))


def timed(work):
    began = time.perf_counter()
    assert work() is not None
    return (time.perf_counter() - began) * 1000


others = {"parse": lambda: NodeSet(written_out), "fold": lambda: str(NodeSet.fromlist(names)),
          "expand": lambda: list(NodeSet(folded))}
beside = {case: [timed(work) for _ in range(3)] for case, work in others.items()}
ours = json.loads(subprocess.run([f"{sys.argv[1]}/bench/bench_hostlist", str(RUNS)], input="\n".join(names), text=True,
                                 capture_output=True, check=True).stdout)
report = Report("hostlist")
for case in ("parse", "fold", "expand"):
    report.add(f"{case} {NAMES:,} names", "ms", ours[case], ("clustershell", beside[case]))
report.show()
