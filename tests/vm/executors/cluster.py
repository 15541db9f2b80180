# SPDX-License-Identifier: Apache-2.0
"""The cluster as the tests see it from outside: jobs given to spark-submit, daemons, groups."""

import os
import subprocess

from tap import output, read, wait_for

# For machines that are small and slow: the default of each costs seconds and memory.
FLAGS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -XX:-UsePerfData"
SLICE = "/sys/fs/cgroup/spark.slice/spark-executors.slice"
TOLD = "/srv/told"
MIB = 1 << 20


class Job:
    """A stock spark-submit of one of the scripts here, run by a user of the host. Its name is the
    first argument of the script; `spark` is the engine that it is of."""

    def __init__(self, name, script, *arguments, conf=(), spark="default",
                 master="spark://localhost:7077"):
        self.name = name
        settings = {
            "spark.ui.enabled": "false",
            "spark.executor.memory": "512m",
            "spark.executor.cores": "1",
            "spark.cores.max": "1",
            "spark.executor.extraJavaOptions": FLAGS,
        }
        settings.update(conf)
        command = ["runuser", "-u", "user", "--", f"/opt/spark/{spark}/bin/spark-submit",
                   "--master", master, "--driver-memory", "512m",
                   "--py-files", "/srv/job/inside.py,/srv/job/walls.py"]
        for key, value in settings.items():
            command += ["--conf", f"{key}={value}"]
        command += [f"/srv/job/{script}.py", name, *arguments]
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/home/user",
            "JDK_JAVA_OPTIONS": FLAGS,
            "PYSPARK_PYTHON": "python3",
        }
        self.out, self.err = (f"/tmp/{name}.{end}" for end in ("out", "err"))
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(command, env=environment, cwd="/home/user",
                                            stdout=out, stderr=err)

    def wait(self, seconds=180):
        """The exit status; None when it did not end."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            print(f"#   {self.name} does not end:", *self.log().splitlines()[-30:], sep="\n#   ")
            return None

    def log(self):
        """What the driver logged."""
        return read(self.err)

    def told(self, what=None, seconds=90):
        """What its Python code has told by inside.tell(), of itself or of `what`: a dictionary, {}
        when it said nothing."""
        path = f"{TOLD}/{what or self.name}"
        wait_for(lambda: os.path.exists(path) or self.process.poll() is not None, seconds)
        if not os.path.exists(path):
            print(f"#   {self.name} says nothing:", *self.log().splitlines()[-30:], sep="\n#   ")
            return {}
        return dict(line.split("=", 1) for line in read(path).splitlines())

    def go_on(self, what=None):
        """Ends inside.wait_to_go_on()."""
        with open(f"{TOLD}/{what or self.name}.go", "w", encoding="utf-8"):
            pass

    def result(self, seconds=120):
        """Its exit status and what it printed last, when it has ended."""
        status = self.wait(seconds)
        return status, (read(self.out).splitlines() or [""])[-1]


def main_pid(service):
    return int(output("systemctl", "show", "-P", "MainPID", f"{service}.service"))


def value(group, name):
    return read(f"{group}/{name}")


def stat(group, name, key):
    """A number of a file with a key and a number on each line."""
    return dict(line.split() for line in value(group, name).splitlines()).get(key)


def owner(pid):
    return os.stat(f"/proc/{pid}").st_uid
