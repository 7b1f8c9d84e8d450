/* Signatures verified once, or elsewhere, and never judged otherwise for that. */
#include "tests/unit/ledger_rig.h"

#include <string.h>

static struct bytes rekey(uint32_t author, uint32_t like)
{
    uint8_t seed[SUITE_SECRET_SIZE], key[SUITE_KEY_SIZE_MAX];
    fixture_seed(like, seed);
    f->suite->public_of(f->suite->ctx, seed, key);
    struct tx_body body =
        fixture_body(f, author, FIXTURE_REKEY, bytes_of(key, f->suite->public_size), now + 60000);
    return fixture_sign(f, &body, &author);
}

static void drop(void)
{
    struct hash committed = ledger_committed(f->ledger).hash;
    ledger_drop_above(f->ledger, &committed);
}

/* The pool forgets; what was verified stays known. */
static void leave_all(void)
{
    struct mempool *m = &f->ledger->mempool;
    while (mempool_oldest(m) != NULL) {
        mempool_remove(m, &mempool_oldest(m)->id);
    }
}

/* In a block that nobody would build: ERR_PROOF when its signatures are good. */
static enum err forced_one(struct bytes tx)
{
    leave_all();
    return fixture_forced(f, &tx, 1, now + 1000);
}

/* "verified vouched remembered" */
static const char *counts(void)
{
    static char out[64];
    struct ledger_signature_counts c = ledger_signature_counts(f->ledger);
    snprintf(out, sizeof out, "%u %u %u", (unsigned)c.verified, (unsigned)c.vouched,
             (unsigned)c.remembered);
    return out;
}

TEST(a_signature_is_verified_at_admission_and_remembered_when_built_and_executed)
{
    struct bytes block;
    given_a_ledger();
    CHECK_OK(submit(put(0, "x", "1")));
    CHECK_STR(counts(), "1 0 0");
    CHECK_OK(build_block(&block));
    CHECK_STR(counts(), "1 0 1");
    struct bytes copy;
    CHECK_OK(arena_copy(&f->arena, block, &copy));
    drop();
    CHECK_OK(ledger_execute(f->ledger, copy));
    CHECK_STR(counts(), "1 0 2");
    fixture_close(f);
}

TEST(a_block_of_strangers_is_verified_once_however_often_it_is_executed)
{
    struct bytes block, copy;
    given_a_ledger();
    struct fixture *other = f;
    for (uint32_t i = 0; i < 10; i++) {
        char key[2] = { (char)('a' + i), 0 };
        CHECK_OK(submit(put(i % FIXTURE_PARTICIPANTS, key, "1")));
    }
    CHECK_OK(build_block(&block));
    given_a_ledger(); /* another node, which heard of none of them */
    now += 1000;
    CHECK_OK(arena_copy(&f->arena, block, &copy));
    CHECK_OK(ledger_execute(f->ledger, copy));
    CHECK_STR(counts(), "10 0 0");
    drop();
    CHECK_OK(ledger_execute(f->ledger, copy));
    CHECK_STR(counts(), "10 0 10");
    fixture_close(f);
    fixture_close(other);
}

/* The key is part of the question, so what was good under the old one is nothing under the new. */
TEST(formats_5_a_key_changed_between_admission_and_execution_is_asked_anew)
{
    struct bytes block;
    given_a_ledger();
    struct bytes late = put(0, "late", "1");
    CHECK_OK(submit(late));
    CHECK_ERR(forced_one(late), ERR_PROOF); /* remembered, and good as long as the key stands */
    CHECK_OK(submit(rekey(0, 1)));
    CHECK_OK(build_block(&block));
    CHECK_ERR(forced_one(late), ERR_SIGNATURE); /* the newest state, not yet committed */
    struct hash tip = ledger_newest(f->ledger).hash;
    CHECK_OK(fixture_commit(f, &tip));
    CHECK_ERR(forced_one(late), ERR_SIGNATURE);
    CHECK_ERR(submit(late), ERR_SIGNATURE);
    fixture_close(f);
}

/* And back: the old key again, the old question again, whose answer is still known. */
TEST(a_key_that_comes_back_brings_its_answers_back)
{
    struct bytes block;
    given_a_ledger();
    struct bytes tx = put(0, "x", "1");
    CHECK_OK(submit(tx));
    leave_all();
    CHECK_OK(submit(rekey(0, 1)));
    CHECK_OK(build_block(&block));
    CHECK_ERR(forced_one(tx), ERR_SIGNATURE);
    drop(); /* the block with the new key was voted out */
    uint64_t verified = ledger_signature_counts(f->ledger).verified;
    CHECK_ERR(forced_one(tx), ERR_PROOF);
    CHECK_EQ(ledger_signature_counts(f->ledger).verified, verified);
    fixture_close(f);
}

TEST(another_signature_of_the_same_transaction_is_another_question)
{
    given_a_ledger();
    struct bytes tx = put(0, "x", "1");
    CHECK_OK(submit(tx));
    uint8_t *changed = arena_alloc(&f->arena, tx.len);
    CHECK(changed != NULL);
    memcpy(changed, tx.ptr, tx.len);
    changed[tx.len - 1] ^= 1; /* of S: the id stays */
    CHECK_ERR(forced_one(bytes_of(changed, tx.len)), ERR_SIGNATURE);
    CHECK_ERR(forced_one(tx), ERR_PROOF);
    fixture_close(f);
}

