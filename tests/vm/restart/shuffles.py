# SPDX-License-Identifier: Apache-2.0
"""Jobs that shuffle until they may end, of each Spark version that is here, and what a job shows
when it was not spared."""

import os
import re

from cluster import TOLD, Job
from daemons import units
from tap import check, check_equal, finish, read, wait_for

VERSIONS = os.environ["SPARK_VERSIONS"].split()
EXECUTORS = 2  # of each job
SETTINGS = {
    "spark.cores.max": str(EXECUTORS),
    "spark.task.maxFailures": "1",
    "spark.executor.memory": "480m",
    "spark.executor.memoryOverhead": "300m",
}


def start(name, versions=None, master="spark://localhost:7077", **settings):
    """One job of each version, all at once."""
    jobs = [Job(f"{name}-{version}", "rounds", conf={**SETTINGS, **settings}, spark=version,
                master=master)
            for version in versions or VERSIONS]
    for job in jobs:
        check(job.told(seconds=300), f"{job.name}: a job shuffles")
        if job.process.poll() is not None:
            finish()
    return jobs


def rounds(job):
    return int(re.search(r"rounds=(\d+)", read(f"{TOLD}/{job.name}"))[1])


def go_on(jobs, seconds=120):
    """Whether each shuffles on: the round that began meanwhile ends, and a whole one."""
    before = [rounds(job) for job in jobs]
    return wait_for(lambda: all(rounds(job) >= n + 2 for job, n in zip(jobs, before)), seconds)


def unbothered(jobs, executors, what):
    check(go_on(jobs), f"the jobs go on after {what}", [job.process.poll() for job in jobs])
    check_equal(units(), executors, f"the same executors run after {what}")


def masters_lost(jobs):
    """How often their drivers have lost the master, and heard of another one."""
    words = "waiting for master to reconnect|Master has changed"
    return {job.name: len(re.findall(words, job.log())) for job in jobs}


def nothing_lost(job):
    """What its driver was told, and found, until now."""
    told = job.log()
    lost = [line for line in told.splitlines()
            if re.search(r"(?i)lost (executor|task|worker)|(executor|task|worker) ?lost", line)]
    check(not lost, f"{job.name}: its driver has lost no executor, task or worker", lost)
    given = re.findall(r"Executor added: (\S+)", told)
    check_equal(len(given), EXECUTORS, f"{job.name}: it was given its executors once")
    ends = re.findall(r"Executor updated: .* is now (?:LOST|FAILED|EXITED|KILLED).*", told)
    check(not ends, f"{job.name}: it was told of none's end", ends)


def ends_well(job):
    check_equal(job.result(180), (0, "right"), f"{job.name}: the result is right")
