#include "api/server_internal.h"

#include <stdlib.h>
#include <string.h>

enum { SEND_SIZE = 32 * 1024, HEADERS_SIZE = 2048, IDLE_MS = 10000, TICK_MS = 1000 };
_Static_assert(API_REPLY_HEADROOM >= LWS_PRE, "libwebsockets writes its framing before the bytes");

enum phase { PHASE_ARRIVING, PHASE_WAITING, PHASE_ANSWERING, PHASE_STREAMING };

struct exchange {
    struct exchange *next, **link;
    struct api *api;
    struct lws *wsi;
    enum phase phase;
    struct api_request request;
    const char *method;
    char target[API_TARGET_SIZE_MAX + 1];
    bool has_claim, has_peer;
    struct auth_claim claim;
    struct hash peer;
    uint8_t *body;
    size_t body_size, body_len;
    size_t held; /* what it counts in api->held */
    size_t sent; /* of the reply */
    bool headed; /* the reply's headers are sent */
    bool closes; /* what follows on this connection cannot be told apart: it ends */
};

static struct exchange *exchange_of(struct lws *wsi)
{
    return lws_get_opaque_user_data(wsi);
}

static bool hold(struct exchange *x, size_t size)
{
    if (size > API_HELD_SIZE_MAX - x->api->held) {
        return false;
    }
    x->api->held += size;
    x->held += size;
    return true;
}

static struct exchange *exchange_open(struct api *a, struct lws *wsi)
{
    struct exchange *x = calloc(1, sizeof *x);
    ASSERT(x != NULL);
    x->api = a;
    x->wsi = wsi;
    x->request.node = a->node;
    x->request.shared = &a->shared;
    x->next = a->first;
    x->link = &a->first;
    if (x->next != NULL) {
        x->next->link = &x->next;
    }
    a->first = x;
    lws_set_opaque_user_data(wsi, x);
    lws_set_timer_usecs(wsi, (lws_usec_t)API_TRANSFER_MS_MAX * 1000);
    return x;
}

static void exchange_close(struct lws *wsi)
{
    struct exchange *x = exchange_of(wsi);
    if (x == NULL) {
        return;
    }
    lws_set_opaque_user_data(wsi, NULL);
    *x->link = x->next;
    if (x->next != NULL) {
        x->next->link = x->link;
    }
    x->api->held -= x->held;
    stream_close(&x->request.stream, &x->api->shared.seats);
    request_end(&x->request);
    free(x->body);
    free(x);
}

static void answer(struct exchange *x)
{
    struct api_request *q = &x->request;
    if (q->reply.len > API_SMALL_SIZE && !q->stream.on && !hold(x, q->reply.len)) {
        request_free_reply(q);
        q->message[0] = '\0';
        q->hint = NULL;
        request_refuse(q, ERR_BUSY, 0);
    }
    x->phase = PHASE_ANSWERING;
    lws_set_timer_usecs(x->wsi, (lws_usec_t)API_TRANSFER_MS_MAX * 1000);
    lws_callback_on_writable(x->wsi);
}

static void refuse(struct exchange *x, enum err e, int status)
{
    request_refuse(&x->request, e, status);
    answer(x);
}

static void run(struct exchange *x, bool may_wait)
{
    x->request.may_wait = may_wait;
    request_run(&x->request);
    if (x->request.not_yet) {
        x->phase = PHASE_WAITING;
        return;
    }
    answer(x);
}

/* The request is whole: judge who asks, and answer or wait. */
static void dispatch(struct exchange *x)
{
    struct api_request *q = &x->request;
    struct auth_subject subject = { x->method, x->target, bytes_of(x->body, x->body_len) };
    lws_set_timeout(x->wsi, NO_PENDING_TIMEOUT, 0);
    q->body = subject.body;
    enum err e =
        request_actor(q, x->has_claim ? &x->claim : NULL, x->has_peer ? &x->peer : NULL, &subject);
    if (e != ERR_NONE) {
        refuse(x, e, 0);
        return;
    }
    bool may_wait = (q->args.present & API_QUERY_WAIT) != 0 && q->args.wait_ms > 0;
    lws_set_timer_usecs(x->wsi,
                        may_wait ? (lws_usec_t)q->args.wait_ms * 1000 : LWS_SET_TIMER_USEC_CANCEL);
    run(x, may_wait);
}

