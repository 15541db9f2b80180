# SPDX-License-Identifier: Apache-2.0
"""A job that tries what users' code has no business with: intruder.py NAME PIDS FILES, both lists
with commas"""

import sys

from pyspark import SparkContext

import inside
import walls

pids, files = ([word for word in text.split(",") if word] for text in sys.argv[2:])
pids = [int(pid) for pid in pids]
sc = SparkContext(appName=sys.argv[1])
print(*inside.on_an_executor(sc, lambda: walls.results(pids, files)), sep="\n")
sc.stop()
print("done")
