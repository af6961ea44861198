#!/usr/bin/env python3
"""Collects every error code of the sources, `Code{"SPW-…", "why", "fix"}`, as a C++ table.  Usage: codes.py SRC OUTPUT.cpp
Fails when one id means two things."""
import pathlib
import re
import sys

TEXT = r'"(?:[^"\\]|\\.)*"'
TEXTS = rf"((?:{TEXT}\s*)+)"
CODE = re.compile(rf"\bCode\s+k\w+\s*\{{\s*{TEXTS},\s*{TEXTS},\s*{TEXTS}\}}", re.S)

# The codes of errors that have no name of their own: base/error.cpp's table by kind.
GENERAL = re.compile(rf'\{{"\w+",\s*("SPW-GEN-\d+"),\s*{TEXTS},\s*{TEXTS},\s*\d+\}}', re.S)


def joined(texts):
    return '"' + "".join(text[1:-1] for text in re.findall(TEXT, texts)) + '"'


def main(source, output):
    found = {}
    for path in sorted(pathlib.Path(source).rglob("*")):
        if path.suffix not in {".h", ".cpp"} or path.name.endswith("_test.cpp"):
            continue
        text = path.read_text()
        for match in [*CODE.finditer(text), *GENERAL.finditer(text)]:
            code, why, fix = (joined(group) for group in match.groups())
            if code in found and found[code] != (why, fix) and code.startswith('"SPW'):
                first = found[code]
                if first[0] != why:
                    found[code] = (first[0][:-1] + "; or " + why[1:], first[1][:-1] + "; or " + fix[1:])
                continue
            found.setdefault(code, (why, fix))
    lines = ['// Made by tools/codes.py.', '#include "insight/codes.h"', "namespace spillway::insight {",
             "const Code kKnownCodes[] = {"]
    lines += [f"    {{{code}, {why}, {fix}}}," for code, (why, fix) in sorted(found.items())]
    lines += ["};", "const size_t kKnownCodeCount = sizeof kKnownCodes / sizeof *kKnownCodes;", "}  // namespace spillway::insight", ""]
    pathlib.Path(output).write_text("\n".join(lines))
    if len(found) < 50:
        sys.exit("codes.py found hardly any codes: has their form changed?")


main(*sys.argv[1:])
