#include <stdlib.h>

#include "ledger/snapshot_internal.h"
#include "node/archive_internal.h"
#include "node/node_internal.h"
#include "node/pieces_internal.h"
#include "node/replica_parts_internal.h"
#include "tests/fixtures/space_fixture.h"
#include "tests/test.h"

/* Limits of the node that nothing else reaches (DESIGN 9). */

static uint8_t scratch[1 << 20];

static void hear(void *user, uint64_t height)
{
    (void)user, (void)height;
}

TEST(so_many_watchers_hear_of_commits_and_no_more)
{
    static struct node n;
    for (uint32_t i = 0; i < NODE_WATCHERS_MAX; i++) {
        CHECK_OK(node_watch(&n, hear, NULL));
    }
    CHECK_ERR(node_watch(&n, hear, NULL), ERR_BUSY);
}

static void put_varint(struct buf *b, size_t x)
{
    for (; x >= 0x80; x >>= 7) {
        buf_put_u8(b, (uint8_t)(x | 0x80));
    }
    buf_put_u8(b, (uint8_t)x);
}

/* A message of this kind whose repeated field `field` holds `count` times this. */
static enum err decoded(enum peer_kind kind, uint8_t field, uint32_t count, struct bytes one,
                        struct bytes tail)
{
    static uint8_t memory[16 * 1024];
    struct buf b = buf_over(memory, sizeof memory);
    struct arena a = arena_over(scratch, sizeof scratch);
    struct peer_message m;
    put_varint(&b, (size_t)kind << 3 | 2);
    put_varint(&b, (2 + one.len) * count + tail.len);
    for (uint32_t i = 0; i < count; i++) {
        buf_put_u8(&b, (uint8_t)(field << 3 | 2));
        put_varint(&b, one.len);
        buf_put(&b, one);
    }
    buf_put(&b, tail);
    return peer_decode(buf_bytes(&b), sizeof memory, &a, &m);
}

TEST(a_message_of_gossip_holds_so_many_transactions_and_no_more)
{
    struct bytes x = bytes_of_str("x"), none = bytes_of(NULL, 0);
    CHECK_OK(decoded(PEER_TRANSACTIONS, 1, PEER_TXS_MAX, x, none));
    CHECK_ERR(decoded(PEER_TRANSACTIONS, 1, PEER_TXS_MAX + 1, x, none), ERR_ENCODING);
}

/* Behind the blocks the empty list of keys, which is always there. */
TEST(a_message_of_chain_sync_holds_so_many_blocks_and_no_more)
{
    static const uint8_t no_keys[] = { 4 << 3 | 2, 0 };
    struct bytes x = bytes_of_str("x"), keys = bytes_of(no_keys, sizeof no_keys);
    CHECK_OK(decoded(PEER_CHAIN, 2, PEER_CHAIN_MAX, x, keys));
    CHECK_ERR(decoded(PEER_CHAIN, 2, PEER_CHAIN_MAX + 1, x, keys), ERR_ENCODING);
}

TEST(a_message_holds_so_many_epoch_keys_and_no_more)
{
    struct bytes none = bytes_of(NULL, 0);
    CHECK_OK(decoded(PEER_EPOCH_KEYS, 1, PEER_KEYS_MAX, none, none));
    CHECK_ERR(decoded(PEER_EPOCH_KEYS, 1, PEER_KEYS_MAX + 1, none, none), ERR_ENCODING);
}

TEST(a_key_that_finds_no_room_in_a_message_is_left_out)
{
    static struct {
        struct peer_keys keys;
        struct epoch_key_proof after;
    } x;
    struct key_slot slot = { .used = true };
    for (uint32_t i = 0; i <= PEER_KEYS_MAX; i++) {
        slot.epoch = i;
        replica_put_key(&x.keys, 0, &slot, suite_intl());
    }
    CHECK_EQ(x.keys.count, PEER_KEYS_MAX);
    CHECK_EQ(x.keys.key[PEER_KEYS_MAX - 1].epoch, PEER_KEYS_MAX - 1);
    CHECK(x.after.epoch == 0 && x.after.public_key.ptr == NULL);
}

