/* Blocks bent at every byte, memory of every size, and random histories against a plain replay. */
#include "tests/fixtures/ledger_fixture.h"
#include "tests/test.h"

#include <stdlib.h>

static uint64_t seed;

static uint32_t random_below(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % n;
}

static struct fixture *given_a_ledger(void)
{
    struct ledger_limits limits = ledger_limits_small();
    struct fixture *f = fixture_open(NULL);
    enum err e = fixture_ledger(f, &limits);
    test_equal_err(e, ERR_NONE, "ledger", __FILE__, __LINE__);
    return f;
}

static struct bytes kept(struct fixture *f, struct bytes x)
{
    struct bytes copy = { NULL, 0 };
    enum err e = arena_copy(&f->arena, x, &copy);
    test_equal_err(e, ERR_NONE, "copy", __FILE__, __LINE__);
    return copy;
}

TEST(formats_10_a_change_of_any_byte_of_a_block_is_refused_or_is_another_block)
{
    struct fixture *f = given_a_ledger();
    struct bytes block;
    struct hash id, before, after;
    for (int height = 1; height <= 2; height++) {
        uint64_t now = FIXTURE_START_MS + (uint64_t)height * 1000;
        CHECK_OK(ledger_submit(f->ledger, fixture_put(f, 0, FIXTURE_PUT, "x", "1", now), now, &id));
        CHECK_OK(
            ledger_submit(f->ledger, fixture_put(f, 1, FIXTURE_FAIL, "y", "1", now), now, &id));
        CHECK_OK(fixture_build(f, now, &block));
        if (height == 1) {
            id = ledger_newest(f->ledger).hash;
            CHECK_OK(fixture_commit(f, &id));
        }
    }
    block = kept(f, block);
    struct hash parent = ledger_committed(f->ledger).hash;
    ledger_drop_above(f->ledger, &parent);
    state_root(ledger_state(f->ledger), &before);
    struct block whole;
    uint32_t others = 0;
    CHECK_OK(block_decode(f->suite, block, &f->arena, &whole));
    uint8_t *copy = malloc(block.len);
    memcpy(copy, block.ptr, block.len);
    for (size_t i = 0; i < block.len; i++) {
        copy[i] ^= (uint8_t)(1U << (i % 8));
        if (ledger_execute(f->ledger, bytes_of(copy, block.len)) == ERR_NONE) {
            /* Another time or proposer: another block, for which nobody has voted. */
            struct hash other = ledger_newest(f->ledger).hash;
            CHECK(!hash_equal(&other, &whole.hash));
            others++;
            ledger_drop_above(f->ledger, &parent);
        }
        copy[i] ^= (uint8_t)(1U << (i % 8));
        state_root(ledger_state(f->ledger), &after);
        CHECK(hash_equal(&before, &after));
        CHECK_EQ(ledger_open_count(f->ledger), 0);
    }
    CHECK(others < 8);
    CHECK_OK(ledger_execute(f->ledger, bytes_of(copy, block.len)));
    free(copy);
    fixture_close(f);
}

TEST(a_genesis_decodes_in_enough_memory_and_says_so_in_less)
{
    static uint8_t memory[256 * 1024];
    struct fixture *f = fixture_open(NULL);
    struct genesis g;
    bool fits = false;
    for (size_t size = 0; size < sizeof memory && !fits; size += 64) {
        struct arena a = arena_over(memory, size);
        enum err e = genesis_decode(f->suite, f->genesis.wire, &a, &g);
        fits = e == ERR_NONE;
        CHECK(fits || e == ERR_NO_SPACE);
    }
    CHECK(fits);
    fixture_close(f);
}

TEST(every_single_bit_change_of_a_genesis_is_another_space_or_none)
{
    struct fixture *f = fixture_open(NULL);
    uint8_t *copy = malloc(f->genesis.wire.len);
    memcpy(copy, f->genesis.wire.ptr, f->genesis.wire.len);
    for (size_t i = 0; i < f->genesis.wire.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct genesis g;
            size_t mark = arena_mark(&f->arena);
            copy[i] ^= (uint8_t)(1U << bit);
            if (genesis_decode(f->suite, bytes_of(copy, f->genesis.wire.len), &f->arena, &g) ==
                ERR_NONE) {
                CHECK(!hash_equal(&g.space, &f->genesis.space));
            }
            copy[i] ^= (uint8_t)(1U << bit);
            arena_release(&f->arena, mark);
        }
    }
    free(copy);
    fixture_close(f);
}

