# Settings, start-up and engines: what the daemons share.
noinst_LIBRARIES += daemons/common/libcommon.a
daemons_common_libcommon_a_SOURCES = \
	daemons/common/daemon.c \
	daemons/common/daemon.h \
	daemons/common/handover.c \
	daemons/common/handover.h \
	daemons/common/helper.c \
	daemons/common/helper.h \
	daemons/common/limits-request.c \
	daemons/common/limits-request.h \
	daemons/common/message-ids.h \
	daemons/common/options.c \
	daemons/common/options.h \
	daemons/common/options-help.c \
	daemons/common/options-help.h \
	daemons/common/reload.c \
	daemons/common/reload.h \
	daemons/common/resolver.c \
	daemons/common/resolver.h \
	daemons/common/sparkhome.c \
	daemons/common/sparkhome.h \
	daemons/common/version-query.c \
	daemons/common/unit-job.c \
	daemons/common/unit-job.h \
	daemons/common/version-query.h
daemons_common_libcommon_a_CPPFLAGS = $(AM_CPPFLAGS) -DSYSCONFDIR='"$(sysconfdir)"'
daemons_common_libcommon_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(JANSSON_CFLAGS) \
	$(CURL_CFLAGS)

daemons_common_libcommon_a_SOURCES += \
	daemons/common/display.c \
	daemons/common/display.h
