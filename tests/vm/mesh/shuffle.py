# SPDX-License-Identifier: Apache-2.0
"""A stock PySpark job which shuffles megabytes that do not compress, and prints what came of
it in lines KEY=VALUE. Its argument says how many."""

import os
import sys

from pyspark.sql import SparkSession

MEGABYTES = int(sys.argv[1])
PARTITIONS = 2  # one for each executor, so that half of it all goes to the other one

sc = SparkSession.builder.appName("shuffle").getOrCreate().sparkContext
sizes = (sc.parallelize(range(MEGABYTES * 16), PARTITIONS)
         .map(lambda number: (number, os.urandom(1 << 16)))
         .repartition(PARTITIONS)
         .mapValues(len)
         .collect())
print(f"numbers={sum(number for number, _ in sizes)}")
print(f"bytes={sum(size for _, size in sizes)}")
driver = sc.getConf().get("spark.driver.host")
hosts = {info.host() for info in sc._jsc.sc().statusTracker().getExecutorInfos()}
print(f"driver={driver}")
print("executors=" + ",".join(sorted(hosts - {driver})))
