/* Rights: what a grant is refused for, the law inside it, counters, uses. */
#include <stdlib.h>

#include "policy/compile/policy_compile.h"
#include "tests/fixtures/contract_fixture.h"

static struct hash sealed_token(struct lab *l)
{
    struct hash token = lab_id(0x01);
    ASSERT(lab_mint(l, &token) == RECEIPT_OK && lab_seal(l, &token, 0x51) == RECEIPT_OK);
    lab_clear(l);
    return token;
}

/* Each row changes one thing of a sound grant. */
struct edit {
    const char *what;
    enum receipt_status status;
    void (*apply)(struct lab *l, struct right_grant *g);
};
#define EDIT(name, ...)                                    \
    static void name(struct lab *l, struct right_grant *g) \
    {                                                      \
        (void)l;                                           \
        __VA_ARGS__;                                       \
    }
EDIT(kind_0, g->kind = 0)
EDIT(kind_4, g->kind = 4)
EDIT(custody_0, g->custody = 0)
EDIT(custody_3, g->custody = 3)
EDIT(custody_brokered, g->custody = CUSTODY_BROKERED)
EDIT(uses_most, g->uses = CONTRACT_USES_MAX)
EDIT(uses_too_many, g->uses = CONTRACT_USES_MAX + 1)
EDIT(no_place, g->places_count = 0)
EDIT(place_not_of_token, g->places[0] = 702)
EDIT(place_not_of_holder, g->places[0] = 250)
EDIT(places_twice, g->places_count = 2; g->places[1] = 276)
EDIT(until_after_token, g->until_ms = LAB_START_MS + LAB_YEAR_MS + 1)
EDIT(until_now, g->until_ms = l->now_ms)
EDIT(until_next, g->until_ms = l->now_ms + 1)
EDIT(token_unknown, g->token = lab_id(0x77))
EDIT(seal_unknown, g->seal = lab_id(0x77))
EDIT(holder_unknown, g->holder = lab_id(0x77))
EDIT(holder_is_owner, g->holder = l->did[OWNER])
EDIT(holder_no_member, g->holder = l->did[BANK])
EDIT(purpose_not_of_facts, g->purpose = 40)
EDIT(facts_no_message, g->facts = bytes_of_str("\xff\xff"))
EDIT(facts_to_elsewhere, g->facts = lab_facts(l, "FR", 10, ""))
EDIT(lock_unknown, g->lock = lab_id(0x77))
EDIT(wrap_of_another, g->wrap = lab_id(0x72); struct hash w = lab_id(0x71);
     lab_attach(l, ATTACHMENT_WRAP, &w, HOLDER))
EDIT(wrap_for_another, lab_attach(l, ATTACHMENT_WRAP, &g->wrap, OTHER))
EDIT(wrap_of_another_kind, lab_attach(l, ATTACHMENT_DOCUMENT, &g->wrap, HOLDER))
EDIT(sound, (void)g)

static const struct edit EDITS[] = {
    { "kind 0", RECEIPT_ARGS, kind_0 },
    { "kind 4", RECEIPT_ARGS, kind_4 },
    { "custody 0", RECEIPT_ARGS, custody_0 },
    { "custody 3", RECEIPT_ARGS, custody_3 },
    { "brokered with a wrap", RECEIPT_ARGS, custody_brokered },
    { "most uses", RECEIPT_OK, uses_most },
    { "one use more", RECEIPT_ARGS, uses_too_many },
    { "no place", RECEIPT_ARGS, no_place },
    { "a place outside the token's", RECEIPT_ARGS, place_not_of_token },
    { "not where the holder is", RECEIPT_ARGS, place_not_of_holder },
    { "a place twice", RECEIPT_ARGS, places_twice },
    { "longer than the token", RECEIPT_ARGS, until_after_token },
    { "over now", RECEIPT_ARGS, until_now },
    { "over in a millisecond", RECEIPT_OK, until_next },
    { "unknown token", RECEIPT_NOT_FOUND, token_unknown },
    { "unknown seal", RECEIPT_NOT_FOUND, seal_unknown },
    { "unknown holder", RECEIPT_NOT_FOUND, holder_unknown },
    { "to oneself", RECEIPT_ARGS, holder_is_owner },
    { "to no member", RECEIPT_FORBIDDEN, holder_no_member },
    { "purpose other than declared", RECEIPT_ARGS, purpose_not_of_facts },
    { "facts that are no facts", RECEIPT_ARGS, facts_no_message },
    { "facts of another way", RECEIPT_ARGS, facts_to_elsewhere },
    { "unknown lock", RECEIPT_NOT_FOUND, lock_unknown },
    { "another wrap", RECEIPT_ATTACHMENT, wrap_of_another },
    { "a wrap for another", RECEIPT_ATTACHMENT, wrap_for_another },
    { "a wrap of another kind", RECEIPT_ATTACHMENT, wrap_of_another_kind },
    { "nothing changed", RECEIPT_OK, sound },
};

