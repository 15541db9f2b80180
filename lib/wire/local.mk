noinst_LIBRARIES += lib/wire/libwire.a
lib_wire_libwire_a_SOURCES = \
	lib/wire/codec.h \
	lib/wire/deploy.h \
	lib/wire/family.h \
	lib/wire/frame.h \
	lib/wire/jread.h \
	lib/wire/jvalue.h \
	lib/wire/jwrite.h \
	lib/wire/probe.h \
	lib/wire/url.h
lib_wire_libwire_a_CFLAGS = $(AM_CFLAGS)

lib_wire_libwire_a_SOURCES += \
	lib/wire/jproto.h \
	lib/wire/jread.c \
	lib/wire/jvalue.c \
	lib/wire/jwrite.c \
	lib/wire/frame.c \
	lib/wire/url.c
