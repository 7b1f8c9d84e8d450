/* Transactions that wait, and the ids that must not come again. */
#include "tests/unit/ledger_rig.h"

#include <stdlib.h>

TEST(admission_refuses_by_name)
{
    given_a_ledger();
    struct bytes tx = put(0, "x", "1");
    uint32_t author = 0;
    CHECK_OK(submit(tx));
    CHECK_ERR(submit(tx), ERR_DUPLICATE);
    struct tx_body body = fixture_body(f, 0, FIXTURE_PUT, bytes_of("\1kv", 3), now);
    CHECK_ERR(submit(fixture_sign(f, &body, &author)), ERR_STALE);
    body.valid_until_ms = now + 600001;
    CHECK_ERR(submit(fixture_sign(f, &body, &author)), ERR_RANGE);
    CHECK_ERR(submit(bytes_of("x", 1)), ERR_ENCODING);
    CHECK_OK(build());
    CHECK_ERR(submit(tx), ERR_DUPLICATE);
    commit();
    CHECK_EQ(ledger_pending(f->ledger), 0);
    CHECK_ERR(submit(tx), ERR_DUPLICATE);
    fixture_close(f);
}

TEST(a_clock_behind_the_chain_takes_nothing_in_that_the_chain_may_have_forgotten)
{
    given_a_ledger();
    uint64_t behind = now;
    struct bytes tx = put(0, "x", "1"), open = put(0, "y", "1");
    uint32_t author = 0;
    CHECK_OK(submit(tx));
    CHECK_OK(build());
    commit();
    now = behind + 60000; /* the window of both closes with this block */
    struct hash parent = ledger_newest(f->ledger).hash;
    struct bytes block;
    CHECK_OK(
        ledger_build(f->ledger, &parent, now, &f->did[0], fixture_last_certificate(f), &block));
    commit();
    now = behind;
    CHECK(submit(tx) != ERR_NONE); /* known, or forgotten: either way too late */
    replay_expire(&f->ledger->replay, ledger_committed(f->ledger).time_ms);
    CHECK_ERR(submit(tx), ERR_STALE);
    CHECK_ERR(submit(open), ERR_STALE);
    struct tx_body body = fixture_body(f, 0, FIXTURE_PUT, bytes_of("\1kv", 3), behind + 660000);
    CHECK_OK(submit(fixture_sign(f, &body, &author)));
    body.valid_until_ms++;
    CHECK_ERR(submit(fixture_sign(f, &body, &author)), ERR_RANGE);
    fixture_close(f);
}

TEST(one_author_fills_at_most_a_quarter_of_the_pool)
{
    given_a_ledger();
    struct ledger_limits limits = ledger_limits_small();
    uint32_t quarter = limits.mempool_txs_max / MEMPOOL_AUTHOR_SHARE;
    for (uint32_t i = 0; i < quarter; i++) {
        CHECK_OK(submit(put(0, "x", "1")));
    }
    CHECK_ERR(submit(put(0, "x", "1")), ERR_BUSY);
    CHECK_OK(submit(put(1, "x", "1")));
    CHECK_EQ(ledger_pending(f->ledger), quarter + 1);
    /* What has run out makes room. */
    now += 61000;
    CHECK_OK(submit(put(0, "x", "1")));
    CHECK_EQ(ledger_pending(f->ledger), 1);
    fixture_close(f);
}

TEST(the_pool_is_full_in_places_and_in_bytes)
{
    static char value[60000];
    given_a_ledger();
    for (uint32_t i = 0; i < 1024; i++) {
        CHECK_OK(submit(put(i % 4, "x", "1")));
    }
    CHECK_ERR(submit(put(0, "x", "1")), ERR_BUSY);
    fixture_close(f);
    given_a_ledger();
    memset(value, 'x', sizeof value - 1);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_OK(submit(put(0, "x", value)));
    }
    CHECK_ERR(submit(put(0, "x", value)), ERR_BUSY);
    CHECK_OK(submit(put(1, "x", value)));
    fixture_close(f);
}

