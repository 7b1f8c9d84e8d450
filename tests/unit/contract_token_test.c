/* Tokens: the whole table of states, verbs and actors; what mint and seal refuse; windows. */
#include "tests/fixtures/contract_fixture.h"

enum { DO_SEAL, DO_FREEZE, DO_THAW, DO_REVOKE, DO_ARCHIVE, DO_GRANT, DO_USE, DO_LOCK, DO_END };
static const char *const VERB[DO_END] = { "seal",    "freeze", "thaw", "revoke",
                                          "archive", "grant",  "use",  "lock" };
static const char *const STATE[] = { "", "active", "frozen", "revoked", "archived" };
static const uint32_t MOVE[] = { METHOD_TOKEN_FREEZE, METHOD_TOKEN_THAW, METHOD_TOKEN_REVOKE,
                                 METHOD_TOKEN_ARCHIVE };

static struct hash fresh_token(uint32_t n)
{
    struct hash token = lab_id(0x01);
    token.b[0] = (uint8_t)(n >> 8);
    token.b[1] = (uint8_t)n;
    return token;
}

static enum receipt_status move(struct lab *l, uint32_t actor, uint32_t method,
                                const struct hash *token)
{
    return LAB(l, actor, method, token_state, *token, 3);
}

/* A sealed token with one right, in the state asked for. */
static struct hash token_in(struct lab *l, uint32_t n, uint32_t state, struct hash *right)
{
    static const uint32_t TO[] = { 0, 0, METHOD_TOKEN_FREEZE, METHOD_TOKEN_REVOKE,
                                   METHOD_TOKEN_ARCHIVE };
    struct hash token = fresh_token(n);
    struct right_grant g = lab_grant_args(l, &token);
    ASSERT(lab_mint(l, &token) == RECEIPT_OK && lab_seal(l, &token, 0x51) == RECEIPT_OK);
    ASSERT(lab_grant(l, &g) == RECEIPT_OK);
    *right = lab_right_of(l, &g);
    ASSERT(TO[state] == 0 || move(l, OWNER, TO[state], &token) == RECEIPT_OK);
    return token;
}

static enum receipt_status act(struct lab *l, uint32_t actor, uint32_t verb,
                               const struct hash *token, const struct hash *right)
{
    struct right_grant g = lab_grant_args(l, token);
    struct token_seal seal = { *token, lab_id(0x61), 1,           CONTRACT_CHUNK_SIZE_MIN,
                               1,      lab_id(0x62), lab_id(0x63) };
    switch (verb) {
    case DO_SEAL:
        return lab_call(l, actor, METHOD_TOKEN_SEAL, lab_token_seal(l, &seal));
    case DO_GRANT:
        lab_attach(l, ATTACHMENT_WRAP, &g.wrap, HOLDER);
        return lab_call(l, actor, METHOD_RIGHT_GRANT, lab_right_grant(l, &g));
    case DO_USE:
        return LAB(l, actor, METHOD_RIGHT_USE, right_use, *right, 1);
    case DO_LOCK:
        return LAB(l, actor, METHOD_MONEY_LOCK, money_lock, .payee = l->did[OWNER],
                   .amount = lab_amount(1), .token = *token, .until_ms = l->now_ms + 1000);
    default:
        return move(l, actor, MOVE[verb - DO_FREEZE], token);
    }
}

