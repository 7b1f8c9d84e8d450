/* Money: who may issue, pay, lock, settle and refund; deadlines; conservation against a naive twin.
 */
#include "tests/fixtures/contract_fixture.h"

static enum receipt_status issue(struct lab *l, uint32_t actor, uint32_t to, int64_t units)
{
    return LAB(l, actor, METHOD_MONEY_ISSUE, money_issue, l->did[to], lab_amount(units));
}
static enum receipt_status pay(struct lab *l, uint32_t actor, uint32_t to, int64_t units)
{
    return LAB(l, actor, METHOD_MONEY_PAY, money_pay, l->did[to], lab_amount(units));
}
static enum receipt_status lock_for(struct lab *l, uint32_t actor, uint32_t to,
                                    const struct hash *token, int64_t units, uint64_t until_ms,
                                    struct hash *lock)
{
    enum receipt_status s = LAB(l, actor, METHOD_MONEY_LOCK, money_lock, .payee = l->did[to],
                                .amount = lab_amount(units), .token = *token, .until_ms = until_ms);
    contract_lock_id(l->suite, &l->did[actor], &l->did[to], l->tx.body.nonce, lock);
    return s;
}
static struct hash sealed_token(struct lab *l)
{
    struct hash token = lab_id(0x01);
    ASSERT(lab_mint(l, &token) == RECEIPT_OK && lab_seal(l, &token, 0x51) == RECEIPT_OK);
    lab_clear(l);
    return token;
}

TEST(formats_20_only_the_issuer_of_a_currency_makes_money)
{
    struct lab *l = lab_open();
    struct hash unknown = lab_id(0x77);
    struct amount other = amount_from_i64(1, 5);
    issue(l, OWNER, OWNER, 5);
    issue(l, BANK, HOLDER, 0);
    issue(l, BANK, HOLDER, -1);
    issue(l, BANK, HOLDER, 1);
    LAB(l, BANK, METHOD_MONEY_ISSUE, money_issue, unknown, lab_amount(5));
    LAB(l, BANK, METHOD_MONEY_ISSUE, money_issue, l->did[HOLDER], other);
    LAB_EXPECT(l, "owner money.issue -> forbidden\n"
                  "bank money.issue -> args\n"
                  "bank money.issue -> args\n"
                  "bank money.issue -> ok; money.issued\n"
                  "bank money.issue -> not_found\n"
                  "bank money.issue -> args\n");
    CHECK_EQ(lab_balance(l, HOLDER), 1);
    lab_close(l);
}

TEST(formats_20_a_payment_is_covered_to_the_last_unit)
{
    struct lab *l = lab_open();
    issue(l, BANK, HOLDER, 100);
    pay(l, HOLDER, OTHER, 101);
    pay(l, HOLDER, HOLDER, 1);
    pay(l, HOLDER, OTHER, 0);
    pay(l, HOLDER, OTHER, 100);
    pay(l, HOLDER, OTHER, 1);
    LAB_EXPECT(l, "bank money.issue -> ok; money.issued\n"
                  "holder money.pay -> funds\n"
                  "holder money.pay -> args\n"
                  "holder money.pay -> args\n"
                  "holder money.pay -> ok; money.paid\n"
                  "holder money.pay -> funds\n");
    CHECK_EQ(lab_balance(l, OTHER), 100);
    CHECK_EQ(lab_get(l, contract_key_balance(&l->did[HOLDER], 0)).len, 0);
    CHECK_OK(lab_conserved(l));
    lab_close(l);
}

TEST(formats_20_what_is_issued_never_overflows)
{
    struct lab *l = lab_open();
    struct amount most = lab_amount(0);
    memset(most.value, 0xff, sizeof most.value);
    most.value[0] = 0x7f;
    LAB(l, BANK, METHOD_MONEY_ISSUE, money_issue, l->did[HOLDER], most);
    issue(l, BANK, OTHER, 1);
    LAB_EXPECT(l, "bank money.issue -> ok; money.issued\nbank money.issue -> limit\n");
    CHECK_OK(lab_conserved(l));
    lab_close(l);
}

