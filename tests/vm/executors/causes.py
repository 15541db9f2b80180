# SPDX-License-Identifier: Apache-2.0
"""Why an executor did not start, or ended: a stock driver's own log says it in words."""

import json
import os
import re
import signal
import subprocess
import time

from cluster import SLICE, Job
from tap import check, check_equal, check_match, finish, output, wait_for

WORK, LOCAL = "/var/lib/spark/work", "/var/lib/spark/local"
ENVIRONMENT, DROP_IN = "/etc/default/spark-worker", "/etc/spark/spark-worker.conf.d/z-cause.conf"
# The application, what it asks for, and what its driver logs.
CAUSES = {
    "no-java": ({}, r"is now FAILED \(Error running executor: there is no Java at "
                    r"/usr/lib/jvm/none/bin/java: install one, or set JAVA_HOME"),
    "no-engine": ({}, r"waits: it runs Spark [3-5., ]*; no registered worker has any engine"),
    "read-only-local": ({}, rf"is now FAILED \(Error running executor: cannot make a local directory of "
                            rf"executor \S+ below {LOCAL}/small: Read-only file system"),
    "full-local": ({}, rf"Command exited with code 1: .*; the disk of {LOCAL}/small\S* was full"),
    "full-work": ({}, rf"is now FAILED \(Error running executor: cannot write {WORK}/app-\S+/0/stderr: "
                      r"No space left on device"),
    "no-room": ({"spark.executor.memory": "1700m", "spark.executor.memoryOverhead": "600m"},
                r"waits: an executor needs a limit of 2300 MiB \(heap 1700 \+ overhead 600\), and no "
                r"worker's executors may take so much: at most 2048 MiB"),
    "no-worker": ({"spark.executor.memory": "64g"},
                  r"waits: an executor needs 1 core and 65536 MiB of memory, which no worker"),
    "killed": ({}, r"Executor updated: \S+ is now EXITED \(Command exited with code 137: killed "
                   r"\(SIGKILL\), though not for a memory limit of its own"),
    "crashed": ({}, r"Executor updated: \S+ is now EXITED \(Command exited with code 134: .*SIGABRT.*"
                    r"hs_err_pid"),
}


def run(*command):
    subprocess.run(command, check=True)


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def mount_small(path, options):
    """A file system of 64 KiB."""
    os.makedirs(path, exist_ok=True)
    ids = (f"{what}={output('id', f'-{what[0]}', name).strip()}"
           for what, name in (("uid", "spark"), ("gid", "spark-executor")))
    run("mount", "-t", "tmpfs", "-o", ",".join(["size=64k", "mode=2711", *options, *ids]), "small", path)


def fill(path):
    with open(f"{path}/filler", "wb", buffering=0) as f:
        try:
            while True:
                f.write(bytes(4096))
        except OSError:
            pass


def start_worker():
    run("systemctl", "restart", "spark-worker.service")
    check(wait_for(lambda: "Registered with" in output("systemctl", "show", "-P", "StatusText",
                                                       "spark-worker.service")), "a worker is there")


def arrange(cause):
    """What goes wrong on this node."""
    if cause == "no-java":
        write(ENVIRONMENT, "JAVA_HOME=/usr/lib/jvm/none\n")
    elif cause == "no-engine":
        write(DROP_IN, "[worker]\nengines = /srv/no-engines\n")
    elif cause.endswith("-local"):
        write(ENVIRONMENT, f"SPARK_LOCAL_DIRS={LOCAL}/small\n")
        mount_small(f"{LOCAL}/small", ["ro"] if cause == "read-only-local" else [])
        if cause == "full-local":
            fill(f"{LOCAL}/small")
    elif cause == "full-work":
        mount_small(WORK, [])
        fill(WORK)
    else:
        return False
    start_worker()
    return True


def put_right(cause):
    for path in (ENVIRONMENT, DROP_IN):
        write(path, "")
    run("systemctl", "stop", "spark-worker.service")
    for end, path in (("-local", f"{LOCAL}/small"), ("-work", WORK)):
        if cause.endswith(end):
            wait_for(lambda path=path: subprocess.run(["umount", path]).returncode == 0)
    start_worker()


def executor():
    """The JVM of the one that runs, when it is one."""
    for pid in output("pgrep", "-f", "java.*CoarseGrainedExecutorBackend").split():
        with open(f"/proc/{pid}/cgroup", encoding="utf-8") as f:
            if SLICE.removeprefix("/sys/fs/cgroup") in f.read():
                return int(pid)
    return 0


def kill(name):
    os.kill(wait_for(executor, 60), name)


def show_cause(job, cause, pattern):
    job.told(f"{cause}-next")
    changed = arrange(cause)
    begin = len(job.log())
    job.go_on(f"{cause}-next")
    job.told(cause)
    if cause == "killed":
        kill(signal.SIGKILL)
    elif cause == "crashed":
        wait_for(lambda: "Registered executor" in job.log()[begin:], 60)
        kill(signal.SIGSEGV)
    found = wait_for(lambda: re.search(rf".*{pattern}.*", job.log()[begin:]), 60)
    check(found, f"{cause}: the driver's log says why", job.log()[begin:][-3000:])
    if found:
        print(f"#   {found[0]}")
    job.go_on(cause)
    if changed:
        put_right(cause)


def budget():
    """Not promised, what the host does not have."""
    for setting, said in (
            ("memory = 64g", r"65536 MiB of heap are offered, but executors on this host may take "
                             r"2048 MiB"),
            ("executor-memory = 64g", r"65536 MiB for executors and \d+ MiB for the system are "
                                      r"\d+ MiB, but this host has \d+ MiB")):
        write(DROP_IN, f"[worker]\n{setting}\n")
        check(subprocess.run(["systemctl", "restart", "spark-worker.service"]).returncode != 0,
              f"{setting}: the worker does not start")
        check_match(said, output("journalctl", "-u", "spark-worker", "-o", "cat", "-n", "10"),
                    f"{setting}: and says the sum")
    check_equal(output("systemctl", "show", "-P", "NRestarts", "spark-worker.service").strip(), "0",
                "nor is it started again and again")
    os.unlink(DROP_IN)


def causes():
    job = Job("causes", "waiting", json.dumps({name: c[0] for name, c in CAUSES.items()}))
    for cause, (_, pattern) in CAUSES.items():
        began = time.monotonic()
        show_cause(job, cause, pattern)
        print(f"#   {cause}: {time.monotonic() - began:.1f} s")
    check_equal(job.result(), (0, "done"), "the job ends well")


for part in (causes, budget):
    try:
        part()
    except (OSError, ValueError, KeyError, TypeError, IndexError, subprocess.SubprocessError) as e:
        check(False, part.__name__, repr(e))
finish()
