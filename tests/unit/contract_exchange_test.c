/* Locks in two currencies: who gets which leg and when, and that value is conserved in both. */
#include <stdlib.h>

#include "tests/fixtures/quote_fixture.h"

/* An open lock of 320 cents for 2500 fen, bound to a right whose key the holder has acknowledged.
 */
static struct hash delivered(struct lab *l, const struct hash *token)
{
    struct money_quote q = quote_of(l);
    struct right_grant g = lab_grant_args(l, token);
    ASSERT(quote_issue(l, HOLDER, EUR, 320) == RECEIPT_OK &&
           quote_issue(l, BANK, CNY, 2500) == RECEIPT_OK);
    ASSERT(quote_exchange(l, token, 320, &q) == RECEIPT_OK);
    struct hash lock = quote_lock_id(l);
    g.lock = lock;
    ASSERT(lab_grant(l, &g) == RECEIPT_OK);
    struct hash grant = l->tx.id;
    ASSERT(LAB(l, HOLDER, METHOD_ATTACHMENT_ACK, attachment_ack, 1, { { grant, 0 } }) ==
           RECEIPT_OK);
    lab_clear(l);
    return lock;
}

static struct money_moved last_move(struct lab *l)
{
    struct money_moved m;
    ASSERT(l->event_count == 1 && l->event[0].contract == CONTRACT_MONEY);
    ASSERT(money_moved_decode(l->event[0].body, &l->arena, &m) == ERR_NONE);
    return m;
}

TEST(formats_20_a_settlement_pays_both_legs_in_one_transaction)
{
    struct hash token;
    struct lab *l = quote_lab(&token);
    struct hash lock = delivered(l, &token);
    CHECK_EQ(quote_held(l, HOLDER, EUR), 0);
    CHECK_EQ(quote_held(l, BANK, CNY), 0);
    CHECK_OK(lab_conserved(l));
    LAB(l, OWNER, METHOD_MONEY_SETTLE, money_settle, lock);
    LAB_EXPECT(l, "owner money.settle -> ok; money.settled\n");
    CHECK_EQ(quote_held(l, OWNER, CNY), 2500);
    CHECK_EQ(quote_held(l, OWNER, EUR), 0);
    CHECK_EQ(quote_held(l, BANK, EUR), 320);
    CHECK_EQ(quote_held(l, BANK, CNY), 0);
    CHECK_OK(lab_conserved(l));
    lab_close(l);
}

TEST(formats_20_a_refund_returns_both_legs_from_the_deadline_on)
{
    struct hash token;
    struct lab *l = quote_lab(&token);
    struct hash lock = delivered(l, &token);
    l->now_ms += 999;
    LAB(l, OTHER, METHOD_MONEY_REFUND, money_refund, lock);
    l->now_ms++;
    LAB(l, OWNER, METHOD_MONEY_SETTLE, money_settle, lock);
    LAB(l, OTHER, METHOD_MONEY_REFUND, money_refund, lock);
    LAB_EXPECT(l, "other money.refund -> too_early\n"
                  "owner money.settle -> expired\n"
                  "other money.refund -> ok; money.refunded\n");
    CHECK_EQ(quote_held(l, HOLDER, EUR), 320);
    CHECK_EQ(quote_held(l, BANK, CNY), 2500);
    CHECK_EQ(quote_held(l, OWNER, CNY) + quote_held(l, BANK, EUR), 0);
    CHECK_OK(lab_conserved(l));
    lab_close(l);
}

TEST(formats_20_every_event_of_a_lock_names_both_legs_the_rate_and_the_remainders_owner)
{
    struct hash token;
    struct lab *l = quote_lab(&token);
    struct money_quote q = quote_of(l);
    struct money_exchange x;
    struct hash id;
    quote_issue(l, HOLDER, EUR, 320);
    quote_issue(l, BANK, CNY, 2500);
    CHECK_EQ(quote_exchange(l, &token, 320, &q), RECEIPT_OK);
    struct money_moved locked = last_move(l);
    struct amount legs[] = { amount_from_i64(EUR, 320), amount_from_i64(CNY, 2500) };
    contract_quote_id(l->suite, &q, &id);
    CHECK_OK(money_exchange_decode(locked.exchange, &l->arena, &x));
    CHECK(memcmp(&locked.amount, &legs[0], sizeof legs[0]) == 0);
    CHECK(memcmp(&x.amount, &legs[1], sizeof legs[1]) == 0);
    CHECK(hash_equal(&x.oracle, &l->did[BANK]) && hash_equal(&x.quote, &id));
    CHECK_EQ(x.num, 125);
    CHECK_EQ(x.den, 16);
    struct hash lock = quote_lock_id(l);
    l->now_ms += 1000;
    CHECK_EQ(LAB(l, OTHER, METHOD_MONEY_REFUND, money_refund, lock), RECEIPT_OK);
    struct money_moved refunded = last_move(l);
    CHECK_BYTES(refunded.exchange, locked.exchange);
    lab_close(l);
}

