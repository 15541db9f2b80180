# SPDX-License-Identifier: Apache-2.0
"""Executors as the worker's user starts them: exact limits, ends with their causes, shares."""

import os
import signal
import subprocess
import time

import client
from tap import check, check_equal, check_match, finish, output, read, wait_for

PYTHON, JOB = "/opt/test/python3", "/opt/test/job"
SLICE = "/sys/fs/cgroup/spark.slice/spark-executors.slice"
SLEEP = ("-c", "import time; time.sleep(1000)")


def group(id):
    return f"{SLICE}/spark-executor-{id}.service"


def show(id, name):
    return output("systemctl", "show", "-P", name, f"spark-executor-{id}.service").strip()


def run(id, heap, overhead, cores, *program, options=()):
    """Through the backend of the worker (run-backend)."""
    path = client.directory(id.replace("/", "-"))
    return output(f"{JOB}/run-backend", *options, "systemd", id, str(heap), str(overhead),
                  str(cores), path, PYTHON, *program)


def cpu_usec(id):
    for line in read(f"{group(id)}/cpu.stat").splitlines():
        if line.startswith("usage_usec"):
            return int(line.split()[1])


def exact_limits():
    for id, heap, overhead, cores in (("app-1/0", 64, 32, 1), ("app-1/1", 100, 7, 3),
                                      ("app-2/0", 200, 100, 2)):
        text = run(id, heap, overhead, cores, *SLEEP, options=("-k", "1"))
        check_match(rf"started {id} \d+\n", text, f"{id} starts")
        check_equal((text.count("\nlimit "), text.count("wrong")), (7, 0),
                    f"{id}: the group's files have the policy's values")
        check_match(rf"limit memory.max {(heap + overhead) << 20}\n", text, f"{id}: its memory")
        check_match(rf"limit cpu.max {cores}00000 100000\n", text, f"{id}: its CPU")
        check_match(r"stats: memory \d+ .* python 1 other 0\n", text, f"{id}: what it uses")
        check_match(r"ended .*: Command exited with code 137", text, f"{id}: it was killed")
        if "wrong" in text or "trouble" in text:
            print(text)
    check_equal(read(f"{SLICE}/memory.max"), str(512 << 20), "the ceiling of all is set")


def killed_for_memory():
    client.start("quiet", PYTHON, *SLEEP)
    text = run("app-3/0", 192, 64, 1, f"{JOB}/memory-hog.py")
    check_match(r"ended app-3/0: Killed for memory: limit 256 MiB; JVM 0, Python workers \(1\) 2\d\d, "
                r"page cache \d+; raise spark.executor.memoryOverhead \(64m now\) to about \d+m\n",
                text, "the cause is told in words")
    client.start("hog", PYTHON, f"{JOB}/memory-hog.py")
    check_equal(wait_for(lambda: show("hog", "ActiveState") == "failed"), True, "a hog ends")
    check_equal(show("hog", "Result"), "oom-kill", "its result is kept")
    check_equal(show("hog", "ExecMainStatus"), "9", "and its signal")
    check("oom_kill" in read(f"{SLICE}/memory.events"), "the slice counts the kill")
    check_equal(show("quiet", "SubState"), "running", "its neighbour runs on")
    check_equal(client.forget("hog")["result"], "ok", "it is forgotten")
    check_equal(show("hog", "LoadState"), "not-found", "its unit is gone")
    client.forget("quiet")


