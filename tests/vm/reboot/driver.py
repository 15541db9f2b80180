# SPDX-License-Identifier: Apache-2.0
"""The host that stays: its jobs run on executors of the other one, which goes down under them."""

import os
import subprocess

from cluster import TOLD, Job
from tap import check, check_equal, check_match, finish

MASTER = "spark://10.77.0.1:7077"
SETTINGS = {
    "spark.cores.max": "2",
    "spark.executor.memory": "480m",
    "spark.executor.memoryOverhead": "300m",
    "spark.driver.host": os.environ["VM_IP"],
}


def together(name):
    subprocess.run(["python3", "-B", "barrier.py", "wait", name], check=True)


def start(name, boot):
    job = Job(name, "sums", conf=SETTINGS, master=MASTER)
    check(job.told(seconds=240), f"the {name} job runs")
    together(f"job runs {boot}")
    return job


def ends_well(job, boot):
    together(f"node back {boot}")
    os.unlink(f"{TOLD}/{job.name}")
    check(job.told(seconds=120), "the job goes on")
    job.go_on()
    check_equal(job.result(), (0, "right"), "and its result is right")
    together(f"job done {boot}")


def main():
    together("node up")
    job = start("first", 1)
    ends_well(job, 2)
    log = job.log()
    check_match(r"Executor updated: \S+/0 is now LOST .worker lost: ", log,
                "its driver was told what became of its executors")
    check_match("is now LOST.*Connection to vm1:7077 failed.*Master has changed, new master is at",
                log, "before the master went, and that it is back")
    job = start("second", 2)
    ends_well(job, 3)
    job = Job("third", "sums", conf=SETTINGS, master=MASTER)
    job.go_on()
    check_equal(job.result(), (0, "right"), "a new job runs right, too")
    together("the end")
    finish()


main()
