/* Transactions in blocks: which may stand in one, what they do, what they cost, in which order. */
#include "tests/unit/ledger_rig.h"

#include <stdlib.h>

static uint64_t used_by(uint32_t author)
{
    struct bytes wire;
    struct quota q = { 0, 0 };
    if (state_get(ledger_state(f->ledger), SYSTEM_CONTRACT, bytes_of_hash(&f->did[author]),
                  &wire) == ERR_NONE) {
        enum err e = quota_decode(wire, &f->arena, &q);
        test_equal_err(e, ERR_NONE, "quota", __FILE__, __LINE__);
    }
    return q.used;
}

static enum err forced(const struct bytes *tx, uint32_t count, uint64_t time_ms)
{
    return fixture_forced(f, tx, count, time_ms);
}

static enum err forced_one(struct bytes tx)
{
    return forced(&tx, 1, now + 1000);
}

TEST(formats_5_the_window_of_a_transaction_closes_at_block_time_and_is_ten_minutes_long)
{
    given_a_ledger();
    uint64_t time = now + 1000;
    static const struct {
        int64_t offset;
        enum err want;
    } ROWS[] = {
        { -1, ERR_STALE },     { 0, ERR_STALE },      { 1, ERR_PROOF },
        { 600000, ERR_PROOF }, { 600001, ERR_RANGE },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        uint32_t author = 0;
        struct tx_body body = fixture_body(f, 0, FIXTURE_PUT, bytes_of("\1kv", 3),
                                           (uint64_t)((int64_t)time + ROWS[i].offset));
        CHECK_ERR(forced_one(fixture_sign(f, &body, &author)), ROWS[i].want);
    }
    fixture_close(f);
}

TEST(formats_5_a_seen_id_makes_the_block_invalid)
{
    given_a_ledger();
    struct bytes tx = put(0, "x", "1");
    struct bytes twice[2] = { tx, tx };
    CHECK_ERR(forced(twice, 2, now + 1000), ERR_DUPLICATE);
    CHECK_ERR(forced_one(tx), ERR_PROOF);
    CHECK_OK(submit(tx));
    CHECK_OK(build());
    /* In an open ancestor, and in a committed block until its window closes. */
    CHECK_ERR(forced_one(tx), ERR_DUPLICATE);
    commit();
    CHECK_ERR(forced_one(tx), ERR_DUPLICATE);
    CHECK_ERR(forced(&tx, 1, now + 61000), ERR_STALE);
    fixture_close(f);
}

TEST(formats_5_a_transaction_of_another_space_makes_the_block_invalid)
{
    given_a_ledger();
    uint32_t author = 0;
    struct tx_body body = fixture_body(f, 0, FIXTURE_PUT, bytes_of("\1kv", 3), now + 60000);
    body.space.b[0] ^= 1;
    CHECK_ERR(forced_one(fixture_sign(f, &body, &author)), ERR_ENCODING);
    CHECK_ERR(submit(fixture_sign(f, &body, &author)), ERR_ENCODING);
    CHECK_ERR(forced_one(bytes_of("no transaction", 14)), ERR_ENCODING);
    fixture_close(f);
}

TEST(formats_5_a_signature_of_another_or_of_nobody_makes_the_block_invalid)
{
    given_a_ledger();
    uint32_t other = 1;
    struct tx_body body = fixture_body(f, 0, FIXTURE_PUT, bytes_of("\1kv", 3), now + 60000);
    CHECK_ERR(forced_one(fixture_sign(f, &body, &other)), ERR_SIGNATURE);
    CHECK_ERR(submit(fixture_sign(f, &body, &other)), ERR_SIGNATURE);
    uint32_t author = 0;
    body.signer[0].key = 2;
    CHECK_ERR(forced_one(fixture_sign(f, &body, &author)), ERR_SIGNATURE);
    body.signer[0].key = 1;
    body.signer[0].did.b[0] ^= 1;
    CHECK_ERR(forced_one(fixture_sign(f, &body, &author)), ERR_SIGNATURE);
    fixture_close(f);
}

TEST(formats_5_every_signer_must_sign)
{
    given_a_ledger();
    uint32_t both[2] = { 0, 1 }, one[2] = { 0, 0 };
    struct tx_body body = fixture_body(f, 0, FIXTURE_PAIR, bytes_of("\1kv", 3), now + 60000);
    body.signer_count = 2;
    body.signer[1] = (struct tx_signer){ f->did[1], 1 };
    CHECK_ERR(forced_one(fixture_sign(f, &body, one)), ERR_SIGNATURE);
    CHECK_OK(submit(fixture_sign(f, &body, both)));
    CHECK_OK(build());
    CHECK_BYTES(value_of("k"), bytes_of("v", 1));
    fixture_close(f);
}

