/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/frame.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "wire/jvalue.h"

#define PREFIX_BYTES 9 /* the length, which counts itself, and the type */

/* ---- frames ---- */

/* A string of the transport: its length as four bytes, then UTF-8. */
static const char *cursor_text(Cursor *c, size_t *ret_size)
{
        *ret_size = cursor_u32(c);
        return (const char *)cursor_bytes(c, *ret_size);
}

/* What follows the length of a body is the body, to the end of the frame: JVMs ignore the length.
 */
static void take_body(Cursor *c, Frame *f)
{
        (void)cursor_u32(c);
        f->body_size = cursor_left(c);
        f->body = cursor_bytes(c, f->body_size);
}

static void skip_rest(Cursor *c)
{
        (void)cursor_bytes(c, cursor_left(c));
}

/* Reads a frame's header from c, which stands behind the prefix. */
static void take_header(Cursor *c, Frame *f)
{
        const uint8_t *chunk;
        size_t size;
        switch (f->type) {
        case FRAME_RPC_REQUEST:
        case FRAME_RPC_RESPONSE:
                f->request_id = (int64_t)cursor_u64(c);
                take_body(c, f);
                break;
        case FRAME_ONE_WAY:
                take_body(c, f);
                break;
        case FRAME_RPC_FAILURE:
                f->request_id = (int64_t)cursor_u64(c);
                f->text = cursor_text(c, &f->text_size);
                break;
        case FRAME_STREAM_REQUEST:
                f->text = cursor_text(c, &f->text_size);
                break;
        case FRAME_CHUNK_FETCH_REQUEST:
                if ((chunk = cursor_bytes(c, sizeof(f->stream_chunk))))
                        memcpy(f->stream_chunk, chunk, sizeof(f->stream_chunk));
                break;
        case FRAME_MERGED_BLOCK_META_REQUEST:
                f->request_id = (int64_t)cursor_u64(c);
                (void)cursor_text(c, &size);
                (void)cursor_bytes(c, 12); /* shuffle, merge and reduce ids */
                break;
        /* answers to what is never asked here: looked at only as far as they must be */
        case FRAME_CHUNK_FETCH_SUCCESS:
                (void)cursor_bytes(c, sizeof(f->stream_chunk));
                skip_rest(c);
                break;
        case FRAME_CHUNK_FETCH_FAILURE:
                (void)cursor_bytes(c, sizeof(f->stream_chunk));
                (void)cursor_text(c, &size);
                break;
        case FRAME_STREAM_FAILURE:
                (void)cursor_text(c, &size);
                (void)cursor_text(c, &size);
                break;
        case FRAME_MERGED_BLOCK_META_SUCCESS:
                f->request_id = (int64_t)cursor_u64(c);
                (void)cursor_u32(c);
                skip_rest(c);
                break;
        case FRAME_STREAM_RESPONSE:
        case FRAME_UPLOAD_STREAM:
                break; /* refused before */
        }
}

int frame_parse(const void *data, size_t size, Frame *ret, size_t *ret_size)
{
        Cursor c = cursor_over(data, size);
        uint64_t length = cursor_u64(&c);
        if (c.failed) {
                *ret_size = 0;
                return FRAME_E_INCOMPLETE;
        }
        if (length < PREFIX_BYTES || length > LIMIT_FRAME_BYTES)
                return FRAME_E_LENGTH;
        uint8_t type = cursor_u8(&c);
        if (!c.failed && (type > FRAME_MERGED_BLOCK_META_SUCCESS || type == FRAME_UPLOAD_STREAM ||
                          type == FRAME_STREAM_RESPONSE))
                return FRAME_E_TYPE;
        *ret_size = length;
        if (size < length)
                return FRAME_E_INCOMPLETE;
        c.size = length;
        Frame f = { .type = type };
        take_header(&c, &f);
        if (c.failed || cursor_left(&c) > 0)
                return FRAME_E_HEADER;
        *ret = f;
        return FRAME_OK;
}

const char *frame_result_text(int result)
{
        switch (result) {
        case FRAME_OK:
                return "it is a frame";
        case FRAME_E_INCOMPLETE:
                return "the frame is not complete";
        case FRAME_E_LENGTH:
                return "the frame's length is out of range";
        case FRAME_E_TYPE:
                return "the frame's type is not served here";
        case FRAME_E_HEADER:
                return "the frame's header does not fit its length";
        default:
                return "unknown result";
        }
}

static void put_failed(Buffer *out)
{
        out->failed = out->too_big = true;
}

/* The prefix of a frame with `size` bytes behind it. What this program would not accept it does not
 * send either: such a frame fails the buffer. */
static bool put_prefix(Buffer *out, FrameType type, size_t size)
{
        if (size > LIMIT_FRAME_BYTES - PREFIX_BYTES) {
                put_failed(out);
                return false;
        }
        buffer_put_u64(out, PREFIX_BYTES + size);
        buffer_put_u8(out, (uint8_t)type);
        return true;
}

