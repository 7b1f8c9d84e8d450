/* Quotes: what one must be to be taken, that it is used once, and how used ones are forgotten. */
#include "tests/fixtures/quote_fixture.h"

/* One thing wrong with a quote at a time, and what the ledger says of it. */
struct flaw {
    const char *what;
    void (*spoil)(struct lab *l, struct money_quote *q, struct money_lock *x);
    enum receipt_status status;
};
static void other_space(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    (void)l, (void)x;
    q->space.b[31] ^= 1;
}
static void other_money(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    (void)l, (void)x;
    q->from = USD;
}
static void same_money(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    (void)l, (void)x;
    q->to = EUR;
}
static void unknown_money(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    (void)l, (void)x;
    q->to = CURRENCIES;
}
static void no_rate(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    (void)l, (void)x;
    q->num = 0;
}
static void endless_rate(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    (void)l, (void)x;
    q->den = 0;
}
static void worth_nothing(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    (void)l, (void)x;
    q->num = 1;
    q->den = 640; /* 320 units are half a unit: half-even gives none */
}
static void worth_too_much(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    struct amount most = amount_zero(EUR);
    (void)l;
    memset(most.value, 0xff, sizeof most.value);
    most.value[0] = 0x00; /* 2^120 - 1 */
    q->num = UINT64_MAX;
    q->den = 1;
    memcpy(q->max, most.value, sizeof q->max);
    x->amount = most;
    ASSERT(LAB(l, BANK, METHOD_MONEY_ISSUE, money_issue, l->did[HOLDER], most) == RECEIPT_OK);
}
static void above_max(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    struct amount max = amount_from_i64(EUR, 319);
    (void)l, (void)x;
    memcpy(q->max, max.value, sizeof q->max);
}
static void negative_max(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    struct amount max = amount_from_i64(EUR, -1);
    (void)l, (void)x;
    memcpy(q->max, max.value, sizeof q->max);
}
static void of_the_payer(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    (void)x;
    q->oracle = l->did[HOLDER];
}
static void of_the_payee(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    (void)x;
    q->oracle = l->did[OWNER];
}
static void of_nobody(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    (void)l, (void)x;
    q->oracle = lab_id(0x77);
}
static void of_no_oracle(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    (void)x;
    q->oracle = l->did[OTHER];
}
static void of_the_other_oracle(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    (void)x;
    q->oracle = l->did[ADMIN];
}
static void unknown_key(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    (void)l, (void)x;
    q->key = 2;
}
static void expired(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    (void)x;
    q->until_ms = l->now_ms;
}
static void valid_too_long(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    (void)x;
    q->until_ms = l->now_ms + CONTRACT_QUOTE_HOURS_MAX * HOUR_MS + 1;
}
static void held_too_long(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    (void)l;
    q->hold_until_ms = x->until_ms - 1;
}
static void dear(struct lab *l, struct money_quote *q, struct money_lock *x)
{
    (void)l, (void)x;
    q->num = 126;
}

static const struct flaw FLAWS[] = {
    { "another space", other_space, RECEIPT_ARGS },
    { "another currency to pay in", other_money, RECEIPT_ARGS },
    { "one currency", same_money, RECEIPT_ARGS },
    { "an unknown currency", unknown_money, RECEIPT_ARGS },
    { "a rate of zero", no_rate, RECEIPT_ARGS },
    { "a rate over zero", endless_rate, RECEIPT_ARGS },
    { "a result of zero", worth_nothing, RECEIPT_ARGS },
    { "a result beyond 128 bits", worth_too_much, RECEIPT_ARGS },
    { "more than the maximum", above_max, RECEIPT_ARGS },
    { "a maximum below zero", negative_max, RECEIPT_ARGS },
    { "the payer's own quote", of_the_payer, RECEIPT_ARGS },
    { "the payee's own quote", of_the_payee, RECEIPT_ARGS },
    { "an oracle nobody knows", of_nobody, RECEIPT_NOT_FOUND },
    { "a member without the role", of_no_oracle, RECEIPT_FORBIDDEN },
    { "signed by another oracle", of_the_other_oracle, RECEIPT_FORBIDDEN },
    { "a key the oracle lacks", unknown_key, RECEIPT_FORBIDDEN },
    { "expired", expired, RECEIPT_EXPIRED },
    { "valid for more than a day", valid_too_long, RECEIPT_ARGS },
    { "held longer than it says", held_too_long, RECEIPT_ARGS },
    { "more than the oracle has", dear, RECEIPT_FUNDS },
};

