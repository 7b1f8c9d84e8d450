#include <stdlib.h>

#include "tests/test.h"
#include "transfer/seal_internal.h"

enum { ROOM = 256 * 1024 };

/* A SealedAttachment by hand, so that it may say what the encoder never would. */
struct shape {
    uint32_t wraps;
    bool same_reader; /* the last reader is the first again */
    uint8_t commitment_size, did_size, wrapped_size;
};

static struct bytes build(const struct shape *s, uint8_t *memory)
{
    static const uint8_t FILL[64] = { 0x77 };
    struct buf b = buf_over(memory, 8192);
    buf_put(&b, bytes_of_str("\x08\x01\x12"));
    buf_put_u8(&b, s->commitment_size);
    buf_put(&b, bytes_of(FILL, s->commitment_size));
    for (uint32_t i = 0; i < s->wraps; i++) {
        bool again = s->same_reader && i + 1 == s->wraps;
        buf_put_u8(&b, 0x1a);
        buf_put_u8(&b,
                   (uint8_t)(2 + s->did_size + 2 + (s->wrapped_size ? 2 : 0) + s->wrapped_size));
        buf_put_u8(&b, 0x0a);
        buf_put_u8(&b, s->did_size);
        buf_put_u8(&b, again ? 1 : (uint8_t)(i + 1));
        buf_put(&b, bytes_of(FILL + 1, s->did_size - 1u));
        buf_put(&b, bytes_of_str("\x18\x01"));
        if (s->wrapped_size > 0) {
            buf_put_u8(&b, 0x22);
            buf_put_u8(&b, s->wrapped_size);
            buf_put(&b, bytes_of(FILL, s->wrapped_size));
        }
    }
    buf_put(&b, bytes_of_str("\x22\x03xyz"));
    return buf_bytes(&b);
}

TEST(formats_7_a_sealed_attachment_has_one_to_sixteen_different_readers)
{
    static const struct {
        struct shape shape;
        enum err want;
    } ROWS[] = {
        { { 1, false, 32, 32, 60 }, ERR_NONE },     { { 16, false, 32, 32, 60 }, ERR_NONE },
        { { 0, false, 32, 32, 60 }, ERR_ENCODING }, { { 17, false, 32, 32, 60 }, ERR_ENCODING },
        { { 2, true, 32, 32, 60 }, ERR_ENCODING },  { { 16, true, 32, 32, 60 }, ERR_ENCODING },
        { { 1, false, 31, 32, 60 }, ERR_ENCODING }, { { 1, false, 33, 32, 60 }, ERR_ENCODING },
        { { 1, false, 32, 31, 60 }, ERR_ENCODING }, { { 1, false, 32, 33, 60 }, ERR_ENCODING },
        { { 1, false, 32, 32, 0 }, ERR_ENCODING },
    };
    uint8_t wire[8192];
    struct arena a = arena_over(malloc(ROOM), ROOM);
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct sealed_attachment got = { .reader_count = 77 };
        struct bytes x = build(&ROWS[i].shape, wire);
        CHECK_ERR(attachment_inspect(x, &a, &got), ROWS[i].want);
        CHECK_EQ(got.reader_count, ROWS[i].want == ERR_NONE ? ROWS[i].shape.wraps : 77);
        CHECK_EQ(arena_mark(&a), 0);
    }
    free(a.base);
}

/* FORMATS 2: one message has one encoding, or commitments could be met by two byte strings. */
TEST(formats_2_a_sealed_attachment_said_in_another_way_is_refused)
{
    uint8_t wire[8192];
    struct shape one = { 1, false, 32, 32, 60 };
    struct arena a = arena_over(malloc(ROOM), ROOM);
    struct sealed_attachment got;
    struct bytes x = build(&one, wire);
    wire[x.len] = 0x28; /* a field that is not in the message */
    wire[x.len + 1] = 1;
    CHECK_ERR(attachment_inspect(bytes_of(wire, x.len + 2), &a, &got), ERR_ENCODING);
    memmove(wire + 1, wire, x.len); /* the suite in two bytes */
    memcpy(wire, "\x08\x81\x00", 3);
    CHECK_ERR(attachment_inspect(bytes_of(wire, x.len + 1), &a, &got), ERR_ENCODING);
    free(a.base);
}

TEST(formats_7_what_is_larger_than_a_sealed_attachment_may_be_is_refused_unread)
{
    struct sealed_attachment got;
    uint8_t byte = 0;
    struct arena a = arena_over(&byte, 1);
    CHECK_ERR(
        attachment_inspect(bytes_of(&byte, TRANSFER_SEALED_ATTACHMENT_SIZE_MAX + 1), &a, &got),
        ERR_SIZE);
    struct manifest m;
    CHECK_ERR(manifest_decode(bytes_of(&byte, TRANSFER_MANIFEST_SIZE_MAX + 1), &a, &m), ERR_SIZE);
}

TEST(formats_7_a_plain_attachment_has_a_salt_of_32_bytes)
{
    uint8_t wire[64] = { 0x0a, 32 };
    struct arena a = arena_over(malloc(ROOM), ROOM);
    struct attachment_plain got;
    memcpy(wire + 34, "\x10\x01\x1a\x01x", 5);
    CHECK_OK(plain_decode(bytes_of(wire, 39), &a, &got));
    CHECK_BYTES(got.content, bytes_of_str("x"));
    wire[1] = 31;
    memmove(wire + 33, wire + 34, 5);
    CHECK_ERR(plain_decode(bytes_of(wire, 38), &a, &got), ERR_ENCODING);
    free(a.base);
}

TEST(formats_19_a_content_wrap_without_its_wrap_is_refused)
{
    uint8_t wire[128];
    struct arena a = arena_over(malloc(ROOM), ROOM);
    struct content_wrap got;
    uint8_t key[WRAP_KEY_SIZE], private_key[32] = { 1 };
    struct buf b = buf_over(wire, sizeof wire);
    for (uint8_t field = 0x0a; field <= 0x1a; field = (uint8_t)(field + 8)) {
        buf_put_u8(&b, field);
        buf_put_u8(&b, 32);
        buf_put_hash(&b, &(struct hash){ { 1 } });
    }
    CHECK_ERR(content_wrap_open(buf_bytes(&b), bytes_of(private_key, 32), &a, &got, key),
              ERR_ENCODING);
    CHECK_EQ(arena_mark(&a), 0);
    free(a.base);
}
