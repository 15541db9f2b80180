# The pure state machines, the command line and the pages: linked by the daemon and its unit tests.
noinst_LIBRARIES += daemons/worker/libworker.a
daemons_worker_libworker_a_SOURCES = \
	daemons/worker/command-text.c \
	daemons/worker/command-text.h \
	daemons/worker/event.c \
	daemons/worker/event.h \
	daemons/worker/executor-command.c \
	daemons/worker/executor-command.h \
	daemons/worker/executors.c \
	daemons/worker/executors.h \
	daemons/worker/registration.c \
	daemons/worker/registration.h \
	daemons/worker/worker.c \
	daemons/worker/worker.h
daemons_worker_libworker_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(JANSSON_CFLAGS)
