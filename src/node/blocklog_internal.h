/* blocklog — the chain of committed blocks on disk (FORMATS 17): block and certificate a record, in
 * files of BLOCKLOG_SEGMENT blocks each, and in memory where each block is and its leaf in the
 * history tree. What lies at or below `base` is not here: it was pruned, or the node began from a
 * snapshot; of its headers the frontier remains, so that later ones can still be proved. */
#ifndef CARNET_NODE_BLOCKLOG_INTERNAL_H
#define CARNET_NODE_BLOCKLOG_INTERNAL_H

#include "crypto/merkle.h"
#include "ledger/block.h"
#include "node/reclog_internal.h"

#define BLOCKLOG_BASE_FILE "base" /* there when the log does not begin at genesis */
enum {
    BLOCKLOG_SEGMENT_LOG2 = 10, /* a file holds heights with the same height >> 10 */
    BLOCKLOG_INDEX_SIZE = 40,   /* bytes of memory a block */
    BLOCKLOG_BASE_SIZE_MAX = 17 + HASH_SIZE + 8 + MERKLE_PATH_MAX * HASH_SIZE + 4
};

struct blocklog_config {
    const struct storage *disk;
    const struct suite *suite;
    size_t record_max, pending_max;
    uint64_t heights_max;  /* blocks between base and tip at most */
    uint32_t segment_log2; /* 0: BLOCKLOG_SEGMENT_LOG2 */
};
struct blocklog {
    struct blocklog_config config;
    struct reclog log; /* the newest file; older ones are only read */
    char name[32];     /* its name */
    uint64_t base, height;
    struct hash tip;               /* of block `height`; zero: not known yet */
    struct merkle_frontier before; /* over headers 0 … base; count 0: not known yet */
    uint64_t *offset;              /* of block base + 1 + i in its file */
    struct hash *leaf;             /* of header base + 1 + i in the history tree */
};

size_t blocklog_memory(const struct blocklog_config *c);
/* Memory only. ERR_NO_SPACE. */
MUST_USE enum err blocklog_init(struct blocklog *b, const struct blocklog_config *c,
                                struct arena *a);
/* Read file "base". ERR_CORRUPT: it is damaged. */
MUST_USE enum err blocklog_load_base(struct blocklog *b);
/* Genesis, for a log that begins there: hash of block 0. */
void blocklog_begin(struct blocklog *b, const struct hash *genesis);
/* Read all files: a block must decode, be the next height and hash to the one before it. The log is
 * cut at the first record that does not, and all after it is dropped. ERR_NO_SPACE: heights_max. */
MUST_USE enum err blocklog_open(struct blocklog *b, struct arena *scratch, enum reclog_end *end);
bool blocklog_links(const struct blocklog *b, const struct hash *previous); /* to the tip */
/* Whether appending it syncs the newest file first: then no other sync of it may be under way. */
bool blocklog_flushes(const struct blocklog *b, const struct block *block,
                      struct bytes certificate);
MUST_USE enum err blocklog_append(struct blocklog *b, const struct block *block,
                                  struct bytes certificate);
/* ERR_NOT_FOUND: above the tip. ERR_PRUNED: at or below the base. ERR_CORRUPT. */
MUST_USE enum err blocklog_read(const struct blocklog *b, uint64_t height, struct arena *a,
                                struct bytes *block, struct bytes *certificate);
MUST_USE enum err blocklog_cut(struct blocklog *b, uint64_t height, const struct hash *tip);
/* Path of header `index` in the history tree of the first `count` headers. ERR_PRUNED: at or below
 * the base; ERR_NOT_FOUND: count is past the tip's. */
MUST_USE enum err blocklog_prove(const struct blocklog *b, uint64_t index, uint64_t count,
                                 struct merkle_path *out);
/* Leaf of a header above the base. */
const struct hash *blocklog_leaf(const struct blocklog *b, uint64_t height);
/* Frontier over headers 0 … height, height from base to tip. */
void blocklog_frontier(const struct blocklog *b, uint64_t height, struct merkle_frontier *out);

/* Drop whole files so that at least the blocks from `keep_from` on stay. *base is the new base:
 * durable before a file goes, so a crash in between loses nothing. */
MUST_USE enum err blocklog_prune(struct blocklog *b, uint64_t keep_from, struct arena *scratch,
                                 uint64_t *base);
/* The same, keeping the newest `keep`, those above the folded state, and all whose transactions may
 * still be repeated. */
MUST_USE enum err blocklog_prune_old(struct blocklog *b, const struct genesis *g, uint64_t folded,
                                     uint64_t keep, struct arena *scratch, uint64_t *base);
/* Forget all and begin above `base`, whose hash and frontier are given: after a snapshot. */
MUST_USE enum err blocklog_restart(struct blocklog *b, uint64_t base, const struct hash *hash,
                                   const struct merkle_frontier *before);

#endif
