/* archive — a stretch of the ledger as one file, which whoever has the genesis file can check.
 *
 *   "carnet-ledger/1" ‖ record…      record = kind u8 ‖ size u32 ‖ bytes ‖ CRC-32C u32 of all three
 *   HEAD ‖ HAND_OVER… ‖ [SNAPSHOT ‖ PIECE…] ‖ BLOCK…
 *
 * The blocks hash into one another up to the last, for which a quorum's certificate is in the head;
 * so one certificate vouches for all of them, whatever their age. Where that quorum is not of the
 * committee of genesis, the hand-overs lead to it, the oldest first. What is not covered by those
 * hashes is checked by itself: the frontier below the first block against the first header, the
 * snapshot against the block of its height, each piece against the snapshot. The CRC tells a
 * damaged file from a forged one. Page: docs/ledger.md */
#ifndef CARNET_NODE_ARCHIVE_INTERNAL_H
#define CARNET_NODE_ARCHIVE_INTERNAL_H

#include <stdio.h>

#include "ledger/snapshot.h"

#define ARCHIVE_MAGIC "carnet-ledger/1"
enum { ARCHIVE_RECORD_MAX = 4 * 1024 * 1024, ARCHIVE_WHY_SIZE = 160 };
enum archive_kind {
    ARCHIVE_HEAD = 1,
    ARCHIVE_SNAPSHOT,
    ARCHIVE_PIECE,
    ARCHIVE_BLOCK,
    ARCHIVE_HAND_OVER
};

struct archive_head {
    struct hash space;
    uint64_t from, to;             /* heights of the blocks */
    struct merkle_frontier before; /* over the headers below `from` */
    struct bytes certificate;      /* of block `to` */
    uint32_t key_count;
    struct bytes key[GENESIS_SEATS_MAX]; /* canonical EpochKey of its signers */
};

/* Writing. ERR_DISK_FULL, ERR_FAILED. */
MUST_USE enum err archive_begin(FILE *f);
MUST_USE enum err archive_put(FILE *f, enum archive_kind kind, const struct bytes *part,
                              size_t count);
MUST_USE enum err archive_put_head(FILE *f, const struct archive_head *h, struct arena *a);

/* Reading from the start. The visitor is told of each record in order; its bytes live for the call.
 * What is not one record after another is refused with ERR_INTEGRITY and `why` says where. */
typedef enum err archive_visit(void *user, enum archive_kind kind, struct bytes body);
MUST_USE enum err archive_each(FILE *f, struct arena *a, char why[ARCHIVE_WHY_SIZE], void *user,
                               archive_visit *visit);
MUST_USE enum err archive_read_head(struct bytes body, struct archive_head *out);
MUST_USE enum err archive_read_piece(struct bytes body, uint32_t *piece, struct bytes *wire);

/* All of a file, checked against the genesis file and, where the committee has changed, against the
 * time and the anchors of the caller; nothing is written. ERR_INTEGRITY, ERR_VERSION (no such file
 * of this release), ERR_FAILED; `why` says what is wrong and where. */
struct archive_sum {
    uint64_t from, to, snapshot; /* heights; snapshot 0: none */
    struct hash first, last;     /* the block below the first, the last block */
    struct merkle_frontier before;
    bool carries; /* a snapshot */
};
MUST_USE enum err archive_check(FILE *f, const struct suite *s, const struct genesis *g,
                                const struct proof_caller *caller, struct arena *a,
                                struct archive_sum *out, char why[ARCHIVE_WHY_SIZE]);

#endif
