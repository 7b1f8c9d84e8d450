#include "tests/fixtures/ledger_fixture.h"
#include "tests/fixtures/tx_fixture.h"
#include "tests/test.h"

#include <stdlib.h>

static uint8_t memory[8 << 20];
static uint8_t big[TX_SIZE_MAX + 64];
static struct arena arena;
static struct tx_body body;
static struct tx_attachment attachment[TX_ATTACHMENTS_MAX + 1];

static void given_a_body(void)
{
    arena = arena_over(memory, sizeof memory);
    memset(attachment, 0, sizeof attachment);
    for (uint32_t i = 0; i < COUNT(attachment); i++) {
        attachment[i] = (struct tx_attachment){ .size = 100, .reader_count = 2, .kind = 1 };
        attachment[i].commitment.b[0] = (uint8_t)(i + 1);
        for (uint32_t j = 0; j < TX_READERS_MAX; j++) {
            attachment[i].reader[j].b[31] = (uint8_t)(j + 1);
        }
    }
    body = (struct tx_body){ .valid_until_ms = 1234567,
                             .signer_count = 2,
                             .method = 0x101,
                             .args = bytes_of("hello", 5),
                             .attachment_count = 2,
                             .attachment = attachment };
    memset(body.space.b, 9, HASH_SIZE);
    memset(body.nonce, 7, TX_NONCE_SIZE);
    for (uint32_t i = 0; i < TX_SIGNERS_MAX; i++) {
        body.signer[i].did.b[0] = (uint8_t)(i + 1);
        body.signer[i].key = i;
    }
}

/* Encodes and decodes with as many signatures as asked, each of `size` bytes. */
static enum err through(uint32_t signatures, size_t size, struct tx *out)
{
    struct bytes wire, tx, signature[TX_SIGNERS_MAX];
    static uint8_t bytes[TX_SIGNERS_MAX][SUITE_SIGNATURE_SIZE_MAX + 1];
    for (uint32_t i = 0; i < TX_SIGNERS_MAX; i++) {
        memset(bytes[i], (int)(0x30 + i), sizeof bytes[i]);
        signature[i] = bytes_of(bytes[i], size);
    }
    TRY(tx_encode_body(&body, &arena, &wire));
    TRY(tx_encode(wire, signature, signatures, &arena, &tx));
    return tx_decode(suite_intl(), tx, &arena, out);
}

TEST(formats_5_a_transaction_decodes_to_what_was_encoded)
{
    struct tx tx;
    struct bytes again;
    given_a_body();
    CHECK_OK(through(2, 64, &tx));
    CHECK_EQ(tx.body.signer_count, 2);
    CHECK_EQ(tx.body.signer[1].key, 1);
    CHECK_EQ(tx.body.valid_until_ms, 1234567);
    CHECK_BYTES(tx.body.args, body.args);
    CHECK_EQ(tx.body.attachment_count, 2);
    CHECK_EQ(tx.body.attachment[0].size, 100);
    CHECK(hash_equal(&tx.body.attachment[1].commitment, &attachment[1].commitment));
    CHECK(hash_equal(&tx.body.attachment[1].reader[1], &attachment[1].reader[1]));
    CHECK_OK(tx_encode_body(&tx.body, &arena, &again));
    CHECK_BYTES(again, tx.signed_bytes);
}

TEST(formats_5_the_id_is_the_tagged_hash_of_the_signed_bytes_alone)
{
    struct tx tx;
    struct hash want;
    given_a_body();
    CHECK_OK(through(2, 64, &tx));
    hash_tagged(suite_intl(), "carnet/tx/v1", tx.signed_bytes, &want);
    CHECK(hash_equal(&tx.id, &want));
}

TEST(formats_15_the_tx_leaf_covers_the_id_and_the_signatures)
{
    struct tx tx;
    struct hash signatures, want, got;
    uint8_t leaf[64], all[128];
    given_a_body();
    CHECK_OK(through(2, 64, &tx));
    memset(all, 0x30, 64);
    memset(all + 64, 0x31, 64);
    hash_tagged(suite_intl(), "carnet/tx-signatures/v1", bytes_of(all, 128), &signatures);
    memcpy(leaf, tx.id.b, 32);
    memcpy(leaf + 32, signatures.b, 32);
    merkle_leaf(suite_intl(), "carnet/tx-leaf/v1", bytes_of(leaf, 64), &want);
    tx_leaf(suite_intl(), &tx, &got);
    CHECK(hash_equal(&got, &want));
}