/* A string of at most what a frame may carry, so that sums of sizes cannot overflow. */
static void put_text(Buffer *out, const char *s, size_t size)
{
        buffer_put_u32(out, (uint32_t)size);
        buffer_put(out, s, size);
}

static size_t sum(size_t a, size_t b)
{
        size_t total;
        return __builtin_add_overflow(a, b, &total) ? SIZE_MAX : total;
}

static void put_with_id(Buffer *out, FrameType type, int64_t id, const void *body, size_t size)
{
        if (!put_prefix(out, type, sum(size, 12)))
                return;
        buffer_put_u64(out, (uint64_t)id);
        put_text(out, body, size);
}

void frame_put_request(Buffer *out, int64_t request_id, const void *body, size_t size)
{
        put_with_id(out, FRAME_RPC_REQUEST, request_id, body, size);
}

void frame_put_response(Buffer *out, int64_t request_id, const void *body, size_t size)
{
        put_with_id(out, FRAME_RPC_RESPONSE, request_id, body, size);
}

void frame_put_failure(Buffer *out, int64_t request_id, const char *error)
{
        put_with_id(out, FRAME_RPC_FAILURE, request_id, error, strlen(error));
}

void frame_put_one_way(Buffer *out, const void *body, size_t size)
{
        if (put_prefix(out, FRAME_ONE_WAY, sum(size, 4)))
                put_text(out, body, size);
}

void frame_put_stream_failure(Buffer *out, const char *stream_id, size_t id_size, const char *error)
{
        size_t error_size = strlen(error);
        if (!put_prefix(out, FRAME_STREAM_FAILURE, sum(sum(id_size, error_size), 8)))
                return;
        put_text(out, stream_id, id_size);
        put_text(out, error, error_size);
}

void frame_put_chunk_failure(Buffer *out, const uint8_t stream_chunk[static 12], const char *error)
{
        size_t error_size = strlen(error);
        if (!put_prefix(out, FRAME_CHUNK_FETCH_FAILURE, sum(error_size, 16)))
                return;
        buffer_put(out, stream_chunk, 12);
        put_text(out, error, error_size);
}

/* ---- the envelope ---- */

/* A java.io.DataOutput string as UTF-8 in the arena: 0, -EBADMSG or -ENOMEM. */
static int take_utf(Arena *arena, Cursor *c, size_t limit, const char **ret)
{
        size_t size = cursor_u16(c);
        const char *bytes = (const char *)cursor_bytes(c, size);
        if (!bytes || size > limit || !jvalue_text_valid(bytes, size))
                return -EBADMSG;
        JValue v = { .kind = J_STRING, .string = { bytes, size } };
        *ret = jvalue_text(arena, &v);
        return *ret ? 0 : -ENOMEM;
}

/* No host name or address has these, and hosts end up in logs, pages and command lines. */
static bool host_has_blank_or_control(const char *host)
{
        for (const char *p = host; *p; p++)
                if ((unsigned char)*p <= ' ' || *p == 0x7f)
                        return true;
        return false;
}

static int take_address(Arena *arena, Cursor *c, RpcAddress *ret)
{
        uint8_t present = cursor_u8(c);
        if (c->failed || present > 1)
                return -EBADMSG;
        if (!present)
                return 0;
        int r = take_utf(arena, c, LIMIT_HOST_BYTES, &ret->host);
        if (r < 0)
                return r;
        ret->port = (int32_t)cursor_u32(c);
        if (!ret->host[0] || host_has_blank_or_control(ret->host))
                return -EBADMSG;
        return c->failed || ret->port < 0 || ret->port > UINT16_MAX ? -EBADMSG : 0;
}

int envelope_parse(Arena *arena, const void *body, size_t size, Envelope *ret)
{
        Cursor c = cursor_over(body, size);
        Envelope e = { 0 };
        int r = take_address(arena, &c, &e.sender);
        if (r == 0)
                r = take_address(arena, &c, &e.receiver);
        if (r == 0)
                r = take_utf(arena, &c, LIMIT_ENDPOINT_NAME_BYTES, &e.endpoint);
        if (r < 0)
                return r;
        e.stream_size = cursor_left(&c);
        e.stream = cursor_bytes(&c, e.stream_size);
        *ret = e;
        return 0;
}

static void put_utf(Buffer *out, const char *s)
{
        size_t size = jvalue_text_encode(s, NULL);
        if (size > UINT16_MAX) {
                put_failed(out);
                return;
        }
        buffer_put_u16(out, (uint16_t)size);
        uint8_t *p = buffer_reserve(out, size);
        if (!p)
                return;
        jvalue_text_encode(s, (char *)p);
        buffer_added(out, size);
}

static void put_address(Buffer *out, const RpcAddress *a)
{
        buffer_put_u8(out, a && a->host);
        if (!a || !a->host)
                return;
        put_utf(out, a->host);
        buffer_put_u32(out, (uint32_t)a->port);
}

void envelope_put(Buffer *out, const RpcAddress *sender, const RpcAddress *receiver,
                  const char *endpoint)
{
        put_address(out, sender);
        put_address(out, receiver);
        put_utf(out, endpoint);
}
