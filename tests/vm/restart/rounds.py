# SPDX-License-Identifier: Apache-2.0
"""Shuffles until it may end; every sum must be right, or it fails.
The first argument is the job's name. It tells how many rounds are done, from the second on."""

import os
import sys
import time

from pyspark.sql import SparkSession

from inside import TOLD, tell


def slow(number):
    time.sleep(0.02)
    return number % 7, number


name = sys.argv[1]
sc = SparkSession.builder.appName(name).getOrCreate().sparkContext
expected = {rest: sum(range(rest, 140, 7)) for rest in range(7)}
rounds = 0
while not os.path.exists(f"{TOLD}/{name}.go"):
    sums = sc.parallelize(range(140), 8).map(slow).reduceByKey(lambda a, b: a + b, 4).collect()
    if dict(sums) != expected:
        sys.exit(f"wrong: {sums}")
    rounds += 1
    if rounds > 1:
        tell(name, rounds=rounds)
print("right")
