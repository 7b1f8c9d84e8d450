#include <stdlib.h>
#include <unistd.h>

#include "node/store_internal.h"
#include "tests/test.h"

enum { MAP = 16 * 1024 * 1024 };
static char folder[64];

static struct store *fresh(void)
{
    struct store *s = NULL;
    test_folder("store", folder);
    if (store_open(folder, MAP, &s) != ERR_NONE) {
        abort();
    }
    return s;
}

static struct store *again(struct store *s)
{
    struct store *next = NULL;
    store_close(s);
    return store_open(folder, MAP, &next) == ERR_NONE ? next : NULL;
}

static void drop(struct store *s)
{
    char path[96];
    store_close(s);
    (void)snprintf(path, sizeof path, "%s/data.mdb", folder);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/lock.mdb", folder);
    (void)unlink(path);
    (void)rmdir(folder);
}

static enum err put(struct store *s, uint16_t contract, uint8_t key, const char *value)
{
    struct state_change c = { contract, { { key } }, bytes_of_str(value) };
    return store_change(s, &c);
}

static bool has(struct store *s, uint16_t contract, uint8_t key, const char *value)
{
    struct state_store r = store_reads(s);
    struct hash k = { { key } };
    struct bytes got;
    enum err e = r.get(r.ctx, contract, &k, &got);
    return value == NULL ? e == ERR_NOT_FOUND
                         : e == ERR_NONE && bytes_equal(got, bytes_of_str(value));
}

static struct merkle_frontier history_of(uint64_t count)
{
    struct merkle_frontier f;
    memset(&f, 0, sizeof f);
    f.count = count;
    for (uint32_t i = 0; i < MERKLE_PATH_MAX; i++) {
        if ((count >> i & 1) != 0) {
            memset(&f.peak[i], (int)i + 1, HASH_SIZE);
        }
    }
    return f;
}

TEST(a_change_is_read_at_once_and_lasts_after_a_mark)
{
    struct store *s = fresh();
    struct merkle_frontier f = history_of(5), got;
    uint64_t height = 99;
    struct bytes header;
    CHECK_ERR(store_tip(s, &height, &header, &got), ERR_NOT_FOUND);
    CHECK_OK(put(s, 1, 7, "seven"));
    CHECK(has(s, 1, 7, "seven") && has(s, 2, 7, NULL));
    CHECK_OK(store_mark(s, 5, bytes_of_str("header"), &f));
    CHECK_OK(store_commit(s));
    CHECK_OK(put(s, 1, 7, "changed"));
    CHECK_OK(put(s, 1, 8, "new"));
    CHECK(has(s, 1, 7, "changed"));
    s = again(s); /* what was not marked is lost, as in a crash */
    CHECK(s != NULL);
    CHECK(has(s, 1, 7, "seven") && has(s, 1, 8, NULL));
    CHECK_OK(store_tip(s, &height, &header, &got));
    CHECK_EQ(height, 5);
    CHECK_BYTES(header, bytes_of_str("header"));
    CHECK(memcmp(&f, &got, sizeof f) == 0);
    drop(s);
}

TEST(an_empty_value_deletes_and_deleting_nothing_is_fine)
{
    struct store *s = fresh();
    struct merkle_frontier f = history_of(0);
    CHECK_OK(put(s, 1, 1, "x"));
    CHECK_OK(put(s, 1, 1, ""));
    CHECK_OK(put(s, 1, 2, ""));
    CHECK(has(s, 1, 1, NULL));
    CHECK_OK(store_mark(s, 0, (struct bytes){ NULL, 0 }, &f));
    CHECK_OK(store_commit(s));
    s = again(s);
    CHECK(has(s, 1, 1, NULL));
    drop(s);
}

static enum err collect(void *user, uint16_t contract, const struct hash *key, struct bytes stored)
{
    char *out = user;
    size_t len = strlen(out);
    (void)snprintf(out + len, 256 - len, "%u/%u=%.*s ", contract, key->b[0], (int)stored.len,
                   (const char *)stored.ptr);
    return ERR_NONE;
}

TEST(each_walks_all_values_and_no_other_table)
{
    struct store *s = fresh();
    struct merkle_frontier f = history_of(3);
    char seen[256] = "";
    CHECK_OK(put(s, 2, 1, "c"));
    CHECK_OK(put(s, 1, 9, "b"));
    CHECK_OK(put(s, 1, 3, "a"));
    CHECK_OK(store_mark(s, 3, bytes_of_str("h"), &f));
    struct state_store r = store_reads(s);
    CHECK_OK(r.each(r.ctx, seen, collect));
    CHECK_STR(seen, "1/3=a 1/9=b 2/1=c ");
    drop(s);
}

