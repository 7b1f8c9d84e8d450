#include "ledger/execute_internal.h"
#include "ledger/proof_internal.h"
#include "tests/fixtures/ledger_fixture.h"
#include "tests/test.h"

#include <stdlib.h>

/* How large proofs are: the table of docs/ledger.md, kept by these numbers. Parts are made of the
 * sizes that a space with the shipped parameters has; nothing is verified here. */

enum { MEMORY = 1 << 20, KEY_LOG2 = 12, TX_SIZE = 250, EVENT_SIZE = 64 };

static struct arena fresh(void)
{
    static uint8_t memory[MEMORY];
    return arena_over(memory, sizeof memory);
}

static void must(enum err e)
{
    ASSERT(e == ERR_NONE);
}

static struct hash any(void)
{
    struct hash h;
    memset(h.b, 0x5a, sizeof h.b);
    return h;
}

static struct merkle_path path_of(uint32_t count)
{
    struct merkle_path p = { .count = count };
    for (uint32_t i = 0; i < count; i++) {
        p.sibling[i] = any();
    }
    return p;
}

static uint32_t log2_up(uint64_t n)
{
    uint32_t log2 = 0;
    while (UINT64_C(1) << log2 < n) {
        log2++;
    }
    return log2;
}

static struct bytes header_of(uint64_t height, uint32_t txs, struct arena *a)
{
    struct header h = { .version_set = VERSION_SET,
                        .tx_count = txs,
                        .height = height,
                        .time_ms = FIXTURE_START_MS,
                        .cost = 2 * txs };
    struct bytes wire = { NULL, 0 };
    h.previous = h.tx_root = h.receipt_root = h.state_root = h.history_root = any();
    h.committee_hash = h.next_committee_hash = h.proposer = any();
    h.last_commit.height = height - 1;
    h.last_commit.seats = 0x7;
    h.last_commit.certificate_hash = any();
    must(header_encode(&h, a, &wire));
    return wire;
}

static struct bytes certified(struct bytes header, uint64_t height, uint32_t seats, struct arena *a)
{
    static const uint8_t SIGNATURE[64], KEY[32];
    struct certificate c = { .epoch = 100, .kind = VOTE_COMMIT, .height = height, .block = any() };
    struct bytes key[GENESIS_SEATS_MAX], wire = { NULL, 0 }, out = { NULL, 0 };
    for (uint32_t i = 0; i < committee_quorum(seats); i++) {
        struct epoch_key_proof k = { .seat = i, .epoch = 100, .path = path_of(KEY_LOG2) };
        k.public_key = bytes_of(KEY, sizeof KEY);
        must(epoch_key_encode(&k, a, &key[i]));
        c.seats |= 1U << i;
        c.signature[c.count++] = bytes_of(SIGNATURE, sizeof SIGNATURE);
    }
    must(certificate_encode(&c, a, &wire));
    must(proof_encode_certified(header, wire, key, c.count, a, &out));
    return out;
}

static struct bytes receipt_of(struct arena *a)
{
    static const uint8_t BODY[EVENT_SIZE];
    struct event e = { .contract = 3, .type = 1, .version = 1, .subject_count = 2 };
    struct receipt r = {
        .transaction = any(), .index = 100, .cost = 2, .event_count = 1, .event = &e
    };
    struct bytes wire = { NULL, 0 };
    e.subject[0] = e.subject[1] = any();
    e.body = bytes_of(BODY, sizeof BODY);
    must(receipt_encode(&r, 4096, a, &wire));
    return wire;
}

/* `headers` 0: under the block's own certificate; else under one of so many headers. */
static size_t proof_size(uint32_t seats, uint32_t txs, uint64_t headers)
{
    static const uint8_t TX[TX_SIZE];
    struct arena a = fresh();
    struct bytes wire = { NULL, 0 }, header = header_of(900000, txs, &a);
    struct proof_parts p = { .tx = bytes_of(TX, sizeof TX), .receipt = receipt_of(&a) };
    p.tx_path = p.receipt_path = path_of(log2_up(txs));
    p.index = txs - 1;
    p.count = txs;
    p.certified_header = certified(header, 900000, seats, &a);
    if (headers > 0) {
        p.certified_header = certified(header_of(headers, txs, &a), headers, seats, &a);
        p.header = header;
        p.header_path = path_of(log2_up(headers));
        p.header_index = 900000;
        p.header_count = headers;
    }
    must(proof_encode_tx(&p, &a, &wire));
    return wire.len;
}

