/* Brokered rights: USE opens a use, RELEASE makes it, and nothing else costs one (FORMATS 19). */
#include <stdlib.h>

#include "tests/fixtures/contract_fixture.h"

enum { DEADLINE_MS = 60000, PRICE = 10, LOCK_MS = 600000 };

static struct hash grant(struct lab *l, uint32_t uses, const struct hash *lock)
{
    struct hash token = lab_id(0x01);
    if (lab_get(l, contract_key_token(&token)).len == 0) {
        ASSERT(lab_mint(l, &token) == RECEIPT_OK && lab_seal(l, &token, 0x51) == RECEIPT_OK);
    }
    struct right_grant g = lab_grant_args(l, &token);
    g.custody = CUSTODY_BROKERED;
    g.wrap = (struct hash){ { 0 } };
    g.uses = uses;
    g.lock = lock != NULL ? *lock : g.lock;
    enum receipt_status s = lab_call(l, OWNER, METHOD_RIGHT_GRANT, lab_right_grant(l, &g));
    ASSERT(s == RECEIPT_OK);
    lab_clear(l);
    return lab_right_of(l, &g);
}

static enum receipt_status use(struct lab *l, const struct hash *right, uint32_t n)
{
    return LAB(l, HOLDER, METHOD_RIGHT_USE, right_use, *right, n);
}

static enum receipt_status release_as(struct lab *l, uint32_t actor, const struct hash *right,
                                      uint32_t n)
{
    struct hash wrap = lab_id((uint8_t)(0xa0 + n));
    lab_attach(l, ATTACHMENT_WRAP, &wrap, HOLDER);
    return LAB(l, actor, METHOD_RIGHT_RELEASE, right_release, *right, n, wrap);
}

static enum receipt_status release(struct lab *l, const struct hash *right, uint32_t n)
{
    return release_as(l, OWNER, right, n);
}

/* The holder's word on the newest wrap. */
static enum receipt_status ack(struct lab *l, const struct hash *right)
{
    struct right_record r = lab_right(l, right);
    return LAB(l, HOLDER, METHOD_ATTACHMENT_ACK, attachment_ack, 1,
               { { r.release, r.wrap_index } });
}

TEST(formats_19_a_use_is_pending_until_its_release_and_counts_then)
{
    struct lab *l = lab_open();
    struct hash right = grant(l, 2, NULL);
    use(l, &right, 1);
    struct right_record r = lab_right(l, &right);
    CHECK_EQ(r.used, 0);
    CHECK_EQ(r.pending, 1);
    CHECK_EQ(r.pending_until_ms, l->now_ms + DEADLINE_MS);
    struct right_pending pending;
    CHECK_OK(right_pending_decode(l->event[0].body, &l->arena, &pending));
    CHECK_EQ(pending.use, 1);
    CHECK_EQ(pending.until_ms, r.pending_until_ms);
    release(l, &right, 1);
    r = lab_right(l, &right);
    CHECK_EQ(r.used, 1);
    CHECK_EQ(r.pending, 0);
    CHECK(hash_equal(&r.release, &l->tx.id));
    struct right_released released;
    CHECK_OK(right_released_decode(l->event[0].body, &l->arena, &released));
    CHECK_EQ(released.use, 1);
    CHECK_EQ(released.left, 1);
    CHECK(hash_equal(&released.wrap, &r.wrap));
    ack(l, &right);
    use(l, &right, 2);
    release(l, &right, 2);
    ack(l, &right);
    use(l, &right, 3);
    CHECK_EQ(lab_right(l, &right).used, 2);
    LAB_EXPECT(l, "holder right.use -> ok; right.pending\n"
                  "owner right.release -> ok; right.released\n"
                  "holder attachment.ack -> ok; attachment.acked\n"
                  "holder right.use -> ok; right.pending\n"
                  "owner right.release -> ok; right.released\n"
                  "holder attachment.ack -> ok; attachment.acked\n"
                  "holder right.use -> exhausted\n");
    lab_close(l);
}

TEST(formats_19_a_use_is_released_exactly_once)
{
    struct lab *l = lab_open();
    struct hash right = grant(l, 3, NULL);
    release(l, &right, 1);
    use(l, &right, 1);
    release(l, &right, 1);
    release(l, &right, 1);
    release(l, &right, 2);
    CHECK_EQ(lab_right(l, &right).used, 1);
    LAB_EXPECT(l, "owner right.release -> state\n"
                  "holder right.use -> ok; right.pending\n"
                  "owner right.release -> ok; right.released\n"
                  "owner right.release -> state\n"
                  "owner right.release -> state\n");
    lab_close(l);
}

