# SPDX-License-Identifier: Apache-2.0
"""Applications one after the other that ask for an executor and do nothing: waiting.py NAME JSON, with
their names and settings"""

import json
import sys

from pyspark import SparkConf, SparkContext

import inside

for name, settings in json.loads(sys.argv[2]).items():
    inside.tell(f"{name}-next")
    inside.wait_to_go_on(f"{name}-next")
    sc = SparkContext(appName=name, conf=SparkConf().setAll(settings.items()))
    inside.tell(name)
    inside.wait_to_go_on(name)
    sc.stop()
print("done")
