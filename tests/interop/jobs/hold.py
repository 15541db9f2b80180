# SPDX-License-Identifier: Apache-2.0
"""Stays in the middle of a shuffle until told to go on. usage: hold.py DIR [linger]

When its tasks run, DIR/ready appears; they end when DIR/go is there. With `linger` the driver then
stays, without work, until DIR/end is there.
"""

import os
import sys
import time
from operator import add

from pyspark import SparkContext

directory = sys.argv[1]


def hold(pair):
    with open(os.path.join(directory, "ready"), "w", encoding="utf-8"):
        pass
    while not os.path.exists(os.path.join(directory, "go")):
        time.sleep(0.1)
    return pair


sc = SparkContext()
sums = sc.parallelize(range(1000), 8).map(lambda n: (n % 8, n)).reduceByKey(add, 8)
# The map outputs exist now, spread over the executors; the next job only fetches them.
print("keys", sums.count())
print("total", sum(value for _, value in sums.map(hold).collect()))
while "linger" in sys.argv[2:] and not os.path.exists(os.path.join(directory, "end")):
    time.sleep(0.1)
sc.stop()