TEST(a_lock_is_refused_for_each_thing_that_is_wrong_with_it)
{
    struct lab *l = lab_open();
    struct hash token = sealed_token(l), unknown = lab_id(0x77), lock;
    const uint64_t most = l->now_ms + CONTRACT_LOCK_DAYS_MAX * UINT64_C(86400000);
    issue(l, BANK, HOLDER, 10);
    lock_for(l, HOLDER, OTHER, &token, 1, l->now_ms + 10, &lock);
    lock_for(l, HOLDER, HOLDER, &token, 1, l->now_ms + 10, &lock);
    lock_for(l, HOLDER, OWNER, &unknown, 1, l->now_ms + 10, &lock);
    lock_for(l, HOLDER, OWNER, &token, 0, l->now_ms + 10, &lock);
    lock_for(l, HOLDER, OWNER, &token, 11, l->now_ms + 10, &lock);
    lock_for(l, HOLDER, OWNER, &token, 1, l->now_ms, &lock);
    lock_for(l, HOLDER, OWNER, &token, 1, most + 1, &lock);
    lock_for(l, HOLDER, OWNER, &token, 1, most, &lock);
    lock_for(l, HOLDER, OWNER, &token, 1, l->now_ms + 1, &lock);
    LAB_EXPECT(l, "bank money.issue -> ok; money.issued\n"
                  "holder money.lock -> args\n"
                  "holder money.lock -> args\n"
                  "holder money.lock -> not_found\n"
                  "holder money.lock -> args\n"
                  "holder money.lock -> funds\n"
                  "holder money.lock -> args\n"
                  "holder money.lock -> args\n"
                  "holder money.lock -> ok; money.locked\n"
                  "holder money.lock -> ok; money.locked\n");
    l->now_ms = LAB_START_MS + LAB_YEAR_MS;
    lock_for(l, HOLDER, OWNER, &token, 1, l->now_ms + 1, &lock);
    LAB_EXPECT(l, "holder money.lock -> expired\n");
    CHECK_EQ(lab_balance(l, HOLDER), 8);
    lab_close(l);
}

/* Nothing sweeps: the same record reads as open before its deadline and refundable from it on. */
TEST(formats_21_a_lock_is_refunded_by_anybody_from_its_deadline_on)
{
    struct lab *l = lab_open();
    struct hash token = sealed_token(l), lock, unknown = lab_id(0x77);
    issue(l, BANK, HOLDER, 10);
    lock_for(l, HOLDER, OWNER, &token, 10, l->now_ms + 100, &lock);
    LAB(l, OTHER, METHOD_MONEY_REFUND, money_refund, unknown);
    LAB(l, HOLDER, METHOD_MONEY_REFUND, money_refund, lock);
    l->now_ms += 99;
    LAB(l, OTHER, METHOD_MONEY_REFUND, money_refund, lock);
    l->now_ms++;
    LAB(l, OTHER, METHOD_MONEY_REFUND, money_refund, lock);
    LAB(l, OTHER, METHOD_MONEY_REFUND, money_refund, lock);
    LAB_EXPECT(l, "bank money.issue -> ok; money.issued\n"
                  "holder money.lock -> ok; money.locked\n"
                  "other money.refund -> not_found\n"
                  "holder money.refund -> too_early\n"
                  "other money.refund -> too_early\n"
                  "other money.refund -> ok; money.refunded\n"
                  "other money.refund -> state\n");
    CHECK_EQ(lab_balance(l, HOLDER), 10);
    lab_close(l);
}

/* A lock with a delivered right, in the state in which it could be settled. */
static struct hash delivered(struct lab *l, const struct hash *token, struct hash *right,
                             uint64_t until_ms)
{
    struct hash lock;
    struct right_grant g = lab_grant_args(l, token);
    ASSERT(issue(l, BANK, HOLDER, 10) == RECEIPT_OK);
    ASSERT(lock_for(l, HOLDER, OWNER, token, 10, until_ms, &lock) == RECEIPT_OK);
    g.lock = lock;
    ASSERT(lab_grant(l, &g) == RECEIPT_OK);
    *right = lab_right_of(l, &g);
    struct hash grant = l->tx.id;
    ASSERT(LAB(l, HOLDER, METHOD_ATTACHMENT_ACK, attachment_ack, 1, { { grant, 0 } }) ==
           RECEIPT_OK);
    lab_clear(l);
    return lock;
}

