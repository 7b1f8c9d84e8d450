#include "tests/fixtures/sync_fixture.h"
#include "tests/test.h"

/* Taking a snapshot from peers that may lie: every event in every phase, and each answer with each
 * way to be wrong. Peer 0 is the node itself; 1, 2 and 3 are the others. */

static void must(enum err e)
{
    ASSERT(e == ERR_NONE);
}

/* ---- every event in every phase -------------------------------------------------------------- */

TEST(what_nobody_waits_for_is_refused_and_changes_nothing)
{
    static const bool HEARD[SYNC_PHASE_END][SYNC_EVENT_END] = {
        [SYNC_IDLE] = { [SYNC_WANT] = true,
                        [SYNC_STOP] = true,
                        [SYNC_PEER] = true,
                        [SYNC_RESUME] = true,
                        [SYNC_KEPT] = true },
        [SYNC_ASKING] = { [SYNC_WANT] = true,
                          [SYNC_STOP] = true,
                          [SYNC_PEER] = true,
                          [SYNC_OFFER] = true,
                          [SYNC_TICK] = true },
        [SYNC_WAITING] = { [SYNC_WANT] = true,
                           [SYNC_STOP] = true,
                           [SYNC_PEER] = true,
                           [SYNC_TICK] = true },
        [SYNC_FETCHING] = { [SYNC_WANT] = true,
                            [SYNC_STOP] = true,
                            [SYNC_PEER] = true,
                            [SYNC_PIECE] = true,
                            [SYNC_TICK] = true },
        [SYNC_COMPLETE] = { [SYNC_STOP] = true, [SYNC_PEER] = true },
    };
    for (int phase = 0; phase < SYNC_PHASE_END; phase++) {
        struct sync_bench b;
        sync_bench_open(&b);
        sync_bench_bring_to(&b, (enum sync_phase)phase);
        memcpy(b.before, b.memory, b.memory_size);
        for (int kind = 0; kind < SYNC_EVENT_END; kind++) {
            struct sync_event ev = { .kind = (enum sync_event_kind)kind, .from = 1 };
            ev.bytes = b.young.wire;
            if (!HEARD[phase][kind]) {
                CHECK_ERR(sync_bench_feed(&b, ev), ERR_STALE);
            }
            ev.from = SYNC_BENCH_PEERS;
            CHECK_ERR(sync_bench_feed(&b, ev), ERR_RANGE);
            CHECK_EQ(b.out.count, 0);
            CHECK(memcmp(b.before, b.memory, b.memory_size) == 0);
        }
        sync_bench_close(&b);
    }
}

/* ---- offers ---------------------------------------------------------------------------------- */

static struct bytes changed(struct sync_bench *b, struct bytes x, size_t at)
{
    struct bytes copy = { NULL, 0 };
    must(arena_copy(&b->f->arena, x, &copy));
    ((uint8_t *)(uintptr_t)copy.ptr)[at] ^= 1;
    return copy;
}

static struct bytes with(struct sync_bench *b, const struct snapshot *s)
{
    struct bytes wire = { NULL, 0 };
    must(snapshot_encode(s, &b->f->arena, &wire));
    return wire;
}

enum bad_offer {
    OFFER_CUT,
    OFFER_FEW_SIGN,
    OFFER_SIGNATURE,
    OFFER_OTHER_HEADER,
    OFFER_PIECE_ROOT,
    OFFER_FIRST_PATH,
    OFFER_FIRST_OTHER,
    OFFER_BEFORE,
    OFFER_HISTORY,
    OFFER_DEPTH,
    OFFER_SIZE,
    OFFERS
};

static struct bytes bad_offer(struct sync_bench *b, enum bad_offer what)
{
    struct snapshot s = b->young.snapshot;
    struct state_subtree piece[SYNC_BENCH_PIECES];
    struct sync_shot few;
    memcpy(piece, s.piece, sizeof piece);
    switch (what) {
    case OFFER_CUT:
        return bytes_of(b->young.wire.ptr, b->young.wire.len - 1);
    case OFFER_FEW_SIGN:
        sync_bench_take(b, SYNC_BENCH_TOP, 1, 0x3, &few);
        return few.wire;
    case OFFER_SIGNATURE:
        s.certified = changed(b, s.certified, s.certified.len - 1);
        break;
    case OFFER_OTHER_HEADER:
        s.certified = changed(b, s.certified, 60);
        break;
    case OFFER_PIECE_ROOT:
        piece[2].root.b[9] ^= 1;
        s.piece = piece;
        break;
    case OFFER_FIRST_PATH:
        s.first_path.sibling[0].b[0] ^= 1;
        break;
    case OFFER_FIRST_OTHER:
        s.first_bytes = b->header[2];
        break;
    case OFFER_BEFORE:
        merkle_frontier_init(&s.before);
        break;
    case OFFER_HISTORY:
        sync_bench_frontier(b, SYNC_BENCH_TOP - 1, &s.history);
        break;
    case OFFER_DEPTH:
        s.depth = SYNC_BENCH_DEPTH - 1;
        break;
    case OFFER_SIZE:
        s.certified.ptr = arena_alloc(&b->f->arena, SNAPSHOT_SIZE_MAX);
        s.certified.len = SNAPSHOT_SIZE_MAX;
        return s.certified;
    case OFFERS:
        break;
    }
    return with(b, &s);
}

