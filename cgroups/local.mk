noinst_LIBRARIES += cgroups/libcgroups.a
cgroups_libcgroups_a_SOURCES = \
	cgroups/cause.c \
	cgroups/cause.h \
	cgroups/launch-message.c \
	cgroups/launch-message.h \
	cgroups/limits.c \
	cgroups/limits.h \
	cgroups/spawn.c \
	cgroups/spawn.h \
	cgroups/stats.c \
	cgroups/stats.h
cgroups_libcgroups_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