TEST(every_state_verb_and_actor_of_a_token_has_one_answer)
{
    static const enum lab_actor ACTORS[] = { OWNER, REGULATOR, HOLDER, OTHER };
    static char table[8192];
    struct lab *l = lab_open();
    struct hash right;
    uint32_t n = 0;
    size_t used = 0;
    for (uint32_t i = 0; i < COUNT(ACTORS); i++) {
        LAB(l, BANK, METHOD_MONEY_ISSUE, money_issue, l->did[ACTORS[i]], lab_amount(1000));
    }
    for (uint32_t state = TOKEN_ACTIVE; state <= TOKEN_ARCHIVED; state++) {
        for (uint32_t verb = 0; verb < DO_END; verb++) {
            used += (size_t)snprintf(table + used, sizeof table - used, "%s %s:", STATE[state],
                                     VERB[verb]);
            for (uint32_t i = 0; i < COUNT(ACTORS); i++) {
                struct hash token = token_in(l, ++n, state, &right);
                enum receipt_status s = act(l, ACTORS[i], verb, &token, &right);
                used += (size_t)snprintf(table + used, sizeof table - used, " %s%s%s",
                                         receipt_name(s), s == RECEIPT_OK ? "=" : "",
                                         s == RECEIPT_OK ? STATE[lab_token(l, &token).state] : "");
                lab_clear(l);
            }
            used += (size_t)snprintf(table + used, sizeof table - used, "\n");
        }
    }
    lab_note(l, table);
    /* owner, regulator, holder, other */
    LAB_EXPECT(l, "active seal: ok=active forbidden forbidden forbidden\n"
                  "active freeze: ok=frozen ok=frozen forbidden forbidden\n"
                  "active thaw: state state forbidden forbidden\n"
                  "active revoke: ok=revoked ok=revoked forbidden forbidden\n"
                  "active archive: ok=archived forbidden forbidden forbidden\n"
                  "active grant: ok=active forbidden args forbidden\n"
                  "active use: forbidden forbidden ok=active forbidden\n"
                  "active lock: args ok=active ok=active ok=active\n"
                  "frozen seal: frozen forbidden forbidden forbidden\n"
                  "frozen freeze: frozen frozen forbidden forbidden\n"
                  "frozen thaw: ok=active ok=active forbidden forbidden\n"
                  "frozen revoke: ok=revoked ok=revoked forbidden forbidden\n"
                  "frozen archive: frozen forbidden forbidden forbidden\n"
                  "frozen grant: frozen forbidden args forbidden\n"
                  "frozen use: forbidden forbidden frozen forbidden\n"
                  "frozen lock: args frozen frozen frozen\n"
                  "revoked seal: revoked forbidden forbidden forbidden\n"
                  "revoked freeze: revoked revoked forbidden forbidden\n"
                  "revoked thaw: revoked revoked forbidden forbidden\n"
                  "revoked revoke: revoked revoked forbidden forbidden\n"
                  "revoked archive: revoked forbidden forbidden forbidden\n"
                  "revoked grant: revoked forbidden args forbidden\n"
                  "revoked use: forbidden forbidden revoked forbidden\n"
                  "revoked lock: args revoked revoked revoked\n"
                  "archived seal: state forbidden forbidden forbidden\n"
                  "archived freeze: state state forbidden forbidden\n"
                  "archived thaw: state state forbidden forbidden\n"
                  "archived revoke: state state forbidden forbidden\n"
                  "archived archive: state forbidden forbidden forbidden\n"
                  "archived grant: state forbidden args forbidden\n"
                  "archived use: forbidden forbidden state forbidden\n"
                  "archived lock: args state state state\n");
    CHECK_OK(lab_conserved(l));
    lab_close(l);
}

/* Who may thaw: the one who froze, or a regulator; never an owner whom somebody else has stopped.
 */
TEST(a_freeze_is_undone_by_who_made_it_or_by_a_regulator)
{
    struct lab *l = lab_open();
    struct hash token = lab_id(1);
    lab_mint(l, &token);
    move(l, OWNER, METHOD_TOKEN_FREEZE, &token);
    move(l, OWNER, METHOD_TOKEN_THAW, &token);
    move(l, REGULATOR, METHOD_TOKEN_FREEZE, &token);
    struct token_record t = lab_token(l, &token);
    CHECK(hash_equal(&t.frozen_by, &l->did[REGULATOR]));
    move(l, OWNER, METHOD_TOKEN_THAW, &token);
    move(l, REGULATOR, METHOD_TOKEN_THAW, &token);
    t = lab_token(l, &token);
    CHECK(hash_is_zero(&t.frozen_by));
    move(l, OWNER, METHOD_TOKEN_FREEZE, &token);
    move(l, REGULATOR, METHOD_TOKEN_THAW, &token);
    LAB_EXPECT(l, "owner token.mint -> ok; token.minted\n"
                  "owner token.freeze -> ok; token.moved\n"
                  "owner token.thaw -> ok; token.moved\n"
                  "regulator token.freeze -> ok; token.moved\n"
                  "owner token.thaw -> forbidden\n"
                  "regulator token.thaw -> ok; token.moved\n"
                  "owner token.freeze -> ok; token.moved\n"
                  "regulator token.thaw -> ok; token.moved\n");
    CHECK_EQ(lab_token(l, &token).events.count, 7);
    lab_close(l);
}

