/* Event chains: a report can't leave out an event, because the record counts and chains them all.
 */
#include "tests/fixtures/contract_fixture.h"

/* An auditor's twin: the chain of one subject, computed from the events alone. */
struct chain_twin {
    struct hash subject;
    struct event_chain chain;
};

static void follow(struct lab *l, struct chain_twin *t)
{
    for (uint32_t i = 0; i < l->event_count; i++) {
        const struct event *e = &l->event[i];
        for (uint32_t j = 0; j < e->subject_count; j++) {
            if (hash_equal(&e->subject[j], &t->subject)) {
                struct bytes wire;
                enum err err = event_encode(e, &l->arena, &wire);
                ASSERT(err == ERR_NONE);
                contract_chain_extend(l->suite, &t->chain, wire);
            }
        }
    }
}

static bool agrees(const struct event_chain *a, const struct event_chain *b)
{
    return a->count == b->count && hash_equal(&a->chain, &b->chain);
}

TEST(formats_16_every_event_that_names_a_token_or_right_is_in_its_chain)
{
    struct lab *l = lab_open();
    struct chain_twin token = { .subject = lab_id(1) }, right = { .subject = lab_id(2) };
    struct right_grant g = lab_grant_args(l, &token.subject);
    lab_mint(l, &token.subject);
    follow(l, &token);
    lab_seal(l, &token.subject, 0x51);
    follow(l, &token);
    LAB(l, BANK, METHOD_MONEY_ISSUE, money_issue, l->did[HOLDER], lab_amount(9));
    LAB(l, HOLDER, METHOD_MONEY_LOCK, money_lock, .payee = l->did[OWNER], .amount = lab_amount(9),
        .token = token.subject, .until_ms = l->now_ms + 50);
    follow(l, &token);
    contract_lock_id(l->suite, &l->did[HOLDER], &l->did[OWNER], l->tx.body.nonce, &g.lock);
    lab_grant(l, &g);
    struct hash grant = l->tx.id;
    right.subject = lab_right_of(l, &g);
    follow(l, &token);
    follow(l, &right);
    LAB(l, HOLDER, METHOD_ATTACHMENT_ACK, attachment_ack, 1, { { grant, 0 } });
    follow(l, &token);
    follow(l, &right);
    LAB(l, HOLDER, METHOD_RIGHT_USE, right_use, right.subject, 1);
    follow(l, &token);
    follow(l, &right);
    LAB(l, REGULATOR, METHOD_TOKEN_FREEZE, token_state, token.subject, 1);
    follow(l, &token);
    LAB(l, HOLDER, METHOD_RIGHT_USE, right_use, right.subject, 2); /* refused: no event */
    follow(l, &right);
    l->now_ms += 50;
    LAB(l, OTHER, METHOD_MONEY_REFUND, money_refund, g.lock);
    follow(l, &token);
    follow(l, &right);
    LAB(l, OWNER, METHOD_RIGHT_REVOKE, right_revoke, right.subject, 1);
    follow(l, &token);
    follow(l, &right);
    struct token_record t = lab_token(l, &token.subject);
    struct right_record r = lab_right(l, &right.subject);
    CHECK_EQ(token.chain.count, 9);
    CHECK_EQ(right.chain.count, 5);
    CHECK(agrees(&t.events, &token.chain));
    CHECK(agrees(&r.events, &right.chain));
    /* Leave out one: the count and the chain both tell. */
    struct chain_twin short_of_one = { .subject = token.subject };
    follow(l, &short_of_one);
    CHECK(!agrees(&t.events, &short_of_one.chain));
    lab_close(l);
}

TEST(formats_16_a_chain_starts_from_zero_and_depends_on_order)
{
    struct event_chain a = { 0 }, b = { 0 };
    const struct suite *s = suite_intl();
    contract_chain_extend(s, &a, bytes_of_str("x"));
    contract_chain_extend(s, &a, bytes_of_str("y"));
    contract_chain_extend(s, &b, bytes_of_str("y"));
    contract_chain_extend(s, &b, bytes_of_str("x"));
    CHECK_EQ(a.count, 2);
    CHECK(!hash_equal(&a.chain, &b.chain));
}

TEST(formats_16_a_refused_method_emits_nothing)
{
    struct lab *l = lab_open();
    struct hash token = lab_id(1);
    lab_mint(l, &token);
    lab_mint(l, &token);
    CHECK_EQ(l->event_count, 0);
    CHECK_EQ(lab_token(l, &token).events.count, 1);
    lab_close(l);
}

/* Ids that a party knows before its transaction is committed. */
TEST(ids_of_rights_locks_and_proposals_follow_from_their_transaction)
{
    const struct suite *s = suite_intl();
    struct hash a = lab_id(1), b = lab_id(2), id, want;
    uint8_t nonce[TX_NONCE_SIZE] = { 3 }, x[2 * HASH_SIZE + TX_NONCE_SIZE];
    memcpy(x, a.b, HASH_SIZE);
    memcpy(x + HASH_SIZE, b.b, HASH_SIZE);
    memcpy(x + 2 * HASH_SIZE, nonce, TX_NONCE_SIZE);
    contract_right_id(s, &a, &b, nonce, &id);
    hash_tagged(s, "carnet/right/v1", bytes_of(x, sizeof x), &want);
    CHECK(hash_equal(&id, &want));
    contract_lock_id(s, &a, &b, nonce, &id);
    hash_tagged(s, "carnet/lock/v1", bytes_of(x, sizeof x), &want);
    CHECK(hash_equal(&id, &want));
    contract_proposal_id(s, &a, &b, nonce, &id);
    hash_tagged(s, "carnet/proposal/v1", bytes_of(x, sizeof x), &want);
    CHECK(hash_equal(&id, &want));
}
