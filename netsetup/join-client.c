/* SPDX-License-Identifier: Apache-2.0 */
#include "netsetup/join-client.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "http/curl-load.h"
#include "netsetup/mesh-request.h"

#define URL_SIZE     (LIMIT_MESH_ENDPOINT_BYTES + 32)
#define PIN_SIZE     (NODE_TEXT_SIZE + 16)
#define AT_ONCE      64L /* connections of a push */
#define WAIT_MSEC    1000
#define NO_CURL      "libcurl (libcurl.so.4) is not installed"
#define CLEANUP_JSON CLEANUP(json_pointer_done)

static void json_pointer_done(json_t **json)
{
        json_decref(*json);
}

/* One request, with all that curl points to. */
typedef struct Post {
        const Curl *api;
        CURL *curl;
        struct curl_slist *headers;
        char url[URL_SIZE], pin[PIN_SIZE], error[CURL_ERROR_SIZE];
        MeshReply *reply;
} Post;

void mesh_reply_done(MeshReply *reply)
{
        buffer_done(&reply->body);
        *reply = MESH_REPLY_INIT;
}

static void post_done(Post *post)
{
        if (post->api) {
                post->api->curl_easy_cleanup(post->curl);
                post->api->curl_slist_free_all(post->headers);
        }
        *post = (Post){ 0 };
}

static size_t received(char *data, size_t size, size_t n, void *user)
{
        Buffer *body = user;

        buffer_put(body, data, size * n);
        return body->failed ? 0 : size * n;
}

/* Without "Expect:" curl would wait for a word of the server before it sends a long body. */
static int set_headers(Post *post)
{
        static const char *const headers[] = { "Content-Type: application/json", "Expect:" };

        for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
                struct curl_slist *longer = post->api->curl_slist_append(post->headers, headers[i]);
                if (!longer)
                        return -ENOMEM;
                post->headers = longer;
        }
        return 0;
}

/* The certificate is nobody's but the pinned key's: no name and no authority is looked at. No
 * proxy, which might not reach the mesh. */
