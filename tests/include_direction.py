#!/usr/bin/env python3
"""Holds every #include of src/ to the order of the house: a room may include only those that this table allows."""
import pathlib
import re
import sys

BASIC = {"base"}
ADAPTERS = {"aws", "slurm", "vpn", "dns", "globus"}
ROOMS = ["cost", "staging", "fleet", "site", "insight"]  # each only those before it

ALLOWED = {"base": set(), "config": BASIC, "net": BASIC, "store": BASIC}
for adapter in ADAPTERS:
    ALLOWED[adapter] = BASIC | {"config", "net", "store"}
below = BASIC | {"config", "net", "store"} | ADAPTERS
for room in ROOMS:
    ALLOWED[room] = set(below)
    below.add(room)
ALLOWED["emu"] = BASIC | {"net"}
ALLOWED["sim"] = below | {"emu"}
ALLOWED["lab"] = below | {"emu"}
ALLOWED["app"] = below | {"emu", "sim", "lab"}

# Headers that cost seconds to compile: each is included by one adapter's .cpp files only.
HEAVY = {"nlohmann/": "base", "CLI/": "app", "pugixml": "aws", "sqlite3.h": "store", "curl/": "net",
         "microhttpd": "net", "yaml-cpp/": "config"}


def problems(source: pathlib.Path):
    for path in sorted(source.rglob("*")):
        if path.suffix not in {".h", ".cpp"}:
            continue
        room = path.relative_to(source).parts[0]
        test = path.name.endswith(("_test.cpp", "_test.h"))
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = re.match(r'\s*#include ([<"])([^>"]+)[>"]', line)
            if not found:
                continue
            target = found.group(2)
            first = target.split("/")[0]
            if found.group(1) == '"' and first != room and first in ALLOWED:
                # fleet's tests drive its real AWS client against emu's model in-process.
                if first not in ALLOWED[room] and not (test and first == "emu"):
                    yield f"{path}:{number}: {room} may not include {first}"
            for prefix, owner in HEAVY.items():
                if target.startswith(prefix) and (room != owner or path.suffix == ".h"):
                    yield f"{path}:{number}: {prefix} belongs in the .cpp files of {owner}"


if __name__ == "__main__":
    root = pathlib.Path(sys.argv[1])
    found = list(problems(root))
    print("\n".join(found) or f"include direction: {sum(1 for _ in root.rglob('*.[hc]*'))} files keep it")
    sys.exit(1 if found else 0)
