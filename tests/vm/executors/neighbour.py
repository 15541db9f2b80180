# SPDX-License-Identifier: Apache-2.0
"""A job that has an executor before and after what happens to others: neighbour.py NAME"""

import sys

from pyspark import SparkContext

import inside

name = sys.argv[1]
sc = SparkContext(appName=name)
group, pid, uid = inside.on_an_executor(sc, inside.who)
inside.tell(name, group=group, pid=pid, uid=uid)
inside.wait_to_go_on(name)
print("the same" if inside.on_an_executor(sc, inside.who) == (group, pid, uid) else "another")
sc.stop()