TEST(pending_transactions_are_walked_in_order_of_arrival_and_expire)
{
    given_a_ledger();
    CHECK_EQ(ledger_oldest_pending_ms(f->ledger), 0);
    struct bytes first = put(0, "a", "1");
    CHECK_OK(submit(first));
    uint64_t arrived = now;
    now += 500;
    struct bytes second = put(1, "b", "1");
    CHECK_OK(submit(second));
    CHECK_EQ(ledger_oldest_pending_ms(f->ledger), arrived);
    CHECK_BYTES(ledger_pending_at(f->ledger, 0), first);
    CHECK_BYTES(ledger_pending_at(f->ledger, 1), second);
    CHECK(ledger_pending_at(f->ledger, 2).ptr == NULL);
    now = arrived + 60000 - 1000;
    CHECK_OK(build()); /* the first has run out at this very time */
    CHECK_EQ(value_of("a").len, 0);
    CHECK_BYTES(value_of("b"), bytes_of("1", 1));
    CHECK_EQ(ledger_pending(f->ledger), 1);
    CHECK_EQ(ledger_oldest_pending_ms(f->ledger), arrived + 500);
    fixture_close(f);
}

TEST(a_transaction_whose_key_is_gone_leaves_the_pool)
{
    uint8_t seed[SUITE_SECRET_SIZE], public_key[SUITE_KEY_SIZE_MAX];
    given_a_ledger();
    fixture_seed(1, seed);
    f->suite->public_of(f->suite->ctx, seed, public_key);
    CHECK_OK(submit(signed_tx(0, FIXTURE_REKEY, bytes_of(public_key, f->suite->public_size))));
    CHECK_OK(build());
    commit();
    struct bytes stale = put(0, "x", "1");
    CHECK_ERR(submit(stale), ERR_SIGNATURE);
    CHECK_EQ(ledger_pending(f->ledger), 0);
    fixture_close(f);
}

/* The replay window against a naive list. */
TEST(the_replay_window_forgets_what_ran_out_and_nothing_else)
{
    enum { IDS = 300, MAX = 128 };
    static struct seen list[IDS];
    static uint8_t memory[64 * 1024];
    struct arena a = arena_over(memory, sizeof memory);
    struct replay r;
    CHECK_OK(replay_init(&r, MAX, &a));
    memset(list, 0, sizeof list);
    uint64_t seed = 3;
    for (uint32_t step = 0; step < 20000; step++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        uint32_t i = (uint32_t)(seed >> 33) % IDS;
        struct hash id = { { (uint8_t)(i % 7), 0, 0, 0, (uint8_t)(i / 7) } };
        uint64_t until = 1 + (seed >> 40) % 100;
        if (list[i].valid_until_ms != 0) {
            CHECK_ERR(replay_add(&r, &id, until, 1), ERR_DUPLICATE);
            replay_remove(&r, &id);
            list[i].valid_until_ms = 0;
        } else if (r.count == MAX) {
            CHECK_ERR(replay_add(&r, &id, until, 1), ERR_NO_SPACE);
            replay_expire(&r, until);
            uint32_t left = 0;
            for (uint32_t j = 0; j < IDS; j++) {
                struct hash other = { { (uint8_t)(j % 7), 0, 0, 0, (uint8_t)(j / 7) } };
                const struct seen *s = replay_find(&r, &other);
                bool stays = list[j].valid_until_ms > until;
                CHECK_EQ(s != NULL, stays);
                CHECK(!stays ||
                      (hash_equal(&s->id, &other) && s->valid_until_ms == list[j].valid_until_ms));
                list[j].valid_until_ms = stays ? list[j].valid_until_ms : 0;
                left += stays ? 1 : 0;
            }
            CHECK_EQ(r.count, left);
        } else {
            CHECK_OK(replay_add(&r, &id, until, 1));
            list[i] = (struct seen){ id, until, 1 };
        }
        CHECK((replay_find(&r, &id) != NULL) == (list[i].valid_until_ms != 0));
    }
}

