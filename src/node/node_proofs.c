#include <stdlib.h>

#include "node/node_internal.h"

/* Proofs of transactions: of one, and of several of a block. */

/* What is proved of a block is looked at before each transaction, what an answer holds before each
 * block: the last of them comes on top, and so does what proves. */
enum {
    RECEIPT_LARGEST = 16 * 1024, /* as large as the parameter may be */
    BLOCK_TREE_DEPTH = 13,
    PROVED_BESIDE = 2 * BLOCK_TREE_DEPTH * (HASH_SIZE + 2) + 16
};
_Static_assert(BLOCK_TXS_MAX <= 1 << BLOCK_TREE_DEPTH, "so many siblings at most in a path");
_Static_assert(PROOF_BLOCK_SIZE_MAX / 2 + TX_SIZE_MAX + RECEIPT_LARGEST + PROOF_SIZE_MAX +
                       PROOF_BLOCK_TXS_MAX * PROVED_BESIDE <=
                   PROOF_BLOCK_SIZE_MAX,
               "what is proved of one block always fits its proof");
_Static_assert((int)PROOF_BLOCK_SIZE_MAX <= NODE_BATCH_PROOFS_SIZE_MAX / 2,
               "the proofs of an answer are never larger than an answer may be");

static enum err decoded_block(struct node *n, uint64_t height, struct arena *a, struct block *out)
{
    struct bytes wire, certificate;
    TRY(replica_block(n->replica, height, a, &wire, &certificate));
    return block_decode(n->suite, wire, a, out);
}

static enum err receipt_leaf(struct node *n, const struct block *b, uint32_t index,
                             const struct hash *id, struct hash *out)
{
    struct index_tx tx;
    TRY(index_find_tx(&n->book, id, &tx));
    if (tx.height != b->header.height || tx.index != index) {
        return ERR_CORRUPT;
    }
    proof_receipt_leaf(n->suite, tx.receipt, out);
    return ERR_NONE;
}

static enum err make_leaves(struct node *n, const struct block *b, struct batch_leaves *out)
{
    for (uint32_t i = 0; i < b->tx_count; i++) {
        struct tx tx;
        size_t mark = arena_mark(&n->work);
        enum err e = tx_decode(n->suite, b->tx[i], &n->work, &tx);
        if (e == ERR_NONE) {
            tx_leaf(n->suite, &tx, &out->tx[i]);
            e = receipt_leaf(n, b, i, &tx.id, &out->receipt[i]);
        }
        arena_release(&n->work, mark);
        TRY(e);
    }
    return ERR_NONE;
}

/* Leaf hashes of one block, transactions and receipts: every transaction of it is read for them, so
 * those of the newest few are kept. They live until the next call. */
static enum err block_leaves(struct node *n, const struct block *b, const struct batch_leaves **out)
{
    struct batches *k = &n->batches;
    for (uint32_t i = 0; i < BATCH_LEAVES_KEPT; i++) {
        if (k->leaves[i].height == b->header.height) {
            *out = &k->leaves[i];
            return ERR_NONE;
        }
    }
    struct batch_leaves *l = &k->leaves[k->next_leaves++ % BATCH_LEAVES_KEPT];
    free(l->tx);
    *l = (struct batch_leaves){ .count = b->tx_count };
    l->tx = calloc(2 * (size_t)b->tx_count, sizeof *l->tx);
    if (l->tx == NULL) {
        return ERR_NO_SPACE;
    }
    l->receipt = l->tx + b->tx_count;
    TRY(make_leaves(n, b, l));
    l->height = b->header.height;
    *out = l;
    return ERR_NONE;
}

/* From genesis to the committee that certified this header. */
enum err node_hand_overs(struct node *n, struct bytes certified, struct arena *a,
                         const struct bytes **out, uint32_t *count)
{
    uint64_t epoch = 0;
    TRY(proof_header_epoch(certified, a, &epoch));
    enum err e = replica_hand_overs(n->replica, epoch, a, out, count);
    return e == ERR_NOT_FOUND ? ERR_UNAVAILABLE : e;
}

