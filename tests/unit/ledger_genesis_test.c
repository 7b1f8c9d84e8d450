#include "tests/fixtures/ledger_fixture.h"
#include "tests/test.h"

#include <stdlib.h>

static uint8_t memory[4 << 20];
static struct arena arena;
static struct genesis fields;

static void given_a_genesis(void)
{
    arena = arena_over(memory, sizeof memory);
    CHECK_OK(fixture_genesis_fields(suite_intl(), &arena, &fields));
}

static enum err decoded(struct genesis *out)
{
    struct bytes wire;
    TRY(genesis_encode(&fields, &arena, &wire));
    return genesis_decode(suite_intl(), wire, &arena, out);
}

TEST(formats_3_a_genesis_decodes_to_what_was_encoded)
{
    struct genesis g;
    struct bytes again;
    given_a_genesis();
    CHECK_OK(decoded(&g));
    CHECK_EQ(g.participant_count, 4);
    CHECK_EQ(g.seat_count, 4);
    CHECK_EQ(g.start_ms, FIXTURE_START_MS);
    CHECK(hash_equal(&g.seat[2].participant, &g.participant[2].id));
    CHECK_OK(genesis_encode(&g, &arena, &again));
    CHECK_BYTES(again, g.wire);
}

TEST(formats_3_the_space_id_is_the_tagged_hash_of_the_file)
{
    struct genesis g;
    struct hash want;
    given_a_genesis();
    CHECK_OK(decoded(&g));
    hash_tagged(suite_intl(), "carnet/genesis/v1", g.wire, &want);
    CHECK(hash_equal(&g.space, &want));
}

TEST(formats_3_absent_parameters_take_their_defaults)
{
    struct genesis g;
    given_a_genesis();
    CHECK_OK(decoded(&g));
    CHECK_EQ(g.param[PARAM_EPOCH_KEY_LOG2], FIXTURE_EPOCH_LOG2);
    CHECK_EQ(g.param[PARAM_TX_WINDOW_MS], 600000);
    CHECK_EQ(g.param[PARAM_BLOCK_TXS_MAX], 8192);
    CHECK_EQ(g.param[PARAM_RELEASE_DEADLINE_MS], 60000);
}

/* Each row breaks one rule of an otherwise good file. */
static void no_participant(void)
{
    fields.participant_count = 0;
    fields.seat_count = 0;
    fields.currency_count = 0;
}
static void participant_twice(void)
{
    fields.participant[1] = fields.participant[0];
    fields.seat[1].participant = fields.participant[0].id;
}
static void no_seat(void)
{
    fields.seat_count = 0;
}
static void seat_of_nobody(void)
{
    fields.seat[1].participant.b[0] ^= 1;
}
static void participant_seated_twice(void)
{
    fields.seat[1].participant = fields.seat[0].participant;
}
static void root_seated_twice(void)
{
    fields.seat[1].root = fields.seat[0].root;
}
static void seat_without_weight(void)
{
    fields.seat[3].weight = 0;
}
static void seat_without_root(void)
{
    fields.seat[3].root = (struct hash){ { 0 } };
}
static void no_signing_key(void)
{
    fields.participant[2].key[0].use = DID_SEAL;
}
static void key_of_no_use(void)
{
    fields.participant[2].key[0].use = 3;
}
static void key_of_another_suite(void)
{
    fields.participant[2].key[0].suite = SUITE_GM;
}
static void key_too_short(void)
{
    fields.participant[2].key[0].public_key.len--;
}
static void no_jurisdiction(void)
{
    fields.participant[2].jurisdiction = 0;
}
static void jurisdiction_past_999(void)
{
    fields.participant[2].jurisdiction = 1000;
}
static void role_zero(void)
{
    fields.participant[2].role[0] = 0;
}
static void role_unknown(void)
{
    fields.participant[2].role[0] = 6;
}
static void roles_descend(void)
{
    fields.participant[2].role_count = 2;
    fields.participant[2].role[1] = 1;
}
static void currency_of_nobody(void)
{
    fields.currency[0].issuer.b[5] ^= 1;
}
static void currency_without_code(void)
{
    fields.currency[0].code = 0;
}
static void currency_code_past_999(void)
{
    fields.currency[0].code = 1000;
}
static void currency_exponent_19(void)
{
    fields.currency[0].exponent = 19;
}
static void unknown_flag(void)
{
    fields.flags = 4;
}
static void epoch_too_short(void)
{
    fields.epoch_ms = 999;
}
static void no_start(void)
{
    fields.start_ms = 0;
}
static void trust_below_an_epoch(void)
{
    fields.trust_ms = fields.epoch_ms - 1;
}
static void window_too_long(void)
{
    fields.param[PARAM_TX_WINDOW_MS] = 24 * 3600 * 1000 + 1;
}
static void block_too_small(void)
{
    fields.param[PARAM_BLOCK_SIZE_MAX] = 128 * 1024 - 1;
}
static void block_too_large(void)
{
    fields.param[PARAM_BLOCK_SIZE_MAX] = 2 * 1024 * 1024 + 1;
}
static void block_of_8193(void)
{
    fields.param[PARAM_BLOCK_TXS_MAX] = 8193;
}
static void epoch_keys_too_many(void)
{
    fields.param[PARAM_EPOCH_KEY_LOG2] = 17;
}

