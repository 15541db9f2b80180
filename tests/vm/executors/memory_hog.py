# SPDX-License-Identifier: Apache-2.0
"""A job whose Python code takes memory without end: memory_hog.py NAME"""

import sys
import time

from pyspark import SparkContext


def take_all(_):
    held = []
    while True:
        held.append(bytearray(b"x") * (1 << 20))
        time.sleep(0.002)


sc = SparkContext(appName=sys.argv[1])
print("never", sc.parallelize([0], 1).map(take_all).count())