/* A store whose one piece has so many values, by ascending tree key. */
static enum err visit_many(void *ctx, uint32_t depth, uint32_t piece, void *user,
                           enum err (*visit)(void *user, uint16_t contract,
                                             const struct hash *tree_key, struct bytes stored))
{
    const uint32_t *count = ctx;
    (void)depth, (void)piece;
    for (uint32_t i = 0; i < *count; i++) {
        struct hash key = { { (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } };
        TRY(visit(user, 1, &key, bytes_of_str("v")));
    }
    return ERR_NONE;
}

TEST(formats_15_a_piece_of_a_snapshot_has_so_many_entries_and_more_are_cut_finer)
{
    enum { MEMORY = 32 << 20 };
    uint32_t count = SNAPSHOT_ENTRIES_MAX, got = 99;
    struct replica_ports p = { .ctx = &count, .store_piece = visit_many };
    struct state_subtree root;
    struct bytes wire = { NULL, 0 }, none = { NULL, 0 };
    struct snapshot_entry *entry = NULL;
    uint8_t *memory = malloc(2 * MEMORY);
    CHECK(memory != NULL);
    struct arena a = arena_over(memory, MEMORY), b = arena_over(memory + MEMORY, MEMORY);
    CHECK_OK(pieces_make(&p, suite_intl(), 0, 0, BLOCK_SIZE_MAX, &a, &root, &wire));
    CHECK_OK(snapshot_entries_decode(wire, BLOCK_SIZE_MAX, &b, &entry, &got));
    CHECK_EQ(got, count);
    arena_reset(&a);
    count++;
    CHECK_ERR(pieces_make(&p, suite_intl(), 0, 0, BLOCK_SIZE_MAX, &a, &root, &none), ERR_SIZE);
    CHECK(none.ptr == NULL);
    free(memory);
}

TEST(formats_15_a_piece_that_says_it_has_more_is_refused)
{
    enum { MEMORY = 16 << 20 };
    static struct snapshot_entry entry[SNAPSHOT_ENTRIES_MAX + 1];
    uint8_t *memory = malloc(MEMORY);
    CHECK(memory != NULL);
    for (uint32_t more = 0; more <= 1; more++) {
        struct arena a = arena_over(memory, MEMORY);
        struct snapshot_entry *out = NULL;
        struct bytes wire;
        uint32_t count = 99;
        CHECK_OK(
            snapshot_piece_encode(entry, SNAPSHOT_ENTRIES_MAX + more, BLOCK_SIZE_MAX, &a, &wire));
        CHECK_ERR(snapshot_entries_decode(wire, BLOCK_SIZE_MAX, &a, &out, &count),
                  more == 0 ? ERR_NONE : ERR_SIZE);
        CHECK_EQ(count, more == 0 ? SNAPSHOT_ENTRIES_MAX : 99);
    }
    free(memory);
}

static enum err count_records(void *user, enum archive_kind kind, struct bytes body)
{
    size_t *len = user;
    *len = kind == ARCHIVE_BLOCK ? body.len : 0;
    return ERR_NONE;
}

/* One record of zeros with a good checksum, as archive_put would not write it. */
static struct bytes archive_of(uint8_t *file, uint32_t size)
{
    struct buf b = buf_over(file, sizeof ARCHIVE_MAGIC + 16 + ARCHIVE_RECORD_MAX);
    buf_put(&b, bytes_of_str(ARCHIVE_MAGIC));
    buf_put_u8(&b, ARCHIVE_BLOCK);
    buf_put_u32(&b, size);
    memset(file + b.len, 0, size);
    b.len += size;
    buf_put_u32(&b, crc32c(0, bytes_of(file + b.len - 5 - size, 5 + (size_t)size)));
    ASSERT(!b.full);
    return buf_bytes(&b);
}

TEST(a_record_of_an_archive_is_so_large_and_no_larger)
{
    enum { MEMORY = ARCHIVE_RECORD_MAX + 4096 };
    uint8_t *file = malloc(MEMORY), *memory = malloc(MEMORY), *written = malloc(MEMORY);
    CHECK(file != NULL && memory != NULL && written != NULL);
    for (uint32_t more = 0; more <= 1; more++) {
        char why[ARCHIVE_WHY_SIZE] = "";
        size_t len = 99;
        struct arena a = arena_over(memory, MEMORY);
        struct bytes archive = archive_of(file, ARCHIVE_RECORD_MAX + more);
        FILE *f = fmemopen(file, archive.len, "r");
        CHECK(f != NULL);
        CHECK_ERR(archive_each(f, &a, why, &len, count_records),
                  more == 0 ? ERR_NONE : ERR_INTEGRITY);
        (void)fclose(f);
        CHECK_EQ(len, more == 0 ? ARCHIVE_RECORD_MAX : 99); /* the visitor hears of none */
        CHECK_STR(why, more == 0 ? "" : "the file is damaged at byte 15");
    }
    struct bytes archive = archive_of(file, ARCHIVE_RECORD_MAX);
    struct bytes zeros = bytes_of(file + sizeof ARCHIVE_MAGIC + 4, ARCHIVE_RECORD_MAX);
    FILE *f = fmemopen(written, archive.len + 1, "w");
    CHECK_OK(archive_begin(f));
    CHECK_OK(archive_put(f, ARCHIVE_BLOCK, &zeros, 1));
    (void)fclose(f);
    CHECK_BYTES(bytes_of(written, archive.len), archive);
    free(written);
    free(memory);
    free(file);
}

/* The file of this space with blanks behind it. */
static void pad_nodes_file(const struct space *s, size_t size)
{
    char path[TEST_FOLDER_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/nodes.json", s->dir);
    FILE *f = fopen(path, "r+b");
    CHECK(f != NULL && fseek(f, 0, SEEK_END) == 0);
    for (size_t at = (size_t)ftell(f); at < size; at++) {
        CHECK(fputc(' ', f) == ' ');
    }
    CHECK(fclose(f) == 0);
}

TEST(a_nodes_file_is_so_large_and_a_node_with_a_larger_one_does_not_start)
{
    static struct space s;
    char why[NODE_WHY_SIZE];
    struct node *n = NULL;
    space_make(&s, 1, 1, log_now_ms());
    struct node_options o = { .dir = s.dir, .passphrase = bytes_of_str("secret") };
    pad_nodes_file(&s, NODES_FILE_SIZE_MAX);
    CHECK_OK(node_open(&o, &n, why));
    node_close(n);
    n = NULL;
    pad_nodes_file(&s, NODES_FILE_SIZE_MAX + 1);
    CHECK_ERR(node_open(&o, &n, why), ERR_SIZE);
    CHECK(n == NULL);
    CHECK(strstr(why, "nodes.json: ") == why);
    space_drop(&s);
}