TEST(formats_20_a_quote_is_refused_for_each_thing_that_is_wrong_with_it_and_moves_nothing)
{
    struct hash token;
    struct lab *l = quote_lab(&token);
    quote_issue(l, HOLDER, EUR, 320);
    quote_issue(l, BANK, CNY, 2500);
    for (size_t i = 0; i < COUNT(FLAWS); i++) {
        struct money_quote q = quote_of(l);
        struct money_lock x = quote_lock(l, &token, 320);
        struct state_savepoint before = state_save(l->state);
        FLAWS[i].spoil(l, &q, &x);
        quote_sign(l, &q, BANK, &x);
        enum receipt_status got = quote_send(l, HOLDER, &x);
        if (got != FLAWS[i].status) {
            printf("# %s: %s\n", FLAWS[i].what, receipt_name(got));
        }
        CHECK_EQ(got, FLAWS[i].status);
        state_rollback(l->state, before);
        CHECK_EQ(quote_held(l, HOLDER, EUR), 320);
        CHECK_EQ(quote_held(l, BANK, CNY), 2500);
        lab_clear(l);
    }
    /* The rig itself: with nothing wrong it is taken. */
    struct money_quote q = quote_of(l);
    CHECK_EQ(quote_exchange(l, &token, 320, &q), RECEIPT_OK);
    lab_close(l);
}