TEST(every_receipt_status_has_a_name_and_a_text)
{
    for (uint32_t i = 0; i < RECEIPT_END; i++) {
        CHECK(receipt_name(i)[0] != '\0' && receipt_text(i)[0] != '\0');
    }
    CHECK_STR(receipt_name(RECEIPT_LAW), "law");
    CHECK_STR(receipt_name(RECEIPT_END), "unknown");
    CHECK_STR(receipt_text(RECEIPT_END), "unknown");
}

TEST(running_out_of_changes_ends_the_block_and_not_the_proposer)
{
    struct ledger_limits limits = ledger_limits_small();
    uint32_t count;
    f = fixture_open(NULL);
    limits.state.changes_max = 12;
    CHECK_OK(fixture_ledger(f, &limits));
    now = FIXTURE_START_MS + 1000;
    for (uint32_t i = 0; i < 8; i++) {
        char key[2] = { (char)('a' + i), 0 };
        CHECK_OK(submit(put(i % 4, key, "1")));
    }
    CHECK_OK(build());
    receipts(&count);
    CHECK_EQ(count, 6);
    commit();
    CHECK_OK(build());
    receipts(&count);
    CHECK_EQ(count, 2);
    fixture_close(f);
}

/* Each transaction's receipt is just within its own limit; together they are past the block's. */
TEST(the_receipts_of_a_block_are_bounded_too)
{
    static uint8_t args[1 + EVENT_BODY_SIZE_MAX];
    uint32_t count;
    given_a_ledger();
    args[0] = 3;
    uint32_t sent = 0;
    for (; sent < 24; sent++) {
        args[1] = (uint8_t)sent;
        CHECK_OK(submit(signed_tx(sent % 4, FIXTURE_EMIT, bytes_of(args, sizeof args))));
    }
    CHECK_OK(build());
    receipts(&count);
    CHECK(count > 10 && count < sent);
    CHECK_OK(build());
    receipts(&count);
    CHECK(count > 0);
    fixture_close(f);
}

enum { POOL_TXS = 128, POOL_BYTES = 64 * 1024 };

static enum err add(struct mempool *m, uint32_t number, uint32_t author, size_t size)
{
    static uint8_t wire[POOL_BYTES];
    struct pending p = { .valid_until_ms = UINT64_MAX, .cost = 1 };
    memcpy(p.id.b, &number, sizeof number);
    memcpy(p.author.b, &author, sizeof author);
    p.author.b[31] = 1;
    return mempool_add(m, p, bytes_of(wire, size));
}

static bool room(struct mempool *m, uint32_t author, uint32_t size)
{
    struct hash did = { { 0 } };
    memcpy(did.b, &author, sizeof author);
    did.b[31] = 1;
    return mempool_make_room(m, &did, size);
}

static uint32_t held_by(const struct mempool *m, uint32_t author)
{
    uint32_t n = 0, a;
    for (uint32_t i = m->first; i < m->end; i++) {
        memcpy(&a, m->entry[i].author.b, sizeof a);
        n += a == author && !m->entry[i].gone ? 1 : 0;
    }
    return n;
}

/* Four fill it to the last place, each within its quarter. A fifth gets in all the same, and so
 * does every other, until all hold alike. */
