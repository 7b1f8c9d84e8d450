/* What a proposer chooses of what waits. */
#include "tests/unit/ledger_rig.h"

#include <stdlib.h>

static struct bytes of_class(uint32_t author, uint32_t order_class, const char *value)
{
    static const uint32_t METHOD[MEMPOOL_CLASSES] = { FIXTURE_GOVERN, FIXTURE_SETTLE, FIXTURE_PUT };
    return fixture_put(f, author, METHOD[order_class], "x", value, now);
}

static uint32_t class_of(uint32_t method)
{
    return method == FIXTURE_GOVERN ? 0 : method == FIXTURE_SETTLE ? 1 : 2;
}

/* How many of each class the block has that is built now, of so many at most. */
static void built(uint32_t most, uint32_t out[MEMPOOL_CLASSES])
{
    enum { MEMORY = 1 << 20 };
    static uint8_t memory[MEMORY];
    struct arena a = arena_over(memory, MEMORY);
    struct bytes wire = { NULL, 0 };
    struct block block;
    uint32_t last = 0;
    memset(out, 0, MEMPOOL_CLASSES * sizeof *out);
    ledger_build_at_most(f->ledger, most);
    CHECK_OK(build_block(&wire));
    CHECK_OK(block_decode(f->suite, wire, &a, &block));
    for (uint32_t i = 0; i < block.tx_count; i++) {
        size_t mark = arena_mark(&a);
        struct tx tx;
        CHECK_OK(tx_decode(f->suite, block.tx[i], &a, &tx));
        uint32_t k = class_of(tx.body.method);
        CHECK(k >= last);
        last = k;
        out[k]++;
        arena_release(&a, mark);
    }
    commit();
}

static void check_built(uint32_t most, uint32_t first, uint32_t second, uint32_t third)
{
    uint32_t has[MEMPOOL_CLASSES];
    built(most, has);
    CHECK_EQ(has[0], first);
    CHECK_EQ(has[1], second);
    CHECK_EQ(has[2], third);
}

TEST(formats_10_a_flood_of_one_class_keeps_no_other_out_of_a_block)
{
    given_a_ledger();
    for (uint32_t i = 0; i < 90; i++) {
        CHECK_OK(submit(of_class(i % 3, 1, "1")));
    }
    for (uint32_t i = 0; i < 6; i++) {
        CHECK_OK(submit(of_class(3, 2, "1")));
    }
    check_built(16, 0, 12, 4); /* a quarter is the later class's */
    check_built(16, 0, 14, 2); /* and what it leaves is the earlier one's */
    check_built(16, 0, 16, 0);
    for (uint32_t i = 0; i < 20; i++) {
        CHECK_OK(submit(of_class(3, 0, "1")));
        CHECK_OK(submit(of_class(2, 2, "1")));
    }
    check_built(16, 8, 4, 4); /* governance comes first, and not alone */
    check_built(4, 2, 1, 1);
    check_built(3, 1, 1, 1);
    check_built(1, 1, 0, 0);
    fixture_close(f);
}

TEST(a_class_that_waits_has_its_share_of_a_blocks_bytes_too)
{
    static char value[15000];
    memset(value, 'x', sizeof value - 1);
    given_a_ledger(); /* blocks of 128 KiB */
    for (uint32_t i = 0; i < 12; i++) {
        CHECK_OK(submit(of_class(i % 3, 1, value)));
    }
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_OK(submit(of_class(3, 2, value)));
    }
    check_built(0, 0, 6, 2);
    check_built(0, 0, 6, 2);
    check_built(0, 0, 0, 0);
    fixture_close(f);
}

/* What is larger than a class's share is chosen from what is left. */
TEST(a_transaction_larger_than_the_share_of_its_class_is_built_all_the_same)
{
    static char large[40000];
    memset(large, 'x', sizeof large - 1);
    given_a_ledger();
    CHECK_OK(submit(of_class(0, 2, large)));
    CHECK_OK(submit(of_class(1, 2, "1")));
    CHECK_OK(submit(of_class(2, 1, "1")));
    check_built(0, 0, 1, 2);
    fixture_close(f);
}