static const struct {
    const char *rule;
    void (*break_it)(void);
} REFUSALS[] = {
#define ROW(name)   \
    {               \
#name, name \
    }
    ROW(no_participant),
    ROW(participant_twice),
    ROW(no_seat),
    ROW(seat_of_nobody),
    ROW(participant_seated_twice),
    ROW(root_seated_twice),
    ROW(seat_without_weight),
    ROW(seat_without_root),
    ROW(no_signing_key),
    ROW(key_of_no_use),
    ROW(key_of_another_suite),
    ROW(key_too_short),
    ROW(no_jurisdiction),
    ROW(jurisdiction_past_999),
    ROW(role_zero),
    ROW(role_unknown),
    ROW(roles_descend),
    ROW(currency_of_nobody),
    ROW(currency_without_code),
    ROW(currency_code_past_999),
    ROW(currency_exponent_19),
    ROW(unknown_flag),
    ROW(epoch_too_short),
    ROW(no_start),
    ROW(trust_below_an_epoch),
    ROW(window_too_long),
    ROW(block_too_small),
    ROW(block_too_large),
    ROW(block_of_8193),
    ROW(epoch_keys_too_many),
#undef ROW
};

/* An edit changes the document and so its id: seats and issuers follow, or they would be refused
 * for naming nobody and the rule under test would go unseen. */
static void seats_follow(const struct hash *before)
{
    struct hash id;
    CHECK_OK(did_derive(suite_intl(), &fields.participant[2], &arena, &id));
    for (uint32_t i = 0; i < fields.seat_count; i++) {
        if (hash_equal(&fields.seat[i].participant, before)) {
            fields.seat[i].participant = id;
        }
    }
}

TEST(formats_3_every_broken_rule_is_refused)
{
    for (size_t i = 0; i < COUNT(REFUSALS); i++) {
        struct genesis g;
        given_a_genesis();
        struct hash before = fields.participant[2].id;
        REFUSALS[i].break_it();
        seats_follow(&before);
        enum err e = decoded(&g);
        if (e != ERR_RANGE) {
            printf("# %s\n", REFUSALS[i].rule);
        }
        CHECK_ERR(e, ERR_RANGE);
    }
}

TEST(formats_3_limits_are_reached_and_not_passed)
{
    struct genesis g;
    struct bytes key = bytes_of("k", 1);
    struct bytes keys[GENESIS_CA_KEYS_MAX + 1];
    struct hash template_hash[GENESIS_TEMPLATES_MAX + 1] = { 0 };
    given_a_genesis();
    for (uint32_t i = 0; i <= GENESIS_CA_KEYS_MAX; i++) {
        keys[i] = key;
    }
    for (uint32_t i = 0; i <= GENESIS_TEMPLATES_MAX; i++) {
        template_hash[i].b[0] = (uint8_t)(i + 1);
    }
    fields.ca_key = keys;
    fields.template_hash = template_hash;
    fields.ca_key_count = GENESIS_CA_KEYS_MAX;
    fields.template_count = GENESIS_TEMPLATES_MAX;
    CHECK_OK(decoded(&g));
    fields.ca_key_count++;
    CHECK_ERR(decoded(&g), ERR_RANGE);
    fields.ca_key_count--;
    fields.template_count++;
    CHECK_ERR(decoded(&g), ERR_RANGE);
}

TEST(formats_4_a_document_of_genesis_holds_up_to_its_limit_of_keys)
{
    struct genesis g;
    given_a_genesis();
    struct did_document *d = &fields.participant[2];
    for (uint32_t i = 1; i < DID_KEYS_MAX; i++) {
        d->key[i] = d->key[0];
        d->key[i].id = i + 1;
    }
    d->key_count = DID_KEYS_MAX;
    CHECK_OK(did_derive(suite_intl(), d, &arena, &d->id));
    fields.seat[2].participant = d->id;
    CHECK_OK(decoded(&g));
    CHECK_EQ(g.participant[2].key_count, DID_KEYS_MAX);
    CHECK_EQ(g.participant[2].key[DID_KEYS_MAX - 1].id, DID_KEYS_MAX);
}

