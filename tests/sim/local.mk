# The cluster under a virtual clock; "sim --help".
check_PROGRAMS += tests/sim/sim
tests_sim_sim_SOURCES = \
	tests/sim/main.c \
	tests/sim/net.c \
	tests/sim/oracle.c \
	tests/sim/oracle.h \
	tests/sim/records.c \
	tests/sim/records.h \
	tests/sim/sim.c \
	tests/sim/sim.h \
	tests/sim/sim-client.c \
	tests/sim/sim-driver.c \
	tests/sim/sim-master.c \
	tests/sim/sim-worker.c
tests_sim_sim_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_sim_sim_LDADD = \
	daemons/master/libmaster.a \
	daemons/worker/libworker.a \
	daemons/common/libcommon.a \
	cgroups/libcgroups.a \
	lib/wire/libwire.a \
	lib/base/libbase.a \
	$(JANSSON_LIBS) $(SYSTEMD_LIBS)

dist_check_SCRIPTS += tests/sim/check-seeds
TESTS += tests/sim/check-seeds