TEST(a_grant_is_refused_for_each_thing_that_is_wrong_with_it)
{
    struct lab *l = lab_open();
    struct hash token = sealed_token(l);
    for (size_t i = 0; i < COUNT(EDITS); i++) {
        struct right_grant g = lab_grant_args(l, &token);
        EDITS[i].apply(l, &g);
        enum receipt_status s = lab_grant(l, &g);
        if (s != EDITS[i].status) {
            printf("# %s\n", EDITS[i].what);
        }
        CHECK_STR(receipt_name(s), receipt_name(EDITS[i].status));
    }
    CHECK_EQ(lab_token(l, &token).rights, 3);
    lab_close(l);
}

TEST(a_refused_grant_leaves_no_trace_in_state)
{
    struct lab *l = lab_open();
    struct hash token = sealed_token(l), before, after;
    struct right_grant g = lab_grant_args(l, &token);
    state_root(l->state, &before);
    g.facts = lab_facts(l, "DE", 100000, "");
    lab_grant(l, &g);
    state_root(l->state, &after);
    CHECK(hash_equal(&before, &after));
    LAB_EXPECT(l, "owner right.grant -> law\n");
    lab_close(l);
}

/* The two differ in one declared fact. */
TEST(formats_8_a_grant_is_judged_by_the_declared_facts)
{
    struct lab *l = lab_open();
    struct hash token = sealed_token(l);
    struct right_grant g = lab_grant_args(l, &token);
    struct policy_verdict v;
    g.facts = lab_facts(l, "DE", 100000, "");
    lab_grant(l, &g);
    g.facts = lab_facts(l, "DE", 100000, "\"cn_standard_contract\"");
    lab_grant(l, &g);
    LAB_EXPECT(l, "owner right.grant -> law\n"
                  "owner right.grant -> ok; right.granted\n");
    struct hash right = lab_right_of(l, &g);
    struct right_record r = lab_right(l, &right);
    CHECK_OK(policy_verdict_decode(r.verdict, &l->arena, &v));
    CHECK_EQ(v.code, POLICY_ALLOW_WITH_OBLIGATIONS);
    CHECK(hash_equal(&v.set, &l->pack_set));
    struct right_granted body;
    CHECK_OK(right_granted_decode(l->event[0].body, &l->arena, &body));
    CHECK_BYTES(body.verdict, r.verdict);
    lab_close(l);
}

/* What the command line answers for the facts of a grant, from the folder of the packs and through
 * words, is what the contract judges from state: the verdict on the ledger has the same bytes. */
