#include "tests/fixtures/consensus_cluster.h"
#include "tests/test.h"

#include <stdlib.h>

static const struct bytes NOTHING = { NULL, 0 };

static struct cluster *quiet(uint32_t seats, uint64_t seed)
{
    struct cluster *c = cluster_new(seats, 0, seed);
    c->manual = true;
    for (uint32_t i = 0; i < c->nodes; i++) {
        cluster_start(c, i, true);
    }
    return c;
}

static struct message proposal(struct cluster *c, uint32_t seat, uint64_t view,
                               const struct ledger_tip *parent, uint64_t time_ms, uint64_t salt,
                               struct hash *hash)
{
    struct message m = { .kind = MESSAGE_PROPOSE, .view = view };
    m.block = cluster_block(c, seat, parent, time_ms, NOTHING, salt, 1, hash);
    m.vote = cluster_vote(c, seat, VOTE_PREPARE, view, parent->height + 1, time_ms, hash);
    return m;
}

static struct message vote(struct cluster *c, uint32_t seat, uint32_t kind, uint64_t view,
                           uint64_t height, const struct hash *hash)
{
    struct message m = { .kind = MESSAGE_VOTE };
    m.vote = cluster_vote(c, seat, kind, view, height, c->now_ms, hash);
    return m;
}

/* ---- limits -----------------------------------------------------------------------------------
 */

TEST(a_configuration_out_of_range_is_refused)
{
    struct cluster *c = cluster_new(4, 0, 18);
    static const int FIELDS = 7;
    for (int i = 0; i < FIELDS; i++) {
        struct pbft_config config = cluster_config(c, 0);
        struct genesis none = c->genesis;
        none.seat_count = 0;
        config.genesis = i == 0 ? &none : config.genesis;
        config.self = i == 1 ? 4 : config.self;
        config.view_timeout_ms = i == 2 ? 0 : config.view_timeout_ms;
        config.view_timeout_max_ms = i == 3 ? config.view_timeout_ms - 1 : 8000;
        config.resend_ms = i == 4 ? 0 : config.resend_ms;
        config.message_bytes = i == 5 ? 1000 : config.message_bytes;
        size_t size = pbft_memory_size(&config);
        void *memory = malloc(size);
        CHECK(memory != NULL);
        struct arena a = arena_over(memory, i == 6 ? size - 512 : size);
        struct pbft *p = NULL;
        CHECK_ERR(pbft_init(&config, &a, &p), i == 6 ? ERR_NO_SPACE : ERR_RANGE);
        CHECK(p == NULL);
        free(memory);
    }
    cluster_free(c);
}

/* A hostile primary of later views fills the pool; what is voted for stays. */
TEST(the_pool_of_proposals_drops_the_oldest_that_nobody_needs)
{
    struct cluster *c = quiet(4, 19);
    struct ledger_tip root = c->node[1].tip;
    struct hash mine, first, hash;
    struct message m = proposal(c, 0, 0, &root, c->now_ms, 1, &mine);
    CHECK_OK(cluster_propose(c, 0, 1, &m));
    for (uint64_t i = 0; i < 3 * PBFT_BLOCKS_KEPT_MAX; i++) {
        m = proposal(c, 0, 4 + 4 * i, &root, c->now_ms, 100 + i, i == 0 ? &first : &hash);
        CHECK_OK(cluster_propose(c, 0, 1, &m));
    }
    struct bytes block;
    CHECK_OK(pbft_block(c->node[1].pbft, &mine, &block));
    CHECK_OK(pbft_block(c->node[1].pbft, &hash, &block));
    CHECK_ERR(pbft_block(c->node[1].pbft, &first, &block), ERR_NOT_FOUND);
    cluster_free(c);
}