TEST(an_offer_that_is_not_true_names_its_liar_and_the_next_peer_is_asked)
{
    static const char *const NAME[OFFERS] = {
        "cut short",       "below a quorum", "a signature changed", "the header changed",
        "a root changed",  "a path changed", "another first block", "no headers before it",
        "a short history", "another depth",  "oversized",
    };
    for (int i = 0; i < OFFERS; i++) {
        struct sync_bench b;
        sync_bench_open(&b);
        sync_bench_bring_to(&b, SYNC_ASKING);
        enum err e = sync_bench_offer(&b, 1, bad_offer(&b, (enum bad_offer)i));
        if (e == ERR_NONE || e == ERR_STALE || sync_liars(b.sync) != 1) {
            printf("# %s: %s\n", NAME[i], err_name(e));
        }
        CHECK(e == ERR_PROOF || e == ERR_ENCODING || e == ERR_SIZE || e == ERR_SIGNATURE);
        CHECK_EQ(sync_liars(b.sync), 1);
        CHECK(sync_bench_emitted(&b, SYNC_LIAR, 1) && sync_bench_emitted(&b, SYNC_ASK_SNAPSHOT, 2));
        CHECK(sync_snapshot(b.sync) == NULL);
        CHECK_ERR(sync_bench_offer(&b, 1, b.young.wire), ERR_STALE); /* it is not asked any more */
        CHECK_OK(sync_bench_offer(&b, 2, b.young.wire));
        CHECK(sync_phase_of(b.sync) == SYNC_FETCHING);
        sync_bench_close(&b);
    }
}

TEST(an_offer_of_another_space_is_a_lie)
{
    struct sync_bench b;
    sync_bench_open(&b);
    struct genesis other = b.f->genesis;
    other.space.b[0] ^= 1;
    struct sync_config c = { .suite = b.f->suite,
                             .genesis = &other,
                             .peers = SYNC_BENCH_PEERS,
                             .retry_ms = SYNC_BENCH_RETRY_MS,
                             .piece_max = SYNC_BENCH_PIECE_MAX };
    b.region = arena_over(b.memory, b.memory_size);
    CHECK_OK(sync_init(&c, &b.region, &b.sync));
    sync_bench_bring_to(&b, SYNC_ASKING);
    CHECK_ERR(sync_bench_offer(&b, 1, b.young.wire), ERR_PROOF);
    CHECK_EQ(sync_liars(b.sync), 1);
    sync_bench_close(&b);
}

TEST(an_offer_from_who_was_not_asked_changes_nothing)
{
    struct sync_bench b;
    sync_bench_open(&b);
    sync_bench_bring_to(&b, SYNC_ASKING);
    memcpy(b.before, b.memory, b.memory_size);
    CHECK_ERR(sync_bench_offer(&b, 2, b.young.wire), ERR_STALE);
    CHECK_ERR(sync_bench_offer(&b, 3, bytes_of(NULL, 0)), ERR_STALE);
    CHECK(memcmp(b.before, b.memory, b.memory_size) == 0);
    sync_bench_close(&b);
}

/* A liar who serves what was true long ago would otherwise end the taking of a newer one, each time
 * anew, and a node whose state stands there would install it again and again. */