/* Every actor tries to settle and to refund in every state of a lock. */
enum { UNBOUND, DELIVERED, LATE, SETTLED, REFUNDED, LOCK_STATES };

static struct hash lock_in(struct lab *l, const struct hash *token, int state)
{
    struct hash lock;
    if (state == UNBOUND) {
        struct money_quote q = quote_of(l);
        ASSERT(quote_issue(l, HOLDER, EUR, 320) == RECEIPT_OK &&
               quote_issue(l, BANK, CNY, 2500) == RECEIPT_OK);
        ASSERT(quote_exchange(l, token, 320, &q) == RECEIPT_OK);
        return quote_lock_id(l);
    }
    lock = delivered(l, token);
    if (state == SETTLED) {
        ASSERT(LAB(l, OWNER, METHOD_MONEY_SETTLE, money_settle, lock) == RECEIPT_OK);
    }
    l->now_ms += state == DELIVERED ? 0 : 1000;
    if (state == REFUNDED) {
        ASSERT(LAB(l, OTHER, METHOD_MONEY_REFUND, money_refund, lock) == RECEIPT_OK);
    }
    return lock;
}

TEST(who_may_settle_and_refund_an_exchange_in_which_state)
{
    static const enum receipt_status PAYEE[LOCK_STATES] = {
        [UNBOUND] = RECEIPT_STATE, [DELIVERED] = RECEIPT_OK,   [LATE] = RECEIPT_EXPIRED,
        [SETTLED] = RECEIPT_STATE, [REFUNDED] = RECEIPT_STATE,
    };
    static const enum receipt_status REFUND[LOCK_STATES] = {
        [UNBOUND] = RECEIPT_TOO_EARLY, [DELIVERED] = RECEIPT_TOO_EARLY, [LATE] = RECEIPT_OK,
        [SETTLED] = RECEIPT_STATE,     [REFUNDED] = RECEIPT_STATE,
    };
    for (int state = 0; state < LOCK_STATES; state++) {
        struct hash token;
        struct lab *l = quote_lab(&token);
        struct hash lock = lock_in(l, &token, state);
        for (uint32_t actor = 0; actor < LAB_PARTICIPANTS; actor++) {
            struct state_savepoint before = state_save(l->state);
            CHECK_EQ(LAB(l, actor, METHOD_MONEY_SETTLE, money_settle, lock),
                     actor == OWNER ? PAYEE[state] : RECEIPT_FORBIDDEN);
            state_rollback(l->state, before);
            CHECK_EQ(LAB(l, actor, METHOD_MONEY_REFUND, money_refund, lock), REFUND[state]);
            state_rollback(l->state, before);
        }
        lab_close(l);
    }
}

/* The canary: the sum sees the oracle's leg of an open lock. */
TEST(conservation_counts_both_legs_of_an_open_lock)
{
    struct hash token;
    struct lab *l = quote_lab(&token);
    struct hash lock = delivered(l, &token);
    struct contract_key key = contract_key_lock(&lock);
    struct lock_record r;
    struct bytes value;
    CHECK_OK(lab_conserved(l));
    CHECK_OK(lock_record_decode(lab_get(l, key), &l->arena, &r));
    r.exchange = bytes_of(NULL, 0);
    CHECK_OK(lock_record_encode(&r, &l->arena, &value));
    CHECK_OK(state_put(l->state, key.contract, contract_key_bytes(&key), value));
    CHECK_ERR(lab_conserved(l), ERR_INTEGRITY);
    lab_close(l);
}

/* The twin: balances in arrays, rates as fractions of small integers, nothing clever. */
enum { TWIN_LOCKS = 200, TWIN_STEPS = 1500 };
struct twin {
    int64_t balance[LAB_PARTICIPANTS][CURRENCIES];
    struct twin_lock {
        struct hash id;
        uint32_t from, to;
        int64_t pays, gets;
        uint64_t until_ms;
        bool open;
    } lock[TWIN_LOCKS];
    uint32_t lock_count;
    uint64_t random;
};

