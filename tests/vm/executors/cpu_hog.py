# SPDX-License-Identifier: Apache-2.0
"""A job with one core that burns CPU in as many processes as it is told: cpu_hog.py NAME PROCESSES"""

import os
import sys
import time

from pyspark import SparkContext

import inside

name, processes = sys.argv[1], int(sys.argv[2])


def burn(_):
    child = False
    for _ in range(processes - 1):
        child = os.fork() == 0
        if child:
            break
    end = time.monotonic() + 240
    while not os.path.exists(f"{inside.TOLD}/{name}.go") and time.monotonic() < end:
        for _ in range(100000):
            pass
    if child:
        os._exit(0)
    return processes


sc = SparkContext(appName=name)
group, pid, uid = inside.on_an_executor(sc, inside.who)
inside.tell(name, group=group, pid=pid, uid=uid)
print("burnt with", sc.parallelize([0], 1).map(burn).first())
sc.stop()
