# SPDX-License-Identifier: Apache-2.0
"""The daemons as the tests of restarts see and end them: by their units, pages and journals."""

import glob
import http.client
import json
import os
import signal
import time
import urllib.request

from cluster import SLICE, main_pid
from tap import output, wait_for

MASTER, WORKER = "spark-master", "spark-worker"
# Killed while it recovers: each fourth time, and each time a little later than the time before.
EARLY_EVERY, LATER = 4, 0.04


def units():
    """The executors that run: unit -> its first process."""
    names = [name for name in os.listdir(SLICE) if name.startswith("spark-executor-")]
    return {name: output("systemctl", "show", "-P", "MainPID", name).strip() for name in names}


def page(port):
    """What a daemon says of itself; None when it does not. While its unit starts it again, who asks
    waits in the socket."""
    try:
        with urllib.request.urlopen(f"http://localhost:{port}/json/", timeout=20) as answer:
            return json.load(answer)
    except (OSError, ValueError, http.client.HTTPException):
        return None


def worker_knows():
    """What the worker knows that no restart may change; None when it does not say."""
    worker = page(8081)
    return worker and {
        "worker": worker["id"],
        "executors": sorted(f"{e['appid']}/{e['id']}" for e in worker["executors"]),
        "taken": (worker["coresused"], worker["memoryused"]),
    }


def master_knows():
    """The same of the master; None while it recovers."""
    master = page(8080)
    return master and master["status"] == "ALIVE" and {
        "workers": sorted((w["id"], w["state"], w["coresused"], w["memoryused"])
                          for w in master["workers"] if w["state"] != "DEAD"),
        "applications": sorted((a["id"], a["state"], a["cores"]) for a in master["activeapps"]),
    }


def both_know():
    # The worker first: the master has noticed that it was away when it is there again.
    return worker_knows(), master_knows()


def registered():
    status = output("systemctl", "show", "-P", "StatusText", f"{WORKER}.service")
    return status.startswith("Registered with spark://")


def is_up(service):
    return output("systemctl", "is-active", f"{service}.service").strip() == "active"


def both_up():
    return is_up(MASTER) and is_up(WORKER) and registered()


def journal(service, since):
    return output("journalctl", "--no-pager", "-o", "cat", "-u", f"{service}.service",
                  "--since", since)


def now():
    return f"@{time.time():.6f}"


def restart(service):
    before = main_pid(service)
    output("systemctl", "restart", f"{service}.service")
    return main_pid(service) not in (0, before)


def starts_by_itself(service):
    """How often systemd has started it again since somebody did."""
    return int(output("systemctl", "show", "-P", "NRestarts", f"{service}.service"))


def process_of(service):
    """The daemon's process as soon as it is there; systemd would be slower to say it."""
    for path in glob.glob("/proc/[0-9]*/exe"):
        try:
            if os.path.basename(os.readlink(path)) == service:
                return int(path.split("/")[2])
        except OSError:
            pass  # it has ended meanwhile
    return 0


def kill_nine(service):
    """Kills the daemon's process and returns the next one when it is there."""
    killed = process_of(service)
    os.kill(killed, signal.SIGKILL)
    return wait_for(lambda: process_of(service) not in (0, killed), 60, every=0.01)


def kill_nine_often(service, times, knowledge):
    """Kills the daemon whenever knowledge() is what it was, and now and then before that. Returns
    the seconds that each recovery took: too few of them when one did not end well."""
    known, took = knowledge(), []
    for n in range(1, times + 1):
        began = time.monotonic()
        kill_nine(service)
        if n % EARLY_EVERY == 0 and n < times:
            time.sleep(LATER * n / EARLY_EVERY)
        elif wait_for(lambda: knowledge() == known, 60):
            took.append(time.monotonic() - began)
        else:
            print(output("systemctl", "--no-pager", "--full", "status", f"{service}.service"))
            print(f"#   {knowledge()} is not {known}")
            break
    return took