/* Path and query as the client signed them; libwebsockets keeps them apart and percent-decoded. */
static enum err read_target(struct exchange *x)
{
    static const char *const METHOD[] = { [LWSHUMETH_GET] = "GET",
                                          [LWSHUMETH_POST] = "POST",
                                          [LWSHUMETH_PUT] = "PUT",
                                          [LWSHUMETH_DELETE] = "DELETE" };
    char *uri = NULL;
    int len = 0, n = 0;
    int method = lws_http_get_uri_and_method(x->wsi, &uri, &len);
    x->method = method >= 0 && (size_t)method < COUNT(METHOD) && METHOD[method] != NULL
                    ? METHOD[method]
                    : "another";
    struct buf b = buf_over(x->target, API_TARGET_SIZE_MAX);
    buf_put(&b, bytes_of(uri, uri != NULL && len > 0 ? (size_t)len : 0));
    for (int i = 0; n >= 0; i++) {
        char member[API_TARGET_SIZE_MAX + 1];
        n = lws_hdr_copy_fragment(x->wsi, member, sizeof member, WSI_TOKEN_HTTP_URI_ARGS, i);
        if (n > 0) {
            buf_put_u8(&b, i == 0 ? '?' : '&');
            buf_put(&b, bytes_of(member, (size_t)n));
        } else if (n == 0) {
            break;
        }
    }
    if (buf_done(&b) != ERR_NONE) {
        return request_fail(&x->request, ERR_UNREADABLE, NULL, "path and query are too long");
    }
    x->target[b.len] = '\0';
    return ERR_NONE;
}

static enum err read_route(struct exchange *x)
{
    struct api_request *q = &x->request;
    struct api_match m;
    size_t count;
    const struct api_route *table = api_routes(&count);
    enum err e = api_route_match(table, count, x->method, x->target, &m);
    if (e == ERR_NOT_FOUND) {
        return request_fail(q, e, "docs/api.md lists the routes", "no such route");
    }
    if (e == ERR_UNSUPPORTED) {
        q->allow = m.allow;
        return request_fail(q, e, NULL, "this path does not take that method");
    }
    if (e != ERR_NONE) {
        return request_fail(q, e, NULL, "%s: %s", m.wrong, err_text(e));
    }
    q->route = m.route;
    q->args = m.args;
    return ERR_NONE;
}

/* How many bytes follow. A length that is missing, doubled or not a number leaves no way to find
 * the next request: the connection ends with the answer. */
