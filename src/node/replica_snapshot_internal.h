/* The snapshots that a replica has made, the one being made, and what bounds them. */
#ifndef CARNET_NODE_REPLICA_SNAPSHOT_INTERNAL_H
#define CARNET_NODE_REPLICA_SNAPSHOT_INTERNAL_H

#include "consensus/sync.h"
#include "node/reclog_internal.h"

enum {
    REPLICA_SNAPSHOTS = 2,             /* kept: who takes the older one may finish */
    REPLICA_SNAPSHOT_GAP = 4096,       /* blocks; behind by more, a snapshot is taken */
    REPLICA_SNAPSHOT_PAUSE_MS = 30000, /* after nobody gave one */
    REPLICA_PIECES_A_TURN = 4,
    REPLICA_MAKE_MS = 5, /* between turns */
    REPLICA_SERVE_MS = 20,
    REPLICA_SERVE_SIZE = 256 * 1024, /* bytes of pieces in that time, to all peers together */
    REPLICA_SERVE_COST = 4096,       /* bytes that an answer counts as besides its own */
    REPLICA_WAITING_MAX = 128        /* requests that wait for their turn, SYNC_WINDOW_MAX a peer */
};

/* A piece that was asked for when as much had been served as may be. */
struct wanted_piece {
    uint32_t peer, piece;
    uint64_t height;
};

/* A snapshot on disk, and the one being made. */
struct made {
    bool ready;
    uint64_t height;
    uint32_t depth;
    uint64_t *offset; /* of each piece in its log */
};
struct maker {
    bool wanted, active;
    uint32_t at, next, failed;
    uint64_t next_ms;
    uint64_t served, served_ms; /* bytes, until that instant */
    uint32_t waiting_count;
    struct wanted_piece waiting[REPLICA_WAITING_MAX]; /* oldest first */
    struct made slot[REPLICA_SNAPSHOTS];
    struct snapshot snapshot;
    struct state_subtree *piece;
    struct arena arena;
    struct reclog log;
    char head_name[24], log_name[24];
};

#endif
