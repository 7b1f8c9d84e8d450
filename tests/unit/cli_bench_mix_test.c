#include <stdlib.h>

#include "cli/bench_cluster_internal.h"
#include "tests/test.h"

/* What the floods of a measured cluster consist of, and how their receipts are told apart. */

enum { PEOPLE = 1000 };

/* Tokens among the first `count` of a lane's transactions. */
static uint32_t tokens_of(const struct bench_offer *o, uint32_t count)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        enum bench_kind kind = bench_kind_of(o, i * o->lanes + o->number);
        found += kind == BENCH_MINT ? 1 : 0;
    }
    return found;
}

TEST(of_a_hundred_payments_as_many_are_tokens_as_are_asked_for_in_every_lane)
{
    static const uint32_t SHARES[] = { 1, 25, 50, 99 };
    for (size_t i = 0; i < COUNT(SHARES); i++) {
        for (uint32_t lanes = 1; lanes <= BENCH_LANES_MAX; lanes++) {
            for (uint32_t lane = 0; lane < lanes; lane++) {
                struct bench_offer o = {
                    .kind = BENCH_PAY, .tokens = SHARES[i], .number = lane, .lanes = lanes
                };
                uint32_t found = tokens_of(&o, 20000), wanted = 200 * SHARES[i];
                CHECK(found + 20 > wanted && found < wanted + 20);
            }
        }
    }
}

TEST(none_and_all_of_them_are_exact)
{
    struct bench_offer o = { .kind = BENCH_PAY, .lanes = 1 };
    CHECK_EQ(tokens_of(&o, 100000), 0);
    o.tokens = 100;
    CHECK_EQ(tokens_of(&o, 100000), 100000);
}

TEST(state_and_issues_are_what_they_are)
{
    struct bench_offer o = { .kind = BENCH_ANCHOR, .tokens = 100, .lanes = 1 };
    CHECK_EQ(tokens_of(&o, 1000), 0);
    o.kind = BENCH_ISSUE;
    CHECK_EQ(tokens_of(&o, 1000), 0);
}

TEST(every_participant_sends_both)
{
    struct bench_offer o = { .kind = BENCH_PAY, .tokens = CLUSTER_TOKENS, .lanes = 1 };
    for (uint32_t who = 0; who < PEOPLE; who++) {
        uint32_t found = 0;
        for (uint32_t key = 0; key < BENCH_CROWD_KEYS; key++) {
            found += bench_kind_of(&o, key * PEOPLE + who) == BENCH_MINT ? 1 : 0;
        }
        CHECK(found > 15 && found < 35);
    }
}

static void sent(struct bench_lane *l, uint64_t due_ns, uint64_t proven_ns, bool failed, bool token,
                 uint16_t size)
{
    struct bench_sent *x = &l->record[l->sent];
    x->due_ns = due_ns;
    x->proven_ns = proven_ns;
    x->failed = failed;
    x->token = token;
    x->size = size;
    l->sent++;
}

TEST(a_receipt_of_a_failure_is_neither_a_payment_nor_a_token_nor_lost)
{
    static const uint64_t SECOND = 1000000000;
    const uint32_t from[] = { 1, 0 };
    struct phase p = { 0 };
    struct bench_floor *f = calloc(1, sizeof *f);
    CHECK(f != NULL);
    struct cluster k = { .lanes = 2, .floor = f, .lane = f->lane };
    sent(&f->lane[0], SECOND, 2 * SECOND, false, true, 1000); /* of the phase before */
    sent(&f->lane[0], 10 * SECOND, 11 * SECOND, false, false, 220);
    sent(&f->lane[0], 9 * SECOND, 30 * SECOND, true, true, 380);
    sent(&f->lane[0], 9 * SECOND, 31 * SECOND, true, false, 220);
    sent(&f->lane[1], 11 * SECOND, 12 * SECOND, false, false, 230);
    sent(&f->lane[1], 11 * SECOND, 14 * SECOND, false, true, 380);
    sent(&f->lane[1], 11 * SECOND, 0, false, true, 380); /* no receipt */
    cluster_tally(&k, from, &p);
    CHECK_EQ((int64_t)p.offered, 6);
    CHECK_EQ((int64_t)p.proven, 3);
    CHECK_EQ((int64_t)p.money.proven, 2);
    CHECK_EQ((int64_t)p.money.bytes, 450);
    CHECK_EQ((int64_t)p.token.proven, 1);
    CHECK_EQ((int64_t)p.token.bytes, 380);
    CHECK_EQ((int64_t)p.failed, 2);
    CHECK_EQ((int64_t)p.seconds, 4); /* those that succeeded: from 10 to 14 */
    free(f);
}

static enum err checked(const char *const *words)
{
    struct cli c = { .dir = "." };
    for (; *words != NULL; words += 2) {
        c.option[c.option_count].name = words[0];
        c.option[c.option_count++].value = words[1];
    }
    c.answer = json_new_object();
    enum err e = bench_cluster_check(&c);
    json_free(c.answer);
    return e;
}
#define CHECKED(...) checked((const char *const[]){ __VA_ARGS__, NULL })

TEST(tokens_are_a_share_of_a_hundred)
{
    CHECK_OK(CHECKED("--tokens", "0"));
    CHECK_OK(CHECKED("--tokens", "100"));
    CHECK_ERR(CHECKED("--tokens", "101"), ERR_USAGE);
    CHECK_ERR(CHECKED("--tokens", "-1"), ERR_USAGE);
    CHECK_ERR(CHECKED("--tokens", "all"), ERR_USAGE);
}

TEST(suite_gm_has_no_tokens)
{
    CHECK_OK(CHECKED("--suite", "gm"));
    CHECK_OK(CHECKED("--suite", "gm", "--tokens", "0"));
    CHECK_ERR(CHECKED("--suite", "gm", "--tokens", "1"), ERR_USAGE);
    CHECK_OK(CHECKED("--suite", "intl", "--tokens", "1"));
}

TEST(records_of_tokens_that_a_state_cannot_hold_are_refused_before_anything_is_made)
{
    /* 19,231 in the flood, as many over the slower disk, 60 % between: 50,000 of two records. */
    CHECK_OK(CHECKED("--state", "1900000", "--tokens", "100", "--rate", "19231", "--seconds", "1"));
    CHECK_ERR(CHECKED("--state", "1900000", "--tokens", "100", "--rate", "19232", "--seconds", "1"),
              ERR_USAGE);
    CHECK_OK(CHECKED("--state", "1900000", "--tokens", "0", "--rate", "19232", "--seconds", "1"));
    CHECK_OK(CHECKED("--state", "1000000", "--rate", "8000", "--seconds", "60"));
}