TEST(formats_20_a_quote_that_is_altered_half_given_or_not_canonical_is_refused)
{
    struct hash token;
    struct lab *l = quote_lab(&token);
    struct money_quote q = quote_of(l);
    struct money_lock x = quote_lock(l, &token, 320), y;
    quote_issue(l, HOLDER, EUR, 320);
    quote_issue(l, BANK, CNY, 2500);
    quote_sign(l, &q, BANK, &x);
    for (size_t i = 0; i < x.signature.len * 8; i += 37) {
        uint8_t *bits = (uint8_t *)(uintptr_t)x.signature.ptr;
        bits[i / 8] ^= (uint8_t)(1u << i % 8);
        CHECK_EQ(quote_send(l, HOLDER, &x), RECEIPT_FORBIDDEN);
        bits[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    y = x;
    y.signature.len--;
    CHECK_EQ(quote_send(l, HOLDER, &y), RECEIPT_FORBIDDEN);
    y = x;
    y.signature.len = 0;
    CHECK_EQ(quote_send(l, HOLDER, &y), RECEIPT_FORBIDDEN);
    y = x;
    y.quote.len = 0;
    CHECK_EQ(quote_send(l, HOLDER, &y), RECEIPT_ARGS);
    for (size_t len = 1; len < x.quote.len; len++) {
        y = x;
        y.quote.len = len;
        CHECK_EQ(quote_send(l, HOLDER, &y), RECEIPT_ARGS);
    }
    lab_clear(l);
    CHECK_EQ(quote_send(l, HOLDER, &x), RECEIPT_OK);
    lab_close(l);
}

TEST(formats_20_a_quote_holds_to_the_last_millisecond_and_unit)
{
    struct hash token;
    struct lab *l = quote_lab(&token);
    quote_issue(l, HOLDER, EUR, 10000);
    quote_issue(l, BANK, CNY, 100000);
    struct money_quote q = quote_of(l);
    q.until_ms = l->now_ms + 1;
    CHECK_EQ(quote_exchange(l, &token, 1000, &q), RECEIPT_OK);
    CHECK_EQ(quote_held(l, BANK, CNY), 100000 - 7812); /* 7812.5: to even */
    q = quote_of(l);
    q.until_ms = l->now_ms + CONTRACT_QUOTE_HOURS_MAX * HOUR_MS;
    CHECK_EQ(quote_exchange(l, &token, 1000, &q), RECEIPT_OK);
    q = quote_of(l);
    CHECK_EQ(quote_exchange(l, &token, 1001, &q), RECEIPT_ARGS);
    q.hold_until_ms = l->now_ms + 1000;
    CHECK_EQ(quote_exchange(l, &token, 1000, &q), RECEIPT_OK);
    CHECK_OK(lab_conserved(l));
    lab_close(l);
}

/* The remainder is the oracle's: it pays the rounded amount, up or down, and nobody else does. */
TEST(formats_20_rounding_is_half_even_once)
{
    static const struct {
        int64_t units, num, den, want;
    } ROWS[] = { { 1, 3, 2, 2 },    { 3, 1, 2, 2 }, { 5, 1, 2, 2 },
                 { 7, 1, 2, 4 },    { 2, 1, 3, 1 }, { 100, 1, 3, 33 },
                 { 200, 1, 3, 67 }, { 1, 2, 3, 1 }, { 999, 125, 16, 7805 } };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct hash token;
        struct lab *l = quote_lab(&token);
        quote_issue(l, HOLDER, EUR, 1000);
        quote_issue(l, BANK, CNY, 10000);
        struct money_quote q = quote_of(l);
        q.num = (uint64_t)ROWS[i].num;
        q.den = (uint64_t)ROWS[i].den;
        CHECK_EQ(quote_exchange(l, &token, ROWS[i].units, &q), RECEIPT_OK);
        CHECK_EQ(10000 - quote_held(l, BANK, CNY), ROWS[i].want);
        lab_close(l);
    }
}

TEST(formats_20_a_quote_is_used_once_even_in_one_block)
{
    struct hash token;
    struct lab *l = quote_lab(&token);
    struct money_quote q = quote_of(l), same_serial = quote_of(l), of_admin = quote_of(l);
    quote_issue(l, HOLDER, EUR, 1000);
    CHECK_EQ(quote_exchange(l, &token, 100, &q), RECEIPT_FUNDS);
    quote_issue(l, BANK, CNY, 100000);
    /* What was refused did not use it up. */
    CHECK_EQ(quote_exchange(l, &token, 100, &q), RECEIPT_OK);
    CHECK_EQ(quote_exchange(l, &token, 100, &q), RECEIPT_EXHAUSTED);
    /* Two offers under one serial: one of them. */
    same_serial.num++;
    memcpy(same_serial.serial, q.serial, sizeof q.serial);
    CHECK_EQ(quote_exchange(l, &token, 100, &same_serial), RECEIPT_EXHAUSTED);
    /* The serial of one oracle is not another's. */
    quote_issue(l, ADMIN, CNY, 1000);
    of_admin.oracle = l->did[ADMIN];
    memcpy(of_admin.serial, q.serial, sizeof q.serial);
    struct money_lock x = quote_lock(l, &token, 100);
    quote_sign(l, &of_admin, ADMIN, &x);
    CHECK_EQ(quote_send(l, HOLDER, &x), RECEIPT_OK);
    /* Refunded, it stays used; expired, it stays refused. */
    l->now_ms = q.until_ms - 1;
    CHECK_EQ(quote_exchange(l, &token, 100, &q), RECEIPT_EXHAUSTED);
    l->now_ms++;
    CHECK_EQ(quote_exchange(l, &token, 100, &q), RECEIPT_EXPIRED);
    CHECK_OK(lab_conserved(l));
    lab_close(l);
}

/* State is bounded without a sweep: a slot whose quote has expired is the next one's. */
TEST(formats_21_used_quotes_of_an_oracle_stand_in_a_ring_that_forgets_the_expired)
{
    struct hash token;
    struct lab *l = quote_lab(&token);
    struct money_quote first = quote_of(l), q;
    struct hash id;
    quote_issue(l, HOLDER, EUR, 5000);
    quote_issue(l, BANK, CNY, 50000);
    contract_quote_id(l->suite, &first, &id);
    CHECK_EQ(quote_exchange(l, &token, 1, &first), RECEIPT_OK);
    for (uint32_t i = 1; i < CONTRACT_QUOTES_MAX; i++) {
        size_t mark = arena_mark(&l->arena);
        q = quote_of(l);
        q.until_ms++;
        CHECK_EQ(quote_exchange(l, &token, 1, &q), RECEIPT_OK);
        arena_release(&l->arena, mark);
        lab_clear(l);
    }
    q = quote_of(l);
    CHECK_EQ(quote_exchange(l, &token, 1, &q), RECEIPT_LIMIT);
    l->now_ms = first.until_ms - 1;
    CHECK_EQ(quote_exchange(l, &token, 1, &q), RECEIPT_LIMIT);
    CHECK(lab_get(l, contract_key_quote(&id)).len > 0);
    l->now_ms = first.until_ms;
    q = quote_of(l);
    CHECK_EQ(quote_exchange(l, &token, 1, &q), RECEIPT_OK);
    CHECK_EQ(lab_get(l, contract_key_quote(&id)).len, 0);
    /* The second expires a millisecond later. */
    q = quote_of(l);
    CHECK_EQ(quote_exchange(l, &token, 1, &q), RECEIPT_LIMIT);
    l->now_ms++;
    CHECK_EQ(quote_exchange(l, &token, 1, &q), RECEIPT_OK);
    CHECK_OK(lab_conserved(l));
    lab_close(l);
}
