/* Committees change at the end of an epoch (FORMATS 13): the closing block, who certifies what, and
 * the hand-overs by which a light client follows. */
#include "tests/fixtures/ledger_fixture.h"
#include "tests/test.h"

#include <string.h>

static struct fixture *f;
static const uint32_t GONE_2[] = { 0, 1, 3 }; /* seat 2 of the new committee is participant 3 */

static uint64_t end_of(uint64_t epoch)
{
    return committee_epoch_end_ms(&f->genesis, epoch);
}

/* A block at this time, committed; what kept it from it. */
static enum err next_block(uint64_t time_ms)
{
    struct bytes block;
    TRY(fixture_build(f, time_ms, &block));
    struct hash hash = ledger_newest(f->ledger).hash;
    return fixture_commit(f, &hash);
}

/* The committee becomes these, from the first epoch closed at `height` or above. */
static void order_change(uint64_t height, const uint32_t *who, uint32_t count, uint64_t now_ms)
{
    uint8_t memory[16];
    struct hash id;
    struct buf b = buf_over(memory, sizeof memory);
    buf_put_u64(&b, height);
    for (uint32_t i = 0; i < count; i++) {
        buf_put_u8(&b, (uint8_t)who[i]);
    }
    struct tx_body body = fixture_body(f, 0, FIXTURE_SEATS, buf_bytes(&b), now_ms + 60000);
    uint32_t signer = 0;
    struct bytes tx = fixture_sign(f, &body, &signer);
    CHECK_OK(ledger_submit(f->ledger, tx, now_ms, &id));
}

static void sits_from(uint64_t epoch, const uint32_t *who, uint32_t count)
{
    f->changed_since = epoch;
    memcpy(f->changed, who, count * sizeof who[0]);
}

/* Height 1 decides; from height `from` on headers name the next committee. */
static void given_a_change(uint64_t from)
{
    struct ledger_limits small = ledger_limits_small();
    f = fixture_open(NULL);
    CHECK(f != NULL);
    CHECK_OK(fixture_ledger(f, &small));
    order_change(from, GONE_2, 3, FIXTURE_START_MS + 10);
    CHECK_OK(next_block(FIXTURE_START_MS + 1000));
}

static struct header header_of(struct bytes block, struct bytes *bytes)
{
    struct block b;
    struct header none = { 0 };
    if (block_decode(f->suite, block, &f->arena, &b) != ERR_NONE) {
        return none;
    }
    *bytes = b.header_bytes;
    return b.header;
}

static struct header tip_header(struct bytes *bytes)
{
    struct bytes block = { NULL, 0 };
    struct header none = { 0 };
    struct hash tip = ledger_committed(f->ledger).hash;
    return ledger_block_bytes(f->ledger, &tip, &block) == ERR_NONE ? header_of(block, bytes) : none;
}

TEST(formats_13_a_change_is_named_by_headers_from_the_block_below_its_height)
{
    struct bytes bytes;
    given_a_change(3);
    struct header h = tip_header(&bytes);
    CHECK(!committee_changes(&h)); /* height 1: its child, height 2, is too early */
    CHECK_OK(next_block(FIXTURE_START_MS + 2000));
    h = tip_header(&bytes);
    CHECK(committee_changes(&h) && !committee_closes(&f->genesis, &h));
    CHECK(hash_equal(&h.committee_hash, &f->genesis.committee_hash));
    fixture_close(f);
}

TEST(formats_13_while_a_change_waits_an_epoch_ends_on_its_last_millisecond_only)
{
    struct committee sits;
    given_a_change(2);
    CHECK_ERR(next_block(end_of(0) + 1), ERR_RANGE);
    CHECK_ERR(next_block(end_of(1)), ERR_RANGE);
    CHECK_OK(next_block(end_of(0) - 1));
    ledger_committee_next(f->ledger, &sits);
    CHECK_EQ(sits.number, 0);
    CHECK_OK(next_block(end_of(0)));
    ledger_committee_next(f->ledger, &sits);
    CHECK_EQ(sits.number, 1);
    CHECK_EQ(sits.since_epoch, 1);
    CHECK_EQ(sits.since_height, 4);
    CHECK_EQ(sits.count, 3);
    CHECK(hash_equal(&sits.seat[2].participant, &f->did[3]));
    fixture_close(f);
}

TEST(without_a_change_epochs_end_by_the_clock_alone)
{
    struct ledger_limits small = ledger_limits_small();
    f = fixture_open(NULL);
    CHECK_OK(fixture_ledger(f, &small));
    CHECK_OK(next_block(FIXTURE_START_MS + 1000));
    CHECK_OK(next_block(end_of(0) + 1));
    CHECK_EQ(ledger_committed(f->ledger).epoch, 1);
    fixture_close(f);
}

