# SPDX-License-Identifier: Apache-2.0
"""Executors that burn CPU: within their ceilings, and none at another's expense. The settings of
the node are other than by default, and the executors have what they say."""

import time

from cluster import MIB, SLICE, Job, stat, value
from tap import check, check_equal, finish
from top import check_top


def cpu_seconds(group):
    return int(stat(group, "cpu.stat", "usage_usec")) / 1e6


def settings(group):
    swap = (512 + 384) * MIB // 100 * 25 // 65536 * 65536
    for file, expected in (("memory.high", "max"), ("memory.swap.max", swap), ("pids.max", 500),
                           ("cpu.max", "100000 100000"), ("cpu.weight", 10)):
        check_equal(value(group, file), str(expected), f"{file} is {expected}, as the node says")


def shares():
    check_equal(value(SLICE, "cpu.max"), "80000 100000", "all have four fifths of a core")
    jobs = [Job("greedy", "cpu_hog", "5"), Job("modest", "cpu_hog", "1")]
    groups = [job.told().get("group", "/") for job in jobs]
    settings(groups[0])
    time.sleep(3)  # until both burn
    before, began = [cpu_seconds(group) for group in groups], time.monotonic()
    throttled = int(stat(SLICE, "cpu.stat", "nr_throttled"))
    time.sleep(10)
    greedy, modest = (cpu_seconds(group) - b for group, b in zip(groups, before))
    seconds = time.monotonic() - began
    print(f"# in {seconds:.2f} s: {greedy:.2f} s for five processes, {modest:.2f} s for one")
    check(0.6 < (greedy + modest) / seconds < 0.84, "both together stay within their ceiling")
    check(greedy / seconds < 0.5, "five processes have no more than one core's share")
    check(modest / seconds > 0.3, "one process of another application has its own")
    check(int(stat(SLICE, "cpu.stat", "nr_throttled")) > throttled, "the kernel holds them")
    check_top(dict(zip((job.name for job in jobs), groups)))
    for job in jobs:
        job.go_on()
    check_equal([job.result() for job in jobs], [(0, "burnt with 5"), (0, "burnt with 1")],
                "both jobs end well")


try:
    shares()
except (OSError, ValueError, KeyError, TypeError, IndexError) as e:
    check(False, "shares", repr(e))
finish()
