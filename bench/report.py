"""What the benchmarks share: timing of a command from exec to exit, and the report's table and JSON line."""
import json
import os
import statistics
import time


def figure(value):
    """Four significant digits: more would be noise."""
    return float(f"{value:.4g}")


class Report:
    def __init__(self, bench):
        self.bench, self.results = bench, []

    def add(self, case, unit, runs, versus=None):
        """`runs` are single measurements in `unit`; `versus` is (name, measurements) of what to compare with."""
        result = {"case": case, "unit": unit, "runs": len(runs), "median": figure(statistics.median(runs)),
                  "min": figure(min(runs)), "max": figure(max(runs))}
        if versus:
            name, others = versus
            median = statistics.median(others)
            result["versus"] = {"name": name, "median": figure(median), "ratio": figure(statistics.median(runs) / median)}
        self.results.append(result)

    def show(self):
        rows = [("case", "runs", "median", "min", "max", "versus")]
        for r in self.results:
            beside = r.get("versus")
            rows.append((r["case"], str(r["runs"]), *(f"{r[k]:.2f} {r['unit']}" for k in ("median", "min", "max")),
                         f"{beside['name']} {beside['median']:.2f} {r['unit']}, ratio {beside['ratio']:.3g}" if beside else ""))
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        for row in rows:
            print("  ".join(text.ljust(width) if i in (0, 5) else text.rjust(width)
                            for i, (text, width) in enumerate(zip(row, widths))).rstrip())
        print(json.dumps({"bench": self.bench, "results": self.results}), flush=True)


def milliseconds(argv, env=None):
    """One run of `argv`, from its exec to its exit, in milliseconds; its output is thrown away."""
    nothing = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, nothing, fd) for fd in (0, 1, 2)]
    began = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, os.environ if env is None else env, file_actions=actions)
    _, status = os.waitpid(pid, 0)
    took = time.perf_counter() - began
    os.close(nothing)
    if status != 0:
        raise SystemExit(f"error: {argv} ended with {os.waitstatus_to_exitcode(status)}")
    return took * 1000


def interleaved(runs, *measures):
    """Runs the measures in turn, `runs` times each, so that the machine's other load meets all alike. The first turn warms
    up and is not counted. Returns one list for each."""
    lists = [[] for _ in measures]
    for turn in range(runs + 1):
        for found, measure in zip(lists, measures):
            value = measure()
            if turn:
                found.append(value)
    return lists
