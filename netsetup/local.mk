# Host networking: what spark-netsetup does, as a library for the tests; the program.
noinst_LIBRARIES += netsetup/libnetsetup.a
netsetup_libnetsetup_a_SOURCES = \
	netsetup/address.c \
	netsetup/address.h \
	netsetup/apply.c \
	netsetup/apply.h \
	netsetup/conf-check.c \
	netsetup/conf.c \
	netsetup/conf.h \
	netsetup/confirm.c \
	netsetup/confirm.h \
	netsetup/desired.c \
	netsetup/desired.h \
	netsetup/firewall.c \
	netsetup/firewall.h \
	netsetup/host.c \
	netsetup/host.h \
	netsetup/keys.c \
	netsetup/keys.h \
	netsetup/measure.c \
	netsetup/measure.h \
	netsetup/netlink.c \
	netsetup/netlink.h \
	netsetup/nl-route.c \
	netsetup/nl-route.h \
	netsetup/nl-wireguard.c \
	netsetup/nl-wireguard.h \
	netsetup/plan-private.h \
	netsetup/plan-route.c \
	netsetup/plan-show.c \
	netsetup/plan-wireguard.c \
	netsetup/plan.c \
	netsetup/plan.h \
	netsetup/pmtu.c \
	netsetup/pmtu.h \
	netsetup/record.c \
	netsetup/record.h \
	netsetup/session.c \
	netsetup/session.h \
	netsetup/state.c \
	netsetup/state.h \
	netsetup/status.c \
	netsetup/status.h \
	netsetup/sysctl.c \
	netsetup/sysctl.h \
	netsetup/verb-apply.c \
	netsetup/verb-route.c \
	netsetup/verbs.h
netsetup_libnetsetup_a_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(NL_CFLAGS) $(JANSSON_CFLAGS)

netsetup_libs = \
	netsetup/libnetsetup.a \
	lib/base/libbase.a \
	$(NL_LIBS) $(CRYPTO_LIBS) $(JANSSON_LIBS) $(INIH_LIBS)

# The mesh, on top of it.
noinst_LIBRARIES += netsetup/libmesh.a
netsetup_libmesh_a_SOURCES = \
	netsetup/join-client.c \
	netsetup/join-client.h \
	netsetup/join-server.c \
	netsetup/join-server.h \
	netsetup/join-verbs.c \
	netsetup/mesh-host.c \
	netsetup/mesh-host.h \
	netsetup/mesh-members.c \
	netsetup/mesh-members.h \
	netsetup/mesh-node.c \
	netsetup/mesh-node.h \
	netsetup/mesh-output.c \
	netsetup/mesh-output.h \
	netsetup/mesh-request.c \
	netsetup/mesh-request.h \
	netsetup/mesh-serve.c \
	netsetup/mesh-serve.h \
	netsetup/mesh-state.c \
	netsetup/mesh-state.h \
	netsetup/mesh-text.c \
	netsetup/mesh-text.h \
	netsetup/mesh-verbs.c \
	netsetup/mesh-verbs.h \
	netsetup/nodes.c \
	netsetup/nodes.h \
	netsetup/token-table.c \
	netsetup/token-table.h \
	netsetup/token.c \
	netsetup/token.h
netsetup_libmesh_a_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) $(CURL_CFLAGS) \
	$(NL_CFLAGS) $(SYSTEMD_CFLAGS)
mesh_libs = netsetup/libmesh.a lib/http/libhttp.a $(netsetup_libs) $(SYSTEMD_LIBS)

sbin_PROGRAMS += spark-netsetup
spark_netsetup_SOURCES = netsetup/main.c
spark_netsetup_LDADD = $(mesh_libs)
