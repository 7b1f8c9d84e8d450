#include "fuzz/scene.h"

#include <stdlib.h>

enum { TOP = 3, WITH_TX = 2 };

static void must(enum err e)
{
    ASSERT(e == ERR_NONE);
}

static struct bytes kept(struct fixture *f, struct bytes x)
{
    struct bytes copy;
    must(arena_copy(&f->arena, x, &copy));
    return copy;
}

static void remember(struct scene *s, struct bytes wire)
{
    struct hash tip = ledger_newest(s->f->ledger).hash;
    const struct receipt *r;
    uint32_t count;
    struct block b;
    s->block = kept(s->f, wire);
    must(block_decode(s->f->suite, s->block, &s->f->arena, &b));
    s->header = b.header_bytes;
    must(ledger_receipts(s->f->ledger, &tip, &r, &count));
    ASSERT(count == 1);
    s->receipt = kept(s->f, r[0].wire);
}

static void prove(struct scene *s, const struct hash *leaf, struct bytes last)
{
    struct fixture *f = s->f;
    struct tx tx;
    struct hash leaf_of_tx, receipt_leaf;
    must(tx_decode(f->suite, s->tx, &f->arena, &tx));
    s->tx_id = tx.id;
    tx_leaf(f->suite, &tx, &leaf_of_tx);
    proof_receipt_leaf(f->suite, s->receipt, &receipt_leaf);
    struct proof_parts p = { .tx = s->tx, .receipt = s->receipt, .index = 0, .count = 1 };
    merkle_prove(f->suite, &leaf_of_tx, 1, 0, &p.tx_path);
    merkle_prove(f->suite, &receipt_leaf, 1, 0, &p.receipt_path);
    p.certified_header = s->certified;
    must(proof_encode_tx(&p, &f->arena, &s->tx_proof));
    struct proof_entry entry = { 0, s->tx, s->receipt };
    must(proof_encode_block(f->suite, &p, &entry, 1, &leaf_of_tx, &receipt_leaf, &f->arena,
                            &s->block_proof));
    p.certified_header = fixture_certified(f, last, 0x7);
    p.header = s->header;
    p.header_index = WITH_TX;
    p.header_count = TOP;
    merkle_prove(f->suite, leaf, TOP, WITH_TX, &p.header_path);
    must(proof_encode_tx(&p, &f->arena, &s->tx_proof_old));
    must(proof_encode_state(f->ledger, 1, bytes_of_str("a"), &f->arena, &s->state_present));
    must(proof_encode_state(f->ledger, 1, bytes_of_str("b"), &f->arena, &s->state_absent));
    s->state_root = ledger_committed(f->ledger).state_root;
}

static void build(struct scene *s)
{
    struct ledger_limits limits = ledger_limits_small();
    struct fixture *f = s->f = fixture_open(NULL);
    struct hash leaf[TOP + 1], id;
    struct bytes last = { NULL, 0 };
    ASSERT(f != NULL);
    must(fixture_ledger(f, &limits));
    id = ledger_committed(f->ledger).hash;
    proof_header_leaf(f->suite, &id, &leaf[0]);
    for (uint64_t h = 1; h <= TOP; h++) {
        uint64_t now = FIXTURE_START_MS + h * 1000;
        struct bytes wire;
        struct block b;
        if (h == WITH_TX) {
            s->tx = fixture_put(f, 0, FIXTURE_PUT, "a", "value", now);
            must(ledger_submit(f->ledger, s->tx, now - 1, &id));
        }
        must(fixture_build(f, now, &wire));
        if (h == WITH_TX) {
            remember(s, wire);
        }
        must(block_decode(f->suite, kept(f, wire), &f->arena, &b));
        last = b.header_bytes;
        proof_header_leaf(f->suite, &b.hash, &leaf[h]);
        id = ledger_newest(f->ledger).hash;
        must(fixture_commit(f, &id));
        if (h == WITH_TX) {
            s->certificate = fixture_last_certificate(f);
            s->certified = fixture_certified(f, s->header, 0x7);
            s->header_hash = id;
        }
    }
    prove(s, leaf, last);
    struct epoch_key_proof k = { .seat = 1, .epoch = 0 };
    k.public_key = bytes_of(f->public_key[1][0], f->suite->public_size);
    merkle_prove(f->suite, f->epoch_leaf[1], FIXTURE_EPOCHS, 0, &k.path);
    must(epoch_key_encode(&k, &f->arena, &s->epoch_key));
}

const struct scene *scene(void)
{
    static struct scene *made;
    if (made == NULL) {
        made = calloc(1, sizeof *made);
        ASSERT(made != NULL);
        build(made);
    }
    return made;
}
