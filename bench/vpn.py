"""The largest gap of a 100 ms ping while the far gateway restarts: wireguard-go killed and started again with the same key at
the same address. Two gateways in network namespaces of their own; plain WireGuard, and the same with Spillway's monitor.

The far gateway has no Endpoint and no keepalive, as behind a NAT: it waits to be called. Where it calls by itself, plain
WireGuard is quick, too; that is measured as well."""
import os
import subprocess
import sys
import tempfile
import threading
import time

from report import Report

RUNS = int(os.environ.get("RUNS", "3"))
monitor_program = os.path.realpath(f"{sys.argv[1]}/bench/bench_vpn")
unique = os.getpid() % 100000


def run(*argv, text=None):
    done = subprocess.run(argv, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"error: {' '.join(argv)}: {done.stderr}")
    return done.stdout.strip()


class Gateway:
    """One end: 203.0.113.N outside, 10.200.0.N inside."""

    def __init__(self, number):
        self.number, self.space, self.interface = number, f"swb{unique}-{number}", f"swb{unique}{'ab'[number - 1]}"
        self.socket = f"/var/run/wireguard/{self.interface}.sock"
        self.key = run("/usr/bin/wg", "genkey")
        self.public = run("/usr/bin/wg", "pubkey", text=self.key)
        self.process = None

    def outside(self):
        return f"203.0.113.{self.number}"

    def inside(self):
        return f"10.200.0.{self.number}"

    def start(self, other, calls):
        self.process = subprocess.Popen(["/usr/sbin/ip", "netns", "exec", self.space, "/usr/bin/wireguard-go", "--foreground",
                                         self.interface], env={"LOG_LEVEL": "silent"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not os.path.exists(self.socket):
            time.sleep(0.002)
        calling = f"Endpoint = {other.outside()}:51820\nPersistentKeepalive = 25\n" if calls else ""
        with tempfile.NamedTemporaryFile("w") as conf:
            conf.write(f"[Interface]\nPrivateKey = {self.key}\nListenPort = 51820\n"
                       f"[Peer]\nPublicKey = {other.public}\nAllowedIPs = {other.inside()}/32\n{calling}")
            conf.flush()
            run("/usr/bin/wg", "setconf", self.interface, conf.name)
        run("/usr/sbin/ip", "-n", self.space, "-batch", "-",
            text=f"addr add {self.inside()}/24 dev {self.interface}\nlink set {self.interface} mtu 1420 up\n")

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        if os.path.exists(self.socket):
            os.unlink(self.socket)


near, far = Gateway(1), Gateway(2)


def ping(*options):
    return ["/usr/sbin/ip", "netns", "exec", near.space, "/usr/bin/ping", "-n", *options, far.inside()]


def largest_gap(far_calls, monitored, seconds):
    """Pings every 100 ms, restarts the far gateway after 2 s; the longest time between two answers, in seconds."""
    far.start(near, far_calls)
    near.start(far, True)
    watcher = None
    with tempfile.TemporaryDirectory() as folder:
        try:
            if monitored:
                watcher = subprocess.Popen(["/usr/sbin/ip", "netns", "exec", near.space, monitor_program, near.interface, far.inside(),
                                            far.public, f"{far.outside()}:51820", f"{far.inside()}/32", f"{folder}/tunnel.json"],
                                           stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
            while subprocess.run(ping("-c", "1", "-W", "1"), capture_output=True).returncode != 0:
                pass

            def restart():
                time.sleep(2)
                far.stop()
                far.start(near, far_calls)

            thread = threading.Thread(target=restart)
            thread.start()
            pinger = subprocess.Popen(ping("-D", "-i", "0.1", "-w", str(seconds)), stdout=subprocess.PIPE, text=True)
            answers = [float(line[1:line.index("]")]) for line in pinger.stdout if "bytes from" in line]
            ended = time.time()
            pinger.wait()
            thread.join()
            return max(b - a for a, b in zip(answers, [*answers[1:], ended]))
        finally:
            if watcher:
                watcher.stdin.close()
                watcher.wait()
            near.stop()
            far.stop()


report = Report("vpn")
try:
    for gateway in (near, far):
        run("/usr/sbin/ip", "netns", "add", gateway.space)
    run("/usr/sbin/ip", "link", "add", "up0", "netns", near.space, "type", "veth", "peer", "name", "up0", "netns", far.space)
    for gateway in (near, far):
        run("/usr/sbin/ip", "-n", gateway.space, "-batch", "-",
            text=f"addr add {gateway.outside()}/24 dev up0\nlink set up0 up\nlink set lo up\n")
    for case, calls in (("far gateway waits to be called", False), ("far gateway has Endpoint and keepalive", True)):
        plain = [largest_gap(calls, False, 20) for _ in range(RUNS)]
        ours = [largest_gap(calls, True, 8) for _ in range(RUNS)]
        report.add(f"{case}: largest gap with the monitor", "s", ours, ("plain WireGuard", plain))
        print(f"measured: {case}", file=sys.stderr)
finally:
    for gateway in (near, far):
        gateway.stop()
        subprocess.run(["/usr/sbin/ip", "netns", "del", gateway.space], capture_output=True)
report.show()
