# SPDX-License-Identifier: Apache-2.0
"""Our master is restarted and killed while JVM workers of each Spark version run jobs of it."""

import os

import shuffles
from daemons import MASTER, kill_nine_often, master_knows, restart, starts_by_itself
from jvm import Jvm, executor_processes
from shuffles import EXECUTORS, VERSIONS
from tap import check, check_equal, finish, output, wait_for

KILLS = int(os.environ["KILLS"])


def unbothered(jobs, executors, what):
    check(shuffles.go_on(jobs), f"the jobs go on after {what}")
    check_equal(executor_processes(), executors, f"the same executors run after {what}")


def clean_restart(workers, jobs, executors):
    known, lost = master_knows(), shuffles.masters_lost(jobs)
    told = [worker.log() for worker in workers]
    check(all(restart(MASTER) for _ in range(3)), "the master is restarted three times")
    check_equal(master_knows(), known, "it knows at once what it knew")
    unbothered(jobs, executors, "restarts of the master")
    for worker, before in zip(workers, told):
        check_equal(worker.log()[len(before):], "", f"{worker.name} has not noticed it")
    check_equal(shuffles.masters_lost(jobs), lost, "nor have the drivers")


def crash(jobs, executors):
    before = starts_by_itself(MASTER)
    took = kill_nine_often(MASTER, KILLS, master_knows)
    check(took and starts_by_itself(MASTER) - before == KILLS,
          f"the master is killed {KILLS} times, all was as before {len(took)} times, "
          f"{min(took, default=0):.1f} to {max(took, default=0):.1f} s later")
    unbothered(jobs, executors, "kills of the master")


def main():
    output("systemctl", "stop", "spark-worker-webui.socket", "spark-worker.socket",
           "spark-worker.service")
    workers = [Jvm("Worker", version, 8181 + n, "--cores", str(EXECUTORS), "--memory", "1g",
                   "spark://localhost:7077")
               for n, version in enumerate(VERSIONS)]

    def alive():
        known = master_knows()
        return known and [w[1] for w in known["workers"]].count("ALIVE") == len(workers)

    check(wait_for(alive, 120), "JVM workers register", [w.log()[-2000:] for w in workers])
    jobs = shuffles.start("jvm-workers")
    executors = executor_processes()
    check_equal(len(executors), len(jobs) * EXECUTORS, "they have their executors")
    clean_restart(workers, jobs, executors)
    crash(jobs, executors)
    for job in jobs:
        job.go_on()
    for job in jobs:
        shuffles.ends_well(job)
        shuffles.nothing_lost(job)
    check(wait_for(lambda: not executor_processes(), 60), "nothing is left of their executors")
    check(wait_for(lambda: (master_knows() or {}).get("applications") == [], 20),
          "nor in the master's records", master_knows())
    for worker in workers:
        worker.stop()
    output("systemctl", "start", "spark-worker.service")
    finish()


main()