TEST(an_old_snapshot_is_no_lie_and_of_no_use_and_takes_nothing_away)
{
    struct sync_bench b;
    sync_bench_open(&b);
    sync_bench_bring_to(&b, SYNC_FETCHING);
    CHECK_OK(sync_bench_give(&b, 1, 0, b.young.piece[0]));
    CHECK_OK(sync_bench_feed(&b, (struct sync_event){ .kind = SYNC_PEER, .from = 1 }));
    CHECK(sync_bench_emitted(&b, SYNC_ASK_SNAPSHOT, 2));
    CHECK_OK(sync_bench_feed(&b, (struct sync_event){ .kind = SYNC_WANT,
                                                      .height = SYNC_BENCH_TOP - 2,
                                                      .log = SYNC_BENCH_TOP - 2 }));
    uint32_t missing = sync_missing(b.sync);
    CHECK_ERR(sync_bench_offer(&b, 2, b.old.wire), ERR_STALE);
    CHECK_EQ(sync_liars(b.sync), 0);
    CHECK(sync_bench_emitted(&b, SYNC_ASK_SNAPSHOT, 3));
    CHECK_EQ(sync_snapshot(b.sync)->header.height, SYNC_BENCH_TOP);
    CHECK_EQ(sync_missing(b.sync), missing);
    CHECK_OK(sync_bench_offer(&b, 3, b.young.wire)); /* what is there need not be fetched again */
    CHECK_EQ(sync_missing(b.sync), missing);
    sync_bench_close(&b);
}

static enum err offered_when(struct sync_bench *b, uint32_t from, uint64_t obtainable)
{
    return sync_bench_feed(
        b, (struct sync_event){
               .kind = SYNC_OFFER, .from = from, .height = obtainable, .bytes = b->young.wire });
}

/* A liar may be the only one who has the newest block; then nobody else would serve it. */
TEST(a_snapshot_whose_newest_block_too_few_have_is_no_lie_and_is_taken_when_they_do)
{
    struct sync_bench b;
    sync_bench_open(&b);
    sync_bench_bring_to(&b, SYNC_ASKING);
    CHECK_ERR(offered_when(&b, 1, SYNC_BENCH_TOP - 1), ERR_STALE);
    CHECK(sync_bench_emitted(&b, SYNC_ASK_SNAPSHOT, 2));
    CHECK(!sync_bench_emitted(&b, SYNC_KEEP_SNAPSHOT, 0));
    for (uint32_t i = 2; i < SYNC_BENCH_PEERS; i++) {
        CHECK_ERR(offered_when(&b, i, SYNC_BENCH_TOP - 1), ERR_STALE);
    }
    CHECK_EQ(sync_phase_of(b.sync), SYNC_WAITING); /* as for one who is making it */
    CHECK_EQ(sync_liars(b.sync), 0);
    CHECK_OK(sync_bench_feed(
        &b, (struct sync_event){ .kind = SYNC_TICK, .now_ms = sync_deadline(b.sync) }));
    CHECK(sync_bench_emitted(&b, SYNC_ASK_SNAPSHOT, 1));
    CHECK_OK(offered_when(&b, 1, SYNC_BENCH_TOP));
    CHECK_EQ(sync_phase_of(b.sync), SYNC_FETCHING);
    sync_bench_close(&b);
}

TEST(a_snapshot_of_our_own_height_is_of_no_use_even_where_the_log_has_fallen_behind)
{
    static const struct {
        uint64_t height, log;
        enum err want;
    } ROW[] = {
        { SYNC_BENCH_TOP - 1, SYNC_BENCH_TOP - 1, ERR_NONE },
        { SYNC_BENCH_TOP - 1, 0, ERR_NONE },
        { SYNC_BENCH_TOP, SYNC_BENCH_TOP, ERR_STALE },
        { SYNC_BENCH_TOP, 0, ERR_STALE },
        { SYNC_BENCH_TOP + 1, 0, ERR_STALE },
    };
    for (size_t i = 0; i < COUNT(ROW); i++) {
        struct sync_bench b;
        sync_bench_open(&b);
        sync_bench_peers_up(&b);
        CHECK_OK(sync_bench_feed(
            &b,
            (struct sync_event){ .kind = SYNC_WANT, .height = ROW[i].height, .log = ROW[i].log }));
        CHECK(sync_bench_emitted(&b, SYNC_ASK_SNAPSHOT, 1));
        CHECK_EQ(b.out.effect[0].height, ROW[i].log);
        CHECK_ERR(sync_bench_offer(&b, 1, b.young.wire), ROW[i].want);
        sync_bench_close(&b);
    }
}

/* ---- pieces ---------------------------------------------------------------------------------- */

