noinst_LIBRARIES += cgroups/libcgroups.a
cgroups_libcgroups_a_SOURCES = \
	cgroups/backend.c \
	cgroups/backend.h \
	cgroups/backend-libcgroup.c \
	cgroups/backend-none.c \
	cgroups/backend-private.h \
	cgroups/backend-systemd.c \
	cgroups/cause.c \
	cgroups/cause.h \
	cgroups/launch-client.c \
	cgroups/launch-client.h \
	cgroups/launch-message.c \
	cgroups/launch-message.h \
	cgroups/limits.c \
	cgroups/limits.h \
	cgroups/spawn.c \
	cgroups/spawn.h \
	cgroups/stats.c \
	cgroups/stats.h
cgroups_libcgroups_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(CGROUP_CFLAGS)
