"""`data sync` beside awscli and rclone: the same sink in memory, the same files on tmpfs, turn by turn in one run.

BENCH_ROUNDS (3) counted rounds after one that warms up; BENCH_SETS chooses among large, middle, small; BENCH_PEERS among aws,
rclone, s5cmd (those that are installed by default); BENCH_LATENCY (0,20) milliseconds that the server waits before each answer.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from report import Report

BUILD = pathlib.Path(sys.argv[1]).resolve()
SPILLWAY, SINK, BARE = BUILD / "src/app/spillway", BUILD / "bench/bench_sink", BUILD / "bench/bench_bare"
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SETS = {"large": ("1 x 2 GiB", 1, 2 << 30), "middle": ("1,000 x 1 MiB", 1000, 1 << 20), "small": ("10,000 x 4 KiB", 10000, 4096)}
CHOSEN = os.environ.get("BENCH_SETS", "large,middle,small").split(",")
LATENCIES = [int(x) for x in os.environ.get("BENCH_LATENCY", "0,20").split(",")]
SLOW_PEERS = {"aws"}  # left out where each request waits: minutes for what is known


def installed(name):
    return os.path.exists("/usr/bin/aws") if name == "aws" else shutil.which(name)


PEERS = [p for p in os.environ.get("BENCH_PEERS", "aws,rclone,s5cmd").split(",") if installed(p)]


def make_set(folder, count, size):
    block = os.urandom(min(size, 64 << 20))
    for i in range(count):
        path = folder / f"d{i // 100:03d}" / f"f{i:06d}"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "wb") as file:
            left = size
            while left > 0:
                turn = (i + left) % len(block)
                piece = (block[turn:] + block[:turn])[:left]
                file.write(piece)
                left -= len(piece)


class Sink:
    def __init__(self, latency):
        self.process = subprocess.Popen([SINK, "0", str(latency)], stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"

    def stop(self):
        self.process.kill()
        self.process.wait()


def run(argv, env):
    """Wall seconds, processor seconds and peak memory in MiB of one command."""
    began = time.perf_counter()
    process = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    problem = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"error: {argv} ended with {process.returncode}: {problem.decode(errors='replace')[-500:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


class Client:
    """How each program is asked to make one side like the other."""

    def __init__(self, name, work, url):
        self.name, self.url = name, url
        usual = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        self.env = {**usual, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
                    "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": url, "XDG_STATE_HOME": str(work / "state"),
                    "TMPDIR": str(work), "HOME": str(work), "AWS_EC2_METADATA_DISABLED": "true",
                    "RCLONE_CONFIG_S_TYPE": "s3", "RCLONE_CONFIG_S_PROVIDER": "Other", "RCLONE_CONFIG_S_ENDPOINT": url,
                    "RCLONE_CONFIG_S_ENV_AUTH": "true", "RCLONE_CONFIG_S_FORCE_PATH_STYLE": "true"}

    def sync(self, source, target):
        """`bucket:…` stands for the far side."""
        def far(place, scheme):
            return place.replace("bucket:", scheme, 1) if str(place).startswith("bucket:") else str(place)
        source, target = str(source), str(target)
        if self.name == "spillway":
            return [SPILLWAY, "data", "sync", far(source, "s3://bench/"), far(target, "s3://bench/")]
        if self.name == "aws":
            return ["/usr/bin/aws", "s3", "sync", "--only-show-errors", "--endpoint-url", self.url, far(source, "s3://bench/"), far(target, "s3://bench/")]
        if self.name == "rclone":
            return ["rclone", "sync", far(source, "s:bench/"), far(target, "s:bench/"), "--s3-no-check-bucket"]
        if self.name == "s5cmd":
            source = far(source, "s3://bench/") + ("/*" if source.startswith("bucket:") else "/")
            return ["s5cmd", "--endpoint-url", self.url, "sync", source, far(target, "s3://bench/") + "/"]
        raise ValueError(self.name)

    def up(self, folder, prefix):
        return run(self.sync(folder, f"bucket:{prefix}"), self.env)

    def down(self, prefix, folder):
        argv = self.sync(f"bucket:{prefix}", folder)
        if self.name == "spillway":
            argv.append("--no-fsync")  # the peers do not wait for the disk either; on tmpfs it is the same
        return run(argv, self.env)


class Bare:
    name = "bare"

    def __init__(self, url, latency):
        self.url, self.threads = url, "256" if latency else "8"

    def up(self, folder, prefix):
        return run([BARE, "up", str(folder), f"{self.url}/bench/{prefix}", self.threads], os.environ)

    def down(self, prefix, folder, source=None):
        return run([BARE, "down", str(source), f"{self.url}/bench/{prefix}", self.threads], os.environ)


def touch_some(folder, share):
    """Gives one file of so many another content and time."""
    for i, path in enumerate(sorted(folder.rglob("f*"))):
        if path.is_file() and i % share == 0:
            path.write_bytes(os.urandom(path.stat().st_size))


def measure(report, work, key, latency):
    title, count, size = SETS[key]
    folder = work / key
    make_set(folder, count, size)
    names = ["spillway", "bare", *(p for p in PEERS if not (latency and p in SLOW_PEERS))]
    found = {}
    sink = Sink(latency)
    clients = [Bare(sink.url, latency) if n == "bare" else Client(n, work, sink.url) for n in names]
    for turn in range(ROUNDS + 1):
        for client in clients:
            prefix = f"{key}-{client.name}-{turn}"
            steps = {"up": client.up(folder, prefix)}
            if isinstance(client, Bare):
                steps["down"] = client.down(prefix, None, folder)
            else:
                out = work / "out"
                steps["down"] = client.down(prefix, out)
                if (got := sum(1 for p in out.rglob("f*") if p.is_file())) != count:
                    raise SystemExit(f"error: {client.name} fetched {got} files of {count}")
                if key == "small":
                    steps["re-sync, unchanged"] = client.up(folder, prefix)
                    touch_some(folder, 100)
                    steps["re-sync, 1 % changed"] = client.up(folder, prefix)
                shutil.rmtree(out)
            for step, values in steps.items():
                if turn:
                    found.setdefault((step, client.name), []).append(values)
        # One prefix is enough memory.
        sink.stop()
        sink = Sink(latency)
        clients = [Bare(sink.url, latency) if n == "bare" else Client(n, work, sink.url) for n in names]
    sink.stop()
    shutil.rmtree(folder)
    where = f"{title}, {latency} ms" if latency else title
    for step in ("up", "down", "re-sync, unchanged", "re-sync, 1 % changed"):
        if (step, "spillway") not in found:
            continue
        mine = found[step, "spillway"]
        for name in names[1:]:
            if (step, name) in found:
                report.add(f"{where}, {step}", "s", [v[0] for v in mine], (name, [v[0] for v in found[step, name]]))
        for i, (what, unit) in enumerate((("processor", "s"), ("memory", "MiB")), 1):
            for name in names[1:]:
                if (step, name) in found and name != "bare":
                    report.add(f"{where}, {step}, {what}", unit, [v[i] for v in mine], (name, [v[i] for v in found[step, name]]))


def main():
    report = Report("staging")
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="bench-staging-") as folder:
        for latency in LATENCIES:
            for key in CHOSEN:
                if latency and key == "large":
                    continue
                measure(report, pathlib.Path(folder), key, latency)
    report.show()


main()
