/* batch — many transactions at one time: submitted together, their signatures verified in the
 * workers, and proved together, one BlockProof a block. Page: docs/daemon.md */
#ifndef CARNET_NODE_BATCH_H
#define CARNET_NODE_BATCH_H

#include "ledger/proof.h"
#include "node/node.h"

enum {
    NODE_BATCH_TXS_MAX = 1024,
    NODE_BATCH_SIZE_MAX = 1024 * 1024, /* with the lengths */
    NODE_BATCHES_MAX = 32,             /* whose signatures are being verified, or were just now */
    NODE_BATCH_PROOFS_SIZE_MAX = 16 * 1024 * 1024,
    NODE_BATCH_PROOFS_BLOCKS_MAX = 32, /* read for one answer, in one turn of the loop, */
    NODE_BATCH_PROOFS_READ_MAX = 4 * 1024 * 1024, /* whose bytes may pass this with the last */
    NODE_BATCH_RETRY_MS = 200                     /* when all places are taken */
};
_Static_assert((int)NODE_BATCH_TXS_MAX <= (int)PROOF_BLOCK_TXS_MAX, "one batch, one block");

/* Syncs of the logs, which all that waits shares: how many, and how long the newest took. */
struct node_syncs {
    uint64_t count, p50_us, p99_us;
};
struct node_syncs node_syncs(const struct node *n);
/* Processor time of the loop's thread since the node was opened, by what it was busy with. */
void node_activity(const struct node *n, uint64_t us[ACTIVITY_END]);

/* `framed`: canonical transactions, each after its length in 4 bytes. ERR_ENCODING: it is not that;
 * ERR_SIZE: too many or too large; ERR_BUSY: too many batches at once, nothing was taken. */
MUST_USE enum err node_batch_submit(struct node *n, struct bytes framed, uint32_t *ticket);
/* How each fared, in their order, as node_submit would say. ERR_UNAVAILABLE: signatures are being
 * verified; watchers are called when that is over. */
MUST_USE enum err node_batch_result(const struct node *n, uint32_t ticket, const enum err **fared,
                                    uint32_t *count);
/* Nobody asks any more; what was given is submitted all the same. */
void node_batch_end(struct node *n, uint32_t ticket);

/* Whether this transaction is committed and durable here. */
bool node_committed(struct node *n, const struct hash *id);
/* Canonical BlockProofs by ascending height, of those of these transactions that are committed.
 * `proof` has room for `count`. *later: of some the block, or a certificate that covers it, is
 * still to come. *rest: there was more than an answer may hold, or than one turn of the loop may
 * read: ask again for those. */
struct node_proofs {
    uint32_t count;
    bool later, rest;
    struct bytes *proof;
};
MUST_USE enum err node_batch_proofs(struct node *n, const struct hash *id, uint32_t count,
                                    struct arena *a, struct node_proofs *out);

#endif
