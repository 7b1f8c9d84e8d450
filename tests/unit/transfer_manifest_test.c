#include <stdlib.h>

#include "tests/test.h"
#include "transfer/transfer.h"

enum { ROOM = 16 * 1024 * 1024 };

/* A manifest of `count` chunks whose last one is half full. */
struct model {
    struct manifest m;
    uint32_t *size;
    struct hash *leaf;
    struct arena arena;
};

static struct model model_new(uint32_t count)
{
    struct model x = { .size = calloc(count, sizeof(uint32_t)),
                       .leaf = calloc(count, sizeof(struct hash)),
                       .arena = arena_over(malloc(ROOM), ROOM) };
    for (uint32_t i = 0; i < count; i++) {
        x.size[i] = 3 * SEALING_PAD + AEAD_TAG_SIZE;
        x.leaf[i] = (struct hash){ { 1, (uint8_t)(i >> 8), (uint8_t)i } };
    }
    x.m = (struct manifest){ .seal = { { 1 } },
                             .asset = { { 2 } },
                             .plain_root = { { 3 } },
                             .plain_sha256 = { { 4 } },
                             .suite = SUITE_INTL,
                             .chunk_size = SEALING_CHUNK_MIN,
                             .chunk_count = count,
                             .plain_size = (uint64_t)SEALING_CHUNK_MIN * count - 1000,
                             .sealed_size = x.size,
                             .sealed_leaf = x.leaf };
    return x;
}

static void model_free(struct model *x)
{
    free(x->size);
    free(x->leaf);
    free(x->arena.base);
}

static void round_trip(uint32_t count)
{
    struct model x = model_new(count);
    struct bytes wire;
    struct manifest got;
    CHECK_OK(manifest_encode(&x.m, &x.arena, &wire));
    CHECK(wire.len <= TRANSFER_MANIFEST_SIZE_MAX);
    CHECK_OK(manifest_decode(wire, &x.arena, &got));
    CHECK(hash_equal(&got.seal, &x.m.seal) && hash_equal(&got.asset, &x.m.asset));
    CHECK(hash_equal(&got.plain_root, &x.m.plain_root));
    CHECK(hash_equal(&got.plain_sha256, &x.m.plain_sha256));
    CHECK_EQ(got.suite, x.m.suite);
    CHECK_EQ(got.chunk_size, x.m.chunk_size);
    CHECK_EQ(got.plain_size, x.m.plain_size);
    CHECK_EQ(got.chunk_count, count);
    CHECK_BYTES(bytes_of(got.sealed_size, count * sizeof(uint32_t)),
                bytes_of(x.size, count * sizeof(uint32_t)));
    CHECK_BYTES(bytes_of(got.sealed_leaf, count * sizeof(struct hash)),
                bytes_of(x.leaf, count * sizeof(struct hash)));
    model_free(&x);
}

TEST(formats_18_a_manifest_comes_back_whole_up_to_its_most_chunks)
{
    round_trip(1);
    round_trip(2);
    round_trip(SEALING_CHUNKS_MAX);
}

TEST(formats_18_an_empty_file_is_one_chunk)
{
    struct model x = model_new(2);
    struct bytes wire;
    x.m.plain_size = 0;
    CHECK_ERR(manifest_encode(&x.m, &x.arena, &wire), ERR_RANGE);
    x.m.chunk_count = 1;
    CHECK_OK(manifest_encode(&x.m, &x.arena, &wire));
    x.m.chunk_count = 0;
    CHECK_ERR(manifest_encode(&x.m, &x.arena, &wire), ERR_RANGE);
    model_free(&x);
}