TEST(formats_8_the_advice_of_the_command_line_is_the_verdict_of_the_contract)
{
    static const struct {
        unsigned persons, before;
        const char *mechanism;
    } CASES[] = { { 10, 0, "" }, { 99989, 10, "" }, { 200000, 99999, "\"cn_standard_contract\"" } };
    struct lab *l = lab_open();
    struct hash token = sealed_token(l);
    struct policy_book *book;
    char why[POLICY_WHY_SIZE] = "";
    CHECK_OK(policy_book_dir(CARNET_SOURCE_DIR "/rules", l->suite, &book, why));
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct right_grant g = lab_grant_args(l, &token);
        struct policy_facts f;
        struct policy_verdict advice, judged;
        struct bytes told;
        uint32_t day;
        g.facts = lab_facts(l, "DE", CASES[i].persons, CASES[i].mechanism);
        CHECK_OK(policy_facts_decode(g.facts, &l->arena, &f));
        CHECK_OK(policy_set_day(policy_book_set(book), f.from, l->now_ms, &day));
        lab_grant(l, &g);
        struct hash right = lab_right_of(l, &g);
        struct right_record r = lab_right(l, &right);
        CHECK_OK(policy_verdict_decode(r.verdict, &l->arena, &judged));
        CHECK_EQ(judged.counted_count, 1);
        struct policy_counter held = { .regime = judged.counted[0].regime,
                                       .kind = judged.counted[0].kind,
                                       .value = CASES[i].before };
        CHECK_OK(policy_evaluate(policy_book_set(book), &f, day, &held, 1, &advice));
        CHECK_OK(policy_verdict_encode(&advice, &l->arena, &told));
        CHECK_BYTES(told, r.verdict);
    }
    policy_book_close(book);
    lab_close(l);
}

/* The exporter's own counter: what was granted before counts, over one calendar year of its place.
 */
TEST(formats_8_the_contract_counts_what_was_granted_before)
{
    struct lab *l = lab_open();
    struct hash token = sealed_token(l);
    struct right_grant g = lab_grant_args(l, &token);
    g.facts = lab_facts(l, "DE", 60000, "");
    lab_grant(l, &g);
    g.facts = lab_facts(l, "DE", 40000, "");
    lab_grant(l, &g);
    g.facts = lab_facts(l, "DE", 39999, "");
    lab_grant(l, &g);
    g.facts = lab_facts(l, "DE", 1, "");
    lab_grant(l, &g);
    LAB_EXPECT(l, "owner right.grant -> ok; right.granted\n"
                  "owner right.grant -> law\n"
                  "owner right.grant -> ok; right.granted\n"
                  "owner right.grant -> law\n");
    /* 2027-12-31T15:59:59.999Z is the last millisecond of the year at +08:00. */
    l->now_ms = UINT64_C(1830268799999);
    lab_grant(l, &g);
    l->now_ms++;
    lab_grant(l, &g);
    LAB_EXPECT(l, "owner right.grant -> law\n"
                  "owner right.grant -> ok; right.granted\n");
    lab_close(l);
}

static enum receipt_status grant_persons(struct lab *l, struct right_grant *g, unsigned persons,
                                         const char *mechanism)
{
    g->facts = lab_facts(l, "DE", persons, mechanism);
    return g->custody == CUSTODY_RELEASED
               ? lab_grant(l, g)
               : lab_call(l, OWNER, METHOD_RIGHT_GRANT, lab_right_grant(l, g));
}

/* A lock by which the holder pays the owner, until 100 ms from now. */
static struct hash paid_lock(struct lab *l, const struct hash *token)
{
    struct hash lock;
    LAB(l, BANK, METHOD_MONEY_ISSUE, money_issue, l->did[HOLDER], lab_amount(10));
    LAB(l, HOLDER, METHOD_MONEY_LOCK, money_lock, .payee = l->did[OWNER], .amount = lab_amount(10),
        .token = *token, .until_ms = l->now_ms + 100);
    contract_lock_id(l->suite, &l->did[HOLDER], &l->did[OWNER], l->tx.body.nonce, &lock);
    return lock;
}

/* Two grants of 60,000 in one block: the second is judged at 120,000, and asks for the contract.
 * When the first is paid back its reservation is gone, unless its wrap was acknowledged. */
