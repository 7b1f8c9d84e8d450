#include "tests/fixtures/ledger_fixture.h"
#include "tests/test.h"

#include <stdlib.h>

static uint8_t memory[16 << 20];
static struct arena arena;

static struct header sample_header(uint32_t tx_count)
{
    struct header h = {
        .version_set = 1, .tx_count = tx_count, .height = 7, .time_ms = 1000, .cost = 5
    };
    struct hash *all[] = { &h.previous,
                           &h.tx_root,
                           &h.receipt_root,
                           &h.state_root,
                           &h.history_root,
                           &h.committee_hash,
                           &h.next_committee_hash,
                           &h.proposer,
                           &h.last_commit.certificate_hash };
    for (size_t i = 0; i < COUNT(all); i++) {
        memset(all[i]->b, (int)(i + 1), HASH_SIZE);
    }
    h.last_commit.height = 6;
    h.last_commit.seats = 0x40000007;
    return h;
}

static enum err framed(uint32_t tx_count, const struct bytes *tx, uint32_t count, struct block *out)
{
    struct header h = sample_header(tx_count);
    struct bytes header, wire;
    TRY(header_encode(&h, &arena, &header));
    TRY(block_encode(header, bytes_of("certificate", 11), tx, count, &arena, &wire));
    return block_decode(suite_intl(), wire, &arena, out);
}

TEST(formats_10_a_header_decodes_to_what_was_encoded)
{
    struct header h = sample_header(3), got = { 0 };
    struct bytes wire, again;
    arena = arena_over(memory, sizeof memory);
    CHECK_OK(header_encode(&h, &arena, &wire));
    CHECK(wire.len <= HEADER_SIZE_MAX);
    CHECK_OK(header_decode(wire, &arena, &got));
    CHECK_EQ(got.last_commit.seats, 0x40000007);
    CHECK_EQ(got.height, 7);
    CHECK(hash_equal(&got.proposer, &h.proposer));
    CHECK_OK(header_encode(&got, &arena, &again));
    CHECK_BYTES(again, wire);
}

TEST(formats_10_the_widest_header_fits_its_limit)
{
    struct header h = sample_header(UINT32_MAX), got;
    struct bytes wire;
    arena = arena_over(memory, sizeof memory);
    h.version_set = UINT32_MAX;
    h.height = h.time_ms = h.cost = h.last_commit.height = UINT64_MAX;
    CHECK_OK(header_encode(&h, &arena, &wire));
    CHECK_OK(header_decode(wire, &arena, &got));
    CHECK_EQ(got.cost, UINT64_MAX);
}

TEST(formats_10_no_last_commit_has_one_form)
{
    struct header h = sample_header(0), got;
    struct bytes wire;
    arena = arena_over(memory, sizeof memory);
    h.last_commit = (struct last_commit){ 0 };
    CHECK_OK(header_encode(&h, &arena, &wire));
    CHECK_OK(header_decode(wire, &arena, &got));
    CHECK_EQ(got.last_commit.height, 0);
    CHECK_EQ(got.last_commit.seats, 0);
}

TEST(formats_10_a_block_hash_is_the_tagged_hash_of_its_header)
{
    struct block b;
    struct hash want;
    arena = arena_over(memory, sizeof memory);
    CHECK_OK(framed(0, NULL, 0, &b));
    hash_tagged(suite_intl(), "carnet/header/v1", b.header_bytes, &want);
    CHECK(hash_equal(&b.hash, &want));
}

TEST(formats_2_a_block_is_header_certificate_and_transactions_with_lengths)
{
    struct block b;
    struct bytes tx[3] = { bytes_of("a", 1), bytes_of("bb", 2), bytes_of("ccc", 3) };
    arena = arena_over(memory, sizeof memory);
    CHECK_OK(framed(3, tx, 3, &b));
    CHECK_EQ(b.tx_count, 3);
    CHECK_BYTES(b.tx[2], tx[2]);
    CHECK_BYTES(b.certificate_bytes, bytes_of("certificate", 11));
    CHECK_EQ(b.wire.len, 5 * 4 + b.header_bytes.len + 11 + 6);
    CHECK_BYTES(bytes_of(b.wire.ptr + b.wire.len - 7, 7), bytes_of("\0\0\0\3ccc", 7));
}

