/* The scrub of a node: what it finds, what it forgets, and how much it does at once. */
#include <stdlib.h>

#include "node/log_internal.h"
#include "node/node_internal.h"
#include "tests/fixtures/space_fixture.h"
#include "tests/test.h"

enum { CHUNKS = 6, CHUNK = SEALING_PAD + AEAD_TAG_SIZE };
static struct space sp;
static struct node *node;
static uint8_t chunk[CHUNKS][CHUNK];
static uint8_t memory[24 << 20];

/* A seal whose chunks have the right sizes and leaves; nobody opens them. */
static void put_manifest(uint8_t id, uint32_t count, uint32_t chunk_size, uint32_t sealed_size)
{
    struct arena a = arena_over(memory, sizeof memory);
    struct bytes wire;
    struct manifest m = { .seal = { { id } },
                          .asset = { { 1 } },
                          .plain_root = { { 2 } },
                          .plain_sha256 = { { 3 } },
                          .suite = 1,
                          .chunk_size = chunk_size,
                          .chunk_count = count,
                          .plain_size = (uint64_t)count * chunk_size };
    m.sealed_size = ARENA_ARRAY(&a, uint32_t, count);
    m.sealed_leaf = ARENA_ARRAY(&a, struct hash, count);
    for (uint32_t i = 0; i < count; i++) {
        m.sealed_size[i] = sealed_size;
        m.sealed_leaf[i] = (struct hash){ { 9 } };
        if (i < CHUNKS) {
            memset(chunk[i], (int)i + 1, CHUNK);
            merkle_leaf(suite_intl(), "carnet/chunk/v1", bytes_of(chunk[i], CHUNK),
                        &m.sealed_leaf[i]);
        }
    }
    space_must(manifest_encode(&m, &a, &wire), "manifest");
    space_must(node_seal_put_manifest(node, wire), "put manifest");
}

static const struct hash SEAL = { { 0x51 } };

static void open_node(void)
{
    char why[NODE_WHY_SIZE];
    space_make(&sp, 4, 4, log_now_ms());
    struct node_options o = { .dir = sp.dir, .index = 0, .passphrase = bytes_of_str("secret") };
    if (node_open(&o, &node, why) != ERR_NONE) {
        test_fail(__FILE__, __LINE__, why);
        abort();
    }
    put_manifest(SEAL.b[0], CHUNKS, SEALING_CHUNK_MIN, CHUNK);
    for (uint32_t i = 0; i < CHUNKS; i++) {
        space_must(node_seal_put_chunk(node, &SEAL, i, bytes_of(chunk[i], CHUNK)), "put chunk");
    }
}

static void close_node(void)
{
    node_close(node);
    node = NULL;
    space_drop(&sp);
}

/* Behind the node's back. */
static void overwrite(uint32_t i, struct bytes with)
{
    char name[STORAGE_NAME_SIZE_MAX], number[16];
    struct storage d = node_disk(node);
    (void)snprintf(number, sizeof number, "%u", i);
    node_name("seals", &SEAL, number, name);
    space_must(with.len == 0 ? d.remove(d.ctx, name) : d.replace(d.ctx, name, with), "overwrite");
}

/* len bytes of chunk i, one bit of them changed; 0 removes the file. */
static void damage(uint32_t i, size_t len)
{
    uint8_t bytes[CHUNK + 1] = { 0 };
    memcpy(bytes, chunk[i], CHUNK);
    bytes[len / 2] ^= 1;
    overwrite(i, bytes_of(bytes, len));
}

/* The walks of the background until one more is done. */
static uint32_t walk(void)
{
    uint64_t walks = scrub_status(node).walks;
    node->scrub.rest_until_ms = 0;
    for (int i = 0; i < 1000 && scrub_status(node).walks == walks; i++) {
        scrub_tick(node, 1);
    }
    return scrub_status(node).wrong;
}

TEST(an_owner_learns_each_chunk_that_is_missing_or_changed_by_its_number)
{
    struct scrub_report r;
    open_node();
    CHECK_OK(scrub_seal(node, &SEAL, 0, &r));
    CHECK_EQ(r.chunks, CHUNKS);
    CHECK_EQ(r.next, CHUNKS);
    CHECK_EQ(r.bad_count, 0);
    damage(1, CHUNK);
    damage(2, CHUNK - 1);
    damage(4, CHUNK + 1);
    damage(5, 0);
    CHECK_OK(scrub_seal(node, &SEAL, 0, &r));
    CHECK_EQ(r.bad_count, 4);
    CHECK_EQ(r.bad[0], 1);
    CHECK_EQ(r.bad[1], 2);
    CHECK_EQ(r.bad[2], 4);
    CHECK_EQ(r.bad[3], 5);
    CHECK_OK(scrub_seal(node, &SEAL, 5, &r));
    CHECK_EQ(r.bad_count, 1);
    struct hash other = { { 0x52 } };
    CHECK_ERR(scrub_seal(node, &SEAL, CHUNKS, &r), ERR_RANGE);
    CHECK_ERR(scrub_seal(node, &other, 0, &r), ERR_NOT_FOUND);
    close_node();
}