/* Half-open: at its deadline a pending use was never made, and the same number opens again. */
TEST(formats_19_a_pending_use_past_its_deadline_counts_as_never_made)
{
    struct lab *l = lab_open();
    struct hash right = grant(l, 1, NULL);
    use(l, &right, 1);
    l->now_ms += DEADLINE_MS - 1;
    use(l, &right, 1);
    l->now_ms += 1;
    release(l, &right, 1);
    CHECK_EQ(lab_right(l, &right).used, 0);
    use(l, &right, 1);
    l->now_ms += DEADLINE_MS - 1;
    release(l, &right, 1);
    CHECK_EQ(lab_right(l, &right).used, 1);
    LAB_EXPECT(l, "holder right.use -> ok; right.pending\n"
                  "holder right.use -> state\n"
                  "owner right.release -> expired\n"
                  "holder right.use -> ok; right.pending\n"
                  "owner right.release -> ok; right.released\n");
    lab_close(l);
}

static void short_deadline(struct genesis *g)
{
    g->param[PARAM_RELEASE_DEADLINE_MS] = 7;
}

TEST(the_deadline_is_a_parameter_of_the_space)
{
    struct lab *l = lab_open_with(short_deadline);
    struct hash right = grant(l, 1, NULL);
    use(l, &right, 1);
    CHECK_EQ(lab_right(l, &right).pending_until_ms, l->now_ms + 7);
    l->now_ms += 7;
    CHECK_EQ(release(l, &right, 1), RECEIPT_EXPIRED);
    lab_close(l);
}

enum before { NOTHING, FREEZE, REVOKE, TOKEN_REVOKE_IT, RIGHT_OVER };

/* What comes between a use and its RELEASE, who answers, to what, with which attachment. */
static const struct {
    const char *what;
    enum before before;
    uint32_t actor, use, kind, reader;
    bool known, same_wrap;
    enum receipt_status status;
} RELEASES[] = {
    { "sound", NOTHING, OWNER, 1, ATTACHMENT_WRAP, HOLDER, true, true, RECEIPT_OK },
    { "unknown right", NOTHING, OWNER, 1, ATTACHMENT_WRAP, HOLDER, false, true, RECEIPT_NOT_FOUND },
    { "by the holder", NOTHING, HOLDER, 1, ATTACHMENT_WRAP, HOLDER, true, true, RECEIPT_FORBIDDEN },
    { "by another", NOTHING, OTHER, 1, ATTACHMENT_WRAP, HOLDER, true, true, RECEIPT_FORBIDDEN },
    { "number 0", NOTHING, OWNER, 0, ATTACHMENT_WRAP, HOLDER, true, true, RECEIPT_ARGS },
    { "the next number", NOTHING, OWNER, 2, ATTACHMENT_WRAP, HOLDER, true, true, RECEIPT_ARGS },
    { "for another", NOTHING, OWNER, 1, ATTACHMENT_WRAP, OTHER, true, true, RECEIPT_ATTACHMENT },
    { "no wrap", NOTHING, OWNER, 1, ATTACHMENT_DOCUMENT, HOLDER, true, true, RECEIPT_ATTACHMENT },
    { "another wrap", NOTHING, OWNER, 1, ATTACHMENT_WRAP, HOLDER, true, false, RECEIPT_ATTACHMENT },
    { "frozen", FREEZE, OWNER, 1, ATTACHMENT_WRAP, HOLDER, true, true, RECEIPT_FROZEN },
    { "revoked", REVOKE, OWNER, 1, ATTACHMENT_WRAP, HOLDER, true, true, RECEIPT_REVOKED },
    { "token revoked", TOKEN_REVOKE_IT, OWNER, 1, ATTACHMENT_WRAP, HOLDER, true, true,
      RECEIPT_REVOKED },
    { "right over", RIGHT_OVER, OWNER, 1, ATTACHMENT_WRAP, HOLDER, true, true, RECEIPT_EXPIRED },
};

static void come_between(struct lab *l, enum before what, const struct hash *right)
{
    struct right_record r = lab_right(l, right);
    switch (what) {
    case NOTHING:
        break;
    case FREEZE:
        LAB(l, OWNER, METHOD_TOKEN_FREEZE, token_state, r.token, 1);
        break;
    case REVOKE:
        LAB(l, OWNER, METHOD_RIGHT_REVOKE, right_revoke, *right, 1);
        break;
    case TOKEN_REVOKE_IT:
        LAB(l, OWNER, METHOD_TOKEN_REVOKE, token_state, r.token, 1);
        break;
    case RIGHT_OVER:
        l->now_ms = r.until_ms;
        break;
    }
}

