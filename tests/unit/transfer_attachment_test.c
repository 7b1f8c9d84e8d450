#include <stdlib.h>

#include "tests/test.h"
#include "transfer/transfer.h"

enum { READERS = 2, ROOM = 1 << 20 };
static const struct hash SPACE = { { 0x5a } }, OTHER_SPACE = { { 0x5b } };
static const uint8_t RANDOM[32 + 32 * (TX_READERS_MAX + 1)] = { 9, 8, 7, [40] = 6, [70] = 5 };

/* Readers with X25519 keys, and their private halves. */
struct people {
    struct attachment_reader reader[TX_READERS_MAX + 1];
    uint8_t public_key[TX_READERS_MAX + 1][32], private_key[TX_READERS_MAX + 1][32];
};

static void people_make(struct people *p)
{
    memset(p, 0, sizeof *p);
    for (uint32_t i = 0; i <= TX_READERS_MAX; i++) {
        uint8_t seed[WRAP_SEED_SIZE] = { (uint8_t)(i + 1) };
        wrap_x25519_keys(seed, p->private_key[i], p->public_key[i]);
        p->reader[i] = (struct attachment_reader){ .did = { { (uint8_t)(i + 1) } },
                                                   .key = 2,
                                                   .kind = WRAP_X25519,
                                                   .public_key = bytes_of(p->public_key[i], 32) };
    }
}

static struct attachment_plain plain_of(const char *text)
{
    return (struct attachment_plain){ .salt = { 0xaa, 0xbb },
                                      .media_type = MEDIA_JSON,
                                      .content = bytes_of_str(text) };
}

static enum err seal_for(const struct people *p, uint32_t readers,
                         const struct attachment_plain *plain, struct arena *a, struct bytes *out)
{
    return attachment_seal(suite_intl(), &SPACE, plain, p->reader, readers,
                           bytes_of(RANDOM, 32 + 32 * (size_t)readers), a, out);
}

static enum err open_as(const struct people *p, uint32_t who, const struct hash *space,
                        struct bytes sealed, struct arena *a, struct attachment_plain *out)
{
    return attachment_open(suite_intl(), space, sealed, &p->reader[who].did,
                           bytes_of(p->private_key[who], 32), a, out);
}

TEST(formats_7_each_reader_opens_what_was_sealed_and_nobody_else_does)
{
    struct people p;
    struct arena a = arena_over(malloc(ROOM), ROOM);
    struct attachment_plain plain = plain_of("{\"rows\":10000}"), got = { 0 };
    struct bytes sealed;
    people_make(&p);
    CHECK_OK(seal_for(&p, READERS, &plain, &a, &sealed));
    for (uint32_t i = 0; i < READERS; i++) {
        memset(&got, 0, sizeof got);
        CHECK_OK(open_as(&p, i, &SPACE, sealed, &a, &got));
        CHECK_BYTES(got.content, plain.content);
        CHECK_BYTES(bytes_of(got.salt, 32), bytes_of(plain.salt, 32));
        CHECK_EQ(got.media_type, MEDIA_JSON);
    }
    got.media_type = 77;
    size_t mark = arena_mark(&a);
    CHECK_ERR(open_as(&p, READERS, &SPACE, sealed, &a, &got), ERR_FORBIDDEN);
    CHECK_ERR(attachment_open(suite_intl(), &SPACE, sealed, &p.reader[0].did,
                              bytes_of(p.private_key[1], 32), &a, &got),
              ERR_INTEGRITY);
    CHECK_ERR(open_as(&p, 0, &OTHER_SPACE, sealed, &a, &got), ERR_INTEGRITY);
    CHECK_EQ(got.media_type, 77);
    CHECK_EQ(arena_mark(&a), mark);
    free(a.base);
}

TEST(formats_7_a_holder_without_a_key_learns_the_commitment_and_the_readers)
{
    struct people p;
    struct arena a = arena_over(malloc(ROOM), ROOM);
    struct attachment_plain plain = plain_of("x");
    struct sealed_attachment seen = { 0 };
    struct bytes sealed;
    struct hash commitment;
    people_make(&p);
    CHECK_OK(seal_for(&p, TX_READERS_MAX, &plain, &a, &sealed));
    size_t mark = arena_mark(&a);
    CHECK_OK(attachment_inspect(sealed, &a, &seen));
    CHECK_EQ(arena_mark(&a), mark);
    attachment_commit(suite_intl(), &plain, &commitment);
    CHECK(hash_equal(&seen.commitment, &commitment));
    CHECK_EQ(seen.reader_count, TX_READERS_MAX);
    for (uint32_t i = 0; i < TX_READERS_MAX; i++) {
        CHECK(hash_equal(&seen.reader[i], &p.reader[i].did));
    }
    free(a.base);
}

