#!/usr/bin/env bash
# fuzz.sh ENTRY: runs one libFuzzer program for $fuzz_seconds (30 unless set) over the project's corpus and what earlier runs
# found. What breaks it is kept as build/fuzz/NAME-crash-*.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
name=$(basename "$1")
found=build/fuzz/corpus/$name
mkdir -p "$found"
corpus=("$found")
if [ -d "fuzz/corpus/${name#fuzz_}" ]; then corpus+=("fuzz/corpus/${name#fuzz_}"); fi
if ! "$1" -max_total_time="${fuzz_seconds:-30}" -rss_limit_mb=4096 -timeout=10 -verbosity=0 -print_final_stats=1 \
  -artifact_prefix="build/fuzz/$name-" "${corpus[@]}" 2>"build/fuzz/$name.log"; then
  tail -20 "build/fuzz/$name.log" >&2
  exit 255  # xargs stops at once
fi
echo "        $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$name.log") inputs"
