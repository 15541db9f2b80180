# SPDX-License-Identifier: Apache-2.0
"""The worker with libcgroup and a control group of its own to manage, by the settings that
spark-units(7) tells: its executors have their limits there, and their ends are explained."""

import os
import re
import subprocess
import urllib.request

from cluster import MIB, Job, main_pid, value
from tap import check, check_equal, check_match, finish, output, wait_for

ROOT = "/sys/fs/cgroup/system.slice/spark-worker.service"
LIMITS = (("memory.max", 896 * MIB), ("memory.high", 896 * MIB // 100 * 98 // 65536 * 65536),
          ("memory.swap.max", 0), ("memory.oom.group", 1), ("cpu.max", "100000 100000"),
          ("cpu.weight", 10), ("pids.max", 4096))


def groups():
    return [name for name in os.listdir(f"{ROOT}/spark-executors") if name.startswith("app-")]


def executor(job):
    """One is there with its limits."""
    told = job.told()
    group = told.get("group", "/")
    check_match(rf"^{ROOT}/spark-executors/app-[0-9-]+-0$", group, "an executor has a group of its own")
    for file, expected in LIMITS:
        check_equal(value(group, file), str(expected), f"{file} is {expected}")
    check_equal(told.get("uid"), output("id", "-u", "spark").strip(), "as the worker's user")
    text = output("spark-cluster", "top", "--once")
    check_match(r"1 executor, .* 896 MiB in limits", text, "spark-cluster top has its figures")
    with urllib.request.urlopen("http://localhost:8081/json/", timeout=30) as answer:
        check_match(r'"backend": "libcgroup"', answer.read().decode(), "so has the worker's /json/")
    return told.get("pid", "0")


def restart(job, pid):
    """Executors end with the worker, whose children they are."""
    subprocess.run(["systemctl", "restart", "spark-worker.service"], check=True)
    check(wait_for(lambda: not os.path.exists(f"/proc/{pid}")), "it ends with the worker")
    check(wait_for(lambda: re.search(r"Executor added: \S+/1 on", job.log()), 60),
          "and the job gets another when that is back")


def delegated():
    journal = output("journalctl", "-u", "spark-worker", "-o", "cat", "--no-pager", "-n", "20")
    check_match(r"by libcgroup, all together have 2048 of this host's \d+ MiB", journal,
                "the worker manages control groups itself")
    check_equal(value(f"{ROOT}/spark-executors", "memory.max"), str(2048 * MIB), "with a ceiling")
    job = Job("delegated", "memory_hog", "wait", conf={"spark.task.maxFailures": "1"})
    restart(job, executor(job))
    before = main_pid("spark-worker")
    job.go_on()
    check_equal(job.wait(), 1, "which takes too much memory, and the job fails")
    check_match(r"Lost executor 1 on \S+: Killed for memory: limit 896 MiB; JVM [1-9]\d*, Python "
                r"workers \(\d+\) [1-9]\d\d, .*; raise spark.executor.memoryOverhead \(384m now\)",
                job.log(), "the driver's log has the cause")
    check_equal(main_pid("spark-worker"), before, "the worker lives")
    check_equal(wait_for(lambda: not groups(), 30), True, "nothing is left of its executors")


try:
    delegated()
except (OSError, ValueError, KeyError, TypeError, IndexError, subprocess.SubprocessError) as e:
    check(False, "delegated", repr(e))
finish()