static bool set_security(Post *post)
{
        __typeof__(post->api->curl_easy_setopt) set = post->api->curl_easy_setopt;
        CURL *curl = post->curl;

        return set(curl, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
               set(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3) == CURLE_OK &&
               set(curl, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
               set(curl, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK &&
               set(curl, CURLOPT_PINNEDPUBLICKEY, post->pin) == CURLE_OK &&
               set(curl, CURLOPT_NOPROXY, "*") == CURLE_OK &&
               set(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
}

static bool set_request(Post *post, const char *body)
{
        __typeof__(post->api->curl_easy_setopt) set = post->api->curl_easy_setopt;
        CURL *curl = post->curl;

        return set(curl, CURLOPT_URL, post->url) == CURLE_OK &&
               set(curl, CURLOPT_ERRORBUFFER, post->error) == CURLE_OK &&
               set(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
               set(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)LIMIT_MESH_CONNECT_MSEC) == CURLE_OK &&
               set(curl, CURLOPT_TIMEOUT_MS, (long)LIMIT_MESH_EXCHANGE_MSEC) == CURLE_OK &&
               set(curl, CURLOPT_HTTPHEADER, post->headers) == CURLE_OK &&
               set(curl, CURLOPT_POSTFIELDS, body) == CURLE_OK &&
               set(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body)) == CURLE_OK &&
               set(curl, CURLOPT_WRITEFUNCTION, received) == CURLE_OK &&
               set(curl, CURLOPT_WRITEDATA, &post->reply->body) == CURLE_OK;
}

/* `post` stays where it is from here on; post_done() ends it in any case. */
static int post_init(Post *post, const Curl *api, const MeshEndpoint *to, const NodePin *pin,
                     const char *path, const char *body, MeshReply *reply)
{
        char where[LIMIT_MESH_ENDPOINT_BYTES + 1], text[NODE_TEXT_SIZE];

        *post = (Post){ .api = api, .curl = api->curl_easy_init(), .reply = reply };
        if (!post->curl || set_headers(post) < 0)
                return -ENOMEM;
        mesh_endpoint_format(to, where);
        base64_put(pin->bytes, NODE_PIN_SIZE, false, text);
        (void)snprintf(post->url, sizeof(post->url), "https://%s%s", where, path);
        (void)snprintf(post->pin, sizeof(post->pin), "sha256//%s", text);
        return set_security(post) && set_request(post, body) ? 0 : -ENOMEM;
}

/* The sentence in {"error": ...}, without what a terminal would take for orders. */
static void take_error(MeshReply *reply)
{
        CLEANUP_JSON json_t *root =
                json_loadb((const char *)reply->body.data, reply->body.size, 0, NULL);
        const char *error = json_string_value(json_object_get(root, "error"));

        if (!error) {
                (void)snprintf(reply->problem, sizeof(reply->problem), "HTTP status %ld",
                               reply->status);
                return;
        }
        (void)snprintf(reply->problem, sizeof(reply->problem), "%s", error);
        for (char *p = reply->problem; *p; p++)
                if ((unsigned char)*p < ' ' || *p == 0x7f)
                        *p = '?';
}

static int post_result(Post *post, CURLcode code)
{
        MeshReply *reply = post->reply;

        *reply->problem = '\0';
        reply->status = 0;
        if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH) {
                (void)snprintf(reply->problem, sizeof(reply->problem),
                               "another host answers there: its key is not the right one");
                return -EKEYREJECTED;
        }
        if (code != CURLE_OK) {
                (void)snprintf(reply->problem, sizeof(reply->problem), "%s",
                               *post->error ? post->error : post->api->curl_easy_strerror(code));
                return -EIO;
        }
        (void)post->api->curl_easy_getinfo(post->curl, CURLINFO_RESPONSE_CODE, &reply->status);
        if (reply->status == 200)
                return 0;
        take_error(reply);
        return -EREMOTEIO;
}

int mesh_post(const MeshEndpoint *to, const NodePin *pin, const char *path, const char *body,
              MeshReply *reply)
{
        CLEANUP(post_done) Post post = { 0 };
        Curl api;

        mesh_reply_done(reply);
        int r = curl_load(&api);
        if (r < 0) {
                (void)snprintf(reply->problem, sizeof(reply->problem), "%s", NO_CURL);
                return r;
        }
        r = post_init(&post, &api, to, pin, path, body, reply);
        return r < 0 ? r : post_result(&post, api.curl_easy_perform(post.curl));
}

/* ---- many at once ---- */

typedef struct Push {
        MeshPush *pushes;
        size_t n;
        Curl api;
        CURLM *multi;
        Post *posts;
        MeshReply *replies;
} Push;

static void push_done(Push *push)
{
        for (size_t i = 0; i < push->n; i++) {
                if (push->posts && push->posts[i].curl)
                        (void)push->api.curl_multi_remove_handle(push->multi, push->posts[i].curl);
                if (push->posts)
                        post_done(&push->posts[i]);
                if (push->replies)
                        mesh_reply_done(&push->replies[i]);
        }
        free(push->posts);
        free(push->replies);
        if (push->multi)
                (void)push->api.curl_multi_cleanup(push->multi);
}

static int push_begin(Push *push, const char *sealed)
{
        push->multi = push->api.curl_multi_init();
        push->posts = calloc(MAX_OF(push->n, 1u), sizeof(*push->posts));
        push->replies = calloc(MAX_OF(push->n, 1u), sizeof(*push->replies));
        if (!push->multi || !push->posts || !push->replies ||
            push->api.curl_multi_setopt(push->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, AT_ONCE) !=
                    CURLM_OK)
                return -ENOMEM;
        for (size_t i = 0; i < push->n; i++) {
                const MeshMember *m = push->pushes[i].member;
                MeshEndpoint to = { .port = MESH_JOIN_PORT };
                char address[MESH_ADDRESS_SIZE];
                NodePin pin;
                push->replies[i] = MESH_REPLY_INIT;
                push->pushes[i].result = -EIO;
                node_pin(&m->node, &pin);
                mesh_address_format(m->address, address);
                memcpy(to.host, address, sizeof(address));
                int r = post_init(&push->posts[i], &push->api, &to, &pin, MESH_PATH_MEMBERS, sealed,
                                  &push->replies[i]);
                if (r >= 0 &&
                    push->api.curl_multi_add_handle(push->multi, push->posts[i].curl) != CURLM_OK)
                        r = -ENOMEM;
                if (r < 0)
                        return r;
        }
        return 0;
}

static void take_results(Push *push)
{
        CURLMsg *message;
        int left;

        while ((message = push->api.curl_multi_info_read(push->multi, &left))) {
                if (message->msg != CURLMSG_DONE)
                        continue;
                for (size_t i = 0; i < push->n; i++)
                        if (push->posts[i].curl == message->easy_handle)
                                push->pushes[i].result =
                                        post_result(&push->posts[i], message->data.result);
        }
}

int mesh_push(MeshPush *pushes, size_t n, const char *sealed)
{
        CLEANUP(push_done) Push push = { .pushes = pushes, .n = n };
        int running = 1, r = curl_load(&push.api);

        if (r >= 0)
                r = push_begin(&push, sealed);
        while (r >= 0 && running > 0) {
                if (push.api.curl_multi_perform(push.multi, &running) != CURLM_OK)
                        return -ENOMEM;
                take_results(&push);
                if (running > 0 &&
                    push.api.curl_multi_poll(push.multi, NULL, 0, WAIT_MSEC, NULL) != CURLM_OK)
                        return -ENOMEM;
        }
        return r;
}
