# SPDX-License-Identifier: Apache-2.0
"""Executors of stock Spark have the limits that were asked for, and no more than them."""

import json
import os
import re
import subprocess
import urllib.request

from cluster import MIB, SLICE, Job, main_pid, stat, value
from tap import check, check_equal, check_match, finish, output, read, wait_for

# What is asked for; the sum of it in MiB, and the cores.
REQUESTS = {
    "plain": ({}, 512 + 384, 1),
    "all-parts": ({
        "spark.executor.memory": "480m",
        "spark.executor.memoryOverhead": "200m",
        "spark.memory.offHeap.enabled": "true",
        "spark.memory.offHeap.size": "96m",
        "spark.executor.pyspark.memory": "160m",
    }, 480 + 200 + 96 + 160, 1),
    "three-cores": ({
        "spark.executor.memory": "1000m",
        "spark.executor.cores": "3",
        "spark.cores.max": "3",
    }, 1000 + 384, 3),
}


def percent(mib, percent):
    """Of an amount in MiB, in bytes; the kernel counts whole pages, of 64 KiB at most."""
    return mib * MIB // 100 * percent // 65536 * 65536


def running():
    """The executors, as the worker tells."""
    with urllib.request.urlopen("http://localhost:8081/json/", timeout=30) as answer:
        return json.load(answer)["executors"]


def uid_of(user):
    return output("id", "-u", user).strip()


def exact_limits():
    check_equal(value(SLICE, "memory.max"), str(2048 * MIB), "the ceiling of all executors is set")
    job = Job("requested", "requested", json.dumps({n: r[0] for n, r in REQUESTS.items()}))
    for name, (_, mib, cores) in REQUESTS.items():
        told = job.told(name)
        group = told.get("group", "/")
        check_match(rf"^{SLICE}/spark-executor-app-[0-9-]+-0\.service$", group,
                    f"{name}: the executor has a group of its own")
        for file, expected in (("memory.max", mib * MIB), ("memory.high", percent(mib, 98)),
                               ("memory.swap.max", 0), ("cpu.max", f"{cores}00000 100000"),
                               ("cpu.weight", 10 * cores), ("pids.max", 4096)):
            check_equal(value(group, file), str(expected), f"{name}: {file} is {expected}")
        check_equal(told.get("uid"), uid_of("spark-executor"), f"{name}: as a user of its own")
        if name == "plain":
            print(output("systemd-cgls", "--no-pager", "-l", "/spark.slice"))
            usage = running()[0]["usage"]
            check_equal((usage["memorylimit"], usage["heap"], usage["overhead"]),
                        (mib * MIB, 512, 384), "the worker's /json/ has its limit and the sum")
            check(usage["split"]["jvm"] > 50 * MIB and usage["split"]["pythonworkers"] > 0,
                  "and who has its memory", usage)
        job.go_on(name)
    check_equal(job.result(), (0, "done"), "the job ends well")
    check_equal(wait_for(lambda: not groups(), 30), True, "nothing is left of its executors")


def groups():
    return [name for name in os.listdir(SLICE) if name.startswith("spark-executor")]


def pids():
    return main_pid("spark-master"), main_pid("spark-worker")


def too_much_memory():
    before = pids()
    neighbour = Job("neighbour", "neighbour", conf={"spark.executor.memoryOverhead": "200m"})
    theirs = neighbour.told()
    hog = Job("hog", "memory_hog", conf={"spark.task.maxFailures": "2"})
    check_equal(hog.wait(), 1, "a job that takes too much memory fails")
    log = hog.log()
    added = re.findall(r"Executor added: (app-\S+/\d+) on", log)
    check_equal(len(set(added[:2])), 2, "after it was tried again on another executor")
    check_match(r"Job aborted due to stage failure: Task 0 in stage 0\.0 failed 2 times", log,
                "it fails as Spark says")
    check_match(r"Lost executor 0 on \S+: Killed for memory: limit 896 MiB; JVM [1-9]\d*, "
                r"Python workers \(\d+\) [1-9]\d\d, .*; raise spark.executor.memoryOverhead "
                r"\(384m now\) to about \d+m", log, "the driver's log has the cause")
    print(*(f"#   {line}" for line in log.splitlines() if "Killed for memory" in line), sep="\n")
    journal = output("journalctl", "-u", "spark-worker", "-o", "cat", "--no-pager")
    check_match(r"Killed for memory: limit 896 MiB", journal, "so has the worker's journal")
    kernel = output("dmesg")
    check_match(r"oom_memcg=/spark\.slice/spark-executors\.slice/spark-executor-app", kernel,
                "the kernel has killed within the executor's group")
    check("global_oom" not in kernel, "and nowhere else")
    check_equal(pids(), before, "the daemons live")
    check_equal(stat(theirs.get("group", "/"), "memory.events", "oom_kill"), "0",
                "nothing of another application was killed")
    neighbour.go_on()
    check_equal(neighbour.result(), (0, "the same"), "whose executor works on")


def users_code():
    before = pids()
    work = "/var/lib/spark/work"
    files = ["/etc/spark/secret.conf", "/var/lib/spark/master/state", f"{work}/state"]
    for path in files[1:]:
        with open(path, "w", encoding="utf-8") as f:
            f.write("state")
        subprocess.run(["chown", "spark:spark", path], check=True)
        os.chmod(path, 0o600)
    job = Job("intruder", "intruder", ",".join(str(pid) for pid in before), ",".join(files))
    check_equal(job.result(), (0, "done"), "a job tries what it should not")
    tried = [line for line in read(job.out).splitlines() if line.startswith(("could", "cannot"))]
    for line in tried:
        check(line.startswith("cannot"), f"it {line}")
    check(len(tried) > 30, "it has tried a lot", read(job.out))
    check_equal(pids(), before, "the daemons live")
    for path in files[1:]:
        check_equal(read(path), "state", f"{path} is as it was")
        os.unlink(path)


for part in (exact_limits, too_much_memory, users_code):
    try:
        part()
    except (OSError, ValueError, KeyError, TypeError, IndexError) as e:
        check(False, part.__name__, repr(e))
finish()
