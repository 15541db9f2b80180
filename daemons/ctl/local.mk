# The operator's command: what it shows (pure) as a library for the tests, and the program.
noinst_LIBRARIES += daemons/ctl/libctl.a
daemons_ctl_libctl_a_SOURCES = \
	daemons/ctl/address.c \
	daemons/ctl/address.h \
	daemons/ctl/status.c \
	daemons/ctl/status.h \
	daemons/ctl/table.c \
	daemons/ctl/table.h \
	daemons/ctl/top.c \
	daemons/ctl/top.h \
	daemons/ctl/top-text.c
daemons_ctl_libctl_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)

bin_PROGRAMS += spark-cluster
spark_cluster_SOURCES = \
	daemons/ctl/fetch.c \
	daemons/ctl/fetch.h \
	daemons/ctl/spark-cluster.c \
	daemons/ctl/verb.c \
	daemons/ctl/verb.h \
	daemons/ctl/verb-top.c
spark_cluster_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
spark_cluster_LDADD = \
	daemons/ctl/libctl.a \
	daemons/common/libcommon.a \
	lib/base/libbase.a \
	$(CURL_LIBS) $(JANSSON_LIBS) $(SYSTEMD_LIBS) $(INIH_LIBS)
