#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/log_internal.h"
#include "node/peer_internal.h"

/* One way to one peer. Dialed links have a timer of their own for the next attempt. */
struct link {
    struct peers *peers;
    uint32_t peer;
    enum peer_link kind;
    bool dialing, wanted;
    struct conn *conn; /* at work: being dialed or, when up, the one in use */
    bool up, told;     /* authenticated; the owner was told of it */
    uint64_t backoff_ms, dropped;
    uv_timer_t retry;
};

struct stranger {
    struct peers *peers;
    struct conn *conn; /* NULL: free */
    uint64_t since_ms;
};

struct peers {
    struct peers_config config;
    uv_tcp_t listener;
    uv_timer_t sweep;
    bool closing;
    uint32_t count, handles, conns;
    struct link *link; /* count * PEER_LINK_END */
    struct stranger stranger[PEER_STRANGERS_MAX];
    uint8_t scratch[PEER_HELLO_SIZE_MAX * 8];
};

static struct link *link_of(struct peers *p, uint32_t peer, enum peer_link kind)
{
    ASSERT(peer < p->count && kind < PEER_LINK_END);
    return &p->link[peer * PEER_LINK_END + kind];
}

static void maybe_free(struct peers *p)
{
    if (p->closing && p->handles == 0 && p->conns == 0) {
        free(p->link);
        free(p);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct peers *p = handle->data;
    p->handles--;
    maybe_free(p);
}

static void link_dial(struct link *l);

static void on_retry(uv_timer_t *timer)
{
    struct link *l = timer->data;
    if (l->wanted && l->conn == NULL && !l->peers->closing) {
        link_dial(l);
    }
}

static void retry_later(struct link *l)
{
    if (l->wanted && !l->peers->closing) {
        (void)uv_timer_start(&l->retry, on_retry, l->backoff_ms, 0);
        l->backoff_ms =
            l->backoff_ms * 2 > PEER_BACKOFF_MAX_MS ? PEER_BACKOFF_MAX_MS : l->backoff_ms * 2;
    }
}

static void refused(struct peers *p, uint32_t peer, const struct conn *c, const char *why)
{
    char address[PEER_ADDRESS_SIZE];
    conn_address(c, address);
    p->config.refused(p->config.user, peer, address, why);
}

static void link_down(struct link *l)
{
    struct peers *p = l->peers;
    bool told = l->told;
    l->conn = NULL;
    l->up = l->told = false;
    if (told && !p->closing) {
        p->config.link(p->config.user, l->peer, l->kind, false);
    }
    retry_later(l);
}

static void on_link_closed(void *user, struct conn *c, const char *why)
{
    struct link *l = user;
    struct peers *p = l->peers;
    p->conns--;
    if (l->conn == c) {
        /* Nobody there is weather; being refused, or refusing, is news. */
        if (!l->up && (l->told || conn_refused_by_us(c)) && !p->closing) {
            refused(p, l->peer, c, why);
        }
        link_down(l);
    }
    maybe_free(p);
}

static bool hello_good(struct peers *p, const struct conn *c, struct bytes frame, uint32_t *purpose)
{
    struct arena a = arena_over(p->scratch, sizeof p->scratch);
    struct wire_message m;
    if (wire_decode(frame, &a, &m) != ERR_NONE || m.kind != WIRE_HELLO) {
        return false;
    }
    const struct genesis *g = p->config.genesis;
    *purpose = m.purpose;
    return hash_equal(&m.space, &g->space) &&
           hash_equal(&m.node, &g->participant[conn_participant(c)].id);
}

static void say_hello(struct link *l)
{
    struct peers *p = l->peers;
    if (l->kind == PEER_LINK_CONSENSUS) {
        l->told = true;
        p->config.link(p->config.user, l->peer, l->kind, true);
        return;
    }
    struct arena a = arena_over(p->scratch, sizeof p->scratch);
    struct wire_message m = { .kind = WIRE_HELLO,
                              .space = p->config.genesis->space,
                              .node = p->config.genesis->participant[p->config.self].id,
                              .purpose = WIRE_PURPOSE_BULK };
    struct bytes wire = { NULL, 0 };
    if (wire_encode(&m, &a, &wire) == ERR_NONE) {
        (void)!conn_send(l->conn, wire);
    }
}

/* The peer's first frame on a connection that we dialed. */
static void accepted_by_peer(struct link *l, struct conn *c, struct bytes frame)
{
    struct peers *p = l->peers;
    uint32_t purpose = 0;
    uint32_t want = l->kind == PEER_LINK_CONSENSUS ? WIRE_PURPOSE_CONSENSUS : WIRE_PURPOSE_BULK;
    if (!hello_good(p, c, frame, &purpose) || purpose != want) {
        conn_close(c, "its first message is not a Hello of this node");
        return;
    }
    l->up = true;
    l->backoff_ms = PEER_BACKOFF_MIN_MS;
    conn_frame_max(c, PEER_FRAME_SIZE_MAX);
    if (l->kind == PEER_LINK_CONSENSUS) {
        p->config.message(p->config.user, l->peer, l->kind, frame);
    } else {
        l->told = true;
        p->config.link(p->config.user, l->peer, l->kind, true);
    }
}

static void on_link_frame(void *user, struct conn *c, struct bytes frame)
{
    struct link *l = user;
    if (l->conn != c) {
        return; /* replaced: what still arrives there no longer counts */
    }
    if (!l->up) {
        accepted_by_peer(l, c, frame);
        return;
    }
    l->peers->config.message(l->peers->config.user, l->peer, l->kind, frame);
}

static void on_link_established(void *user, struct conn *c)
{
    struct link *l = user;
    if (l->conn == c) {
        say_hello(l);
    }
}

static struct conn_events link_events(struct link *l)
{
    return (struct conn_events){ l, on_link_established, on_link_frame, on_link_closed };
}

static const char *address_of(const struct link *l)
{
    const struct peers_config *c = &l->peers->config;
    const char *bulk = c->bulk == NULL ? NULL : c->bulk[l->peer];
    return l->kind == PEER_LINK_BULK_OUT && bulk != NULL ? bulk : c->address[l->peer];
}

static void link_dial(struct link *l)
{
    struct peers *p = l->peers;
    struct conn_events events = link_events(l);
    struct conn *c = NULL;
    const struct hash *id = &p->config.genesis->participant[l->peer].id;
    if (conn_open(p->config.loop, p->config.tls, id, &events, &c) != ERR_NONE) {
        retry_later(l);
        return;
    }
    p->conns++;
    l->conn = c;
    if (conn_dial(c, address_of(l)) != ERR_NONE) {
        conn_close(c, "the address cannot be dialed");
    }
}

/* Strangers: accepted connections whose Hello has not come. */
static void on_stranger_closed(void *user, struct conn *c, const char *why)
{
    struct stranger *s = user;
    struct peers *p = s->peers;
    s->conn = NULL;
    p->conns--;
    if (!p->closing) {
        refused(p, UINT32_MAX, c, why);
    }
    maybe_free(p);
}

static void conn_move(struct conn *c, struct stranger *s, struct link *l);

static void on_stranger_frame(void *user, struct conn *c, struct bytes frame)
{
    struct stranger *s = user;
    struct peers *p = s->peers;
    uint32_t purpose = 0;
    uint32_t who = conn_participant(c);
    if (who == p->config.self || who >= p->count || !hello_good(p, c, frame, &purpose) ||
        (purpose != WIRE_PURPOSE_CONSENSUS && purpose != WIRE_PURPOSE_BULK)) {
        conn_close(c, "its first message is not a Hello of this node");
        return;
    }
    struct link *l = link_of(
        p, who, purpose == WIRE_PURPOSE_CONSENSUS ? PEER_LINK_CONSENSUS : PEER_LINK_BULK_IN);
    if (l->dialing) {
        conn_close(c, "this side dials that peer");
        return;
    }
    conn_move(c, s, l);
    l->up = true;
    conn_frame_max(c, PEER_FRAME_SIZE_MAX);
    say_hello(l);
    if (l->conn != c) {
        return;
    }
    if (l->kind == PEER_LINK_CONSENSUS) {
        p->config.message(p->config.user, l->peer, l->kind, frame);
    } else {
        l->told = true;
        p->config.link(p->config.user, l->peer, l->kind, true);
    }
}

static void on_stranger_established(void *user, struct conn *c)
{
    (void)user;
    (void)c;
}

static void conn_move(struct conn *c, struct stranger *s, struct link *l)
{
    struct conn_events events = link_events(l);
    struct conn *old = l->conn;
    s->conn = NULL;
    if (old != NULL) {
        conn_close(old, "a newer connection of the same peer replaces it");
    }
    conn_set_events(c, &events);
    l->conn = c;
}

/* A free place; when there is none the stranger that has been silent longest makes room, so that a
 * crowd of them cannot keep peers out for longer than it takes to say Hello. */
static struct stranger *stranger_place(struct peers *p)
{
    struct stranger *oldest = &p->stranger[0];
    for (uint32_t i = 0; i < PEER_STRANGERS_MAX; i++) {
        struct stranger *s = &p->stranger[i];
        if (s->conn == NULL) {
            return s;
        }
        oldest = s->since_ms < oldest->since_ms ? s : oldest;
    }
    conn_close(oldest->conn, "too many strangers");
    return oldest;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct peers *p = listener->data;
    struct stranger *s = status < 0 || p->closing ? NULL : stranger_place(p);
    struct conn *c = NULL;
    struct conn_events events = { s, on_stranger_established, on_stranger_frame,
                                  on_stranger_closed };
    if (s == NULL || conn_open(p->config.loop, p->config.tls, NULL, &events, &c) != ERR_NONE) {
        return;
    }
    p->conns++;
    *s = (struct stranger){ p, c, uv_now(p->config.loop) };
    if (conn_accept(c, listener) != ERR_NONE) {
        conn_close(c, "it cannot be accepted");
    }
}

static void on_sweep(uv_timer_t *timer)
{
    struct peers *p = timer->data;
    uint64_t now = uv_now(p->config.loop);
    for (uint32_t i = 0; i < PEER_STRANGERS_MAX; i++) {
        struct stranger *s = &p->stranger[i];
        if (s->conn != NULL && now - s->since_ms > PEER_HELLO_TIMEOUT_MS) {
            conn_close(s->conn, "no Hello in time");
        }
    }
}

static enum err listen_at(struct peers *p)
{
    struct sockaddr_storage at;
    TRY(conn_parse_address(p->config.listen, &at));
    int bad = uv_tcp_bind(&p->listener, (struct sockaddr *)&at, 0);
    if (bad == 0) {
        bad = uv_listen((uv_stream_t *)&p->listener, 128, on_connection);
    }
    if (bad == UV_EADDRINUSE) {
        return ERR_PORT_IN_USE;
    }
    return bad == 0 ? ERR_NONE : ERR_FAILED;
}

static void link_init(struct peers *p, uint32_t peer, enum peer_link kind)
{
    struct link *l = link_of(p, peer, kind);
    bool node = p->config.address[peer] != NULL && peer != p->config.self;
    *l = (struct link){ .peers = p, .peer = peer, .kind = kind, .backoff_ms = PEER_BACKOFF_MIN_MS };
    l->dialing = kind == PEER_LINK_BULK_OUT ||
                 (kind == PEER_LINK_CONSENSUS && p->config.self < peer && node);
    (void)uv_timer_init(p->config.loop, &l->retry);
    p->handles++;
    l->retry.data = l;
    if (kind == PEER_LINK_CONSENSUS && l->dialing) {
        l->wanted = true;
        (void)uv_timer_start(&l->retry, on_retry, 0, 0);
    }
}

enum err peers_open(const struct peers_config *config, struct peers **out)
{
    struct peers *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return ERR_FAILED;
    }
    p->config = *config;
    p->count = config->genesis->participant_count;
    p->link = calloc((size_t)p->count * PEER_LINK_END, sizeof *p->link);
    ASSERT(p->link != NULL);
    (void)uv_tcp_init(config->loop, &p->listener);
    (void)uv_timer_init(config->loop, &p->sweep);
    p->listener.data = p->sweep.data = p;
    p->handles = 2;
    for (uint32_t i = 0; i < p->count * PEER_LINK_END; i++) {
        link_init(p, i / PEER_LINK_END, (enum peer_link)(i % PEER_LINK_END));
    }
    for (uint32_t i = 0; i < PEER_STRANGERS_MAX; i++) {
        p->stranger[i].peers = p;
    }
    enum err e = listen_at(p);
    if (e != ERR_NONE) {
        peers_close(p);
        return e;
    }
    (void)uv_timer_start(&p->sweep, on_sweep, 1000, 1000);
    *out = p;
    return ERR_NONE;
}