TEST(formats_21_a_lock_is_settled_before_its_deadline_and_by_its_payee)
{
    struct lab *l = lab_open();
    struct hash token = sealed_token(l), right, unknown = lab_id(0x77);
    struct hash lock = delivered(l, &token, &right, l->now_ms + 100);
    LAB(l, OWNER, METHOD_MONEY_SETTLE, money_settle, unknown);
    LAB(l, HOLDER, METHOD_MONEY_SETTLE, money_settle, lock);
    l->now_ms += 100;
    LAB(l, OWNER, METHOD_MONEY_SETTLE, money_settle, lock);
    l->now_ms--;
    LAB(l, OWNER, METHOD_MONEY_SETTLE, money_settle, lock);
    LAB(l, OWNER, METHOD_MONEY_SETTLE, money_settle, lock);
    l->now_ms++;
    LAB(l, HOLDER, METHOD_MONEY_REFUND, money_refund, lock);
    LAB_EXPECT(l, "owner money.settle -> not_found\n"
                  "holder money.settle -> forbidden\n"
                  "owner money.settle -> expired\n"
                  "owner money.settle -> ok; money.settled\n"
                  "owner money.settle -> state\n"
                  "holder money.refund -> state\n");
    CHECK_EQ(lab_balance(l, OWNER), 10);
    lab_close(l);
}

TEST(a_frozen_or_revoked_token_and_a_revoked_right_hold_the_money)
{
    struct lab *l = lab_open();
    struct hash token = sealed_token(l), right, lock;
    lock = delivered(l, &token, &right, l->now_ms + 100);
    LAB(l, REGULATOR, METHOD_TOKEN_FREEZE, token_state, token, 1);
    LAB(l, OWNER, METHOD_MONEY_SETTLE, money_settle, lock);
    LAB(l, REGULATOR, METHOD_TOKEN_THAW, token_state, token, 1);
    LAB(l, OWNER, METHOD_RIGHT_REVOKE, right_revoke, right, 1);
    LAB(l, OWNER, METHOD_MONEY_SETTLE, money_settle, lock);
    LAB_EXPECT(l, "regulator token.freeze -> ok; token.moved\n"
                  "owner money.settle -> frozen\n"
                  "regulator token.thaw -> ok; token.moved\n"
                  "owner right.revoke -> ok; right.revoked\n"
                  "owner money.settle -> revoked\n");
    struct hash second = delivered(l, &token, &right, l->now_ms + 100);
    LAB(l, OWNER, METHOD_TOKEN_ARCHIVE, token_state, token, 1);
    LAB(l, OWNER, METHOD_MONEY_SETTLE, money_settle, second);
    l->now_ms += 100;
    LAB(l, OTHER, METHOD_MONEY_REFUND, money_refund, lock);
    LAB_EXPECT(l, "owner token.archive -> ok; token.moved\n"
                  "owner money.settle -> ok; money.settled\n"
                  "other money.refund -> ok; money.refunded\n");
    CHECK_EQ(lab_balance(l, HOLDER), 10);
    CHECK_EQ(lab_right(l, &right).events.count, 3);
    CHECK_OK(lab_conserved(l));
    lab_close(l);
}

TEST(an_unbound_lock_is_not_settled)
{
    struct lab *l = lab_open();
    struct hash token = sealed_token(l), lock;
    issue(l, BANK, HOLDER, 10);
    lock_for(l, HOLDER, OWNER, &token, 10, l->now_ms + 100, &lock);
    lab_clear(l);
    LAB(l, OWNER, METHOD_MONEY_SETTLE, money_settle, lock);
    LAB_EXPECT(l, "owner money.settle -> state\n");
    lab_close(l);
}

/* The twin: balances in an array, locks in a list, nothing clever. */
enum { TWIN_LOCKS = 256, TWIN_STEPS = 4000 };
struct twin {
    int64_t balance[LAB_PARTICIPANTS];
    struct {
        struct hash id;
        uint32_t payer;
        int64_t units;
        uint64_t until_ms;
        bool open;
    } lock[TWIN_LOCKS];
    uint32_t lock_count;
    uint64_t random;
};

static uint32_t below(struct twin *t, uint32_t n)
{
    t->random = t->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((t->random >> 33) % n);
}

