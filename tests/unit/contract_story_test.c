/* One token's life from mint to revoke, as one trace. */
#include "tests/fixtures/contract_fixture.h"

TEST(a_token_is_minted_sealed_paid_granted_delivered_used_and_revoked)
{
    struct lab *l = lab_open();
    struct hash token = lab_id(0x01), lock;
    lab_mint(l, &token);
    lab_seal(l, &token, 0x51);
    LAB(l, BANK, METHOD_MONEY_ISSUE, money_issue, l->did[HOLDER], lab_amount(1000));
    LAB(l, HOLDER, METHOD_MONEY_LOCK, money_lock, .payee = l->did[OWNER], .amount = lab_amount(600),
        .token = token, .until_ms = l->now_ms + 1000);
    contract_lock_id(l->suite, &l->did[HOLDER], &l->did[OWNER], l->tx.body.nonce, &lock);
    struct right_grant g = lab_grant_args(l, &token);
    g.lock = lock;
    lab_grant(l, &g);
    struct hash right = lab_right_of(l, &g), grant = l->tx.id;
    LAB(l, OWNER, METHOD_MONEY_SETTLE, money_settle, lock);
    LAB(l, HOLDER, METHOD_ATTACHMENT_ACK, attachment_ack, 1, { { grant, 0 } });
    LAB(l, OWNER, METHOD_MONEY_SETTLE, money_settle, lock);
    LAB(l, HOLDER, METHOD_RIGHT_USE, right_use, right, 1);
    LAB(l, OWNER, METHOD_RIGHT_REVOKE, right_revoke, right, 7);
    LAB(l, HOLDER, METHOD_RIGHT_USE, right_use, right, 2);
    LAB_EXPECT(l, "owner token.mint -> ok; token.minted\n"
                  "owner token.seal -> ok; token.sealed\n"
                  "bank money.issue -> ok; money.issued\n"
                  "holder money.lock -> ok; money.locked\n"
                  "owner right.grant -> ok; right.granted\n"
                  "owner money.settle -> not_acked\n"
                  "holder attachment.ack -> ok; attachment.acked\n"
                  "owner money.settle -> ok; money.settled\n"
                  "holder right.use -> ok; right.used\n"
                  "owner right.revoke -> ok; right.revoked\n"
                  "holder right.use -> revoked\n");
    CHECK_EQ(lab_balance(l, OWNER), 600);
    CHECK_EQ(lab_balance(l, HOLDER), 400);
    CHECK_EQ(lab_token(l, &token).events.count, 8);
    CHECK_EQ(lab_right(l, &right).events.count, 5);
    CHECK_OK(lab_conserved(l));
    lab_close(l);
}
