"""10,000 nodes registered in DNS by Spillway in one go, beside one nsupdate process for each node, on a private named."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from report import Report

NODES, RUNS, SINGLE = 10_000, 5, 200
root = tempfile.mkdtemp(dir=os.path.realpath(sys.argv[1]))  # on the disk: named's journal is part of what is measured


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_named(port):
    key = subprocess.run(["/usr/sbin/tsig-keygen", "-a", "hmac-sha256", "spillway"], capture_output=True, text=True, check=True).stdout
    with open(f"{root}/key", "w", opener=lambda path, flags: os.open(path, flags, 0o400)) as file:
        file.write(key)
    zones = ""
    for zone in ("example.com", "31.172.in-addr.arpa"):
        with open(f"{root}/{zone}.zone", "w") as file:
            file.write("$TTL 60\n@ IN SOA ns.lab. admin.lab. 1 60 60 3600 5\n@ IN NS ns.lab.\n")
        zones += (f'zone "{zone}" {{ type primary; file "{zone}.zone"; allow-transfer {{ none; }};'
                  " update-policy { grant spillway zonesub A AAAA PTR TXT; }; };\n")
    with open(f"{root}/named.conf", "w") as file:
        file.write(f'{key}options {{ directory "{root}"; pid-file none; session-keyfile none; lock-file none; recursion no;\n'
                   f"  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; dnssec-validation no;\n"
                   "  empty-zones-enable no; notify no; };\n"
                   # A line of log for each record would be named's largest expense, for either side.
                   'logging { channel here { file "log"; severity info; }; category default { here; };\n'
                   "  category update { null; }; category update-security { null; }; };\n"
                   f"controls {{ }};\n{zones}")
    open(f"{root}/log", "w").close()
    named = subprocess.Popen(["/usr/sbin/named", "-f", "-c", f"{root}/named.conf"])
    until = time.monotonic() + 10
    while "running" not in (log := open(f"{root}/log").read()):
        if named.poll() is not None or time.monotonic() > until:
            raise SystemExit(f"error: named does not start:\n{log}")
        time.sleep(0.02)
    return named


def by_nsupdate(port, node, case, reverse):
    """The same records under the same conditions: name and way back, each with its owner, if they are free."""
    name, address = f"{case}-{node}.example.com", f"172.31.{100 + node // 250}.{node % 250 + 1}"
    way_back = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
    owner = f'"spillway 0e9c4e8e-5b0f-4c7e-9a55-1c6f0f7f0001 i-{node:017x}"'
    script = (f"server 127.0.0.1 {port}\nzone example.com\nprereq nxdomain {name}\nupdate add {name} 60 TXT {owner}\n"
              f"update add {name} 60 A {address}\nsend\n")
    if reverse:
        script += (f"zone 31.172.in-addr.arpa\nprereq nxdomain {way_back}\n"
                         f"update add {way_back} 60 TXT {owner}\nupdate add {way_back} 60 PTR {name}\nsend\n")
    began = time.perf_counter()
    subprocess.run(["/usr/bin/nsupdate", "-k", f"{root}/key"], input=script, text=True, check=True)
    return (time.perf_counter() - began) * 1000


report = Report("dns")
try:
    port = free_port()
    named = start_named(port)
    try:
        for case, reverse in (("A", ""), ("A and PTR", "31.172.in-addr.arpa")):
            ours = json.loads(subprocess.run([f"{sys.argv[1]}/bench/bench_dns", f"127.0.0.1:{port}", f"{root}/key", str(NODES),
                                              str(RUNS), reverse], capture_output=True, text=True, check=True).stdout)
            single = [by_nsupdate(port, node, case[-1], reverse) for node in range(SINGLE)]
            extrapolated = sum(single) / SINGLE * NODES
            report.add(f"{case}: one nsupdate", "ms", single)
            report.add(f"{case}: {NODES:,} nodes registered", "ms", ours,
                       (f"one nsupdate each, extrapolated from {SINGLE},", [extrapolated]))
            report.add(f"{case}: how many times faster", "×", [extrapolated / took for took in ours])
    finally:
        named.terminate()
        named.wait()
finally:
    shutil.rmtree(root)

report.show()