TEST(a_walk_finds_what_is_changed_and_lets_be_what_has_not_come_yet)
{
    open_node();
    CHECK_EQ(walk(), 0);
    CHECK_EQ(scrub_status(node).checked, CHUNKS);
    damage(3, CHUNK);
    damage(5, 0);
    CHECK_EQ(walk(), 1);
    CHECK_EQ(walk(), 1);
    CHECK_ERR(node_seal_put_chunk(node, &SEAL, 3, bytes_of(chunk[4], CHUNK)), ERR_INTEGRITY);
    CHECK_EQ(scrub_status(node).wrong, 1);
    CHECK_OK(node_seal_put_chunk(node, &SEAL, 3, bytes_of(chunk[3], CHUNK)));
    CHECK_EQ(scrub_status(node).wrong, 0);
    CHECK_EQ(walk(), 0);
    close_node();
}

TEST(a_chunk_that_comes_back_behind_the_nodes_back_is_whole_again_at_the_next_look)
{
    struct scrub_report r;
    open_node();
    damage(0, CHUNK);
    CHECK_OK(scrub_seal(node, &SEAL, 0, &r));
    CHECK_EQ(scrub_status(node).wrong, 1);
    overwrite(0, bytes_of(chunk[0], CHUNK));
    CHECK_OK(scrub_seal(node, &SEAL, 0, &r));
    CHECK_EQ(r.bad_count, 0);
    CHECK_EQ(scrub_status(node).wrong, 0);
    close_node();
}

TEST(one_call_reads_sixteen_mebibytes_and_tells_sixty_four_chunks)
{
    struct scrub_report r;
    struct hash many = { { 0x61 } }, large = { { 0x62 } };
    open_node();
    put_manifest(many.b[0], SCRUB_CALL_BAD_MAX + 6, SEALING_CHUNK_MIN, CHUNK);
    CHECK_OK(scrub_seal(node, &many, 0, &r));
    CHECK_EQ(r.bad_count, SCRUB_CALL_BAD_MAX);
    CHECK_EQ(r.next, SCRUB_CALL_BAD_MAX);
    CHECK_OK(scrub_seal(node, &many, r.next, &r));
    CHECK_EQ(r.bad_count, 6);
    CHECK_EQ(r.next, SCRUB_CALL_BAD_MAX + 6);
    uint32_t size = SEALING_CHUNK_MAX + AEAD_TAG_SIZE;
    put_manifest(large.b[0], 7, SEALING_CHUNK_MAX, size);
    CHECK_OK(scrub_seal(node, &large, 0, &r));
    CHECK_EQ(r.next, 4);
    CHECK_OK(scrub_seal(node, &large, r.next, &r));
    CHECK_EQ(r.next, 7);
    close_node();
}

TEST(a_node_remembers_so_many_wrong_chunks_and_no_more)
{
    open_node();
    for (uint32_t i = 0; i <= SCRUB_WRONG_MAX; i++) {
        scrub_remember(node, &SEAL, i, true);
        scrub_remember(node, &SEAL, i, true);
    }
    CHECK_EQ(scrub_status(node).wrong, SCRUB_WRONG_MAX);
    for (uint32_t i = 0; i <= SCRUB_WRONG_MAX; i++) {
        scrub_remember(node, &SEAL, i, false);
    }
    CHECK_EQ(scrub_status(node).wrong, 0);
    close_node();
}

TEST(a_walk_rests_a_minute_when_it_has_seen_everything)
{
    open_node();
    (void)walk();
    uint64_t walks = scrub_status(node).walks, checked = scrub_status(node).checked;
    scrub_tick(node, SCRUB_REST_MS);
    CHECK_EQ(scrub_status(node).checked, checked);
    scrub_tick(node, SCRUB_REST_MS + 1);
    CHECK(scrub_status(node).checked > checked);
    CHECK_EQ(scrub_status(node).walks, walks);
    close_node();
}