TEST(formats_8_what_was_reserved_and_not_handed_over_is_given_back)
{
    for (int acked = 0; acked < 2; acked++) {
        struct lab *l = lab_open();
        struct hash token = sealed_token(l);
        struct right_grant first = lab_grant_args(l, &token), second = first;
        first.lock = paid_lock(l, &token);
        CHECK_EQ(grant_persons(l, &first, 60000, ""), RECEIPT_OK);
        struct hash of_first = l->tx.id;
        CHECK_EQ(grant_persons(l, &second, 60000, ""), RECEIPT_LAW);
        CHECK_EQ(grant_persons(l, &second, 60000, "\"cn_standard_contract\""), RECEIPT_OK);
        CHECK_EQ(grant_persons(l, &second, 1, ""), RECEIPT_LAW);
        if (acked != 0) {
            LAB(l, HOLDER, METHOD_ATTACHMENT_ACK, attachment_ack, 1, { { of_first, 0 } });
        }
        l->now_ms += 100;
        CHECK_EQ(LAB(l, OTHER, METHOD_MONEY_REFUND, money_refund, first.lock), RECEIPT_OK);
        /* 60,000 of the second stand; the first's count only when its wrap was acknowledged. */
        CHECK_EQ(grant_persons(l, &second, 40000, ""), RECEIPT_LAW);
        CHECK_EQ(grant_persons(l, &second, 39999, ""), acked ? RECEIPT_LAW : RECEIPT_OK);
        CHECK_EQ(grant_persons(l, &second, 1, ""), RECEIPT_LAW);
        lab_close(l);
    }
}

/* A brokered right under which nothing was released counts nothing once it is revoked; refunded and
 * revoked, in either order, it is given back once. */
TEST(formats_8_a_reservation_is_given_back_once)
{
    for (int order = 0; order < 3; order++) {
        struct lab *l = lab_open();
        struct hash token = sealed_token(l);
        struct right_grant first = lab_grant_args(l, &token), second = first;
        first.lock = paid_lock(l, &token);
        first.custody = CUSTODY_BROKERED;
        first.wrap = (struct hash){ { 0 } };
        CHECK_EQ(grant_persons(l, &first, 60000, ""), RECEIPT_OK);
        struct hash right = lab_right_of(l, &first);
        CHECK_EQ(grant_persons(l, &second, 39999, ""), RECEIPT_OK);
        CHECK_EQ(grant_persons(l, &second, 1, ""), RECEIPT_LAW);
        l->now_ms += order == 2 ? 0 : 100;
        if (order == 1) {
            LAB(l, OTHER, METHOD_MONEY_REFUND, money_refund, first.lock);
        }
        CHECK_EQ(LAB(l, OWNER, METHOD_RIGHT_REVOKE, right_revoke, right, 1), RECEIPT_OK);
        if (order == 0) {
            LAB(l, OTHER, METHOD_MONEY_REFUND, money_refund, first.lock);
        }
        CHECK_EQ(grant_persons(l, &second, 60001, ""), RECEIPT_LAW);
        CHECK_EQ(grant_persons(l, &second, 60000, ""), RECEIPT_OK);
        CHECK_EQ(grant_persons(l, &second, 1, ""), RECEIPT_LAW);
        lab_close(l);
    }
}

/* The shipped law with its counters over the twelve months before, compiled once. */
static void with_rolling_counters(struct genesis *g)
{
    static const char *const NAMES[] = { "words.yaml", "places.yaml", "CN.yaml", "EU.yaml" };
    static struct policy_compiled law;
    struct policy_source source[COUNT(NAMES)];
    char path[512], why[POLICY_WHY_SIZE] = "";
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        uint8_t *text;
        size_t len;
        snprintf(path, sizeof path, "%s/rules/%s", CARNET_SOURCE_DIR, NAMES[i]);
        bool read = test_read_file(path, &text, &len);
        ASSERT(read);
        for (size_t j = 0; j + 13 <= len; j++) {
            if (memcmp(text + j, "calendar_year", 13) == 0) {
                memcpy(text + j, "twelve_months", 13);
            }
        }
        source[i] = (struct policy_source){ NAMES[i], bytes_of(text, len) };
    }
    enum err e = policy_compile(source, COUNT(source), suite_intl(), &law, why);
    if (e != ERR_NONE) {
        printf("# %s\n", why);
    }
    ASSERT(e == ERR_NONE);
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        free((void *)(uintptr_t)source[i].text.ptr);
    }
    g->pack_set = bytes_of(law.set, law.set_len);
}

