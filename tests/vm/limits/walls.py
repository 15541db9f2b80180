# SPDX-License-Identifier: Apache-2.0
"""Run as an executor: tries what users' code has no business with, and tells how it went."""

import ctypes
import glob
import os
import socket
import subprocess
import sys

victim, secret = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
own = "/sys/fs/cgroup" + open("/proc/self/cgroup", encoding="utf-8").read().split("::")[1].strip()


def attempt(what, function):
    try:
        function()
        print("could", what, flush=True)
    except (OSError, subprocess.CalledProcessError) as e:
        print("cannot", what, "-", e, flush=True)


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def read(path):
    with open(path, encoding="utf-8") as f:
        f.read()


def connect():
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.connect("/run/spark/launcher")


def unshare():
    if libc.unshare(0x10000000) != 0:  # CLONE_NEWUSER
        raise OSError(ctypes.get_errno(), "unshare")


def become_root():
    os.setuid(0)


def set_id_program():
    subprocess.run(["su", "-c", "id", "root"], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def list_victim():
    os.stat(f"/proc/{victim}")


def start_unit():
    subprocess.run(["systemd-run", "--no-ask-password", "true"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


attempt("read the worker's state", lambda: read(secret))
attempt("read the worker's credentials", lambda: read("/etc/spark/spark-secret.conf"))
attempt("write to the worker's directories", lambda: write(os.path.dirname(secret) + "/x", "x"))
attempt("write beside its own directory", lambda: write("../x", "x"))
attempt("signal the worker", lambda: os.kill(int(victim), 9))
attempt("see the worker", list_victim)
attempt("read the worker's environment", lambda: read(f"/proc/{victim}/environ"))
attempt("leave its group", lambda: write("/sys/fs/cgroup/cgroup.procs", str(os.getpid())))
attempt("raise its limit", lambda: write(f"{own}/memory.max", "max"))
attempt("ask the launcher", connect)
attempt("have systemd start something", start_unit)
attempt("make a namespace", unshare)
attempt("become root", become_root)
attempt("run a program of root's", set_id_program)
print("done", len(glob.glob("/proc/[0-9]*")), flush=True)