/* A block of the test is about 400 bytes. */
TEST(a_block_larger_than_the_pool_and_one_that_finds_it_full_are_refused)
{
    static const struct {
        size_t blocks_bytes;
        enum err first, second;
    } POOL[] = { { 100, ERR_SIZE, ERR_SIZE },
                 { 600, ERR_NONE, ERR_BUSY },
                 { 2000, ERR_NONE, ERR_NONE } };
    for (size_t i = 0; i < COUNT(POOL); i++) {
        struct cluster *c = cluster_new(4, 0, 24);
        c->manual = true;
        c->blocks_bytes = POOL[i].blocks_bytes;
        cluster_start(c, 1, true);
        struct ledger_tip parent = c->node[1].tip;
        struct hash hash;
        struct message m = proposal(c, 0, 0, &parent, c->now_ms, 1, &hash);
        CHECK_ERR(cluster_propose(c, 0, 1, &m), POOL[i].first);
        parent.height = 1;
        parent.time_ms = c->now_ms;
        parent.hash = hash;
        m = proposal(c, 0, 0, &parent, c->now_ms + 1, 2, &hash);
        CHECK_ERR(cluster_propose(c, 0, 1, &m), POOL[i].second);
        cluster_free(c);
    }
}

TEST(votes_far_beyond_the_window_are_not_kept_and_f_plus_one_of_them_ask_for_sync)
{
    struct cluster *c = quiet(4, 20);
    struct hash hash = c->genesis.space;
    struct message a = vote(c, 2, VOTE_COMMIT, 0, 100, &hash);
    struct message b = vote(c, 3, VOTE_COMMIT, 0, 90, &hash);
    CHECK_OK(cluster_send(c, 2, 1, &a));
    CHECK_EQ(c->syncs, 0);
    CHECK_OK(cluster_send(c, 3, 1, &b));
    CHECK_EQ(c->syncs, 1);
    CHECK_OK(
        cluster_send(c, 3, 1, &b)); /* not kept, so not a duplicate; and not asked twice at once */
    CHECK_EQ(c->syncs, 1);
    cluster_free(c);
}

/* ---- refusals: message × state ----------------------------------------------------------------
 */

enum seat_state { FOLLOWING, CHANGING, COMMITTED_ONE, STATES };

static struct cluster *in_state(enum seat_state s)
{
    struct cluster *c = quiet(4, 21);
    if (s == CHANGING) {
        for (uint32_t i = 2; i < 4; i++) {
            struct message m = { .kind = MESSAGE_VIEW_CHANGE, .change_count = 1 };
            m.change[0] = cluster_change(c, i, 6, 0, NOTHING);
            (void)cluster_send(c, i, 1, &m);
        }
    }
    if (s == COMMITTED_ONE) {
        c->manual = false;
        cluster_submit(c, 1);
        cluster_run(c, 100);
    }
    return c;
}

static struct message sample(struct cluster *c, int row)
{
    struct hash hash;
    struct ledger_tip root = { .hash = c->genesis.space, .time_ms = CLUSTER_START_MS + 59000 };
    struct message m = proposal(c, 0, 0, &root, c->now_ms, 77, &hash);
    struct message v = { .kind = MESSAGE_VIEW_CHANGE, .change_count = 1 };
    struct message n = { .kind = MESSAGE_NEW_VIEW, .view = 3, .change_count = 2 };
    switch (row) {
    case 0:
        return m;
    case 1:
        m.view = 1; /* seat 1 leads it */
        return m;
    case 2:
        return vote(c, 0, VOTE_PREPARE, 0, 1, &hash);
    case 3:
        m = vote(c, 0, VOTE_COMMIT, 0, 2, &hash);
        m.vote.signature = bytes_of("0123456789abcdef", 16);
        return m;
    case 4:
        v.change[0] = cluster_change(c, 0, 1, 0, NOTHING);
        return v;
    case 5:
        n.change[0] = n.change[1] = cluster_change(c, 0, 3, 0, NOTHING);
        return n;
    case 6:
        return (struct message){ .kind = MESSAGE_GET_BLOCK, .hash = hash };
    default:
        m.kind = MESSAGE_BLOCK;
        return m;
    }
}

