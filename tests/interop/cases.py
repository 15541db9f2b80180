# SPDX-License-Identifier: Apache-2.0
"""The cases. Each gets a cluster of two workers with two cores each that is idle, and leaves it so."""

import json
import os
import re
import signal
import time

import hostile
from cluster import CORES, EXECUTOR_MEMORY, OURS
from harness import Process, alive, expect, memory_kib, processes_below, wait_for

ALL_CORES = {"spark.cores.max": str(2 * CORES), "spark.scheduler.minRegisteredResourcesRatio": "1.0"}
HOLD_TOTAL = "total 499500"
# What Spark needs of Java 17: before 4.0 its submitter does not say so for a cluster-mode driver.
MODULE_OPTIONS = " ".join(
    f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in (
        "java.lang", "java.lang.invoke", "java.net", "java.nio", "java.util", "sun.nio.ch"))

CASES = {}
# Cases of a cell of their own: they need a cluster that knows several versions.
MIXED_CASES = {}
# Cases of what Spark's own master cannot do.
OURS_CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def our_master_case(function):
    OURS_CASES[function.__name__] = function
    return function


def mixed_case(function):
    MIXED_CASES[function.__name__] = function
    return function


def check_finished(cluster, name, state="FINISHED"):
    app = cluster.wait_for_application(name, state)
    cluster.wait_until_idle()
    return app


@case
def pi(cluster):
    home = cluster.homes[cluster.versions[0]]
    job = cluster.submit("PythonPi", home + "/examples/src/main/python/pi.py", "4")
    output = job.finish()
    value = re.search(r"Pi is roughly (\d\.\d+)", output)
    expect(value and abs(float(value[1]) - 3.14) < 0.1, f"no Pi in the output:\n{job.tail()}")
    app = check_finished(cluster, "PythonPi")
    directories = cluster.executor_directories(app["id"])
    expect(sorted(directories) == [0, 1], f"executors were {sorted(directories)}")
    for directory in directories.values():
        with open(os.path.join(directory, "stderr"), encoding="utf-8") as file:
            first, second = file.readline(), file.readline()
        expect(first.startswith('Spark Executor Command: "') and second == "=" * 40 + "\n",
               f"stderr of an executor starts with {first!r} {second!r}")
        expect(os.path.exists(os.path.join(directory, "stdout")), "an executor has no stdout")


@case
def shuffle(cluster):
    job = cluster.submit("shuffle", "shuffle.py", conf=ALL_CORES)
    output = job.finish()
    counts = json.loads(re.search(r"^counts (.*)$", output, re.MULTILINE)[1])
    # Line n has the words n % 7 and n % 3 of the list, for n below 7000.
    words = ["spark", "standalone", "master", "worker", "executor", "driver", "shuffle"]
    wanted = dict.fromkeys(words, 1000)
    for n, word in enumerate(words[:3]):
        wanted[word] += len(range(n, 7000, 3))
    expect(counts == wanted, f"counted {counts}, expected {wanted}")
    executors = json.loads(re.search(r"^executors (.*)$", output, re.MULTILINE)[1])
    expect(executors == ["0", "1"], f"the executors that took part were {executors}")
    app = check_finished(cluster, "shuffle")
    workers = {os.path.dirname(d) for d in cluster.executor_directories(app["id"]).values()}
    expect(len(workers) == 2, f"the executors were not spread over the workers: {workers}")


@case
def executor_killed(cluster):
    job = cluster.submit("executor_killed", "hold.py", "DIR", conf=ALL_CORES)
    job.wait_ready()
    app = cluster.application("executor_killed")
    before = cluster.executors(app["id"])
    expect(sorted(before) == [0, 1], f"the executors were {sorted(before)}")
    os.kill(before[0][0], signal.SIGKILL)
    wait_for("a replacement of the executor", lambda: 2 in cluster.executors(app["id"]))
    expect(1 in cluster.executors(app["id"]), "the other executor is gone too")
    job.go()
    expect(HOLD_TOTAL in job.finish(), f"a wrong result:\n{job.tail()}")
    expect(re.search(r"/0 is now EXITED \(Command exited with code 137[:)]", job.log()),
           f"the driver was not told of exit code 137:\n{job.tail()}")
    check_finished(cluster, "executor_killed")


