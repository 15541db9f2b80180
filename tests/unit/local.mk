# What tests/unit builds and checks.
EXTRA_DIST += tests/unit/unit.h

check_PROGRAMS += tests/unit/test-arena
TESTS += tests/unit/test-arena
tests_unit_test_arena_SOURCES = tests/unit/test-arena.c
tests_unit_test_arena_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_arena_LDADD = lib/base/libbase.a $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-buffer
TESTS += tests/unit/test-buffer
tests_unit_test_buffer_SOURCES = tests/unit/test-buffer.c
tests_unit_test_buffer_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_buffer_LDADD = lib/base/libbase.a $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-cursor
TESTS += tests/unit/test-cursor
tests_unit_test_cursor_SOURCES = tests/unit/test-cursor.c
tests_unit_test_cursor_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_cursor_LDADD = lib/base/libbase.a $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-strv
TESTS += tests/unit/test-strv
tests_unit_test_strv_SOURCES = tests/unit/test-strv.c
tests_unit_test_strv_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_strv_LDADD = lib/base/libbase.a $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-parse
TESTS += tests/unit/test-parse
tests_unit_test_parse_SOURCES = tests/unit/test-parse.c
tests_unit_test_parse_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_parse_LDADD = lib/base/libbase.a $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-properties
TESTS += tests/unit/test-properties
tests_unit_test_properties_SOURCES = tests/unit/test-properties.c
tests_unit_test_properties_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_properties_LDADD = lib/base/libbase.a $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-ini
TESTS += tests/unit/test-ini
tests_unit_test_ini_SOURCES = tests/unit/test-ini.c
tests_unit_test_ini_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_ini_LDADD = lib/base/libbase.a $(INIH_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-log
TESTS += tests/unit/test-log
tests_unit_test_log_SOURCES = tests/unit/test-log.c
tests_unit_test_log_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_test_log_LDADD = lib/base/libbase.a $(SYSTEMD_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-file
TESTS += tests/unit/test-file
tests_unit_test_file_SOURCES = tests/unit/test-file.c
tests_unit_test_file_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_file_LDADD = lib/base/libbase.a $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-options
TESTS += tests/unit/test-options
tests_unit_test_options_SOURCES = tests/unit/test-options.c
tests_unit_test_options_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_options_LDADD = daemons/common/libcommon.a lib/base/libbase.a $(INIH_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-daemon
TESTS += tests/unit/test-daemon
tests_unit_test_daemon_SOURCES = tests/unit/test-daemon.c
tests_unit_test_daemon_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_test_daemon_LDADD = daemons/common/libcommon.a lib/base/libbase.a $(SYSTEMD_LIBS) \
	$(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-reload
TESTS += tests/unit/test-reload
tests_unit_test_reload_SOURCES = tests/unit/test-reload.c
tests_unit_test_reload_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_reload_LDADD = daemons/common/libcommon.a lib/base/libbase.a $(SYSTEMD_LIBS) \
	$(INIH_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-sparkhome
TESTS += tests/unit/test-sparkhome
tests_unit_test_sparkhome_SOURCES = tests/unit/test-sparkhome.c
tests_unit_test_sparkhome_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_sparkhome_LDADD = daemons/common/libcommon.a lib/wire/libwire.a \
	lib/base/libbase.a $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-jwrite
TESTS += tests/unit/test-jwrite
tests_unit_test_jwrite_SOURCES = tests/unit/test-jwrite.c
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

check_PROGRAMS += tests/unit/test-jread
TESTS += tests/unit/test-jread
tests_unit_test_jread_SOURCES = tests/unit/test-jread.c
tests_unit_test_jread_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_jread_LDADD = lib/wire/libwire.a lib/base/libbase.a $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-jvalue
TESTS += tests/unit/test-jvalue
tests_unit_test_jvalue_SOURCES = tests/unit/test-jvalue.c
tests_unit_test_jvalue_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_jvalue_LDADD = lib/wire/libwire.a lib/base/libbase.a $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-conn
TESTS += tests/unit/test-conn
tests_unit_test_conn_SOURCES = tests/unit/test-conn.c
tests_unit_test_conn_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_conn_LDADD = lib/rpc/librpc.a lib/wire/libwire.a lib/base/libbase.a $(CHECK_LIBS)
MASTER_TEST_LIBS = daemons/master/libmaster.a daemons/common/libcommon.a cgroups/libcgroups.a \
	lib/wire/libwire.a lib/base/libbase.a $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-worker-index tests/unit/test-sched
TESTS += tests/unit/test-worker-index tests/unit/test-sched
tests_unit_test_worker_index_SOURCES = tests/unit/test-worker-index.c
tests_unit_test_worker_index_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_worker_index_LDADD = $(MASTER_TEST_LIBS)
tests_unit_test_sched_SOURCES = tests/unit/test-sched.c tests/unit/master-rig.c tests/unit/master-rig.h \
	tests/unit/master-disk.c tests/unit/master-disk.h
tests_unit_test_sched_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_sched_LDADD = $(MASTER_TEST_LIBS)

check_PROGRAMS += tests/unit/test-record tests/unit/test-recovery
TESTS += tests/unit/test-record tests/unit/test-recovery
tests_unit_test_record_SOURCES = tests/unit/test-record.c tests/unit/master-rig.c tests/unit/master-rig.h \
	tests/unit/master-disk.c tests/unit/master-disk.h
tests_unit_test_record_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_record_LDADD = $(MASTER_TEST_LIBS)
tests_unit_test_recovery_SOURCES = tests/unit/test-recovery.c tests/unit/master-rig.c tests/unit/master-rig.h \
	tests/unit/master-disk.c tests/unit/master-disk.h
tests_unit_test_recovery_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_recovery_LDADD = $(MASTER_TEST_LIBS)

check_PROGRAMS += tests/unit/test-executors
TESTS += tests/unit/test-executors
tests_unit_test_executors_SOURCES = tests/unit/test-executors.c tests/unit/master-rig.c tests/unit/master-rig.h \
	tests/unit/master-disk.c tests/unit/master-disk.h
tests_unit_test_executors_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_executors_LDADD = $(MASTER_TEST_LIBS)

check_PROGRAMS += tests/unit/test-fit
TESTS += tests/unit/test-fit
tests_unit_test_fit_SOURCES = tests/unit/test-fit.c tests/unit/master-rig.c tests/unit/master-rig.h
tests_unit_test_fit_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_fit_LDADD = $(MASTER_TEST_LIBS)

check_PROGRAMS += tests/unit/test-jstream
TESTS += tests/unit/test-jstream
tests_unit_test_jstream_SOURCES = tests/unit/test-jstream.c tests/unit/samples.c tests/unit/samples.h
tests_unit_test_jstream_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_jstream_LDADD = lib/wire/libwire.a lib/base/libbase.a $(CHECK_LIBS)
check_PROGRAMS += tests/unit/test-master tests/unit/test-drivers tests/unit/test-lines
TESTS += tests/unit/test-master tests/unit/test-drivers tests/unit/test-lines
tests_unit_test_master_SOURCES = tests/unit/test-master.c tests/unit/master-rig.c tests/unit/master-rig.h
tests_unit_test_master_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_master_LDADD = $(MASTER_TEST_LIBS)
tests_unit_test_drivers_SOURCES = tests/unit/test-drivers.c tests/unit/master-rig.c tests/unit/master-rig.h
tests_unit_test_drivers_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_drivers_LDADD = $(MASTER_TEST_LIBS)
tests_unit_test_lines_SOURCES = tests/unit/test-lines.c tests/unit/master-rig.c tests/unit/master-rig.h
tests_unit_test_lines_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_lines_LDADD = $(MASTER_TEST_LIBS)

# What real Spark processes said to each other, recorded by tests/interop/record.
EXTRA_DIST += tests/data/conversations

check_PROGRAMS += tests/unit/test-conversations
TESTS += tests/unit/test-conversations
tests_unit_test_conversations_SOURCES = tests/unit/test-conversations.c
tests_unit_test_conversations_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_conversations_LDADD = lib/wire/libwire.a lib/base/libbase.a $(CHECK_LIBS)

EXTRA_DIST += tests/unit/rpc-sides.h
RPC_TEST_LIBS = lib/rpc/librpc.a lib/wire/libwire.a lib/base/libbase.a $(SYSTEMD_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-rpc tests/unit/test-rpc-receive tests/unit/test-transport
TESTS += tests/unit/test-rpc tests/unit/test-rpc-receive tests/unit/test-transport
tests_unit_test_rpc_SOURCES = tests/unit/test-rpc.c tests/unit/rpc-sides.c
tests_unit_test_rpc_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_rpc_LDADD = $(RPC_TEST_LIBS)
tests_unit_test_rpc_receive_SOURCES = tests/unit/test-rpc-receive.c tests/unit/rpc-sides.c
tests_unit_test_rpc_receive_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_rpc_receive_LDADD = $(RPC_TEST_LIBS)
tests_unit_test_transport_SOURCES = tests/unit/test-transport.c tests/unit/rpc-sides.c
tests_unit_test_transport_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_transport_LDADD = $(RPC_TEST_LIBS)

check_PROGRAMS += tests/unit/test-family
TESTS += tests/unit/test-family
tests_unit_test_family_SOURCES = tests/unit/test-family.c
tests_unit_test_family_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_family_LDADD = lib/wire/libwire.a lib/base/libbase.a $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-deploy
TESTS += tests/unit/test-deploy
tests_unit_test_deploy_SOURCES = \
	tests/unit/messages.c tests/unit/messages.h tests/unit/test-deploy.c
tests_unit_test_deploy_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_deploy_LDADD = lib/wire/libwire.a lib/base/libbase.a $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-codec
TESTS += tests/unit/test-codec
tests_unit_test_codec_SOURCES = \
	tests/unit/messages.c tests/unit/messages.h \
	tests/unit/samples.c tests/unit/samples.h tests/unit/test-codec.c
tests_unit_test_codec_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_codec_LDADD = lib/wire/libwire.a lib/base/libbase.a $(CHECK_LIBS)
EXTRA_DIST += tests/data/encoded

check_PROGRAMS += tests/unit/test-probe
TESTS += tests/unit/test-probe
tests_unit_test_probe_SOURCES = tests/unit/test-probe.c
tests_unit_test_probe_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_probe_LDADD = lib/wire/libwire.a lib/base/libbase.a $(CHECK_LIBS)
check_PROGRAMS += tests/unit/test-ctl
TESTS += tests/unit/test-ctl
tests_unit_test_ctl_SOURCES = tests/unit/test-ctl.c
tests_unit_test_ctl_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_ctl_LDADD = \
	daemons/ctl/libctl.a \
	daemons/common/libcommon.a \
	lib/base/libbase.a \
	$(JANSSON_LIBS) $(SYSTEMD_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-top
TESTS += tests/unit/test-top
tests_unit_test_top_SOURCES = tests/unit/test-top.c
tests_unit_test_top_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_top_LDADD = \
	daemons/ctl/libctl.a \
	daemons/common/libcommon.a \
	lib/base/libbase.a \
	$(JANSSON_LIBS) $(SYSTEMD_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-ui tests/unit/test-ui-html tests/unit/test-ui-json
TESTS += tests/unit/test-ui tests/unit/test-ui-html tests/unit/test-ui-json
ui_test_libs = \
	daemons/master/libmasterd.a \
	daemons/master/libmaster.a \
	daemons/common/libcommon.a \
	cgroups/libcgroups.a \
	lib/http/libhttp.a \
	lib/wire/libwire.a \
	lib/base/libbase.a \
	$(JANSSON_LIBS) $(SYSTEMD_LIBS) $(INIH_LIBS) $(CHECK_LIBS)
ui_test_cluster = tests/unit/cluster.c tests/unit/cluster.h
tests_unit_test_ui_SOURCES = tests/unit/test-ui.c $(ui_test_cluster)
tests_unit_test_ui_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_ui_LDADD = $(ui_test_libs)
tests_unit_test_ui_html_SOURCES = tests/unit/test-ui-html.c $(ui_test_cluster)
tests_unit_test_ui_html_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_ui_html_LDADD = $(ui_test_libs)
tests_unit_test_ui_json_SOURCES = tests/unit/test-ui-json.c $(ui_test_cluster)
tests_unit_test_ui_json_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_ui_json_LDADD = $(ui_test_libs)

check_PROGRAMS += tests/unit/test-actor tests/unit/test-master-config
TESTS += tests/unit/test-actor tests/unit/test-master-config
tests_unit_test_actor_SOURCES = tests/unit/test-actor.c
tests_unit_test_actor_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_test_actor_LDADD = $(spark_master_libs) $(CHECK_LIBS)
tests_unit_test_master_config_SOURCES = tests/unit/test-master-config.c
tests_unit_test_master_config_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_master_config_LDADD = $(spark_master_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-rpc-identify
TESTS += tests/unit/test-rpc-identify
tests_unit_test_rpc_identify_SOURCES = tests/unit/test-rpc-identify.c tests/unit/rpc-sides.c
tests_unit_test_rpc_identify_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_rpc_identify_LDADD = $(RPC_TEST_LIBS)

# The worker and its processes.
check_PROGRAMS += tests/unit/test-spawn
TESTS += tests/unit/test-spawn
tests_unit_test_spawn_SOURCES = tests/unit/test-spawn.c
tests_unit_test_spawn_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_spawn_LDADD = cgroups/libcgroups.a lib/base/libbase.a $(SYSTEMD_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-executor-command
TESTS += tests/unit/test-executor-command
tests_unit_test_executor_command_SOURCES = tests/unit/test-executor-command.c
tests_unit_test_executor_command_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_executor_command_LDADD = daemons/worker/libworker.a lib/wire/libwire.a \
	lib/base/libbase.a $(CHECK_LIBS)

EXTRA_DIST += tests/data/executor

check_PROGRAMS += tests/unit/test-registration tests/unit/test-executor-fsm
TESTS += tests/unit/test-registration tests/unit/test-executor-fsm
tests_unit_test_registration_SOURCES = tests/unit/test-registration.c
tests_unit_test_registration_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_registration_LDADD = daemons/worker/libworker.a lib/wire/libwire.a \
	lib/base/libbase.a $(JANSSON_LIBS) $(CHECK_LIBS)
tests_unit_test_executor_fsm_SOURCES = tests/unit/test-executor-fsm.c
tests_unit_test_executor_fsm_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_executor_fsm_LDADD = daemons/worker/libworker.a lib/wire/libwire.a \
	lib/base/libbase.a $(JANSSON_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-scala
TESTS += tests/unit/test-scala
tests_unit_test_scala_SOURCES = tests/unit/test-scala.c
tests_unit_test_scala_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_scala_LDADD = lib/wire/libwire.a lib/base/libbase.a $(CHECK_LIBS)
EXTRA_DIST += tests/data/collections
worker_test_libs = \
	daemons/worker/libworker.a daemons/common/libcommon.a cgroups/libcgroups.a \
	lib/rpc/librpc.a lib/http/libhttp.a lib/wire/libwire.a lib/base/libbase.a \
	$(JANSSON_LIBS) $(SYSTEMD_LIBS) $(INIH_LIBS) $(CGROUP_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/test-workdir tests/unit/test-engine-choice tests/unit/test-worker-ui
TESTS += tests/unit/test-workdir tests/unit/test-engine-choice tests/unit/test-worker-ui
tests_unit_test_workdir_SOURCES = tests/unit/test-workdir.c
tests_unit_test_workdir_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_workdir_LDADD = $(worker_test_libs)
tests_unit_test_engine_choice_SOURCES = tests/unit/test-engine-choice.c
tests_unit_test_engine_choice_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_engine_choice_LDADD = $(worker_test_libs)
tests_unit_test_worker_ui_SOURCES = tests/unit/test-worker-ui.c
tests_unit_test_worker_ui_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(JANSSON_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_worker_ui_LDADD = $(worker_test_libs)

check_PROGRAMS += tests/unit/test-version-query
TESTS += tests/unit/test-version-query
tests_unit_test_version_query_SOURCES = tests/unit/test-version-query.c
tests_unit_test_version_query_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_version_query_LDADD = daemons/common/libcommon.a lib/http/libhttp.a lib/base/libbase.a \
	$(JANSSON_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-resolver
TESTS += tests/unit/test-resolver
tests_unit_test_resolver_SOURCES = tests/unit/test-resolver.c
tests_unit_test_resolver_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_test_resolver_LDADD = daemons/common/libcommon.a lib/rpc/librpc.a lib/wire/libwire.a \
	cgroups/libcgroups.a lib/base/libbase.a $(SYSTEMD_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-helper
TESTS += tests/unit/test-helper
tests_unit_test_helper_SOURCES = tests/unit/test-helper.c
tests_unit_test_helper_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_test_helper_LDADD = daemons/common/libcommon.a cgroups/libcgroups.a lib/base/libbase.a \
	$(SYSTEMD_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/test-driver-fsm tests/unit/test-driver-command tests/unit/test-jar-fetch
TESTS += tests/unit/test-driver-fsm tests/unit/test-driver-command tests/unit/test-jar-fetch
tests_unit_test_driver_fsm_SOURCES = tests/unit/test-driver-fsm.c
tests_unit_test_driver_fsm_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_driver_fsm_LDADD = daemons/worker/libworker.a lib/wire/libwire.a \
	lib/base/libbase.a $(JANSSON_LIBS) $(CHECK_LIBS)
tests_unit_test_driver_command_SOURCES = tests/unit/test-driver-command.c
tests_unit_test_driver_command_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_driver_command_LDADD = daemons/worker/libworker.a lib/wire/libwire.a \
	lib/base/libbase.a $(JANSSON_LIBS) $(CHECK_LIBS)
tests_unit_test_jar_fetch_SOURCES = tests/unit/test-jar-fetch.c
tests_unit_test_jar_fetch_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_jar_fetch_LDADD = $(worker_test_libs)

CGROUPS_TEST_LIBS = cgroups/libcgroups.a lib/base/libbase.a $(CGROUP_LIBS) $(SYSTEMD_LIBS) \
	$(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-limits tests/unit/test-cause tests/unit/test-stats
TESTS += tests/unit/test-limits tests/unit/test-cause tests/unit/test-stats
tests_unit_test_limits_SOURCES = tests/unit/test-limits.c
tests_unit_test_limits_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_limits_LDADD = $(CGROUPS_TEST_LIBS)
tests_unit_test_cause_SOURCES = tests/unit/test-cause.c
tests_unit_test_cause_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_cause_LDADD = $(CGROUPS_TEST_LIBS)
tests_unit_test_stats_SOURCES = tests/unit/test-stats.c
tests_unit_test_stats_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_stats_LDADD = $(CGROUPS_TEST_LIBS)

check_PROGRAMS += tests/unit/test-launch-message tests/unit/test-launcher-check
TESTS += tests/unit/test-launch-message tests/unit/test-launcher-check
tests_unit_test_launch_message_SOURCES = tests/unit/test-launch-message.c
tests_unit_test_launch_message_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_launch_message_LDADD = $(CGROUPS_TEST_LIBS)
tests_unit_test_launcher_check_SOURCES = tests/unit/test-launcher-check.c
tests_unit_test_launcher_check_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_launcher_check_LDADD = daemons/launcher/liblauncher.a $(CGROUPS_TEST_LIBS)

check_PROGRAMS += tests/unit/test-launcher-server
TESTS += tests/unit/test-launcher-server
tests_unit_test_launcher_server_SOURCES = tests/unit/test-launcher-server.c
tests_unit_test_launcher_server_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_launcher_server_LDADD = daemons/launcher/liblauncher.a $(CGROUPS_TEST_LIBS)

check_PROGRAMS += tests/unit/test-backend tests/unit/test-launch-client
TESTS += tests/unit/test-backend tests/unit/test-launch-client
tests_unit_test_backend_SOURCES = tests/unit/test-backend.c
tests_unit_test_backend_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_backend_LDADD = $(CGROUPS_TEST_LIBS)
tests_unit_test_launch_client_SOURCES = tests/unit/test-launch-client.c
tests_unit_test_launch_client_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_launch_client_LDADD = $(CGROUPS_TEST_LIBS)

check_PROGRAMS += tests/unit/test-rpc-handover
TESTS += tests/unit/test-rpc-handover
tests_unit_test_rpc_handover_SOURCES = tests/unit/test-rpc-handover.c tests/unit/rpc-sides.c
tests_unit_test_rpc_handover_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_rpc_handover_LDADD = $(RPC_TEST_LIBS)

check_PROGRAMS += tests/unit/test-handover
TESTS += tests/unit/test-handover
tests_unit_test_handover_SOURCES = tests/unit/test-handover.c tests/unit/rpc-sides.c
tests_unit_test_handover_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_handover_LDADD = daemons/common/libcommon.a $(RPC_TEST_LIBS) $(JANSSON_LIBS)
check_PROGRAMS += tests/unit/test-limits-request
TESTS += tests/unit/test-limits-request
tests_unit_test_limits_request_SOURCES = tests/unit/test-limits-request.c
tests_unit_test_limits_request_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_limits_request_LDADD = $(worker_test_libs)
check_PROGRAMS += tests/unit/test-store
TESTS += tests/unit/test-store
tests_unit_test_store_SOURCES = tests/unit/test-store.c
tests_unit_test_store_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_store_LDADD = lib/store/libstore.a lib/base/libbase.a $(SQLITE_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-store-open
TESTS += tests/unit/test-store-open
tests_unit_test_store_open_SOURCES = tests/unit/test-store-open.c
tests_unit_test_store_open_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(SQLITE_CFLAGS)
tests_unit_test_store_open_LDADD = lib/store/libstore.a lib/base/libbase.a $(SQLITE_LIBS) \
	$(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-keep
TESTS += tests/unit/test-keep
tests_unit_test_keep_SOURCES = tests/unit/test-keep.c
tests_unit_test_keep_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_keep_LDADD = daemons/worker/libworker.a lib/store/libstore.a lib/wire/libwire.a \
	lib/base/libbase.a $(SQLITE_LIBS) $(JANSSON_LIBS) $(SYSTEMD_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-budget tests/unit/test-share tests/unit/test-usage
TESTS += tests/unit/test-budget tests/unit/test-share tests/unit/test-usage
tests_unit_test_budget_SOURCES = tests/unit/test-budget.c
tests_unit_test_budget_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_budget_LDADD = $(worker_test_libs)
tests_unit_test_share_SOURCES = tests/unit/test-share.c
tests_unit_test_share_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_share_LDADD = $(worker_test_libs)
tests_unit_test_usage_SOURCES = tests/unit/test-usage.c
tests_unit_test_usage_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(JANSSON_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_usage_LDADD = $(worker_test_libs)

check_PROGRAMS += tests/unit/test-backend-choice tests/unit/test-remover
TESTS += tests/unit/test-backend-choice tests/unit/test-remover
tests_unit_test_backend_choice_SOURCES = tests/unit/test-backend-choice.c
tests_unit_test_backend_choice_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_backend_choice_LDADD = $(worker_test_libs)
tests_unit_test_remover_SOURCES = tests/unit/test-remover.c
tests_unit_test_remover_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_remover_LDADD = $(worker_test_libs)

check_PROGRAMS += tests/unit/test-worker-config
TESTS += tests/unit/test-worker-config
tests_unit_test_worker_config_SOURCES = tests/unit/test-worker-config.c
tests_unit_test_worker_config_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_worker_config_LDADD = $(worker_test_libs)
check_PROGRAMS += tests/unit/test-store-faults
TESTS += tests/unit/test-store-faults
tests_unit_test_store_faults_SOURCES = tests/unit/test-store-faults.c tests/unit/fault-vfs.c \
	tests/unit/fault-vfs.h
tests_unit_test_store_faults_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(SQLITE_CFLAGS)
tests_unit_test_store_faults_LDADD = lib/store/libstore.a lib/base/libbase.a $(SQLITE_LIBS) \
	$(CHECK_LIBS)
check_PROGRAMS += tests/unit/test-keys
TESTS += tests/unit/test-keys
tests_unit_test_keys_SOURCES = tests/unit/test-keys.c
tests_unit_test_keys_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_keys_LDADD = netsetup/libnetsetup.a lib/base/libbase.a $(CRYPTO_LIBS) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-address
TESTS += tests/unit/test-address
tests_unit_test_address_SOURCES = tests/unit/test-address.c
tests_unit_test_address_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_address_LDADD = netsetup/libnetsetup.a lib/base/libbase.a $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-conf
TESTS += tests/unit/test-conf
tests_unit_test_conf_SOURCES = tests/unit/test-conf.c
tests_unit_test_conf_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_conf_LDADD = $(netsetup_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-plan
TESTS += tests/unit/test-plan
tests_unit_test_plan_SOURCES = tests/unit/test-plan.c
tests_unit_test_plan_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_plan_LDADD = $(netsetup_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-apply
TESTS += tests/unit/test-apply
tests_unit_test_apply_SOURCES = tests/unit/test-apply.c
tests_unit_test_apply_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(NL_CFLAGS)
tests_unit_test_apply_LDADD = $(netsetup_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-keeper-faults
TESTS += tests/unit/test-keeper-faults
tests_unit_test_keeper_faults_SOURCES = tests/unit/test-keeper-faults.c tests/unit/fault-vfs.c \
	tests/unit/fault-vfs.h tests/unit/master-rig.c tests/unit/master-rig.h
tests_unit_test_keeper_faults_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(SQLITE_CFLAGS)
tests_unit_test_keeper_faults_LDADD = $(spark_master_libs) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/test-netsetup-record
TESTS += tests/unit/test-netsetup-record
tests_unit_test_netsetup_record_SOURCES = tests/unit/test-netsetup-record.c
tests_unit_test_netsetup_record_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(NL_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_netsetup_record_LDADD = $(netsetup_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-pmtu
TESTS += tests/unit/test-pmtu
tests_unit_test_pmtu_SOURCES = tests/unit/test-pmtu.c
tests_unit_test_pmtu_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(NL_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_pmtu_LDADD = $(netsetup_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-status
TESTS += tests/unit/test-status
tests_unit_test_status_SOURCES = tests/unit/test-status.c
tests_unit_test_status_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(NL_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_status_LDADD = $(netsetup_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-firewall
TESTS += tests/unit/test-firewall
tests_unit_test_firewall_SOURCES = tests/unit/test-firewall.c
tests_unit_test_firewall_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(NL_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_firewall_LDADD = $(netsetup_libs) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/test-mesh-text
TESTS += tests/unit/test-mesh-text
tests_unit_test_mesh_text_SOURCES = tests/unit/test-mesh-text.c
tests_unit_test_mesh_text_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) \
	$(SYSTEMD_CFLAGS)
tests_unit_test_mesh_text_LDADD = $(mesh_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-mesh-node
TESTS += tests/unit/test-mesh-node
tests_unit_test_mesh_node_SOURCES = tests/unit/test-mesh-node.c
tests_unit_test_mesh_node_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) \
	$(SYSTEMD_CFLAGS)
tests_unit_test_mesh_node_LDADD = $(mesh_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-token
TESTS += tests/unit/test-token
tests_unit_test_token_SOURCES = tests/unit/test-token.c
tests_unit_test_token_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) \
	$(SYSTEMD_CFLAGS)
tests_unit_test_token_LDADD = $(mesh_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-token-table
TESTS += tests/unit/test-token-table
tests_unit_test_token_table_SOURCES = tests/unit/test-token-table.c
tests_unit_test_token_table_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) \
	$(SYSTEMD_CFLAGS)
tests_unit_test_token_table_LDADD = $(mesh_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-mesh-members
TESTS += tests/unit/test-mesh-members
tests_unit_test_mesh_members_SOURCES = tests/unit/test-mesh-members.c
tests_unit_test_mesh_members_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) \
	$(SYSTEMD_CFLAGS)
tests_unit_test_mesh_members_LDADD = $(mesh_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-mesh-request
TESTS += tests/unit/test-mesh-request
tests_unit_test_mesh_request_SOURCES = tests/unit/test-mesh-request.c
tests_unit_test_mesh_request_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) \
	$(SYSTEMD_CFLAGS)
tests_unit_test_mesh_request_LDADD = $(mesh_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-mesh-state
TESTS += tests/unit/test-mesh-state
tests_unit_test_mesh_state_SOURCES = tests/unit/test-mesh-state.c
tests_unit_test_mesh_state_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) \
	$(SYSTEMD_CFLAGS)
tests_unit_test_mesh_state_LDADD = $(mesh_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-join-server
TESTS += tests/unit/test-join-server
tests_unit_test_join_server_SOURCES = tests/unit/test-join-server.c
tests_unit_test_join_server_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) \
	$(SYSTEMD_CFLAGS)
tests_unit_test_join_server_LDADD = $(mesh_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-mesh-output
TESTS += tests/unit/test-mesh-output
tests_unit_test_mesh_output_SOURCES = tests/unit/test-mesh-output.c
tests_unit_test_mesh_output_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) \
	$(SYSTEMD_CFLAGS)
tests_unit_test_mesh_output_LDADD = $(mesh_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-join-client
TESTS += tests/unit/test-join-client
tests_unit_test_join_client_SOURCES = tests/unit/test-join-client.c
tests_unit_test_join_client_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) \
	$(SYSTEMD_CFLAGS)
tests_unit_test_join_client_LDADD = $(mesh_libs) $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test-nodes
TESTS += tests/unit/test-nodes
tests_unit_test_nodes_SOURCES = tests/unit/test-nodes.c
tests_unit_test_nodes_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS) \
	$(SYSTEMD_CFLAGS)
tests_unit_test_nodes_LDADD = $(mesh_libs) $(CHECK_LIBS)
