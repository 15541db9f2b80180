# All but main.c: the state machines, the command line and the pages are linked by unit tests, too.
noinst_LIBRARIES += daemons/worker/libworker.a
daemons_worker_libworker_a_SOURCES = \
	daemons/worker/actor.c \
	daemons/worker/actor.h \
	daemons/worker/backend-choice.c \
	daemons/worker/backend-choice.h \
	daemons/worker/budget.c \
	daemons/worker/budget.h \
	daemons/worker/command-text.c \
	daemons/worker/command-text.h \
	daemons/worker/config.c \
	daemons/worker/config.h \
	daemons/worker/driver-command.c \
	daemons/worker/driver-command.h \
	daemons/worker/driver-launcher.c \
	daemons/worker/drivers.c \
	daemons/worker/drivers.h \
	daemons/worker/ending.c \
	daemons/worker/ending.h \
	daemons/worker/engine-choice.c \
	daemons/worker/engine-choice.h \
	daemons/worker/event.c \
	daemons/worker/event.h \
	daemons/worker/executor-command.c \
	daemons/worker/executor-command.h \
	daemons/worker/executors.c \
	daemons/worker/executors.h \
	daemons/worker/jar-fetch.c \
	daemons/worker/jar-fetch.h \
	daemons/worker/java-command.c \
	daemons/worker/java-command.h \
	daemons/worker/keep.c \
	daemons/worker/keep.h \
	daemons/worker/launcher-internal.h \
	daemons/worker/launcher.c \
	daemons/worker/launcher.h \
	daemons/worker/log-file.c \
	daemons/worker/log-file.h \
	daemons/worker/registration.c \
	daemons/worker/registration.h \
	daemons/worker/remover.c \
	daemons/worker/remover.h \
	daemons/worker/resources.c \
	daemons/worker/resources.h \
	daemons/worker/share.c \
	daemons/worker/share.h \
	daemons/worker/ui-json.c \
	daemons/worker/ui.c \
	daemons/worker/ui.h \
	daemons/worker/usage.c \
	daemons/worker/usage.h \
	daemons/worker/workdir.c \
	daemons/worker/workdir.h \
	daemons/worker/worker.c \
	daemons/worker/worker.h
daemons_worker_libworker_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(JANSSON_CFLAGS) $(CURL_CFLAGS)

sbin_PROGRAMS += spark-worker
spark_worker_SOURCES = daemons/worker/main.c
spark_worker_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(JANSSON_CFLAGS)
spark_worker_LDADD = \
	daemons/worker/libworker.a \
	daemons/common/libcommon.a \
	cgroups/libcgroups.a \
	lib/rpc/librpc.a \
	lib/http/libhttp.a \
	lib/store/libstore.a \
	lib/wire/libwire.a \
	lib/base/libbase.a \
	$(SYSTEMD_LIBS) $(JANSSON_LIBS) $(INIH_LIBS) $(SQLITE_LIBS) $(CGROUP_LIBS)