TEST(a_full_map_is_a_full_disk_and_nothing_of_it_is_ever_marked)
{
    static char value[STATE_VALUE_SIZE_MAX];
    struct store *s = fresh();
    struct merkle_frontier f = history_of(1);
    CHECK_OK(put(s, 1, 1, "kept"));
    CHECK_OK(store_mark(s, 1, bytes_of_str("h"), &f));
    CHECK_OK(store_commit(s));
    memset(value, 'v', sizeof value - 1);
    enum err e = ERR_NONE;
    for (unsigned i = 0; e == ERR_NONE && i < 1000; i++) {
        struct state_change c = { 2, { { (uint8_t)i, (uint8_t)(i >> 8) } }, bytes_of_str(value) };
        e = store_change(s, &c);
    }
    CHECK_ERR(e, ERR_DISK_FULL);
    CHECK_ERR(put(s, 1, 2, "x"), ERR_FAILED);
    CHECK_ERR(store_mark(s, 2, bytes_of_str("h2"), &f), ERR_FAILED);
    CHECK_ERR(store_commit(s), ERR_FAILED);
    s = again(s);
    uint64_t height;
    struct bytes header;
    CHECK_OK(store_tip(s, &height, &header, &f));
    CHECK_EQ(height, 1);
    CHECK(has(s, 1, 1, "kept") && has(s, 2, 0, NULL));
    drop(s);
}

TEST(a_view_that_another_format_wrote_is_a_version_not_corruption)
{
    struct store *s = fresh();
    struct kv *kv = NULL;
    static const char *const TABLES[] = { "values", "meta" };
    uint64_t height;
    struct bytes header;
    struct merkle_frontier f;
    store_close(s);
    CHECK_OK(kv_open(folder, TABLES, 2, MAP, &kv));
    uint8_t meta[] = { 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
    CHECK_OK(kv_put(kv, 1, bytes_of_str("tip"), bytes_of(meta, sizeof meta)));
    CHECK_OK(kv_mark(kv));
    kv_close(kv);
    CHECK_OK(store_open(folder, MAP, &s));
    CHECK_ERR(store_tip(s, &height, &header, &f), ERR_VERSION);
    store_close(s);
    CHECK_OK(kv_open(folder, TABLES, 2, MAP, &kv));
    CHECK_OK(kv_put(kv, 1, bytes_of_str("tip"), bytes_of(meta, 5)));
    CHECK_OK(kv_mark(kv));
    kv_close(kv);
    CHECK_OK(store_open(folder, MAP, &s));
    CHECK_ERR(store_tip(s, &height, &header, &f), ERR_CORRUPT);
    drop(s);
}

struct pieces {
    uint32_t count, piece, depth;
    bool wrong;
};

static enum err count_piece(void *user, uint16_t contract, const struct hash *key,
                            struct bytes stored)
{
    struct pieces *p = user;
    (void)contract;
    p->count++;
    p->wrong = p->wrong || stored.len != 3 ||
               (p->depth > 0 && (uint32_t)key->b[0] >> (8 - p->depth) != p->piece);
    return ERR_NONE;
}

/* Values of three contracts; what is written after the pin is not seen through it. */
TEST(a_pinned_view_stands_still_and_its_pieces_hold_every_value_once)
{
    struct store *s = fresh();
    struct merkle_frontier history;
    uint64_t height = 0;
    merkle_frontier_init(&history);
    CHECK_ERR(store_pin(s, &height), ERR_NOT_FOUND);
    for (uint32_t i = 0; i < 256; i++) {
        CHECK_OK(put(s, (uint16_t)(i % 3 * 1000), (uint8_t)i, "one"));
    }
    CHECK_OK(store_mark(s, 7, bytes_of_str("header"), &history));
    CHECK_OK(store_commit(s));
    CHECK_OK(store_pin(s, &height));
    CHECK_EQ(height, 7);
    CHECK_OK(store_clear(s));
    CHECK_OK(put(s, 5, 1, "other"));
    CHECK_OK(store_mark(s, 8, bytes_of_str("header"), &history));
    CHECK_OK(store_commit(s));
    for (uint32_t depth = 0; depth <= 8; depth += 4) {
        struct pieces p = { .depth = depth };
        for (p.piece = 0; p.piece < 1U << depth; p.piece++) {
            CHECK_OK(store_piece(s, depth, p.piece, &p, count_piece));
        }
        CHECK_EQ(p.count, 256);
        CHECK(!p.wrong);
    }
    store_unpin(s);
    CHECK_ERR(store_piece(s, 0, 0, NULL, count_piece), ERR_FAILED);
    CHECK_OK(store_pin(s, &height));
    CHECK_EQ(height, 8);
    drop(s);
}
