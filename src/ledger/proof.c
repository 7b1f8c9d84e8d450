/* The light client: from the genesis file to a header, a transaction, a value. */
#include "ledger/proof_internal.h"
#include "ledger/state_internal.h"

const char *proof_step_name(enum proof_step s)
{
    static const char *const NAMES[] = {
        [PROOF_OK] = "ok",
        [PROOF_ENCODING] = "encoding",
        [PROOF_EPOCH_KEY] = "epoch key",
        [PROOF_CERTIFICATE] = "certificate",
        [PROOF_COMMITTEE] = "committee",
        [PROOF_HISTORY] = "history",
        [PROOF_TX] = "transaction",
        [PROOF_RECEIPT] = "receipt",
        [PROOF_SIGNATURE] = "signature",
        [PROOF_STATE] = "state",
        [PROOF_HAND_OVER] = "hand-over",
        [PROOF_ANCHOR] = "anchor",
        [PROOF_TRUST] = "trust period",
    };
    return (size_t)s < COUNT(NAMES) ? NAMES[s] : "unknown";
}

/* The header that holds the transaction: the certified one, or one below it by the history root,
 * whose leaf number is its height. */
static enum err holder_check(const struct suite *s, const struct tx_proof *p,
                             const struct hash *certified, struct arena *a, struct header *header,
                             struct hash *hash)
{
    const struct header *top = &p->certified.header;
    if (p->header.len == 0) {
        *header = *top;
        *hash = *certified;
        return ERR_NONE;
    }
    struct hash leaf;
    TRY(header_decode(p->header, a, header));
    header_hash(s, p->header, hash);
    if (p->header_path.index != header->height || p->header_path.count != top->height ||
        p->header_path.index >= p->header_path.count) {
        return ERR_PROOF;
    }
    proof_header_leaf(s, hash, &leaf);
    return merkle_verify(s, &leaf, p->header_path.index, p->header_path.count, &p->header_path.path,
                         &top->history_root);
}

static enum err in_tree(const struct suite *s, const struct hash *leaf,
                        const struct indexed_path *path, uint64_t index, uint64_t count,
                        const struct hash *root)
{
    if (path->index != index || path->count != count || index >= count) {
        return ERR_PROOF;
    }
    return merkle_verify(s, leaf, index, count, &path->path, root);
}

static enum err tx_check(const struct suite *s, const struct genesis *g, const struct tx_proof *p,
                         struct arena *a, struct proved_tx *out, enum proof_step *step)
{
    struct hash leaf;
    const struct header *h = &out->header;
    *step = PROOF_TX;
    TRY(tx_decode(s, p->tx, a, &out->tx));
    if (!hash_equal(&out->tx.body.space, &g->space)) {
        return ERR_PROOF;
    }
    tx_leaf(s, &out->tx, &leaf);
    TRY(in_tree(s, &leaf, &p->tx_path, p->tx_path.index, h->tx_count, &h->tx_root));
    *step = PROOF_RECEIPT;
    TRY(receipt_decode(p->receipt, a, &out->receipt));
    if (out->receipt.index != p->tx_path.index ||
        !hash_equal(&out->receipt.transaction, &out->tx.id)) {
        return ERR_PROOF;
    }
    proof_receipt_leaf(s, p->receipt, &leaf);
    return in_tree(s, &leaf, &p->receipt_path, out->receipt.index, h->tx_count, &h->receipt_root);
}

enum err proof_header_epoch(struct bytes certified_header, struct arena *a, uint64_t *epoch)
{
    struct certified_header c;
    TRY(certified_header_decode(certified_header, a, &c));
    *epoch = c.certificate.epoch;
    return ERR_NONE;
}

enum err proof_header_seats(struct bytes certified_header, struct arena *a, uint32_t *seats)
{
    struct certified_header c;
    TRY(certified_header_decode(certified_header, a, &c));
    *seats = c.certificate.seats;
    return ERR_NONE;
}

enum err proof_verify_tx(const struct suite *s, const struct genesis *g, struct bytes proof,
                         struct arena *a, struct proved_tx *out, enum proof_step *step)
{
    return proof_verify_tx_by(s, g, NULL, proof, a, out, step);
}

