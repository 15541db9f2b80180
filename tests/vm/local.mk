# The test of limits in a VM needs a worker's end of the backends.
check_PROGRAMS += tests/vm/run-backend
tests_vm_run_backend_SOURCES = tests/vm/run-backend.c
tests_vm_run_backend_LDADD = cgroups/libcgroups.a lib/base/libbase.a $(CGROUP_LIBS) $(SYSTEMD_LIBS)
EXTRA_DIST += \
	tests/vm/common tests/vm/executors tests/vm/guest tests/vm/jobs tests/vm/limits \
	tests/vm/mkimage tests/vm/mkuml tests/vm/run tests/vm/tap.py tests/vm/test-executors \
	tests/vm/restart tests/vm/test-limits tests/vm/test-package tests/vm/test-restart tests/vm/uml.config tests/vm/walls.py
EXTRA_DIST += tests/vm/test-netsetup tests/vm/netsetup
EXTRA_DIST += tests/vm/test-mesh tests/vm/mesh
EXTRA_DIST += tests/vm/test-reboot tests/vm/reboot
