/* The light client: every proof a node gives, and every way of bending one. */
#include "ledger/proof_internal.h"
#include "tests/fixtures/ledger_fixture.h"
#include "tests/test.h"

#include <stdlib.h>

enum { BLOCKS = 5, TXS = 5 };

static struct fixture *f;
static struct bytes header[BLOCKS + 1], tx[TXS], receipt[TXS];
static struct hash leaf[BLOCKS + 1], of_tx[TXS], receipt_leaf[TXS];

static void remember_block(uint64_t height)
{
    struct hash tip = ledger_newest(f->ledger).hash;
    struct bytes wire, copy;
    struct block b;
    CHECK_OK(ledger_block_bytes(f->ledger, &tip, &wire));
    CHECK_OK(arena_copy(&f->arena, wire, &copy));
    CHECK_OK(block_decode(f->suite, copy, &f->arena, &b));
    header[height] = b.header_bytes;
    proof_header_leaf(f->suite, &b.hash, &leaf[height]);
}

static void remember_txs(void)
{
    struct hash tip = ledger_newest(f->ledger).hash;
    const struct receipt *r;
    uint32_t count;
    CHECK_OK(ledger_receipts(f->ledger, &tip, &r, &count));
    CHECK_EQ(count, TXS);
    for (uint32_t i = 0; i < count; i++) {
        struct tx own;
        CHECK_OK(arena_copy(&f->arena, r[i].wire, &receipt[i]));
        proof_receipt_leaf(f->suite, receipt[i], &receipt_leaf[i]);
        for (uint32_t j = 0; j < TXS; j++) {
            CHECK_OK(tx_decode(f->suite, tx[j], &f->arena, &own));
            if (hash_equal(&own.id, &r[i].transaction)) {
                tx_leaf(f->suite, &own, &of_tx[i]);
                struct bytes swap = tx[i];
                tx[i] = tx[j];
                tx[j] = swap;
            }
        }
    }
}

/* Five blocks, all committed; the transactions are in block 2. */
static void given_a_chain(void)
{
    struct ledger_limits limits = ledger_limits_small();
    f = fixture_open(NULL);
    CHECK_OK(fixture_ledger(f, &limits));
    struct hash genesis = ledger_committed(f->ledger).hash;
    proof_header_leaf(f->suite, &genesis, &leaf[0]);
    for (uint64_t h = 1; h <= BLOCKS; h++) {
        uint64_t now = FIXTURE_START_MS + h * 1000;
        struct bytes block;
        struct hash id;
        for (uint32_t i = 0; h == 2 && i < TXS; i++) {
            char key[2] = { (char)('a' + i), 0 };
            tx[i] = fixture_put(f, i % 4, FIXTURE_PUT, key, "value", now);
            CHECK_OK(ledger_submit(f->ledger, tx[i], now - 1, &id));
        }
        CHECK_OK(fixture_build(f, now, &block));
        remember_block(h);
        if (h == 2) {
            remember_txs();
        }
        id = ledger_newest(f->ledger).hash;
        CHECK_OK(fixture_commit(f, &id));
    }
}

/* The proof of transaction i of block 2 under the certified header of `top`. */
static struct proof_parts parts_of(uint32_t i, uint64_t top)
{
    struct proof_parts p = { .certified_header = fixture_certified(f, header[top], 0x7),
                             .tx = tx[i],
                             .receipt = receipt[i],
                             .index = i,
                             .count = TXS };
    merkle_prove(f->suite, of_tx, TXS, i, &p.tx_path);
    merkle_prove(f->suite, receipt_leaf, TXS, i, &p.receipt_path);
    if (top != 2) {
        p.header = header[2];
        p.header_index = 2;
        p.header_count = top;
        merkle_prove(f->suite, leaf, top, 2, &p.header_path);
    }
    return p;
}

static enum err verify(struct bytes proof, struct proved_tx *out, enum proof_step *step)
{
    return proof_verify_tx(f->suite, &f->genesis, proof, &f->arena, out, step);
}

static enum err verify_parts(const struct proof_parts *p, enum proof_step *step)
{
    struct bytes proof;
    struct proved_tx out;
    TRY(proof_encode_tx(p, &f->arena, &proof));
    return verify(proof, &out, step);
}

