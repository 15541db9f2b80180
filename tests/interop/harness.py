# SPDX-License-Identifier: Apache-2.0
"""Processes, ports, web pages and waiting: what the interop cases stand on."""

import json
import os
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

LOOPBACK = "127.0.0.1"
# A slow or busy machine stretches every time-out with this.
PATIENCE = float(os.environ.get("SPARKD_INTEROP_PATIENCE", "1"))
# The JVMs here live for seconds: the cheap compiler and the simple collector suit them, and
# nothing of theirs shall be left in /tmp.
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData"

_given_ports = set()


class Failure(Exception):
    """A case's assertion did not hold; the text says which."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def wait_for(what, probe, timeout=60.0, interval=0.2):
    """The first true value of probe(), which is called until the time is over."""
    deadline = time.monotonic() + timeout * PATIENCE
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"waited {timeout * PATIENCE:.0f} s in vain for {what}")
        time.sleep(interval)


def free_port():
    """A port nobody listens on, below the range from which the kernel takes those of clients."""
    while True:
        port = random.randrange(20000, 32000)
        if port in _given_ports:
            continue
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
        _given_ports.add(port)
        return port


def http_get(url, timeout=20):
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return answer.read().decode()


def http_json(url):
    """The page as JSON; None while nobody answers."""
    try:
        return json.loads(http_get(url))
    except (OSError, urllib.error.URLError, ValueError):
        return None


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def http_post(url, form):
    """The status of a POST; a redirection is not followed."""
    opener = urllib.request.build_opener(NoRedirect)
    try:
        with opener.open(url, urllib.parse.urlencode(form).encode(), timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def processes():
    """(pid, arguments, working directory) of every process that we may look at."""
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                arguments = file.read().decode(errors="replace").split("\0")
            directory = os.readlink(f"/proc/{name}/cwd")
        except OSError:
            continue
        yield int(name), arguments, directory


def processes_below(directory):
    return [p for p in processes() if (p[2] + "/").startswith(directory + "/")]


def alive(pid):
    """Whether the process exists and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def memory_kib(pid, field="VmRSS"):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1])
    return 0


def base_environment(directory):
    """The environment of everything that is started: nothing of the caller's gets through but
    the time zone's default and the path to Java."""
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": directory,
        "TMPDIR": directory,
        "LANG": "C.UTF-8",
        "SPARK_LOCAL_IP": LOOPBACK,
        "SPARK_PUBLIC_DNS": LOOPBACK,
        "SPARK_CONF_DIR": os.path.join(directory, "conf"),
        "SPARK_LOCAL_DIRS": os.path.join(directory, "local"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "JAVA_TOOL_OPTIONS": f"{JAVA_OPTIONS} -Djava.io.tmpdir={directory}",
    }
    if "JAVA_HOME" in os.environ:
        environment["JAVA_HOME"] = os.environ["JAVA_HOME"]
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
        if name in os.environ:
            environment[name] = os.environ[name]
    return environment


class Process:
    """A started program; its standard error, and its output unless that has a file of its own,
    are in a log file."""

    def __init__(self, name, arguments, environment, directory, log, output=None):
        self.name = name
        self.log_path = log
        self.log_file = open(log, "ab")
        self.output_file = open(output, "ab") if output else self.log_file
        self.popen = subprocess.Popen(
            arguments, env=environment, cwd=directory, stdin=subprocess.DEVNULL,
            stdout=self.output_file, stderr=self.log_file, start_new_session=True,
        )
        self.pid = self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait(self, timeout):
        try:
            return self.popen.wait(timeout * PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end within {timeout * PATIENCE:.0f} s") from None

    def kill_group(self, number=signal.SIGKILL):
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass

    def terminate(self, timeout=30):
        """SIGTERM, and the exit status; whoever does not end is killed and has status None."""
        if self.running():
            self.popen.terminate()
        try:
            status = self.popen.wait(timeout * PATIENCE)
        except subprocess.TimeoutExpired:
            status = None
        self.kill_group()
        self.popen.wait()
        self.log_file.close()
        self.output_file.close()
        return status
