# Tests of what is no C: the units, the tools.
TOOL_TESTS = \
	tests/tools/test-netsetup \
	tests/tools/test-spark-cluster \
	tests/tools/test-spark-engine \
	tests/tools/test-units
TESTS += $(TOOL_TESTS)
dist_check_SCRIPTS += $(TOOL_TESTS)