TEST(formats_11_a_certified_header_needs_the_genesis_file_alone)
{
    struct header h;
    struct hash hash;
    enum proof_step step;
    given_a_chain();
    struct bytes wire = fixture_certified(f, header[3], 0xB);
    CHECK_OK(proof_verify_header(f->suite, &f->genesis, wire, &f->arena, &h, &hash, &step));
    CHECK_EQ(h.height, 3);
    CHECK_EQ(step, PROOF_OK);
    wire = fixture_certified(f, header[3], 0x3);
    CHECK_ERR(proof_verify_header(f->suite, &f->genesis, wire, &f->arena, &h, &hash, &step),
              ERR_PROOF);
    CHECK_EQ(step, PROOF_CERTIFICATE);
    fixture_close(f);
}

static void another_salt(struct genesis *g)
{
    g->salt[0] ^= 1;
}

TEST(formats_10_a_body_is_the_one_that_its_header_names_or_it_is_refused)
{
    given_a_chain();
    struct bytes wire, bent[2], flip;
    struct block b;
    struct hash tip = ledger_committed(f->ledger).hash;
    CHECK_OK(ledger_block_bytes(f->ledger, &tip, &wire));
    CHECK_OK(block_decode(f->suite, wire, &f->arena, &b));
    CHECK(b.certificate_bytes.len > 0);
    CHECK_OK(proof_verify_body(f->suite, &b, &f->arena));
    struct block other = b;
    other.certificate_bytes = bytes_of(NULL, 0);
    CHECK_ERR(proof_verify_body(f->suite, &other, &f->arena), ERR_PROOF);
    CHECK_OK(arena_copy(&f->arena, b.certificate_bytes, &flip));
    ((uint8_t *)(uintptr_t)flip.ptr)[flip.len - 1] ^= 1;
    other.certificate_bytes = flip;
    CHECK_ERR(proof_verify_body(f->suite, &other, &f->arena), ERR_PROOF);
    bent[0] = tx[1];
    bent[1] = tx[0];
    other = b;
    other.tx = bent;
    for (uint32_t count = 1; count <= 2; count++) {
        other.tx_count = count;
        CHECK_ERR(proof_verify_body(f->suite, &other, &f->arena), ERR_PROOF);
    }
    bent[0] = bytes_of("?", 1);
    CHECK_ERR(proof_verify_body(f->suite, &other, &f->arena), ERR_ENCODING);
    fixture_close(f);
}

TEST(a_proof_of_another_space_is_refused)
{
    struct proved_tx out;
    enum proof_step step;
    struct bytes proof;
    given_a_chain();
    struct fixture *here = f;
    struct proof_parts p = parts_of(0, 5);
    CHECK_OK(proof_encode_tx(&p, &f->arena, &proof));
    struct fixture *other = fixture_open(another_salt);
    CHECK_ERR(proof_verify_tx(other->suite, &other->genesis, proof, &other->arena, &out, &step),
              ERR_PROOF);
    CHECK_EQ(step, PROOF_CERTIFICATE);
    fixture_close(here);
    fixture_close(other);
}

TEST(formats_16_a_transaction_and_its_receipt_are_proved_under_any_later_header)
{
    given_a_chain();
    for (uint64_t top = 2; top <= BLOCKS; top++) {
        for (uint32_t i = 0; i < TXS; i++) {
            struct proof_parts p = parts_of(i, top);
            struct proved_tx out;
            struct bytes proof;
            enum proof_step step;
            CHECK_OK(proof_encode_tx(&p, &f->arena, &proof));
            CHECK_OK(verify(proof, &out, &step));
            CHECK_EQ(out.header.height, 2);
            CHECK_EQ(out.receipt.index, i);
            CHECK_EQ(out.receipt.status, RECEIPT_OK);
            CHECK_BYTES(out.tx.wire, tx[i]);
        }
    }
    fixture_close(f);
}

/* Nothing in a proof is free: a change of any byte is refused at some step. */
TEST(every_single_byte_change_of_a_transaction_proof_is_refused)
{
    given_a_chain();
    for (uint64_t top = 2; top <= 5; top += 3) {
        struct proof_parts p = parts_of(1, top);
        struct bytes proof;
        CHECK_OK(proof_encode_tx(&p, &f->arena, &proof));
        uint8_t *copy = malloc(proof.len);
        memcpy(copy, proof.ptr, proof.len);
        for (size_t i = 0; i < 3 * proof.len; i++) {
            const uint8_t change[] = { (uint8_t)(1U << (i % 8)), 0x80, 0xff };
            size_t mark = arena_mark(&f->arena);
            struct proved_tx out;
            enum proof_step step;
            copy[i / 3] ^= change[i % 3];
            enum err e = verify(bytes_of(copy, proof.len), &out, &step);
            CHECK(e != ERR_NONE && step != PROOF_OK);
            copy[i / 3] ^= change[i % 3];
            arena_release(&f->arena, mark);
        }
        free(copy);
    }
    fixture_close(f);
}

