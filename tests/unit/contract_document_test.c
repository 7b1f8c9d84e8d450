/* A participant's record read in place beside the whole decoder: any bytes, one answer. */
#include "tests/fixtures/contract_fixture.h"
#include "tests/fixtures/did_fixture.h"

#include <string.h>

enum { RECORD_SIZE = 8192, PUBLIC_SIZE = 65 };
static uint8_t MEMORY[1 << 20];
static uint8_t PUBLIC[DID_KEYS_MAX][PUBLIC_SIZE];

/* xorshift64: the same documents in every run. */
static uint64_t draw(uint64_t *state, uint64_t below)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state % below;
}

/* Small, often zero, now and then as large as it gets. */
static uint32_t number(uint64_t *state)
{
    switch (draw(state, 4)) {
    case 0:
        return 0;
    case 1:
        return UINT32_MAX - (uint32_t)draw(state, 3);
    default:
        return (uint32_t)draw(state, 300);
    }
}

static struct did_key key_of(uint64_t *state, uint32_t i)
{
    struct did_key k = { .id = draw(state, 4) == 0 ? number(state) : i + 1,
                         .suite = (uint32_t)draw(state, 3),
                         .use = (uint32_t)draw(state, 4) };
    for (size_t j = 0; j < PUBLIC_SIZE; j++) {
        PUBLIC[i][j] = (uint8_t)draw(state, 256);
    }
    size_t len = draw(state, 4) == 0 ? (size_t)draw(state, PUBLIC_SIZE + 1) : 32;
    k.public_key = bytes_of(PUBLIC[i], len);
    return k;
}

/* Anything that encodes, whether or not a contract would take it. */
static struct did_record record_of(uint64_t *state)
{
    struct did_record r = { .height = draw(state, 3) == 0 ? UINT64_MAX : draw(state, 1000) };
    struct did_document *d = &r.document;
    d->id = lab_id((uint8_t)draw(state, 3));
    d->also_known_as = lab_id((uint8_t)draw(state, 2));
    d->jurisdiction = number(state);
    d->role_count = (uint32_t)draw(state, DID_ROLES_MAX + 1);
    for (uint32_t i = 0; i < d->role_count; i++) {
        d->role[i] = draw(state, 3) == 0 ? number(state) : (uint32_t)draw(state, 7);
    }
    bool many = draw(state, 8) == 0;
    d->key_count = (uint32_t)draw(state, many ? DID_KEYS_MAX + 1 : 5);
    for (uint32_t i = 0; i < d->key_count; i++) {
        d->key[i] = key_of(state, i);
    }
    return r;
}

static size_t encoded(const struct did_record *r, uint8_t out[RECORD_SIZE])
{
    struct arena a = arena_over(MEMORY, sizeof MEMORY);
    struct bytes wire = { NULL, 0 };
    enum err e = did_record_encode(r, &a, &wire);
    ASSERT(e == ERR_NONE && wire.len <= RECORD_SIZE);
    memcpy(out, wire.ptr, wire.len);
    return wire.len;
}

static bool agree(const uint8_t *wire, size_t len, bool *taken)
{
    struct arena a = arena_over(MEMORY, sizeof MEMORY);
    return did_readers_agree(bytes_of(wire, len), &a, taken);
}

TEST(a_document_read_in_place_says_what_the_whole_decoder_says)
{
    uint8_t wire[RECORD_SIZE];
    uint64_t state = 0x9e3779b97f4a7c15;
    for (int i = 0; i < 2000; i++) {
        bool taken = false;
        struct did_record r = record_of(&state);
        size_t len = encoded(&r, wire);
        CHECK(agree(wire, len, &taken));
        CHECK(taken);
    }
}

/* A byte changed, put in, left out; the end cut off; a piece said twice. */
static size_t bend(uint64_t *state, uint8_t *wire, size_t len)
{
    static const uint8_t TELLING[] = { 0x00, 0x01, 0x7f, 0x80, 0xff, 0x0a, 0x12, 0x18, 0x22, 0x2a };
    uint8_t byte =
        draw(state, 2) == 0 ? TELLING[draw(state, sizeof TELLING)] : (uint8_t)draw(state, 256);
    size_t at = (size_t)draw(state, len), head = (size_t)draw(state, 12);
    at = draw(state, 2) == 0 && head < len ? head : at;
    switch (draw(state, 5)) {
    case 0:
        return at;
    case 1:
        memmove(wire + at + 1, wire + at, len - at);
        wire[at] = byte;
        return len + 1;
    case 2:
        memmove(wire + at, wire + at + 1, len - at - 1);
        return len - 1;
    case 3: {
        size_t piece = (size_t)draw(state, len - at) + 1;
        memmove(wire + at + piece, wire + at, len - at);
        return len + piece;
    }
    default:
        wire[at] = byte;
        return len;
    }
}

