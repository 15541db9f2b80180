# What doc builds and checks.
dist_man_MANS += \
	doc/spark-cluster.1 \
	doc/spark-master.8 \
	doc/spark-master.conf.5
dist_man_MANS += \
	doc/spark-worker.8 \
	doc/spark-worker.conf.5
