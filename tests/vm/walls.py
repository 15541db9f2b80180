# SPDX-License-Identifier: Apache-2.0
"""What users' code has no business with: tried from inside an executor.

As a program: walls.py PID FILE..., a daemon's process and files of its own.
"""

import ctypes
import glob
import os
import socket
import subprocess
import sys

LAUNCHER = "/run/spark/launcher"
GROUPS = "/sys/fs/cgroup"
CLONE_NEWUSER, PTRACE_ATTACH = 0x10000000, 16
libc = ctypes.CDLL(None, use_errno=True)


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def read(path):
    with open(path, "rb") as f:
        f.read(1)


def connect():
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.connect(LAUNCHER)


def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def attempts(daemons, files):
    """Pairs of what is tried and the function that tries."""
    with open("/proc/self/cgroup", encoding="utf-8") as f:
        own = GROUPS + f.read().split("::")[1].strip()
    for path in files:
        yield f"read {path}", lambda path=path: read(path)
        yield f"write {path}", lambda path=path: write(path, "x")
        yield f"write beside {path}", lambda path=path: write(f"{os.path.dirname(path)}/x", "x")
    yield "write beside its own directory", lambda: write("../x", "x")
    for pid in daemons:
        yield f"signal process {pid}", lambda pid=pid: os.kill(pid, 9)
        yield f"trace process {pid}", lambda pid=pid: call("ptrace", PTRACE_ATTACH, pid, 0, 0)
        for name in ("environ", "mem", "fd/0", "root/etc/passwd"):
            yield f"read {name} of process {pid}", lambda pid=pid, name=name: read(f"/proc/{pid}/{name}")
        yield f"spare process {pid} for the kernel's killer", (
            lambda pid=pid: write(f"/proc/{pid}/oom_score_adj", "1000"))
    while own != GROUPS:
        yield f"raise the limit of {own}", lambda own=own: write(f"{own}/memory.max", "max")
        own = os.path.dirname(own)
        yield f"move to {own}", lambda own=own: write(f"{own}/cgroup.procs", str(os.getpid()))
        yield f"make a group in {own}", lambda own=own: os.mkdir(f"{own}/x")
    for group in glob.glob(f"{GROUPS}/*.slice/*.service"):
        yield f"move to {group}", lambda group=group: write(f"{group}/cgroup.procs", str(os.getpid()))
    yield "ask the launcher", connect
    yield "have systemd start something", lambda: run("systemd-run", "--no-ask-password", "true")
    yield "have systemd stop a daemon", lambda: run("systemctl", "--no-ask-password", "stop",
                                                     "spark-worker.service")
    yield "have systemd lift its limit", lambda: run("systemctl", "--no-ask-password", "set-property",
                                                     "spark-executors.slice", "MemoryMax=infinity")
    yield "make a namespace", lambda: call("unshare", CLONE_NEWUSER)
    yield "become root", lambda: os.setuid(0)
    yield "run a program of root's", lambda: run("su", "-c", "id", "root")


def results(daemons, files):
    """Tries all; a line for each: "cannot WHAT - WHY" or "could WHAT"."""
    lines = []
    for what, attempt in attempts(daemons, files):
        try:
            attempt()
            lines.append(f"could {what}")
        except (OSError, subprocess.CalledProcessError) as e:
            lines.append(f"cannot {what} - {e}")
    return lines


if __name__ == "__main__":
    print(*results([int(sys.argv[1])], sys.argv[2:]), "done", sep="\n", flush=True)
