# The pure state machine: linked by the daemon, its unit tests and the simulator.
noinst_LIBRARIES += daemons/master/libmaster.a
daemons_master_libmaster_a_SOURCES = \
	daemons/master/app-version.c \
	daemons/master/apps.c \
	daemons/master/drivers.c \
	daemons/master/effects.c \
	daemons/master/event.h \
	daemons/master/executors.c \
	daemons/master/fit.c \
	daemons/master/keeping.c \
	daemons/master/reconcile.c \
	daemons/master/record.c \
	daemons/master/record.h \
	daemons/master/record-bytes.c \
	daemons/master/record-bytes.h \
	daemons/master/record-internal.h \
	daemons/master/recovery.c \
	daemons/master/internal.h \
	daemons/master/lines.c \
	daemons/master/master.c \
	daemons/master/master.h \
	daemons/master/peers.c \
	daemons/master/read.c \
	daemons/master/resources.c \
	daemons/master/sched.c \
	daemons/master/state.h \
	daemons/master/text.c \
	daemons/master/worker-index.c \
	daemons/master/worker-index.h \
	daemons/master/workers.c
daemons_master_libmaster_a_CFLAGS = $(AM_CFLAGS)

# The daemon around it: settings, the actor, the web UI.
noinst_LIBRARIES += daemons/master/libmasterd.a
daemons_master_libmasterd_a_SOURCES = \
	daemons/master/actor.c \
	daemons/master/actor.h \
	daemons/master/config.c \
	daemons/master/keeper.c \
	daemons/master/keeper.h \
	daemons/master/config.h \
	daemons/master/ui.c \
	daemons/master/ui-html.c \
	daemons/master/ui-json.c \
	daemons/master/ui.h
daemons_master_libmasterd_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(JANSSON_CFLAGS)

spark_master_libs = \
	daemons/master/libmasterd.a \
	daemons/master/libmaster.a \
	daemons/common/libcommon.a \
	cgroups/libcgroups.a \
	lib/rpc/librpc.a \
	lib/http/libhttp.a \
	lib/wire/libwire.a \
	lib/store/libstore.a \
	lib/base/libbase.a \
	$(JANSSON_LIBS) $(SYSTEMD_LIBS) $(INIH_LIBS) $(SQLITE_LIBS)

sbin_PROGRAMS += spark-master
spark_master_SOURCES = daemons/master/main.c
spark_master_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
spark_master_LDADD = $(spark_master_libs)
