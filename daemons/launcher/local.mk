# The launcher as a library for the tests; its main; the starter that its units run.
noinst_LIBRARIES += daemons/launcher/liblauncher.a
daemons_launcher_liblauncher_a_SOURCES = \
	daemons/launcher/check.c \
	daemons/launcher/check.h \
	daemons/launcher/properties.c \
	daemons/launcher/properties.h \
	daemons/launcher/server.c \
	daemons/launcher/server.h \
	daemons/launcher/units.c \
	daemons/launcher/units.h
daemons_launcher_liblauncher_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)

pkglibexec_PROGRAMS = spark-launcher spark-exec
spark_launcher_SOURCES = daemons/launcher/main.c
spark_launcher_CPPFLAGS = $(AM_CPPFLAGS) -DPKGLIBEXECDIR='"$(pkglibexecdir)"'
spark_launcher_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
spark_launcher_LDADD = \
	daemons/launcher/liblauncher.a \
	cgroups/libcgroups.a \
	daemons/common/libcommon.a \
	lib/base/libbase.a \
	$(SYSTEMD_LIBS) $(INIH_LIBS)

spark_exec_SOURCES = daemons/launcher/spark-exec.c
spark_exec_LDADD = lib/base/libbase.a

EXTRA_DIST += \
	units/spark-launcher.service.in \
	units/spark-launcher.socket

dist_man_MANS += doc/spark-launcher.8
