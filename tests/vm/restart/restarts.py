# SPDX-License-Identifier: Apache-2.0
"""Daemons are restarted, killed and upgraded while a stock Spark job shuffles: it must not notice."""

import glob
import json
import os
import re
import subprocess
import time
import urllib.request

from cluster import SLICE, Job, main_pid
from tap import check, check_equal, check_match, finish, output, wait_for

SPARK = os.environ["SPARK_VERSION"]
KILLS = int(os.environ.get("KILLS", "5"))


def units():
    """The executors that run: unit -> its first process."""
    names = [name for name in os.listdir(SLICE) if name.startswith("spark-executor-")]
    return {name: output("systemctl", "show", "-P", "MainPID", name).strip() for name in names}


def worker_says(port=8081):
    with urllib.request.urlopen(f"http://localhost:{port}/json/", timeout=10) as answer:
        return json.load(answer)


def is_up(service):
    return output("systemctl", "is-active", f"{service}.service").strip() == "active"


def registered():
    status = output("systemctl", "show", "-P", "StatusText", "spark-worker.service")
    return status.startswith("Registered with spark://")


def both_up():
    return is_up("spark-master") and is_up("spark-worker") and registered()


def journal(unit, since):
    return output("journalctl", "--no-pager", "-o", "cat", "-u", f"{unit}.service", "--since", since)


def now():
    return f"@{time.time():.6f}"


def kill_nine(service):
    before = main_pid(service)
    output("systemctl", "kill", "-s", "KILL", f"{service}.service")
    again = wait_for(lambda: main_pid(service) not in (0, before) and both_up(), 60)
    if not again:
        print(output("systemctl", "--no-pager", "--full", "status", f"{service}.service"))
    return bool(again)


def restart(service):
    before = main_pid(service)
    output("systemctl", "restart", f"{service}.service")
    return bool(wait_for(lambda: main_pid(service) not in (0, before) and both_up(), 60))


def start_job(name, **kwargs):
    settings = {
        "spark.cores.max": "2",
        "spark.task.maxFailures": "1",
        "spark.executor.memory": "480m",
        "spark.executor.memoryOverhead": "300m",
    }
    settings.update(kwargs)
    job = Job(name, "rounds", conf=settings)
    check(job.told(seconds=150), f"Spark {SPARK}: a job shuffles")
    if job.process.poll() is not None:
        finish()
    return job


def unbothered(job, executors, what):
    check_equal(job.process.poll(), None, f"the job goes on after {what}")
    check_equal(units(), executors, f"the same executors run after {what}")


def clean_restart(job, executors):
    since = now()
    check(all(restart("spark-worker") for _ in range(3)), "the worker is restarted three times")
    unbothered(job, executors, "restarts of the worker")
    told = journal("spark-master", since)
    check(not re.search("Registering worker|lost|disassociated|closed the connection", told),
          "the master has not noticed it", told)
    listed = {e["id"] for e in worker_says()["executors"]} if executors else set()
    check_equal(len(listed), len(executors), "the worker knows its executors again")


def crash(job, executors, service, times):
    done = sum(kill_nine(service) for _ in range(times))
    check_equal(done, times, f"{service} is killed {times} times and comes back")
    unbothered(job, executors, f"kills of {service}")


def master_restart(job, executors):
    since = now()
    check(all(restart("spark-master") for _ in range(3)), "the master is restarted three times")
    unbothered(job, executors, "restarts of the master")
    told = journal("spark-worker", since)
    check("Connection to master" not in told, "the worker has not noticed it", told)


def upgrade(job, executors):
    status = subprocess.run("apt-get -qq install -y --reinstall ./debs/*.deb", shell=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    check_equal(status.returncode, 0, "the packages are installed again")
    check(wait_for(both_up, 60), "the daemons are up after it")
    unbothered(job, executors, "it")


def ends_well(job):
    job.go_on()
    check_equal(job.result(180), (0, "right"), f"Spark {SPARK}: the job's result is right")
    told = job.log()
    check(not re.search(r"(?i)lost executor|executor lost|lost task|worker lost|ExecutorLost", told),
          "its driver has lost no executor and no task",
          "\n".join(line for line in told.splitlines() if re.search("(?i)lost", line)))
    check(wait_for(lambda: not units(), 60), "nothing is left of its executors", units())


def ended_meanwhile():
    """What happens to an executor while there is no worker is told when there is one again."""
    job = start_job("meanwhile", **{"spark.cores.max": "1", "spark.task.maxFailures": "4"})
    unit, pid = next(iter(units().items()))
    output("systemctl", "kill", "-s", "STOP", "spark-worker.service")
    output("kill", "-9", pid)
    time.sleep(1)
    check(kill_nine("spark-worker"), "the worker is killed while an executor dies")
    check(wait_for(lambda: "137" in job.log() or "signal 9" in job.log(), 60),
          "the driver hears how that ended", job.log()[-2000:])
    check(wait_for(lambda: units() and unit not in units(), 60), "and has another", units())
    job.go_on()
    check_equal(job.result(180), (0, "right"), "with which the job ends well")


def stop_in_order():
    job = start_job("stopped", **{"spark.cores.max": "1", "spark.task.maxFailures": "4"})
    old = units()
    time.sleep(40)  # the launcher by itself would end after 30 s without work
    before = time.monotonic()
    output("systemctl", "stop", "spark-worker.service")
    took = time.monotonic() - before
    check_equal(units(), {}, f"systemctl stop ends executors (in {took:.1f} s)")
    check(took < 45, "within the time that it has", took)
    output("systemctl", "start", "spark-worker.service")
    check(wait_for(both_up, 60), "and the worker starts again")
    check(not set(old) & set(units()), "with nothing of what was", units())
    job.go_on()
    check_equal(job.result(180), (0, "right"), "and the job ends well with what it gets then")


def main():
    job = start_job("rounds")
    executors = units()
    check_equal(len(executors), 2, "it has two executors")
    clean_restart(job, executors)
    crash(job, executors, "spark-worker", KILLS)
    master_restart(job, executors)
    crash(job, executors, "spark-master", KILLS)
    upgrade(job, executors)
    ends_well(job)
    ended_meanwhile()
    stop_in_order()
    finish()


main()
