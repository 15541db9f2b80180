# SPDX-License-Identifier: Apache-2.0
"""Checks that print a line each as TAP has it, and an exit status."""

import re
import subprocess
import sys
import time

failed = []


def check(condition, name, detail=""):
    print(f"{'ok' if condition else 'not ok'} - {name}", flush=True)
    if not condition:
        failed.append(name)
        print(f"#   {detail}", flush=True)


def check_equal(value, expected, name):
    check(value == expected, name, f"is {value!r} and not {expected!r}")


def check_match(pattern, text, name):
    # of a long text the end says most
    shown = text if len(text) < 2000 else "..." + text[-2000:]
    check(re.search(pattern, text, re.S), name, f"{shown!r} does not match {pattern!r}")


def wait_for(what, seconds=20, every=0.1):
    """The first true value of what(), or the last one."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value or time.monotonic() > end:
            return value
        time.sleep(every)


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True).stdout


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read().strip()


def finish():
    sys.exit(1 if failed else 0)