TEST(a_document_bent_anywhere_is_taken_by_both_readers_or_by_none)
{
    static uint8_t wire[RECORD_SIZE], bent[2 * RECORD_SIZE];
    uint64_t state = 0x2545f4914f6cdd1d;
    int taken_count = 0, count = 0;
    for (int i = 0; i < 400; i++) {
        struct did_record r = record_of(&state);
        size_t len = encoded(&r, wire);
        for (int j = 0; len > 0 && j < 100; j++) {
            bool taken = false;
            memcpy(bent, wire, len);
            size_t bent_len = bend(&state, bent, len);
            CHECK(agree(bent, bent_len, &taken));
            taken_count += taken ? 1 : 0;
            count++;
        }
    }
    /* Bytes of keys and ids may be any: some stay documents, most do not. */
    CHECK(taken_count > count / 50 && taken_count < count);
}

#define WIRE(text)                                \
    {                                             \
        (const uint8_t *)(text), sizeof(text) - 1 \
    }
#define ID32   "0123456789abcdef0123456789abcdef"
#define ZERO32 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
_Static_assert(sizeof(ID32) == 33 && sizeof(ZERO32) == 33, "hashes");

TEST(formats_2_what_is_not_canonical_in_a_record_is_refused_in_place)
{
    static const struct {
        const char *why;
        bool taken;
        struct bytes wire;
    } ROWS[] = {
        { "no bytes at all", false, WIRE("") },
        { "an empty document", true, WIRE("\x0a\x00") },
        { "a height", true, WIRE("\x0a\x00\x10\x01") },
        { "the largest height", true,
          WIRE("\x0a\x00\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") },
        { "a height past 64 bits", false,
          WIRE("\x0a\x00\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02") },
        { "a height of eleven bytes", false,
          WIRE("\x0a\x00\x10\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01") },
        { "a height of 0 written out", false, WIRE("\x0a\x00\x10\x00") },
        { "a height cut short", false, WIRE("\x0a\x00\x10\x80") },
        { "a height without a document", false, WIRE("\x10\x01") },
        { "the document after the height", false, WIRE("\x10\x01\x0a\x00") },
        { "two documents", false, WIRE("\x0a\x00\x0a\x00") },
        { "an unknown field", false, WIRE("\x0a\x00\x18\x01") },
        { "a document longer than the record", false, WIRE("\x0a\x01") },
        { "a padded length", false, WIRE("\x0a\x80\x00") },
        { "an id", true, WIRE("\x0a\x22\x0a\x20" ID32) },
        { "an id of zeros", false, WIRE("\x0a\x22\x0a\x20" ZERO32) },
        { "an id of 31 bytes", false,
          WIRE("\x0a\x21\x0a\x1f"
               "123456789abcdef0123456789abcdef") },
        { "an empty id written out", false, WIRE("\x0a\x02\x0a\x00") },
        { "also known as", true, WIRE("\x0a\x22\x2a\x20" ID32) },
        { "also known as zeros", false, WIRE("\x0a\x22\x2a\x20" ZERO32) },
        { "an empty key", true, WIRE("\x0a\x02\x12\x00") },
        { "two keys", true, WIRE("\x0a\x06\x12\x02\x08\x01\x12\x00") },
        { "a key of id 0 written out", false, WIRE("\x0a\x04\x12\x02\x08\x00") },
        { "a key's id of 33 bits", false, WIRE("\x0a\x08\x12\x06\x08\x80\x80\x80\x80\x10") },
        { "the largest id of a key", true, WIRE("\x0a\x08\x12\x06\x08\xff\xff\xff\xff\x0f") },
        { "fields of a key out of order", false, WIRE("\x0a\x06\x12\x04\x10\x01\x08\x01") },
        { "an unknown field in a key", false, WIRE("\x0a\x04\x12\x02\x28\x01") },
        { "empty bytes of a key written out", false, WIRE("\x0a\x04\x12\x02\x22\x00") },
        { "bytes of a key past its end", false, WIRE("\x0a\x04\x12\x02\x22\x01") },
        { "a key past the document's end", false, WIRE("\x0a\x02\x12\x02\x08\x01") },
        { "a key after the jurisdiction", false, WIRE("\x0a\x04\x18\x01\x12\x00") },
        { "a jurisdiction of another wire type", false, WIRE("\x0a\x02\x1a\x00") },
        { "roles", true, WIRE("\x0a\x04\x22\x02\x01\x02") },
        { "a role 0 among roles", true, WIRE("\x0a\x03\x22\x01\x00") },
        { "no roles written out", false, WIRE("\x0a\x02\x22\x00") },
        { "roles in two parts", false, WIRE("\x0a\x06\x22\x01\x01\x22\x01\x02") },
        { "a role not packed", false, WIRE("\x0a\x02\x20\x01") },
        { "a padded role", false, WIRE("\x0a\x04\x22\x02\x81\x00") },
        { "a role of 33 bits", false, WIRE("\x0a\x07\x22\x05\x80\x80\x80\x80\x10") },
        { "a role cut short", false, WIRE("\x0a\x03\x22\x01\x80") },
        { "eight roles", true, WIRE("\x0a\x0a\x22\x08\x01\x02\x03\x04\x05\x06\x07\x08") },
        { "nine roles", false, WIRE("\x0a\x0b\x22\x09\x01\x02\x03\x04\x05\x06\x07\x08\x09") },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        bool taken = false;
        if (!agree(ROWS[i].wire.ptr, ROWS[i].wire.len, &taken) || taken != ROWS[i].taken) {
            test_fail(__FILE__, __LINE__, ROWS[i].why);
        }
    }
}

