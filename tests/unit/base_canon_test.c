#include "base/canon.h"
#include "base_canon_test.pb-c.h"
#include "tests/test.h"

enum { WIRE_SIZE_MAX = 4096, MEMORY_SIZE = 1 << 16 };

static _Alignas(16) uint8_t memory[MEMORY_SIZE];

static enum err decode(struct bytes wire, Carnet__Test__CanonOuter **out)
{
    struct arena a = arena_over(memory, sizeof memory);
    ProtobufCMessage *msg = NULL;
    enum err e =
        canon_decode(&carnet__test__canon_outer__descriptor, wire, WIRE_SIZE_MAX, &a, &msg);
    *out = (Carnet__Test__CanonOuter *)(void *)msg;
    return e;
}

#define WIRE(text) bytes_of(text, sizeof(text) - 1)
/* number 7, data "ab", one inner {count 300, label "x", inner {count 1}}, packed 1 2, left 5 */
#define GOOD           \
    "\x08\x07\x12\x02" \
    "ab\x1a\x0a\x08\xac\x02\x12\x01x\x1a\x02\x08\x01\x22\x02\x01\x02\x30\x05"

TEST(formats_2_a_canonical_message_decodes_and_encodes_to_the_same_bytes)
{
    Carnet__Test__CanonOuter *m;
    CHECK_OK(decode(WIRE(GOOD), &m));
    CHECK_EQ(m->number, 7);
    CHECK_BYTES(bytes_of_field(m->data), bytes_of_str("ab"));
    CHECK_EQ(m->n_inners, 1);
    CHECK_EQ(m->inners[0]->count, 300);
    CHECK_STR(m->inners[0]->label, "x");
    CHECK_EQ(m->inners[0]->inner->count, 1);
    CHECK_EQ(m->n_packed, 2);
    CHECK_EQ(m->choice_case, CARNET__TEST__CANON_OUTER__CHOICE_LEFT);
    uint8_t more[256];
    struct arena a = arena_over(more, sizeof more);
    struct bytes out;
    CHECK_OK(canon_encode(&m->base, WIRE_SIZE_MAX, &a, &out));
    CHECK_BYTES(out, WIRE(GOOD));
    CHECK_OK(decode(bytes_of(NULL, 0), &m));
    CHECK_EQ(m->number, 0);
}

TEST(formats_2_two_byte_strings_never_decode_to_one_message)
{
    static const struct {
        const char *why;
        struct bytes wire;
    } ROWS[] = {
        { "an unknown field", { (const uint8_t *)"\x40\x01", 2 } },
        { "an unknown field one level down", { (const uint8_t *)"\x1a\x02\x20\x01", 4 } },
        { "an unknown field two levels down", { (const uint8_t *)"\x1a\x04\x1a\x02\x20\x01", 6 } },
        { "an unknown field in a chosen message", { (const uint8_t *)"\x3a\x02\x20\x01", 4 } },
        { "fields out of order",
          { (const uint8_t *)"\x12\x01"
                             "a\x08\x01",
            5 } },
        { "fields out of order one level down",
          { (const uint8_t *)"\x1a\x05\x12\x01x\x08\x01", 7 } },
        { "a padded varint", { (const uint8_t *)"\x08\x87\x00", 3 } },
        { "a padded tag", { (const uint8_t *)"\x88\x00\x07", 3 } },
        { "a padded length",
          { (const uint8_t *)"\x12\x81\x00"
                             "a",
            4 } },
        { "a padded packed element", { (const uint8_t *)"\x22\x02\x81\x00", 4 } },
        { "a number too long for its field", { (const uint8_t *)"\x08\x80\x80\x80\x80\x10", 6 } },
        { "a scalar twice", { (const uint8_t *)"\x08\x01\x08\x01", 4 } },
        { "both members of a choice", { (const uint8_t *)"\x30\x05\x3a\x00", 4 } },
        { "a default written out", { (const uint8_t *)"\x08\x00", 2 } },
        { "an empty data written out", { (const uint8_t *)"\x12\x00", 2 } },
        { "a truth that is 2", { (const uint8_t *)"\x28\x02", 2 } },
        { "packed numbers not packed", { (const uint8_t *)"\x20\x01\x20\x02", 4 } },
        { "packed numbers in two parts", { (const uint8_t *)"\x22\x01\x01\x22\x01\x02", 6 } },
        { "a byte after the message", { (const uint8_t *)"\x08\x07\x00", 3 } },
        { "a field cut short",
          { (const uint8_t *)"\x12\x05"
                             "ab",
            4 } },
        { "a tag cut short", { (const uint8_t *)"\x88", 1 } },
        { "a length beyond its message", { (const uint8_t *)"\x1a\x02\x12\x01x", 5 } },
        { "field number 0", { (const uint8_t *)"\x00\x01", 2 } },
        { "a group", { (const uint8_t *)"\x0b\x0c", 2 } },
        { "the wire type of another type", { (const uint8_t *)"\x0d\x01\x00\x00\x00", 5 } },
        { "a message said to be a number", { (const uint8_t *)"\x18\x01", 2 } },
        { "text that is not UTF-8", { (const uint8_t *)"\x1a\x03\x12\x01\xff", 5 } },
        { "text that holds a zero",
          { (const uint8_t *)"\x1a\x05\x12\x03"
                             "a\0b",
            7 } },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        Carnet__Test__CanonOuter *m = NULL;
        enum err e = decode(ROWS[i].wire, &m);
        if (e != ERR_ENCODING || m != NULL) {
            test_fail(__FILE__, __LINE__, ROWS[i].why);
        }
    }
}