/* Monthly slots: a grant's month and the twelve before it, never less than the exact window. */
TEST(formats_8_a_counter_of_twelve_months_forgets_a_month_after_them)
{
    static const uint64_t AT_MS[] = {
        UINT64_C(1800000000000), /* 2027-01-15 */
        UINT64_C(1811000000000), /* 2027-05-22 */
        UINT64_C(1832000000000), /* 2028-01-20: January 2027 is twelve months back */
        UINT64_C(1832947199999), /* the last millisecond of that January at +08:00 */
        UINT64_C(1832947200000), /* February: January 2027 is forgotten */
    };
    struct lab *l = lab_open_with(with_rolling_counters);
    struct hash token = lab_id(1), metadata = lab_id(0x11);
    CHECK(l != NULL);
    lab_attach(l, ATTACHMENT_METADATA, &metadata, REGULATOR);
    LAB(l, OWNER, METHOD_TOKEN_MINT, token_mint, .token = token, .asset = lab_id(2),
        .classes_count = 1, .classes = { 5 }, .grade = 1, .jurisdictions_count = 1,
        .jurisdictions = { 276 }, .valid_from_ms = l->now_ms,
        .valid_until_ms = l->now_ms + 2 * LAB_YEAR_MS, .pack_set = l->pack_set);
    lab_seal(l, &token, 0x51);
    lab_clear(l);
    for (size_t i = 0; i < COUNT(AT_MS); i++) {
        struct right_grant g = lab_grant_args(l, &token);
        g.until_ms = LAB_START_MS + 2 * LAB_YEAR_MS;
        g.facts = lab_facts(l, "DE", i == 0 ? 99999 : 1, "");
        l->now_ms = AT_MS[i];
        lab_grant(l, &g);
    }
    LAB_EXPECT(l, "owner right.grant -> ok; right.granted\n"
                  "owner right.grant -> law\n"
                  "owner right.grant -> law\n"
                  "owner right.grant -> law\n"
                  "owner right.grant -> ok; right.granted\n");
    lab_close(l);
}

TEST(a_grant_binds_the_lock_that_pays_for_it_once)
{
    struct lab *l = lab_open();
    struct hash token = sealed_token(l), lock;
    struct right_grant g = lab_grant_args(l, &token);
    LAB(l, BANK, METHOD_MONEY_ISSUE, money_issue, l->did[HOLDER], lab_amount(10));
    LAB(l, BANK, METHOD_MONEY_ISSUE, money_issue, l->did[OTHER], lab_amount(10));
    LAB(l, OTHER, METHOD_MONEY_LOCK, money_lock, .payee = l->did[OWNER], .amount = lab_amount(10),
        .token = token, .until_ms = l->now_ms + 10);
    contract_lock_id(l->suite, &l->did[OTHER], &l->did[OWNER], l->tx.body.nonce, &g.lock);
    lab_grant(l, &g);
    LAB(l, HOLDER, METHOD_MONEY_LOCK, money_lock, .payee = l->did[OWNER], .amount = lab_amount(10),
        .token = token, .until_ms = l->now_ms + 10);
    contract_lock_id(l->suite, &l->did[HOLDER], &l->did[OWNER], l->tx.body.nonce, &lock);
    g.lock = lock;
    l->now_ms += 10;
    lab_grant(l, &g);
    l->now_ms -= 1;
    lab_grant(l, &g);
    lab_grant(l, &g);
    LAB_EXPECT(l, "bank money.issue -> ok; money.issued\n"
                  "bank money.issue -> ok; money.issued\n"
                  "other money.lock -> ok; money.locked\n"
                  "owner right.grant -> args\n"
                  "holder money.lock -> ok; money.locked\n"
                  "owner right.grant -> expired\n"
                  "owner right.grant -> ok; right.granted\n"
                  "owner right.grant -> state\n");
    lab_close(l);
}

static enum receipt_status use(struct lab *l, uint32_t actor, const struct hash *right, uint32_t n)
{
    return LAB(l, actor, METHOD_RIGHT_USE, right_use, *right, n);
}