static int64_t below(struct twin *t, int64_t n)
{
    t->random = t->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)((t->random >> 33) % (uint64_t)n);
}

static int64_t half_even(int64_t units, int64_t num, int64_t den)
{
    int64_t whole = units * num / den, twice = 2 * (units * num % den);
    return whole + (twice > den || (twice == den && whole % 2 != 0) ? 1 : 0);
}

static bool twin_exchange(struct lab *l, struct twin *t, const struct hash *token)
{
    struct money_quote q = quote_of(l);
    struct money_lock x = quote_lock(l, token, 1 + below(t, 300));
    struct twin_lock k = { .until_ms = x.until_ms = l->now_ms + 1 + (uint64_t)below(t, 60) };
    k.from = (uint32_t)below(t, CURRENCIES);
    k.to = (k.from + 1 + (uint32_t)below(t, CURRENCIES - 1)) % CURRENCIES;
    x.amount.currency = q.from = k.from;
    q.to = k.to;
    q.num = 1 + (uint64_t)below(t, 40);
    q.den = 1 + (uint64_t)below(t, 40);
    struct reader r = reader_over(bytes_of(x.amount.value + 8, 8));
    k.pays = (int64_t)reader_u64(&r);
    k.gets = half_even(k.pays, (int64_t)q.num, (int64_t)q.den);
    quote_sign(l, &q, BANK, &x);
    enum receipt_status want = t->balance[HOLDER][k.from] < k.pays ? RECEIPT_FUNDS
                               : k.gets == 0                       ? RECEIPT_ARGS
                               : t->balance[BANK][k.to] < k.gets   ? RECEIPT_FUNDS
                                                                   : RECEIPT_OK;
    if (quote_send(l, HOLDER, &x) != want) {
        return false;
    }
    if (want == RECEIPT_OK) {
        k.id = quote_lock_id(l);
        k.open = true;
        t->balance[HOLDER][k.from] -= k.pays;
        t->balance[BANK][k.to] -= k.gets;
        t->lock[t->lock_count++] = k;
    }
    return true;
}

static bool twin_refund(struct lab *l, struct twin *t)
{
    struct twin_lock *k = &t->lock[below(t, t->lock_count)];
    enum receipt_status want = !k->open                  ? RECEIPT_STATE
                               : l->now_ms < k->until_ms ? RECEIPT_TOO_EARLY
                                                         : RECEIPT_OK;
    if (LAB(l, OTHER, METHOD_MONEY_REFUND, money_refund, k->id) != want) {
        return false;
    }
    if (want == RECEIPT_OK) {
        k->open = false;
        t->balance[HOLDER][k->from] += k->pays;
        t->balance[BANK][k->to] += k->gets;
    }
    return true;
}

static bool twin_step(struct lab *l, struct twin *t, const struct hash *token)
{
    int64_t die = below(t, 10);
    if (die == 0) {
        uint32_t to = below(t, 2) == 0 ? HOLDER : BANK, currency = (uint32_t)below(t, CURRENCIES);
        int64_t units = 1 + below(t, 400);
        t->balance[to][currency] += units;
        return quote_issue(l, to, currency, units) == RECEIPT_OK;
    }
    if (die < 5 && t->lock_count < TWIN_LOCKS) {
        return twin_exchange(l, t, token);
    }
    return t->lock_count == 0 || twin_refund(l, t);
}

TEST(random_exchanges_agree_with_a_naive_twin_and_conserve_every_currency)
{
    struct hash token;
    struct lab *l = quote_lab(&token);
    struct twin *t = calloc(1, sizeof *t);
    ASSERT(t != NULL);
    t->random = 7;
    for (uint32_t i = 0; i < TWIN_STEPS; i++) {
        size_t mark = arena_mark(&l->arena);
        l->now_ms += (uint64_t)below(t, 5);
        CHECK(twin_step(l, t, &token));
        lab_clear(l);
        arena_release(&l->arena, mark);
        if (i % 300 == 0) {
            CHECK_OK(lab_conserved(l));
        }
    }
    for (uint32_t i = 0; i < CURRENCIES; i++) {
        CHECK_EQ(quote_held(l, HOLDER, i), t->balance[HOLDER][i]);
        CHECK_EQ(quote_held(l, BANK, i), t->balance[BANK][i]);
    }
    CHECK_EQ(t->lock_count, TWIN_LOCKS);
    CHECK_OK(lab_conserved(l));
    free(t);
    lab_close(l);
}