TEST(formats_18_numbers_of_a_manifest_that_do_not_fit_together_are_refused)
{
    static const struct {
        uint32_t chunk_size, chunk_count, sealed_size;
        uint64_t plain_size;
        enum err want;
    } ROWS[] = {
        { 65536, 3, 4112, 196608, ERR_NONE },
        { 65536, 3, 4112, 131073, ERR_NONE },
        { 65536, 3, 4112, 131072, ERR_RANGE }, /* two chunks would do */
        { 65536, 3, 4112, 196609, ERR_RANGE }, /* three do not */
        { 65535, 3, 4112, 196605, ERR_RANGE }, /* below 64 KiB */
        { 4194304, 3, 4112, 12582912, ERR_NONE },
        { 4194305, 3, 4112, 12582912, ERR_RANGE }, /* above 4 MiB */
        { 65536, 3, 16, 196608, ERR_RANGE },       /* no pad at all */
        { 65536, 3, 4096, 196608, ERR_RANGE },     /* no tag */
        { 65536, 3, 4113, 196608, ERR_RANGE },
        { 65536, 3, 69632 + 16, 196608, ERR_NONE }, /* the most of 64 KiB */
        { 65536, 3, 73728 + 16, 196608, ERR_RANGE },
        { 65536, 65537, 4112, 65536ull * 65537, ERR_RANGE },
    };
    struct model x = model_new(65537);
    struct bytes wire;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        arena_reset(&x.arena);
        x.m.chunk_size = ROWS[i].chunk_size;
        x.m.chunk_count = ROWS[i].chunk_count;
        x.m.plain_size = ROWS[i].plain_size;
        for (uint32_t j = 0; j < ROWS[i].chunk_count; j++) {
            x.size[j] = ROWS[i].sealed_size;
        }
        CHECK_ERR(manifest_encode(&x.m, &x.arena, &wire), ROWS[i].want);
    }
    model_free(&x);
}

/* Decoding asks the same as encoding: every single byte changed is refused or is another valid
 * manifest, which then has another hash. */
TEST(formats_18_a_manifest_with_a_byte_changed_is_never_taken_for_the_same)
{
    struct model x = model_new(2);
    struct bytes wire, again;
    struct manifest got;
    struct hash before, after;
    CHECK_OK(manifest_encode(&x.m, &x.arena, &wire));
    manifest_hash(suite_intl(), wire, &before);
    uint8_t *copy = malloc(wire.len);
    size_t refused = 0;
    for (size_t i = 0; i < wire.len; i++) {
        size_t mark = arena_mark(&x.arena);
        memcpy(copy, wire.ptr, wire.len);
        copy[i] ^= 0x80;
        enum err e = manifest_decode(bytes_of(copy, wire.len), &x.arena, &got);
        if (e == ERR_NONE) {
            CHECK_OK(manifest_encode(&got, &x.arena, &again));
            CHECK_BYTES(again, bytes_of(copy, wire.len));
            manifest_hash(suite_intl(), again, &after);
            CHECK(!hash_equal(&before, &after));
        } else {
            CHECK_EQ(arena_mark(&x.arena), mark);
            refused++;
        }
        arena_release(&x.arena, mark);
        CHECK(manifest_decode(bytes_of(wire.ptr, i), &x.arena, &got) != ERR_NONE);
    }
    CHECK(refused > 10);
    free(copy);
    model_free(&x);
}

TEST(formats_18_the_root_of_the_sealed_chunks_is_a_merkle_root)
{
    struct model x = model_new(9);
    struct hash root, want;
    struct merkle_path path;
    manifest_root(suite_intl(), &x.m, &root);
    merkle_root(suite_intl(), x.leaf, 9, &want);
    CHECK(hash_equal(&root, &want));
    merkle_prove(suite_intl(), x.leaf, 9, 4, &path);
    CHECK_OK(merkle_verify(suite_intl(), &x.leaf[4], 4, 9, &path, &root));
    model_free(&x);
}

TEST(formats_18_the_aad_of_a_chunk_names_suite_asset_seal_index_and_the_last)
{
    struct model x = model_new(3);
    struct bytes first, last, before;
    CHECK_OK(manifest_chunk_aad(&x.m, 0, &x.arena, &first));
    CHECK_OK(manifest_chunk_aad(&x.m, 1, &x.arena, &before));
    CHECK_OK(manifest_chunk_aad(&x.m, 2, &x.arena, &last));
    uint8_t want[128] = { 0x08, SUITE_INTL, 0x12, 32, 2 };
    want[36] = 0x1a;
    want[37] = 32;
    want[38] = 1;
    CHECK_BYTES(first, bytes_of(want, 70));
    memcpy(want + 70, "\x20\x01", 2);
    CHECK_BYTES(before, bytes_of(want, 72));
    memcpy(want + 70, "\x20\x02\x28\x01", 4);
    CHECK_BYTES(last, bytes_of(want, 74));
    CHECK_ERR(manifest_chunk_aad(&x.m, 3, &x.arena, &last), ERR_RANGE);
    model_free(&x);
}

