# What doc builds and checks.
dist_man_MANS += \
	doc/spark-cluster.1 \
	doc/spark-master.8 \
	doc/spark-master.conf.5
dist_man_MANS += \
	doc/spark-worker.8 \
	doc/spark-worker.conf.5
dist_man_MANS += \
	doc/network.conf.5 \
	doc/spark-env.sh.5 \
	doc/spark-launcher.conf.5 \
	doc/spark-netsetup-mesh.7 \
	doc/spark-netsetup.8

# Other names of pages: NAME:PAGE. Each is a page that holds nothing but the name of the other.
MAN_ALIASES = \
	spark-defaults.conf.5:spark-env.sh.5 \
	spark-exec.8:spark-launcher.8 \
	spark-executors.slice.7:spark-units.7 \
	spark-launcher.service.7:spark-units.7 \
	spark-launcher.socket.7:spark-units.7 \
	spark-master-webui.socket.7:spark-units.7 \
	spark-master.service.7:spark-units.7 \
	spark-master.socket.7:spark-units.7 \
	spark-netsetup-join.service.8:spark-netsetup.8 \
	spark-netsetup-join.socket.8:spark-netsetup.8 \
	spark-netsetup-pull.service.8:spark-netsetup.8 \
	spark-netsetup-pull.timer.8:spark-netsetup.8 \
	spark-netsetup.service.8:spark-netsetup.8 \
	spark-worker-webui.socket.7:spark-units.7 \
	spark-worker.service.7:spark-units.7 \
	spark-worker.socket.7:spark-units.7 \
	spark-worker@.service.7:spark-units.7 \
	spark.slice.7:spark-units.7 \
	spark.target.7:spark-units.7 \
	with-spark-env.5:spark-env.sh.5

EXTRA_DIST += \
	doc/examples/shared-host.conf \
	doc/examples/spark-defaults.conf \
	doc/examples/spark-env.sh \
	doc/examples/spark-worker@big.conf

install-data-hook: install-man-aliases
install-man-aliases:
	@for alias in $(MAN_ALIASES); do \
		name=$${alias%%:*}; page=$${alias#*:}; \
		$(MKDIR_P) "$(DESTDIR)$(mandir)/man$${name##*.}" && \
		echo ".so man$${page##*.}/$$page" >"$(DESTDIR)$(mandir)/man$${name##*.}/$$name" || exit 1; \
	done

uninstall-hook: uninstall-man-aliases
uninstall-man-aliases:
	@for alias in $(MAN_ALIASES); do \
		name=$${alias%%:*}; rm -f "$(DESTDIR)$(mandir)/man$${name##*.}/$$name"; \
	done
.PHONY: install-man-aliases uninstall-man-aliases