TEST(formats_13_a_closing_block_holds_no_transaction)
{
    struct hash id;
    struct bytes bytes;
    given_a_change(2);
    struct bytes tx = fixture_put(f, 0, FIXTURE_PUT, "k", "v", end_of(0) - 5000);
    CHECK_OK(ledger_submit(f->ledger, tx, end_of(0) - 5000, &id));
    CHECK_OK(next_block(end_of(0)));
    struct header h = tip_header(&bytes);
    CHECK(committee_closes(&f->genesis, &h));
    CHECK_EQ(h.tx_count, 0);
    CHECK_EQ(ledger_pending(f->ledger), 1);
    fixture_close(f);
}

TEST(formats_13_who_certifies_an_epoch_is_who_sat_in_it)
{
    struct committee c;
    struct bytes bytes, block;
    given_a_change(2);
    CHECK_OK(next_block(end_of(0)));
    sits_from(1, GONE_2, 3);
    struct hash parent = ledger_newest(f->ledger).hash;
    /* Participant 2 may not propose any more. */
    CHECK_ERR(ledger_build(f->ledger, &parent, end_of(0) + 5, &f->did[2],
                           fixture_last_certificate(f), &block),
              ERR_RANGE);
    CHECK_OK(next_block(end_of(0) + 5)); /* carries the old committee's certificate */
    CHECK_OK(next_block(end_of(0) + 9)); /* and this one the new one's */
    struct header h = tip_header(&bytes);
    CHECK_OK(ledger_committee(f->ledger, 1, &c));
    CHECK(hash_equal(&h.committee_hash, &c.hash) && c.number == 1);
    CHECK_OK(ledger_committee(f->ledger, 0, &c));
    CHECK(hash_equal(&f->genesis.committee_hash, &c.hash) && c.number == 0);
    CHECK_OK(ledger_committee(f->ledger, 7, &c));
    CHECK_EQ(c.number, 1);
    fixture_close(f);
}

TEST(a_ledger_resumes_on_any_side_of_a_change)
{
    given_a_change(2);
    CHECK_OK(next_block(end_of(0)));
    sits_from(1, GONE_2, 3);
    for (int i = 0; i < 3; i++) {
        struct bytes bytes = { NULL, 0 };
        struct committee before, after;
        struct ledger *l = NULL;
        struct ledger_limits small = ledger_limits_small();
        struct state_store store = fixture_store_port(f->store);
        CHECK(tip_header(&bytes).height > 0);
        CHECK_OK(ledger_init(f->suite, &f->genesis, &f->contracts, &store, &small, &f->keys,
                             &f->arena, &l));
        CHECK_OK(ledger_resume(l, bytes, ledger_history(f->ledger)));
        ledger_committee_next(f->ledger, &before);
        ledger_committee_next(l, &after);
        CHECK_EQ(before.number, 1);
        CHECK_EQ(after.number, before.number);
        CHECK_EQ(after.since_height, before.since_height);
        CHECK(hash_equal(&after.hash, &before.hash));
        CHECK_OK(next_block(end_of(0) + 10 * (uint64_t)(i + 1)));
    }
    fixture_close(f);
}

TEST(the_committee_of_every_epoch_is_known_after_two_changes)
{
    static const uint32_t TWO[] = { 3, 1 };
    static const uint64_t NUMBER[] = { 0, 1, 2, 2 };
    given_a_change(2);
    CHECK_OK(next_block(end_of(0)));
    sits_from(1, GONE_2, 3);
    order_change(5, TWO, 2, end_of(0) + 5);
    CHECK_OK(next_block(end_of(0) + 5));
    CHECK_OK(next_block(end_of(1)));
    for (uint64_t e = 0; e < COUNT(NUMBER); e++) {
        struct committee c;
        CHECK_OK(ledger_committee(f->ledger, e, &c));
        CHECK_EQ(c.number, NUMBER[e]);
    }
    fixture_close(f);
}

/* ---- hand-overs ------------------------------------------------------------------------------ */

static struct bytes closing, handed, later; /* certified headers, and the hand-over */

static void given_a_hand_over(void)
{
    struct bytes bytes;
    struct committee next;
    given_a_change(2);
    CHECK_OK(next_block(end_of(0)));
    struct header h = tip_header(&bytes);
    CHECK_EQ(h.height, 2);
    closing = fixture_certified(f, bytes, 0xB);
    ledger_committee_next(f->ledger, &next);
    CHECK_OK(proof_encode_hand_over(closing, &next, &f->arena, &handed));
    sits_from(1, GONE_2, 3);
    CHECK_OK(next_block(end_of(0) + 5));
    CHECK(tip_header(&bytes).height == 3);
    later = fixture_certified(f, bytes, 0x7);
}