TEST(formats_5_signers_are_one_to_eight_distinct_with_a_signature_each)
{
    struct tx tx;
    given_a_body();
    body.signer_count = 8;
    CHECK_OK(through(8, 64, &tx));
    body.signer_count = 9;
    CHECK_ERR(through(8, 64, &tx), ERR_SIZE);
    body.signer_count = 0;
    CHECK_ERR(through(1, 64, &tx), ERR_SIZE);
    body.signer_count = 2;
    CHECK_ERR(through(1, 64, &tx), ERR_ENCODING);
    CHECK_ERR(through(3, 64, &tx), ERR_ENCODING);
    CHECK_ERR(through(2, 63, &tx), ERR_ENCODING);
    CHECK_ERR(through(2, 65, &tx), ERR_ENCODING);
    CHECK_ERR(through(2, 0, &tx), ERR_ENCODING);
    body.signer[1].did = body.signer[0].did;
    CHECK_ERR(through(2, 64, &tx), ERR_ENCODING);
}

TEST(formats_7_attachments_and_readers_are_at_most_sixteen)
{
    struct tx tx;
    given_a_body();
    body.attachment_count = 16;
    attachment[15].reader_count = 16;
    CHECK_OK(through(2, 64, &tx));
    CHECK_EQ(tx.body.attachment[15].reader_count, 16);
    body.attachment_count = 17;
    CHECK_ERR(through(2, 64, &tx), ERR_SIZE);
    body.attachment_count = 1;
    attachment[0].size = TX_ATTACHMENT_SIZE_MAX;
    CHECK_OK(through(2, 64, &tx));
    attachment[0].size++;
    CHECK_ERR(through(2, 64, &tx), ERR_ENCODING);
    attachment[0].size--;
    attachment[0].reader[1] = attachment[0].reader[0];
    CHECK_ERR(through(2, 64, &tx), ERR_ENCODING);
}

/* The wire is flipped everywhere: it decodes to another transaction or not at all. */
TEST(formats_2_no_two_wires_are_the_same_transaction)
{
    struct tx tx, other;
    given_a_body();
    CHECK_OK(through(2, 64, &tx));
    struct hash leaf, bent;
    tx_leaf(suite_intl(), &tx, &leaf);
    uint8_t *copy = malloc(tx.wire.len);
    memcpy(copy, tx.wire.ptr, tx.wire.len);
    for (size_t i = 0; i < tx.wire.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            size_t mark = arena_mark(&arena);
            copy[i] ^= (uint8_t)(1U << bit);
            if (tx_decode(suite_intl(), bytes_of(copy, tx.wire.len), &arena, &other) == ERR_NONE) {
                tx_leaf(suite_intl(), &other, &bent);
                CHECK(!hash_equal(&bent, &leaf));
            }
            copy[i] ^= (uint8_t)(1U << bit);
            arena_release(&arena, mark);
        }
    }
    free(copy);
}

TEST(formats_2_truncated_and_lengthened_wires_are_refused)
{
    struct tx tx, other;
    given_a_body();
    CHECK_OK(through(2, 64, &tx));
    memcpy(big, tx.wire.ptr, tx.wire.len);
    big[tx.wire.len] = 0;
    for (size_t n = 0; n <= tx.wire.len + 1; n++) {
        size_t mark = arena_mark(&arena);
        enum err e = tx_decode(suite_intl(), bytes_of(big, n), &arena, &other);
        CHECK_EQ(e == ERR_NONE, n == tx.wire.len);
        arena_release(&arena, mark);
    }
}

/* 64 KiB of the transaction is what is on the wire, signatures included. */
TEST(formats_2_a_transaction_is_at_most_64_kib)
{
    struct tx tx;
    struct bytes wire, small;
    given_a_body();
    CHECK_OK(tx_encode_body(&body, &arena, &small));
    body.args = bytes_of(big, TX_SIZE_MAX - small.len - 2 * 66 - 1);
    CHECK_OK(through(2, 64, &tx));
    CHECK_EQ(tx.wire.len, TX_SIZE_MAX);
    body.args.len++;
    CHECK_ERR(through(2, 64, &tx), ERR_SIZE);
    wire = bytes_of(big, TX_SIZE_MAX + 1);
    CHECK_ERR(tx_decode(suite_intl(), wire, &arena, &tx), ERR_SIZE);
}

