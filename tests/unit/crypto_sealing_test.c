#include "crypto/sealing.h"

#include <stdlib.h>
#include <zstd.h>

#include "tests/test.h"

static const uint8_t KEY[AEAD_KEY_SIZE] = { 1, 2, 3 };
static const uint8_t OTHER_KEY[AEAD_KEY_SIZE] = { 1, 2, 4 };

/* Room for the largest chunk, made and given back by each test. */
struct room {
    struct arena scratch;
    uint8_t *plain, *sealed, *opened;
    size_t sealed_len, opened_len;
};

static struct room room_new(void)
{
    size_t most = sealing_size_max(SEALING_CHUNK_MAX);
    struct room r = { .scratch = arena_over(malloc(most), most),
                      .plain = malloc(SEALING_CHUNK_MAX),
                      .sealed = malloc(most),
                      .opened = malloc(SEALING_CHUNK_MAX) };
    return r;
}

static void room_free(struct room *r)
{
    free(r->scratch.base);
    free(r->plain);
    free(r->sealed);
    free(r->opened);
}

/* Noise that does not compress, and words that do. */
static void fill(uint8_t *out, size_t len, bool noise)
{
    uint64_t x = 88172645463325252u;
    for (size_t i = 0; i < len; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        out[i] = noise ? (uint8_t)(x >> 24) : (uint8_t)("a row of words;"[i % 15]);
    }
}

static enum err seal(struct room *r, size_t len)
{
    return sealing_chunk(KEY, 7, bytes_of_str("aad"), bytes_of(r->plain, len), &r->scratch,
                         r->sealed, &r->sealed_len);
}

static enum err open_with(struct room *r, const uint8_t *key, uint32_t index, const char *aad,
                          size_t cap)
{
    return sealing_open(key, index, bytes_of_str(aad), bytes_of(r->sealed, r->sealed_len),
                        &r->scratch, r->opened, cap, &r->opened_len);
}

TEST(formats_18_a_chunk_of_every_size_comes_back_and_its_sealed_size_is_whole_pads)
{
    static const size_t SIZES[] = { 0,
                                    1,
                                    4071,
                                    4072,
                                    4073,
                                    SEALING_CHUNK_MIN - 1,
                                    SEALING_CHUNK_MIN,
                                    SEALING_CHUNK_MIN + 1,
                                    SEALING_CHUNK_DEFAULT,
                                    SEALING_CHUNK_MAX - 1,
                                    SEALING_CHUNK_MAX };
    struct room r = room_new();
    for (size_t i = 0; i < 2 * COUNT(SIZES); i++) {
        size_t size = SIZES[i / 2];
        fill(r.plain, size, i % 2 == 0);
        CHECK_OK(seal(&r, size));
        CHECK_EQ(r.sealed_len % SEALING_PAD, AEAD_TAG_SIZE);
        CHECK(r.sealed_len >= SEALING_PAD && r.sealed_len <= sealing_size_max(size));
        CHECK(size < 65536 || i % 2 == 0 || r.sealed_len < size / 4); /* words were compressed */
        CHECK_OK(open_with(&r, KEY, 7, "aad", size));
        CHECK_BYTES(bytes_of(r.opened, r.opened_len), bytes_of(r.plain, size));
        CHECK_EQ(r.scratch.used, 0);
    }
    room_free(&r);
}

TEST(a_chunk_larger_than_the_largest_is_refused_and_nothing_is_written)
{
    struct room r = room_new();
    uint8_t *big = calloc(1, SEALING_CHUNK_MAX + 1);
    r.sealed_len = 77;
    CHECK_ERR(sealing_chunk(KEY, 0, bytes_of_str(""), bytes_of(big, SEALING_CHUNK_MAX + 1),
                            &r.scratch, r.sealed, &r.sealed_len),
              ERR_SIZE);
    CHECK_EQ(r.sealed_len, 77);
    free(big);
    room_free(&r);
}

TEST(formats_18_every_byte_of_a_sealed_chunk_counts)
{
    struct room r = room_new();
    fill(r.plain, 5000, false);
    CHECK_OK(seal(&r, 5000));
    CHECK_EQ(r.sealed_len, SEALING_PAD + AEAD_TAG_SIZE);
    for (size_t i = 0; i < r.sealed_len; i++) {
        r.sealed[i] ^= 0x10;
        CHECK_ERR(open_with(&r, KEY, 7, "aad", 5000), ERR_INTEGRITY);
        r.sealed[i] ^= 0x10;
    }
    CHECK_OK(open_with(&r, KEY, 7, "aad", 5000));
    room_free(&r);
}

TEST(formats_18_a_chunk_opens_with_its_key_its_index_and_its_aad_only)
{
    struct room r = room_new();
    fill(r.plain, 100, false);
    CHECK_OK(seal(&r, 100));
    r.opened_len = 77;
    CHECK_ERR(open_with(&r, OTHER_KEY, 7, "aad", 100), ERR_INTEGRITY);
    CHECK_ERR(open_with(&r, KEY, 6, "aad", 100), ERR_INTEGRITY);
    CHECK_ERR(open_with(&r, KEY, 7 + (1u << 31), "aad", 100), ERR_INTEGRITY);
    CHECK_ERR(open_with(&r, KEY, 7, "aae", 100), ERR_INTEGRITY);
    CHECK_ERR(open_with(&r, KEY, 7, "", 100), ERR_INTEGRITY);
    CHECK_ERR(open_with(&r, KEY, 7, "aad", 99), ERR_INTEGRITY); /* more than the reader has room */
    size_t whole = r.sealed_len;
    for (r.sealed_len = 0; r.sealed_len < whole; r.sealed_len++) {
        CHECK_ERR(open_with(&r, KEY, 7, "aad", 100), ERR_INTEGRITY);
    }
    CHECK_EQ(r.opened_len, 77);
    CHECK_EQ(r.scratch.used, 0);
    room_free(&r);
}