/* A sound mint, and one thing changed in it. */
static enum receipt_status mint_with(struct lab *l, uint32_t actor,
                                     void (*edit)(struct lab *l, struct token_mint *x))
{
    struct hash metadata = lab_id(0x11);
    struct token_mint x = { .token = lab_id(1),
                            .asset = lab_id(2),
                            .classes_count = 2,
                            .classes = { 5, 6 },
                            .grade = 1,
                            .jurisdictions_count = 1,
                            .jurisdictions = { 156 },
                            .valid_from_ms = l->now_ms,
                            .valid_until_ms = l->now_ms + 1,
                            .pack_set = l->pack_set };
    lab_attach(l, ATTACHMENT_METADATA, &metadata, REGULATOR);
    if (edit != NULL) {
        edit(l, &x);
    }
    return lab_call(l, actor, METHOD_TOKEN_MINT, lab_token_mint(l, &x));
}
static void no_class(struct lab *l, struct token_mint *x)
{
    (void)l;
    x->classes_count = 0;
}
static void classes_out_of_order(struct lab *l, struct token_mint *x)
{
    (void)l;
    x->classes[1] = 5;
}
static void class_of_no_set(struct lab *l, struct token_mint *x)
{
    (void)l;
    x->classes[1] = 2000;
}
static void word_that_is_no_class(struct lab *l, struct token_mint *x)
{
    (void)l;
    x->classes[1] = 25; /* a sector */
}
static void no_place(struct lab *l, struct token_mint *x)
{
    (void)l;
    x->jurisdictions_count = 0;
}
static void place_of_no_set(struct lab *l, struct token_mint *x)
{
    (void)l;
    x->jurisdictions[0] = 999;
}
static void grade_0(struct lab *l, struct token_mint *x)
{
    (void)l;
    x->grade = 0;
}
static void grade_4(struct lab *l, struct token_mint *x)
{
    (void)l;
    x->grade = 4;
}
static void window_of_nothing(struct lab *l, struct token_mint *x)
{
    (void)l;
    x->valid_from_ms = x->valid_until_ms;
}
static void window_that_is_over(struct lab *l, struct token_mint *x)
{
    x->valid_from_ms = l->now_ms - 1;
    x->valid_until_ms = l->now_ms;
}
static void other_law(struct lab *l, struct token_mint *x)
{
    (void)l;
    x->pack_set = lab_id(9);
}
static void unknown_template(struct lab *l, struct token_mint *x)
{
    (void)l;
    x->template_hash = lab_id(9);
}
static void no_metadata(struct lab *l, struct token_mint *x)
{
    (void)x;
    l->attachment_count = 0;
}
static void document_first(struct lab *l, struct token_mint *x)
{
    (void)x;
    l->attachment[0].kind = ATTACHMENT_DOCUMENT;
}

