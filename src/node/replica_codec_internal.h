/* replica_codec — the peer messages that the replica itself reads and writes, as our own structs
 * (FORMATS 13, 14, 17). Those of consensus pass through as bytes; all others are the shell's. */
#ifndef CARNET_NODE_REPLICA_CODEC_INTERNAL_H
#define CARNET_NODE_REPLICA_CODEC_INTERNAL_H

#include "ledger/proof.h"

enum {
    PEER_KEYS_MAX = 2 * GENESIS_SEATS_MAX + 2, /* of one message: two epochs of a whole committee */
    PEER_CHAIN_MAX = 64,
    PEER_TXS_MAX = 1024
};

/* Numbers of PeerMessage.kind; append only, they are on the wire. */
enum peer_kind {
    PEER_NONE = 0,
    PEER_HELLO = 1,
    PEER_HELLO_ANSWER = 2,
    PEER_PROPOSE = 3,
    PEER_VOTE = 4,
    PEER_VIEW_CHANGE = 5,
    PEER_NEW_VIEW = 6,
    PEER_GET_BLOCK = 7,
    PEER_BLOCK = 8,
    PEER_GET_CHAIN = 9,
    PEER_CHAIN = 10,
    PEER_TRANSACTIONS = 11,
    PEER_EPOCH_KEYS = 12,
    PEER_SNAPSHOT_GET = 22,
    PEER_SNAPSHOT = 23,
    PEER_PIECE_GET = 24,
    PEER_PIECE = 25,
    PEER_KIND_END
};

/* The place of a vote in time, as HELLO names it; kind 0: none. */
struct vote_mark {
    uint64_t epoch, view, height;
    uint32_t kind;
};

struct peer_keys {
    uint32_t count;
    struct epoch_key_proof key[PEER_KEYS_MAX];
};

struct peer_hello {
    struct hash space, node;
    uint32_t purpose;
    uint64_t boot, height;
    struct vote_mark vote;
    struct peer_keys keys;
};

struct peer_hello_answer {
    uint64_t boot;
    struct vote_mark vote;
    uint32_t objection;
};

struct peer_chain {
    uint64_t from, committed;
    uint32_t count;
    struct bytes block[PEER_CHAIN_MAX];
    struct bytes certificate;
    struct peer_keys keys;
};

struct peer_txs {
    uint32_t count;
    struct bytes tx[PEER_TXS_MAX];
};

struct peer_message {
    enum peer_kind kind;
    struct hash block; /* GET_BLOCK */
    uint64_t from;     /* GET_CHAIN; SNAPSHOT_GET: above this height */
    uint32_t count;    /* GET_CHAIN */
    uint64_t height;   /* of a snapshot: PIECE_GET, PIECE */
    uint32_t piece;    /* PIECE_GET, PIECE */
    struct bytes body; /* SNAPSHOT, PIECE; empty: none */
    struct peer_hello *hello;
    struct peer_hello_answer *answer;
    struct peer_chain *chain;
    struct peer_txs *txs;
    struct peer_keys *keys; /* EPOCH_KEYS */
};

/* What a message says it is, by its first bytes alone; PEER_NONE when they say nothing known. */
enum peer_kind peer_kind_of(struct bytes wire);
/* Everything lives in the arena. Kinds that pass through are refused with ERR_UNSUPPORTED. */
MUST_USE enum err peer_decode(struct bytes wire, size_t size_max, struct arena *a,
                              struct peer_message *out);
/* `kind` and its fields; size_max bounds what is written. */
MUST_USE enum err peer_encode(const struct peer_message *m, size_t size_max, struct arena *a,
                              struct bytes *out);
/* SNAPSHOT_GET to PIECE (replica_snapshot_codec.c): peer_decode and peer_encode go through them. */
MUST_USE enum err peer_snapshot_decode(struct bytes wire, size_t size_max, struct arena *a,
                                       struct peer_message *out);
MUST_USE enum err peer_snapshot_encode(const struct peer_message *m, size_t size_max,
                                       struct arena *a, struct bytes *out);
MUST_USE enum err peer_encode_block(struct bytes block, struct arena *a, struct bytes *out);

/* The signed vote inside a canonical VOTE or NEW_VIEW: its canonical Vote and seat.
 * ERR_NOT_FOUND when it has none. A walk over fields, no decoding: the caller has had it checked.
 */
MUST_USE enum err peer_vote_of(struct bytes wire, struct bytes *vote, uint32_t *seat);

/* The value of the first length-delimited field of this number; empty when absent. */
struct bytes peer_field(struct bytes message, uint32_t number);
uint64_t peer_field_u64(struct bytes message, uint32_t number);

#endif