/* An unknown field, a field said twice, one cut short: the proof has one form only. */
TEST(formats_22_a_transaction_proof_is_canonical_protobuf)
{
    static const uint8_t TAIL[][2] = { { 0x7a, 0 }, { 0x2a, 0 }, { 0x08, 0 } };
    struct bytes proof;
    struct proved_tx out;
    enum proof_step step;
    given_a_chain();
    struct proof_parts p = parts_of(1, 4);
    CHECK_OK(proof_encode_tx(&p, &f->arena, &proof));
    CHECK_OK(verify(proof, &out, &step));
    uint8_t *bent = malloc(proof.len + 2);
    memcpy(bent, proof.ptr, proof.len);
    for (size_t i = 0; i < COUNT(TAIL); i++) {
        memcpy(bent + proof.len, TAIL[i], 2);
        CHECK_ERR(verify(bytes_of(bent, proof.len + 2), &out, &step), ERR_ENCODING);
    }
    CHECK_ERR(verify(bytes_of(bent, proof.len - 1), &out, &step), ERR_ENCODING);
    free(bent);
    fixture_close(f);
}

TEST(each_step_of_a_transaction_proof_fails_by_its_name)
{
    enum proof_step step;
    given_a_chain();
    struct proof_parts p = parts_of(1, 5);
    CHECK_OK(verify_parts(&p, &step));
    p.header_index = 3;
    CHECK_ERR(verify_parts(&p, &step), ERR_PROOF);
    CHECK_EQ(step, PROOF_HISTORY);
    p = parts_of(1, 5);
    p.header = header[3];
    CHECK_ERR(verify_parts(&p, &step), ERR_PROOF);
    CHECK_EQ(step, PROOF_HISTORY);
    p = parts_of(1, 5);
    p.tx = tx[2];
    CHECK_ERR(verify_parts(&p, &step), ERR_PROOF);
    CHECK_EQ(step, PROOF_TX);
    p = parts_of(1, 5);
    p.receipt = receipt[2];
    CHECK_ERR(verify_parts(&p, &step), ERR_PROOF);
    CHECK_EQ(step, PROOF_RECEIPT);
    p = parts_of(1, 5);
    p.count = TXS + 1;
    CHECK_ERR(verify_parts(&p, &step), ERR_PROOF);
    CHECK_EQ(step, PROOF_TX);
    struct proved_tx out;
    CHECK_ERR(verify(bytes_of("x", 1), &out, &step), ERR_ENCODING);
    CHECK_EQ(step, PROOF_ENCODING);
    fixture_close(f);
}

/* A CertifiedHeader whose parts are chosen one by one. */
static enum err certified_with(struct bytes certificate, const uint32_t *seat, uint32_t count,
                               uint64_t key_epoch, uint64_t path_epoch, enum proof_step *step)
{
    struct bytes keys[FIXTURE_PARTICIPANTS], wire;
    struct header h;
    struct hash hash;
    for (uint32_t i = 0; i < count; i++) {
        struct epoch_key_proof k = { .seat = seat[i], .epoch = key_epoch };
        k.public_key = bytes_of(f->public_key[seat[i]][path_epoch], f->suite->public_size);
        merkle_prove(f->suite, f->epoch_leaf[seat[i]], FIXTURE_EPOCHS, path_epoch, &k.path);
        TRY(epoch_key_encode(&k, &f->arena, &keys[i]));
    }
    TRY(proof_encode_certified(header[3], certificate, keys, count, &f->arena, &wire));
    return proof_verify_header(f->suite, &f->genesis, wire, &f->arena, &h, &hash, step);
}

