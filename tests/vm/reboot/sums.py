# SPDX-License-Identifier: Apache-2.0
"""Shuffles a little every now and then until it may end; every sum must be right, whatever became
of executors meanwhile. The first argument is the job's name."""

import os
import sys
import time

from pyspark.sql import SparkSession

from inside import TOLD, tell

name = sys.argv[1]
sc = SparkSession.builder.appName(name).getOrCreate().sparkContext
tell(f"{name}.registered", id=sc.applicationId)
expected = {rest: sum(range(rest, 70, 7)) for rest in range(7)}
rounds = 0
while not rounds or not os.path.exists(f"{TOLD}/{name}.go"):
    numbers = sc.parallelize(range(70), 2).map(lambda number: (number % 7, number))
    if dict(numbers.reduceByKey(lambda a, b: a + b, 2).collect()) != expected:
        sys.exit("wrong")
    rounds += 1
    tell(name, rounds=rounds, id=sc.applicationId)
    time.sleep(0.5)
print("right")