TEST(formats_2_a_frame_with_another_count_an_empty_part_or_a_tail_is_refused)
{
    struct block b;
    struct bytes tx[2] = { bytes_of("a", 1), bytes_of("", 0) };
    arena = arena_over(memory, sizeof memory);
    CHECK_ERR(framed(1, tx, 0, &b), ERR_ENCODING);
    CHECK_ERR(framed(0, tx, 1, &b), ERR_ENCODING);
    CHECK_ERR(framed(2, tx, 2, &b), ERR_ENCODING);
    CHECK_OK(framed(1, tx, 1, &b));
    for (size_t n = 0; n < b.wire.len; n++) {
        struct block cut;
        CHECK_ERR(block_decode(suite_intl(), bytes_of(b.wire.ptr, n), &arena, &cut), ERR_ENCODING);
    }
}

TEST(formats_2_a_block_is_at_most_2_mib_and_8192_transactions)
{
    struct block b;
    static struct bytes tx[BLOCK_TXS_MAX + 1];
    static uint8_t wide[TX_SIZE_MAX + 1];
    for (uint32_t i = 0; i <= BLOCK_TXS_MAX; i++) {
        tx[i] = bytes_of("x", 1);
    }
    arena = arena_over(memory, sizeof memory);
    CHECK_OK(framed(BLOCK_TXS_MAX, tx, BLOCK_TXS_MAX, &b));
    CHECK_ERR(framed(BLOCK_TXS_MAX + 1, tx, BLOCK_TXS_MAX + 1, &b), ERR_SIZE);
    CHECK_ERR(framed(BLOCK_TXS_MAX + 1, tx, 1, &b), ERR_SIZE);
    for (uint32_t i = 0; i < 32; i++) {
        tx[i] = bytes_of(wide, TX_SIZE_MAX);
    }
    arena_reset(&arena);
    CHECK_ERR(framed(32, tx, 32, &b), ERR_SIZE);
    tx[31].len = TX_SIZE_MAX - 34 * 4 - 11 - 512;
    CHECK_OK(framed(32, tx, 32, &b));
    tx[0] = bytes_of(wide, TX_SIZE_MAX + 1);
    CHECK_ERR(framed(1, tx, 1, &b), ERR_SIZE);
    uint8_t *large = calloc(1, BLOCK_SIZE_MAX + 1);
    CHECK_ERR(block_decode(suite_intl(), bytes_of(large, BLOCK_SIZE_MAX + 1), &arena, &b),
              ERR_SIZE);
    free(large);
}

TEST(formats_11_a_vote_decodes_to_what_was_encoded)
{
    struct vote v = {
        .epoch = UINT64_MAX, .kind = VOTE_PREPARE, .view = UINT64_MAX, .height = UINT64_MAX
    };
    struct vote got;
    struct bytes wire;
    arena = arena_over(memory, sizeof memory);
    memset(v.space.b, 1, HASH_SIZE);
    memset(v.block.b, 2, HASH_SIZE);
    CHECK_OK(vote_encode(&v, &arena, &wire));
    CHECK_OK(vote_decode(wire, &arena, &got));
    CHECK(memcmp(&v.block, &got.block, sizeof v.block) == 0 && got.view == v.view);
    v.kind = 3;
    CHECK_OK(vote_encode(&v, &arena, &wire));
    CHECK_ERR(vote_decode(wire, &arena, &got), ERR_ENCODING);
    v.kind = 0;
    CHECK_OK(vote_encode(&v, &arena, &wire));
    CHECK_ERR(vote_decode(wire, &arena, &got), ERR_ENCODING);
}

static enum err verified(struct fixture *f, struct bytes wire)
{
    struct certificate c;
    TRY(certificate_decode(wire, &f->arena, &c));
    return certificate_verify(f->suite, &f->genesis.space, &c, 4, &f->keys, &f->arena);
}

TEST(formats_11_a_certificate_is_a_quorum_of_good_signatures)
{
    struct fixture *f = fixture_open(NULL);
    struct hash block = { { 3 } };
    CHECK_OK(verified(f, fixture_certificate(f, 5, 0, 2, &block, 0xF)));
    CHECK_OK(verified(f, fixture_certificate(f, 5, 0, 2, &block, 0xD)));
    CHECK_ERR(verified(f, fixture_certificate(f, 5, 0, 2, &block, 0x3)), ERR_PROOF);
    CHECK_ERR(verified(f, fixture_certificate(f, 5, 0, 2, &block, 0x8)), ERR_PROOF);
    fixture_close(f);
}