TEST(a_release_is_refused_for_each_thing_that_is_wrong_with_it_and_costs_nothing)
{
    for (size_t i = 0; i < COUNT(RELEASES); i++) {
        struct lab *l = lab_open();
        struct hash right = grant(l, 2, NULL), wrap = lab_id(0xa1), other = lab_id(0xa2);
        struct hash unknown = lab_id(0x77);
        l->now_ms = lab_right(l, &right).until_ms - 1;
        CHECK_EQ(use(l, &right, 1), RECEIPT_OK);
        come_between(l, RELEASES[i].before, &right);
        lab_attach(l, RELEASES[i].kind, &wrap, RELEASES[i].reader);
        enum receipt_status s = LAB(l, RELEASES[i].actor, METHOD_RIGHT_RELEASE, right_release,
                                    RELEASES[i].known ? right : unknown, RELEASES[i].use,
                                    RELEASES[i].same_wrap ? wrap : other);
        if (s != RELEASES[i].status) {
            printf("# %s\n", RELEASES[i].what);
        }
        CHECK_STR(receipt_name(s), receipt_name(RELEASES[i].status));
        CHECK_EQ(lab_right(l, &right).used, s == RECEIPT_OK ? 1 : 0);
        lab_close(l);
    }
}

TEST(a_thaw_inside_the_deadline_lets_the_release_through)
{
    struct lab *l = lab_open();
    struct hash right = grant(l, 1, NULL), token = lab_id(0x01);
    use(l, &right, 1);
    LAB(l, OWNER, METHOD_TOKEN_FREEZE, token_state, token, 1);
    release(l, &right, 1);
    LAB(l, OWNER, METHOD_TOKEN_THAW, token_state, token, 1);
    release(l, &right, 1);
    LAB_EXPECT(l, "holder right.use -> ok; right.pending\n"
                  "owner token.freeze -> ok; token.moved\n"
                  "owner right.release -> frozen\n"
                  "owner token.thaw -> ok; token.moved\n"
                  "owner right.release -> ok; right.released\n");
    lab_close(l);
}

/* At most one released key is under way: the next use waits for a word on the last one. */
TEST(the_next_use_opens_only_when_the_wrap_before_was_answered)
{
    struct lab *l = lab_open();
    struct hash right = grant(l, 0, NULL);
    use(l, &right, 1);
    release(l, &right, 1);
    use(l, &right, 2);
    struct right_record r = lab_right(l, &right);
    LAB(l, HOLDER, METHOD_ATTACHMENT_REJECT, attachment_reject, { r.release, r.wrap_index }, 4);
    use(l, &right, 2);
    CHECK_EQ(lab_right(l, &right).delivered, 0);
    release(l, &right, 2);
    ack(l, &right);
    use(l, &right, 3);
    CHECK_EQ(lab_right(l, &right).delivered, 1);
    LAB_EXPECT(l, "holder right.use -> ok; right.pending\n"
                  "owner right.release -> ok; right.released\n"
                  "holder right.use -> not_acked\n"
                  "holder attachment.reject -> ok; attachment.rejected\n"
                  "holder right.use -> ok; right.pending\n"
                  "owner right.release -> ok; right.released\n"
                  "holder attachment.ack -> ok; attachment.acked\n"
                  "holder right.use -> ok; right.pending\n");
    lab_close(l);
}

TEST(a_grant_carries_a_wrap_when_it_is_released_and_none_when_it_is_brokered)
{
    struct lab *l = lab_open();
    struct hash token = lab_id(0x01);
    lab_mint(l, &token);
    lab_seal(l, &token, 0x51);
    lab_clear(l);
    struct right_grant g = lab_grant_args(l, &token);
    g.custody = CUSTODY_BROKERED;
    lab_grant(l, &g);
    g.wrap = (struct hash){ { 0 } };
    lab_call(l, OWNER, METHOD_RIGHT_GRANT, lab_right_grant(l, &g));
    g.custody = CUSTODY_RELEASED;
    lab_call(l, OWNER, METHOD_RIGHT_GRANT, lab_right_grant(l, &g));
    LAB_EXPECT(l, "owner right.grant -> args\n"
                  "owner right.grant -> ok; right.granted\n"
                  "owner right.grant -> args\n");
    lab_close(l);
}

