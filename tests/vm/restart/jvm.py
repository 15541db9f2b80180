# SPDX-License-Identifier: Apache-2.0
"""A daemon of a stock Spark, run by a user of the host."""

import os
import pwd
import subprocess

from cluster import FLAGS
from daemons import page
from tap import read, wait_for


class Jvm:
    """`role` is Master or Worker; of the ports only the web UI's has to be named."""

    def __init__(self, role, version, ui_port, *arguments):
        self.ui_port = ui_port
        self.name = f"jvm-{role.lower()}-{version}"
        command = [f"/opt/spark/{version}/bin/spark-class",
                   f"org.apache.spark.deploy.{role.lower()}.{role}", "--host", "localhost",
                   "--webui-port", str(ui_port), *arguments]
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/home/user",
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": FLAGS,
            "SPARK_WORKER_DIR": f"/home/user/{self.name}",
        }
        self.path = f"/tmp/{self.name}.log"
        user = pwd.getpwnam("user")
        with open(self.path, "wb") as log:
            self.process = subprocess.Popen(command, env=environment, cwd="/home/user",
                                            user=user.pw_uid, group=user.pw_gid, extra_groups=[],
                                            stdout=log, stderr=log)

    def up(self):
        """Whether it is there in the end."""
        return wait_for(lambda: page(self.ui_port), 120)

    def log(self):
        return read(self.path)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def executor_processes():
    """Of JVM workers: they are no units."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8") as f:
                if "org.apache.spark.executor.CoarseGrainedExecutorBackend" in f.read().split("\0"):
                    found.add(int(pid))
        except OSError:
            pass  # it has ended meanwhile
    return found