TEST(a_piece_that_is_not_true_names_its_liar_and_the_next_peer_goes_on)
{
    for (int i = 0; i < 5; i++) {
        struct sync_bench b;
        sync_bench_open(&b);
        sync_bench_bring_to(&b, SYNC_FETCHING);
        CHECK_OK(sync_bench_give(&b, 1, 0, b.young.piece[0]));
        uint32_t missing = sync_missing(b.sync);
        struct bytes good = b.young.piece[1], large = { NULL, 0 };
        large.ptr = arena_alloc(&b.f->arena, SYNC_BENCH_PIECE_MAX + 1);
        large.len = SYNC_BENCH_PIECE_MAX + 1;
        const struct bytes bad[] = { changed(&b, good, good.len - 1), changed(&b, good, 0),
                                     bytes_of(good.ptr, good.len - 1), b.young.piece[2], large };
        enum err e = sync_bench_give(&b, 1, 1, bad[i]);
        CHECK(e == ERR_PROOF || e == ERR_ENCODING || e == ERR_SIZE);
        CHECK_EQ(sync_liars(b.sync), 1);
        CHECK(sync_bench_emitted(&b, SYNC_LIAR, 1) && sync_bench_emitted(&b, SYNC_ASK_SNAPSHOT, 2));
        CHECK(!sync_bench_emitted(&b, SYNC_KEEP_PIECE, 0));
        CHECK_EQ(sync_missing(b.sync), missing);
        CHECK_OK(sync_bench_offer(&b, 2, b.young.wire));
        CHECK_EQ(sync_missing(b.sync), missing);
        sync_bench_close(&b);
    }
}

TEST(a_piece_that_nobody_asked_for_changes_nothing)
{
    struct sync_bench b;
    sync_bench_open(&b);
    sync_bench_bring_to(&b, SYNC_FETCHING);
    CHECK_OK(sync_bench_give(&b, 1, 0, b.young.piece[0]));
    memcpy(b.before, b.memory, b.memory_size);
    struct sync_event other_height = { .kind = SYNC_PIECE,
                                       .from = 1,
                                       .height = SYNC_BENCH_TOP - 2,
                                       .piece = 1,
                                       .bytes = b.old.piece[1] };
    struct sync_event later = other_height;
    later.height = UINT64_MAX;
    CHECK_ERR(sync_bench_give(&b, 2, 1, b.young.piece[1]), ERR_STALE); /* of another peer */
    CHECK_ERR(sync_bench_give(&b, 1, 0, b.young.piece[0]), ERR_STALE); /* once more */
    CHECK_ERR(sync_bench_give(&b, 1, SYNC_BENCH_PIECES, b.young.piece[0]),
              ERR_STALE); /* there is none */
    CHECK_ERR(sync_bench_give(&b, 1, UINT32_MAX, b.young.piece[0]), ERR_STALE);
    CHECK_ERR(sync_bench_feed(&b, other_height), ERR_STALE);
    CHECK_ERR(sync_bench_feed(&b, later), ERR_STALE);
    CHECK(memcmp(b.before, b.memory, b.memory_size) == 0);
    sync_bench_close(&b);
}

TEST(a_peer_that_no_longer_has_a_piece_is_left_and_no_liar)
{
    struct sync_bench b;
    sync_bench_open(&b);
    sync_bench_bring_to(&b, SYNC_FETCHING);
    CHECK_OK(sync_bench_give(&b, 1, 1, bytes_of(NULL, 0)));
    CHECK_EQ(sync_liars(b.sync), 0);
    CHECK(sync_bench_emitted(&b, SYNC_ASK_SNAPSHOT, 2));
    sync_bench_close(&b);
}

TEST(what_lies_on_the_disk_of_an_older_snapshot_is_passed_over)
{
    struct sync_bench b;
    sync_bench_open(&b);
    struct sync_event kept = { .kind = SYNC_KEPT, .piece = 1, .bytes = b.young.piece[1] };
    CHECK_ERR(sync_bench_feed(&b, kept), ERR_STALE); /* no snapshot yet */
    CHECK_ERR(sync_bench_feed(&b, (struct sync_event){ .kind = SYNC_RESUME,
                                                       .bytes = bytes_of(b.young.wire.ptr, 40) }),
              ERR_ENCODING);
    CHECK_OK(
        sync_bench_feed(&b, (struct sync_event){ .kind = SYNC_RESUME, .bytes = b.young.wire }));
    uint32_t missing = sync_missing(b.sync);
    kept.bytes = b.young.piece[2];
    CHECK_ERR(sync_bench_feed(&b, kept), ERR_PROOF);
    kept.bytes = b.young.piece[1];
    CHECK_OK(sync_bench_feed(&b, kept));
    CHECK_ERR(sync_bench_feed(&b, kept), ERR_STALE);
    kept.piece = SYNC_BENCH_PIECES;
    CHECK_ERR(sync_bench_feed(&b, kept), ERR_STALE);
    CHECK_EQ(sync_missing(b.sync), missing - 1);
    sync_bench_close(&b);
}