@case
def executor_never_starts(cluster):
    job = cluster.submit("executor_never_starts", "hold.py", "DIR",
                         conf={"spark.executorEnv.JAVA_HOME": "/nonexistent"})
    status = job.process.wait(90)
    output = job.log()
    expect(status != 0, "the job ended well")
    expect("Master removed our application: FAILED" in output,
           f"the driver was not told of the failure:\n{job.tail()}")
    reasons = re.findall(r"is now FAILED \((.*)\)", output)
    expect(reasons and all("/nonexistent" in reason for reason in reasons),
           f"the reasons given to the driver were {reasons}")
    app = check_finished(cluster, "executor_never_starts", "FAILED")
    # Ten failures end it (spark.deploy.maxExecutorRetries); the two workers fail side by side.
    tried = len(cluster.executor_directories(app["id"]))
    expect(10 <= tried <= 12, f"{tried} executors were tried")


@case
def cores_max(cluster):
    job = cluster.submit("cores_max", "hold.py", "DIR", conf={
        "spark.cores.max": "1", "spark.executor.memory": "600m", "spark.ui.enabled": "false"})
    job.wait_ready()
    state = cluster.state()
    app = cluster.application("cores_max")
    expect(app["state"] == "RUNNING" and app["cores"] == 1, f"the application is {app}")
    expect(app["memoryperexecutor"] == 600, f"memory per executor {app['memoryperexecutor']}")
    expect((state["coresused"], state["memoryused"]) == (1, 600),
           f"used: {state['coresused']} cores, {state['memoryused']} MiB")
    executors = cluster.executors(app["id"])
    expect(list(executors) == [0], f"the executors are {sorted(executors)}")
    arguments = executors[0][1]
    expect("-Xmx600M" in arguments, f"the executor's command is {arguments}")
    expect(arguments[arguments.index("--cores") + 1] == "1", f"the command is {arguments}")
    job.go()
    expect(HOLD_TOTAL in job.finish(), f"a wrong result:\n{job.tail()}")
    check_finished(cluster, "cores_max")


@case
def two_applications(cluster):
    first = cluster.submit("first", "hold.py", "DIR")
    first.wait_ready()
    second = cluster.submit("second", "hold.py", "DIR")
    second.go()
    waiting = cluster.wait_for_application("second", "WAITING")
    expect(waiting["cores"] == 0, f"the waiting application has {waiting['cores']} cores")
    running = cluster.application("first")
    expect(running["state"] == "RUNNING" and running["cores"] == 2 * CORES, f"the first: {running}")
    state = cluster.state()
    used = (state["coresused"], state["memoryused"])
    expect(used == (2 * CORES, 2 * EXECUTOR_MEMORY), f"used: {used}")
    expect(not cluster.executors(waiting["id"]), "the waiting application has executors")
    first.go()
    expect(HOLD_TOTAL in first.finish(), f"a wrong result:\n{first.tail()}")
    expect(HOLD_TOTAL in second.finish(), f"a wrong result:\n{second.tail()}")
    check_finished(cluster, "first")
    check_finished(cluster, "second")


@case
def driver_killed(cluster):
    job = cluster.submit("driver_killed", "hold.py", "DIR", conf=ALL_CORES)
    job.wait_ready()
    app = cluster.application("driver_killed")
    expect(len(cluster.executors(app["id"])) == 2, "there are not two executors")
    job.process.kill_group(signal.SIGKILL)
    start = time.monotonic()
    wait_for("the executors to be gone", lambda: not processes_below(cluster.work), 25)
    check_finished(cluster, "driver_killed")
    print(f"(executors gone after {time.monotonic() - start:.1f} s)", end=" ")


@case
def application_killed(cluster):
    job = cluster.submit("application_killed", "hold.py", "DIR", conf=ALL_CORES)
    job.wait_ready()
    app = cluster.application("application_killed")
    status = cluster.kill_application(app["id"])
    expect(status in (200, 302), f"the master's page answered {status}")
    expect(job.process.wait(60) != 0, "the job ended well")
    expect("Master removed our application: KILLED" in job.log(),
           f"the driver was not told:\n{job.tail()}")
    check_finished(cluster, "application_killed", "KILLED")