static void on_retry_closed(uv_handle_t *handle)
{
    struct link *l = handle->data;
    struct peers *p = l->peers;
    p->handles--;
    maybe_free(p);
}

void peers_close(struct peers *p)
{
    ASSERT(!p->closing);
    p->closing = true;
    for (uint32_t i = 0; i < p->count * PEER_LINK_END; i++) {
        if (p->link[i].conn != NULL) {
            conn_close(p->link[i].conn, "this node ends");
        }
        uv_close((uv_handle_t *)&p->link[i].retry, on_retry_closed);
    }
    for (uint32_t i = 0; i < PEER_STRANGERS_MAX; i++) {
        if (p->stranger[i].conn != NULL) {
            conn_close(p->stranger[i].conn, "this node ends");
        }
    }
    uv_close((uv_handle_t *)&p->listener, on_handle_closed);
    uv_close((uv_handle_t *)&p->sweep, on_handle_closed);
}

uint16_t peers_port(const struct peers *p)
{
    struct sockaddr_storage at = { 0 };
    int len = sizeof at;
    (void)uv_tcp_getsockname(&p->listener, (struct sockaddr *)&at, &len);
    return ntohs(((const struct sockaddr_in *)&at)->sin_port);
}

void peers_send(struct peers *p, uint32_t peer, enum peer_link kind, struct bytes message)
{
    struct link *l = link_of(p, peer, kind);
    if (l->conn == NULL || p->closing) {
        return;
    }
    enum err e = conn_send(l->conn, message);
    if (e == ERR_BUSY && l->dropped++ % 1000 == 0) {
        LOG("peer_queue_full", LOG_NUM("peer", peer), LOG_NUM("dropped", l->dropped));
    }
}