/* The key changes in this block; the transaction after it in the same block is judged by the old
 * key, the next block by the new one. */
TEST(formats_5_signatures_are_judged_against_the_parent_block_state)
{
    uint8_t seed[SUITE_SECRET_SIZE], public_key[SUITE_KEY_SIZE_MAX];
    uint32_t old = 0, fresh = 1;
    given_a_ledger();
    fixture_seed(1, seed);
    f->suite->public_of(f->suite->ctx, seed, public_key);
    CHECK_OK(submit(signed_tx(0, FIXTURE_REKEY, bytes_of(public_key, f->suite->public_size))));
    CHECK_OK(submit(put(0, "x", "1")));
    CHECK_OK(build());
    CHECK_BYTES(value_of("x"), bytes_of("1", 1));
    struct tx_body body = fixture_body(f, 0, FIXTURE_PUT, bytes_of("\1y2", 3), now + 60000);
    CHECK_ERR(forced_one(fixture_sign(f, &body, &old)), ERR_SIGNATURE);
    CHECK_ERR(forced_one(fixture_sign(f, &body, &fresh)), ERR_PROOF);
    fixture_close(f);
}

TEST(formats_16_a_failed_transaction_has_status_and_cost_only_and_undoes_what_it_wrote)
{
    uint32_t count;
    given_a_ledger();
    CHECK_OK(submit(signed_tx(0, FIXTURE_FAIL, bytes_of("\1kv", 3))));
    CHECK_OK(submit(signed_tx(0, FIXTURE_PUT, bytes_of("\0", 1))));
    CHECK_OK(submit(signed_tx(0, FIXTURE_DEL, bytes_of("none", 4))));
    CHECK_OK(submit(put(0, "after", "1")));
    CHECK_OK(build());
    const struct receipt *r = receipts(&count);
    CHECK_EQ(count, 4);
    CHECK_EQ(r[0].status, RECEIPT_STATE);
    CHECK_EQ(r[0].event_count, 0);
    CHECK_EQ(r[0].cost, 11);
    CHECK_EQ(r[1].status, RECEIPT_ARGS);
    CHECK_EQ(r[2].status, RECEIPT_NOT_FOUND);
    CHECK_EQ(r[3].status, RECEIPT_OK);
    CHECK_EQ(value_of("k").len, 0);
    CHECK_EQ(used_by(0), 44);
    CHECK_EQ(used_by(1), 0);
    struct receipt again;
    CHECK_OK(receipt_decode(r[0].wire, &f->arena, &again));
    CHECK_EQ(again.status, RECEIPT_STATE);
    CHECK_EQ(again.index, 0);
    CHECK(hash_equal(&again.transaction, &r[0].transaction));
    fixture_close(f);
}

TEST(formats_16_events_stand_in_the_receipt_in_order)
{
    uint32_t count;
    given_a_ledger();
    CHECK_OK(submit(signed_tx(0, FIXTURE_EMIT, bytes_of("\3body", 5))));
    CHECK_OK(build());
    const struct receipt *r = receipts(&count);
    CHECK_EQ(r[0].status, RECEIPT_OK);
    CHECK_EQ(r[0].event_count, 3);
    CHECK_BYTES(r[0].event[2].body, bytes_of("body", 4));
    struct receipt again;
    CHECK_OK(receipt_decode(r[0].wire, &f->arena, &again));
    CHECK_EQ(again.event_count, 3);
    CHECK(hash_equal(&again.event[1].subject[0], &r[0].transaction));
    fixture_close(f);
}