TEST(a_transaction_proof_is_as_large_as_the_table_says)
{
    static const struct {
        uint32_t txs;
        uint64_t headers;
        size_t seats4, seats7, seats31;
    } ROW[] = {
        { 1, 0, 2389, 3419, 11659 },
        { 1000, 0, 3081, 4111, 12351 },
        { 8192, 0, 3286, 4316, 12556 },
        { 1000, 1000000, 4112, 5142, 13382 },
        { 8192, 100000000, 4560, 5590, 13830 },
    };
    for (size_t i = 0; i < COUNT(ROW); i++) {
        size_t got[] = { proof_size(4, ROW[i].txs, ROW[i].headers),
                         proof_size(7, ROW[i].txs, ROW[i].headers),
                         proof_size(31, ROW[i].txs, ROW[i].headers) };
        if (got[0] != ROW[i].seats4 || got[1] != ROW[i].seats7 || got[2] != ROW[i].seats31) {
            printf("# %u of %llu: %zu, %zu, %zu\n", ROW[i].txs, (unsigned long long)ROW[i].headers,
                   got[0], got[1], got[2]);
        }
        CHECK_EQ(got[0], ROW[i].seats4);
        CHECK_EQ(got[1], ROW[i].seats7);
        CHECK_EQ(got[2], ROW[i].seats31);
    }
}

TEST(a_certified_header_is_as_large_as_the_table_says)
{
    static const struct {
        uint32_t seats;
        size_t size;
    } ROW[] = { { 4, 1940 }, { 7, 2970 }, { 31, 11210 } };
    for (size_t i = 0; i < COUNT(ROW); i++) {
        struct arena a = fresh();
        size_t got = certified(header_of(900000, 1000, &a), 900000, ROW[i].seats, &a).len;
        CHECK_EQ(got, ROW[i].size);
    }
}

/* Beside value and key, a state proof is its siblings: log2 of the number of keys, and one or two.
 */
TEST(a_state_proof_grows_by_one_sibling_for_each_doubling_of_the_keys)
{
    enum { KEYS = 1024, SIBLING = 34, REST = 64 };
    struct ledger_limits limits = ledger_limits_small();
    struct fixture *f = fixture_open(NULL);
    struct hash id;
    struct bytes wire;
    size_t total = 0, most = 0;
    CHECK(f != NULL);
    CHECK_OK(fixture_ledger(f, &limits));
    for (uint32_t i = 0; i < KEYS; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "%u", i);
        CHECK_OK(ledger_submit(f->ledger,
                               fixture_put(f, i % 4, FIXTURE_PUT, key, "v", FIXTURE_START_MS),
                               FIXTURE_START_MS, &id));
        if (i % 128 == 127) {
            CHECK_OK(fixture_build(f, FIXTURE_START_MS + i, &wire));
            id = ledger_newest(f->ledger).hash;
            CHECK_OK(fixture_commit(f, &id));
        }
    }
    for (uint32_t i = 0; i < KEYS; i++) {
        size_t mark = arena_mark(&f->arena);
        char key[16];
        (void)snprintf(key, sizeof key, "%u", i);
        CHECK_OK(proof_encode_state(f->ledger, 1, bytes_of_str(key), &f->arena, &wire));
        total += wire.len;
        most = wire.len > most ? wire.len : most;
        arena_release(&f->arena, mark);
    }
    CHECK(total / KEYS > 10 * SIBLING && total / KEYS < 13 * SIBLING + REST);
    CHECK(most < 25 * SIBLING + REST);
    printf("# 1,024 keys: %zu bytes on average, at most %zu\n", total / KEYS, most);
    fixture_close(f);
}

/* What these limits are asked with: room for messages of that size, several times. */
enum { LARGE_MEMORY = 64 << 20 };

static void put_varint(struct buf *b, size_t x)
{
    for (; x >= 0x80; x >>= 7) {
        buf_put_u8(b, (uint8_t)(x | 0x80));
    }
    buf_put_u8(b, (uint8_t)x);
}

/* A closing header with so many keys, of which the first alone has a path and a length of its own:
 * so it can be as long as wanted. */
static struct bytes closing_of(uint32_t keys, uint32_t path, uint32_t key_len, struct arena *a)
{
    static const uint8_t SIGNATURE[64], KEY[SUITE_KEY_SIZE_MAX];
    struct certificate c = { .epoch = 100, .kind = VOTE_COMMIT, .height = 9, .seats = 1 };
    struct bytes key[GENESIS_SEATS_MAX], wire = { NULL, 0 }, out = { NULL, 0 };
    for (uint32_t i = 0; i < keys; i++) {
        struct epoch_key_proof k = { .seat = i, .epoch = 100, .path = path_of(MERKLE_PATH_MAX) };
        k.path.count = i == 0 ? path : MERKLE_PATH_MAX;
        k.public_key = bytes_of(KEY, i == 0 ? key_len : sizeof KEY);
        must(epoch_key_encode(&k, a, &key[i]));
    }
    c.block = any();
    c.signature[c.count++] = bytes_of(SIGNATURE, sizeof SIGNATURE);
    must(certificate_encode(&c, a, &wire));
    must(proof_encode_certified(header_of(9, 1, a), wire, key, keys, a, &out));
    return out;
}

