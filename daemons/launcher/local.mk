# What may be asked, as a library for the tests; the launcher; the starter that its units run.
noinst_LIBRARIES += daemons/launcher/liblauncher.a
daemons_launcher_liblauncher_a_SOURCES = \
	daemons/launcher/check.c \
	daemons/launcher/check.h
daemons_launcher_liblauncher_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