static const struct content_wrap WHAT = { .token = { { 1 } },
                                          .right = { { 2 } },
                                          .seal = { { 3 } },
                                          .holder = { { 4 } },
                                          .use = 5,
                                          .key = 6,
                                          .kind = WRAP_X25519 };

TEST(formats_19_a_content_wrap_gives_its_holder_the_key_and_says_what_for)
{
    static const uint8_t CONTENT[WRAP_KEY_SIZE] = { 0xc0, 0xff, 0xee }, RANDOM[32] = { 9 };
    uint8_t memory[8192], seed[WRAP_SEED_SIZE] = { 1 }, private_key[32], public_key[32];
    uint8_t key[WRAP_KEY_SIZE] = { 0 };
    struct arena a = arena_over(memory, sizeof memory);
    struct content_wrap got;
    struct bytes wire;
    wrap_x25519_keys(seed, private_key, public_key);
    CHECK_OK(content_wrap_seal(&WHAT, bytes_of(public_key, 32), CONTENT, RANDOM, &a, &wire));
    CHECK_OK(content_wrap_open(wire, bytes_of(private_key, 32), &a, &got, key));
    CHECK_BYTES(bytes_of(key, 32), bytes_of(CONTENT, 32));
    CHECK(hash_equal(&got.token, &WHAT.token) && hash_equal(&got.right, &WHAT.right));
    CHECK(hash_equal(&got.seal, &WHAT.seal) && hash_equal(&got.holder, &WHAT.holder));
    CHECK(got.use == 5 && got.key == 6 && got.kind == WRAP_X25519);

    seed[0] = 2; /* another's key, and wrong sizes of it */
    wrap_x25519_keys(seed, private_key, public_key);
    memset(key, 0xab, sizeof key);
    size_t mark = arena_mark(&a);
    CHECK_ERR(content_wrap_open(wire, bytes_of(private_key, 32), &a, &got, key), ERR_INTEGRITY);
    CHECK(content_wrap_open(wire, bytes_of(private_key, 31), &a, &got, key) != ERR_NONE);
    CHECK(key[0] == 0xab && key[31] == 0xab);
    CHECK_EQ(arena_mark(&a), mark);
}

/* FORMATS 18: AAD = (token, right, holder, seal id, use number, 0 when released). */
TEST(formats_19_a_content_wrap_moved_to_another_use_right_or_holder_does_not_open)
{
    static const uint8_t CONTENT[WRAP_KEY_SIZE] = { 0xc0, 0xff, 0xee }, RANDOM[32] = { 9 };
    uint8_t memory[65536], seed[WRAP_SEED_SIZE] = { 1 }, private_key[32], public_key[32];
    uint8_t key[WRAP_KEY_SIZE], copy[1024];
    struct arena a = arena_over(memory, sizeof memory);
    struct content_wrap got;
    struct bytes wire;
    wrap_x25519_keys(seed, private_key, public_key);
    CHECK_OK(content_wrap_seal(&WHAT, bytes_of(public_key, 32), CONTENT, RANDOM, &a, &wire));
    size_t opened = 0;
    for (size_t i = 0; i < wire.len; i++) {
        size_t mark = arena_mark(&a);
        memcpy(copy, wire.ptr, wire.len);
        copy[i] ^= 0x02;
        enum err e =
            content_wrap_open(bytes_of(copy, wire.len), bytes_of(private_key, 32), &a, &got, key);
        opened += e == ERR_NONE;
        CHECK(e != ERR_NONE || got.key == (6 ^ 2)); /* the key number finds the key, no more */
        arena_release(&a, mark);
    }
    CHECK_EQ(opened, 1);
}
