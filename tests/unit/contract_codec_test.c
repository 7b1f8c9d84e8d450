/* Messages: no strings anywhere, rows that match descriptors, decoders that refuse what is not
 * canonical. */
#include "carnet/v1/args.pb-c.h"
#include "carnet/v1/receipt.pb-c.h"
#include "carnet/v1/record.pb-c.h"
#include "tests/fixtures/contract_fixture.h"

#define X(name) &carnet__v1__##name##__descriptor,
static const ProtobufCMessageDescriptor *const ARGS[] = { CONTRACT_ARGS(X) };
static const ProtobufCMessageDescriptor *const ON_LEDGER[] = { CONTRACT_RECORDS(X)
                                                                   CONTRACT_BODIES(X) &
                                                               carnet__v1__receipt__descriptor };
#undef X

/* The types that FORMATS 6 allows; messages are walked by the caller. */
static bool field_is_plain(const ProtobufCFieldDescriptor *f)
{
    return f->type == PROTOBUF_C_TYPE_UINT32 || f->type == PROTOBUF_C_TYPE_UINT64 ||
           f->type == PROTOBUF_C_TYPE_BYTES;
}

/* Fields of a message and of all below it that are not plain. A stack, because tables are shallow.
 */
static unsigned odd_fields(const ProtobufCMessageDescriptor *root)
{
    const ProtobufCMessageDescriptor *stack[32] = { root };
    unsigned depth = 1, odd = 0;
    while (depth > 0) {
        const ProtobufCMessageDescriptor *d = stack[--depth];
        for (unsigned i = 0; i < d->n_fields; i++) {
            const ProtobufCFieldDescriptor *f = &d->fields[i];
            if (f->type == PROTOBUF_C_TYPE_MESSAGE && depth < COUNT(stack)) {
                stack[depth++] = f->descriptor;
            } else {
                odd += field_is_plain(f) ? 0 : 1;
            }
        }
    }
    return odd;
}

TEST(formats_6_args_hold_numbers_and_bytes_and_no_string)
{
    for (size_t i = 0; i < COUNT(ARGS); i++) {
        CHECK_EQ(odd_fields(ARGS[i]), 0);
    }
    /* The canary: a walk that finds nothing anywhere would pass. */
    CHECK(!field_is_plain(&carnet__v1__receipt__descriptor.fields[4]));
}

TEST(formats_16_records_events_and_receipts_hold_no_string)
{
    for (size_t i = 0; i < COUNT(ON_LEDGER); i++) {
        CHECK_EQ(odd_fields(ON_LEDGER[i]), 0);
    }
}

static uint8_t MEMORY[4 * 1024 * 1024];

/* Every member set: what comes back is the same struct, byte for byte. */
TEST(a_token_record_comes_back_as_it_went)
{
    struct arena a = arena_over(MEMORY, sizeof MEMORY);
    struct token_record *t = ARENA_NEW(&a, struct token_record);
    struct token_record *back = ARENA_NEW(&a, struct token_record);
    struct bytes wire, again;
    t->token = lab_id(1);
    t->owner = lab_id(2);
    t->asset = lab_id(3);
    t->template_hash = lab_id(4);
    t->classes_count = CONTRACT_CLASSES_MAX;
    t->jurisdictions_count = CONTRACT_PLACES_MAX;
    for (uint32_t i = 0; i < CONTRACT_PLACES_MAX; i++) {
        t->jurisdictions[i] = i + 300;
        t->classes[i % CONTRACT_CLASSES_MAX] = i;
    }
    t->grade = 3;
    t->valid_from_ms = UINT64_MAX;
    t->valid_until_ms = 1;
    t->pack_set = lab_id(5);
    t->owner_tag = lab_id(6);
    t->state = TOKEN_FROZEN;
    t->seals_count = CONTRACT_SEALS_MAX;
    for (uint32_t i = 0; i < CONTRACT_SEALS_MAX; i++) {
        /* Member by member: a compound literal may leave anything in padding. */
        struct seal_entry *e = &t->seals[i];
        e->seal = lab_id((uint8_t)(i + 1));
        e->suite = 1;
        e->chunk_size = 2;
        e->chunk_count = 3;
        e->sealed_root = lab_id(7);
        e->manifest_hash = lab_id(8);
        e->height = 9;
    }
    t->rights = 10;
    t->events = (struct event_chain){ 11, lab_id(12) };
    t->frozen_by = lab_id(13);
    CHECK_OK(token_record_encode(t, &a, &wire));
    CHECK_OK(token_record_decode(wire, &a, back));
    CHECK(memcmp(t, back, sizeof *t) == 0);
    CHECK_OK(token_record_encode(back, &a, &again));
    CHECK_BYTES(wire, again);
    t->seals_count++;
    CHECK_ERR(token_record_encode(t, &a, &wire), ERR_SIZE);
}