TEST(formats_16_at_most_64_events_and_16_kib_and_more_is_a_failure)
{
    uint32_t count;
    static uint8_t args[1 + EVENT_BODY_SIZE_MAX + 1];
    given_a_ledger();
    args[0] = 64;
    CHECK_OK(submit(signed_tx(0, FIXTURE_EMIT, bytes_of(args, 2))));
    args[0] = 65;
    CHECK_OK(submit(signed_tx(0, FIXTURE_EMIT, bytes_of(args, 2))));
    args[0] = 3;
    CHECK_OK(submit(signed_tx(0, FIXTURE_EMIT, bytes_of(args, 1 + EVENT_BODY_SIZE_MAX))));
    args[0] = 4;
    CHECK_OK(submit(signed_tx(0, FIXTURE_EMIT, bytes_of(args, 1 + EVENT_BODY_SIZE_MAX))));
    args[0] = 1;
    CHECK_OK(submit(signed_tx(0, FIXTURE_EMIT, bytes_of(args, 2 + EVENT_BODY_SIZE_MAX))));
    CHECK_OK(build());
    const struct receipt *r = receipts(&count);
    static const uint32_t WANT[] = { RECEIPT_OK, RECEIPT_LIMIT, RECEIPT_OK, RECEIPT_LIMIT,
                                     RECEIPT_LIMIT };
    CHECK_EQ(count, COUNT(WANT));
    for (uint32_t i = 0; i < count; i++) {
        CHECK_EQ(r[i].status, WANT[i]);
        CHECK(r[i].wire.len <= 16384);
    }
    CHECK_EQ(r[0].event_count, 64);
    CHECK_EQ(r[3].event_count, 0);
    fixture_close(f);
}

TEST(formats_16_an_event_names_at_most_four_subjects)
{
    struct event e = { .contract = 1, .subject_count = EVENT_SUBJECTS_MAX };
    struct bytes wire;
    given_a_ledger();
    struct contract_ctx c = { .genesis = &f->genesis, .keep = &f->arena };
    for (uint32_t i = 0; i < EVENT_SUBJECTS_MAX; i++) {
        e.subject[i].b[0] = (uint8_t)(i + 1);
    }
    CHECK_OK(ctx_emit(&c, &e));
    e.subject_count++;
    CHECK_ERR(ctx_emit(&c, &e), ERR_SIZE);
    CHECK_EQ(c.event_count, 1);
    struct receipt again, r = { .event_count = 1, .event = c.event };
    CHECK_OK(receipt_encode(&r, 4096, &f->arena, &wire));
    CHECK_OK(receipt_decode(wire, &f->arena, &again));
    CHECK_EQ(again.event[0].subject_count, EVENT_SUBJECTS_MAX);
    CHECK_EQ(again.event[0].subject[EVENT_SUBJECTS_MAX - 1].b[0], EVENT_SUBJECTS_MAX);
    fixture_close(f);
}

/* A length-delimited field of up to 255 bytes, of which these are the first. */
static void put_field(struct buf *b, uint8_t number, uint8_t len, struct bytes x)
{
    buf_put_u8(b, (uint8_t)(number << 3 | 2));
    buf_put_u8(b, len < 0x80 ? len : (uint8_t)(len | 0x80));
    if (len >= 0x80) {
        buf_put_u8(b, 1);
    }
    buf_put(b, x);
}

/* Receipt { transaction, events: [{ subjects }] }, as a liar would write it. */
TEST(formats_16_a_receipt_whose_event_names_more_subjects_is_refused)
{
    struct receipt r;
    given_a_ledger();
    for (uint32_t subjects = EVENT_SUBJECTS_MAX; subjects <= EVENT_SUBJECTS_MAX + 1; subjects++) {
        uint8_t memory[512];
        struct buf b = buf_over(memory, sizeof memory);
        static const struct hash transaction = { { 1 } };
        put_field(&b, 1, HASH_SIZE, bytes_of_hash(&transaction));
        put_field(&b, 5, (uint8_t)(subjects * (HASH_SIZE + 2)), bytes_of(NULL, 0));
        for (uint32_t i = 0; i < subjects; i++) {
            put_field(&b, 4, HASH_SIZE, bytes_of_hash(&transaction));
        }
        CHECK_ERR(receipt_decode(buf_bytes(&b), &f->arena, &r),
                  subjects > EVENT_SUBJECTS_MAX ? ERR_ENCODING : ERR_NONE);
    }
    fixture_close(f);
}