def ends():
    text = run("app-4/0", 64, 32, 1, "-c", "raise SystemExit(52)")
    check_match(r"exited with code 52: the JVM ran out of memory", text, "an exit code")
    text = run("app-4/1", 64, 32, 1, "-c", "pass")
    check_match(r"exited with code 0\n", text, "a good end")
    text = run("app-4/2", 64, 32, 1, "-c", "import os; os.kill(os.getpid(), 11)")
    check_match(r"exited with code 139: it crashed", text, "a crash")
    replies = [client.start(f"short-{i}", "/opt/test/false") for i in range(20)]
    check_equal({r.get("text", r["result"]) for r in replies}, {"ok"},
                "what ends at once was started for all that")
    check_equal({show(f"short-{i}", "ExecMainStatus") for i in range(20)}, {"1"},
                "and its status is kept")
    for i in range(20):
        client.forget(f"short-{i}")
    client.start("ends", PYTHON, "-c", "import os, time; os.fork(); time.sleep(1000)")
    wait_for(lambda: len(read(f"{group('ends')}/cgroup.procs").split()) == 2)
    check_equal(client.stop("ends", "TERM")["result"], "ok", "a signal is sent")
    check_equal(wait_for(lambda: show("ends", "SubState") == "exited"), True, "to the first only")
    check_equal(len(read(f"{group('ends')}/cgroup.procs").split()), 1, "not to its child")
    check_equal(client.forget("ends")["result"], "ok", "what is left is ended")
    check(not os.path.exists(group("ends")), "and its group is gone")
    check_equal(client.start("twice", PYTHON, *SLEEP)["result"], "ok", "an id once")
    check_match("exists already", client.start("twice", PYTHON).get("text"), "but not twice")
    client.forget("twice")


def found_again():
    text = run("app-5/7", 64, 32, 1, *SLEEP, options=("-x",))
    pid = text.split("started app-5/7 ")[1].split()[0]
    check(os.path.exists(group("app-5-7")), "an executor outlives its worker")
    text = run("app-5/7", 64, 32, 1, *SLEEP, options=("-l", "-k", "1"))
    check_match(rf"started app-5/7 {pid}\n.*ended app-5/7: Command exited with code 137", text,
                "which finds it again")
    client.start("app-5-8", PYTHON, f"{JOB}/memory-hog.py")
    wait_for(lambda: show("app-5-8", "ActiveState") == "failed")
    text = run("app-5/8", 64, 32, 1, *SLEEP, options=("-l",))
    check_match(r"ended app-5/8: Killed for memory: limit 128 MiB", text,
                "also when it ended meanwhile")


def shares():
    """One CPU, of which all executors may have half, with weights of 1 and 3 cores; then one that
    may have a fifth of a core."""
    quota = client.message("slice", memory_max=512 << 20, cpu_quota=500000)
    check_equal(client.talk(quota)["result"], "ok", "the slice gets half a core")
    check_equal(read(f"{SLICE}/cpu.max"), "50000 100000", "which its group has")
    client.start("one", PYTHON, f"{JOB}/cpu-hog.py", "3", cpu_weight=10, cpu_quota=1000000)
    client.start("three", PYTHON, f"{JOB}/cpu-hog.py", "3", cpu_weight=30, cpu_quota=3000000)
    time.sleep(1)
    before, began = [cpu_usec(id) for id in ("one", "three")], time.monotonic()
    time.sleep(6)
    one, three = (cpu_usec(id) - b for id, b in zip(("one", "three"), before))
    seconds = time.monotonic() - began
    part = (one + three) / 1e6 / seconds
    check(0.3 < part < 0.6, "both stay within the ceiling of the slice", f"{part} of a core")
    if os.cpu_count() == 1:  # else each may have a processor of its own until the ceiling is met
        check(2 < three / max(one, 1) < 4.5, "and share it by their weights", f"{one} : {three}")
    client.talk(client.message("slice", memory_max=512 << 20, cpu_quota="max"))
    check_equal(read(f"{SLICE}/cpu.max"), "max 100000", "the slice's ceiling is lifted")
    client.forget("one")
    client.forget("three")

    client.start("fifth", PYTHON, f"{JOB}/cpu-hog.py", "3", cpu_quota=200000)
    before, began = cpu_usec("fifth"), time.monotonic()
    time.sleep(4)
    part = (cpu_usec("fifth") - before) / 1e6 / (time.monotonic() - began)
    check(0.1 < part < 0.26, "three processes stay within a fifth of a core", f"{part} of a core")
    check_match(r"nr_throttled [1-9]", read(f"{group('fifth')}/cpu.stat"), "and are throttled")
    client.forget("fifth")

    if os.cpu_count() > 1:
        client.start("core", PYTHON, f"{JOB}/cpu-hog.py", "3")
        time.sleep(1)
        before, began = cpu_usec("core"), time.monotonic()
        time.sleep(6)
        part = (cpu_usec("core") - before) / 1e6 / (time.monotonic() - began)
        check(0.8 < part < 1.05, "three processes have one core of two, though both are idle",
              f"{part} of a core")
        client.forget("core")

    client.start("forks", PYTHON, "-c",
                 "import os, time\ntry:\n  while True:\n    if os.fork() == 0: time.sleep(1000)\n"
                 "except BlockingIOError: print('no more', flush=True)\ntime.sleep(1000)",
                 pids_max=20)
    out = f"{client.WORK}/forks/stdout"
    check_equal(wait_for(lambda: read(out)), "no more", "a fork bomb stops at its limit")
    check_equal(read(f"{group('forks')}/pids.current"), "20", "which is exact")
    client.forget("forks")