static enum err verify_tx(const struct suite *s, const struct genesis *g,
                          const struct proof_caller *caller, struct bytes proof, struct arena *a,
                          struct proved_tx *out, struct trust *followed, enum proof_step *step)
{
    struct tx_proof p = { 0 };
    struct proved_tx own = { 0 };
    struct trust trust;
    struct hash certified;
    *step = PROOF_ENCODING;
    TRY(tx_proof_decode(proof, a, &p));
    TRY(proof_follow(s, g, p.hand_over, p.hand_over_count, a, &trust, step));
    TRY(trust_certified(s, g, &trust, &p.certified, a, &certified, step));
    TRY(trust_allows(s, g, &trust, caller, &p.certified.header, &certified, a, step));
    *step = PROOF_HISTORY;
    TRY(holder_check(s, &p, &certified, a, &own.header, &own.header_hash));
    TRY(tx_check(s, g, &p, a, &own, step));
    *step = PROOF_OK;
    *out = own;
    *followed = trust;
    return ERR_NONE;
}

enum err proof_verify_tx_by(const struct suite *s, const struct genesis *g,
                            const struct proof_caller *caller, struct bytes proof, struct arena *a,
                            struct proved_tx *out, enum proof_step *step)
{
    struct trust trust;
    return verify_tx(s, g, caller, proof, a, out, &trust, step);
}

enum err proof_tx_trust(const struct suite *s, const struct genesis *g,
                        const struct proof_caller *caller, struct bytes proof, struct arena *a,
                        struct trust *out, enum proof_step *step)
{
    struct proved_tx tx;
    return verify_tx(s, g, caller, proof, a, &tx, out, step);
}

static enum err entry_check(const struct suite *s, const struct genesis *g,
                            const struct proof_entry *e, struct arena *a, struct tx *tx,
                            struct receipt *receipt, enum proof_step *step)
{
    *step = PROOF_TX;
    TRY(tx_decode(s, e->tx, a, tx));
    if (!hash_equal(&tx->body.space, &g->space)) {
        return ERR_PROOF;
    }
    *step = PROOF_RECEIPT;
    TRY(receipt_decode(e->receipt, a, receipt));
    bool own = receipt->index == e->index && hash_equal(&receipt->transaction, &tx->id);
    return own ? ERR_NONE : ERR_PROOF;
}

static enum err entries_check(const struct suite *s, const struct genesis *g,
                              const struct block_proof *p, struct arena *a,
                              struct proved_block *out, enum proof_step *step)
{
    const struct header *h = &out->header;
    struct hash *leaf = ARENA_ARRAY(a, struct hash, p->count);
    struct hash *receipt_leaf = ARENA_ARRAY(a, struct hash, p->count);
    uint64_t *index = ARENA_ARRAY(a, uint64_t, p->count);
    out->count = p->count;
    out->tx = ARENA_ARRAY(a, struct tx, p->count);
    out->receipt = ARENA_ARRAY(a, struct receipt, p->count);
    if (leaf == NULL || receipt_leaf == NULL || index == NULL || out->tx == NULL ||
        out->receipt == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < p->count; i++) {
        TRY(entry_check(s, g, &p->entry[i], a, &out->tx[i], &out->receipt[i], step));
        index[i] = p->entry[i].index;
        tx_leaf(s, &out->tx[i], &leaf[i]);
        proof_receipt_leaf(s, p->entry[i].receipt, &receipt_leaf[i]);
    }
    *step = PROOF_TX;
    TRY(merkle_verify_many(s, leaf, index, p->count, h->tx_count, p->tx_sibling, p->tx_siblings,
                           &h->tx_root));
    *step = PROOF_RECEIPT;
    return merkle_verify_many(s, receipt_leaf, index, p->count, h->tx_count, p->receipt_sibling,
                              p->receipt_siblings, &h->receipt_root);
}

enum err proof_verify_block(const struct suite *s, const struct genesis *g, struct bytes proof,
                            struct arena *a, struct proved_block *out, enum proof_step *step)
{
    struct trust genesis_only;
    TRY(proof_follow(s, g, NULL, 0, a, &genesis_only, step));
    return proof_verify_block_by(s, g, &genesis_only, NULL, proof, a, out, step);
}

