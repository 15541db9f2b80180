# Spark's own environment file, as /etc/spark/spark-env.sh: bash, run when a service starts; see
# spark-env.sh(5). Who sets a cluster up anew has better use for spark-master.conf(5) and
# spark-worker.conf(5).
SPARK_WORKER_CORES=6
SPARK_WORKER_MEMORY=24g
SPARK_WORKER_OPTS="-Dspark.worker.cleanup.appDataTtl=86400"
JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64
