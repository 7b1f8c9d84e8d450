/* peer — the TLS connections between nodes: dialing, accepting, frames, and who is who.
 *
 * A frame is a 4-byte big-endian length and one PeerMessage. A pair of nodes keeps one connection
 * for consensus and everything small, dialed by the lower participant; a consumer dials its
 * provider for bulk, while it wants chunks. Each side says Hello first. A peer counts as
 * authenticated after its first valid message (DESIGN 10), and only as the participant that its
 * certificate names. A newer connection of the same kind replaces the older one. */
#ifndef CARNET_NODE_PEER_INTERNAL_H
#define CARNET_NODE_PEER_INTERNAL_H

#include <uv.h>

#include "node/tls_internal.h"
#include "node/wire_internal.h"

enum {
    PEER_FRAME_SIZE_MAX = WIRE_SIZE_MAX,
    PEER_HELLO_SIZE_MAX = 16 * 1024, /* the first frame: before that a stranger costs little */
    PEER_QUEUE_BYTES_MAX = 64 * 1024 * 1024, /* of one connection; beyond it messages are dropped */
    PEER_QUEUE_GOSSIP = 256 * 1024, /* with more to say than that, transactions are not said */
    PEER_STRANGERS_MAX = 64,                 /* accepted and not authenticated yet */
    PEER_HELLO_TIMEOUT_MS = 10000,
    PEER_BACKOFF_MIN_MS = 100,
    PEER_BACKOFF_MAX_MS = 1000,
    PEER_ADDRESS_SIZE = 64,
    PEER_WHY_SIZE = 200
};

/* conn — one connection: TLS over TCP, frames in and out (peer_conn.c). */
struct conn;
struct conn_events {
    void *user;
    void (*established)(void *user, struct conn *c);
    void (*frame)(void *user, struct conn *c, struct bytes frame);
    void (*closed)(void *user, struct conn *c, const char *why); /* once; c is gone afterwards */
};
/* Owned by the loop until closed. `dialed` NULL: accepting. */
MUST_USE enum err conn_open(uv_loop_t *loop, struct tls_context *tls, const struct hash *dialed,
                            const struct conn_events *events, struct conn **out);
MUST_USE enum err conn_dial(struct conn *c, const char *address);
MUST_USE enum err conn_accept(struct conn *c, uv_stream_t *listener);
void conn_address(const struct conn *c, char out[PEER_ADDRESS_SIZE]);
uint32_t conn_participant(const struct conn *c); /* established only */
bool conn_refused_by_us(const struct conn *c);   /* closed for the peer's certificate */
void conn_set_events(struct conn *c, const struct conn_events *events);
void conn_frame_max(struct conn *c, size_t max);
/* ERR_BUSY: the queue is full and the frame is dropped. */
MUST_USE enum err conn_send(struct conn *c, struct bytes frame);
size_t conn_queued(const struct conn *c); /* bytes that the system has not taken yet */
void conn_close(struct conn *c, const char *why);
/* "host:port" with a numeric IPv4 address, or [v6]:port, or localhost. ERR_RANGE. */
MUST_USE enum err conn_parse_address(const char *address, struct sockaddr_storage *out);

/* peers — all connections of a node. Peers are indices of genesis.participants. */
enum peer_link { PEER_LINK_CONSENSUS, PEER_LINK_BULK_OUT, PEER_LINK_BULK_IN, PEER_LINK_END };
struct peers_config {
    uv_loop_t *loop;
    struct tls_context *tls;
    const struct genesis *genesis;
    uint32_t self;
    const char *listen;         /* host:port */
    const char *const *address; /* by participant; NULL: no node */
    const char *const *bulk;    /* by participant; NULL: as address */
    void *user;
    /* CONSENSUS, up: say Hello now, through peers_send. Hellos of bulk are said here. */
    void (*link)(void *user, uint32_t peer, enum peer_link link, bool up);
    void (*message)(void *user, uint32_t peer, enum peer_link link, struct bytes message);
    /* A connection was refused or ended before it was authenticated. peer UINT32_MAX: unknown. */
    void (*refused)(void *user, uint32_t peer, const char *address, const char *why);
};
struct peers;
/* ERR_PORT_IN_USE, ERR_RANGE (an address), ERR_FAILED. */
MUST_USE enum err peers_open(const struct peers_config *config, struct peers **out);
/* Closes everything; the memory goes when the loop has run the closing callbacks. */
void peers_close(struct peers *p);
uint16_t peers_port(const struct peers *p); /* the port listened at */
/* Dropped when there is no such connection or its queue is full. */
void peers_send(struct peers *p, uint32_t peer, enum peer_link link, struct bytes message);
size_t peers_queued(const struct peers *p, uint32_t peer, enum peer_link link);
bool peers_up(const struct peers *p, uint32_t peer, enum peer_link link);
/* Keep a bulk connection to this peer, or let it go. */
void peers_want_bulk(struct peers *p, uint32_t peer, bool want);
void peers_drop(struct peers *p, uint32_t peer, enum peer_link link, const char *why);

#endif
