# SPDX-License-Identifier: Apache-2.0
"""What only root can look at: who may ask, the unit's walls, the backend on libcgroup."""

import os

import client
from tap import check, check_equal, check_match, finish, output, wait_for

JOB, WORK = "/opt/test/job", client.WORK
PYTHON = "/opt/test/python3"


def who_may_ask():
    reply = client.talk(client.message("forget", role="executor", id="a"))
    check_equal(reply, {"result": "refused", "text": "user 0 may not ask for anything"},
                "root may not ask")
    text = output("runuser", "-u", "spark-executor", "--", "python3", "-B", "-c",
                  "import client; client.forget('a')")
    check_match("PermissionError", text, "executors cannot reach the socket")
    os.chmod(client.SOCKET, 0o666)
    text = output("runuser", "-u", "spark-executor", "--", "python3", "-B", "-c",
                  "import client; print(client.forget('a'))")
    os.chmod(client.SOCKET, 0o660)
    check_match("may not ask for anything", text, "and would be refused if they could")
    if not os.path.exists(f"{WORK}/refused"):
        return  # refusals.py was not run
    log = output("journalctl", "-u", "spark-launcher", "-o", "cat", "--no-pager")
    check(log.count("Refused ") >= 40, "every refusal is in the journal", log)
    check_match("Refused start of executor refused: executors do not run as root", log,
                "with what was asked and why")


def unit():
    text = output("systemd-analyze", "verify", "--man=no", "spark-launcher.service",
                  "spark-launcher.socket", "spark-executors.slice", "spark.slice")
    check_equal(text, "", "systemd-analyze verify finds nothing")
    text = output("systemd-analyze", "security", "--no-pager", "--threshold=10",
                  "spark-launcher.service")
    check_match(r"exposure level for spark-launcher.service: (0\.\d|1\.0) ", text,
                "systemd-analyze security says 1.0 at most")
    print("#", text.strip().splitlines()[-1])
    check_equal(state("spark-launcher.service"), "active", "the launcher stays with its socket")
    with_idle_limit()
    check_equal(state("spark-launcher.socket"), "active", "its socket stays")
    text = output("runuser", "-u", "spark", "--", "python3", "-B", "-c",
                  "import client; print(client.forget('a'))")
    check_match("'result': 'ok'", text, "and brings it back")


def state(unit):
    return output("systemctl", "is-active", unit).strip()


def with_idle_limit():
    """The administrator may have it go when nothing is asked."""
    drop_in = "/etc/spark/spark-launcher.conf.d/idle.conf"
    os.makedirs(os.path.dirname(drop_in), exist_ok=True)
    with open(drop_in, "w", encoding="utf-8") as f:
        f.write("[launcher]\nidle = 1\n")
    output("systemctl", "restart", "spark-launcher.service")
    check_equal(wait_for(lambda: state("spark-launcher.service") == "inactive", 15), True,
                "with idle = 1 the launcher goes when nothing is asked")
    os.unlink(drop_in)


def run_delegated(properties, *arguments):
    command = ["systemd-run", "--quiet", "--wait", "--pipe", "--collect"]
    for p in properties:
        command += ["-p", p]
    return output(*command, f"{JOB}/run-backend", *arguments)


def check_libcgroup(who, properties, options):
    where = os.path.join(WORK, "libcgroup")
    client.directory("libcgroup")
    os.chown(where, int(output("id", "-u", "spark")), client.group_of_executors())
    hog = run_delegated(properties, *options, "libcgroup", "app-9/0", "192", "64", "1", where,
                        PYTHON, f"{JOB}/memory-hog.py")
    check_equal((hog.count("\nlimit "), hog.count("wrong"), hog.count("trouble")), (7, 0, 0),
                f"libcgroup, {who}: the group's files have the policy's values")
    check_match(r"group \S+/spark-executors/app-9-0\n", hog, f"libcgroup, {who}: its own group")
    check_match(r"ended app-9/0: Killed for memory: limit 256 MiB; JVM 0, Python workers \(1\) 2\d\d",
                hog, f"libcgroup, {who}: the cause is told in words")
    cpu = run_delegated(properties, "-k", "2", *options, "libcgroup", "app-9/1", "64", "32", "1",
                        where, PYTHON, f"{JOB}/cpu-hog.py", "3")
    check_match(r"stats: .* pids 3 .* python 3 ", cpu, f"libcgroup, {who}: what it uses")
    check_match(r"ended app-9/1: Command exited with code 137", cpu, f"libcgroup, {who}: all are killed")
    if "wrong" in hog + cpu or "ended" not in hog or "ended" not in cpu:
        print(hog, cpu)


def libcgroup():
    check_libcgroup("a user below a delegated group", ["Delegate=yes", "User=spark"], [])
    check_libcgroup("root", ["Delegate=yes"], ["-u", "spark-executor"])
    text = run_delegated(["User=spark"], "libcgroup", "app-9/2", "64", "32", "1", WORK, PYTHON)
    check_match("unusable libcgroup: cannot make .*: Permission denied", text,
                "libcgroup, nothing delegated: says so")
    before = output("cat", "/sys/fs/cgroup/system.slice/cgroup.subtree_control")
    check_match("memory", before, "systemd's own groups are as they were")


who_may_ask()
unit()
libcgroup()
finish()
