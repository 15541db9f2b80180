# The interop harness; ./check runs it, `make check` does not (it needs Java and a real Spark).
EXTRA_DIST += \
	tests/interop/cases.py \
	tests/interop/cluster.py \
	tests/interop/harness.py \
	tests/interop/hostile.py \
	tests/interop/jobs/ClusterDriver.java \
	tests/interop/jobs/hold.py \
	tests/interop/jobs/shuffle.py \
	tests/interop/record \
	tests/interop/run

# By hand: `encode-golden 4.3 2.13 > tests/data/encoded/4.3-2.13.bin` makes a golden file anew,
# `decode-golden JARS 4.3-2.13` has Spark's own classes read it.
check_PROGRAMS += tests/interop/encode-golden
tests_interop_encode_golden_SOURCES = \
	tests/interop/encode-golden.c tests/unit/messages.c tests/unit/messages.h
tests_interop_encode_golden_LDADD = lib/wire/libwire.a lib/base/libbase.a
EXTRA_DIST += \
	tests/interop/decode-golden \
	tests/interop/DecodeGolden.java \
	tests/interop/WriteCollections.java
