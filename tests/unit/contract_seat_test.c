/* Membership: a change of one seat is put, proposed, approved, and waits for an epoch to end. */
#include "ledger/trust.h"
#include "tests/fixtures/contract_fixture.h"

static struct seat_change change_of(struct lab *l, enum contract_seat_verb verb, uint32_t actor,
                                    uint8_t root)
{
    struct seat_change x = { .verb = (uint32_t)verb,
                             .participant = l->did[actor],
                             .weight = verb == SEAT_ADD ? 1 : 0 };
    if (root != 0) {
        x.root = lab_id(root);
    }
    return x;
}

static enum receipt_status put(struct lab *l, uint32_t actor, const struct seat_change *x,
                               struct hash *name)
{
    struct bytes args = lab_seat_change(l, x);
    contract_seat_change_hash(l->suite, args, name);
    return lab_call(l, actor, METHOD_GOVERNANCE_SEAT, args);
}

static enum receipt_status decide(struct lab *l, const struct hash *name, uint64_t height)
{
    static const uint32_t FOUNDER[] = { OWNER, HOLDER, BANK };
    struct hash id;
    enum receipt_status status =
        LAB(l, OWNER, METHOD_GOVERNANCE_PROPOSE, proposal_make, SUBJECT_SEAT, *name, height);
    contract_proposal_id(l->suite, &l->did[OWNER], name, l->tx.body.nonce, &id);
    for (size_t i = 0; status == RECEIPT_OK && i < COUNT(FOUNDER); i++) {
        status = LAB(l, FOUNDER[i], METHOD_GOVERNANCE_APPROVE, proposal_approve, id);
    }
    return status;
}

/* What waits in the ledger's own state; count 0: nothing. */
static struct committee_change waiting(struct lab *l)
{
    static const uint8_t KEY[] = { 3 };
    struct committee_change c = { .count = 0 };
    struct bytes value;
    if (state_get(l->state, SYSTEM_CONTRACT, bytes_of(KEY, 1), &value) == ERR_NONE) {
        enum err e = committee_change_decode(value, &l->arena, &c);
        ASSERT(e == ERR_NONE);
    }
    return c;
}

TEST(formats_13_a_seat_is_added_with_the_root_that_its_participant_signed)
{
    struct lab *l = lab_open();
    struct hash name;
    struct seat_change x = change_of(l, SEAT_ADD, OTHER, 0x91);
    CHECK_EQ(put(l, OWNER, &x, &name), RECEIPT_FORBIDDEN);
    CHECK_EQ(put(l, OTHER, &x, &name), RECEIPT_OK);
    CHECK_EQ(decide(l, &name, 10), RECEIPT_OK);
    struct committee_change c = waiting(l);
    CHECK_EQ(c.count, 5);
    CHECK_EQ(c.height, 10);
    CHECK(hash_equal(&c.seat[4].participant, &l->did[OTHER]));
    CHECK(hash_equal(&c.seat[4].root, &x.root));
    CHECK(hash_equal(&c.seat[0].root, &l->genesis.seat[0].root));
    lab_close(l);
}

TEST(a_seat_gets_new_keys_and_keeps_its_place)
{
    struct lab *l = lab_open();
    struct hash name;
    struct seat_change x = change_of(l, SEAT_NEW_KEYS, HOLDER, 0x92);
    CHECK_EQ(put(l, HOLDER, &x, &name), RECEIPT_OK);
    CHECK_EQ(decide(l, &name, 10), RECEIPT_OK);
    struct committee_change c = waiting(l);
    CHECK_EQ(c.count, 4);
    CHECK(hash_equal(&c.seat[1].root, &x.root));
    CHECK_EQ(c.seat[1].weight, 1);
    lab_close(l);
}

TEST(a_seat_is_removed_by_the_founders_and_those_after_it_move_up)
{
    struct lab *l = lab_open();
    struct hash name;
    l->committee.seat[4] = (struct seat){ l->did[OTHER], lab_id(0x91), 1 };
    l->committee.count = 5;
    struct seat_change x = change_of(l, SEAT_REMOVE, HOLDER, 0);
    CHECK_EQ(put(l, OTHER, &x, &name), RECEIPT_FORBIDDEN);
    CHECK_EQ(put(l, OWNER, &x, &name), RECEIPT_OK);
    CHECK_EQ(decide(l, &name, 10), RECEIPT_OK);
    struct committee_change c = waiting(l);
    CHECK_EQ(c.count, 4);
    CHECK(hash_equal(&c.seat[1].participant, &l->did[BANK]));
    CHECK(hash_equal(&c.seat[3].participant, &l->did[OTHER]));
    lab_close(l);
}