TEST(a_mint_is_refused_for_each_thing_that_is_wrong_with_it)
{
    static void (*const EDITS[])(struct lab *, struct token_mint *) = {
        no_class,          classes_out_of_order, class_of_no_set, word_that_is_no_class,
        no_place,          place_of_no_set,      grade_0,         grade_4,
        window_of_nothing, window_that_is_over,
    };
    struct lab *l = lab_open();
    for (size_t i = 0; i < COUNT(EDITS); i++) {
        CHECK_EQ(mint_with(l, OWNER, EDITS[i]), RECEIPT_ARGS);
    }
    lab_clear(l);
    mint_with(l, OWNER, other_law);
    mint_with(l, OWNER, unknown_template);
    mint_with(l, OWNER, no_metadata);
    mint_with(l, OWNER, document_first);
    mint_with(l, REGULATOR, NULL);
    mint_with(l, OWNER, NULL);
    mint_with(l, OTHER, NULL);
    lab_call(l, OWNER, METHOD_TOKEN_MINT, bytes_of_str("\xff"));
    LAB_EXPECT(l, "owner token.mint -> state\n"
                  "owner token.mint -> not_found\n"
                  "owner token.mint -> attachment\n"
                  "owner token.mint -> attachment\n"
                  "regulator token.mint -> forbidden\n"
                  "owner token.mint -> ok; token.minted\n"
                  "other token.mint -> exists\n"
                  "owner token.mint -> args\n");
    lab_close(l);
}

static void state_secret(struct lab *l, struct token_mint *x)
{
    (void)l;
    x->classes_count = 1;
    x->classes[0] = 18;
}
static void core_data(struct lab *l, struct token_mint *x)
{
    (void)l;
    x->classes[1] = 19;
}
static void state_secret_for_other_places(struct lab *l, struct token_mint *x)
{
    state_secret(l, x);
    x->jurisdictions[0] = 276;
}

/* FORMATS 8. An owner in China has nowhere to send a state secret, whatever places the token names;
 * the law of an owner elsewhere does not know the class. */
TEST(formats_8_a_mint_of_what_no_place_may_receive_is_refused_by_law)
{
    struct lab *l = lab_open();
    mint_with(l, OWNER, state_secret);
    mint_with(l, OWNER, core_data);
    mint_with(l, OWNER, state_secret_for_other_places);
    mint_with(l, HOLDER, state_secret);
    LAB_EXPECT(l, "owner token.mint -> law\n"
                  "owner token.mint -> law\n"
                  "owner token.mint -> law\n"
                  "holder token.mint -> ok; token.minted\n");
    lab_close(l);
}

static void without_law(struct genesis *g)
{
    g->pack_set = bytes_of(NULL, 0);
}

TEST(a_space_without_law_mints_nothing)
{
    struct lab *l = lab_open_with(without_law);
    struct hash token = lab_id(1);
    lab_mint(l, &token);
    LAB_EXPECT(l, "owner token.mint -> state\n");
    lab_close(l);
}

TEST(a_token_is_sealed_until_the_last_millisecond_of_its_window)
{
    struct lab *l = lab_open();
    struct hash token = lab_id(1);
    lab_mint(l, &token);
    l->now_ms = LAB_START_MS + LAB_YEAR_MS - 1;
    lab_seal(l, &token, 0x51);
    l->now_ms++;
    lab_seal(l, &token, 0x52);
    LAB_EXPECT(l, "owner token.mint -> ok; token.minted\n"
                  "owner token.seal -> ok; token.sealed\n"
                  "owner token.seal -> expired\n");
    lab_close(l);
}

TEST(a_token_holds_sixteen_seals_and_no_seal_twice)
{
    struct lab *l = lab_open();
    struct hash token = lab_id(1);
    lab_mint(l, &token);
    for (uint32_t i = 0; i < CONTRACT_SEALS_MAX; i++) {
        CHECK_EQ(lab_seal(l, &token, (uint8_t)(0x20 + i)), RECEIPT_OK);
    }
    lab_clear(l);
    lab_seal(l, &token, 0x20);
    lab_seal(l, &token, 0x19);
    LAB_EXPECT(l, "owner token.seal -> exists\nowner token.seal -> limit\n");
    CHECK_EQ(lab_token(l, &token).seals_count, CONTRACT_SEALS_MAX);
    lab_close(l);
}