TEST(formats_13_each_signer_brings_its_epoch_key_with_its_path)
{
    static const uint32_t SEATS[] = { 0, 1, 2, 3 }, SWAPPED[] = { 1, 0, 2 };
    enum proof_step step;
    struct hash hash;
    given_a_chain();
    header_hash(f->suite, header[3], &hash);
    struct bytes good = fixture_certificate(f, 3, 0, 0, &hash, 0x7);
    CHECK_OK(certified_with(good, SEATS, 3, 0, 0, &step));
    CHECK_ERR(certified_with(good, SEATS, 2, 0, 0, &step), ERR_PROOF);
    CHECK_EQ(step, PROOF_EPOCH_KEY);
    CHECK_ERR(certified_with(good, SEATS, 4, 0, 0, &step), ERR_PROOF);
    CHECK_ERR(certified_with(good, SWAPPED, 3, 0, 0, &step), ERR_PROOF);
    CHECK_ERR(certified_with(good, SEATS, 3, 0, 1, &step), ERR_PROOF);
    CHECK_ERR(certified_with(good, SEATS, 3, 1, 1, &step), ERR_PROOF);
    CHECK_EQ(step, PROOF_EPOCH_KEY);
    /* Signed with the keys of another epoch than the header's time says. */
    struct bytes late = fixture_certificate(f, 3, 1, 0, &hash, 0x7);
    CHECK_ERR(certified_with(late, SEATS, 3, 1, 1, &step), ERR_PROOF);
    CHECK_EQ(step, PROOF_CERTIFICATE);
    struct bytes other = fixture_certificate(f, 4, 0, 0, &hash, 0x7);
    CHECK_ERR(certified_with(other, SEATS, 3, 0, 0, &step), ERR_PROOF);
    fixture_close(f);
}

TEST(every_step_has_a_name)
{
    CHECK_STR(proof_step_name(PROOF_OK), "ok");
    CHECK_STR(proof_step_name(PROOF_STATE), "state");
    CHECK_STR(proof_step_name((enum proof_step)99), "unknown");
}

/* Memory that ends at any place of the way: full is an error, and never a wrong answer. */
TEST(a_proof_is_made_and_verified_in_any_memory_or_refused_for_the_lack_of_it)
{
    static uint8_t memory[128 * 1024];
    unsigned made = 0, verified = 0, stated = 0;
    struct bytes proof, state;
    given_a_chain();
    struct proof_parts p = parts_of(3, 5);
    CHECK_OK(proof_encode_tx(&p, &f->arena, &proof));
    CHECK_OK(proof_encode_state(f->ledger, 1, bytes_of_str("b"), &f->arena, &state));
    struct hash root = ledger_committed(f->ledger).state_root;
    for (size_t size = 0; size <= sizeof memory; size += 112) {
        struct arena a = arena_over(memory, size);
        struct proved_tx out;
        struct bytes again, key, value;
        enum proof_step step;
        uint16_t contract;
        enum err e = proof_encode_tx(&p, &a, &again);
        CHECK(e == ERR_NONE ? bytes_equal(again, proof) : e == ERR_NO_SPACE);
        made += e == ERR_NONE;
        arena_reset(&a);
        e = proof_verify_tx(f->suite, &f->genesis, proof, &a, &out, &step);
        CHECK(e == ERR_NONE || e == ERR_NO_SPACE);
        verified += e == ERR_NONE;
        arena_reset(&a);
        e = proof_verify_state(f->suite, &root, state, &a, &contract, &key, &value);
        CHECK(e == ERR_NONE || e == ERR_NO_SPACE);
        stated += e == ERR_NONE;
        arena_reset(&a);
        e = proof_encode_state(f->ledger, 1, bytes_of_str("b"), &a, &again);
        CHECK(e == ERR_NONE ? bytes_equal(again, state) : e == ERR_NO_SPACE);
    }
    CHECK(made > 0 && made < sizeof memory / 112);
    CHECK(verified > 0 && verified < sizeof memory / 112);
    CHECK(stated > 0 && stated < sizeof memory / 112);
    fixture_close(f);
}

static enum err encode_several(const struct proof_parts *p, const uint64_t *index, uint32_t count,
                               struct bytes *out)
{
    struct proof_entry entry[TXS + 1];
    for (uint32_t i = 0; i < count; i++) {
        entry[i] = (struct proof_entry){ index[i], tx[index[i]], receipt[index[i]] };
    }
    return proof_encode_block(f->suite, p, entry, count, of_tx, receipt_leaf, &f->arena, out);
}

