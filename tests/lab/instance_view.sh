#!/usr/bin/env bash
# What an instance can see: the files of its packages and what boot made, nothing of the build tree, the controller, the homes
# and users on-premises. Seen by its root, who sees everything there is.
. "$(dirname "$0")/lib.sh" "$@"
up
job=$(submit -p cloud --wrap 'sleep 60')
eventually 30 "the job runs" running "$job"
instance=$(first_instance)
equal "$(on cloud-c5-0 hostname)" cloud-c5-0 "the node found by its name"
list=$(mktemp)
on "$instance" find / -path /proc -prune -o -path /sys -prune -o -path /dev -prune -o -print >"$list"
[ "$(wc -l <"$list")" -gt 1000 ] || fail "the listing is too short to mean anything"
python3 - "$list" "$(dirname "$(readlink -f "$0")")" <<'PY' || fail "an instance sees what it must not"
import glob, os, re, sys
packaged = set()
for name in glob.glob("/var/lib/dpkg/info/*.list"):
    for line in open(name):
        path = line.rstrip("\n")
        packaged.add(path)
        if re.match(r"/(bin|sbin|lib|lib64)(/|$)", path):
            packaged.add("/usr" + path)
made = [  # by the image's making, by boot and by the node's own programs
    r"/$", r"/(bin|sbin|lib|lib64|var/run|proc|sys|dev)$", r"/tmp(/|$)", r"/run(/|$)", r"/var/tmp$", r"/var/log(/|$)",
    r"/etc/(passwd|group|nsswitch.conf|hosts|hostname|os-release|resolv.conf|ld.so.cache|ssl/certs(/ca-certificates.crt)?)$",
    r"/etc/(passwd|group)-$", r"/etc/alternatives(/|$)", r"/usr/sbin/(init|poweroff|halt|shutdown)$", r"/etc/munge(/munge.key)?$", r"/var/lib/munge(/munged.*)?$",
    r"/etc/spillway(/node.json|/prolog.d(/10-spillway)?)?$", r"/var/lib/cloud(/instance(/user-data.txt)?)?$", r"/var/spool/slurmd(/|$)",
    r"/home/alice(/|$)", r"/var/cache(/ldconfig.*)?$", r"/root$", r"/home$", r"/mnt$", r"/lib32$|/libx32$",
    r"/usr/lib64$|/var/spool$|/etc/ssl$|/var/lib$|/usr/lib$"]
seen = [line.rstrip("\n") for line in open(sys.argv[1])]
alternative = lambda p: os.path.islink(p) and os.readlink(p).startswith("/etc/alternatives/")  # awk and its like
strange = [p for p in seen if p not in packaged and not alternative(p) and not any(re.match(m, p) for m in made)]
checkout = sys.argv[2].rsplit("/tests/lab", 1)[0]
forbidden = [p for p in seen if p.startswith(checkout) or p in ("/etc/slurm/slurm.conf", "/etc/slurm/slurmdbd.conf",
             "/etc/spillway/spillway.yaml", "/var/lib/mysql", "/var/lib/spillway", "/run/lab", "/run/netns")
             or "/spillway-lab" in p or p.endswith("/spillway") and p != "/etc/spillway"]
# WireGuard is in the image: the gateway is made of the same one.
programs = [p for p in seen if p.rsplit("/", 1)[-1] in ("slurmctld", "slurmdbd", "mariadbd", "named", "g++", "cmake", "git")]
for what, paths in (("neither packaged nor made", strange), ("forbidden", forbidden), ("programs of another machine", programs)):
    if paths:
        print(what + ":", *paths[:20], sep="\n  ")
sys.exit(bool(strange or forbidden or programs))
PY
rm -f "$list"
equal "$(on "$instance" ls -A /root | wc -l)" 0 "files in root's home"
equal "$(on "$instance" ls /home)" alice "homes: only the job's user, made by its prolog"
equal "$(on "$instance" ls -A /home/alice | grep -v '^slurm-' | wc -l)" 0 "files of alice from on-premises"
! on "$instance" getent passwd bob >/dev/null || fail "an instance knows a user who never ran there"
! on "$instance" sh -c 'mount -o remount,rw / 2>/dev/null; grep -q spillway-lab /proc/self/mountinfo' || fail "mounts tell of the lab's folder"
equal "$(on "$instance" sh -c 'ps ax -o comm=' | grep -cE 'slurmctld|mariadbd|named|spillway')" 0 "processes of others"
# Its network: the tunnel's far side and S3 answer, the internet does not.
on "$instance" curl -s -o /dev/null -m 5 https://spillway-lab.s3.us-east-1.amazonaws.com/ || fail "S3 cannot be reached through the gateway endpoint"
! on "$instance" curl -s -o /dev/null -m 2 https://ec2.us-east-1.amazonaws.com/ || fail "a compute node reaches the internet"