enum err proof_verify_block_by(const struct suite *s, const struct genesis *g,
                               const struct trust *t, const struct proof_caller *caller,
                               struct bytes proof, struct arena *a, struct proved_block *out,
                               enum proof_step *step)
{
    struct block_proof p = { 0 };
    struct proved_block own = { 0 };
    struct hash certified;
    *step = PROOF_ENCODING;
    TRY(block_proof_decode(proof, a, &p));
    TRY(trust_certified(s, g, t, &p.head.certified, a, &certified, step));
    TRY(trust_allows(s, g, t, caller, &p.head.certified.header, &certified, a, step));
    *step = PROOF_HISTORY;
    TRY(holder_check(s, &p.head, &certified, a, &own.header, &own.header_hash));
    TRY(entries_check(s, g, &p, a, &own, step));
    *step = PROOF_OK;
    *out = own;
    return ERR_NONE;
}

enum err proof_verify_state(const struct suite *s, const struct hash *root, struct bytes proof,
                            struct arena *a, uint16_t *contract, struct bytes *key,
                            struct bytes *value)
{
    struct value_proof p = { 0 };
    struct hash tree_key, value_hash;
    struct bytes own = { NULL, 0 }, content = { NULL, 0 };
    TRY(value_proof_decode(proof, a, &p));
    state_tree_key(s, p.contract, p.key, &tree_key);
    if (p.proof.present) {
        TRY(state_stored_split(p.stored, &own, &content));
        if (!bytes_equal(own, p.key)) {
            return ERR_PROOF;
        }
        state_tree_value(s, p.stored, &value_hash);
    }
    TRY(state_proof_verify(s, root, &tree_key, p.proof.present ? &value_hash : NULL, &p.proof));
    *contract = p.contract;
    *key = p.key;
    *value = p.proof.present ? content : bytes_of(NULL, 0);
    return ERR_NONE;
}

enum err proof_encode_state(struct ledger *l, uint16_t contract, struct bytes key, struct arena *a,
                            struct bytes *out)
{
    if (key.len == 0 || key.len > STATE_KEY_SIZE_MAX) {
        return ERR_SIZE;
    }
    struct value_proof p = { .contract = contract, .key = key };
    struct state *st = ledger_state(l);
    struct hash tree_key;
    state_tree_key(ledger_suite(l), contract, key, &tree_key);
    state_prove_committed(st, &tree_key, &p.proof);
    if (p.proof.present) {
        TRY(state_stored_committed(st, contract, &tree_key, &p.stored));
    }
    return value_proof_encode(&p, a, out);
}

static bool same_certificate(const struct suite *s, const struct block *b)
{
    const struct last_commit *named = &b->header.last_commit;
    struct hash hash;
    if (b->certificate_bytes.len == 0) {
        return named->height == 0 && named->seats == 0 && hash_is_zero(&named->certificate_hash);
    }
    certificate_hash(s, b->certificate_bytes, &hash);
    return hash_equal(&hash, &named->certificate_hash);
}

enum err proof_verify_body(const struct suite *s, const struct block *b, struct arena *a)
{
    struct hash root;
    size_t mark = arena_mark(a);
    struct hash *leaf = ARENA_ARRAY(a, struct hash, b->tx_count);
    enum err e = leaf == NULL ? ERR_NO_SPACE : ERR_NONE;
    for (uint32_t i = 0; i < b->tx_count && e == ERR_NONE; i++) {
        struct tx tx;
        size_t one = arena_mark(a);
        e = tx_decode(s, b->tx[i], a, &tx);
        if (e == ERR_NONE) {
            tx_leaf(s, &tx, &leaf[i]);
        }
        arena_release(a, one);
    }
    if (e == ERR_NONE) {
        merkle_root(s, leaf, b->tx_count, &root);
        bool same = hash_equal(&root, &b->header.tx_root) && same_certificate(s, b);
        e = same ? ERR_NONE : ERR_PROOF;
    }
    arena_release(a, mark);
    return e;
}