TEST(the_shell_verifies_what_is_asked_and_the_ledger_then_need_not)
{
    struct ledger_signature ask[TX_SIGNERS_MAX];
    uint32_t count = 9;
    bool good[TX_SIGNERS_MAX];
    given_a_ledger();
    struct bytes tx = put(2, "x", "1");
    CHECK_OK(ledger_admission(f->ledger, tx, now, ask, &count));
    CHECK_EQ(count, 1);
    CHECK_EQ(ledger_pending(f->ledger), 0);
    ledger_signatures_verify(f->suite, ask, count, good);
    CHECK(good[0]);
    ledger_vouch(f->ledger, &ask[0]);
    CHECK_OK(submit(tx));
    CHECK_STR(counts(), "0 1 1");
    CHECK_ERR(ledger_admission(f->ledger, tx, now, ask, &count), ERR_DUPLICATE);
    fixture_close(f);
}

TEST(every_signer_is_a_question_and_those_known_are_left_out)
{
    struct ledger_signature ask[TX_SIGNERS_MAX];
    uint32_t count, signers[2] = { 1, 3 };
    given_a_ledger();
    struct tx_body body = fixture_body(f, 1, FIXTURE_PAIR, bytes_of("\1k1", 3), now + 60000);
    body.signer_count = 2;
    body.signer[1] = (struct tx_signer){ f->did[3], body.signer[0].key };
    struct bytes tx = fixture_sign(f, &body, signers);
    CHECK_OK(ledger_admission(f->ledger, tx, now, ask, &count));
    CHECK_EQ(count, 2);
    CHECK(hash_equal(&ask[0].message, &ask[1].message));
    CHECK(memcmp(ask[0].public_key, ask[1].public_key, ask[0].public_size) != 0);
    struct ledger_signature second = ask[1];
    ledger_vouch(f->ledger, &ask[0]);
    CHECK_OK(ledger_admission(f->ledger, tx, now, ask, &count));
    CHECK_EQ(count, 1);
    CHECK(memcmp(&ask[0], &second, sizeof second) == 0);
    fixture_close(f);
}

TEST(admission_gives_the_cheaper_reasons_before_anything_is_verified)
{
    struct ledger_signature ask[TX_SIGNERS_MAX];
    uint32_t count = 77;
    given_a_ledger();
    struct tx_body stale = fixture_body(f, 0, FIXTURE_PUT, bytes_of("\1k1", 3), now);
    struct tx_body far = fixture_body(f, 0, FIXTURE_PUT, bytes_of("\1k1", 3), now + 3600000);
    struct tx_body unknown = fixture_body(f, 0, 0x999, bytes_of("\1k1", 3), now + 60000);
    struct tx_body nobody = fixture_body(f, 0, FIXTURE_PUT, bytes_of("\1k1", 3), now + 60000);
    nobody.signer[0].did.b[0] ^= 1;
    uint32_t author = 0;
    const struct {
        struct bytes tx;
        enum err e;
    } ROWS[] = { { fixture_sign(f, &stale, &author), ERR_STALE },
                 { fixture_sign(f, &far, &author), ERR_RANGE },
                 { fixture_sign(f, &unknown, &author), ERR_UNSUPPORTED },
                 { fixture_sign(f, &nobody, &author), ERR_SIGNATURE },
                 { bytes_of_str("noise"), ERR_ENCODING } };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        CHECK_ERR(ledger_admission(f->ledger, ROWS[i].tx, now, ask, &count), ROWS[i].e);
        CHECK_ERR(submit(ROWS[i].tx), ROWS[i].e);
        CHECK_EQ(count, 77);
    }
    CHECK_STR(counts(), "0 0 0");
    fixture_close(f);
}

TEST(a_block_says_what_executing_it_would_verify)
{
    enum { ASK = 64 };
    static struct ledger_signature ask[ASK];
    static bool good[ASK];
    struct bytes block, copy;
    uint32_t count;
    given_a_ledger();
    struct fixture *other = f;
    for (uint32_t i = 0; i < 6; i++) {
        CHECK_OK(submit(put(i % FIXTURE_PARTICIPANTS, "k", "1")));
    }
    CHECK_OK(build_block(&block));
    given_a_ledger();
    now += 1000;
    CHECK_OK(arena_copy(&f->arena, block, &copy));
    CHECK_OK(ledger_block_admission(f->ledger, copy, ask, ASK, &count));
    CHECK_EQ(count, 6);
    ledger_signatures_verify(f->suite, ask, count, good);
    for (uint32_t i = 0; i < count; i++) {
        CHECK(good[i]);
        ledger_vouch(f->ledger, &ask[i]);
    }
    CHECK_OK(ledger_execute(f->ledger, copy));
    CHECK_STR(counts(), "0 6 6");
    /* Room for one transaction of eight signers and no more: the rest is for execution. */
    drop();
    CHECK_OK(ledger_block_admission(other->ledger, copy, ask, TX_SIGNERS_MAX - 1, &count));
    CHECK_EQ(count, 0);
    CHECK_ERR(ledger_block_admission(f->ledger, bytes_of_str("noise"), ask, ASK, &count),
              ERR_ENCODING);
    fixture_close(f);
    fixture_close(other);
}

/* The table is what its size says: who is crowded out is verified again, with the same answer. */
TEST(what_is_forgotten_is_verified_again)
{
    enum { MANY = 4096 };
    static struct ledger_signature x;
    given_a_ledger();
    struct bytes tx = put(0, "x", "1");
    CHECK_OK(submit(tx));
    x.public_size = f->suite->public_size;
    x.signature_size = f->suite->signature_size;
    for (uint32_t i = 0; i < 16 * MANY; i++) {
        memcpy(x.message.b, &i, sizeof i);
        ledger_vouch(f->ledger, &x);
    }
    CHECK_ERR(forced_one(tx), ERR_PROOF);
    struct ledger_signature_counts c = ledger_signature_counts(f->ledger);
    CHECK_EQ(c.verified, 2);
    CHECK_EQ(c.remembered, 0);
    fixture_close(f);
}
