# SPDX-License-Identifier: Apache-2.0
"""A client of spark-launcher for tests: says anything, also what no worker would."""

import array
import fcntl
import os
import socket

SOCKET = "/run/spark/launcher"
F_ADD_SEALS, SEALS = 1033, 0xF
WORK = "/var/lib/spark/work"
MIB = 1 << 20


def environment(values, sealed=True):
    fd = os.memfd_create("environment", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    for name, value in values.items():
        os.write(fd, f"{name}={value}\0".encode())
    if sealed:
        fcntl.fcntl(fd, F_ADD_SEALS, SEALS)
    return fd


def append_to(path):
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o660)


def talk(data, fds=(), path=SOCKET):
    """Sends one message, returns the reply as a dictionary; {} when the other side hangs up."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.settimeout(100)
        s.connect(path)
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            s.sendmsg([data], control)
        except BrokenPipeError:
            pass  # refused for who we are, before we spoke
        reply = s.recv(1 << 16)
    return dict(entry.split("=", 1) for entry in reply.decode().split("\0") if entry)


def message(verb, *args, **values):
    """The bytes of a request; keys as keywords with '_' for '-', arguments in order. A value of
    None leaves its key out."""
    entries = ["sparkd-launch=1", f"verb={verb}"]
    entries += [f"{k.replace('_', '-')}={v}" for k, v in values.items() if v is not None]
    entries += [f"arg={a}" for a in args]
    return b"".join(e.encode() + b"\0" for e in entries)


def directory(name):
    """Makes the directory of an executor as the worker does: its group is that of executors."""
    path = f"{WORK}/{name}"
    os.makedirs(path, exist_ok=True)
    os.chown(path, -1, group_of_executors())
    os.chmod(path, 0o2770)
    return path


def group_of_executors():
    import grp

    return grp.getgrnam("spark-executor").gr_gid


LIMITS = {
    "memory_max": 128 * MIB,
    "memory_high": 126 * MIB,
    "swap_max": 0,
    "cpu_weight": 10,
    "cpu_quota": 1000000,
    "pids_max": 64,
}


def start_values(id, path, **changes):
    values = {"role": "executor", "id": id, "user": "spark-executor", "directory": path}
    values.update(LIMITS)
    values.update(changes)
    return values


def start(id, *argv, env=None, path=None, **changes):
    path = path or directory(id)
    fds = [environment(env or {"PATH": "/usr/bin:/bin"})]
    fds += [append_to(f"{path}/{name}") for name in ("stdout", "stderr")]
    try:
        return talk(message("start", *argv, **start_values(id, path, **changes)), fds)
    finally:
        for fd in fds:
            os.close(fd)


def stop(id, signal):
    return talk(message("stop", role="executor", id=id, signal=signal))


def forget(id):
    return talk(message("forget", role="executor", id=id))