@case
def dynamic_allocation(cluster):
    """RequestExecutors and KillExecutors: executors come with the tasks and go when idle."""
    job = cluster.submit("dynamic_allocation", "hold.py", "DIR", "linger", conf={
        "spark.dynamicAllocation.enabled": "true",
        "spark.dynamicAllocation.shuffleTracking.enabled": "true",
        "spark.dynamicAllocation.shuffleTracking.timeout": "1s",
        "spark.dynamicAllocation.executorIdleTimeout": "1s",
        "spark.executor.cores": "1"})
    job.wait_ready()
    app_id = cluster.application("dynamic_allocation")["id"]
    wait_for("an executor on each core", lambda: len(cluster.executors(app_id)) == 2 * CORES)
    job.go()

    def all_gone():
        app = cluster.application("dynamic_allocation", ["activeapps"])
        expect(app, f"the application ended:\n{job.tail()}")
        return app["cores"] == 0 and not cluster.executors(app_id)

    wait_for("the idle executors to go", all_gone)
    job.go("end")
    expect(HOLD_TOTAL in job.finish(), f"a wrong result:\n{job.tail()}")
    check_finished(cluster, "dynamic_allocation")


@case
def worker_killed(cluster):
    """No executor outlives its worker, and the job goes on with the other one's."""
    job = cluster.submit("worker_killed", "hold.py", "DIR", conf=ALL_CORES)
    job.wait_ready()
    app = cluster.application("worker_killed")
    doomed = [pid for pid, _, directory in processes_below(os.path.join(cluster.work, "0"))]
    expect(doomed, "the worker has no executor")
    os.kill(cluster.workers[0].pid, signal.SIGKILL)
    wait_for("its executor to be gone", lambda: not any(map(alive, doomed)), 20)
    wait_for("the master to notice", lambda: cluster.state()["aliveworkers"] == 1, 20)
    expect(len(cluster.executors(app["id"])) == 1, "the other worker's executor is gone too")
    job.go()
    expect(HOLD_TOTAL in job.finish(), f"a wrong result:\n{job.tail()}")
    # Our master waits for a worker of ours to come back before it tells drivers (worker-grace).
    waits = cluster.kinds[:2] == [OURS, OURS]
    expect(("worker lost" in job.log()) != waits, f"what the driver was told:\n{job.tail()}")
    check_finished(cluster, "worker_killed")
    cluster.replace_worker(0)


@case
def master_killed(cluster):
    """The workers find the next master at the same address."""
    cluster.restart_master()
    pi(cluster)


@our_master_case
def master_restart(cluster):
    """The master is killed in the middle of a job, again and again: the job does not notice."""
    job = cluster.submit("master_restart", "hold.py", "DIR", conf=ALL_CORES)
    job.wait_ready()
    before = cluster.application("master_restart")
    executors = {number: pid for number, (pid, _) in cluster.executors(before["id"]).items()}
    expect(sorted(executors) == [0, 1], f"the executors were {sorted(executors)}")
    for _ in range(3):
        start = time.monotonic()
        cluster.restart_master()
        app = cluster.wait_for_application("master_restart", "RUNNING")
        print(f"(back after {time.monotonic() - start:.1f} s)", end=" ")
        expect(app["id"] == before["id"], f"the application was {before}, is {app}")
        state = cluster.state()
        used = (state["coresused"], state["memoryused"])
        expect(used == (2 * CORES, 2 * EXECUTOR_MEMORY), f"used: {used}")
    # What is asked for by now is started: one of the executors dies.
    os.kill(executors[0], signal.SIGKILL)
    wait_for("a replacement of the executor", lambda: 2 in cluster.executors(app["id"]))
    expect(cluster.executors(app["id"])[1][0] == executors[1], "the other executor is another one")
    job.go()
    expect(HOLD_TOTAL in job.finish(), f"a wrong result:\n{job.tail()}")
    updates = re.findall(r"Executor updated: \S+ is now (?:LOST|KILLED|FAILED|EXITED).*", job.log())
    expect(len(updates) == 1 and "EXITED" in updates[0], f"the driver was told {updates}")
    expect("worker lost" not in job.log(), f"a worker was lost:\n{job.tail()}")
    check_finished(cluster, "master_restart")


