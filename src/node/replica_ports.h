/* replica_ports — what the effects interpreter reaches the world through: disk, folded store,
 * network, and the shell's ears. The daemon and the simulator differ in these alone. Page:
 * docs/node.md */
#ifndef CARNET_NODE_REPLICA_PORTS_H
#define CARNET_NODE_REPLICA_PORTS_H

#include "base/activity.h"
#include "base/storage.h"
#include "ledger/ledger.h"

/* What the shell is told, after it is durable. Bytes live for the call. */
struct replica_commit {
    struct ledger_tip tip;
    struct bytes block;       /* framed */
    struct bytes certificate; /* its own commit certificate, or empty (a later block's covers it) */
    const struct receipt *receipt;
    uint32_t receipt_count;
};

/* What an anchor and this node's chain have to do with each other (replica_config.anchor). */
enum replica_anchor_kind {
    REPLICA_ANCHOR_WANTED,  /* a snapshot of `peer` needs one: no other member but that is set */
    REPLICA_ANCHOR_REFUSED, /* one of the anchors does not go with a snapshot of `peer`; as above */
    REPLICA_ANCHOR_BELOW, /* it is of a block at or below the log's base: there is nothing to ask */
    REPLICA_ANCHOR_PEER,  /* `peer` gave another block of this height; it was not taken */
    REPLICA_ANCHOR_LOG,   /* the log has another one: the start ends here */
    REPLICA_ANCHOR_APART, /* blocks of `peer` lead to the anchor, and not from the log's tip */
    REPLICA_ANCHOR_BLOCK  /* another one was certified, and not committed here */
};
struct replica_anchor {
    enum replica_anchor_kind kind;
    uint32_t number;      /* of the configuration's anchors */
    uint32_t peer;        /* WANTED, REFUSED, PEER, APART */
    uint64_t height, tip; /* of the anchor; of the log: what APART has found is the block there */
    struct hash pinned, found;
};

struct replica_ports {
    void *ctx;
    struct storage disk; /* logs "blocks.log", "votes.log", files "boot", "epoch-keys" */
    /* Have these logs synced elsewhere, at most one such sync at a time: replica_synced says later,
     * never from within, how all of them went. `sync_wait` waits for it here instead and gives the
     * answer. Both NULL: replica_flush itself syncs and waits. */
    enum err (*sync)(void *ctx, const char *const *log, uint32_t count);
    enum err (*sync_wait)(void *ctx);
    /* To one of genesis.participants, or to REPLICA_PEER_ALL. Copies what it keeps. */
    void (*send)(void *ctx, uint32_t peer, struct bytes message);
    /* The folded view: changes of blocks as they commit, then, after the block log is synced, the
     * mark. Reads see changes at once; a crash loses those after the last durable mark. */
    enum err (*store_change)(void *ctx, const struct state_change *c);
    enum err (*store_mark)(void *ctx, uint64_t height, struct bytes header,
                           const struct merkle_frontier *history);
    /* Where the folded view stands; ERR_NOT_FOUND when it is empty. header lives until the next
     * call. */
    enum err (*store_tip)(void *ctx, uint64_t *height, struct bytes *header,
                          struct merkle_frontier *history);
    /* Snapshots; all NULL where there are none. Pin a view of the last mark that stands still while
     * changes go on, and walk its values whose tree keys begin with the `depth` bits of `piece`. */
    enum err (*store_pin)(void *ctx, uint64_t *height);
    enum err (*store_piece)(void *ctx, uint32_t depth, uint32_t piece, void *user,
                            enum err (*visit)(void *user, uint16_t contract,
                                              const struct hash *tree_key, struct bytes stored));
    void (*store_unpin)(void *ctx);
    /* Forget all values: those of a snapshot at this height follow, then its mark. */
    enum err (*store_reset)(void *ctx, uint64_t height);
    void (*committed)(void *ctx, const struct replica_commit *c);
    /* Also from within replica_init. After the last two nothing moves any more. NULL: not told. */
    void (*anchor)(void *ctx, const struct replica_anchor *x);
    struct activity_port activity; /* of the thread that calls; nothing depends on it */
    /* Something that is not consensus arrived (attachments, chunks): the shell's own business. */
    void (*other)(void *ctx, uint32_t peer, struct bytes message);
};

#endif