TEST(four_seats_do_not_become_three)
{
    struct lab *l = lab_open();
    struct hash name;
    struct seat_change x = change_of(l, SEAT_REMOVE, HOLDER, 0);
    CHECK_EQ(put(l, OWNER, &x, &name), RECEIPT_OK);
    CHECK_EQ(decide(l, &name, 10), RECEIPT_LIMIT);
    CHECK_EQ(waiting(l).count, 0);
    lab_close(l);
}

TEST(a_committee_changes_no_more_often_than_a_proof_can_tell)
{
    for (uint64_t number = PROOF_HAND_OVERS_MAX - 1; number <= PROOF_HAND_OVERS_MAX; number++) {
        struct lab *l = lab_open();
        struct hash name;
        struct seat_change x = change_of(l, SEAT_ADD, OTHER, 0x91);
        l->committee.number = number;
        CHECK_EQ(put(l, OTHER, &x, &name), RECEIPT_OK);
        bool room = number < PROOF_HAND_OVERS_MAX;
        CHECK_EQ(decide(l, &name, 10), room ? RECEIPT_OK : RECEIPT_LIMIT);
        CHECK_EQ(waiting(l).count, room ? 5 : 0);
        lab_close(l);
    }
}

TEST(one_change_waits_at_a_time)
{
    struct lab *l = lab_open();
    struct hash name;
    struct seat_change x = change_of(l, SEAT_ADD, OTHER, 0x91);
    CHECK_EQ(put(l, OTHER, &x, &name), RECEIPT_OK);
    CHECK_EQ(decide(l, &name, 10), RECEIPT_OK);
    x = change_of(l, SEAT_NEW_KEYS, HOLDER, 0x92);
    CHECK_EQ(put(l, HOLDER, &x, &name), RECEIPT_OK);
    CHECK_EQ(decide(l, &name, 10), RECEIPT_STATE);
    CHECK_EQ(waiting(l).count, 5);
    lab_close(l);
}

TEST(a_change_that_does_not_fit_the_committee_is_refused)
{
    static const struct {
        enum contract_seat_verb verb;
        uint32_t who;
        uint8_t root;
    } ROWS[] = {
        { SEAT_ADD, HOLDER, 0x91 },      /* is seated */
        { SEAT_ADD, OTHER, 0xe0 },       /* with another seat's root */
        { SEAT_NEW_KEYS, OTHER, 0x91 },  /* is not seated */
        { SEAT_NEW_KEYS, HOLDER, 0xe1 }, /* has them: nothing would ever begin */
        { SEAT_NEW_KEYS, HOLDER, 0xe2 }, /* another seat has them */
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct lab *l = lab_open();
        struct hash name;
        struct seat_change x = change_of(l, ROWS[i].verb, ROWS[i].who, ROWS[i].root);
        CHECK_EQ(put(l, ROWS[i].who, &x, &name), RECEIPT_OK);
        CHECK_EQ(decide(l, &name, 10), RECEIPT_STATE);
        CHECK_EQ(waiting(l).count, 0);
        lab_close(l);
    }
}

TEST(a_change_that_is_not_sound_is_refused_at_once)
{
    struct lab *l = lab_open();
    struct hash name;
    struct seat_change unknown = change_of(l, SEAT_ADD, OTHER, 0x91);
    unknown.participant = lab_id(0x55);
    struct seat_change rows[] = { change_of(l, SEAT_ADD, OTHER, 0),
                                  change_of(l, SEAT_ADD, OTHER, 0x91),
                                  change_of(l, SEAT_NEW_KEYS, OTHER, 0),
                                  change_of(l, SEAT_REMOVE, OTHER, 0x91),
                                  change_of(l, SEAT_REMOVE, OTHER, 0) };
    rows[1].weight = 0;
    rows[4].verb = 4;
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK_EQ(put(l, OTHER, &rows[i], &name), RECEIPT_ARGS);
    }
    CHECK_EQ(put(l, OTHER, &unknown, &name), RECEIPT_NOT_FOUND);
    CHECK_EQ(decide(l, &name, 10), RECEIPT_NOT_FOUND);
    lab_close(l);
}
