# SPDX-License-Identifier: Apache-2.0
"""Counts words over a shuffle; says which executors took part. usage: shuffle.py"""

import json
import os
import time
from operator import add

from pyspark import SparkContext

WORDS = ["spark", "standalone", "master", "worker", "executor", "driver", "shuffle"]


def executor(_):
    """The executor's id is the name of its working directory. The pause lets each have a share."""
    time.sleep(0.3)
    return os.path.basename(os.getcwd())


sc = SparkContext()
executors = sorted(set(sc.parallelize(range(8), 8).map(executor).collect()))
lines = sc.parallelize(range(7000), 8).map(lambda n: f"{WORDS[n % 7]} {WORDS[n % 3]}")
counts = lines.flatMap(str.split).map(lambda word: (word, 1)).reduceByKey(add, 4).collectAsMap()
print("executors", json.dumps(executors))
print("counts", json.dumps(counts, sort_keys=True))
sc.stop()
