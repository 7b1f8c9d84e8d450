#include "node/relay.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/log_internal.h"
#include "node/peer_internal.h"

enum {
    RELAY_READ_SIZE = 16 * 1024,
    RELAY_QUEUE_MAX = 1024 * 1024, /* of one direction: reading stops above it */
    RELAY_TICK_MS = 10,
    RELAY_REPORT_MS = 100
};

struct relay;

/* Bytes that were read and wait for their time. */
struct parcel {
    struct parcel *next;
    uint64_t due_ms;
    size_t len, sent;
    uint8_t bytes[];
};

struct pipe {
    struct parcel *first, *last;
    size_t queued;
    uint64_t total;  /* bytes handed to the far socket */
    uint64_t credit; /* bytes that may go now, when throttled */
    bool ended;      /* no more will be read */
};

struct leg {
    struct relay_conn *conn;
    uv_tcp_t tcp;
    bool reading, open;
};

struct relay_conn {
    struct relay *relay;
    unsigned number;
    struct leg leg[2];   /* [0] who dialed us, [1] where we dialed */
    struct pipe pipe[2]; /* [0] up: from leg 0 to leg 1 */
    uv_connect_t connecting;
    bool connected, closing;
    unsigned handles;
    uint64_t reported_ms, reported_up, reported_down;
};

struct relay {
    const struct relay_options *options;
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_timer_t tick;
    uv_signal_t on_signal[4];
    struct sockaddr_storage to;
    struct relay_conn *conn[RELAY_CONNS_MAX];
    unsigned next_number;
    uint64_t ticked_ms;
    bool cut;
    int log;
    char scratch[RELAY_READ_SIZE];
};

static void tell(const struct relay *r, const char *event, const struct relay_conn *c)
{
    char line[256];
    int n = snprintf(line, sizeof line,
                     "{\"t\":%llu,\"event\":\"%s\",\"conn\":%u,\"up\":%llu,\"down\":%llu}\n",
                     (unsigned long long)log_now_ms(), event, c == NULL ? 0 : c->number,
                     (unsigned long long)(c == NULL ? 0 : c->pipe[0].total),
                     (unsigned long long)(c == NULL ? 0 : c->pipe[1].total));
    if (write(r->log, line, (size_t)n) != n) {
        return; /* a log that is full must not stop the weather */
    }
}

static void tell_listen(const struct relay *r)
{
    struct sockaddr_storage at = { 0 };
    char line[256], host[64] = "?";
    int len = sizeof at;
    (void)uv_tcp_getsockname(&r->listener, (struct sockaddr *)&at, &len);
    (void)uv_ip_name((struct sockaddr *)&at, host, sizeof host);
    unsigned port = ntohs(((const struct sockaddr_in *)&at)->sin_port);
    int n = snprintf(line, sizeof line,
                     "{\"t\":%llu,\"event\":\"listen\",\"conn\":0,\"up\":0,\"down\":0,"
                     "\"address\":\"%s:%u\"}\n",
                     (unsigned long long)log_now_ms(), host, port);
    if (write(r->log, line, (size_t)n) != n) {
        return;
    }
}

static void drop_parcels(struct pipe *p)
{
    while (p->first != NULL) {
        struct parcel *next = p->first->next;
        free(p->first);
        p->first = next;
    }
    p->last = NULL;
    p->queued = 0;
}

static void on_leg_closed(uv_handle_t *handle)
{
    struct leg *leg = handle->data;
    struct relay_conn *c = leg->conn;
    if (--c->handles > 0) {
        return;
    }
    for (size_t i = 0; i < RELAY_CONNS_MAX; i++) {
        if (c->relay->conn[i] == c) {
            c->relay->conn[i] = NULL;
        }
    }
    free(c);
}

static void conn_end(struct relay_conn *c)
{
    if (c->closing) {
        return;
    }
    c->closing = true;
    tell(c->relay, "close", c);
    for (int i = 0; i < 2; i++) {
        drop_parcels(&c->pipe[i]);
        if (c->leg[i].open) {
            uv_close((uv_handle_t *)&c->leg[i].tcp, on_leg_closed);
        }
    }
}

static void report(struct relay_conn *c, uint64_t now)
{
    bool moved = c->pipe[0].total != c->reported_up || c->pipe[1].total != c->reported_down;
    if (moved && now - c->reported_ms >= RELAY_REPORT_MS) {
        c->reported_ms = now;
        c->reported_up = c->pipe[0].total;
        c->reported_down = c->pipe[1].total;
        tell(c->relay, "bytes", c);
    }
}

/* How much of this parcel may go now. */
static size_t allowed(const struct relay *r, const struct pipe *p, const struct parcel *x,
                      uint64_t now)
{
    size_t left = x->len - x->sent;
    if (x->due_ms > now) {
        return 0;
    }
    if (r->options->rate_bytes_s == 0) {
        return left;
    }
    return left < p->credit ? left : (size_t)p->credit;
}

