noinst_LIBRARIES += lib/base/libbase.a
lib_base_libbase_a_SOURCES = \
	lib/base/arena.c \
	lib/base/buffer.c \
	lib/base/cursor.c \
	lib/base/file.c \
	lib/base/ini.c \
	lib/base/log.c \
	lib/base/parse.c \
	lib/base/problem.c \
	lib/base/properties.c \
	lib/base/strv.c \
	lib/base/arena.h \
	lib/base/buffer.h \
	lib/base/cursor.h \
	lib/base/file.h \
	lib/base/hash.h \
	lib/base/ini.h \
	lib/base/limits.h \
	lib/base/log.h \
	lib/base/macro.h \
	lib/base/parse.h \
	lib/base/problem.h \
	lib/base/properties.h \
	lib/base/strv.h
lib_base_libbase_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(INIH_CFLAGS)