/* A history: blocks are built on random open parents and dropped, and the oldest committed. The
 * blocks that came to be committed are then executed by a second ledger in one straight line. */
enum { STEPS = 120, COMMITTED_MAX = STEPS };

struct history {
    struct fixture *f;
    struct hash open[LEDGER_OPEN_MAX + 1]; /* [0] is committed */
    uint32_t open_count;
    struct bytes committed[COMMITTED_MAX];
    uint32_t committed_count;
    uint64_t now;
};

static void submit_some(struct history *h)
{
    static const uint32_t METHOD[] = { FIXTURE_PUT,    FIXTURE_PUT,    FIXTURE_FAIL,
                                       FIXTURE_SETTLE, FIXTURE_GOVERN, FIXTURE_DEL };
    for (uint32_t n = random_below(4); n > 0; n--) {
        char key[3] = { (char)('a' + random_below(12)), 0, 0 };
        struct hash id;
        struct bytes tx = fixture_put(h->f, random_below(4), METHOD[random_below(COUNT(METHOD))],
                                      key, "value", h->now);
        CHECK_OK(ledger_submit(h->f->ledger, tx, h->now, &id));
    }
}

static void build_somewhere(struct history *h)
{
    uint32_t depth = h->open_count - (h->open_count > 0 ? random_below(2) : 0);
    struct bytes block;
    depth = depth == LEDGER_OPEN_MAX ? depth - 1 : depth;
    CHECK_OK(ledger_build(h->f->ledger, &h->open[depth], h->now, &h->f->did[random_below(4)],
                          fixture_last_certificate(h->f), &block));
    h->open_count = depth + 1;
    h->open[h->open_count] = ledger_newest(h->f->ledger).hash;
    CHECK_EQ(ledger_open_count(h->f->ledger), h->open_count);
}

static void commit_oldest(struct history *h)
{
    struct bytes block;
    CHECK_OK(ledger_block_bytes(h->f->ledger, &h->open[1], &block));
    h->committed[h->committed_count++] = kept(h->f, block);
    CHECK_OK(fixture_commit(h->f, &h->open[1]));
    memmove(&h->open[0], &h->open[1], h->open_count * sizeof h->open[0]);
    h->open_count--;
}

static void step(struct history *h)
{
    h->now += 1 + random_below(3000);
    submit_some(h);
    uint32_t dice = random_below(10);
    if (dice < 6 || h->open_count == 0) {
        build_somewhere(h);
    } else if (dice < 9) {
        commit_oldest(h);
    } else {
        h->open_count = random_below(h->open_count + 1);
        ledger_drop_above(h->f->ledger, &h->open[h->open_count]);
    }
}

TEST(any_history_of_builds_and_drops_commits_what_a_straight_replay_commits)
{
    for (uint64_t round = 1; round <= 4; round++) {
        struct history h = { .f = given_a_ledger(), .now = FIXTURE_START_MS };
        seed = round;
        h.open[0] = ledger_committed(h.f->ledger).hash;
        for (int i = 0; i < STEPS && !test_failing(); i++) {
            step(&h);
        }
        struct fixture *plain = given_a_ledger();
        for (uint32_t i = 0; i < h.committed_count; i++) {
            CHECK_OK(ledger_execute(plain->ledger, h.committed[i]));
            struct hash tip = ledger_newest(plain->ledger).hash;
            CHECK_OK(fixture_commit(plain, &tip));
        }
        CHECK(h.committed_count > STEPS / 8);
        struct ledger_tip a = ledger_committed(h.f->ledger), b = ledger_committed(plain->ledger);
        CHECK(hash_equal(&a.hash, &b.hash) && hash_equal(&a.state_root, &b.state_root));
        CHECK_EQ(h.f->store->count, plain->store->count);
        struct merkle_frontier x = *ledger_history(h.f->ledger), y = *ledger_history(plain->ledger);
        struct hash rx, ry;
        merkle_frontier_root(suite_intl(), &x, &rx);
        merkle_frontier_root(suite_intl(), &y, &ry);
        CHECK(hash_equal(&rx, &ry));
        fixture_close(h.f);
        fixture_close(plain);
    }
}
