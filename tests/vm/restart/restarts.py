# SPDX-License-Identifier: Apache-2.0
"""Our daemons are restarted, killed and upgraded while jobs of all Spark versions shuffle at once:
none of them must notice."""

import os
import re
import subprocess
import time

import shuffles
from cluster import main_pid
from daemons import (
    MASTER, WORKER, both_know, both_up, journal, kill_nine, kill_nine_often, now, restart,
    starts_by_itself, units, worker_knows,
)
from shuffles import VERSIONS, unbothered
from tap import check, check_equal, finish, output, wait_for

KILLS = int(os.environ["KILLS"])


def clean_restart(jobs, executors):
    since, known = now(), worker_knows()
    check(all(restart(WORKER) for _ in range(3)), "the worker is restarted three times")
    check_equal(worker_knows(), known, "it knows at once what it knew")
    unbothered(jobs, executors, "restarts of the worker")
    told = journal(MASTER, since)
    check(not re.search("Registering worker|lost|disassociated|closed the connection", told),
          "the master has not noticed it", told)


def master_restart(jobs, executors):
    since, known, lost = now(), both_know(), shuffles.masters_lost(jobs)
    check(all(restart(MASTER) for _ in range(3)), "the master is restarted three times")
    check_equal(both_know(), known, "it knows at once what it knew")
    unbothered(jobs, executors, "restarts of the master")
    told = journal(WORKER, since)
    check("Connection to master" not in told, "the worker has not noticed it", told)
    check_equal(shuffles.masters_lost(jobs), lost, "nor have the drivers")


def crash(jobs, executors, service):
    before = starts_by_itself(service)
    took = kill_nine_often(service, KILLS, both_know)
    check(took and starts_by_itself(service) - before == KILLS,
          f"{service} is killed {KILLS} times, all was as before {len(took)} times, "
          f"{min(took, default=0):.1f} to {max(took, default=0):.1f} s later",
          journal(service, "-60"))
    unbothered(jobs, executors, f"kills of {service}")


def crash_of_master(jobs, executors):
    before, launcher = shuffles.masters_lost(jobs), main_pid("spark-launcher")
    crash(jobs, executors, MASTER)
    after = shuffles.masters_lost(jobs)
    check(all(after[name] > before[name] for name in before), "of which the drivers have heard",
          after)
    # It would end after 30 s without work, and a worker that stops could not have it started.
    check_equal(main_pid("spark-launcher"), launcher, "the launcher has stayed meanwhile")


def upgrade(jobs, executors):
    known = both_know()
    status = subprocess.run("apt-get -qq install -y --reinstall ./debs/*.deb", shell=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    check_equal(status.returncode, 0, "the packages are installed again")
    check(wait_for(lambda: both_up() and both_know() == known, 60), "the daemons are up after it",
          both_know())
    unbothered(jobs, executors, "it")


def jobs_end(jobs):
    for job in jobs:
        job.go_on()
    for job in jobs:
        shuffles.ends_well(job)
        shuffles.nothing_lost(job)
    check(wait_for(lambda: not units(), 60), "nothing is left of their executors", units())
    # ... nor does anything come back.
    worker = worker_knows()["worker"]
    for service in (WORKER, MASTER):
        kill_nine(service)
    idle = ({"worker": worker, "executors": [], "taken": (0, 0)},
            {"workers": [(worker, "ALIVE", 0, 0)], "applications": []})
    check(wait_for(lambda: both_know() == idle, 60), "nor in the daemons' records", both_know())


def ended_meanwhile(job):
    """What happens to an executor while there is no worker is told when there is one again."""
    unit, pid = next(iter(units().items()))
    output("systemctl", "kill", "-s", "STOP", "spark-worker.service")
    output("kill", "-9", pid)
    time.sleep(1)
    kill_nine(WORKER)
    check(wait_for(both_up, 60), "the worker is killed while an executor dies")
    check(wait_for(lambda: "137" in job.log() or "signal 9" in job.log(), 60),
          "the driver hears how that ended", job.log()[-2000:])
    check(wait_for(lambda: units() and unit not in units(), 60), "and has another", units())
    check(shuffles.go_on([job]), "with which the job goes on", job.log()[-2000:])


def stop_in_order(job):
    old = units()
    before = time.monotonic()
    output("systemctl", "stop", "spark-worker.service")
    took = time.monotonic() - before
    check_equal(units(), {}, f"systemctl stop ends executors (in {took:.1f} s)")
    check(took < 45, "within the time that it has", took)
    output("systemctl", "start", "spark-worker.service")
    check(wait_for(both_up, 60), "and the worker starts again")
    check(not set(old) & set(units()), "with nothing of what was", units())
    job.go_on()
    shuffles.ends_well(job)


def main():
    jobs = shuffles.start("rounds")
    executors = units()
    check_equal(len(executors), len(jobs) * shuffles.EXECUTORS, "they have their executors")
    clean_restart(jobs, executors)
    crash(jobs, executors, WORKER)
    master_restart(jobs, executors)
    crash_of_master(jobs, executors)
    upgrade(jobs, executors)
    jobs_end(jobs)
    job, = shuffles.start("ends", VERSIONS[:1],
                          **{"spark.cores.max": "1", "spark.task.maxFailures": "4"})
    ended_meanwhile(job)
    stop_in_order(job)
    finish()


main()
