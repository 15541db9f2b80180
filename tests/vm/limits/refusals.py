# SPDX-License-Identifier: Apache-2.0
"""What spark-launcher refuses, asked as the user whose requests it takes."""

import os

import client
from client import message, start_values, talk
from tap import check_equal, check_match, finish, output

PYTHON = "/opt/test/python3"
TRUE = (PYTHON, "-c", "pass")
path = client.directory("refused")


def files(environment=True, flags=os.O_WRONLY | os.O_APPEND | os.O_CREAT):
    out = [os.open(f"{path}/{name}", flags | os.O_CREAT, 0o640) for name in ("stdout", "stderr")]
    return [client.environment({"A": "B"}, sealed=environment)] + out


def bad(name, text, data, fds=None):
    fds = files() if fds is None else fds
    reply = talk(data, fds)
    for fd in fds:
        os.close(fd)
    check_equal(reply.get("result"), "refused", name)
    check_match(text, reply.get("text", ""), f"{name}: says why")


def start(argv=TRUE, **changes):
    return message("start", *argv, **start_values("refused", path, **changes))


os.symlink("/etc", f"{client.WORK}/link")
os.makedirs(f"{client.WORK}/not-ours", exist_ok=True)

bad("nothing at all", "does not begin", b"\0", [])
bad("another version", "does not begin", b"sparkd-launch=2\0verb=forget\0", [])
bad("a message cut short", "not complete", start()[:-1])
bad("a message too long", "too long", start() + b"arg=" + b"x" * 140000 + b"\0")
bad("another verb", "no such verb", message("exec", role="executor", id="a"), [])
bad("an unknown property", "unknown key", start(Delegate="yes"))
bad("a property of systemd's", "unknown key", start(ExecStartPre="/bin/sh"))
bad("an environment in the request", "unknown key", start(env="LD_PRELOAD=/x"))
bad("a user twice", "user twice", start() + b"user=root\0")
bad("no limit", "without memory-max", start(memory_max=None))
bad("no limit of processes", "without pids-max", start(pids_max=None))
bad("unlimited memory", "not a number", start(memory_max="max"))
bad("more memory than the host has", "this host has", start(memory_max=1 << 45))
bad("a negative limit", "not a number", start(memory_max=-1))
bad("a weight out of bounds", "out of bounds", start(cpu_weight=100000))
bad("an id with a slash", "pattern", message("forget", role="executor", id="../../dbus"), [])
bad("an id of another unit", "pattern", message("forget", role="executor", id="a.service x"), [])
bad("a unit that is no executor", "no such role", message("forget", role="worker", id="a"), [])
bad("another slice", "pattern", start(slice="../system"))
bad("root", "do not run as root", start(user="root"))
bad("the worker's own user", "do not run as spark", start(user="spark"))
bad("a shell", "not below a directory of programs", start(("/bin/sh", "-c", "id")))
bad("a program with dots in its path", "plain path", start(("/opt/../bin/sh",)))
bad("a program by its name", "plain path", start(("python3",)))
bad("a link to other programs", "leads to", start(("/opt/test/leads-out",)))
bad("a program that is not there", "No such file", start(("/opt/test/none",)))
bad("a directory that is no program", "not a program", start(("/opt/test/job",)))
bad("a directory elsewhere", "not below a directory for work", start(directory="/etc"))
bad("the work directory itself", "not below a directory for work", start(directory=client.WORK))
bad("a directory with dots", "plain path", start(directory=f"{client.WORK}/../../../etc"))
bad("a directory through a link", "Not a directory", start(directory=f"{client.WORK}/link/spark"))
bad("a directory of somebody else", "does not belong", start(directory=f"{client.WORK}/root-owned"))
bad("no files", "takes 3 fds", start(), [])
bad("an environment that can change", "not a sealed", start(), files(environment=False))
bad("output that can be read", "for appending only", start(),
    files(flags=os.O_RDWR | os.O_APPEND))
bad("output that can be overwritten", "for appending only", start(), files(flags=os.O_WRONLY))
bad("output to a device", "does not go to a file", start(),
    [client.environment({}), os.open("/dev/null", os.O_WRONLY), os.open("/dev/null", os.O_WRONLY)])
bad("files with a signal", "only start takes", message("stop", role="executor", id="a",
                                                         signal="TERM"))
bad("a signal that stops", "not sent", message("stop", role="executor", id="a", signal="STOP"), [])
bad("a removal elsewhere", "not below a directory for work",
    message("remove", user="spark-executor", directory="/var/lib/dpkg"), [])
bad("a removal as root", "do not run as root", message("remove", user="root", directory=path), [])
bad("a ceiling above the host", "this host has",
    message("slice", memory_max=1 << 45, cpu_quota="max"), [])

check_equal(output("systemctl", "list-units", "--all", "--plain", "--no-legend",
                   "spark-executor-*", "spark-driver-*", "spark-remove-*"), "",
            "nothing was started")
check_equal(client.start("refused", *TRUE)["result"], "ok", "a good request is still taken")
check_equal(client.forget("refused")["result"], "ok", "and forgotten")
finish()
