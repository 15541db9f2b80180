# The interop harness; ./check runs it, `make check` does not (it needs Java and a real Spark).
EXTRA_DIST += \
	tests/interop/cases.py \
	tests/interop/cluster.py \
	tests/interop/harness.py \
	tests/interop/hostile.py \
	tests/interop/jobs/hold.py \
	tests/interop/jobs/shuffle.py \
	tests/interop/record \
	tests/interop/run