/* The commitment is a formula of FORMATS 1 over salt ‖ u32 media type ‖ content. */
TEST(formats_7_the_commitment_covers_salt_media_type_and_content)
{
    struct attachment_plain plain = plain_of("abc");
    uint8_t joined[4 + 3] = { 0, 0, 0, MEDIA_JSON, 'a', 'b', 'c' };
    struct hash want, got;
    hash_commit(suite_intl(), plain.salt, bytes_of(joined, sizeof joined), &want);
    attachment_commit(suite_intl(), &plain, &got);
    CHECK(hash_equal(&got, &want));
    plain.media_type = MEDIA_TEXT;
    attachment_commit(suite_intl(), &plain, &got);
    CHECK(!hash_equal(&got, &want));
}

TEST(formats_7_every_byte_of_a_sealed_attachment_counts)
{
    struct people p;
    struct arena a = arena_over(malloc(ROOM), ROOM);
    struct attachment_plain plain = plain_of("content"), got;
    struct bytes sealed;
    people_make(&p);
    CHECK_OK(seal_for(&p, 1, &plain, &a, &sealed));
    uint8_t *copy = malloc(sealed.len);
    for (size_t i = 0; i < sealed.len; i++) {
        memcpy(copy, sealed.ptr, sealed.len);
        copy[i] ^= 0x01;
        enum err e = open_as(&p, 0, &SPACE, bytes_of(copy, sealed.len), &a, &got);
        /* The reader's key number is for finding the private key: nothing else rests on it. */
        CHECK(e != ERR_NONE || got.media_type == MEDIA_JSON);
        CHECK(e == ERR_NONE || e == ERR_INTEGRITY || e == ERR_ENCODING || e == ERR_FORBIDDEN ||
              e == ERR_VERSION || e == ERR_UNSUPPORTED || e == ERR_RANGE);
        if (e == ERR_NONE) {
            CHECK_BYTES(got.content, plain.content);
            CHECK_EQ(copy[i], 3); /* 2 ^ 1: that key number */
        }
    }
    for (size_t len = 0; len < sealed.len; len++) {
        CHECK(open_as(&p, 0, &SPACE, bytes_of(sealed.ptr, len), &a, &got) != ERR_NONE);
    }
    free(copy);
    free(a.base);
}

/* An author who seals other content under the commitment that is on the ledger. */
TEST(formats_7_content_at_odds_with_its_commitment_is_refused)
{
    struct people p;
    struct arena a = arena_over(malloc(ROOM), ROOM);
    struct attachment_plain good = plain_of("price 10"), evil = plain_of("price 99"), got;
    struct bytes sealed;
    struct hash commitment;
    people_make(&p);
    CHECK_OK(seal_for(&p, 1, &good, &a, &sealed));
    attachment_commit(suite_intl(), &good, &commitment);

    /* The content key is the first 32 random bytes, so the test can seal again under the same AAD:
     * the same length leaves every other byte of the envelope as it was. */
    uint8_t aad[64], nonce[AEAD_NONCE_SIZE] = { 0 }, *copy = malloc(sealed.len);
    memcpy(aad, SPACE.b, 32);
    memcpy(aad + 32, commitment.b, 32);
    memcpy(copy, sealed.ptr, sealed.len);
    uint8_t body[256] = { 0x0a, 32 };
    memcpy(body + 2, evil.salt, 32);
    memcpy(body + 34, "\x10\x02\x1a\x08price 99", 12);
    size_t len = 46;
    CHECK_OK(aead_seal(RANDOM, nonce, bytes_of(aad, 64), bytes_of(body, len),
                       copy + sealed.len - len - AEAD_TAG_SIZE));
    CHECK_ERR(open_as(&p, 0, &SPACE, bytes_of(copy, sealed.len), &a, &got), ERR_INTEGRITY);

    memcpy(body + 38, "price 10", 8); /* and the rig itself opens when the content is right */
    CHECK_OK(aead_seal(RANDOM, nonce, bytes_of(aad, 64), bytes_of(body, len),
                       copy + sealed.len - len - AEAD_TAG_SIZE));
    CHECK_OK(open_as(&p, 0, &SPACE, bytes_of(copy, sealed.len), &a, &got));

    body[0] = 0x12; /* decrypts, and is no AttachmentPlain */
    CHECK_OK(aead_seal(RANDOM, nonce, bytes_of(aad, 64), bytes_of(body, len),
                       copy + sealed.len - len - AEAD_TAG_SIZE));
    CHECK_ERR(open_as(&p, 0, &SPACE, bytes_of(copy, sealed.len), &a, &got), ERR_INTEGRITY);
    free(copy);
    free(a.base);
}