@case
def hostile_peers(cluster):
    """Peers that break the protocol, stall or flood cost only their own connections."""
    job = cluster.submit("hostile_peers", "hold.py", "DIR", conf=ALL_CORES)
    job.wait_ready()
    targets = [(cluster.master, cluster.port, cluster.ui_port)]
    targets += [(cluster.workers[n], *ports) for n, ports in sorted(cluster.worker_ports.items())]
    for daemon, port, ui_port in targets:
        before = hostile.open_files(daemon.pid)
        hostile.attack(port, ui_port)
        expect(daemon.running(), f"{daemon.name} ended:\n{daemon.log()[-2000:]}")
        wait_for(f"{daemon.name} to close the attackers' connections",
                 lambda: hostile.open_files(daemon.pid) <= before + 2, 20)
        if daemon.name.startswith("ours"):
            peak = memory_kib(daemon.pid, "VmHWM")
            expect(peak < hostile.PEAK_KIB, f"{daemon.name} took {peak} KiB")
    job.go()
    expect(HOLD_TOTAL in job.finish(), f"a wrong result:\n{job.tail()}")
    check_finished(cluster, "hostile_peers")


@case
def cluster_driver(cluster):
    """A driver that a worker runs, from submission to its result."""
    job, driver_id = cluster.submit_driver("cluster_driver", "sum", conf={
        "spark.driver.extraJavaOptions": MODULE_OPTIONS})
    driver = cluster.wait_for_driver(driver_id, "FINISHED")
    expect((driver["cores"], driver["memory"]) == (1, 512), f"the driver was {driver}")
    expect(driver["mainclass"] == "ClusterDriver", f"the driver was {driver}")
    output = cluster.driver_log(driver_id, "stdout")
    expect(output == f"total 10 by {cluster.versions[0]}\n", f"the driver printed {output!r}")
    first, second = cluster.driver_log(driver_id).split("\n")[:2]
    expect(first.startswith('Launch Command: "') and second == "=" * 40,
           f"stderr of a driver starts with {first!r} {second!r}")
    job.finish()
    check_finished(cluster, "cluster_driver")


@case
def cluster_driver_killed(cluster):
    """A supervised one: it fails twice, runs again after one second and after two, and is killed."""
    job, driver_id = cluster.submit_driver("cluster_driver_killed", "fail", "DIR",
                                           options=["--supervise"])
    # The submitter may have gone by then.
    wait_for("the driver's third run",
             lambda: os.path.exists(os.path.join(job.directory, "run3")))
    runs = [os.stat(os.path.join(job.directory, f"run{n}")).st_mtime for n in (1, 2, 3)]
    expect(runs[1] - runs[0] >= 1 and runs[2] - runs[1] >= 2, f"the runs were at {runs}")
    headers = cluster.driver_log(driver_id).count('Launch Command: "')
    expect(headers == 3, f"stderr has {headers} headers")
    state = cluster.state()
    expect((state["coresused"], state["memoryused"]) == (1, 512),
           f"used: {state['coresused']} cores, {state['memoryused']} MiB")
    home = cluster.homes[cluster.versions[0]]
    killer = Process("killer", [home + "/bin/spark-class", "org.apache.spark.deploy.Client", "kill",
                                cluster.url, driver_id], cluster.environment(), job.directory,
                     os.path.join(job.directory, "killer.log"))
    try:
        cluster.wait_for_driver(driver_id, "KILLED")
        cluster.wait_until_idle()
    finally:
        killer.kill_group()
        killer.terminate()


def engine_jars(pid):
    """Names of the spark-core jars that a process has open."""
    directory = f"/proc/{pid}/fd"
    links = (os.readlink(os.path.join(directory, name)) for name in os.listdir(directory))
    return {os.path.basename(link) for link in links if "/spark-core_" in link}


@mixed_case
def versions_at_once(cluster):
    """Jobs of different releases side by side on the same master and workers."""
    half = {"spark.cores.max": str(CORES), "spark.executor.cores": "1"}
    jobs = {
        version: cluster.submit(f"on-{version}", "hold.py", "DIR", conf=half, version=version)
        for version in cluster.versions
    }
    for version, job in jobs.items():
        job.wait_ready()
        app = cluster.application(f"on-{version}")
        executors = cluster.executors(app["id"])
        expect(len(executors) == CORES, f"{version} has the executors {sorted(executors)}")
        for pid, _ in executors.values():
            jars = engine_jars(pid)
            expect(len(jars) == 1 and jars.pop().endswith(f"-{version}.jar"),
                   f"an executor of {version} runs on {jars}")
    for version, job in jobs.items():
        job.go()
        expect(HOLD_TOTAL in job.finish(), f"a wrong result:\n{job.tail()}")
        cluster.wait_for_application(f"on-{version}", "FINISHED")
    cluster.wait_until_idle()
