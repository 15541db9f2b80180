noinst_LIBRARIES += lib/rpc/librpc.a
lib_rpc_librpc_a_SOURCES = \
	lib/rpc/conn.c \
	lib/rpc/rpc.c \
	lib/rpc/rpc-handover.c \
	lib/rpc/rpc-identify.c \
	lib/rpc/rpc-receive.c \
	lib/rpc/transport.c \
	lib/rpc/conn.h \
	lib/rpc/rpc.h \
	lib/rpc/rpc-private.h \
	lib/rpc/transport.h
lib_rpc_librpc_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