TEST(a_use_names_its_number_and_ends_with_the_count)
{
    struct lab *l = lab_open();
    struct hash token = sealed_token(l), unknown = lab_id(0x77);
    struct right_grant g = lab_grant_args(l, &token);
    lab_grant(l, &g);
    struct hash right = lab_right_of(l, &g);
    use(l, HOLDER, &unknown, 1);
    use(l, OTHER, &right, 1);
    use(l, HOLDER, &right, 0);
    use(l, HOLDER, &right, 2);
    use(l, HOLDER, &right, 1);
    use(l, HOLDER, &right, 1);
    use(l, HOLDER, &right, 2);
    use(l, HOLDER, &right, 3);
    LAB_EXPECT(l, "owner right.grant -> ok; right.granted\n"
                  "holder right.use -> not_found\n"
                  "other right.use -> forbidden\n"
                  "holder right.use -> args\n"
                  "holder right.use -> args\n"
                  "holder right.use -> ok; right.used\n"
                  "holder right.use -> args\n"
                  "holder right.use -> ok; right.used\n"
                  "holder right.use -> exhausted\n");
    CHECK_EQ(lab_right(l, &right).used, 2);
    lab_close(l);
}

TEST(a_right_without_a_count_is_used_until_it_ends)
{
    struct lab *l = lab_open();
    struct hash token = sealed_token(l);
    struct right_grant g = lab_grant_args(l, &token);
    g.uses = 0;
    g.until_ms = l->now_ms + 100;
    lab_grant(l, &g);
    struct hash right = lab_right_of(l, &g);
    lab_clear(l);
    for (uint32_t i = 1; i <= 20; i++) {
        CHECK_EQ(use(l, HOLDER, &right, i), RECEIPT_OK);
    }
    lab_clear(l);
    l->now_ms += 99;
    use(l, HOLDER, &right, 21);
    l->now_ms++;
    use(l, HOLDER, &right, 22);
    LAB_EXPECT(l, "holder right.use -> ok; right.used\nholder right.use -> expired\n");
    lab_close(l);
}

TEST(a_right_is_used_only_inside_the_window_of_its_token)
{
    struct lab *l = lab_open();
    struct hash token = sealed_token(l);
    struct right_grant g = lab_grant_args(l, &token);
    g.uses = 0;
    lab_grant(l, &g);
    struct hash right = lab_right_of(l, &g);
    l->now_ms = LAB_START_MS - 1;
    use(l, HOLDER, &right, 1);
    l->now_ms = LAB_START_MS;
    use(l, HOLDER, &right, 1);
    l->now_ms = LAB_START_MS + LAB_YEAR_MS - 1;
    use(l, HOLDER, &right, 2);
    l->now_ms++;
    use(l, HOLDER, &right, 3);
    LAB_EXPECT(l, "owner right.grant -> ok; right.granted\n"
                  "holder right.use -> too_early\n"
                  "holder right.use -> ok; right.used\n"
                  "holder right.use -> ok; right.used\n"
                  "holder right.use -> expired\n");
    lab_close(l);
}

TEST(a_right_is_revoked_once_by_its_grantor_or_a_regulator)
{
    static const enum lab_actor ACTORS[] = { OTHER, HOLDER, OWNER, REGULATOR };
    struct lab *l = lab_open();
    struct hash token = sealed_token(l);
    struct right_grant g = lab_grant_args(l, &token);
    for (size_t i = 0; i < COUNT(ACTORS); i++) {
        lab_grant(l, &g);
        struct hash right = lab_right_of(l, &g);
        LAB(l, ACTORS[i], METHOD_RIGHT_REVOKE, right_revoke, right, 1);
        LAB(l, REGULATOR, METHOD_RIGHT_REVOKE, right_revoke, right, 1);
        use(l, HOLDER, &right, 1);
    }
    LAB_EXPECT(l, "owner right.grant -> ok; right.granted\n"
                  "other right.revoke -> forbidden\n"
                  "regulator right.revoke -> ok; right.revoked\n"
                  "holder right.use -> revoked\n"
                  "owner right.grant -> ok; right.granted\n"
                  "holder right.revoke -> forbidden\n"
                  "regulator right.revoke -> ok; right.revoked\n"
                  "holder right.use -> revoked\n"
                  "owner right.grant -> ok; right.granted\n"
                  "owner right.revoke -> ok; right.revoked\n"
                  "regulator right.revoke -> revoked\n"
                  "holder right.use -> revoked\n"
                  "owner right.grant -> ok; right.granted\n"
                  "regulator right.revoke -> ok; right.revoked\n"
                  "regulator right.revoke -> revoked\n"
                  "holder right.use -> revoked\n");
    lab_close(l);
}
