#include <stdlib.h>
#include <string.h>

#include "node/verify_internal.h"
#include "tests/test.h"

enum { MANY = 3 * VERIFY_PIECE + 7 };

static uv_loop_t loop;
static struct verify_pool *pool;
static struct ledger_signature question[MANY];
static char told[4096];
static uint32_t told_good, told_count;

static void done(void *user, uint32_t peer, struct bytes message, const struct ledger_signature *x,
                 const bool *good, uint32_t count)
{
    size_t used = strlen(told);
    CHECK(user == told);
    told_good = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number;
        memcpy(&number, x[i].message.b, sizeof number);
        CHECK(number < MANY && memcmp(&x[i], &question[number], sizeof *x) == 0);
        told_good += good[i] ? 1 : 0;
    }
    told_count++;
    snprintf(told + used, sizeof told - used, "%u:%.*s %u/%u;", peer, (int)message.len,
             (const char *)message.ptr, told_good, count);
}

static void given_a_pool(void)
{
    struct verify_config c = { &loop, suite_intl(), told, done };
    told[0] = '\0';
    told_count = 0;
    CHECK(uv_loop_init(&loop) == 0);
    CHECK_OK(verify_open(&c, &pool));
    for (uint32_t i = 0; i < MANY; i++) {
        uint8_t seed[SUITE_SECRET_SIZE] = { (uint8_t)(i % 5) };
        struct ledger_signature *q = &question[i];
        memset(q, 0, sizeof *q);
        memcpy(q->message.b, &i, sizeof i);
        q->public_size = suite_intl()->public_size;
        q->signature_size = suite_intl()->signature_size;
        suite_intl()->public_of(NULL, seed, q->public_key);
        suite_intl()->sign(NULL, seed, bytes_of_hash(&q->message), q->signature);
    }
}

static void close_pool(void)
{
    verify_close(pool);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop) == 0);
}

TEST(a_message_comes_back_with_the_verdict_of_each_signature)
{
    given_a_pool();
    question[1].signature[3] ^= 1;
    question[MANY - 1].message.b[31] ^= 1;
    char text[] = "first";
    CHECK_OK(verify_start(pool, VERIFY_TXS, 3, bytes_of_str(text), question, MANY));
    memset(text, 'x', 5);    /* it is a copy that comes back */
    CHECK_EQ(told_count, 0); /* never from within */
    CHECK_EQ(verify_status(pool).messages, 1);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    char want[64];
    snprintf(want, sizeof want, "3:first %u/%u;", (unsigned)MANY - 2, (unsigned)MANY);
    CHECK_STR(told, want);
    CHECK_EQ(verify_status(pool).messages, 0);
    CHECK_EQ(verify_status(pool).signatures, MANY);
    close_pool();
}

TEST(bytes_with_the_workers_are_bounded)
{
    given_a_pool();
    size_t room = VERIFY_BYTES_MAX - sizeof question[0];
    uint8_t *big = calloc(1, room + 1);
    CHECK(big != NULL);
    CHECK_ERR(verify_start(pool, VERIFY_TXS, 1, bytes_of(big, room + 1), question, 1), ERR_BUSY);
    CHECK_OK(verify_start(pool, VERIFY_TXS, 1, bytes_of(big, room), question, 1));
    CHECK_ERR(verify_start(pool, VERIFY_TXS, 1, bytes_of(big, 0), question, 1), ERR_BUSY);
    free(big);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(told_count, 1);
    close_pool();
}

TEST(a_pool_closed_with_messages_under_way_tells_nothing_more)
{
    given_a_pool();
    for (uint32_t i = 0; i < 8; i++) {
        CHECK_OK(verify_start(pool, VERIFY_TXS, i, bytes_of_str("m"), question, MANY));
    }
    close_pool();
    CHECK_EQ(told_count, 0);
}

TEST(the_loop_turns_while_workers_verify)
{
    given_a_pool();
    uint32_t turns = 0;
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_OK(verify_start(pool, VERIFY_TXS, i, bytes_of_str("m"), question, MANY));
    }
    while (told_count < 4) {
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        turns++;
    }
    CHECK(turns > 4);
    close_pool();
}

/* A block comes while the workers still have its transactions: nothing is verified twice, and it is
 * told after them, when they are vouched for. */