TEST(a_seal_keeps_to_the_bounds_of_its_chunks)
{
    static const struct {
        uint32_t size, count;
        enum receipt_status status;
    } ROWS[] = {
        { CONTRACT_CHUNK_SIZE_MIN - 1, 1, RECEIPT_ARGS },
        { CONTRACT_CHUNK_SIZE_MIN, 1, RECEIPT_OK },
        { CONTRACT_CHUNK_SIZE_MAX, CONTRACT_CHUNKS_MAX, RECEIPT_OK },
        { CONTRACT_CHUNK_SIZE_MAX + 1, 1, RECEIPT_ARGS },
        { CONTRACT_CHUNK_SIZE_MIN, 0, RECEIPT_ARGS },
        { CONTRACT_CHUNK_SIZE_MIN, CONTRACT_CHUNKS_MAX + 1, RECEIPT_ARGS },
    };
    struct lab *l = lab_open();
    struct hash token = lab_id(1);
    lab_mint(l, &token);
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        enum receipt_status s =
            LAB(l, OWNER, METHOD_TOKEN_SEAL, token_seal, token, lab_id((uint8_t)(0x30 + i)), 1,
                ROWS[i].size, ROWS[i].count, lab_id(4), lab_id(5));
        CHECK_EQ(s, ROWS[i].status);
    }
    lab_close(l);
}

/* Genesis decides: what it says is told before anything else is looked at. */
TEST(formats_3_in_a_space_of_suite_gm_nothing_is_sealed_and_nothing_attached)
{
    struct lab *l = lab_open();
    struct hash token = lab_id(0x01), none = lab_id(0xee), paper = lab_id(0x21);
    CHECK_EQ(lab_mint(l, &token), RECEIPT_OK);
    lab_clear(l);
    l->genesis.suite = SUITE_GM;
    CHECK_EQ(lab_seal(l, &token, 0x51), RECEIPT_SUITE);
    CHECK_EQ(lab_seal(l, &none, 0x51), RECEIPT_SUITE); /* and not not_found */
    CHECK_EQ(lab_call(l, OWNER, METHOD_TOKEN_SEAL, bytes_of_str("?")), RECEIPT_SUITE);
    CHECK_EQ(lab_token(l, &token).seals_count, 0);
    struct right_grant g = lab_grant_args(l, &token);
    CHECK_EQ(lab_grant(l, &g), RECEIPT_SUITE); /* it carries a wrap */
    for (uint32_t kind = ATTACHMENT_METADATA; kind <= ATTACHMENT_DOCUMENT; kind++) {
        lab_attach(l, kind, &paper, HOLDER);
        CHECK_EQ(LAB(l, OWNER, METHOD_EVIDENCE_ANCHOR, evidence_anchor, paper, 1), RECEIPT_SUITE);
        lab_attach(l, kind, &paper, HOLDER);
        CHECK_EQ(LAB(l, OWNER, METHOD_TOKEN_FREEZE, token_state, token, 3), RECEIPT_SUITE);
    }
    CHECK_EQ(lab_get(l, contract_key_evidence(&paper)).len, 0);
    CHECK_EQ(lab_token(l, &token).state, TOKEN_ACTIVE);
    lab_clear(l);
    CHECK_EQ(LAB(l, OWNER, METHOD_EVIDENCE_ANCHOR, evidence_anchor, paper, 1), RECEIPT_OK);
    CHECK_EQ(LAB(l, BANK, METHOD_MONEY_ISSUE, money_issue, l->did[OWNER], lab_amount(9)),
             RECEIPT_OK);
    CHECK_EQ(LAB(l, OWNER, METHOD_TOKEN_FREEZE, token_state, token, 3), RECEIPT_OK);
    LAB_EXPECT(l, "owner evidence.anchor -> ok; evidence.anchored\n"
                  "bank money.issue -> ok; money.issued\n"
                  "owner token.freeze -> ok; token.moved\n");
    l->genesis.suite = SUITE_INTL;
    CHECK_EQ(LAB(l, OWNER, METHOD_TOKEN_THAW, token_state, token, 3), RECEIPT_OK);
    CHECK_EQ(lab_seal(l, &token, 0x51), RECEIPT_OK);
    lab_close(l);
}
