# What tests/fuzz builds and checks. A block per target: its name in FUZZ_TARGETS, its corpus in
# EXTRA_DIST, $(FUZZ_LIBS) last in its LDADD and $(FUZZ_LINK) in its LDFLAGS. It is linked with
# libFuzzer, or else with replay.c, and is then a test that runs its corpus.
FUZZ_TARGETS =
check_PROGRAMS += $(FUZZ_TARGETS)
if ENABLE_FUZZING
FUZZ_LIBS =
FUZZ_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer
else
TESTS += $(FUZZ_TARGETS)
check_LIBRARIES = tests/fuzz/libreplay.a
tests_fuzz_libreplay_a_SOURCES = tests/fuzz/replay.c
FUZZ_LIBS = tests/fuzz/libreplay.a lib/base/libbase.a
FUZZ_LINK = $(AM_LDFLAGS)
endif

FUZZ_TARGETS += tests/fuzz/fuzz-properties
EXTRA_DIST += tests/fuzz/properties
tests_fuzz_fuzz_properties_SOURCES = tests/fuzz/fuzz-properties.c
tests_fuzz_fuzz_properties_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_properties_LDADD = lib/base/libbase.a $(FUZZ_LIBS)

FUZZ_TARGETS += tests/fuzz/fuzz-ini
EXTRA_DIST += tests/fuzz/ini
tests_fuzz_fuzz_ini_SOURCES = tests/fuzz/fuzz-ini.c
tests_fuzz_fuzz_ini_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_ini_LDADD = lib/base/libbase.a $(FUZZ_LIBS) $(INIH_LIBS)

FUZZ_TARGETS += tests/fuzz/fuzz-conn
EXTRA_DIST += tests/fuzz/conn
tests_fuzz_fuzz_conn_SOURCES = tests/fuzz/fuzz-conn.c
tests_fuzz_fuzz_conn_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_conn_LDADD = lib/rpc/librpc.a lib/wire/libwire.a lib/base/libbase.a $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz-jread
EXTRA_DIST += tests/fuzz/jread
tests_fuzz_fuzz_jread_SOURCES = tests/fuzz/fuzz-jread.c
tests_fuzz_fuzz_jread_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_jread_LDADD = lib/wire/libwire.a lib/base/libbase.a $(FUZZ_LIBS)

FUZZ_TARGETS += tests/fuzz/fuzz-frame
EXTRA_DIST += tests/fuzz/frame
tests_fuzz_fuzz_frame_SOURCES = tests/fuzz/fuzz-frame.c
tests_fuzz_fuzz_frame_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_frame_LDADD = lib/wire/libwire.a lib/base/libbase.a $(FUZZ_LIBS)

FUZZ_TARGETS += tests/fuzz/fuzz-envelope
EXTRA_DIST += tests/fuzz/envelope
tests_fuzz_fuzz_envelope_SOURCES = tests/fuzz/fuzz-envelope.c
tests_fuzz_fuzz_envelope_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_envelope_LDADD = lib/wire/libwire.a lib/base/libbase.a $(FUZZ_LIBS)

FUZZ_TARGETS += tests/fuzz/fuzz-url
EXTRA_DIST += tests/fuzz/url
tests_fuzz_fuzz_url_SOURCES = tests/fuzz/fuzz-url.c
tests_fuzz_fuzz_url_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_url_LDADD = lib/wire/libwire.a lib/base/libbase.a $(FUZZ_LIBS)

EXTRA_DIST += tests/fuzz/make-corpus

FUZZ_TARGETS += tests/fuzz/fuzz-message
EXTRA_DIST += tests/fuzz/make-message-corpus tests/fuzz/message
tests_fuzz_fuzz_message_SOURCES = \
	tests/fuzz/fuzz-message.c tests/unit/messages.c tests/unit/messages.h
tests_fuzz_fuzz_message_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_message_LDADD = lib/wire/libwire.a lib/base/libbase.a $(FUZZ_LIBS)

FUZZ_TARGETS += tests/fuzz/fuzz-launcher-request
EXTRA_DIST += tests/fuzz/launcher-request
tests_fuzz_fuzz_launcher_request_SOURCES = tests/fuzz/fuzz-launcher-request.c
tests_fuzz_fuzz_launcher_request_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_launcher_request_LDADD = cgroups/libcgroups.a lib/base/libbase.a $(FUZZ_LIBS)

FUZZ_TARGETS += tests/fuzz/fuzz-network-conf
EXTRA_DIST += tests/fuzz/network-conf
tests_fuzz_fuzz_network_conf_SOURCES = tests/fuzz/fuzz-network-conf.c
tests_fuzz_fuzz_network_conf_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_network_conf_LDADD = $(netsetup_libs) $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz-record
EXTRA_DIST += tests/fuzz/record
tests_fuzz_fuzz_record_SOURCES = tests/fuzz/fuzz-record.c
tests_fuzz_fuzz_record_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_record_LDADD = daemons/master/libmaster.a daemons/common/libcommon.a \
	cgroups/libcgroups.a lib/wire/libwire.a lib/base/libbase.a $(FUZZ_LIBS)

FUZZ_TARGETS += tests/fuzz/fuzz-mesh
EXTRA_DIST += tests/fuzz/mesh
tests_fuzz_fuzz_mesh_SOURCES = tests/fuzz/fuzz-mesh.c
tests_fuzz_fuzz_mesh_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
tests_fuzz_fuzz_mesh_LDFLAGS = $(FUZZ_LINK)
tests_fuzz_fuzz_mesh_LDADD = $(mesh_libs) $(FUZZ_LIBS)
