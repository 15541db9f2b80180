# SPDX-License-Identifier: Apache-2.0
"""The host that goes down, at each of its boots: a master and a worker that are enabled, first in
use, then after a reboot, then after its power failed."""

import glob
import json
import os
import re
import sqlite3
import subprocess
import time
import urllib.request

from cluster import SLICE, Job
from tap import check, check_equal, failed, finish, output, wait_for

BOOT = int(os.environ["VM_BOOT"])
STOP_SECONDS = 10  # what an executor is given to end, before it is killed
LOCAL = "/var/lib/spark/local"
WORK = "/var/lib/spark/work"


def together(name):
    subprocess.run(["python3", "-B", "barrier.py", "wait", name], check=True)


def is_active(unit):
    return output("systemctl", "is-active", unit).strip() == "active"


def registered():
    status = output("systemctl", "show", "-P", "StatusText", "spark-worker.service")
    return is_active("spark-master.service") and status.startswith("Registered with spark://")


def master_says():
    with urllib.request.urlopen("http://localhost:8080/json/", timeout=10) as answer:
        return json.load(answer)


def apps(which="activeapps"):
    return {app["name"]: app for app in master_says()[which]}


def units():
    return sorted(name for name in os.listdir(SLICE) if name.startswith("spark-executor-"))


class Journal:
    """What was logged at one boot, each entry with its time in seconds since then."""

    def __init__(self, boot):
        self.entries = []
        for line in output("journalctl", "-q", "-b", str(boot), "-o", "json").splitlines():
            entry = json.loads(line)
            if isinstance(entry.get("MESSAGE"), str):
                unit = entry.get("UNIT") or entry.get("_SYSTEMD_UNIT") or ""
                self.entries.append((int(entry["__MONOTONIC_TIMESTAMP"]) / 1e6, unit,
                                     entry["MESSAGE"]))

    def find(self, unit, pattern):
        return [(when, text) for when, of, text in self.entries
                if re.match(unit, of) and re.search(pattern, text)]

    def when(self, unit, pattern):
        """The first time; 0.0 when it was never said."""
        return next((when for when, _ in self.find(unit, pattern)), 0.0)

    def show(self, since):
        for when, unit, text in self.entries:
            if when >= since and "spark" in unit:
                print(f"# {when:10.3f} {unit}: {text}")


def first_start():
    """As spark-units(7) says."""
    output("systemctl", "enable", "--now", "spark-master", "spark-worker")
    check(wait_for(registered, 60), "the node is enabled, and its worker registered")


def job_runs():
    """The other host's job has two executors."""
    together(f"job runs {BOOT}")
    running = units()
    check_equal(len(running), 2, "a job of another host has two executors here")
    return running


def remember(**facts):
    """For the next boot, with what has failed so far."""
    facts["failed"] = failed
    with open("/srv/facts.json", "w", encoding="utf-8") as f:
        json.dump(facts, f)
        f.flush()
        os.fsync(f.fileno())


def remembered():
    with open("/srv/facts.json", encoding="utf-8") as f:
        facts = json.load(f)
    failed.extend(facts["failed"])
    return facts


def go_down(how):
    print(f"# {how}", flush=True)
    if how == "reboot":
        output("systemctl", "reboot")
    else:
        with open("/proc/sysrq-trigger", "w", encoding="ascii") as f:
            f.write("b")
    time.sleep(120)
    check(False, "the host goes down")
    finish()


def went_down_in_order(facts):
    journal = Journal(-1)
    worker, master = "spark-worker.service", "spark-master.service"
    asked = journal.when(worker, "Ending because of signal 15")
    check(asked, "the worker was asked to end as the host went down")
    ended = [when for name in facts["executors"]
             for when in [journal.when(worker, f"Executor {executor_of(name)} finished")] if when]
    check_equal(len(ended), 2, "it has seen its executors end")
    took = max(ended, default=1e9) - asked
    check(took < STOP_SECONDS, f"in order, within the time that they have ({took:.1f} s)", took)
    killed = journal.find("spark-", "SIGKILL|timed out|Ending at once")
    check_equal(killed, [], "nothing of Spark was killed")
    check(max(ended, default=1e9) <= journal.when(worker, "spark-worker ends") <
          journal.when(master, "spark-master ends"), "then the worker has ended, then the master")
    if not took < STOP_SECONDS:
        journal.show(asked)