/* Empty keys, which take two bytes each. */
static size_t keys_alone(uint8_t *wire, size_t count)
{
    size_t len = 2 * count, at = 0;
    wire[at++] = 0x0a;
    if (len >= 0x80) {
        wire[at++] = (uint8_t)(len | 0x80);
        len >>= 7;
    }
    wire[at++] = (uint8_t)len;
    for (size_t i = 0; i < count; i++) {
        wire[at++] = 0x12;
        wire[at++] = 0x00;
    }
    return at;
}

TEST(a_record_of_128_keys_is_read_in_place_and_one_of_129_is_not)
{
    uint8_t wire[RECORD_SIZE];
    bool taken = false;
    CHECK(agree(wire, keys_alone(wire, DID_KEYS_MAX), &taken));
    CHECK(taken);
    CHECK(agree(wire, keys_alone(wire, DID_KEYS_MAX + 1), &taken));
    CHECK(!taken);
}

TEST(a_record_longer_than_a_value_of_state_is_refused_in_place)
{
    static uint8_t wire[STATE_VALUE_SIZE_MAX + 1], bytes[STATE_VALUE_SIZE_MAX];
    for (size_t over = 0; over < 2; over++) {
        struct arena a = arena_over(MEMORY, sizeof MEMORY);
        struct did_record r = { .document = { .key_count = 1 } };
        struct bytes whole;
        /* Tags and lengths of the record, the document, the key and its bytes: four each. */
        r.document.key[0].public_key = bytes_of(bytes, STATE_VALUE_SIZE_MAX - 12);
        CHECK_OK(did_record_encode(&r, &a, &whole));
        CHECK_EQ(whole.len, STATE_VALUE_SIZE_MAX);
        memcpy(wire, whole.ptr, whole.len);
        for (size_t at = 1; over > 0 && at <= 9; at += 4) {
            wire[at]++; /* one more in each length; none of them carries */
        }
        bool taken;
        CHECK(agree(wire, whole.len + over, &taken));
        CHECK(taken == (over == 0));
    }
}

TEST(a_damaged_document_in_state_is_damage_and_not_an_answer)
{
    struct lab *l = lab_open();
    struct contract_key at = contract_key_did(&l->did[HOLDER]);
    struct bytes stored = lab_get(l, at), key;
    uint8_t bent[RECORD_SIZE];
    CHECK(stored.len + 1 < sizeof bent);
    memcpy(bent, stored.ptr, stored.len);
    bent[stored.len] = 0x00;
    CHECK_OK(ctx_put(l->ctx, at.contract, contract_key_bytes(&at), bytes_of(bent, stored.len + 1)));
    CHECK_ERR(l->table.signer_key(l->ctx, &l->did[HOLDER], 1, &key), ERR_CORRUPT);
    lab_close(l);
}

TEST(a_look_into_a_document_takes_no_work_memory)
{
    struct lab *l = lab_open();
    struct bytes key;
    size_t before = arena_mark(l->ctx->arena);
    CHECK_OK(l->table.signer_key(l->ctx, &l->did[OWNER], 1, &key));
    CHECK_EQ(arena_mark(l->ctx->arena), before);
    lab_close(l);
}