static enum err verify(const struct bytes *hand_over, uint32_t count,
                       const struct proof_caller *caller, struct bytes certified,
                       enum proof_step *step)
{
    struct trust t;
    struct header h;
    struct hash hash;
    TRY(proof_follow(f->suite, &f->genesis, hand_over, count, &f->arena, &t, step));
    return proof_verify_header_by(f->suite, &f->genesis, &t, caller, certified, &f->arena, &h,
                                  &hash, step);
}

TEST(formats_13_a_light_client_follows_a_hand_over_without_the_blocks_between)
{
    enum proof_step step;
    given_a_hand_over();
    struct proof_caller now = { .now_ms = end_of(0) + 1000 };
    CHECK_OK(verify(&handed, 1, &now, later, &step));
    CHECK_EQ(step, PROOF_OK);
    CHECK_OK(verify(NULL, 0, &now, closing, &step));
    CHECK_OK(verify(NULL, 0, NULL, closing, &step));
    fixture_close(f);
}

TEST(formats_13_each_committee_certifies_its_own_epochs_and_no_other)
{
    enum proof_step step;
    given_a_hand_over();
    struct proof_caller now = { .now_ms = end_of(0) + 1000 };
    CHECK_ERR(verify(NULL, 0, &now, later, &step), ERR_PROOF);
    CHECK_EQ(step, PROOF_COMMITTEE);
    CHECK_ERR(verify(&handed, 1, &now, closing, &step), ERR_PROOF); /* one too many */
    CHECK_EQ(step, PROOF_COMMITTEE);
    fixture_close(f);
}

TEST(a_hand_over_is_a_closing_header_with_the_seats_it_names)
{
    enum proof_step step;
    struct bytes bytes = { NULL, 0 }, wrong;
    struct committee next;
    given_a_hand_over();
    struct proof_caller now = { .now_ms = end_of(0) + 1000 };
    ledger_committee_next(f->ledger, &next);
    next.seat[0].weight++;
    CHECK_OK(proof_encode_hand_over(closing, &next, &f->arena, &wrong));
    CHECK_ERR(verify(&wrong, 1, &now, later, &step), ERR_PROOF);
    CHECK_EQ(step, PROOF_HAND_OVER);
    next.seat[0].weight--;
    CHECK(tip_header(&bytes).height == 3);
    CHECK_OK(proof_encode_hand_over(later, &next, &f->arena, &wrong)); /* closes nothing */
    struct bytes two[] = { handed, wrong };
    CHECK_ERR(verify(two, 2, &now, later, &step), ERR_PROOF);
    CHECK_EQ(step, PROOF_HAND_OVER);
    struct bytes twice[] = { handed, handed };
    CHECK_ERR(verify(twice, 2, &now, later, &step), ERR_PROOF);
    CHECK_EQ(step, PROOF_COMMITTEE);
    fixture_close(f);
}

TEST(formats_13_past_the_trust_period_a_hand_over_needs_an_anchor)
{
    enum proof_step step;
    given_a_hand_over();
    uint64_t trusted = end_of(0) + f->genesis.trust_ms;
    struct proof_caller c = { .now_ms = trusted };
    CHECK_OK(verify(&handed, 1, &c, later, &step));
    c.now_ms++;
    CHECK_ERR(verify(&handed, 1, &c, later, &step), ERR_PROOF);
    CHECK_EQ(step, PROOF_TRUST);
    /* One of the committee before pins nothing that the genesis file does not. */
    c.anchor = &closing;
    c.anchor_count = 1;
    CHECK_ERR(verify(&handed, 1, &c, later, &step), ERR_PROOF);
    CHECK_EQ(step, PROOF_TRUST);
    c.anchor = &later;
    CHECK_OK(verify(&handed, 1, &c, later, &step));
    /* Without a change a proof of any age needs the genesis file alone. */
    c = (struct proof_caller){ .now_ms = UINT64_MAX };
    CHECK_OK(verify(NULL, 0, &c, closing, &step));
    fixture_close(f);
}

TEST(an_anchor_that_does_not_fit_is_refused)
{
    enum proof_step step;
    uint8_t memory[16 * 1024];
    given_a_hand_over();
    CHECK(later.len < sizeof memory);
    memcpy(memory, later.ptr, later.len);
    memory[later.len / 2] ^= 1;
    struct bytes anchors[] = { closing, bytes_of(memory, later.len) };
    struct proof_caller c = { end_of(0) + 1000, 2, anchors };
    CHECK(verify(&handed, 1, &c, later, &step) != ERR_NONE);
    CHECK_EQ(step, PROOF_ANCHOR);
    fixture_close(f);
}

TEST(who_does_not_say_what_time_it_is_gets_no_hand_over_believed)
{
    enum proof_step step;
    given_a_hand_over();
    CHECK_ERR(verify(&handed, 1, NULL, later, &step), ERR_PROOF);
    CHECK_EQ(step, PROOF_TRUST);
    fixture_close(f);
}