/* What an author with the key may seal by hand; `sealed` gets the AEAD of it. */
static void forge(struct room *r, const uint8_t *padded, size_t len)
{
    static const uint8_t NONCE[AEAD_NONCE_SIZE] = { [11] = 7 };
    CHECK_OK(aead_seal(KEY, NONCE, bytes_of_str("aad"), bytes_of(padded, len), r->sealed));
    r->sealed_len = len + AEAD_TAG_SIZE;
}

/* length ‖ a frame of `size` bytes; returns the frame's length. */
static uint32_t put_frame(uint8_t *padded, const uint8_t *plain, size_t size)
{
    size_t len = ZSTD_compress(padded + 4, 2 * SEALING_PAD - 4, plain, size, 1);
    struct buf b = buf_over(padded, 4);
    buf_put_u32(&b, (uint32_t)len);
    return (uint32_t)len;
}

TEST(formats_18_what_sealing_does_not_make_is_refused_though_it_decrypts)
{
    struct room r = room_new();
    uint8_t padded[2 * SEALING_PAD] = { 0 };
    fill(r.plain, 1000, false);
    uint32_t len = put_frame(padded, r.plain, 1000);
    forge(&r, padded, SEALING_PAD);
    CHECK_OK(open_with(&r, KEY, 7, "aad", 1000)); /* the rig itself is right */

    forge(&r, padded, sizeof padded); /* a pad too many */
    CHECK_ERR(open_with(&r, KEY, 7, "aad", 1000), ERR_INTEGRITY);
    forge(&r, padded, SEALING_PAD - 1); /* no whole pads */
    CHECK_ERR(open_with(&r, KEY, 7, "aad", 1000), ERR_INTEGRITY);
    for (size_t i = 4 + len; i < SEALING_PAD; i += 97) { /* padding that is not zero */
        padded[i] = 1;
        forge(&r, padded, SEALING_PAD);
        CHECK_ERR(open_with(&r, KEY, 7, "aad", 1000), ERR_INTEGRITY);
        padded[i] = 0;
    }
    static const uint32_t LENGTHS[] = { 0, 1, SEALING_PAD - 3, SEALING_PAD, UINT32_MAX };
    for (size_t i = 0; i < COUNT(LENGTHS) + 2; i++) { /* a length that is not the frame's */
        struct buf b = buf_over(padded, 4);
        buf_put_u32(&b, i < COUNT(LENGTHS) ? LENGTHS[i] : i == COUNT(LENGTHS) ? len - 1 : len + 1);
        forge(&r, padded, SEALING_PAD);
        CHECK_ERR(open_with(&r, KEY, 7, "aad", 1000), ERR_INTEGRITY);
    }
    room_free(&r);
}

TEST(a_frame_that_would_unpack_to_more_stops_at_the_cap)
{
    struct room r = room_new();
    uint8_t padded[2 * SEALING_PAD] = { 0 };
    uint8_t *zeros = calloc(1, 2 * SEALING_CHUNK_MAX);
    put_frame(padded, zeros, 2 * SEALING_CHUNK_MAX); /* eight megabytes in under a pad */
    forge(&r, padded, SEALING_PAD);
    CHECK_ERR(open_with(&r, KEY, 7, "aad", SEALING_CHUNK_MAX), ERR_INTEGRITY);

    /* Two frames, and a frame that says 16 bytes and holds more: the header's size is only a claim.
     */
    memset(padded, 0, sizeof padded);
    uint32_t one = put_frame(padded, zeros, 1000);
    memcpy(padded + 4 + one, padded + 4, one);
    struct buf b = buf_over(padded, 4);
    buf_put_u32(&b, 2 * one);
    forge(&r, padded, SEALING_PAD);
    CHECK_ERR(open_with(&r, KEY, 7, "aad", SEALING_CHUNK_MAX), ERR_INTEGRITY);

    memset(padded, 0, sizeof padded);
    put_frame(padded, zeros, 200); /* single segment: byte 5 of the frame is its content size */
    CHECK_EQ(padded[4 + 5], 200);
    padded[4 + 5] = 16;
    forge(&r, padded, SEALING_PAD);
    memset(r.opened, 0xab, SEALING_PAD);
    CHECK_ERR(open_with(&r, KEY, 7, "aad", 16), ERR_INTEGRITY);
    CHECK(r.opened[16] == 0xab && r.opened[200] == 0xab);
    free(zeros);
    room_free(&r);
}

TEST(sealing_without_room_in_the_scratch_says_so)
{
    struct room r = room_new();
    struct arena none = arena_over(r.scratch.base, 100);
    fill(r.plain, 1000, true);
    CHECK_OK(seal(&r, 1000));
    CHECK_ERR(sealing_chunk(KEY, 0, bytes_of_str(""), bytes_of(r.plain, 1000), &none, r.opened,
                            &r.opened_len),
              ERR_NO_SPACE);
    CHECK_ERR(sealing_open(KEY, 7, bytes_of_str("aad"), bytes_of(r.sealed, r.sealed_len), &none,
                           r.opened, 1000, &r.opened_len),
              ERR_NO_SPACE);
    room_free(&r);
}