TEST(formats_11_every_flip_of_a_certificate_is_refused)
{
    struct fixture *f = fixture_open(NULL);
    struct hash block = { { 3 } };
    struct bytes wire = fixture_certificate(f, 5, 0, 2, &block, 0x7);
    uint8_t *copy = malloc(wire.len);
    memcpy(copy, wire.ptr, wire.len);
    for (size_t i = 0; i < wire.len; i++) {
        size_t mark = arena_mark(&f->arena);
        copy[i] ^= (uint8_t)(1U << i % 8);
        enum err e = verified(f, bytes_of(copy, wire.len));
        CHECK(e != ERR_NONE);
        copy[i] ^= (uint8_t)(1U << i % 8);
        arena_release(&f->arena, mark);
    }
    free(copy);
    fixture_close(f);
}

TEST(formats_11_a_certificate_of_an_epoch_without_keys_is_not_found)
{
    struct fixture *f = fixture_open(NULL);
    struct hash block = { { 3 } };
    struct certificate c;
    CHECK_OK(certificate_decode(fixture_certificate(f, 5, 0, 2, &block, 0xF), &f->arena, &c));
    c.epoch = FIXTURE_EPOCHS;
    CHECK_ERR(certificate_verify(f->suite, &f->genesis.space, &c, 4, &f->keys, &f->arena),
              ERR_NOT_FOUND);
    c.epoch = 1;
    CHECK_ERR(certificate_verify(f->suite, &f->genesis.space, &c, 4, &f->keys, &f->arena),
              ERR_PROOF);
    c.epoch = 0;
    CHECK_ERR(certificate_verify(f->suite, &f->genesis.space, &c, 3, &f->keys, &f->arena),
              ERR_PROOF);
    struct hash other = f->genesis.space;
    other.b[0] ^= 1;
    CHECK_ERR(certificate_verify(f->suite, &other, &c, 4, &f->keys, &f->arena), ERR_PROOF);
    fixture_close(f);
}

TEST(formats_11_bits_and_signatures_agree_in_number)
{
    struct fixture *f = fixture_open(NULL);
    struct hash block = { { 3 } };
    struct certificate c;
    struct bytes wire;
    CHECK_OK(certificate_decode(fixture_certificate(f, 5, 0, 2, &block, 0xF), &f->arena, &c));
    c.seats = 0x7;
    CHECK_OK(certificate_encode(&c, &f->arena, &wire));
    CHECK_ERR(certificate_decode(wire, &f->arena, &c), ERR_ENCODING);
    c.seats = 0x80000007;
    CHECK_OK(certificate_encode(&c, &f->arena, &wire));
    CHECK_ERR(certificate_decode(wire, &f->arena, &c), ERR_ENCODING);
    c.seats = 0;
    c.count = 0;
    CHECK_OK(certificate_encode(&c, &f->arena, &wire));
    CHECK_ERR(certificate_decode(wire, &f->arena, &c), ERR_ENCODING);
    fixture_close(f);
}

/* A CometBFT commit is a certificate of its own type, not a malformed one of ours; a node that does
 * not know the engine says so (DESIGN 4). */
TEST(formats_24_a_certificate_of_cometbft_is_a_type_of_its_own_and_not_implemented)
{
    static const uint8_t COMET[] = { 0x12, 5, 0x0a, 3, 1, 2, 3 };
    static const uint8_t UNKNOWN[] = { 0x1a, 5, 0x0a, 3, 1, 2, 3 };
    struct certificate c = { .height = 77 };
    arena = arena_over(memory, sizeof memory);
    CHECK_ERR(certificate_decode(bytes_of(COMET, sizeof COMET), &arena, &c), ERR_UNSUPPORTED);
    CHECK_ERR(certificate_decode(bytes_of(UNKNOWN, sizeof UNKNOWN), &arena, &c), ERR_ENCODING);
    CHECK_ERR(certificate_decode(bytes_of(COMET, sizeof COMET - 1), &arena, &c), ERR_ENCODING);
    CHECK_ERR(certificate_decode(bytes_of(NULL, 0), &arena, &c), ERR_ENCODING);
    CHECK_EQ(c.height, 77);
}

TEST(the_largest_certificate_fits_its_limit)
{
    struct certificate c = { .epoch = UINT64_MAX,
                             .kind = VOTE_COMMIT,
                             .view = UINT64_MAX,
                             .height = UINT64_MAX,
                             .seats = 0x7FFFFFFF,
                             .count = GENESIS_SEATS_MAX };
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX] = { 1 };
    struct certificate got;
    struct bytes wire;
    arena = arena_over(memory, sizeof memory);
    for (uint32_t i = 0; i < c.count; i++) {
        c.signature[i] = bytes_of(signature, sizeof signature);
    }
    CHECK_OK(certificate_encode(&c, &arena, &wire));
    CHECK_OK(certificate_decode(wire, &arena, &got));
    CHECK_EQ(got.count, 31);
}