size_t peers_queued(const struct peers *p, uint32_t peer, enum peer_link kind)
{
    ASSERT(peer < p->count);
    const struct conn *c = p->link[peer * PEER_LINK_END + kind].conn;
    return c == NULL ? 0 : conn_queued(c);
}

bool peers_up(const struct peers *p, uint32_t peer, enum peer_link kind)
{
    ASSERT(peer < p->count);
    return p->link[peer * PEER_LINK_END + kind].up;
}

void peers_want_bulk(struct peers *p, uint32_t peer, bool want)
{
    struct link *l = link_of(p, peer, PEER_LINK_BULK_OUT);
    if (l->wanted == want || p->config.address[peer] == NULL || peer == p->config.self) {
        return;
    }
    l->wanted = want;
    if (want && l->conn == NULL) {
        (void)uv_timer_start(&l->retry, on_retry, 0, 0);
    } else if (!want) {
        (void)uv_timer_stop(&l->retry);
        if (l->conn != NULL) {
            conn_close(l->conn, "no more chunks are wanted");
        }
    }
}

void peers_drop(struct peers *p, uint32_t peer, enum peer_link kind, const char *why)
{
    struct link *l = link_of(p, peer, kind);
    if (l->conn != NULL) {
        conn_close(l->conn, why);
    }
}
