noinst_LIBRARIES += daemons/common/libcommon.a
daemons_common_libcommon_a_SOURCES =
daemons_common_libcommon_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(JANSSON_CFLAGS)