TEST(a_released_right_has_nothing_to_release)
{
    struct lab *l = lab_open();
    struct hash token = lab_id(0x01);
    lab_mint(l, &token);
    lab_seal(l, &token, 0x51);
    struct right_grant g = lab_grant_args(l, &token);
    lab_grant(l, &g);
    struct hash right = lab_right_of(l, &g);
    use(l, &right, 1);
    lab_clear(l);
    release(l, &right, 2);
    LAB_EXPECT(l, "owner right.release -> state\n");
    lab_close(l);
}

static struct hash locked(struct lab *l)
{
    struct hash token = lab_id(0x01), lock;
    lab_mint(l, &token);
    lab_seal(l, &token, 0x51);
    LAB(l, BANK, METHOD_MONEY_ISSUE, money_issue, l->did[HOLDER], lab_amount(PRICE));
    LAB(l, HOLDER, METHOD_MONEY_LOCK, money_lock, l->did[OWNER], lab_amount(PRICE), token,
        l->now_ms + LOCK_MS, { NULL, 0 }, { NULL, 0 });
    contract_lock_id(l->suite, &l->did[HOLDER], &l->did[OWNER], l->tx.body.nonce, &lock);
    return lock;
}

/* The lock waits for the first key that arrived, and stays earned by it. */
TEST(a_brokered_right_is_paid_for_by_the_first_acknowledged_release)
{
    struct lab *l = lab_open();
    struct hash lock = locked(l), right = grant(l, 2, &lock);
    LAB(l, OWNER, METHOD_MONEY_SETTLE, money_settle, lock);
    use(l, &right, 1);
    LAB(l, OWNER, METHOD_MONEY_SETTLE, money_settle, lock);
    release(l, &right, 1);
    LAB(l, OWNER, METHOD_MONEY_SETTLE, money_settle, lock);
    ack(l, &right);
    use(l, &right, 2);
    release(l, &right, 2);
    LAB(l, OWNER, METHOD_MONEY_SETTLE, money_settle, lock);
    CHECK_EQ(lab_balance(l, OWNER), PRICE);
    CHECK_OK(lab_conserved(l));
    LAB_EXPECT(l, "owner money.settle -> not_acked\n"
                  "holder right.use -> ok; right.pending\n"
                  "owner money.settle -> not_acked\n"
                  "owner right.release -> ok; right.released\n"
                  "owner money.settle -> not_acked\n"
                  "holder attachment.ack -> ok; attachment.acked\n"
                  "holder right.use -> ok; right.pending\n"
                  "owner right.release -> ok; right.released\n"
                  "owner money.settle -> ok; money.settled\n");
    lab_close(l);
}

/* Nobody keeps both the money and the right: from the lock's end on neither use nor RELEASE. */
TEST(a_right_whose_lock_is_over_or_refunded_is_not_used)
{
    struct lab *l = lab_open();
    struct hash lock = locked(l), right = grant(l, 2, &lock);
    l->now_ms += LOCK_MS - 1;
    use(l, &right, 1);
    l->now_ms += 1;
    release(l, &right, 1);
    LAB(l, OTHER, METHOD_MONEY_REFUND, money_refund, lock);
    release(l, &right, 1);
    l->now_ms += DEADLINE_MS;
    use(l, &right, 1);
    CHECK_EQ(lab_right(l, &right).used, 0);
    CHECK_EQ(lab_balance(l, HOLDER), PRICE);
    LAB_EXPECT(l, "holder right.use -> ok; right.pending\n"
                  "owner right.release -> expired\n"
                  "other money.refund -> ok; money.refunded\n"
                  "owner right.release -> state\n"
                  "holder right.use -> state\n");
    lab_close(l);
}

TEST(formats_16_pending_and_released_are_in_the_chains_of_token_and_right)
{
    struct lab *l = lab_open();
    struct hash right = grant(l, 1, NULL), token = lab_id(0x01);
    uint64_t of_token = lab_token(l, &token).events.count;
    uint64_t of_right = lab_right(l, &right).events.count;
    use(l, &right, 1);
    release(l, &right, 1);
    CHECK_EQ(lab_token(l, &token).events.count, of_token + 2);
    CHECK_EQ(lab_right(l, &right).events.count, of_right + 2);
    CHECK_EQ(l->event[0].subject_count, 4);
    CHECK(hash_equal(&l->event[0].subject[3], &l->did[OWNER]));
    lab_close(l);
}