TEST(hot_senders_never_starve_others)
{
    static uint8_t memory[1 << 20];
    struct arena a = arena_over(memory, sizeof memory);
    struct mempool m;
    uint32_t number = 1;
    CHECK_OK(mempool_init(&m, POOL_TXS, POOL_BYTES, &a));
    for (uint32_t i = 0; i < POOL_TXS; i++) {
        CHECK_OK(add(&m, number++, i % 4, 100));
    }
    CHECK_ERR(add(&m, number, 0, 100), ERR_BUSY);
    CHECK(!room(&m, 0, 100)); /* who holds most makes no room for itself */
    for (uint32_t author = 4; author < 16; author++) {
        for (uint32_t i = 0; i < 6; i++) {
            enum err e = add(&m, number, author, 100);
            if (e == ERR_BUSY) {
                CHECK(room(&m, author, 100));
                e = add(&m, number, author, 100);
            }
            CHECK_OK(e);
            number++;
        }
    }
    for (uint32_t author = 0; author < 16; author++) {
        CHECK(held_by(&m, author) >= 6);
        CHECK(held_by(&m, author) <= POOL_TXS / 4);
    }
}

TEST(who_holds_most_gives_up_its_newest_and_no_more_than_is_fair)
{
    static uint8_t memory[1 << 20];
    struct arena a = arena_over(memory, sizeof memory);
    struct mempool m;
    CHECK_OK(mempool_init(&m, POOL_TXS, POOL_BYTES, &a));
    for (uint32_t i = 0; i < POOL_TXS / 4; i++) {
        CHECK_OK(add(&m, 1 + i, 1, 100));
    }
    CHECK(room(&m, 2, 100));
    CHECK_EQ(m.count, POOL_TXS / 4 - POOL_TXS / MEMPOOL_ROOM_SHARE);
    uint32_t last;
    for (uint32_t i = m.first; i < m.end; i++) {
        memcpy(&last, m.entry[i].id.b, sizeof last);
        CHECK(m.entry[i].gone == (last > m.count)); /* those that came last are gone */
    }
    for (uint32_t i = 0; i < 30; i++) {
        CHECK_OK(add(&m, 1000 + i, 2, 100));
    }
    CHECK_EQ(held_by(&m, 2), 30);
    CHECK(!room(&m, 1, 100)); /* 28 against 30: nothing to gain */
    CHECK(!room(&m, 2, 100));
    CHECK(!room(&m, 1, POOL_BYTES / 4));
}

TEST(the_pool_says_when_to_try_again)
{
    given_a_ledger();
    struct ledger_limits limits = ledger_limits_small();
    for (uint32_t i = 0; i < limits.mempool_txs_max / MEMPOOL_AUTHOR_SHARE; i++) {
        CHECK_OK(submit(put(0, "x", "1")));
    }
    CHECK_ERR(submit(put(0, "x", "1")), ERR_BUSY);
    CHECK_EQ(ledger_retry_ms(f->ledger), 1000);
    fixture_close(f);
}

static void small_quota(struct genesis *g)
{
    g->param[PARAM_QUOTA_PER_EPOCH] = 25;
}

TEST(a_quota_used_up_says_when_its_epoch_ends)
{
    struct ledger_limits limits = ledger_limits_small();
    f = fixture_open(small_quota);
    CHECK(f != NULL);
    CHECK_OK(fixture_ledger(f, &limits));
    now = FIXTURE_START_MS + FIXTURE_EPOCH_MS - 4000;
    CHECK_OK(submit(put(0, "x", "1")));
    CHECK_OK(submit(put(0, "y", "1")));
    CHECK_ERR(submit(put(0, "z", "1")), ERR_BUSY);
    CHECK_EQ(ledger_retry_ms(f->ledger), 4000);
    CHECK_OK(submit(put(1, "z", "1")));
    fixture_close(f);
}

/* A full pool costs the same to be refused by as an empty one to be taken by: no signature is asked
 * for, nothing is swept, nobody is searched. */
