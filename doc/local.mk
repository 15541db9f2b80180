# What doc builds and checks.
dist_man_MANS += doc/spark-cluster.1
