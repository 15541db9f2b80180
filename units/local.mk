# What systemd is told: units, users, directories and the journal's catalogue.
systemdsystemunitdir = $(prefix)/lib/systemd/system
catalogdir = $(prefix)/lib/systemd/catalog
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
networkddir = $(prefix)/lib/systemd/networkd.conf.d
networkdir = $(prefix)/lib/systemd/network
rtprotosdir = $(sysconfdir)/iproute2/rt_protos.d

UNITS = \
	units/spark-executors.slice \
	units/spark-launcher.socket \
	units/spark-master-webui.socket \
	units/spark-master.socket \
	units/spark-netsetup-join.socket \
	units/spark-netsetup-pull.timer \
	units/spark-worker-webui.socket \
	units/spark-worker.socket \
	units/spark.slice \
	units/spark.target
UNITS_MADE = \
	units/spark-launcher.service \
	units/spark-master.service \
	units/spark-netsetup-join.service \
	units/spark-netsetup-pull.service \
	units/spark-netsetup.service \
	units/spark-worker.service \
	units/spark-worker@.service

dist_systemdsystemunit_DATA = $(UNITS)
nodist_systemdsystemunit_DATA = $(UNITS_MADE)
dist_pkglibexec_SCRIPTS = units/with-spark-env
EXTRA_DIST += units/spark-worker.common $(UNITS_MADE:=.in)
dist_catalog_DATA = units/spark.catalog
dist_sysusers_DATA = units/sysusers.d/spark.conf
dist_tmpfiles_DATA = units/tmpfiles.d/spark.conf
dist_networkd_DATA = units/networkd/spark-netsetup.conf
dist_network_DATA = units/networkd/05-spark-netsetup.network
dist_rtprotos_DATA = units/iproute2/spark-netsetup.conf
CLEANFILES += $(UNITS_MADE)

SUFFIXES = .service .service.in
.service.in.service:
	$(AM_V_GEN)$(MKDIR_P) units && \
	$(SED) -e '/^@WORKER@$$/{' -e 'r $(srcdir)/units/spark-worker.common' -e 'd' -e '}' \
		-e 's|@pkglibexecdir[@]|$(pkglibexecdir)|g' -e 's|@sbindir[@]|$(sbindir)|g' \
		$< >$@.tmp && mv $@.tmp $@
$(UNITS_MADE): units/spark-worker.common Makefile

dist_man_MANS += doc/spark-units.7
