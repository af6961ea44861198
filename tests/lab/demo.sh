#!/usr/bin/env bash
# The main job: the demo brings up its own lab, real jobs overflow, nothing stays.
. "$(dirname "$0")/lib.sh" "$@"
lab down >/dev/null
before=$(cat /etc/passwd /proc/self/mounts | md5sum)
report=$(mktemp)
trap 'rm -f "$report"; lab down >/dev/null' EXIT
lab demo --report "$report" || fail "the demo's exit code is $?"
python3 - "$report" <<'PY' || fail "the report does not say what it must"
import datetime, json, sys
report = json.load(open(sys.argv[1]))
jobs = report["jobs"]
assert report["schema"] == "spillway.demo/v1"
assert len(jobs) >= 3 and all(job["state"] == "COMPLETED" for job in jobs), jobs
assert any(job["where"] == "onprem" for job in jobs), jobs
assert any(job["where"] == "cloud" and len(job["nodes"]) == 2 for job in jobs), jobs
assert report["instances_left"] == 0 and report["open_intents"] == 0
assert report["api_calls"]["CreateFleet"] >= 1
assert len(report["nodes"]) >= 2
for node in report["nodes"]:
    names = [phase["name"] for phase in node["phases"]]
    assert names == ["resume", "boot", "up", "terminate"], node
    for phase in node["phases"]:
        assert datetime.datetime.fromisoformat(phase["start"].rstrip("Z")) <= datetime.datetime.fromisoformat(phase["end"].rstrip("Z"))
PY
[ "$(lab status 2>&1 | grep -c SPW-LAB-006)" = 1 ] || fail "a lab is still up"
equal "$(cat /etc/passwd /proc/self/mounts | md5sum)" "$before" "users and mounts of the host"