def walls():
    """What users' code tries in vain; walls.py tells what it could do."""
    secret = f"{client.WORK}/../secret"
    with open(secret, "w", encoding="utf-8") as f:
        f.write("state")
    os.chmod(secret, 0o600)
    victim = subprocess.Popen(["sleep", "1000"], env={"SECRET": "of-the-worker"})
    path = client.directory("walls")
    # The program is what root put there, not what this directory has.
    reply = client.start("walls", PYTHON, f"{JOB}/walls.py", str(victim.pid), secret,
                         "/etc/spark/spark-secret.conf",
                         env={"PATH": "/usr/bin:/bin", "SPARK_SECRET": "not-for-everybody"})
    check_equal(reply["result"], "ok", "an executor with bad intentions starts")
    text = wait_for(lambda: "done" in read(f"{path}/stdout") and read(f"{path}/stdout")) or ""
    check_match("done", text, "it has tried")
    for line in text.splitlines():
        if line.startswith(("could", "cannot")):
            check(line.startswith("cannot"), line)
    check(text.count("cannot") > 20, "it has tried a lot", text)
    check_equal(victim.poll(), None, "the worker's process lives")
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    shown = output("systemctl", "show", "spark-executor-walls.service")
    check("not-for-everybody" not in shown, "its environment is not to be had from systemd")
    check("walls.py" in shown, "its command line is")
    client.forget("walls")


def left_behind():
    path = client.directory("locked")
    keep = f"{client.WORK}/keep"
    os.makedirs(keep)
    os.chmod(keep, 0o777)
    client.start("locked", PYTHON, "-c",
                 "import os\n"
                 "os.makedirs('a/b/c'); open('a/b/c/f', 'w').close()\n"
                 f"open('{keep}/f', 'w').close()\n"
                 f"os.symlink('{keep}', 'a/link'); os.symlink('/etc/passwd', 'a/passwd')\n"
                 "os.chmod('a/b/c', 0); os.chmod('a/b', 0); os.chmod('a', 0)\n")
    wait_for(lambda: show("locked", "SubState") == "exited")
    client.forget("locked")
    subprocess.run(["rm", "-rf", path], stderr=subprocess.DEVNULL)
    check(os.path.exists(f"{path}/a"), "the worker cannot remove what its executor locked")
    reply = client.talk(client.message("remove", user="spark-executor", directory=path))
    check_equal(reply.get("result"), "ok", "the launcher has it emptied")
    check_equal(os.listdir(path), [], "and it is empty")
    os.rmdir(path)
    check(not os.path.exists(path), "so that the worker can remove it")
    check(os.path.exists(f"{keep}/f"), "what a link led to is still there")


for part in (exact_limits, killed_for_memory, ends, found_again, shares, walls, left_behind):
    try:
        part()
    except (OSError, ValueError, KeyError, TypeError, IndexError) as e:
        check(False, part.__name__, repr(e))
finish()