TEST(methods_unknown_and_signers_and_attachments_out_of_bounds_are_receipts)
{
    given_a_ledger();
    uint32_t two[2] = { 0, 1 }, count;
    struct tx_attachment attachment[2] = { { .size = 1, .kind = 1 }, { .size = 1, .kind = 1 } };
    attachment[0].commitment.b[0] = attachment[1].commitment.b[0] = 1;
    struct tx_body body = fixture_body(f, 0, FIXTURE_PAIR, bytes_of("\1kv", 3), now + 60000);
    CHECK_OK(submit(fixture_sign(f, &body, two)));
    body = fixture_body(f, 0, FIXTURE_PAIR, bytes_of("\1kv", 3), now + 60000);
    body.signer_count = 2;
    body.signer[1] = (struct tx_signer){ f->did[1], 1 };
    body.attachment = attachment;
    body.attachment_count = 2;
    CHECK_OK(submit(fixture_sign(f, &body, two)));
    CHECK_OK(build());
    const struct receipt *r = receipts(&count);
    CHECK_EQ(r[0].status, RECEIPT_SIGNERS);
    CHECK_EQ(r[1].status, RECEIPT_ATTACHMENT);
    /* Not taken in, but a block may hold it: a later version set may know the method. */
    struct bytes unknown = signed_tx(2, 0x999, bytes_of("", 0));
    CHECK_ERR(submit(unknown), ERR_UNSUPPORTED);
    CHECK_ERR(forced_one(unknown), ERR_RANGE); /* forced() counts 10 units, it costs 1 */
    fixture_close(f);
}

static void small_quota(struct genesis *g)
{
    g->param[PARAM_QUOTA_PER_EPOCH] = 25;
}

TEST(formats_10_a_quota_is_counted_from_the_parent_and_this_block_and_begins_anew_each_epoch)
{
    uint32_t count;
    given_a_space(small_quota);
    struct bytes tx[3] = { put(0, "a", "1"), put(0, "b", "1"), put(0, "c", "1") };
    CHECK_ERR(forced(tx, 3, now + 500), ERR_RANGE);
    CHECK_ERR(forced(tx, 2, now + 500), ERR_PROOF);
    CHECK_OK(submit(tx[0]));
    CHECK_OK(submit(tx[1]));
    CHECK_ERR(submit(tx[2]), ERR_BUSY);
    CHECK_OK(submit(put(1, "d", "1")));
    CHECK_OK(build());
    receipts(&count);
    CHECK_EQ(count, 3);
    CHECK_EQ(used_by(0), 22);
    commit();
    CHECK_ERR(forced_one(put(0, "e", "1")), ERR_RANGE);
    CHECK_ERR(submit(put(0, "e", "1")), ERR_BUSY);
    now = FIXTURE_START_MS + FIXTURE_EPOCH_MS;
    CHECK_OK(submit(put(0, "f", "1")));
    CHECK_OK(build());
    CHECK_BYTES(value_of("f"), bytes_of("1", 1));
    CHECK_EQ(used_by(0), 11);
    fixture_close(f);
}

/* Another node took a transaction of the same author, so two that wait here no longer fit. */
TEST(a_proposer_leaves_out_what_passes_a_quota)
{
    uint32_t count;
    given_a_space(small_quota);
    struct fixture *here = f;
    CHECK_OK(submit(put(0, "a", "1")));
    CHECK_OK(submit(put(0, "b", "1")));
    given_a_space(small_quota);
    struct fixture *there = f;
    f->nonce = 100;
    CHECK_OK(submit(put(0, "c", "1")));
    CHECK_OK(build());
    struct hash tip = ledger_newest(there->ledger).hash;
    struct bytes block;
    CHECK_OK(ledger_block_bytes(there->ledger, &tip, &block));
    f = here;
    CHECK_OK(ledger_execute(f->ledger, block));
    commit();
    CHECK_OK(build());
    receipts(&count);
    CHECK_EQ(count, 1);
    CHECK_EQ(used_by(0), 22);
    commit();
    CHECK_EQ(ledger_pending(f->ledger), 1);
    fixture_close(here);
    fixture_close(there);
}

static void small_cost(struct genesis *g)
{
    g->param[PARAM_BLOCK_COST_MAX] = 33;
}

TEST(formats_10_the_cost_of_a_block_is_bounded)
{
    uint32_t count;
    given_a_space(small_cost);
    struct bytes tx[4];
    for (uint32_t i = 0; i < 4; i++) {
        char key[2] = { (char)('a' + i), 0 };
        tx[i] = put(i, key, "1");
        CHECK_OK(submit(tx[i]));
    }
    CHECK_ERR(forced(tx, 4, now + 500), ERR_RANGE);
    CHECK_OK(build());
    receipts(&count);
    CHECK_EQ(count, 3);
    CHECK_OK(build());
    receipts(&count);
    CHECK_EQ(count, 1);
    fixture_close(f);
}

