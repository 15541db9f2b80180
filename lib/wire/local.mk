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

lib_wire_libwire_a_SOURCES += \
	lib/wire/codec-decode.c \
	lib/wire/codec-encode.c \
	lib/wire/deploy.c \
	lib/wire/family-tables.inc \
	lib/wire/family.c \
	lib/wire/message-tables.c \
	lib/wire/message-tables.h \
	lib/wire/probe.c \
	lib/wire/scala-build.c \
	lib/wire/scala-read.c \
	lib/wire/scala.h

EXTRA_DIST += build-aux/family-tables build-aux/FamilyTables.java