TEST(what_has_no_room_is_refused_before_its_signature_is_asked_for)
{
    struct ledger_signature asked[TX_SIGNERS_MAX];
    uint32_t count = 0;
    given_a_ledger();
    for (uint32_t i = 0; i < 1024; i++) {
        CHECK_OK(submit(put(i % 4, "x", "1")));
    }
    uint64_t verified = ledger_signature_counts(f->ledger).verified;
    for (uint32_t author = 0; author < 4; author++) {
        struct bytes tx = put(author, "x", "1");
        CHECK_ERR(ledger_admission(f->ledger, tx, now, asked, &count), ERR_BUSY);
        CHECK_ERR(submit(tx), ERR_BUSY);
    }
    CHECK_EQ(ledger_signature_counts(f->ledger).verified, verified);
    CHECK_EQ(ledger_retry_ms(f->ledger), 1000);
    CHECK_EQ(ledger_pending(f->ledger), 1024);
    now += 61000; /* what has run out makes room */
    CHECK_OK(submit(put(0, "x", "1")));
    CHECK_EQ(ledger_pending(f->ledger), 1);
    fixture_close(f);
}

/* Equals would otherwise push one another out, each time with a walk over the whole pool. */
TEST(in_a_full_pool_only_who_holds_more_than_twice_as_much_gives_way)
{
    static uint8_t memory[1 << 20];
    struct arena a = arena_over(memory, sizeof memory);
    struct mempool m;
    struct hash author[8] = { { { 0 } } };
    CHECK_OK(mempool_init(&m, 64, 64 * 1024, &a));
    struct pending p = { .valid_until_ms = 1000 };
    for (uint32_t i = 0; i < 64; i++) {
        author[i % 8].b[0] = (uint8_t)(i % 8 + 1);
        p.author = author[i % 8];
        p.id.b[0] = (uint8_t)(i + 1);
        CHECK_OK(mempool_add(&m, p, bytes_of_str("a transaction")));
    }
    struct hash newcomer = { { 99 } };
    CHECK(!mempool_may_take(&m, &author[3], 13, 1));
    CHECK(!mempool_make_room(&m, &author[3], 13));
    CHECK_EQ(m.count, 64);
    CHECK(mempool_may_take(&m, &newcomer, 13, 1));
    CHECK(mempool_make_room(&m, &newcomer, 13));
    CHECK(m.count < 64);
    CHECK(mempool_may_take(&m, &author[3], 13, 1));
    CHECK(mempool_may_take(&m, &author[3], 13, 1000));
}

TEST(a_proposer_puts_no_more_into_a_block_than_it_wants_to)
{
    uint32_t count;
    given_a_ledger();
    for (uint32_t i = 0; i < 9; i++) {
        CHECK_OK(submit(put(i % 4, "x", "1")));
    }
    ledger_build_at_most(f->ledger, 4);
    CHECK_OK(build());
    receipts(&count);
    CHECK_EQ(count, 4);
    commit();
    ledger_build_at_most(f->ledger, 0); /* as much as genesis allows */
    CHECK_OK(build());
    receipts(&count);
    CHECK_EQ(count, 5);
    fixture_close(f);
}

TEST(who_leaves_the_pool_leaves_a_gap_in_its_order)
{
    given_a_ledger();
    struct bytes tx[3] = { put(0, "a", "1"), put(1, "b", "1"), put(2, "c", "1") };
    for (size_t i = 0; i < COUNT(tx); i++) {
        CHECK_OK(submit(tx[i]));
    }
    struct mempool *m = &f->ledger->mempool;
    mempool_remove(m, &m->entry[1].id);
    CHECK_EQ(ledger_pending(f->ledger), 2);
    CHECK_BYTES(ledger_pending_at(f->ledger, 0), tx[0]);
    CHECK(ledger_pending_at(f->ledger, 1).ptr != NULL && ledger_pending_at(f->ledger, 1).len == 0);
    CHECK_BYTES(ledger_pending_at(f->ledger, 2), tx[2]);
    CHECK(ledger_pending_at(f->ledger, 3).ptr == NULL);
    mempool_remove(m, &m->entry[0].id);
    CHECK_BYTES(ledger_pending_at(f->ledger, 0), tx[2]); /* the oldest is always the first */
    fixture_close(f);
}
