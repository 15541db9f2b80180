noinst_LIBRARIES += lib/rpc/librpc.a
lib_rpc_librpc_a_SOURCES = \
	lib/rpc/rpc.h
lib_rpc_librpc_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