TEST(every_single_byte_change_of_a_hand_over_is_refused)
{
    static uint8_t memory[16 * 1024];
    enum proof_step step;
    given_a_hand_over();
    struct proof_caller now = { .now_ms = end_of(0) + 1000 };
    CHECK(handed.len < sizeof memory);
    for (size_t i = 0; i < handed.len; i++) {
        size_t mark = arena_mark(&f->arena);
        memcpy(memory, handed.ptr, handed.len);
        memory[i] ^= 0x20;
        struct bytes one = bytes_of(memory, handed.len);
        CHECK(verify(&one, 1, &now, later, &step) != ERR_NONE);
        arena_release(&f->arena, mark);
    }
    fixture_close(f);
}

/* A block of the second committee with one transaction in it: the proof of it alone, with the
 * hand-over, and of the block's transactions, which tells none. */
static void prove_later(struct bytes *tx_proof, struct bytes *block_proof)
{
    struct bytes wire, copy;
    struct block b;
    struct tx own;
    struct hash id, leaf, of_tx;
    const struct receipt *r;
    uint32_t count;
    struct bytes tx = fixture_put(f, 0, FIXTURE_PUT, "key", "value", end_of(0) + 100);
    CHECK_OK(ledger_submit(f->ledger, tx, end_of(0) + 100, &id));
    CHECK_OK(fixture_build(f, end_of(0) + 1000, &wire));
    struct hash tip = ledger_newest(f->ledger).hash;
    CHECK_OK(arena_copy(&f->arena, wire, &copy));
    CHECK_OK(block_decode(f->suite, copy, &f->arena, &b));
    CHECK_OK(ledger_receipts(f->ledger, &tip, &r, &count));
    CHECK_EQ(count, 1);
    struct proof_entry entry = { .tx = tx };
    CHECK_OK(arena_copy(&f->arena, r[0].wire, &entry.receipt));
    CHECK_OK(tx_decode(f->suite, tx, &f->arena, &own));
    tx_leaf(f->suite, &own, &of_tx);
    proof_receipt_leaf(f->suite, entry.receipt, &leaf);
    struct proof_parts p = { .certified_header = fixture_certified(f, b.header_bytes, 0x7),
                             .tx = tx,
                             .receipt = entry.receipt,
                             .count = 1 };
    CHECK_OK(proof_encode_block(f->suite, &p, &entry, 1, &of_tx, &leaf, &f->arena, block_proof));
    p.hand_over_count = 1;
    p.hand_over = &handed;
    CHECK_OK(proof_encode_tx(&p, &f->arena, tx_proof));
}

TEST(transactions_of_a_block_are_proved_by_the_committee_that_one_proof_leads_to)
{
    enum proof_step step;
    struct bytes tx_proof, block_proof;
    struct proved_block b;
    struct trust t;
    given_a_hand_over();
    struct proof_caller now = { .now_ms = end_of(0) + 2000 };
    struct proof_caller late = { .now_ms = end_of(0) + 2000 + 2 * f->genesis.trust_ms };
    prove_later(&tx_proof, &block_proof);
    CHECK_ERR(proof_verify_block(f->suite, &f->genesis, block_proof, &f->arena, &b, &step),
              ERR_PROOF);
    CHECK_EQ(step, PROOF_COMMITTEE);
    CHECK_ERR(proof_tx_trust(f->suite, &f->genesis, NULL, tx_proof, &f->arena, &t, &step),
              ERR_PROOF);
    CHECK_EQ(step, PROOF_TRUST);
    CHECK_OK(proof_tx_trust(f->suite, &f->genesis, &now, tx_proof, &f->arena, &t, &step));
    CHECK_EQ(t.count, 2);
    CHECK_OK(
        proof_verify_block_by(f->suite, &f->genesis, &t, &now, block_proof, &f->arena, &b, &step));
    CHECK_EQ(b.header.height, 4);
    CHECK_EQ(b.count, 1);
    CHECK_ERR(
        proof_verify_block_by(f->suite, &f->genesis, &t, &late, block_proof, &f->arena, &b, &step),
        ERR_PROOF);
    CHECK_EQ(step, PROOF_TRUST);
    CHECK_ERR(
        proof_verify_block_by(f->suite, &f->genesis, &t, NULL, block_proof, &f->arena, &b, &step),
        ERR_PROOF);
    CHECK_EQ(step, PROOF_TRUST);
    fixture_close(f);
}

TEST(more_hand_overs_than_a_proof_holds_are_refused)
{
    enum proof_step step;
    struct bytes many[PROOF_HAND_OVERS_MAX + 1];
    given_a_hand_over();
    for (size_t i = 0; i < COUNT(many); i++) {
        many[i] = handed;
    }
    CHECK_ERR(verify(many, COUNT(many), NULL, later, &step), ERR_SIZE);
    fixture_close(f);
}