TEST(a_question_that_is_under_way_is_waited_for_and_not_asked_again)
{
    given_a_pool();
    CHECK_OK(verify_start(pool, VERIFY_TXS, 1, bytes_of_str("txs"), question, 30));
    CHECK_OK(verify_start(pool, VERIFY_TXS, 2, bytes_of_str("block"), question + 10, 30));
    CHECK_OK(verify_start(pool, VERIFY_TXS, 3, bytes_of_str("again"), question, 40));
    CHECK_EQ(verify_status(pool).messages, 3);
    CHECK_EQ(verify_status(pool).shared, 60);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_STR(told, "1:txs 30/30;2:block 10/10;3:again 0/0;");
    CHECK_EQ(verify_status(pool).signatures, 40);
    CHECK_OK(verify_start(pool, VERIFY_TXS, 4, bytes_of_str("late"), question,
                          5)); /* nobody asks any more */
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(verify_status(pool).signatures, 45);
    close_pool();
}

TEST(a_pool_is_closed_while_messages_wait_for_one_another)
{
    given_a_pool();
    CHECK_OK(verify_start(pool, VERIFY_TXS, 1, bytes_of_str("a"), question, 20));
    CHECK_OK(verify_start(pool, VERIFY_TXS, 2, bytes_of_str("b"), question + 20, 20));
    CHECK_OK(verify_start(pool, VERIFY_TXS, 3, bytes_of_str("c"), question + 15, 10));
    CHECK_OK(verify_start(pool, VERIFY_TXS, 4, bytes_of_str("d"), question + 16, 1));
    CHECK_EQ(verify_status(pool).shared, 11);
    close_pool();
    CHECK_EQ(told_count, 0);
}

/* Slots that many questions fall into forget some of them, which are verified again: all is told.
 */
TEST(what_is_forgotten_under_way_is_verified_again)
{
    given_a_pool();
    for (uint32_t i = 0; i < 5; i++) {
        CHECK_OK(verify_start(pool, VERIFY_TXS, i, bytes_of_str("m"), question, MANY));
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(told_count, 5);
    CHECK(verify_status(pool).signatures >= MANY);
    CHECK_EQ(verify_status(pool).signatures + verify_status(pool).shared, 5 * MANY);
    close_pool();
}

/* Another signature over the same message, another key: another question. */
TEST(what_differs_in_one_byte_is_another_question)
{
    given_a_pool();
    struct ledger_signature x[3] = { question[0], question[0], question[0] };
    x[0].signature[63] ^= 1;
    x[1].public_key[0] ^= 1;
    x[2].message.b[31] ^= 1;
    CHECK_OK(verify_start(pool, VERIFY_TXS, 1, bytes_of_str("a"), question, 1));
    for (size_t i = 0; i < COUNT(x); i++) {
        CHECK_OK(verify_start(pool, VERIFY_TXS, 2, bytes_of_str("b"), &x[i], 1));
    }
    CHECK_EQ(verify_status(pool).shared, 0);
    close_pool();
    CHECK_EQ(told_count, 0);
}

TEST(full_is_an_answer_and_there_is_room_again_afterwards)
{
    given_a_pool();
    uint32_t txs = VERIFY_MESSAGES_MAX - VERIFY_BLOCKS_ROOM;
    for (uint32_t i = 0; i < txs; i++) {
        CHECK_OK(verify_start(pool, VERIFY_TXS, i, bytes_of_str("m"), question, 1));
    }
    CHECK_ERR(verify_start(pool, VERIFY_TXS, 99, bytes_of_str("m"), question, 1), ERR_BUSY);
    for (uint32_t i = 0; i < VERIFY_BLOCKS_ROOM; i++) {
        CHECK_OK(verify_start(pool, VERIFY_BLOCK, i, bytes_of_str("b"), question, 1));
    }
    CHECK_ERR(verify_start(pool, VERIFY_BLOCK, 99, bytes_of_str("b"), question, 1), ERR_BUSY);
    CHECK_EQ(verify_status(pool).busy, 2);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(told_count, VERIFY_MESSAGES_MAX);
    CHECK_OK(verify_start(pool, VERIFY_TXS, 99, bytes_of_str("m"), question, 1));
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(told_count, VERIFY_MESSAGES_MAX + 1);
    close_pool();
}
