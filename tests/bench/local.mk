# Measurements are run by hand (tests/bench/run); make check only builds the load generator.
check_PROGRAMS += tests/bench/loadgen
tests_bench_loadgen_SOURCES = tests/bench/loadgen.c tests/bench/load.c tests/bench/load.h
tests_bench_loadgen_LDADD = lib/wire/libwire.a lib/base/libbase.a $(SYSTEMD_LIBS) $(INIH_LIBS)
EXTRA_DIST += tests/bench/run

check_PROGRAMS += tests/bench/store-bench
tests_bench_store_bench_SOURCES = tests/bench/store-bench.c
tests_bench_store_bench_LDADD = lib/store/libstore.a lib/base/libbase.a $(SQLITE_LIBS)
EXTRA_DIST += tests/bench/netsetup tests/bench/netsetup-guest.py