TEST(formats_3_versions_and_suites_unknown_are_told_apart_from_broken_rules)
{
    struct genesis g;
    given_a_genesis();
    fields.format = 2;
    CHECK_ERR(decoded(&g), ERR_VERSION);
    given_a_genesis();
    fields.version_set = 2;
    CHECK_ERR(decoded(&g), ERR_VERSION);
    given_a_genesis();
    fields.suite = 127;
    CHECK_ERR(decoded(&g), ERR_VERSION);
    struct bytes wire;
    uint32_t suite = 0;
    CHECK_OK(genesis_encode(&fields, &arena, &wire));
    CHECK_ERR(genesis_suite(bytes_of(NULL, 0), &arena, &suite), ERR_ENCODING);
    CHECK_OK(genesis_suite(wire, &arena, &suite));
    CHECK_EQ(suite, 127);
}

TEST(a_parameter_that_is_not_in_the_table_is_refused_by_its_number)
{
    struct genesis g;
    struct bytes wire;
    given_a_genesis();
    fields.param[PARAM_EPOCH_KEY_LOG2] = 0;
    fields.param[PARAM_BLOCK_SIZE_MAX] = 0;
    fields.param[PARAM_RELEASE_DEADLINE_MS] = 3;
    CHECK_OK(genesis_encode(&fields, &arena, &wire));
    uint8_t *copy = malloc(wire.len);
    memcpy(copy, wire.ptr, wire.len);
    uint8_t *at = memmem(copy, wire.len, "\x3a\x04\x08\x0c\x10\x03", 6);
    CHECK(at != NULL);
    CHECK_OK(genesis_decode(suite_intl(), bytes_of(copy, wire.len), &arena, &g));
    CHECK_EQ(g.param[PARAM_RELEASE_DEADLINE_MS], 3);
    at[3] = PARAM_END;
    CHECK_ERR(genesis_decode(suite_intl(), bytes_of(copy, wire.len), &arena, &g), ERR_RANGE);
    free(copy);
}

TEST(formats_4_a_did_is_derived_from_the_document_with_an_empty_id)
{
    struct did_document d;
    struct hash a, b;
    given_a_genesis();
    d = fields.participant[0];
    CHECK_OK(did_derive(suite_intl(), &d, &arena, &a));
    d.id.b[0] ^= 1;
    CHECK_OK(did_derive(suite_intl(), &d, &arena, &b));
    CHECK(hash_equal(&a, &b));
    d.jurisdiction++;
    CHECK_OK(did_derive(suite_intl(), &d, &arena, &b));
    CHECK(!hash_equal(&a, &b));
}

TEST(formats_13_the_committee_hash_covers_every_field_of_every_seat)
{
    struct hash first, other;
    given_a_genesis();
    committee_hash(suite_intl(), fields.seat, 4, &first);
    for (uint32_t i = 0; i < 4; i++) {
        struct seat kept = fields.seat[i];
        fields.seat[i].weight++;
        committee_hash(suite_intl(), fields.seat, 4, &other);
        CHECK(!hash_equal(&first, &other));
        fields.seat[i] = kept;
        fields.seat[i].root.b[31] ^= 1;
        committee_hash(suite_intl(), fields.seat, 4, &other);
        CHECK(!hash_equal(&first, &other));
        fields.seat[i] = kept;
        fields.seat[i].participant.b[0] ^= 1;
        committee_hash(suite_intl(), fields.seat, 4, &other);
        CHECK(!hash_equal(&first, &other));
        fields.seat[i] = kept;
    }
    committee_hash(suite_intl(), fields.seat, 3, &other);
    CHECK(!hash_equal(&first, &other));
}

TEST(a_committee_of_n_bears_a_third_and_needs_the_rest)
{
    static const struct {
        uint32_t seats, faulty, quorum;
    } ROWS[] = {
        { 1, 0, 1 }, { 2, 0, 2 }, { 3, 0, 3 },  { 4, 1, 3 },    { 5, 1, 4 },
        { 6, 1, 5 }, { 7, 2, 5 }, { 10, 3, 7 }, { 31, 10, 21 },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        CHECK_EQ(committee_faulty_max(ROWS[i].seats), ROWS[i].faulty);
        CHECK_EQ(committee_quorum(ROWS[i].seats), ROWS[i].quorum);
    }
}

TEST(epochs_are_counted_from_the_start)
{
    struct genesis g;
    given_a_genesis();
    CHECK_OK(decoded(&g));
    CHECK_EQ(genesis_epoch(&g, 0), 0);
    CHECK_EQ(genesis_epoch(&g, FIXTURE_START_MS), 0);
    CHECK_EQ(genesis_epoch(&g, FIXTURE_START_MS + FIXTURE_EPOCH_MS - 1), 0);
    CHECK_EQ(genesis_epoch(&g, FIXTURE_START_MS + FIXTURE_EPOCH_MS), 1);
}