/* ---- time, and limits ------------------------------------------------------------------------ */

TEST(who_does_not_answer_is_left_after_so_many_tries)
{
    struct sync_bench b;
    sync_bench_open(&b);
    sync_bench_bring_to(&b, SYNC_FETCHING);
    uint64_t now = SYNC_BENCH_START_MS;
    for (uint32_t i = 1; i < SYNC_TRIES_MAX; i++) {
        now += 4 * SYNC_BENCH_RETRY_MS;
        CHECK_EQ(sync_deadline(b.sync), now);
        CHECK_OK(sync_bench_feed(&b, (struct sync_event){ .kind = SYNC_TICK, .now_ms = now }));
        CHECK(sync_bench_emitted(&b, SYNC_ASK_PIECE, 1));
    }
    now += 4 * SYNC_BENCH_RETRY_MS;
    CHECK_OK(sync_bench_feed(&b, (struct sync_event){ .kind = SYNC_TICK, .now_ms = now }));
    CHECK(sync_bench_emitted(&b, SYNC_ASK_SNAPSHOT, 2));
    CHECK_OK(sync_bench_feed(
        &b, (struct sync_event){ .kind = SYNC_TICK, .now_ms = now + 4 * SYNC_BENCH_RETRY_MS - 1 }));
    CHECK_EQ(b.out.count, 0);
    CHECK_OK(sync_bench_feed(
        &b, (struct sync_event){ .kind = SYNC_TICK, .now_ms = now + 4 * SYNC_BENCH_RETRY_MS }));
    CHECK(sync_bench_emitted(&b, SYNC_ASK_SNAPSHOT, 3));
    sync_bench_close(&b);
}

TEST(while_somebody_is_making_one_there_are_so_many_rounds_and_then_none)
{
    struct sync_bench b;
    sync_bench_open(&b);
    sync_bench_peers_up(&b);
    CHECK_OK(sync_bench_feed(&b, (struct sync_event){ .kind = SYNC_WANT }));
    uint64_t now = SYNC_BENCH_START_MS;
    uint32_t rounds = 0;
    while (sync_phase_of(b.sync) != SYNC_IDLE) {
        for (uint32_t i = 1; i < SYNC_BENCH_PEERS; i++) {
            CHECK_OK(sync_bench_feed(
                &b, (struct sync_event){ .kind = SYNC_OFFER, .from = i, .now_ms = now }));
        }
        now += SYNC_BENCH_RETRY_MS;
        rounds++;
        if (sync_phase_of(b.sync) == SYNC_WAITING) {
            CHECK_OK(sync_bench_feed(&b, (struct sync_event){ .kind = SYNC_TICK, .now_ms = now }));
        }
    }
    CHECK_EQ(rounds, SYNC_ROUNDS_MAX);
    CHECK(sync_bench_emitted(&b, SYNC_GIVE_UP, 0));
    sync_bench_close(&b);
}

TEST(when_all_have_lied_nobody_is_asked_until_one_connects_again)
{
    struct sync_bench b;
    sync_bench_open(&b);
    sync_bench_bring_to(&b, SYNC_ASKING);
    for (uint32_t i = 1; i < SYNC_BENCH_PEERS; i++) {
        CHECK_ERR(sync_bench_offer(&b, i, b.young.piece[0]), ERR_ENCODING);
    }
    CHECK(sync_bench_emitted(&b, SYNC_GIVE_UP, 0));
    CHECK_EQ(sync_liars(b.sync), SYNC_BENCH_PEERS - 1);
    CHECK_OK(sync_bench_feed(&b, (struct sync_event){ .kind = SYNC_WANT }));
    CHECK(sync_bench_emitted(&b, SYNC_GIVE_UP, 0));
    CHECK_OK(sync_bench_feed(&b, (struct sync_event){ .kind = SYNC_PEER, .from = 2, .yes = true }));
    CHECK_OK(sync_bench_feed(&b, (struct sync_event){ .kind = SYNC_WANT }));
    CHECK(sync_bench_emitted(&b, SYNC_ASK_SNAPSHOT, 2));
    sync_bench_close(&b);
}