TEST(formats_2_a_message_longer_than_its_limit_is_refused)
{
    struct arena a = arena_over(memory, sizeof memory);
    ProtobufCMessage *msg = NULL;
    struct bytes wire = WIRE(GOOD), out = { NULL, 0 };
    const ProtobufCMessageDescriptor *desc = &carnet__test__canon_outer__descriptor;
    CHECK_ERR(canon_decode(desc, wire, wire.len - 1, &a, &msg), ERR_SIZE);
    CHECK(msg == NULL && a.used == 0);
    CHECK_OK(canon_decode(desc, wire, wire.len, &a, &msg));
    CHECK_ERR(canon_encode(msg, wire.len - 1, &a, &out), ERR_SIZE);
    CHECK(out.ptr == NULL);
    CHECK_OK(canon_encode(msg, wire.len, &a, &out));
}

/* `depth` messages inside one another below the outer one. */
static struct bytes nest(uint8_t *wire, size_t size, unsigned depth)
{
    size_t at = size;
    for (unsigned i = 0; i < depth; i++) {
        size_t len = size - at;
        wire[--at] = (uint8_t)len;
        wire[--at] = 0x1a;
    }
    return bytes_of(wire + at, size - at);
}

TEST(nesting_is_bounded_before_protobuf_c_recurses)
{
    uint8_t wire[100];
    Carnet__Test__CanonOuter *m;
    CHECK_OK(decode(nest(wire, sizeof wire, CANON_DEPTH_MAX - 1), &m));
    CHECK_ERR(decode(nest(wire, sizeof wire, CANON_DEPTH_MAX), &m), ERR_ENCODING);
}

TEST(an_arena_too_small_at_any_size_is_no_space_and_is_given_back)
{
    bool fits = false;
    for (size_t size = 0; size < 2048 && !fits; size++) {
        struct arena a = arena_over(memory, size);
        ProtobufCMessage *msg = NULL;
        enum err e = canon_decode(&carnet__test__canon_outer__descriptor, WIRE(GOOD), WIRE_SIZE_MAX,
                                  &a, &msg);
        fits = e == ERR_NONE;
        if (!fits) {
            CHECK_ERR(e, ERR_NO_SPACE);
            CHECK(msg == NULL && a.used == 0);
        }
    }
    CHECK(fits);
}

TEST(what_is_encoded_can_be_decoded_or_is_not_encoded)
{
    Carnet__Test__CanonOuter outer;
    Carnet__Test__CanonInner inner;
    carnet__test__canon_outer__init(&outer);
    carnet__test__canon_inner__init(&inner);
    char label[] = "\xff";
    inner.label = label;
    outer.choice_case = CARNET__TEST__CANON_OUTER__CHOICE_RIGHT;
    outer.right = &inner;
    struct arena a = arena_over(memory, sizeof memory);
    struct bytes out = { NULL, 0 };
    CHECK_ERR(canon_encode(&outer.base, WIRE_SIZE_MAX, &a, &out), ERR_ENCODING);
    CHECK(out.ptr == NULL && a.used == 0);
    label[0] = 'x';
    CHECK_OK(canon_encode(&outer.base, WIRE_SIZE_MAX, &a, &out));
    CHECK_BYTES(out, WIRE("\x3a\x03\x12\x01x"));
    a = arena_over(memory, 4);
    CHECK_ERR(canon_encode(&outer.base, WIRE_SIZE_MAX, &a, &out), ERR_NO_SPACE);
}

TEST(a_hash_field_is_32_bytes_or_absent_where_it_may_be)
{
    struct hash h = { { 1 } }, zero = { { 0 } }, out = { { 9 } };
    CHECK_OK(hash_of_field(field_of_hash(&h), &out));
    CHECK(hash_equal(&h, &out));
    CHECK_ERR(hash_of_field(field_of_bytes(bytes_of(h.b, 31)), &out), ERR_ENCODING);
    CHECK_ERR(hash_of_field_opt(field_of_bytes(bytes_of(h.b, 31)), &out), ERR_ENCODING);
    CHECK_ERR(hash_of_field_opt(field_of_hash(&zero), &out), ERR_ENCODING);
    CHECK(hash_equal(&h, &out));
    CHECK_OK(hash_of_field_opt(field_of_bytes(bytes_of(NULL, 0)), &out));
    CHECK(hash_is_zero(&out));
}
