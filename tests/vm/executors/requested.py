# SPDX-License-Identifier: Apache-2.0
"""Applications one after the other, each with settings of its own: requested.py NAME JSON"""

import json
import sys

from pyspark import SparkConf, SparkContext

import inside

for name, settings in json.loads(sys.argv[2]).items():
    sc = SparkContext(appName=name, conf=SparkConf().setAll(settings.items()))
    group, pid, uid = inside.on_an_executor(sc, inside.who)
    inside.tell(name, group=group, pid=pid, uid=uid)
    inside.wait_to_go_on(name)
    sc.stop()
print("done")
