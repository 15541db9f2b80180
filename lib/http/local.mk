noinst_LIBRARIES += lib/http/libhttp.a
lib_http_libhttp_a_SOURCES = \
	lib/http/curl-load.c \
	lib/http/curl-load.h \
	lib/http/http.c \
	lib/http/http-mhd.c \
	lib/http/http.h
lib_http_libhttp_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS) $(JANSSON_CFLAGS) $(MICROHTTPD_CFLAGS) \
	$(CURL_CFLAGS)
