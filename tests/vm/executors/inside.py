# SPDX-License-Identifier: Apache-2.0
"""For the jobs: how they talk with the test that started them, and what runs in Python workers."""

import os
import time

TOLD = "/srv/told"


def tell(name, **values):
    """For Job.told()."""
    with open(f"{TOLD}/.{name}", "w", encoding="utf-8") as f:
        f.writelines(f"{key}={value}\n" for key, value in values.items())
    os.rename(f"{TOLD}/.{name}", f"{TOLD}/{name}")


def wait_to_go_on(name, seconds=240):
    """For Job.go_on()."""
    end = time.monotonic() + seconds
    while not os.path.exists(f"{TOLD}/{name}.go") and time.monotonic() < end:
        time.sleep(0.1)


def own_group():
    """The control group that this process is in, as a directory."""
    with open("/proc/self/cgroup", encoding="utf-8") as f:
        return "/sys/fs/cgroup" + f.read().split("::", 1)[1].strip()


def executor_pid():
    """The JVM that this Python worker belongs to: the first of its group."""
    with open(f"{own_group()}/cgroup.procs", encoding="utf-8") as f:
        for pid in f.read().split():
            with open(f"/proc/{pid}/comm", encoding="utf-8") as name:
                if name.read().strip() == "java":
                    return int(pid)
    return 0


def who():
    """Group, JVM and user of the executor that a task runs on."""
    return own_group(), executor_pid(), os.getuid()


def on_an_executor(sc, function):
    """The result of a function that is run as a task."""
    return sc.parallelize([0], 1).map(lambda _: function()).first()
