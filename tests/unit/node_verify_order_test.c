#include <stdlib.h>
#include <string.h>

#include "node/verify_internal.h"
#include "tests/test.h"

/* One worker, so that the order in which messages are told is the order in which they went. */

enum { MANY = 720 };

static uv_loop_t loop;
static struct verify_pool *pool;
static struct ledger_signature question[MANY];
static char told[256];

static void done(void *user, uint32_t peer, struct bytes message, const struct ledger_signature *x,
                 const bool *good, uint32_t count)
{
    size_t used = strlen(told);
    (void)user, (void)peer, (void)x, (void)good, (void)count;
    snprintf(told + used, sizeof told - used, "%.*s ", (int)message.len, (const char *)message.ptr);
}

static void given_a_pool(void)
{
    struct verify_config c = { &loop, suite_intl(), NULL, done };
    CHECK(setenv("UV_THREADPOOL_SIZE", "1", 1) == 0);
    told[0] = '\0';
    CHECK(uv_loop_init(&loop) == 0);
    CHECK_OK(verify_open(&c, &pool));
    for (uint32_t i = 0; i < MANY; i++) { /* whether they are good is another test's affair */
        struct ledger_signature *q = &question[i];
        memset(q, 0, sizeof *q);
        memcpy(q->message.b, &i, sizeof i);
        q->public_size = suite_intl()->public_size;
        q->signature_size = suite_intl()->signature_size;
    }
}

static void give(enum verify_order order, const char *name, uint32_t from, uint32_t count)
{
    CHECK_OK(verify_start(pool, order, 0, bytes_of_str(name), question + from, count));
}

static void then_told(const char *want)
{
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_STR(told, want);
    verify_close(pool);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop) == 0);
}

/* As many as libuv is given at one time: nothing overtakes these. */
static void given_busy_workers(void)
{
    _Static_assert(VERIFY_PIECES_OUT == 4, "four names");
    static const char *const NAME[] = { "p", "q", "r", "s" };
    for (uint32_t i = 0; i < COUNT(NAME); i++) {
        give(VERIFY_TXS, NAME[i], i, 1);
    }
}

TEST(a_block_overtakes_transactions_that_wait)
{
    given_a_pool();
    given_busy_workers();
    give(VERIFY_TXS, "t", 10, 5);
    give(VERIFY_TXS, "u", 20, 5);
    give(VERIFY_BLOCK, "block", 30, 5);
    give(VERIFY_BLOCK, "next", 40, 5);
    then_told("p q r s block next t u ");
}

TEST(what_a_block_waits_for_goes_before_it)
{
    given_a_pool();
    given_busy_workers();
    give(VERIFY_TXS, "t", 10, 5);
    give(VERIFY_TXS, "u", 20, 5);
    give(VERIFY_BLOCK, "block", 24, 5); /* its first question is u's last */
    then_told("p q r s u block t ");
}

TEST(and_what_that_waits_for_before_both)
{
    given_a_pool();
    given_busy_workers();
    give(VERIFY_TXS, "t", 10, 5);
    give(VERIFY_TXS, "u", 20, 5);
    give(VERIFY_TXS, "v", 30, 5);
    give(VERIFY_TXS, "w", 34, 3);       /* 34 is v's */
    give(VERIFY_BLOCK, "block", 36, 2); /* 36 is w's */
    then_told("p q r s v w block t u ");
}

TEST(all_pieces_of_a_message_go_before_it_is_told)
{
    given_a_pool();
    given_busy_workers();
    give(VERIFY_TXS, "t", 10, 5);
    give(VERIFY_TXS, "long", 20, VERIFY_PIECE + 9);
    give(VERIFY_BLOCK, "block", 20 + VERIFY_PIECE + 8, 1); /* nothing of its own */
    then_told("p q r s long block t ");
}

TEST(transactions_that_wait_are_bounded_and_leave_room_for_blocks)
{
    given_a_pool();
    uint32_t given = 0;
    for (uint8_t i = 1; !verify_full(pool, VERIFY_TXS); i++) {
        for (uint32_t q = 0; q < 700; q++) {
            question[q].message.b[20] = i; /* nobody asked this before */
        }
        give(VERIFY_TXS, "t", 0, 700);
        given += 700;
    }
    CHECK(given >= VERIFY_TXS_WAITING && given < VERIFY_TXS_WAITING + 700);
    CHECK_EQ(verify_status(pool).txs_waiting, given);
    CHECK_ERR(verify_start(pool, VERIFY_TXS, 1, bytes_of_str("t"), question, 1), ERR_BUSY);
    give(VERIFY_BLOCK, "block", 701, 5);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(verify_status(pool).txs_waiting, 0);
    give(VERIFY_TXS, "after", 0, 1);
    then_told("t block t t t t t after ");
}
