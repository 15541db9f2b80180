# The pure state machine: linked by the daemon, its unit tests and the simulator.
noinst_LIBRARIES += daemons/master/libmaster.a
daemons_master_libmaster_a_SOURCES = \
	daemons/master/event.h
daemons_master_libmaster_a_CFLAGS = $(AM_CFLAGS)
