# SPDX-License-Identifier: Apache-2.0
"""A master and two workers, each ours or the JVM's, and jobs on them."""

import os
import re
import shutil
import subprocess

from harness import (
    LOOPBACK, Process, base_environment, expect, free_port, http_get, http_json, http_post,
    processes_below, wait_for,
)

HERE = os.path.dirname(os.path.abspath(__file__))
OURS, JVM = "ours", "jvm"
CORES = 2
MEMORY = 2048
EXECUTOR_MEMORY = 512


def spark_home(version):
    script = os.path.join(HERE, "../../build-aux/get-spark")
    return subprocess.run(
        [script, version], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


def find_daemon(build, name):
    """The program in a build directory, wherever its Makefile puts it."""
    for directory in ("", "daemons/master", "daemons/worker", "daemons/ctl"):
        path = os.path.join(build, directory, name)
        if os.access(path, os.X_OK):
            return path
    raise FileNotFoundError(f"{build} has no {name}; build it first")


class Cluster:
    """master: who the master is; workers: who each worker is; versions: of the JVM daemons and of
    the engines, the first one also being the jobs' unless they say otherwise."""

    def __init__(self, directory, build, master, workers, versions):
        self.directory = directory
        self.build = build
        self.versions = versions
        self.homes = {version: spark_home(version) for version in versions}
        self.kinds = [master, *workers]
        self.work = os.path.join(directory, "work")
        self.jobs = []
        for name in ("conf", "local", "work", "engines", "logs"):
            os.makedirs(os.path.join(directory, name), exist_ok=True)
        for version, home in self.homes.items():
            link = os.path.join(directory, "engines", version)
            if not os.path.islink(link):
                os.symlink(home, link)
        self.port, self.ui_port = free_port(), free_port()
        self.url = f"spark://{LOOPBACK}:{self.port}"
        self.ui = f"http://{LOOPBACK}:{self.ui_port}"
        self.workers = []
        self.worker_ports = {}  # number: (port, web UI port)
        self.master = None
        try:
            self.start(master, workers)
        except BaseException:
            self.stop()
            raise

    def start(self, master, workers):
        self.master = self.start_master(master)
        self.wait_for_workers(0)
        for number, kind in enumerate(workers):
            self.workers.append(self.start_worker(kind, number))
        self.wait_for_workers(len(workers))

    def environment(self, version=None):
        environment = base_environment(self.directory)
        environment["SPARK_HOME"] = self.homes[version or self.versions[0]]
        environment["SPARK_DAEMON_MEMORY"] = "256m"
        return environment

    def daemon(self, name, kind, program, java_class, options):
        environment = self.environment()
        if kind == OURS:
            command = [find_daemon(self.build, program), *options]
        else:
            command = [environment["SPARK_HOME"] + "/bin/spark-class", java_class, *options]
        log = os.path.join(self.directory, "logs", f"{name}.log")
        return Process(f"{kind} {name}", command, environment, self.directory, log)

    def start_master(self, kind):
        options = ["--host", LOOPBACK, "--port", str(self.port), "--webui-port", str(self.ui_port)]
        if kind == OURS:
            options += ["--state-dir", os.path.join(self.directory, "state")]
        return self.daemon("master", kind, "spark-master", "org.apache.spark.deploy.master.Master",
                           options)

    def start_worker(self, kind, number):
        port, ui_port = free_port(), free_port()
        self.worker_ports[number] = (port, ui_port)
        options = [
            "--host", LOOPBACK, "--port", str(port), "--webui-port", str(ui_port), "--cores", str(CORES),
            "--memory", f"{MEMORY}m", "--work-dir", os.path.join(self.work, str(number)), self.url,
        ]
        if kind == OURS and len(self.versions) > 1:
            config = os.path.join(self.directory, "worker.conf")
            with open(config, "w", encoding="utf-8") as file:
                file.write(f"[worker]\nengines = {self.directory}/engines\n")
            options = ["--config", config, *options]
        return self.daemon(f"worker{number}", kind, "spark-worker",
                           "org.apache.spark.deploy.worker.Worker", options)

    def replace_worker(self, number):
        """Starts another worker in the place of one that is gone."""
        self.workers[number].terminate()
        self.workers[number] = self.start_worker(self.kinds[number + 1], number)
        self.wait_for_workers(len(self.workers))

    def restart_master(self):
        """The master dies without a word, and another one comes up at its address."""
        self.master.kill_group()
        self.master.terminate()
        self.master = self.start_master(self.kinds[0])
        self.wait_for_workers(len(self.workers))

    def wait_for_workers(self, count):
        def ready():
            for daemon in self.daemons():
                expect(daemon.running(), f"{daemon.name} ended:\n{daemon.log()[-2000:]}")
            state = self.state()
            return state and state["status"] == "ALIVE" and state["aliveworkers"] == count

        wait_for(f"a master with {count} workers", ready, 90)

    def daemons(self):
        return [daemon for daemon in [self.master, *self.workers] if daemon]

    def state(self):
        return http_json(self.ui + "/json/")

    def application(self, name, lists=("activeapps", "completedapps")):
        """The newest application of that name in the master's JSON, or None."""
        state = self.state() or {}
        apps = [app for key in lists for app in state.get(key, []) if app["name"] == name]
        return max(apps, key=lambda app: app["id"]) if apps else None

    def wait_for_application(self, name, state, timeout=60):
        def probe():
            app = self.application(name)
            return app if app and app["state"] == state else None

        return wait_for(f"application {name} to be {state}", probe, timeout)

    def wait_until_idle(self, timeout=30):
        """No application, no core or memory in use, no process of an executor or driver."""

        def probe():
            state = self.state()
            return (state and not state["activeapps"] and state["coresused"] == 0
                    and state["memoryused"] == 0)

        wait_for("the master to have no application and all cores free", probe, timeout)
        wait_for("the executors' processes to be gone",
                 lambda: not processes_below(self.work), timeout)

    def executors(self, app_id):
        """{executor id: (pid, arguments)} of the application's executor JVMs."""
        found = {}
        for pid, arguments, directory in processes_below(self.work):
            parts = directory[len(self.work) + 1 :].split("/")
            if ("org.apache.spark.executor.CoarseGrainedExecutorBackend" in arguments
                    and parts[1:2] == [app_id] and len(parts) == 3):
                found[int(parts[2])] = (pid, arguments)
        return found

    def executor_directories(self, app_id):
        """{executor id: directory} of all executors that the application ever had."""
        found = {}
        for worker in os.listdir(self.work):
            directory = os.path.join(self.work, worker, app_id)
            for name in os.listdir(directory) if os.path.isdir(directory) else []:
                if name.isdigit():
                    found[int(name)] = os.path.join(directory, name)
        return found

    def kill_application(self, app_id):
        """Presses the kill button of the master's page; 4.3 wants a token from that page."""
        form = {"id": app_id, "terminate": "true"}
        page = http_get(self.ui + "/")
        for tag in re.findall(r"<input\b[^>]*>", page):
            attributes = dict(re.findall(r"""(\w+)=["']([^"']*)["']""", tag))
            if attributes.get("name") == "csrfToken":
                form["csrfToken"] = attributes["value"]
        return http_post(self.ui + "/app/kill/", form)

    def submit(self, name, script, *arguments, conf=None, version=None):
        job = Job(self, name, script, arguments, conf or {}, version or self.versions[0])
        self.jobs.append(job)
        return job

    def driver_jar(self):
        """jobs/ClusterDriver.java as a jar, compiled against the first version's Spark."""
        jar = os.path.join(self.directory, "driver.jar")
        if not os.path.exists(jar):
            classes = os.path.join(self.directory, "classes")
            subprocess.run(
                ["javac", "-cp", self.homes[self.versions[0]] + "/jars/*", "-d", classes,
                 os.path.join(HERE, "jobs", "ClusterDriver.java")], check=True)
            subprocess.run(["jar", "cf", jar, "-C", classes, "."], check=True)
        return jar

    def submit_driver(self, name, *arguments, options=(), conf=None):
        """The job of submitting a driver to the cluster, and the driver's ID."""
        before = set(self.drivers())
        job = Job(self, name, self.driver_jar(), arguments, conf or {}, self.versions[0],
                  ["--deploy-mode", "cluster", "--class", "ClusterDriver", *options])
        self.jobs.append(job)

        def probe():
            new = set(self.drivers()) - before
            expect(new or job.process.running(), f"nothing was submitted:\n{job.tail()}")
            return new

        return job, wait_for(f"driver {name} to be submitted", probe).pop()

    def drivers(self):
        """{driver ID: the driver in the master's JSON}"""
        state = self.state() or {}
        return {driver["id"]: driver for key in ("activedrivers", "completeddrivers")
                for driver in state.get(key, [])}

    def wait_for_driver(self, driver_id, state):
        def probe():
            driver = self.drivers()[driver_id]
            ended = driver["state"] not in ("SUBMITTED", "RUNNING", state)
            expect(not ended, f"{driver_id} ended as {driver['state']}: {self.driver_log(driver_id)}")
            return driver if driver["state"] == state else None

        return wait_for(f"driver {driver_id} to be {state}", probe)

    def driver_log(self, driver_id, name="stderr"):
        """What the driver has written."""
        for worker in os.listdir(self.work):
            path = os.path.join(self.work, worker, driver_id, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    return file.read()
        return ""

    def end_jobs(self):
        for job in self.jobs:
            job.process.terminate(0)
        self.jobs = []

    def check_daemons(self):
        for daemon in self.daemons():
            expect(daemon.running(), f"{daemon.name} ended: {daemon.log()[-2000:]}")

    def stop(self):
        """Ends everything; returns what was wrong with how our daemons ended."""
        problems = []
        self.end_jobs()
        for kind, daemon in reversed(list(zip(self.kinds, [self.master, *self.workers]))):
            if daemon is None:
                continue
            expected = daemon.running()
            status = daemon.terminate()
            if kind == OURS and expected and status != 0:
                how = "did not end on SIGTERM" if status is None else f"ended with {status}"
                problems.append(f"{daemon.name} {how}:\n{daemon.log()[-3000:]}")
        for pid, _, _ in processes_below(self.work):
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass
        return problems

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)


class Job:
    """One spark-submit. `directory` is where it and its tasks find and leave their files."""

    def __init__(self, cluster, name, script, arguments, conf, version, options=()):
        self.cluster = cluster
        self.name = name
        home = cluster.homes[version]
        number = len(os.listdir(os.path.join(cluster.directory, "logs")))
        self.directory = os.path.join(cluster.directory, "logs", f"job{number}-{name}")
        os.makedirs(self.directory)
        settings = {
            "spark.driver.host": LOOPBACK,
            "spark.driver.bindAddress": LOOPBACK,
            "spark.driver.memory": "512m",
            "spark.executor.memory": f"{EXECUTOR_MEMORY}m",
            "spark.ui.port": "0",
            "spark.app.name": name,
            **conf,
        }
        command = [home + "/bin/spark-submit", "--master", cluster.url]
        for key, value in settings.items():
            command += ["--conf", f"{key}={value}"]
        command += options
        if not os.path.isabs(script):
            script = os.path.join(HERE, "jobs", script)
        command += [script, *(argument.replace("DIR", self.directory) for argument in arguments)]
        self.process = Process(
            f"job {name}", command, cluster.environment(version), self.directory,
            os.path.join(self.directory, "log"), os.path.join(self.directory, "output"),
        )

    def wait_ready(self, timeout=90):
        """Until the job says that it has come to its middle."""

        def probe():
            expect(self.process.running(), f"job {self.name} ended early:\n{self.tail()}")
            return os.path.exists(os.path.join(self.directory, "ready"))

        wait_for(f"job {self.name} to be in its middle", probe, timeout)

    def go(self, sign="go"):
        with open(os.path.join(self.directory, sign), "w", encoding="utf-8"):
            pass

    def finish(self, timeout=120):
        """Waits for a good end and returns what the job printed."""
        status = self.process.wait(timeout)
        expect(status == 0, f"job {self.name} ended with status {status}:\n{self.tail()}")
        with open(os.path.join(self.directory, "output"), encoding="utf-8") as file:
            return file.read()

    def log(self):
        """What the driver logged."""
        return self.process.log()

    def tail(self):
        return self.process.log()[-3000:]