static enum err read_length(struct exchange *x)
{
    char text[21];
    int declared = lws_hdr_total_length(x->wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH);
    bool carries = strcmp(x->method, "GET") != 0 && strcmp(x->method, "DELETE") != 0;
    bool bad = lws_hdr_total_length(x->wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
    size_t size = 0;
    if (declared > 0) {
        int len = lws_hdr_copy(x->wsi, text, sizeof text, WSI_TOKEN_HTTP_CONTENT_LENGTH);
        bad = bad || len <= 0 || len > 12 || strspn(text, "0123456789") != (size_t)len;
        size = bad ? 0 : (size_t)strtoull(text, NULL, 10);
    } else {
        bad = bad || carries;
    }
    if (bad) {
        x->closes = true;
        return request_fail(&x->request, ERR_UNREADABLE, "send Content-Length, once",
                            "a body must say its length");
    }
    x->body_size = size;
    return ERR_NONE;
}

/* Authorization: Bearer WORD, what a browser shows (docs/console.md). */
static enum err read_word(struct exchange *x)
{
    static const char SCHEME[] = "Bearer ";
    char text[sizeof SCHEME + BASE64URL_SIZE(API_SESSION_WORD_SIZE) + 1];
    struct api_request *q = &x->request;
    int len = lws_hdr_copy(x->wsi, text, (int)sizeof text, WSI_TOKEN_HTTP_AUTHORIZATION);
    size_t head = sizeof SCHEME - 1;
    if (len < (int)head || strncmp(text, SCHEME, head) != 0 ||
        session_word_read(text + head, (size_t)len - head, &q->word) != ERR_NONE) {
        return request_fail(q, ERR_SIGNATURE, NULL, "Authorization is not the word of a session");
    }
    q->has_word = true;
    return ERR_NONE;
}

static enum err read_auth(struct exchange *x)
{
    static const char NAME[] = "carnet-auth:";
    char text[BASE64URL_SIZE(API_AUTH_SIZE_MAX) + 2];
    const char *why = NULL;
    if (x->request.route->access == API_OPEN) {
        return ERR_NONE;
    }
    int len = lws_hdr_custom_length(x->wsi, NAME, (int)sizeof NAME - 1);
    if (len > 0) {
        len = lws_hdr_custom_copy(x->wsi, text, (int)sizeof text, NAME, (int)sizeof NAME - 1);
        if (len <= 0 ||
            auth_read(node_suite(x->api->node), text, (size_t)len, &x->claim) != ERR_NONE) {
            return request_fail(&x->request, ERR_SIGNATURE, NULL, "Carnet-Auth is malformed");
        }
        x->has_claim = true;
        return ERR_NONE;
    }
    if (lws_hdr_total_length(x->wsi, WSI_TOKEN_HTTP_AUTHORIZATION) > 0) {
        return read_word(x);
    }
    enum err e = transport_peer(x->wsi, x->api->node, &x->peer, &why);
    if (e == ERR_PEER) {
        return request_fail(&x->request, ERR_SIGNATURE, NULL, "the client certificate: %s", why);
    }
    x->has_peer = e == ERR_NONE;
    if (!x->has_peer) {
        return request_fail(&x->request, ERR_SIGNATURE, "sign it as a participant (Carnet-Auth)",
                            "the request is not signed");
    }
    return ERR_NONE;
}

static enum err make_room(struct exchange *x)
{
    struct api_request *q = &x->request;
    if (x->body_size > q->route->body_size_max) {
        return request_fail(q, ERR_SIZE, NULL, "the body has %zu bytes, at most %zu are taken",
                            x->body_size, q->route->body_size_max);
    }
    if (!hold(x, x->body_size)) {
        return request_fail(q, ERR_BUSY, NULL, "too many large requests at once");
    }
    x->body = malloc(x->body_size + 1);
    ASSERT(x->body != NULL);
    return ERR_NONE;
}

/* Headers are here: whatever can be refused is refused before the body is kept. */
static int begin(struct api *a, struct lws *wsi)
{
    exchange_close(wsi);
    struct exchange *x = exchange_open(a, wsi);
    enum err target = read_target(x), length = read_length(x);
    enum err e = length != ERR_NONE ? length : target;
    e = e != ERR_NONE ? e : read_route(x);
    e = e != ERR_NONE ? e : read_auth(x);
    e = e != ERR_NONE ? e : make_room(x);
    if (e != ERR_NONE) {
        /* The table of errors has no "another method": 405 is HTTP's own. */
        refuse(x, e, e == ERR_UNSUPPORTED ? 405 : 0);
    } else if (x->body_size == 0) {
        dispatch(x);
    }
    return 0;
}

static int take_body(struct exchange *x, const void *in, size_t len)
{
    if (x == NULL || x->phase != PHASE_ARRIVING) {
        return 0; /* refused already: it is read and forgotten */
    }
    if (len > x->body_size - x->body_len) {
        return -1;
    }
    if (len > 0) {
        memcpy(x->body + x->body_len, in, len);
        x->body_len += len;
    }
    return 0;
}

static const struct reply_header {
    const char *name, *value;
} ALWAYS[] = { { "x-content-type-options:", "nosniff" } },
  NEVER_KEEP[] = { { "cache-control:", "no-store" } },
  KEEP_FOREVER[] = { { "cache-control:", "public, max-age=31536000, immutable" } },
  PAGE[] = {
      /* Nothing but its own files and its own node, and no text ever becomes markup or code. */
      { "content-security-policy:",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'" },
      { "referrer-policy:", "no-referrer" },
      { "cross-origin-opener-policy:", "same-origin" },
      { "cross-origin-resource-policy:", "same-origin" },
      { "permissions-policy:", "camera=(), geolocation=(), microphone=()" },
  };

static int add_headers(struct lws *wsi, const struct reply_header *h, size_t count, uint8_t **at,
                       uint8_t *end)
{
    for (size_t i = 0; i < count; i++) {
        if (lws_add_http_header_by_name(wsi, (const unsigned char *)h[i].name,
                                        (const unsigned char *)h[i].value, (int)strlen(h[i].value),
                                        at, end) != 0) {
            return -1;
        }
    }
    return 0;
}

static int add_own_headers(struct exchange *x, uint8_t **at, uint8_t *end)
{
    const struct api_request *q = &x->request;
    const struct reply_header allow = { "allow:", q->allow };
    char seconds[24];
    const struct reply_header retry = { "retry-after:", seconds };
    snprintf(seconds, sizeof seconds, "%llu", (unsigned long long)(q->retry_ms + 999) / 1000);
    if (add_headers(x->wsi, ALWAYS, COUNT(ALWAYS), at, end) != 0 ||
        add_headers(x->wsi, q->reply.keep == API_KEEP_FOREVER ? KEEP_FOREVER : NEVER_KEEP, 1, at,
                    end) != 0 ||
        add_headers(x->wsi, PAGE, q->reply.page ? COUNT(PAGE) : 0, at, end) != 0 ||
        add_headers(x->wsi, &retry, q->retry_ms > 0, at, end) != 0) {
        return -1;
    }
    return add_headers(x->wsi, &allow, q->allow != NULL, at, end);
}

static int send_headers(struct exchange *x)
{
    uint8_t memory[LWS_PRE + HEADERS_SIZE];
    uint8_t *start = memory + LWS_PRE, *at = start, *end = memory + sizeof memory - 1;
    const struct api_reply *r = &x->request.reply;
    lws_filepos_t len = x->request.stream.on ? LWS_ILLEGAL_HTTP_CONTENT_LEN : r->len;
    if (lws_add_http_common_headers(x->wsi, (unsigned)r->status, r->type, len, &at, end) != 0 ||
        add_own_headers(x, &at, end) != 0) {
        return -1;
    }
    x->headed = true;
    return lws_finalize_write_http_header(x->wsi, start, &at, end) != 0 ? -1 : 0;
}

static int finish(struct exchange *x)
{
    struct lws *wsi = x->wsi;
    bool closes = x->closes;
    exchange_close(wsi);
    /* For the next request, and for what still comes of a body that was refused: on_timer. */
    lws_set_timer_usecs(wsi, (lws_usec_t)IDLE_MS * 1000);
    return closes || lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
}

static int send_some(struct exchange *x)
{
    const struct api_reply *r = &x->request.reply;
    if (!x->headed) {
        if (send_headers(x) != 0) {
            return -1;
        }
    } else {
        size_t left = r->len - x->sent;
        size_t len = left < SEND_SIZE ? left : SEND_SIZE;
        if (lws_write(x->wsi, r->memory + API_REPLY_HEADROOM + x->sent, len,
                      len == left && !x->request.stream.on ? LWS_WRITE_HTTP_FINAL
                                                           : LWS_WRITE_HTTP) < 0) {
            return -1;
        }
        x->sent += len;
    }
    if (x->sent == r->len && x->request.stream.on) {
        request_free_reply(&x->request);
        x->sent = 0;
        x->phase = PHASE_STREAMING;
    } else if (x->sent == r->len) {
        return finish(x);
    }
    lws_callback_on_writable(x->wsi);
    return 0;
}

/* The socket takes more, the node has moved, or a second has gone by: is there more to say? */
static int stream_some(struct exchange *x)
{
    if (request_more(&x->request) != ERR_NONE) {
        return -1;
    }
    bool says = x->request.reply.memory != NULL;
    x->phase = says ? PHASE_ANSWERING : PHASE_STREAMING;
    lws_set_timer_usecs(x->wsi, (lws_usec_t)(says ? API_STREAM_STALL_MS : TICK_MS) * 1000);
    if (says) {
        lws_callback_on_writable(x->wsi);
    }
    return 0;
}

static int on_writable(struct exchange *x)
{
    if (x != NULL && x->phase == PHASE_WAITING) {
        run(x, true);
        return 0;
    }
    if (x != NULL && x->phase == PHASE_STREAMING) {
        return stream_some(x);
    }
    return x != NULL && x->phase == PHASE_ANSWERING ? send_some(x) : 0;
}

static int on_timer(struct exchange *x)
{
    if (x != NULL && x->phase == PHASE_WAITING) {
        run(x, false);
        return 0;
    }
    if (x != NULL && x->phase == PHASE_STREAMING) {
        return stream_some(x);
    }
    return -1; /* too slow, or quiet since the last answer */
}

int server_event(struct api *a, struct lws *wsi, enum lws_callback_reasons reason, void *user,
                 void *in, size_t len)
{
    switch ((int)reason) {
    case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
        return transport_secure(user, a->node) == ERR_NONE ? 0 : -1;
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
        return a->connections >= API_CONNECTIONS_MAX ? -1 : 0;
    case LWS_CALLBACK_WSI_CREATE:
        a->connections++;
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        exchange_close(wsi);
        a->connections -= a->connections > 0; /* the listening socket was never counted */
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return -1; /* no WebSocket here, nor HTTP/2 by upgrade */
    case LWS_CALLBACK_HTTP:
        return begin(a, wsi);
    case LWS_CALLBACK_HTTP_BODY:
        return take_body(exchange_of(wsi), in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION: {
        struct exchange *x = exchange_of(wsi);
        if (x != NULL && x->phase == PHASE_ARRIVING) {
            dispatch(x);
        }
        return 0;
    }
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return on_writable(exchange_of(wsi));
    case LWS_CALLBACK_TIMER:
        return on_timer(exchange_of(wsi));
    case LWS_CALLBACK_CLOSED_HTTP:
        exchange_close(wsi);
        return 0;
    default:
        return 0;
    }
}

void server_wake(void *user, uint64_t height)
{
    struct api *a = user;
    (void)height;
    for (struct exchange *x = a->first; x != NULL; x = x->next) {
        if (x->phase == PHASE_WAITING || x->phase == PHASE_STREAMING) {
            lws_callback_on_writable(x->wsi);
        }
    }
}
