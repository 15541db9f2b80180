noinst_LIBRARIES += lib/store/libstore.a
lib_store_libstore_a_SOURCES = \
	lib/store/store.c \
	lib/store/store.h \
	lib/store/store-open.c \
	lib/store/store-private.h
lib_store_libstore_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