static enum receipt_status twin_pay(struct twin *t, uint32_t from, uint32_t to, int64_t units)
{
    if (units <= 0 || from == to) {
        return RECEIPT_ARGS;
    }
    if (t->balance[from] < units) {
        return RECEIPT_FUNDS;
    }
    t->balance[from] -= units;
    t->balance[to] += units;
    return RECEIPT_OK;
}

static enum receipt_status twin_lock(struct lab *l, struct twin *t, uint32_t from, int64_t units,
                                     const struct hash *token, uint64_t until_ms,
                                     enum receipt_status *got)
{
    struct hash id;
    *got = lock_for(l, from, OWNER, token, units, until_ms, &id);
    if (from == OWNER || units <= 0) {
        return RECEIPT_ARGS;
    }
    if (t->balance[from] < units) {
        return RECEIPT_FUNDS;
    }
    t->balance[from] -= units;
    t->lock[t->lock_count].id = id;
    t->lock[t->lock_count].payer = from;
    t->lock[t->lock_count].units = units;
    t->lock[t->lock_count].until_ms = until_ms;
    t->lock[t->lock_count++].open = true;
    return RECEIPT_OK;
}

static enum receipt_status twin_refund(struct lab *l, struct twin *t, uint32_t i)
{
    if (!t->lock[i].open) {
        return RECEIPT_STATE;
    }
    if (l->now_ms < t->lock[i].until_ms) {
        return RECEIPT_TOO_EARLY;
    }
    t->lock[i].open = false;
    t->balance[t->lock[i].payer] += t->lock[i].units;
    return RECEIPT_OK;
}

static bool twin_step(struct lab *l, struct twin *t, const struct hash *token)
{
    uint32_t a = below(t, LAB_PARTICIPANTS), b = below(t, LAB_PARTICIPANTS);
    int64_t units = (int64_t)below(t, 300) - 5;
    enum receipt_status got, want;
    switch (below(t, 4)) {
    case 0:
        got = issue(l, a, b, units);
        want = units <= 0 ? RECEIPT_ARGS : a == BANK ? RECEIPT_OK : RECEIPT_FORBIDDEN;
        t->balance[b] += want == RECEIPT_OK ? units : 0;
        break;
    case 1:
        got = pay(l, a, b, units);
        want = twin_pay(t, a, b, units);
        break;
    case 2:
        if (t->lock_count == TWIN_LOCKS) {
            return true;
        }
        want = twin_lock(l, t, a, units, token, l->now_ms + 1 + below(t, 50), &got);
        break;
    default:
        if (t->lock_count == 0) {
            return true;
        }
        b = below(t, t->lock_count);
        got = LAB(l, a, METHOD_MONEY_REFUND, money_refund, t->lock[b].id);
        want = twin_refund(l, t, b);
        break;
    }
    return got == want;
}

TEST(random_sequences_agree_with_a_naive_twin_and_conserve_value)
{
    struct lab *l = lab_open();
    struct twin t = { .random = 42 };
    struct hash token = sealed_token(l);
    for (uint32_t i = 0; i < TWIN_STEPS; i++) {
        size_t mark = arena_mark(&l->arena);
        l->now_ms += below(&t, 3);
        CHECK(twin_step(l, &t, &token));
        lab_clear(l);
        arena_release(&l->arena, mark);
        if (i % 500 == 0) {
            CHECK_OK(lab_conserved(l));
        }
    }
    for (uint32_t i = 0; i < LAB_PARTICIPANTS; i++) {
        CHECK_EQ(lab_balance(l, i), t.balance[i]);
    }
    CHECK(t.lock_count > 100);
    CHECK_OK(lab_conserved(l));
    lab_close(l);
}

/* The canary of the rig: value out of nowhere is found. */
TEST(conservation_finds_one_unit_too_many)
{
    struct lab *l = lab_open();
    struct contract_key key = contract_key_balance(&l->did[OTHER], 0);
    struct amount one = lab_amount(1);
    struct balance_record r;
    struct bytes value;
    issue(l, BANK, HOLDER, 5);
    memcpy(r.value, one.value, sizeof r.value);
    CHECK_OK(balance_record_encode(&r, &l->arena, &value));
    CHECK_OK(state_put(l->state, key.contract, contract_key_bytes(&key), value));
    CHECK_ERR(lab_conserved(l), ERR_INTEGRITY);
    lab_close(l);
}