/* Send what is due. uv_try_write leaves what the far side cannot take: that is back-pressure, and
 * the bytes are counted once, when the far socket has them. */
static void drain(struct relay_conn *c, int way, uint64_t now)
{
    struct pipe *p = &c->pipe[way];
    while (p->first != NULL && !c->closing) {
        struct parcel *x = p->first;
        size_t n = allowed(c->relay, p, x, now);
        if (n == 0) {
            return;
        }
        uv_buf_t buf = uv_buf_init((char *)x->bytes + x->sent, (unsigned)n);
        int sent = uv_try_write((uv_stream_t *)&c->leg[1 - way].tcp, &buf, 1);
        if (sent == UV_EAGAIN) {
            return;
        }
        if (sent < 0) {
            conn_end(c);
            return;
        }
        x->sent += (size_t)sent;
        p->total += (uint64_t)sent;
        p->credit -= c->relay->options->rate_bytes_s == 0 ? 0 : (uint64_t)sent;
        if (x->sent == x->len) {
            p->first = x->next;
            p->last = p->first == NULL ? NULL : p->last;
            p->queued -= x->len;
            free(x);
        }
    }
    if (p->ended && !c->closing) {
        conn_end(c);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    const struct leg *leg = handle->data;
    (void)suggested;
    *buf = uv_buf_init(leg->conn->relay->scratch, RELAY_READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct leg *leg = stream->data;
    struct relay_conn *c = leg->conn;
    int way = leg == &c->leg[0] ? 0 : 1;
    struct pipe *p = &c->pipe[way];
    if (c->closing || n == 0) {
        return;
    }
    if (n < 0) {
        p->ended = true;
        (void)uv_read_stop(stream);
        leg->reading = false;
        drain(c, way, log_now_ms());
        return;
    }
    struct parcel *x = malloc(sizeof *x + (size_t)n);
    if (x == NULL) {
        conn_end(c);
        return;
    }
    uint64_t now = log_now_ms();
    *x = (struct parcel){ NULL, now + c->relay->options->delay_ms, (size_t)n, 0 };
    memcpy(x->bytes, buf->base, (size_t)n);
    if (p->last == NULL) {
        p->first = x;
    } else {
        p->last->next = x;
    }
    p->last = x;
    p->queued += (size_t)n;
    if (p->queued > RELAY_QUEUE_MAX) {
        (void)uv_read_stop(stream);
        leg->reading = false;
    }
    if (c->connected) {
        drain(c, way, now);
    }
}

static void read_on(struct relay_conn *c)
{
    for (int i = 0; i < 2 && !c->closing; i++) {
        struct leg *leg = &c->leg[i];
        if (!leg->reading && !c->pipe[i].ended && c->pipe[i].queued <= RELAY_QUEUE_MAX / 2) {
            leg->reading = uv_read_start((uv_stream_t *)&leg->tcp, on_alloc, on_read) == 0;
        }
    }
}

static void on_connected(uv_connect_t *request, int status)
{
    struct relay_conn *c = request->data;
    if (c->closing) {
        return;
    }
    if (status < 0) {
        conn_end(c);
        return;
    }
    c->connected = true;
    (void)uv_tcp_nodelay(&c->leg[0].tcp, 1);
    (void)uv_tcp_nodelay(&c->leg[1].tcp, 1);
    read_on(c);
}

static struct relay_conn *conn_new(struct relay *r)
{
    size_t place = 0;
    while (place < RELAY_CONNS_MAX && r->conn[place] != NULL) {
        place++;
    }
    struct relay_conn *c = place == RELAY_CONNS_MAX ? NULL : calloc(1, sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    c->relay = r;
    c->number = ++r->next_number;
    for (int i = 0; i < 2; i++) {
        c->leg[i].conn = c;
        c->leg[i].open = uv_tcp_init(&r->loop, &c->leg[i].tcp) == 0;
        c->leg[i].tcp.data = &c->leg[i];
        c->handles++;
    }
    r->conn[place] = c;
    return c;
}

static void on_refused_closed(uv_handle_t *handle)
{
    free(handle);
}

/* A cut line, or too many: the one who dialed sees a connection that ends at once. */
static void refuse(struct relay *r, uv_stream_t *listener)
{
    uv_tcp_t *tcp = malloc(sizeof *tcp);
    ASSERT(tcp != NULL);
    (void)uv_tcp_init(&r->loop, tcp);
    (void)uv_accept(listener, (uv_stream_t *)tcp);
    uv_close((uv_handle_t *)tcp, on_refused_closed);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct relay *r = listener->data;
    struct relay_conn *c = status < 0 || r->cut ? NULL : conn_new(r);
    if (status < 0) {
        return;
    }
    if (c == NULL) {
        refuse(r, listener);
        return;
    }
    tell(r, "open", c);
    c->connecting.data = c;
    if (uv_accept(listener, (uv_stream_t *)&c->leg[0].tcp) != 0 ||
        uv_tcp_connect(&c->connecting, &c->leg[1].tcp, (struct sockaddr *)&r->to, on_connected) !=
            0) {
        conn_end(c);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct relay *r = timer->data;
    uint64_t now = log_now_ms();
    uint64_t passed = now > r->ticked_ms ? now - r->ticked_ms : 0;
    uint64_t rate = r->options->rate_bytes_s;
    r->ticked_ms = now;
    for (size_t i = 0; i < RELAY_CONNS_MAX; i++) {
        struct relay_conn *c = r->conn[i];
        if (c == NULL || c->closing || !c->connected) {
            continue;
        }
        for (int way = 0; way < 2 && !c->closing; way++) {
            /* Credit for at most a fifth of a second is saved up, so that a pause makes no burst.
             */
            uint64_t credit = c->pipe[way].credit + rate * passed / 1000;
            c->pipe[way].credit = credit > rate / 5 + 1 ? rate / 5 + 1 : credit;
            drain(c, way, now);
        }
        if (!c->closing) {
            read_on(c);
            report(c, now);
        }
    }
}

static void end_all(struct relay *r)
{
    for (size_t i = 0; i < RELAY_CONNS_MAX; i++) {
        if (r->conn[i] != NULL) {
            conn_end(r->conn[i]);
        }
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct relay *r = handle->data;
    if (number == SIGUSR1 && !r->cut) {
        r->cut = true;
        tell(r, "cut", NULL);
        end_all(r);
    } else if (number == SIGUSR2 && r->cut) {
        r->cut = false;
        tell(r, "heal", NULL);
    } else if (number == SIGTERM || number == SIGINT) {
        end_all(r);
        uv_close((uv_handle_t *)&r->listener, NULL);
        uv_close((uv_handle_t *)&r->tick, NULL);
        for (size_t i = 0; i < COUNT(r->on_signal); i++) {
            uv_close((uv_handle_t *)&r->on_signal[i], NULL);
        }
    }
}

static enum err listen_at(struct relay *r)
{
    struct sockaddr_storage at;
    if (conn_parse_address(r->options->to, &r->to) != ERR_NONE ||
        conn_parse_address(r->options->listen, &at) != ERR_NONE) {
        return ERR_USAGE;
    }
    (void)uv_tcp_init(&r->loop, &r->listener);
    r->listener.data = r;
    int bad = uv_tcp_bind(&r->listener, (struct sockaddr *)&at, 0);
    if (bad == 0) {
        bad = uv_listen((uv_stream_t *)&r->listener, 128, on_connection);
    }
    if (bad != 0) {
        uv_close((uv_handle_t *)&r->listener, NULL);
        (void)uv_run(&r->loop, UV_RUN_DEFAULT);
        return bad == UV_EADDRINUSE      ? ERR_PORT_IN_USE
               : bad == UV_EADDRNOTAVAIL ? ERR_UNAVAILABLE
                                         : ERR_FAILED;
    }
    return ERR_NONE;
}

static void start(struct relay *r)
{
    /* A write to an end that is gone is an error of that connection, not the relay's end. */
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    (void)sigaction(SIGPIPE, &ignore, NULL);
    static const int SIGNALS[4] = { SIGUSR1, SIGUSR2, SIGTERM, SIGINT };
    for (size_t i = 0; i < COUNT(SIGNALS); i++) {
        (void)uv_signal_init(&r->loop, &r->on_signal[i]);
        r->on_signal[i].data = r;
        (void)uv_signal_start(&r->on_signal[i], on_signal, SIGNALS[i]);
    }
    (void)uv_timer_init(&r->loop, &r->tick);
    r->tick.data = r;
    r->ticked_ms = log_now_ms();
    (void)uv_timer_start(&r->tick, on_tick, RELAY_TICK_MS, RELAY_TICK_MS);
}

enum err relay_run(const struct relay_options *o)
{
    struct relay *r = calloc(1, sizeof *r);
    if (r == NULL || uv_loop_init(&r->loop) != 0) {
        free(r);
        return ERR_FAILED;
    }
    r->options = o;
    r->log = o->log == NULL ? STDOUT_FILENO
                            : open(o->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    enum err e = r->log < 0 ? ERR_FAILED : listen_at(r);
    if (e == ERR_NONE) {
        start(r);
        tell_listen(r);
        (void)uv_run(&r->loop, UV_RUN_DEFAULT);
    }
    (void)uv_loop_close(&r->loop);
    if (o->log != NULL && r->log >= 0) {
        (void)close(r->log);
    }
    free(r);
    return e;
}