#define X(name)                                             \
    static bool refuses_##name(struct bytes wire)           \
    {                                                       \
        static struct name before, out;                     \
        struct arena a = arena_over(MEMORY, sizeof MEMORY); \
        memset(&before, 0x5a, sizeof before);               \
        memcpy(&out, &before, sizeof out);                  \
        return name##_decode(wire, &a, &out) != ERR_NONE && \
               memcmp(&before, &out, sizeof out) == 0;      \
    }
CONTRACT_ARGS(X)
CONTRACT_RECORDS(X)
CONTRACT_BODIES(X)
#undef X
typedef bool refuses(struct bytes wire);
#define X(name) refuses_##name,
static refuses *const REFUSES[] = { CONTRACT_ARGS(X) CONTRACT_RECORDS(X) CONTRACT_BODIES(X) };
#undef X

TEST(formats_2_every_decoder_refuses_unknown_fields_and_leaves_its_output_alone)
{
    static const uint8_t UNKNOWN[] = { 0xfa, 0x07, 0x01, 0x00 }; /* field 127 */
    static const uint8_t ZERO[] = { 0x08, 0x00 };                /* a default written out */
    static const uint8_t SHORT[] = { 0x0a, 0x20, 0x01 };
    for (size_t i = 0; i < COUNT(REFUSES); i++) {
        CHECK(REFUSES[i](bytes_of(UNKNOWN, sizeof UNKNOWN)));
        CHECK(REFUSES[i](bytes_of(ZERO, sizeof ZERO)));
        CHECK(REFUSES[i](bytes_of(SHORT, sizeof SHORT)));
    }
}

TEST(every_place_that_a_full_arena_can_be_met_is_an_error)
{
    struct right_grant g = { .token = lab_id(1),
                             .holder = lab_id(2),
                             .seal = lab_id(3),
                             .wrap = lab_id(4),
                             .places_count = 2,
                             .places = { 1, 2 } };
    struct arena whole = arena_over(MEMORY, sizeof MEMORY);
    struct bytes wire, out;
    struct right_grant back;
    CHECK_OK(right_grant_encode(&g, &whole, &wire));
    bool encoded = false, decoded = false;
    for (size_t size = 0; size < 4096 && !(encoded && decoded); size++) {
        struct arena a = arena_over(MEMORY + 65536, size);
        enum err e = right_grant_encode(&g, &a, &out);
        CHECK(e == ERR_NONE || e == ERR_NO_SPACE);
        encoded = e == ERR_NONE;
        a = arena_over(MEMORY + 65536, size);
        e = right_grant_decode(wire, &a, &back);
        CHECK(e == ERR_NONE || e == ERR_NO_SPACE);
        decoded = e == ERR_NONE;
    }
    CHECK(encoded && decoded);
}

TEST(every_method_and_event_has_a_name_and_methods_ascend)
{
    struct contract_env env;
    struct contract_table table;
    contract_table_init(&env, MEMORY, sizeof MEMORY, &table);
    for (size_t i = 0; i < table.count; i++) {
        CHECK(i == 0 || table.method[i - 1].number < table.method[i].number);
        CHECK(table.method[i].cost > 0);
        CHECK(table.method[i].signers_min >= 1 && table.method[i].order_class <= 2);
        CHECK_STR(contract_method_name(table.method[i].number), table.method[i].name);
    }
    CHECK_STR(contract_method_name(0), "unknown");
    CHECK_STR(contract_method_name(METHOD_TOKEN_MINT), "token.mint");
    CHECK_STR(contract_event_name(CONTRACT_TOKEN, EVENT_TOKEN_MOVED), "token.moved");
    CHECK_STR(contract_event_name(CONTRACT_TOKEN, 99), "unknown");
}
