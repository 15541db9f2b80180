noinst_LIBRARIES += daemons/worker/libworker.a
daemons_worker_libworker_a_SOURCES =
daemons_worker_libworker_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(JANSSON_CFLAGS)