/* Suite gm would seal with SM4, which is not there. */
TEST(in_a_space_of_suite_gm_nothing_is_sealed_and_nothing_opens)
{
    struct people p;
    struct arena a = arena_over(malloc(ROOM), ROOM);
    struct attachment_plain plain = plain_of("x"), out = { 0 };
    struct bytes sealed = bytes_of(NULL, 77);
    people_make(&p);
    CHECK_ERR(attachment_seal(suite_gm(), &SPACE, &plain, p.reader, 1,
                              bytes_of(RANDOM, WRAP_KEY_SIZE + WRAP_SEED_SIZE), &a, &sealed),
              ERR_UNSUPPORTED);
    CHECK_EQ(sealed.len, 77);
    CHECK_OK(seal_for(&p, 1, &plain, &a, &sealed));
    CHECK_ERR(attachment_open(suite_gm(), &SPACE, sealed, &p.reader[0].did,
                              bytes_of(p.private_key[0], 32), &a, &out),
              ERR_VERSION);
    free(a.base);
}

TEST(sealing_for_nobody_too_many_or_twice_the_same_is_a_mistake)
{
    struct people p;
    struct arena a = arena_over(malloc(ROOM), ROOM);
    struct attachment_plain plain = plain_of("x");
    struct bytes sealed = bytes_of(NULL, 77);
    people_make(&p);
    CHECK_ERR(seal_for(&p, 0, &plain, &a, &sealed), ERR_RANGE);
    CHECK_ERR(seal_for(&p, TX_READERS_MAX + 1, &plain, &a, &sealed), ERR_SIZE);
    CHECK_ERR(attachment_seal(suite_intl(), &SPACE, &plain, p.reader, 2, bytes_of(RANDOM, 95), &a,
                              &sealed),
              ERR_RANGE);
    p.reader[1].did = p.reader[0].did;
    CHECK_ERR(seal_for(&p, 2, &plain, &a, &sealed), ERR_DUPLICATE);
    people_make(&p);
    p.reader[1].kind = 99;
    CHECK_ERR(seal_for(&p, 2, &plain, &a, &sealed), ERR_UNSUPPORTED);
    people_make(&p);
    memset(p.public_key[1], 0, 32); /* a small-order key would make a secret that all know */
    CHECK_ERR(seal_for(&p, 2, &plain, &a, &sealed), ERR_RANGE);
    people_make(&p);
    plain.media_type = 0;
    CHECK_ERR(seal_for(&p, 1, &plain, &a, &sealed), ERR_RANGE);
    plain.media_type = MEDIA_TEXT + 1;
    CHECK_ERR(seal_for(&p, 1, &plain, &a, &sealed), ERR_RANGE);
    CHECK_EQ(sealed.len, 77);
    CHECK_EQ(arena_mark(&a), 0);
    free(a.base);
}

TEST(formats_7_sixteen_mebibytes_travel_and_one_byte_more_does_not)
{
    struct people p;
    size_t size = TX_ATTACHMENT_SIZE_MAX, room = 4 * size + (1 << 20);
    struct arena a = arena_over(malloc(room), room);
    uint8_t *content = calloc(1, size + 1);
    struct attachment_plain plain = { .media_type = MEDIA_BYTES }, got;
    struct bytes sealed;
    people_make(&p);
    plain.content = bytes_of(content, size + 1);
    CHECK_ERR(seal_for(&p, 1, &plain, &a, &sealed), ERR_SIZE);
    plain.content.len = size;
    CHECK_OK(seal_for(&p, TX_READERS_MAX, &plain, &a, &sealed));
    CHECK(sealed.len <= TRANSFER_SEALED_ATTACHMENT_SIZE_MAX);
    uint8_t *wire = malloc(sealed.len); /* as a peer holds it: the work memory is free again */
    memcpy(wire, sealed.ptr, sealed.len);
    arena_reset(&a);
    CHECK_OK(open_as(&p, TX_READERS_MAX - 1, &SPACE, bytes_of(wire, sealed.len), &a, &got));
    CHECK_EQ(got.content.len, size);

    struct arena small = arena_over(a.base, size); /* and without that room it says so */
    CHECK_ERR(open_as(&p, 0, &SPACE, bytes_of(wire, sealed.len), &small, &got), ERR_NO_SPACE);
    CHECK_EQ(arena_mark(&small), 0);
    free(wire);
    free(content);
    free(a.base);
}

TEST(sealing_fails_cleanly_at_every_size_of_the_arena)
{
    struct people p;
    uint8_t *memory = malloc(ROOM);
    struct attachment_plain plain = plain_of("x");
    struct bytes sealed;
    size_t room = 0, refused = 0;
    people_make(&p);
    for (enum err e = ERR_NO_SPACE; e != ERR_NONE; room += 16) {
        struct arena a = arena_over(memory, room);
        e = seal_for(&p, READERS, &plain, &a, &sealed);
        CHECK(e == ERR_NONE || (e == ERR_NO_SPACE && arena_mark(&a) == 0));
        refused += e != ERR_NONE;
    }
    CHECK(refused > 10);
    free(memory);
}
