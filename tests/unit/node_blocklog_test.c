#include "ledger/proof.h"
#include "node/blocklog_internal.h"
#include "sim/sim_disk_internal.h"
#include "tests/test.h"

#include <stdlib.h>

/* A chain of empty blocks over the simulator's disk, eight blocks a file. */

enum { MEMORY = 4 << 20, SEGMENT_LOG2 = 3, HEIGHTS = 200 };

struct rig {
    struct sim_disk disk;
    struct storage port;
    struct blocklog log;
    uint8_t *memory;
    struct arena region, work;
    struct hash hash[HEIGHTS + 1];
    struct merkle_frontier history;
};

static void reopen(struct rig *g, uint64_t heights_max, enum err want, enum reclog_end how)
{
    enum reclog_end end = RECLOG_CLEAN;
    struct blocklog_config c = { .disk = &g->port,
                                 .suite = suite_intl(),
                                 .record_max = 8192,
                                 .pending_max = 3 * 8192,
                                 .heights_max = heights_max,
                                 .segment_log2 = SEGMENT_LOG2 };
    arena_reset(&g->region);
    CHECK_OK(arena_split(&g->region, MEMORY / 2, &g->work));
    CHECK_OK(blocklog_init(&g->log, &c, &g->region));
    CHECK_OK(blocklog_load_base(&g->log));
    if (g->log.base == 0) {
        blocklog_begin(&g->log, &g->hash[0]);
    }
    CHECK_ERR(blocklog_open(&g->log, &g->work, &end), want);
    if (want == ERR_NONE) {
        CHECK_EQ(end, how);
    }
}

static struct rig *rig_open(void)
{
    struct rig *g = calloc(1, sizeof *g);
    struct hash leaf;
    ASSERT(g != NULL);
    g->memory = malloc(MEMORY);
    ASSERT(g->memory != NULL);
    g->region = arena_over(g->memory, MEMORY);
    sim_disk_port(&g->disk, &g->port);
    g->hash[0].b[0] = 7;
    merkle_frontier_init(&g->history);
    proof_header_leaf(suite_intl(), &g->hash[0], &leaf);
    merkle_frontier_append(suite_intl(), &g->history, &leaf);
    reopen(g, HEIGHTS, ERR_NONE, RECLOG_CLEAN);
    return g;
}

static void rig_close(struct rig *g)
{
    sim_disk_free(&g->disk);
    free(g->memory);
    free(g);
}

static void make_block(struct rig *g, uint64_t height, struct block *out)
{
    struct header h = { .version_set = 1, .height = height, .time_ms = height * 10 };
    struct bytes header, wire;
    h.previous = g->hash[height - 1];
    CHECK_OK(header_encode(&h, &g->work, &header));
    CHECK_OK(block_encode(header, (struct bytes){ NULL, 0 }, NULL, 0, &g->work, &wire));
    CHECK_OK(block_decode(suite_intl(), wire, &g->work, out));
}

static void grow(struct rig *g, uint64_t to)
{
    for (uint64_t h = g->log.height + 1; h <= to; h++) {
        struct block b;
        struct hash leaf;
        size_t mark = arena_mark(&g->work);
        make_block(g, h, &b);
        g->hash[h] = b.hash;
        proof_header_leaf(suite_intl(), &b.hash, &leaf);
        if (g->history.count == h) {
            merkle_frontier_append(suite_intl(), &g->history, &leaf);
        }
        CHECK_OK(blocklog_append(&g->log, &b, bytes_of_str("certificate")));
        arena_release(&g->work, mark);
    }
    CHECK_OK(reclog_flush(&g->log.log));
}

static void check_reads(struct rig *g, uint64_t from, uint64_t to)
{
    for (uint64_t h = from; h <= to; h++) {
        struct bytes wire, certificate;
        struct block b;
        size_t mark = arena_mark(&g->work);
        CHECK_OK(blocklog_read(&g->log, h, &g->work, &wire, &certificate));
        CHECK_OK(block_decode(suite_intl(), wire, &g->work, &b));
        CHECK(hash_equal(&b.hash, &g->hash[h]));
        CHECK_EQ(certificate.len, 11);
        arena_release(&g->work, mark);
    }
}

static void check_proofs(struct rig *g, uint64_t from)
{
    struct hash root, leaf;
    struct merkle_path path;
    uint64_t count = g->log.height + 1;
    merkle_frontier_root(suite_intl(), &g->history, &root);
    CHECK_EQ(g->history.count, count);
    for (uint64_t h = from; h < count; h++) {
        CHECK_OK(blocklog_prove(&g->log, h, count, &path));
        proof_header_leaf(suite_intl(), &g->hash[h], &leaf);
        CHECK_OK(merkle_verify(suite_intl(), &leaf, h, count, &path, &root));
    }
}

TEST(formats_17_the_block_log_is_files_of_so_many_heights_each_and_reads_back)
{
    struct rig *g = rig_open();
    grow(g, 29);
    CHECK(sim_disk_find(&g->disk, "blocks.log") != NULL);
    CHECK(sim_disk_find(&g->disk, "blocks-00000001.log") != NULL);
    CHECK(sim_disk_find(&g->disk, "blocks-00000003.log") != NULL);
    CHECK(sim_disk_find(&g->disk, "blocks-00000004.log") == NULL);
    check_reads(g, 1, 29);
    check_proofs(g, 1);
    reopen(g, HEIGHTS, ERR_NONE, RECLOG_CLEAN);
    CHECK_EQ(g->log.height, 29);
    check_reads(g, 1, 29);
    grow(g, 40);
    check_reads(g, 1, 40);
    check_proofs(g, 1);
    rig_close(g);
}

