# What tests/unit builds and checks.

check_PROGRAMS += tests/unit/test-jwrite
TESTS += tests/unit/test-jwrite
tests_unit_test_jwrite_SOURCES = tests/unit/test-jwrite.c tests/unit/samples.c tests/unit/samples.h
tests_unit_test_jwrite_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_jwrite_LDADD = lib/wire/libwire.a lib/base/libbase.a $(CHECK_LIBS)

EXTRA_DIST += tests/data/frames

check_PROGRAMS += tests/unit/test-frame
TESTS += tests/unit/test-frame
tests_unit_test_frame_SOURCES = tests/unit/test-frame.c tests/unit/samples.c tests/unit/samples.h
tests_unit_test_frame_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_frame_LDADD = lib/wire/libwire.a lib/base/libbase.a $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-url
TESTS += tests/unit/test-url
tests_unit_test_url_SOURCES = tests/unit/test-url.c
tests_unit_test_url_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_url_LDADD = lib/wire/libwire.a lib/base/libbase.a $(CHECK_LIBS)
check_PROGRAMS += tests/unit/test-http tests/unit/test-http-mhd
TESTS += tests/unit/test-http tests/unit/test-http-mhd
tests_unit_test_http_SOURCES = tests/unit/test-http.c
tests_unit_test_http_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_http_LDADD = lib/http/libhttp.a lib/base/libbase.a $(SYSTEMD_LIBS) $(CHECK_LIBS)
tests_unit_test_http_mhd_SOURCES = tests/unit/test-http-mhd.c
tests_unit_test_http_mhd_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_http_mhd_LDADD = lib/http/libhttp.a lib/base/libbase.a $(SYSTEMD_LIBS) $(CHECK_LIBS)
