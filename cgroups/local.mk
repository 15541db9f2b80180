noinst_LIBRARIES += cgroups/libcgroups.a
cgroups_libcgroups_a_SOURCES = \
	cgroups/spawn.c \
	cgroups/spawn.h
cgroups_libcgroups_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