TEST(formats_16_several_transactions_of_a_block_are_proved_together)
{
    given_a_chain();
    for (uint64_t top = 2; top <= BLOCKS; top++) {
        for (unsigned set = 1; set < 1U << TXS; set++) {
            uint64_t index[TXS];
            uint32_t n = 0;
            struct proved_block out;
            struct bytes proof;
            enum proof_step step;
            for (unsigned i = 0; i < TXS; i++) {
                if ((set >> i & 1) != 0) {
                    index[n++] = i;
                }
            }
            size_t mark = arena_mark(&f->arena);
            struct proof_parts p = parts_of(0, top);
            CHECK_OK(encode_several(&p, index, n, &proof));
            CHECK_OK(proof_verify_block(f->suite, &f->genesis, proof, &f->arena, &out, &step));
            CHECK_EQ(step, PROOF_OK);
            CHECK_EQ(out.header.height, 2);
            CHECK_EQ(out.count, n);
            for (uint32_t i = 0; i < n; i++) {
                CHECK_EQ(out.receipt[i].index, index[i]);
                CHECK(hash_equal(&out.receipt[i].transaction, &out.tx[i].id));
            }
            arena_release(&f->arena, mark);
        }
    }
    fixture_close(f);
}

TEST(every_single_byte_change_of_a_proof_of_several_is_refused)
{
    static const uint64_t INDEX[] = { 1, 3 };
    struct proved_block out;
    struct bytes proof;
    enum proof_step step;
    given_a_chain();
    struct proof_parts p = parts_of(0, 4);
    CHECK_OK(encode_several(&p, INDEX, 2, &proof));
    uint8_t *wire = (uint8_t *)(uintptr_t)proof.ptr;
    for (size_t i = 0; i < proof.len; i++) {
        size_t mark = arena_mark(&f->arena);
        wire[i] ^= (uint8_t)(1U << i % 8);
        enum err e = proof_verify_block(f->suite, &f->genesis, proof, &f->arena, &out, &step);
        CHECK(e == ERR_PROOF || e == ERR_ENCODING || e == ERR_SIZE || e == ERR_SIGNATURE);
        CHECK(step != PROOF_OK);
        wire[i] ^= (uint8_t)(1U << i % 8);
        arena_release(&f->arena, mark);
    }
    CHECK_OK(proof_verify_block(f->suite, &f->genesis, proof, &f->arena, &out, &step));
    fixture_close(f);
}

TEST(a_proof_of_several_has_a_transaction_and_not_too_many)
{
    static struct proof_entry entry[PROOF_BLOCK_TXS_MAX + 1];
    struct bytes proof;
    given_a_chain();
    struct proof_parts p = parts_of(0, 2);
    CHECK_ERR(proof_encode_block(f->suite, &p, entry, 0, of_tx, receipt_leaf, &f->arena, &proof),
              ERR_SIZE);
    CHECK_ERR(proof_encode_block(f->suite, &p, entry, PROOF_BLOCK_TXS_MAX + 1, of_tx, receipt_leaf,
                                 &f->arena, &proof),
              ERR_SIZE);
    fixture_close(f);
}

static struct bytes no_key(void *ctx, uint32_t seat, uint64_t epoch)
{
    (void)ctx;
    (void)seat;
    (void)epoch;
    return bytes_of(NULL, 0);
}

/* The second ledger knows no key of any epoch, as a node of later years. */
TEST(formats_13_a_block_known_to_be_committed_needs_no_keys_of_its_epoch)
{
    struct bytes block[BLOCKS], wire;
    struct hash hash[BLOCKS];
    struct ledger_limits limits = ledger_limits_small();
    struct fixture *made = fixture_open(NULL);
    CHECK_OK(fixture_ledger(made, &limits));
    for (uint64_t i = 0; i < BLOCKS; i++) {
        CHECK_OK(fixture_build(made, FIXTURE_START_MS + 1000 + i * 1000, &wire));
        CHECK_OK(arena_copy(&made->arena, wire, &block[i]));
        hash[i] = ledger_newest(made->ledger).hash;
        CHECK_OK(fixture_commit(made, &hash[i]));
    }
    f = fixture_open(NULL);
    CHECK(f != NULL);
    f->keys.public_key = no_key;
    CHECK_OK(fixture_ledger(f, &limits));
    for (uint64_t i = 0; i < BLOCKS; i++) {
        CHECK_ERR(ledger_execute(f->ledger, block[i]), i == 0 ? ERR_NONE : ERR_NOT_FOUND);
        CHECK_OK(ledger_execute_committed(f->ledger, block[i]));
        CHECK_OK(fixture_commit(f, &hash[i]));
    }
    fixture_close(made);
    fixture_close(f);
}
