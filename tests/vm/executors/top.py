# SPDX-License-Identifier: Apache-2.0
"""spark-cluster top beside the figures of the control groups that it tells of."""

import json
import os
import pty
import subprocess
import termios
import urllib.request

from cluster import stat, value
from tap import check, check_equal, check_match, output, wait_for


def look():
    return json.loads(output("spark-cluster", "top", "--once", "--delay", "2s", "--json"))


def usages():
    """As the worker tells, by id."""
    with urllib.request.urlopen("http://localhost:8081/json/", timeout=30) as answer:
        return {f"{e['appid']}/{e['id']}": e["usage"] for e in json.load(answer)["executors"]}


def in_between(name, before, found, after):
    check(before <= found <= after, name, f"{found} is not from {before} to {after}")


def check_figures(task, group):
    """All of them lie between what the files say before and after."""
    name, usage = task["name"], task["usage"]
    counts = (("memorylimit", "memory.max", None), ("memorypeak", "memory.peak", None),
              ("memoryhighevents", "memory.events", "high"), ("oomkills", "memory.events", "oom_kill"),
              ("cputhrottledperiods", "cpu.stat", "nr_throttled"))
    for key, file, word in counts:
        now = int(stat(group, file, word) if word else value(group, file))
        told = usages()[task["id"]][key]
        after = int(stat(group, file, word) if word else value(group, file))
        in_between(f"{name}: the worker's {key}", now, told, after)
        in_between(f"{name}: top's {key}", 0, usage[key], after)
    in_between(f"{name}: top's memory", 100 << 20, usage["memory"], usage["memorypeak"])
    in_between(f"{name}: its CPU time", 0.5, usage["cpuseconds"],
               int(stat(group, "cpu.stat", "usage_usec")) / 1e6)
    check(0.5 * usage["pids"] <= int(value(group, "pids.current")) <= 2 * usage["pids"],
          f"{name}: its tasks", usage["pids"])
    for what in ("cpu", "memory", "io"):
        in_between(f"{name}: pressure of {what}", 0, usage["pressure"][what]["some"], 100)


def on_terminal():
    """What it writes to a terminal until it is interrupted."""
    ours, its = pty.openpty()
    termios.tcsetwinsize(its, (24, 200))
    top = subprocess.Popen(["spark-cluster", "top", "--delay", "200ms"], stdin=its, stdout=its,
                           stderr=its, env={**os.environ, "TERM": "linux"})
    os.close(its)
    text = b""
    wait_for(lambda: False, 1)
    top.terminate()
    try:
        while data := os.read(ours, 65536):
            text += data
    except OSError:
        pass  # as a terminal ends
    os.close(ours)
    return top.wait(20), text.decode()


def check_top(groups):
    """`groups` by the names of the applications, each of which has one executor; all burn CPU."""
    found = look()
    tasks = {task["name"]: task for task in found["tasks"]}
    check_equal(sorted(tasks), sorted(groups), "spark-cluster top shows the executors")
    for name, group in groups.items():
        check_figures(tasks[name], group)
    check(0.5 < sum(task["cpu"] for task in tasks.values()) < 0.9, "and how busy each is", found)
    check(all(task["usage"]["pressure"]["cpu"]["some"] > 10 for task in tasks.values()),
          "all of which wait for processors", found)
    text = output("spark-cluster", "top", "--once")
    print(*(f"#   {line}" for line in text.splitlines()), sep="\n")
    check_match(r"1 of 1 worker answer\w*, 2 executors, 0 drivers; 0\.[5-9]\d of 8 cores busy, .*"
                r"0 OOM kills\n.*THROTTLED +MEMORY +PEAK +LIMIT +SHARE +CPU-PSI", text,
                "as a table, too")
    status, screens = on_terminal()
    check_equal((status, screens.count("\033[H") > 2, screens.count("greedy") > 2), (0, True, True),
                "on a terminal one look is over the other")