def executor_of(unit):
    """spark-executor-APP-N.service -> APP/N"""
    return "/".join(re.fullmatch(r"spark-executor-(.*)-(\d+)\.service", unit).groups())


def back(facts, how):
    check(wait_for(registered, 60), f"after {how} the node is back by itself, registered")
    now = Journal(0)
    check(boot_id() != facts["boot_id"], "which is another boot")
    check_equal([unit for unit in ("spark-master.socket", "spark-worker.socket",
                                   "spark-launcher.socket") if not is_active(unit)], [],
                "its sockets are open")
    check(now.when("spark-master.service", r"Loaded the state of \d+ workers and [1-9]"),
          "the master has found what it had written down")
    check_equal(now.find("spark-(master|worker)", "cannot be used|damaged|Cannot keep"), [],
                "which was whole")
    check(now.when("spark-master.service", f"Application {facts['app']} is back"),
          "the application that ran has answered the master")


def boot_id():
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as f:
        return f.read().strip()


def app_goes_on(facts):
    """With other executors than before, whose numbers are not used twice."""
    wait_for(lambda: len(units()) == 2, 60)
    now = units()
    check(len(now) == 2 and not set(now) & set(facts["executors"]) and
          all(facts["app"] in name for name in now), "it gets other executors", now)


def nothing_is_left(facts):
    """Of the job, when it has ended; logs of all its executors stay, as clean-up says."""
    check(wait_for(lambda: not units(), 60), "when the job has ended nothing runs", units())
    check(wait_for(lambda: len(os.listdir(LOCAL)) <= 1 and not shuffle_data(), 30),
          "no shuffle data is left, of executors before or after",
          output("find", LOCAL))
    logs = glob.glob(f"{WORK}/{facts['app']}/*/stderr")
    check(len(logs) >= 4, "the logs are, of all of them", logs)


def shuffle_data():
    return [f"{path}/{name}" for path, dirs, files in os.walk(LOCAL) for name in dirs + files
            if not name.startswith("spark-")]


def driver_here():
    """An application whose driver goes down with the host."""
    job = Job("here", "sums")
    check(job.told("here.registered", 90), "another application has its driver on this host")
    return wait_for(lambda: apps().get("here"), 30)["id"]


def lost_driver(facts):
    gone = wait_for(lambda: "here" not in apps(), 60)
    check(gone, "an application whose driver is gone with the host is ended", apps())
    check(Journal(0).when("spark-master.service", f"{facts['here']}"), "and the log says so")


def databases():
    output("systemctl", "stop", "spark.target")
    for path in ("/var/lib/spark/master/state.db", "/var/lib/spark/worker/state.db"):
        with sqlite3.connect(path) as db:
            check_equal(db.execute("PRAGMA integrity_check").fetchone()[0], "ok", f"{path} is whole")


def main():
    if BOOT == 1:
        first_start()
        together("node up")
        remember(executors=job_runs(), app=apps()["first"]["id"], boot_id=boot_id())
        go_down("reboot")
    facts = remembered()
    if BOOT == 2:
        went_down_in_order(facts)
    back(facts, "a reboot" if BOOT == 2 else "a power failure")
    app_goes_on(facts)
    together(f"node back {BOOT}")
    together(f"job done {BOOT}")
    nothing_is_left(facts)
    if BOOT == 2:
        running = job_runs()
        remember(executors=running, app=apps()["second"]["id"], here=driver_here(),
                 boot_id=boot_id())
        go_down("power failure")
    lost_driver(facts)
    together("the end")
    databases()
    finish()


main()
