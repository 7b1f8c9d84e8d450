#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/peer_internal.h"

enum { CONN_READ_SIZE = 64 * 1024, CONN_KEEPALIVE_S = 5 };

struct conn {
    uv_tcp_t tcp; /* first: a handle is its connection */
    struct conn_events events;
    struct tls *tls;
    bool established, closing;
    char address[PEER_ADDRESS_SIZE];
    char why[PEER_WHY_SIZE];
    size_t frame_max, queued;
    uint8_t head[4];
    size_t head_len;
    uint8_t *frame;
    size_t frame_len, frame_size;
    uv_connect_t connecting;
    uint8_t wire[CONN_READ_SIZE];
};

struct sending {
    uv_write_t request;
    struct conn *conn;
    size_t size;
    uint8_t bytes[];
};

enum err conn_parse_address(const char *address, struct sockaddr_storage *out)
{
    char host[PEER_ADDRESS_SIZE];
    struct sockaddr_storage found = { 0 };
    const char *colon = strrchr(address, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - address);
    char *end = NULL;
    unsigned long port = colon == NULL ? 0 : strtoul(colon + 1, &end, 10);
    if (len == 0 || len >= sizeof host || end == colon + 1 || *end != '\0' || port > 65535) {
        return ERR_RANGE;
    }
    bool six = address[0] == '[' && address[len - 1] == ']';
    size_t skip = six ? 1 : 0;
    memcpy(host, address + skip, len - 2 * skip);
    host[len - 2 * skip] = '\0';
    if (strcmp(host, "localhost") == 0) {
        memcpy(host, "127.0.0.1", 10);
    }
    int bad = six ? uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)&found)
                  : uv_ip4_addr(host, (int)port, (struct sockaddr_in *)&found);
    if (bad != 0) {
        return ERR_RANGE;
    }
    *out = found;
    return ERR_NONE;
}

static void on_freed(uv_handle_t *handle)
{
    struct conn *c = (struct conn *)handle;
    tls_close(c->tls);
    free(c->frame);
    free(c);
}

void conn_close(struct conn *c, const char *why)
{
    if (c->closing) {
        return;
    }
    c->closing = true;
    (void)snprintf(c->why, sizeof c->why, "%s", why);
    c->events.closed(c->events.user, c, c->why);
    uv_close((uv_handle_t *)&c->tcp, on_freed);
}

static void on_sent(uv_write_t *request, int status)
{
    struct sending *s = (struct sending *)request;
    s->conn->queued -= s->size;
    if (status < 0 && !s->conn->closing) {
        conn_close(s->conn, uv_strerror(status));
    }
    free(s);
}

/* What TLS has for the wire goes to the socket. */
static enum err pump(struct conn *c)
{
    size_t size = tls_pending(c->tls);
    if (size == 0 || c->closing) {
        return ERR_NONE;
    }
    struct sending *s = malloc(sizeof *s + size);
    if (s == NULL) {
        return ERR_FAILED;
    }
    s->conn = c;
    s->size = tls_take(c->tls, s->bytes, size);
    c->queued += s->size;
    uv_buf_t buf = uv_buf_init((char *)s->bytes, (unsigned)s->size);
    if (uv_write(&s->request, (uv_stream_t *)&c->tcp, &buf, 1, on_sent) != 0) {
        c->queued -= s->size;
        free(s);
        return ERR_FAILED;
    }
    return ERR_NONE;
}

/* One frame's length has arrived: ours to hold, if it is not too long. */
static enum err frame_begin(struct conn *c)
{
    struct reader r = reader_over(bytes_of(c->head, sizeof c->head));
    c->frame_size = reader_u32(&r);
    if (c->frame_size == 0 || c->frame_size > c->frame_max) {
        return ERR_SIZE;
    }
    c->frame = malloc(c->frame_size);
    c->frame_len = 0;
    return c->frame == NULL ? ERR_FAILED : ERR_NONE;
}

/* Plain bytes into frames. The handler may close the connection under us. */
static enum err take_plain(struct conn *c, struct bytes x)
{
    while (x.len > 0 && !c->closing) {
        uint8_t *to = c->frame == NULL ? c->head : c->frame;
        size_t *have = c->frame == NULL ? &c->head_len : &c->frame_len;
        size_t need = c->frame == NULL ? sizeof c->head : c->frame_size;
        size_t n = x.len < need - *have ? x.len : need - *have;
        memcpy(to + *have, x.ptr, n);
        *have += n;
        x = bytes_of(x.ptr + n, x.len - n);
        if (*have < need) {
            continue;
        }
        if (c->frame == NULL) {
            TRY(frame_begin(c));
            continue;
        }
        uint8_t *frame = c->frame;
        c->frame = NULL;
        c->head_len = 0;
        c->events.frame(c->events.user, c, bytes_of(frame, need));
        free(frame);
    }
    return ERR_NONE;
}

static enum err take_all(struct conn *c)
{
    uint8_t plain[TLS_RECORD_SIZE_MAX];
    for (;;) {
        size_t len = 0;
        if (c->closing) {
            return ERR_NONE;
        }
        TRY(tls_read(c->tls, plain, sizeof plain, &len));
        if (len == 0) {
            return ERR_NONE;
        }
        TRY(take_plain(c, bytes_of(plain, len)));
    }
}

