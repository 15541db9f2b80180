/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Spark's network framing (org.apache.spark.network.protocol) and the RPC envelope in a request's
 * body (org.apache.spark.rpc.netty.RequestMessage). PROTOCOL.md, sections 1 and 2.
 */

#include "base/buffer.h"
#include "base/cursor.h"
#include "wire/deploy.h"

typedef enum FrameType {
        FRAME_CHUNK_FETCH_REQUEST = 0,
        FRAME_CHUNK_FETCH_SUCCESS = 1,
        FRAME_CHUNK_FETCH_FAILURE = 2,
        FRAME_RPC_REQUEST = 3,
        FRAME_RPC_RESPONSE = 4,
        FRAME_RPC_FAILURE = 5,
        FRAME_STREAM_REQUEST = 6,
        FRAME_STREAM_RESPONSE = 7,
        FRAME_STREAM_FAILURE = 8,
        FRAME_ONE_WAY = 9,
        FRAME_UPLOAD_STREAM = 10,
        FRAME_MERGED_BLOCK_META_REQUEST = 11,
        FRAME_MERGED_BLOCK_META_SUCCESS = 12,
} FrameType;

/* A frame cut from the stream; pointers are borrowed from the bytes given to frame_parse(). */
typedef struct Frame {
        FrameType type;
        int64_t request_id;  /* RPC_REQUEST, RPC_RESPONSE, RPC_FAILURE, UPLOAD_STREAM, MERGED_... */
        const uint8_t *body; /* RPC_REQUEST, RPC_RESPONSE, ONE_WAY: to the end of the frame */
        size_t body_size;
        const char *text; /* RPC_FAILURE's error, STREAM_REQUEST's id: text_size bytes, unchecked */
        size_t text_size;
        uint8_t stream_chunk[12]; /* CHUNK_FETCH_REQUEST: stream id and chunk index, to echo */
} Frame;

typedef enum FrameResult {
        FRAME_OK = 0,
        FRAME_E_INCOMPLETE = 1, /* more bytes are needed: *ret_size says how many, if known */
        FRAME_E_LENGTH,         /* a length below the least or above LIMIT_FRAME_BYTES */
        FRAME_E_TYPE,           /* no such type, or one that carries a body after the frame */
        FRAME_E_HEADER,         /* a header that does not fit its frame */
} FrameResult;

/* Looks at the first frame in the bytes. FRAME_OK: *ret is it and *ret_size its whole size.
 * FRAME_E_INCOMPLETE: *ret_size is the whole size or 0 while even the length is not there. */
int frame_parse(const void *data, size_t size, Frame *ret, size_t *ret_size);
const char *frame_result_text(int result);

/* Appends a whole frame. The body of the first three is `size` bytes. Failure is the buffer's; a
 * frame above LIMIT_FRAME_BYTES fails it as too big. */
void frame_put_request(Buffer *out, int64_t request_id, const void *body, size_t size);
void frame_put_one_way(Buffer *out, const void *body, size_t size);
void frame_put_response(Buffer *out, int64_t request_id, const void *body, size_t size);
void frame_put_failure(Buffer *out, int64_t request_id, const char *error);
void frame_put_stream_failure(Buffer *out, const char *stream_id, size_t id_size,
                              const char *error);
void frame_put_chunk_failure(Buffer *out, const uint8_t stream_chunk[static 12], const char *error);

/* The envelope of RPC_REQUEST and ONE_WAY bodies. */
typedef struct Envelope {
        RpcAddress sender;   /* host NULL: the sender does not listen */
        RpcAddress receiver; /* host NULL: absent */
        const char *endpoint;
        const uint8_t *stream; /* the Java object stream, borrowed */
        size_t stream_size;
} Envelope;

/* 0 with strings in `arena`, -EBADMSG, or -ENOMEM. */
int envelope_parse(Arena *arena, const void *body, size_t size, Envelope *ret);

/* Appends addresses (NULL: absent) and endpoint name; the caller appends the object stream. Text
 * that is not UTF-8 or above 65,535 bytes fails the buffer as too big. */
void envelope_put(Buffer *out, const RpcAddress *sender, const RpcAddress *receiver,
                  const char *endpoint);
