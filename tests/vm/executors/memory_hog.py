# SPDX-License-Identifier: Apache-2.0
"""A job whose Python code takes memory without end: memory_hog.py NAME [wait]"""

import sys
import time

from pyspark import SparkContext

import inside


def take_all(_):
    held = []
    while True:
        held.append(bytearray(b"x") * (1 << 20))
        time.sleep(0.002)


name, wait = sys.argv[1], len(sys.argv) > 2
sc = SparkContext(appName=name)
if wait:
    group, pid, uid = inside.on_an_executor(sc, inside.who)
    inside.tell(name, group=group, pid=pid, uid=uid)
    inside.wait_to_go_on(name)
print("never", sc.parallelize([0], 1).map(take_all).count())
