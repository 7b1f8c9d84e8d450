#include "tests/fixtures/sync_fixture.h"
#include "tests/test.h"

/* A node that takes a snapshot of a space whose committee has changed, told anchors or not. */

static struct sync_bench b;

static void must(enum err e)
{
    ASSERT(e == ERR_NONE);
}

/* The first instant at which the hand-over on block 2 is too old to be believed by itself. */
static uint64_t too_late(void)
{
    return committee_epoch_end_ms(&b.f->genesis, 0) + b.f->genesis.trust_ms + 1;
}

static struct bytes anchor_of(uint64_t height)
{
    return fixture_certified(b.f, b.header[height], 0x7);
}

/* What nobody but who holds the keys can make: another block of this height, as well certified. */
static struct bytes forged(uint64_t height)
{
    struct header h;
    struct bytes wire = { NULL, 0 };
    must(header_decode(b.header[height], &b.f->arena, &h));
    h.state_root.b[0] ^= 1;
    must(header_encode(&h, &b.f->arena, &wire));
    return fixture_certified(b.f, wire, 0x7);
}

static void told(const struct bytes *anchor, uint32_t count)
{
    sync_bench_open_changed(&b);
    CHECK_OK(sync_bench_anchored(&b, anchor, count));
}

/* A joiner asks, and peer 1 gives the snapshot. */
static enum err join(uint64_t now_ms)
{
    sync_bench_bring_to(&b, SYNC_ASKING);
    return sync_bench_feed(&b, (struct sync_event){ .kind = SYNC_OFFER,
                                                    .from = 1,
                                                    .now_ms = now_ms,
                                                    .height = UINT64_MAX,
                                                    .bytes = b.young.wire });
}

TEST(formats_13_past_the_trust_period_a_joiner_takes_no_snapshot_without_an_anchor)
{
    told(NULL, 0);
    CHECK_ERR(join(too_late()), ERR_PROOF);
    CHECK(sync_bench_emitted(&b, SYNC_LIAR, 1));
    CHECK_EQ(b.out.effect[0].why, PROOF_TRUST);
    sync_bench_close(&b);
    told(NULL, 0);
    CHECK_OK(join(too_late() - 1));
    sync_bench_close(&b);
}

/* An anchor of the committee that certified it, whether below or at the snapshot's height; one of
 * the committee before says nothing of who sits now. */
TEST(formats_13_past_the_trust_period_a_joiner_with_an_anchor_takes_a_snapshot)
{
    static const struct {
        uint64_t height;
        enum err want;
    } ROW[] = { { 1, ERR_PROOF }, { 2, ERR_PROOF }, { 3, ERR_NONE }, { SYNC_BENCH_TOP, ERR_NONE } };
    for (size_t i = 0; i < COUNT(ROW); i++) {
        struct bytes anchor;
        told(&anchor, 1);
        anchor = anchor_of(ROW[i].height);
        CHECK_ERR(join(too_late()), ROW[i].want);
        CHECK_EQ(sync_liars(b.sync), ROW[i].want == ERR_NONE ? 0 : 1);
        for (uint32_t k = 0; ROW[i].want == ERR_NONE && k < SYNC_BENCH_PIECES; k++) {
            if (b.young.piece[k].len > 0 && sync_phase_of(b.sync) == SYNC_FETCHING) {
                CHECK_OK(sync_bench_give(&b, 1, k, b.young.piece[k]));
            }
        }
        CHECK(ROW[i].want != ERR_NONE || sync_phase_of(b.sync) == SYNC_COMPLETE);
        sync_bench_close(&b);
    }
}

TEST(a_snapshot_of_the_anchors_height_and_another_block_names_its_liar)
{
    struct bytes anchor[2];
    told(anchor, 2);
    anchor[0] = anchor_of(3);
    anchor[1] = forged(SYNC_BENCH_TOP);
    CHECK_ERR(join(SYNC_BENCH_START_MS), ERR_PROOF);
    CHECK(sync_bench_emitted(&b, SYNC_LIAR, 1) && sync_bench_emitted(&b, SYNC_ASK_SNAPSHOT, 2));
    CHECK(sync_snapshot(b.sync) == NULL);
    sync_bench_close(&b);
}

/* Taken by a node that had no anchors, and found when it starts with some. */
TEST(a_snapshot_that_was_kept_is_held_against_the_anchors_too)
{
    struct bytes anchor;
    struct sync_event kept = { .kind = SYNC_RESUME };
    told(&anchor, 1);
    anchor = forged(SYNC_BENCH_TOP);
    kept.bytes = b.young.wire;
    CHECK_ERR(sync_bench_feed(&b, kept), ERR_PROOF);
    CHECK(sync_snapshot(b.sync) == NULL);
    CHECK_OK(sync_bench_anchored(&b, &anchor, 1));
    anchor = anchor_of(SYNC_BENCH_TOP);
    CHECK_OK(sync_bench_feed(&b, kept));
    sync_bench_close(&b);
}

/* As many as a node may be told are checked in the room that one snapshot has. */
TEST(as_many_anchors_as_there_may_be_leave_room_for_a_snapshot)
{
    struct bytes anchor[TRUST_ANCHORS_MAX];
    told(anchor, TRUST_ANCHORS_MAX);
    for (uint32_t i = 0; i < TRUST_ANCHORS_MAX; i++) {
        anchor[i] = anchor_of(3 + i % 3);
    }
    CHECK_OK(join(too_late()));
    sync_bench_close(&b);
}