static void fail(struct conn *c, enum err e)
{
    (void)!pump(c); /* the alert that says why */
    if (c->closing) {
        return;
    }
    const char *why = e == ERR_SIZE ? "a frame is too long" : err_text(e);
    if (e == ERR_PEER && tls_failure(c->tls)[0] != '\0') {
        why = tls_failure(c->tls);
    }
    conn_close(c, why);
}

static void on_wire(struct conn *c, struct bytes wire)
{
    enum err e = tls_feed(c->tls, wire);
    if (e == ERR_NONE && !c->established && tls_established(c->tls)) {
        c->established = true;
        c->events.established(c->events.user, c);
    }
    if (e == ERR_NONE && c->established) {
        e = take_all(c);
    }
    if (e == ERR_NONE) {
        e = pump(c);
    }
    if (e != ERR_NONE && !c->closing) {
        fail(c, e);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct conn *c = (struct conn *)handle;
    (void)suggested;
    *buf = uv_buf_init((char *)c->wire, sizeof c->wire);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct conn *c = (struct conn *)stream;
    if (c->closing || n == 0) {
        return;
    }
    if (n < 0) {
        conn_close(c, n == UV_EOF ? "closed by the peer" : uv_strerror((int)n));
        return;
    }
    on_wire(c, bytes_of(buf->base, (size_t)n));
}

static void start(struct conn *c)
{
    (void)uv_tcp_nodelay(&c->tcp, 1);
    (void)uv_tcp_keepalive(&c->tcp, 1, CONN_KEEPALIVE_S);
    if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) != 0 || pump(c) != ERR_NONE) {
        conn_close(c, "the connection cannot be read");
    }
}

static void on_connected(uv_connect_t *request, int status)
{
    struct conn *c = request->data;
    if (c->closing) {
        return;
    }
    if (status < 0) {
        conn_close(c, uv_strerror(status));
        return;
    }
    start(c);
}

enum err conn_open(uv_loop_t *loop, struct tls_context *tls, const struct hash *dialed,
                   const struct conn_events *events, struct conn **out)
{
    struct conn *c = calloc(1, sizeof *c);
    if (c == NULL || tls_open(tls, dialed, &c->tls) != ERR_NONE) {
        free(c);
        return ERR_FAILED;
    }
    if (uv_tcp_init(loop, &c->tcp) != 0) {
        tls_close(c->tls);
        free(c);
        return ERR_FAILED;
    }
    c->events = *events;
    c->frame_max = PEER_HELLO_SIZE_MAX;
    *out = c;
    return ERR_NONE;
}

enum err conn_dial(struct conn *c, const char *address)
{
    struct sockaddr_storage to;
    (void)snprintf(c->address, sizeof c->address, "%s", address);
    TRY(conn_parse_address(address, &to));
    c->connecting.data = c;
    int bad = uv_tcp_connect(&c->connecting, &c->tcp, (struct sockaddr *)&to, on_connected);
    return bad == 0 ? ERR_NONE : ERR_FAILED;
}

enum err conn_accept(struct conn *c, uv_stream_t *listener)
{
    struct sockaddr_storage from;
    int len = sizeof from;
    char host[INET6_ADDRSTRLEN] = "?";
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0) {
        return ERR_FAILED;
    }
    if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&from, &len) == 0) {
        (void)uv_ip_name((struct sockaddr *)&from, host, sizeof host);
        const struct sockaddr_in *in = (const struct sockaddr_in *)&from;
        (void)snprintf(c->address, sizeof c->address, "%s:%u", host, ntohs(in->sin_port));
    }
    start(c);
    return ERR_NONE;
}

void conn_address(const struct conn *c, char out[PEER_ADDRESS_SIZE])
{
    memcpy(out, c->address, PEER_ADDRESS_SIZE);
}

uint32_t conn_participant(const struct conn *c)
{
    return tls_peer(c->tls);
}

bool conn_refused_by_us(const struct conn *c)
{
    enum identity_verdict v = tls_verdict(c->tls);
    return v != IDENTITY_OK && v != IDENTITY_END;
}

void conn_set_events(struct conn *c, const struct conn_events *events)
{
    c->events = *events;
}

void conn_frame_max(struct conn *c, size_t max)
{
    ASSERT(max <= PEER_FRAME_SIZE_MAX);
    c->frame_max = max;
}

size_t conn_queued(const struct conn *c)
{
    return c->queued;
}

enum err conn_send(struct conn *c, struct bytes frame)
{
    uint8_t head[4];
    struct buf b = buf_over(head, sizeof head);
    if (c->closing || !c->established) {
        return ERR_STATE;
    }
    if (frame.len == 0 || frame.len > PEER_FRAME_SIZE_MAX) {
        return ERR_SIZE;
    }
    if (c->queued + frame.len > PEER_QUEUE_BYTES_MAX) {
        return ERR_BUSY;
    }
    buf_put_u32(&b, (uint32_t)frame.len);
    enum err e = tls_write(c->tls, buf_bytes(&b));
    if (e == ERR_NONE) {
        e = tls_write(c->tls, frame);
    }
    if (e == ERR_NONE) {
        e = pump(c);
    }
    if (e != ERR_NONE) {
        fail(c, e); /* half a frame may be out: nothing can follow it */
    }
    return e;
}
