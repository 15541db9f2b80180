# The pure state machine: linked by the daemon, its unit tests and the simulator.
noinst_LIBRARIES += daemons/master/libmaster.a
daemons_master_libmaster_a_SOURCES = \
	daemons/master/apps.c \
	daemons/master/drivers.c \
	daemons/master/effects.c \
	daemons/master/event.h \
	daemons/master/executors.c \
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
