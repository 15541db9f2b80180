# The house rules, as tests; test-lint shows that each of them can fail.
LINT_TESTS = \
	tests/lint/check-format \
	tests/lint/check-headers \
	tests/lint/check-includes \
	tests/lint/check-man \
	tests/lint/check-rules \
	tests/lint/check-scripts \
	tests/lint/test-lint
TESTS += $(LINT_TESTS)
dist_check_SCRIPTS += $(LINT_TESTS)
EXTRA_DIST += tests/lint/source.py tests/lint/exceptions

AM_TESTS_ENVIRONMENT += \
	CC='$(CC)'; CHECK_HEADERS_CPPFLAGS='$(CHECK_HEADERS_CPPFLAGS)'; \
	export CC CHECK_HEADERS_CPPFLAGS;
CHECK_HEADERS_CPPFLAGS = \
	$(SYSTEMD_CFLAGS) $(JANSSON_CFLAGS) $(MICROHTTPD_CFLAGS) $(INIH_CFLAGS) $(NL_CFLAGS) $(CHECK_CFLAGS)