/* HandOver { closing, seats: [{ participant, root, weight }] } as anybody may write it. */
static struct bytes hand_over_of(struct bytes closing, struct arena *a)
{
    struct buf b =
        buf_over(arena_alloc(a, 2 * PROOF_HAND_OVER_SIZE_MAX), 2 * PROOF_HAND_OVER_SIZE_MAX);
    struct hash h = any();
    buf_put_u8(&b, 1 << 3 | 2);
    put_varint(&b, closing.len);
    buf_put(&b, closing);
    buf_put_u8(&b, 2 << 3 | 2);
    buf_put_u8(&b, 2 * (HASH_SIZE + 2) + 2);
    for (uint8_t field = 1; field <= 2; field++) {
        buf_put_u8(&b, (uint8_t)(field << 3 | 2));
        buf_put_u8(&b, HASH_SIZE);
        buf_put_hash(&b, &h);
    }
    buf_put_u8(&b, 3 << 3);
    buf_put_u8(&b, 1);
    return buf_bytes(&b);
}

TEST(formats_13_a_hand_over_is_at_most_so_large)
{
    static struct hand_over h;
    uint8_t *memory = malloc(LARGE_MEMORY);
    uint32_t keys = 1, path = 0, key_len = 1;
    CHECK(memory != NULL);
    /* Keys by two kilobytes, then the path of the first by 34 bytes, then its key by one. */
    for (int step = 0; step < 3; step++) {
        uint32_t *more = step == 0 ? &keys : step == 1 ? &path : &key_len;
        for (size_t len = 0; len <= PROOF_HAND_OVER_SIZE_MAX; ++*more) {
            struct arena a = arena_over(memory, LARGE_MEMORY);
            len = hand_over_of(closing_of(keys, path, key_len, &a), &a).len;
        }
        *more -= 2; /* the last that fitted */
    }
    CHECK(keys <= GENESIS_SEATS_MAX && path <= MERKLE_PATH_MAX && key_len <= SUITE_KEY_SIZE_MAX);
    for (uint32_t over = 0; over <= 1; over++) {
        struct arena a = arena_over(memory, LARGE_MEMORY);
        struct committee next = { .count = 1, .seat = { { any(), any(), 1 } } };
        struct bytes closing = closing_of(keys, path, key_len + over, &a), made = { NULL, 0 };
        struct bytes wire = hand_over_of(closing, &a);
        CHECK_EQ(wire.len, PROOF_HAND_OVER_SIZE_MAX + over);
        h = (struct hand_over){ .count = 99 };
        CHECK_ERR(hand_over_decode(wire, &a, &h), over == 0 ? ERR_NONE : ERR_SIZE);
        CHECK_EQ(h.count, over == 0 ? 1 : 99);
        CHECK_ERR(proof_encode_hand_over(closing, &next, &a, &made),
                  over == 0 ? ERR_NONE : ERR_SIZE);
        if (over == 0) {
            CHECK_BYTES(made, wire);
        }
    }
    free(memory);
}

/* Two transactions of a block of two, together as long as it takes. */
static enum err block_proof_of(size_t more, struct arena *a, struct bytes *out)
{
    static const uint8_t TX[PROOF_BLOCK_SIZE_MAX];
    struct hash leaf[2] = { any(), any() };
    struct bytes header = header_of(900000, 2, a);
    struct proof_parts p = { .count = 2 };
    struct proof_entry entry[] = { { 0, bytes_of(TX, sizeof TX / 2), bytes_of(TX, 100) },
                                   { 1, bytes_of(TX, more), bytes_of(TX, 100) } };
    p.certified_header = certified(header, 900000, 4, a);
    return proof_encode_block(suite_intl(), &p, entry, COUNT(entry), leaf, leaf, a, out);
}

TEST(formats_15_a_proof_of_several_transactions_is_at_most_so_large)
{
    uint8_t *memory = malloc(LARGE_MEMORY);
    CHECK(memory != NULL);
    struct arena a = arena_over(memory, LARGE_MEMORY);
    struct bytes wire = { NULL, 0 }, none = { NULL, 0 };
    struct block_proof p = { .count = 99 };
    CHECK_OK(block_proof_of(1 << 20, &a, &wire)); /* its length is told in as many bytes */
    size_t fits = (1 << 20) + PROOF_BLOCK_SIZE_MAX - wire.len;
    arena_reset(&a);
    CHECK_OK(block_proof_of(fits, &a, &wire));
    CHECK_EQ(wire.len, PROOF_BLOCK_SIZE_MAX);
    CHECK_OK(block_proof_decode(wire, &a, &p));
    CHECK_EQ(p.count, 2);
    CHECK_EQ(p.entry[1].tx.len, fits);
    arena_reset(&a);
    CHECK_ERR(block_proof_of(fits + 1, &a, &none), ERR_SIZE);
    CHECK(none.ptr == NULL);
    free(memory);
}

/* Zeros are no proof, which is said of as many as may be read. */
TEST(formats_15_one_that_is_larger_is_refused_unread)
{
    uint8_t *memory = calloc(1, PROOF_BLOCK_SIZE_MAX + 1);
    struct block_proof p = { .count = 99 };
    struct arena a = fresh();
    CHECK(memory != NULL);
    CHECK_ERR(block_proof_decode(bytes_of(memory, PROOF_BLOCK_SIZE_MAX), &a, &p), ERR_ENCODING);
    CHECK_ERR(block_proof_decode(bytes_of(memory, PROOF_BLOCK_SIZE_MAX + 1), &a, &p), ERR_SIZE);
    CHECK_EQ(p.count, 99);
    free(memory);
}
