/* replica_internal — what the files of the effects interpreter share. */
#ifndef CARNET_NODE_REPLICA_INTERNAL_H
#define CARNET_NODE_REPLICA_INTERNAL_H

#include "node/blocklog_internal.h"
#include "node/replica.h"
#include "node/replica_batch_internal.h"
#include "node/replica_codec_internal.h"
#include "node/replica_seats_internal.h"
#include "node/replica_snapshot_internal.h"

enum {
    REPLICA_FOLLOW_MAX = 2 * PBFT_EFFECTS_MAX,
    REPLICA_KEY_EPOCHS = 64, /* epochs whose keys are kept, a seat */
    REPLICA_HEIGHTS_DEFAULT = 1 << 20,
    REPLICA_GOSSIP_BYTES = 128 * 1024,
    REPLICA_AGAIN_MAX = 256, /* waiting transactions that are said again at one time */
    REPLICA_SMALL_MESSAGES = 256 * 1024, /* room for keys, certificates and frames in a message */
    REPLICA_HELLO_REPEAT = 10,           /* in units of resend_ms */
    REPLICA_FOLD_BLOCKS = 16,            /* blocks between two marks of the folded view */
    REPLICA_RECENT_BLOCKS = 64           /* committed blocks that GetBlock finds by hash */
};

struct peer {
    bool up, heard, answered, objects, liar, placed;
    uint64_t boot, height; /* as it said in HELLO */
    uint64_t reach; /* once placed: where it stood when it first spoke to this run, or saw us */
    struct vote_mark vote; /* the latest seen from it */
};

struct key_slot {
    bool used;
    uint64_t epoch;
    uint8_t public_key[SUITE_KEY_SIZE_MAX];
    struct merkle_path path;
};

/* What an effect of consensus is answered with, after all effects of its step. */
struct follow {
    enum pbft_event_kind kind;
    struct hash block;
    enum err err;
};

struct chain_sync {
    bool active, pruned; /* a peer no longer has the next block */
    uint32_t peer, tried;
    uint64_t target, deadline_ms;
};

struct replica {
    struct replica_config config;
    const struct suite *suite;
    const struct genesis *genesis;
    struct ledger *ledger;
    struct pbft *pbft;
    uint64_t now_ms, boot;
    size_t block_max, message_max;
    uint32_t seat, peer_count;
    struct peer *peer;
    uint32_t seat_of[REPLICA_PEERS_MAX];
    uint32_t participant_of[GENESIS_SEATS_MAX];
    struct seating seating;

    struct blocklog blocks;
    struct reclog votes;
    uint8_t header[HEADER_SIZE_MAX]; /* of the committed tip: the folded view's mark */
    size_t header_len;
    uint64_t marked; /* height of the folded view's last mark */

    struct arena work; /* one call's */
    struct arena gossip_arena;
    struct batch batch[2];
    uint32_t newer;     /* of the two */
    uint64_t persisted; /* records handed to the logs since the start */
    uint64_t durable;   /* the first so many of them are */
    uint64_t flying;    /* and so many will be when the sync that is under way has gone well */
    bool in_flight, landed_badly;
    enum err disk_error; /* with disk_failed: what the disk said */
    uint32_t gossip_count, follow_at, follow_count;
    struct follow follow[REPLICA_FOLLOW_MAX];
    struct bytes gossip[PEER_TXS_MAX];
    uint32_t gossip_cursor;
    uint64_t gossip_ms, resend_ms, hello_ms; /* next instants */
    bool tick_due;

    struct key_slot *key; /* seating.rows * REPLICA_KEY_EPOCHS */
    bool keys_dirty;
    uint64_t keys_epoch; /* own keys are announced up to this epoch's next */

    struct chain_sync sync;
    struct sync *take;
    struct reclog taken; /* pieces of a snapshot being taken */
    bool installable;    /* a snapshot is whole: the next start installs it */
    uint32_t snapshots;  /* installed at this start */
    uint64_t snapshot_after_ms;
    struct maker maker;
    bool started; /* consensus runs: the block log reaches the folded view */
    bool cleared; /* may vote (FORMATS 14) */
    bool votes_damaged;
    bool disk_failed; /* nothing moves until a flush succeeds */
    bool broken;      /* memory and disk disagree: only a restart helps */
    bool off_anchor;  /* broken for another reason: an anchor says otherwise */
    struct trust_anchor anchor[TRUST_ANCHORS_MAX];
    uint64_t began; /* committed height at which this node began to observe; with `observes` */
    bool observes;
    struct pbft_effects effects;
};

#endif
