"""How long the binary takes to start, and Slurm's resume hook to have its wish on disk."""
import json
import os
import shutil
import sys
import tempfile

from report import Report, interleaved, milliseconds

RUNS = 200
build = os.path.realpath(sys.argv[1])
spillway = f"{build}/src/app/spillway"
# On the disk, not in memory: the hook must not return before its wish would survive a crash.
root = tempfile.mkdtemp(dir=build)
try:
    for folder in ("var/spool/spillway/wishes", "run/spillway", "hooks"):
        os.makedirs(f"{root}/{folder}")
    resume = f"{root}/hooks/resume"
    os.symlink(spillway, resume)

    def wish(nodes):
        """A resume call as slurmctld makes it: a hostlist, and a file that says which job wants which nodes."""
        names = f"cloud-c5-[0-{nodes - 1}]" if nodes > 1 else "cloud-c5-0"
        path = f"{root}/resume-{nodes}.json"
        with open(path, "w") as file:
            json.dump({"all_nodes_resume": names,
                       "jobs": [{"job_id": 1000 + n, "features": None, "nodes_alloc": f"cloud-c5-{n}",
                                 "nodes_resume": f"cloud-c5-{n}", "oversubscribe": "OK", "partition": "cloud"}
                                for n in range(nodes)]}, file)
        env = {"SPILLWAY_ROOT": root, "SLURM_RESUME_FILE": path}
        return lambda: milliseconds([resume, names], env)

    nothing, version, one, thousand = interleaved(
        RUNS, lambda: milliseconds(["/usr/bin/true"]), lambda: milliseconds([spillway, "--version"]), wish(1), wish(1000))
    kept = len(os.listdir(f"{root}/var/spool/spillway/wishes"))
    if kept != 2 * (RUNS + 1):
        raise SystemExit(f"error: {kept} wishes on disk, {2 * (RUNS + 1)} made")
finally:
    shutil.rmtree(root)

report = Report("startup")
report.add("true", "ms", nothing)
report.add("spillway --version", "ms", version, ("true", nothing))
# Within each turn, so that the machine's load is in both terms.
report.add("spillway --version, over true", "ms", [mine - base for mine, base in zip(version, nothing)])
report.add("resume hook, 1 node, durable", "ms", one, ("true", nothing))
report.add("resume hook, 1,000 nodes, durable", "ms", thousand, ("true", nothing))
report.add("binary", "MB", [os.path.getsize(spillway) / 1e6])
report.show()