/* The certified header that vouches: the block's own, or a later one through its history root. */
static enum err prove_header(struct node *n, const struct block *b, struct arena *a,
                             struct proof_parts *p)
{
    uint64_t certified = 0;
    enum err e =
        replica_certified(n->replica, b->header.height, a, &p->certified_header, &certified);
    TRY(e == ERR_NOT_FOUND ? ERR_UNAVAILABLE : e);
    TRY(node_hand_overs(n, p->certified_header, a, &p->hand_over, &p->hand_over_count));
    p->count = b->tx_count;
    if (certified == b->header.height) {
        return ERR_NONE;
    }
    p->header = b->header_bytes;
    p->header_index = b->header.height;
    p->header_count = certified; /* the root in header h is over headers 0..h-1 */
    e = replica_history_path(n->replica, b->header.height, certified, &p->header_path);
    return e == ERR_NOT_FOUND ? ERR_UNAVAILABLE : e;
}

static enum err prove_one(struct node *n, const struct index_tx *at, struct bytes *out)
{
    struct block b;
    const struct batch_leaves *leaves;
    struct bytes receipt;
    struct proof_parts *p = ARENA_NEW(&n->work, struct proof_parts);
    if (p == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(arena_copy(&n->work, at->receipt, &receipt));
    TRY(decoded_block(n, at->height, &n->work, &b));
    if (at->index >= b.tx_count) {
        return ERR_CORRUPT;
    }
    TRY(prove_header(n, &b, &n->work, p));
    TRY(block_leaves(n, &b, &leaves));
    p->tx = b.tx[at->index];
    p->receipt = receipt;
    p->index = at->index;
    merkle_prove(n->suite, leaves->tx, p->count, p->index, &p->tx_path);
    merkle_prove(n->suite, leaves->receipt, p->count, p->index, &p->receipt_path);
    return proof_encode_tx(p, &n->work, out);
}

/* The caller's arena holds the proof alone: a block is some megabytes, and decoded it is more. */
enum err node_tx_proof(struct node *n, const struct hash *id, struct arena *a, struct bytes *out)
{
    struct index_tx at;
    struct bytes proof;
    TRY(index_find_tx(&n->book, id, &at));
    size_t mark = arena_mark(&n->work);
    enum err e = prove_one(n, &at, &proof);
    if (e == ERR_NONE) {
        e = arena_copy(a, proof, out);
    }
    arena_release(&n->work, mark);
    return e;
}

bool node_committed(struct node *n, const struct hash *id)
{
    struct index_tx tx;
    return index_find_tx(&n->book, id, &tx) == ERR_NONE;
}

struct wanted {
    uint64_t height;
    uint32_t index;
    struct bytes receipt; /* in the index, which does not change meanwhile */
};

static int by_place(const void *a, const void *b)
{
    const struct wanted *x = a, *y = b;
    if (x->height != y->height) {
        return x->height < y->height ? -1 : 1;
    }
    return x->index < y->index ? -1 : x->index > y->index;
}

/* What one answer may cost: the work memory of one block at a time, and so many bytes read. */
struct proving {
    struct node *node;
    struct arena *keep; /* the proofs */
    uint32_t blocks;
    size_t read, kept; /* bytes */
    struct node_proofs *out;
};

/* As many of one block's as fit one proof; `used` tells how many. */
static enum err prove_entries(struct node *n, const struct wanted *w, uint32_t count,
                              const struct block *b, const struct proof_parts *p,
                              struct bytes *proof, uint32_t *used)
{
    const struct batch_leaves *leaves;
    struct proof_entry *entry = ARENA_ARRAY(&n->work, struct proof_entry, count);
    size_t bytes = 0;
    uint32_t some = 0;
    if (entry == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(block_leaves(n, b, &leaves));
    for (; some < count && bytes < PROOF_BLOCK_SIZE_MAX / 2; some++) {
        if (w[some].index >= b->tx_count) {
            return ERR_CORRUPT;
        }
        entry[some] = (struct proof_entry){ w[some].index, b->tx[w[some].index], w[some].receipt };
        bytes += entry[some].tx.len + entry[some].receipt.len;
    }
    TRY(proof_encode_block(n->suite, p, entry, some, leaves->tx, leaves->receipt, &n->work, proof));
    *used = some;
    return ERR_NONE;
}

/* One block's, in the node's work memory: no more than one block is ever there. */
static enum err prove_block(struct proving *g, const struct wanted *w, uint32_t count)
{
    struct node *n = g->node;
    struct block b;
    struct bytes proof, wire, certificate;
    uint32_t used = 0;
    struct proof_parts *p = ARENA_NEW(&n->work, struct proof_parts);
    if (p == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(replica_block(n->replica, w->height, &n->work, &wire, &certificate));
    TRY(block_decode(n->suite, wire, &n->work, &b));
    g->read += wire.len;
    g->blocks++;
    enum err e = prove_header(n, &b, &n->work, p);
    if (e == ERR_UNAVAILABLE) {
        g->out->later = true;
        return ERR_NONE;
    }
    TRY(e);
    TRY(prove_entries(n, w, count, &b, p, &proof, &used));
    TRY(arena_copy(g->keep, proof, &g->out->proof[g->out->count]));
    g->out->count++;
    g->kept += proof.len;
    g->out->rest = g->out->rest || used < count;
    return ERR_NONE;
}

static bool proved_enough(const struct proving *g)
{
    return g->kept > NODE_BATCH_PROOFS_SIZE_MAX / 2 || g->blocks == NODE_BATCH_PROOFS_BLOCKS_MAX ||
           g->read >= NODE_BATCH_PROOFS_READ_MAX;
}

/* What does not fit beside what is there is for the next answer, like what would take too long. */
static enum err prove_all(struct proving *g, const struct wanted *w, uint32_t count)
{
    for (uint32_t from = 0, until = 0; from < count; from = until) {
        while (until < count && w[until].height == w[from].height) {
            until++;
        }
        if (proved_enough(g)) {
            g->out->rest = true;
            break;
        }
        size_t mark = arena_mark(&g->node->work);
        enum err e = prove_block(g, w + from, until - from);
        arena_release(&g->node->work, mark);
        if (e == ERR_NO_SPACE && g->out->count > 0) {
            g->out->rest = true;
            break;
        }
        TRY(e);
    }
    return ERR_NONE;
}

enum err node_batch_proofs(struct node *n, const struct hash *id, uint32_t count, struct arena *a,
                           struct node_proofs *out)
{
    struct node_proofs got = { .proof = ARENA_ARRAY(a, struct bytes, count) };
    struct wanted *w = ARENA_ARRAY(a, struct wanted, count);
    uint32_t found = 0, kept = 0;
    if (got.proof == NULL || w == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct index_tx tx;
        enum err e = index_find_tx(&n->book, &id[i], &tx);
        got.later = got.later || e == ERR_NOT_FOUND;
        if (e == ERR_NONE) {
            w[found++] = (struct wanted){ tx.height, tx.index, tx.receipt };
        } else if (e != ERR_NOT_FOUND) {
            return e;
        }
    }
    qsort(w, found, sizeof *w, by_place);
    for (uint32_t i = 0; i < found; i++) {
        if (kept == 0 || by_place(&w[kept - 1], &w[i]) != 0) {
            w[kept++] = w[i];
        }
    }
    struct proving g = { .node = n, .keep = a, .out = &got };
    TRY(prove_all(&g, w, kept));
    *out = got;
    return ERR_NONE;
}
