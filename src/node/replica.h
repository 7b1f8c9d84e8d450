/* replica — the one effects interpreter: ledger, consensus, sync and logs glued by ports.
 *
 * The daemon and the simulator run exactly this code; only the ports differ. Time comes in with
 * every call; disk, network and the folded store are function pointers. Effects are collected
 * over a batch of calls and carried out by replica_flush: first everything to persist, one sync
 * a log, then everything to send. All memory comes from one region given at start.
 * Page: docs/node.md */
#ifndef CARNET_NODE_REPLICA_H
#define CARNET_NODE_REPLICA_H

#include "consensus/consensus.h"
#include "crypto/epoch_key.h"
#include "node/replica_ports.h"

enum {
    REPLICA_PEERS_MAX = GENESIS_PARTICIPANTS_MAX,
    REPLICA_PEER_ALL = 0xffffffff,
    REPLICA_CHAIN_BLOCKS_MAX = 64
};

struct replica_config {
    const struct suite *suite;
    const struct genesis *genesis;
    const struct contract_table *contracts;
    struct state_store store;
    struct replica_ports ports;
    struct ledger_limits limits;
    uint32_t self;                   /* own index in genesis.participants */
    struct epoch_seed *seed;         /* NULL for an observer; advanced and wiped as epochs pass */
    const struct hash *epoch_leaves; /* own 2^log2 leaf hashes, for paths; NULL for an observer */
    struct epoch_seed *next_seed;    /* of keys that are to come, or NULL: the seat's root says */
    const struct hash *next_leaves;  /* which of the two signs */
    uint32_t view_timeout_ms, view_timeout_max_ms, resend_ms;
    uint32_t gossip_ms;
    uint64_t heights_max;  /* blocks kept in the log, 40 bytes of memory each; 0: a million */
    uint64_t snapshot_gap; /* behind by more blocks, a snapshot is taken; 0: 4,096 */
    uint32_t segment_log2; /* blocks of one file of the log; 0: 10, for 1,024 */
    uint32_t anchor_count; /* at most TRUST_ANCHORS_MAX; the bytes live as long as the replica */
    const struct bytes *anchor; /* canonical CertifiedHeader each: another block is not taken */
    bool tell_replayed;    /* `committed` also of blocks that replica_init replays from the log */
    bool fold_every_block; /* else the folded view is marked every sixteen blocks */
};

struct replica; /* opaque */

size_t replica_memory_size(const struct replica_config *config);
/* Opens logs, cuts a torn tail, replays the block log above the folded view and the vote log,
 * raises the boot number. A bad record inside a log is dropped with all after it and fetched again
 * from peers. ERR_CORRUPT: the boot file or the folded view is damaged; ERR_NO_SPACE,
 * ERR_DISK_FULL, ERR_FAILED; ERR_VERSION: a block of a set that the contracts do not know;
 * ERR_INTEGRITY: an anchor and the log contradict each other; errors of trust_anchors_read. */
MUST_USE enum err replica_init(const struct replica_config *config, struct arena *region,
                               uint64_t now_ms, struct replica **out);
/* A peer came or went. Up: HELLO is said. */
void replica_peer(struct replica *r, uint64_t now_ms, uint32_t peer, bool up);
/* ERR_*: what was wrong with the message: the shell counts and logs it. ERR_DISK_FULL, ERR_FAILED:
 * nothing moves until a flush succeeds. */
MUST_USE enum err replica_receive(struct replica *r, uint64_t now_ms, uint32_t peer,
                                  struct bytes message);
MUST_USE enum err replica_submit(struct replica *r, uint64_t now_ms, struct bytes tx,
                                 struct hash *id);
void replica_tick(struct replica *r, uint64_t now_ms);
/* Carry out what the calls since the last flush asked for. ERR_DISK_FULL, ERR_FAILED: nothing
 * was sent; the node stops voting and says so until a later flush succeeds. */
MUST_USE enum err replica_flush(struct replica *r, uint64_t now_ms);
/* The sync that a flush began with `ports.sync` is over: flush next. */
void replica_synced(struct replica *r, uint64_t now_ms, enum err e);
/* As replica_flush, but waits until all is durable and said: before the process ends. */
MUST_USE enum err replica_flush_now(struct replica *r, uint64_t now_ms);
uint64_t replica_deadline(const struct replica *r); /* when tick matters next */

struct replica_status {
    struct pbft_status pbft;
    struct ledger_tip tip;
    uint64_t boot;
    uint32_t peers_up, pending;
    bool voting, syncing, disk_failed;
    bool unsynced;                 /* something waits for a sync */
    uint64_t verified, remembered; /* signatures of transactions: once, and then known */
    uint64_t retry_ms;             /* after an ERR_BUSY of replica_submit: when to try again */
    bool restart;              /* a snapshot is whole on disk: start again, and it is installed */
    uint32_t snapshots, liars; /* installed at this start; lies found in snapshots offered */
    uint64_t base;             /* blocks at or below are not kept here */
    uint64_t index_base; /* the shell's: what happened at or below is in no answer of its index */
    struct version_set version, version_next; /* of the next block; decided and to come, or 0 */
    bool broken; /* memory and disk disagree: nothing moves any more, start again from the disk */
    bool off_anchor; /* broken for another reason: an anchor says otherwise */
};
struct replica_status replica_status(const struct replica *r);
/* What a peer has said of itself, in HELLO and by its votes; of oneself, how one stands. A vote for
 * a height is taken for having reached it when it is a COMMIT, else for the one below. */
struct replica_seen {
    bool up;
    uint64_t height, view;
};
struct replica_seen replica_seen(const struct replica *r, uint32_t peer);
struct ledger *replica_ledger(struct replica *r);
/* Who certifies the block after the committed one. */
const struct committee *replica_committee(const struct replica *r);

/* The block log, for proofs and queries: framed block and, when it is known, its own
 * certificate. */
MUST_USE enum err replica_block(struct replica *r, uint64_t height, struct arena *a,
                                struct bytes *block, struct bytes *certificate);
/* Drop blocks that nobody can ask of this node for its own sake, but for the newest `keep`. */
MUST_USE enum err replica_prune(struct replica *r, uint64_t keep, uint64_t *base);
/* A certified header at or above this height with its signers' keys (canonical CertifiedHeader),
 * and the header's height: ERR_NOT_FOUND when none is known yet. */
MUST_USE enum err replica_certified(struct replica *r, uint64_t height, struct arena *a,
                                    struct bytes *certified, uint64_t *certified_height);
/* Canonical HandOver each, from genesis to the committee of this epoch: ERR_NOT_FOUND when one is
 * not kept here. */
MUST_USE enum err replica_hand_overs(struct replica *r, uint64_t epoch, struct arena *a,
                                     const struct bytes **out, uint32_t *count);
/* Path of this header in the history tree of the first `count` headers. ERR_PRUNED: not kept here;
 * ERR_NOT_FOUND: no such count yet; ERR_UNAVAILABLE: the log is being fetched again. */
MUST_USE enum err replica_history_path(struct replica *r, uint64_t height, uint64_t count,
                                       struct merkle_path *out);

#endif