TEST(every_message_is_answered_in_every_state)
{
    static const char *const NAME[] = { "propose",     "propose where another leads",
                                        "prepare",     "commit forged",
                                        "view change", "new view of two",
                                        "get block",   "block nobody asked for" };
    static const enum err WANT[COUNT(NAME)][STATES] = {
        { ERR_NONE, ERR_STALE, ERR_STALE },
        { ERR_PEER, ERR_STALE, ERR_STALE },
        { ERR_NONE, ERR_STALE, ERR_NONE }, /* committed: the sender is helped */
        { ERR_SIGNATURE, ERR_SIGNATURE, ERR_SIGNATURE },
        { ERR_NONE, ERR_STALE, ERR_NONE },
        { ERR_PROOF, ERR_STALE, ERR_PROOF },
        { ERR_NOT_FOUND, ERR_NOT_FOUND, ERR_NOT_FOUND },
        { ERR_STALE, ERR_STALE, ERR_STALE },
    };
    for (size_t row = 0; row < COUNT(NAME); row++) {
        for (int s = 0; s < STATES; s++) {
            struct cluster *c = in_state((enum seat_state)s);
            struct message m = sample(c, (int)row);
            enum err got = cluster_send(c, 0, 1, &m);
            cluster_free(c);
            if (got != WANT[row][s]) {
                printf("# %s in state %d: %s\n", NAME[row], s, err_name(got));
            }
            CHECK(got == WANT[row][s]);
        }
    }
}

TEST(bytes_that_are_no_message_of_consensus_are_refused_without_effects)
{
    struct cluster *c = quiet(4, 22);
    static const struct {
        const char *bytes;
        size_t len;
        enum err want;
    } BAD[] = {
        { "", 0, ERR_UNSUPPORTED },
        { "\x1a", 1, ERR_ENCODING },
        { "\x1a\x00", 2, ERR_ENCODING },
        { "\xff\xff\xff", 3, ERR_ENCODING },
        { "\x0a\x00", 2, ERR_UNSUPPORTED },      /* HELLO is the shell's */
        { "\x1a\x02\x1a\x00", 4, ERR_ENCODING }, /* a proposal with a vote in it */
    };
    for (size_t i = 0; i < COUNT(BAD); i++) {
        struct pbft_event ev = { .kind = PBFT_MESSAGE,
                                 .from = 2,
                                 .bytes = bytes_of(BAD[i].bytes, BAD[i].len) };
        CHECK_ERR(cluster_feed(c, 1, &ev), BAD[i].want);
    }
    cluster_free(c);
}

TEST(answers_to_what_was_not_asked_are_refused)
{
    struct cluster *c = quiet(4, 23);
    struct pbft_event executed = { .kind = PBFT_EXECUTED, .block = c->genesis.space };
    struct pbft_event built = { .kind = PBFT_BUILT };
    struct pbft_event start = { .kind = PBFT_START, .tip = c->node[1].tip };
    struct pbft_event synced = { .kind = PBFT_SYNCED, .tip = c->node[1].tip };
    CHECK_ERR(cluster_feed(c, 1, &executed), ERR_STALE);
    CHECK_ERR(cluster_feed(c, 1, &built), ERR_STATE);
    CHECK_ERR(cluster_feed(c, 1, &start), ERR_STATE);
    CHECK_ERR(cluster_feed(c, 1, &synced), ERR_STALE);
    cluster_free(c);
}

/* A vote without a Vote in it: seat 1, 64 bytes of signature. */
TEST(a_message_that_does_not_decode_leaves_the_output_as_it_was)
{
    static uint8_t memory[64 * 1024];
    uint8_t wire[2 + 4 + 64] = { 0x22, 4 + 64, 0x10, 1, 0x1a, 64, 9 };
    struct arena a = arena_over(memory, sizeof memory);
    struct message m, before;
    memset(&m, 0x5a, sizeof m);
    memset(&before, 0x5a, sizeof before);
    CHECK_ERR(message_decode(bytes_of(wire, sizeof wire), &a, &m), ERR_ENCODING);
    CHECK(memcmp(&m, &before, sizeof m) == 0);
}