TEST(a_full_arena_is_an_error_at_every_size)
{
    struct tx tx;
    static uint8_t little[64 * 1024];
    given_a_body();
    CHECK_OK(through(2, 64, &tx));
    struct bytes wire = tx.wire;
    bool fits = false;
    for (size_t size = 0; size < sizeof little && !fits; size += 16) {
        struct arena a = arena_over(little, size);
        enum err e = tx_decode(suite_intl(), wire, &a, &tx);
        fits = e == ERR_NONE;
        CHECK(fits || e == ERR_NO_SPACE);
    }
    CHECK(fits);
}

/* xorshift64: the same bytes in every run. */
static size_t draw(uint64_t *state, size_t below)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (size_t)(*state % below);
}

/* Counts at and around their bounds, numbers that are absent, small and as large as they get. */
static void given_any_body(uint64_t *state)
{
    static const uint64_t NUMBER[] = { 0, 1, 127, 128, UINT32_MAX, UINT64_MAX };
    given_a_body();
    body.signer_count = 1 + (uint32_t)draw(state, TX_SIGNERS_MAX);
    body.signer[0].key = (uint32_t)NUMBER[draw(state, COUNT(NUMBER))];
    body.method = (uint32_t)NUMBER[draw(state, COUNT(NUMBER))];
    body.valid_until_ms = NUMBER[draw(state, COUNT(NUMBER))];
    body.args.len = draw(state, 6);
    bool many = draw(state, 8) == 0;
    body.attachment_count = (uint32_t)draw(state, many ? TX_ATTACHMENTS_MAX + 1 : 3);
    for (uint32_t i = 0; i < body.attachment_count; i++) {
        attachment[i].reader_count = (uint32_t)draw(state, many ? TX_READERS_MAX + 1 : 3);
        attachment[i].keep_until_ms = NUMBER[draw(state, COUNT(NUMBER))];
        attachment[i].kind = (uint32_t)NUMBER[draw(state, COUNT(NUMBER))];
        attachment[i].size = draw(state, 4) == 0 ? TX_ATTACHMENT_SIZE_MAX + (uint32_t)draw(state, 2)
                                                 : (uint32_t)draw(state, 3);
    }
    if (draw(state, 16) == 0) {
        memset(body.space.b, 0, HASH_SIZE); /* thirty-two zeros are no default */
    }
}

/* A byte changed, put in or left out, or the end cut off. */
static size_t bend(uint64_t *state, uint8_t *wire, size_t len)
{
    static const uint8_t TELLING[] = { 0x00, 0x01, 0x0a, 0x12, 0x18, 0x1a, 0x20, 0x22, 0x28,
                                       0x2a, 0x30, 0x32, 0x3a, 0x42, 0x7f, 0x80, 0xff };
    size_t at = draw(state, len);
    uint8_t byte =
        draw(state, 2) == 0 ? TELLING[draw(state, sizeof TELLING)] : (uint8_t)draw(state, 256);
    switch (draw(state, 4)) {
    case 0:
        return at;
    case 1:
        memmove(wire + at + 1, wire + at, len - at);
        wire[at] = byte;
        return len + 1;
    case 2:
        memmove(wire + at, wire + at + 1, len - at - 1);
        return len - 1;
    default:
        wire[at] = byte;
        return len;
    }
}

TEST(formats_2_a_transaction_read_in_place_is_what_the_canonical_decoder_takes)
{
    uint64_t state = 0x9e3779b97f4a7c15;
    int count = 0, taken_count = 0, whole = 0;
    for (int i = 0; i < 600; i++) {
        struct tx tx;
        struct bytes wire;
        bool taken = false;
        given_any_body(&state);
        enum err e = through(body.signer_count, 64, &tx);
        CHECK(e == ERR_NONE || e == ERR_ENCODING);
        whole += e == ERR_NONE ? 1 : 0;
        if (e != ERR_NONE) {
            continue;
        }
        wire = tx.wire;
        CHECK(tx_readers_agree(suite_intl(), wire, &arena, &taken));
        CHECK(taken);
        for (int j = 0; j < 60; j++) {
            memcpy(big, wire.ptr, wire.len);
            size_t len = bend(&state, big, wire.len);
            CHECK(tx_readers_agree(suite_intl(), bytes_of(big, len), &arena, &taken));
            taken_count += taken ? 1 : 0;
            count++;
        }
    }
    CHECK(whole > 300 && taken_count > count / 50 && taken_count < count);
}