TEST(formats_10_cost_is_the_method_and_a_unit_for_each_kib_begun)
{
    static char value[4000];
    uint32_t count;
    given_a_ledger();
    memset(value, 'x', sizeof value - 1);
    CHECK_OK(submit(put(0, "k", value)));
    CHECK_OK(build());
    const struct receipt *r = receipts(&count);
    CHECK_EQ(r[0].cost, 10 + 5);
    fixture_close(f);
}

TEST(formats_10_a_later_class_never_stands_before_an_earlier_one)
{
    uint32_t count;
    given_a_ledger();
    struct bytes rest = put(0, "r", "1");
    struct bytes settle = fixture_put(f, 0, FIXTURE_SETTLE, "s", "1", now);
    struct bytes govern = fixture_put(f, 1, FIXTURE_GOVERN, "g", "1", now);
    struct bytes wrong[2] = { rest, settle }, right[3] = { govern, settle, rest };
    CHECK_ERR(forced(wrong, 2, now + 500), ERR_RANGE);
    wrong[0] = settle;
    wrong[1] = govern;
    CHECK_ERR(forced(wrong, 2, now + 500), ERR_RANGE);
    CHECK_ERR(forced(right, 3, now + 500), ERR_PROOF);
    CHECK_OK(submit(rest));
    CHECK_OK(submit(settle));
    CHECK_OK(submit(govern));
    CHECK_OK(build());
    const struct receipt *r = receipts(&count);
    struct tx tx;
    struct bytes want[3] = { govern, settle, rest };
    CHECK_EQ(count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_OK(tx_decode(f->suite, want[i], &f->arena, &tx));
        CHECK(hash_equal(&r[i].transaction, &tx.id));
    }
    fixture_close(f);
}

TEST(a_proposer_goes_round_the_authors_and_takes_each_in_order)
{
    static const struct {
        uint32_t author;
        const char *key;
    } IN[] = {
        { 0, "a1" }, { 0, "a2" }, { 0, "a3" }, { 1, "b1" }, { 2, "c1" }, { 1, "b2" },
    };
    static const char *const OUT[] = { "a1", "b1", "c1", "a2", "b2", "a3" };
    uint32_t count;
    given_a_ledger();
    for (size_t i = 0; i < COUNT(IN); i++) {
        CHECK_OK(submit(put(IN[i].author, IN[i].key, "1")));
    }
    CHECK_OK(build());
    struct hash tip = ledger_newest(f->ledger).hash;
    struct bytes wire;
    struct block b;
    receipts(&count);
    CHECK_EQ(count, COUNT(OUT));
    CHECK_OK(ledger_block_bytes(f->ledger, &tip, &wire));
    CHECK_OK(block_decode(f->suite, wire, &f->arena, &b));
    for (size_t i = 0; i < COUNT(OUT); i++) {
        struct tx tx;
        CHECK_OK(tx_decode(f->suite, b.tx[i], &f->arena, &tx));
        CHECK_BYTES(bytes_of(tx.body.args.ptr + 1, 2), bytes_of_str(OUT[i]));
    }
    fixture_close(f);
}

static void three_a_block(struct genesis *g)
{
    g->param[PARAM_BLOCK_TXS_MAX] = 3;
}

TEST(what_does_not_fit_a_block_waits_for_the_next)
{
    static char value[50000];
    uint32_t count;
    given_a_space(three_a_block);
    for (uint32_t i = 0; i < 5; i++) {
        char key[2] = { (char)('a' + i), 0 };
        CHECK_OK(submit(put(i % 4, key, "1")));
    }
    CHECK_OK(build());
    receipts(&count);
    CHECK_EQ(count, 3);
    CHECK_OK(build());
    receipts(&count);
    CHECK_EQ(count, 2);
    fixture_close(f);
    given_a_ledger();
    memset(value, 'x', sizeof value - 1);
    for (uint32_t i = 0; i < 3; i++) {
        char key[2] = { (char)('a' + i), 0 };
        CHECK_OK(submit(put(i, key, value)));
    }
    CHECK_OK(build());
    receipts(&count);
    CHECK_EQ(count, 2);
    struct bytes large[3] = { put(0, "x", value), put(1, "y", value), put(2, "z", value) };
    CHECK_ERR(forced(large, 3, now + 500), ERR_RANGE);
    fixture_close(f);
}
