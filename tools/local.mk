# Tools that are scripts.
dist_bin_SCRIPTS = tools/spark-engine
dist_man_MANS += doc/spark-engine.1