TEST(formats_17_a_bad_byte_in_any_file_cuts_there_and_drops_the_files_after_it)
{
    for (uint64_t bad = 1; bad <= 29; bad += 4) {
        struct rig *g = rig_open();
        grow(g, 29);
        char name[64] = "blocks.log";
        if (bad >> SEGMENT_LOG2 != 0) {
            snprintf(name, sizeof name, "blocks-%08u.log", (unsigned)(bad >> SEGMENT_LOG2));
        }
        const struct sim_file *f = sim_disk_find(&g->disk, name);
        CHECK(f != NULL);
        f->data[g->log.offset[bad - 1] + RECLOG_HEAD_SIZE] ^= 1;
        reopen(g, HEIGHTS, ERR_NONE, bad == 29 ? RECLOG_TORN : RECLOG_DAMAGED);
        CHECK_EQ(g->log.height, bad - 1);
        grow(g, 30); /* what was lost comes back, and more */
        reopen(g, HEIGHTS, ERR_NONE, RECLOG_CLEAN);
        CHECK_EQ(g->log.height, 30);
        check_reads(g, 1, 30);
        rig_close(g);
    }
}

TEST(a_cut_goes_back_to_any_height_across_files)
{
    for (uint64_t to = 0; to <= 20; to++) {
        struct rig *g = rig_open();
        grow(g, 20);
        CHECK_OK(blocklog_cut(&g->log, to, &g->hash[to]));
        CHECK_EQ(g->log.height, to);
        reopen(g, HEIGHTS, ERR_NONE, RECLOG_CLEAN);
        CHECK_EQ(g->log.height, to);
        grow(g, 21);
        check_reads(g, 1, 21);
        rig_close(g);
    }
}

TEST(a_prune_drops_whole_files_and_later_headers_are_still_proved)
{
    for (uint64_t keep = 1; keep <= 60; keep++) {
        struct rig *g = rig_open();
        struct bytes wire, certificate;
        struct merkle_path path;
        uint64_t base = 99, want = keep >> SEGMENT_LOG2 == 0 ? 0 : (keep >> 3 << 3) - 1;
        grow(g, 61);
        CHECK_OK(blocklog_prune(&g->log, keep, &g->work, &base));
        CHECK_EQ(base, want);
        for (int again = 0; again < 2; again++) {
            check_reads(g, base + 1, 61);
            check_proofs(g, base + 1);
            if (base > 0) {
                CHECK_ERR(blocklog_read(&g->log, base, &g->work, &wire, &certificate), ERR_PRUNED);
                CHECK_ERR(blocklog_prove(&g->log, base, 62, &path), ERR_PRUNED);
                CHECK(sim_disk_find(&g->disk, "blocks.log") == NULL);
            }
            reopen(g, HEIGHTS, ERR_NONE, RECLOG_CLEAN);
        }
        grow(g, 70);
        check_proofs(g, base + 1);
        rig_close(g);
    }
}

TEST(a_log_that_begins_above_a_snapshot_proves_what_it_holds)
{
    for (uint64_t base = 1; base < 40; base++) {
        struct rig *g = rig_open();
        struct merkle_frontier before;
        grow(g, 50);
        blocklog_frontier(&g->log, base, &before);
        CHECK_OK(blocklog_restart(&g->log, base, &g->hash[base], &before));
        CHECK_EQ(g->log.height, base);
        grow(g, 50);
        check_reads(g, base + 1, 50);
        check_proofs(g, base + 1);
        reopen(g, HEIGHTS, ERR_NONE, RECLOG_CLEAN);
        CHECK_EQ(g->log.base, base);
        CHECK_EQ(g->log.height, 50);
        check_proofs(g, base + 1);
        rig_close(g);
    }
}

TEST(a_damaged_base_file_is_refused_and_the_limit_is_of_blocks_kept)
{
    struct rig *g = rig_open();
    uint64_t base = 0;
    grow(g, 30);
    reopen(g, 29, ERR_NO_SPACE, RECLOG_CLEAN);
    reopen(g, 30, ERR_NONE, RECLOG_CLEAN);
    struct block b;
    make_block(g, 31, &b);
    CHECK_ERR(blocklog_append(&g->log, &b, (struct bytes){ NULL, 0 }), ERR_NO_SPACE);
    CHECK_OK(blocklog_prune(&g->log, 16, &g->work, &base));
    CHECK_EQ(base, 15);
    CHECK_OK(blocklog_append(&g->log, &b, (struct bytes){ NULL, 0 }));
    const struct sim_file *f = sim_disk_find(&g->disk, "base");
    CHECK(f != NULL);
    for (size_t i = 0; i < f->len; i++) {
        f->data[i] ^= 0x10;
        CHECK(blocklog_load_base(&g->log) != ERR_NONE);
        f->data[i] ^= 0x10;
    }
    rig_close(g);
}
