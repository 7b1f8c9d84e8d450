/* One report of two lives, and every way of bending its file; most of them signed again. */
#include <stdlib.h>

#include "tests/fixtures/audit_fixture.h"
#include "tests/test.h"

static struct tale *told;
static struct bytes good; /* the file */

static void given_a_report(void)
{
    struct tale_input *x = calloc(1, sizeof *x);
    char why[AUDIT_REASON_SIZE];
    size_t len = 0;
    told = tale_open();
    tale_input(told, x);
    char *file = tale_report(told, x, &len, why);
    ASSERT(file != NULL);
    good = bytes_of(file, len);
    free(x);
}

static void done(void)
{
    free((void *)(uintptr_t)good.ptr);
    tale_close(told);
}

static bool refused(struct bytes file, const char *part)
{
    const char *why = tale_verify(told, file);
    if (why == NULL || strstr(why, part) == NULL) {
        printf("# %s\n", why == NULL ? "accepted" : why);
        return false;
    }
    return true;
}

/* Scalars and names of a canonical document, one after the other. */
struct token_at {
    size_t from, to;
    bool name;
};

static bool next_token(struct bytes text, size_t *at, struct token_at *out)
{
    for (; *at < text.len; (*at)++) {
        uint8_t c = text.ptr[*at];
        size_t from = *at;
        if (c == '"') {
            for (++*at; text.ptr[*at] != '"'; (*at)++) {
                *at += text.ptr[*at] == '\\' ? 1 : 0;
            }
            *out = (struct token_at){ from + 1, *at, text.ptr[*at + 1] == ':' };
            ++*at;
            if (out->from < out->to) {
                return true;
            }
            --*at;
        } else if (strchr("{}[]:,\n", c) == NULL) {
            while (*at < text.len && strchr(",]}\n", text.ptr[*at]) == NULL) {
                ++*at;
            }
            *out = (struct token_at){ from, *at, false };
            return true;
        }
    }
    return false;
}

static struct bytes copy_of(struct bytes b)
{
    uint8_t *out = malloc(b.len + 1);
    ASSERT(out != NULL);
    memcpy(out, b.ptr, b.len);
    return bytes_of(out, b.len);
}

/* ---- The report itself. */

TEST(formats_22_a_report_of_a_whole_life_verifies_with_the_genesis_alone)
{
    struct audit_result r;
    given_a_report();
    CHECK_OK(audit_verify(good, told->f->genesis.wire, &r));
    CHECK_STR(r.reason[0], "");
    CHECK(r.ok);
    CHECK_EQ(r.height, told->height);
    CHECK_EQ(r.receipts, 16);
    CHECK_EQ(r.proofs, 2 + 2 + 3 + 1 + 16 + 1);
    CHECK_EQ(r.signatures, 17 * 3 + 1);
    CHECK(hash_equal(&r.space, &told->f->genesis.space));
    done();
}

TEST(formats_22_every_event_of_a_life_is_a_statement_that_names_its_receipt)
{
    static const char *const KINDS[] = { "minted",   "minted",   "sealed",       "sealed",
                                         "moved",    "moved",    "locked",       "granted",
                                         "granted",  "granted",  "acknowledged", "acknowledged",
                                         "settled",  "used",     "used",         "revoked",
                                         "failed",   "complete", "complete",     "complete",
                                         "complete", "complete" };
    json_t *j;
    const char *kind;
    given_a_report();
    CHECK_OK(json_read(good, good.len, &j, NULL));
    const json_t *list = json_member(json_member(j, "body"), "statements");
    CHECK_EQ(json_size(list), COUNT(KINDS));
    for (size_t i = 0; i < COUNT(KINDS); i++) {
        CHECK_OK(json_get_str(json_at(list, i), "kind", &kind));
        CHECK_STR(kind, KINDS[i]);
        CHECK(json_size(json_member(json_at(list, i), "tx")) > 0);
    }
    json_free(j);
    done();
}

static void another_salt(struct genesis *g)
{
    g->salt[0] ^= 1;
}

TEST(formats_22_a_report_of_another_genesis_is_refused)
{
    struct audit_result r;
    given_a_report();
    struct fixture *other = fixture_open(another_salt);
    CHECK_OK(audit_verify(good, other->genesis.wire, &r));
    CHECK(!r.ok);
    CHECK(strstr(r.reason[0], "not one of this genesis") != NULL);
    CHECK_OK(audit_verify(good, bytes_of_str("no genesis"), &r));
    CHECK(!r.ok && strstr(r.reason[0], "genesis") != NULL);
    CHECK_OK(audit_verify(good, bytes_of(NULL, 0), &r));
    CHECK(!r.ok);
    fixture_close(other);
    done();
}

/* ---- A byte of every scalar and of every name. */

TEST(formats_22_a_flip_in_any_value_or_name_is_refused)
{
    struct token_at k;
    size_t at = 0, count = 0;
    given_a_report();
    struct bytes bent = copy_of(good);
    while (next_token(good, &at, &k)) {
        size_t place = k.from + (k.to - k.from) * (count % 5) / 5;
        tale_writable(bent)[place] ^= (uint8_t)(1U << count % 7);
        CHECK(tale_verify(told, bent) != NULL);
        tale_writable(bent)[place] ^= (uint8_t)(1U << count % 7);
        count++;
    }
    CHECK(count > 900);
    CHECK(tale_verify(told, bent) == NULL);
    free(tale_writable(bent));
    done();
}

/* The next letter or digit: a value of the same form, in which only `made` is free. */
static uint8_t turned(uint8_t c)
{
    return (uint8_t)(c == '9' ? '8' : c == 'f' ? 'e' : c == 'z' || c == 'Z' ? c - 1 : c + 1);
}

TEST(formats_22_a_value_changed_and_signed_again_is_refused_but_when_it_was_made)
{
    struct token_at k;
    size_t at = 0, count = 0, accepted = 0;
    given_a_report();
    struct bytes body = tale_body(good), bent = copy_of(body);
    CHECK(tale_signed_again(told, body) == NULL);
    const char *made = strstr((const char *)body.ptr, "\"made\":\"");
    size_t made_at = (size_t)(made - (const char *)body.ptr) + strlen("\"made\":\"");
    while (next_token(body, &at, &k)) {
        size_t place = k.to - 1 - (k.to > k.from + 1 ? 1 : 0);
        tale_writable(bent)[place] = turned(body.ptr[place]);
        bool free_to_choose = k.from == made_at;
        const char *why = tale_signed_again(told, bent);
        CHECK((why == NULL) == free_to_choose);
        accepted += why == NULL ? 1 : 0;
        tale_writable(bent)[place] = body.ptr[place];
        count++;
    }
    CHECK(count > 900);
    CHECK_EQ(accepted, 1);
    free(tale_writable(bent));
    done();
}

/* ---- Statements. */

static bool splice_refused(struct bytes body, size_t from, size_t to, struct bytes put)
{
    struct bytes bent = tale_spliced(body, from, to, put);
    const char *why = tale_signed_again(told, bent);
    free(tale_writable(bent));
    if (why == NULL) {
        printf("# accepted: %zu to %zu\n", from, to);
    }
    return why != NULL;
}

TEST(formats_22_no_statement_is_removed_repeated_or_moved)
{
    size_t from, to, next, end, count = 0;
    given_a_report();
    struct bytes body = tale_body(good);
    size_t list = tale_list_at(body, "statements");
    for (; tale_element(body, list, count, &from, &to); count++) {
        bool last = !tale_element(body, list, count + 1, &next, &end);
        size_t cut_from = last ? from - 1 : from, cut_to = last ? to : to + 1;
        CHECK(splice_refused(body, cut_from, cut_to, bytes_of(NULL, 0)));
        struct bytes again = bytes_of(body.ptr + from - 1, to - from + 1);
        struct bytes comma = count == 0 ? bytes_of(NULL, 0) : again;
        CHECK(count == 0 || splice_refused(body, to, to, comma));
        if (!last) {
            struct buf b = buf_over(malloc(end - from), end - from);
            buf_put(&b, bytes_of(body.ptr + next, end - next));
            buf_put_u8(&b, ',');
            buf_put(&b, bytes_of(body.ptr + from, to - from));
            bool same = bytes_equal(buf_bytes(&b), bytes_of(body.ptr + from, end - from));
            CHECK(same || splice_refused(body, from, end, buf_bytes(&b)));
            free(b.ptr);
        }
    }
    CHECK_EQ(count, 22);
    done();
}

TEST(formats_22_no_statement_is_added)
{
    static const char LIE[] =
        "{\"height\":\"1\",\"kind\":\"moved\",\"text\":{\"en\":\"All is well.\",\"zh\":\"\"},"
        "\"time\":\"2027-01-15T08:00:01.000Z\",\"tx\":[],\"values\":{}},";
    given_a_report();
    struct bytes body = tale_body(good);
    size_t at = tale_list_at(body, "statements") + 1;
    CHECK(splice_refused(body, at, at, bytes_of_str(LIE)));
    done();
}

TEST(formats_22_a_member_that_nobody_knows_is_refused)
{
    static const char *const NAMES[] = { "attachments", "committee", "tokens", "version" };
    given_a_report();
    struct bytes body = tale_body(good);
    CHECK(splice_refused(body, 1, 1, bytes_of_str("\"aaa\":1,")));
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        char text[64];
        snprintf(text, sizeof text, "\"%s\":", NAMES[i]);
        const char *found = strstr((const char *)body.ptr, text);
        CHECK(found != NULL);
        size_t at = (size_t)(found - (const char *)body.ptr);
        CHECK(splice_refused(body, at, at, bytes_of_str("\"zzz\":\"</script>\",")));
    }
    done();
}

/* ---- Signatures. */

TEST(formats_22_the_signature_is_by_a_key_of_the_reporters_document)
{
    size_t len;
    given_a_report();
    for (uint32_t actor = 0; actor < FIXTURE_PARTICIPANTS; actor++) {
        char *file = tale_sign(told, actor, tale_body(good), &len);
        bool own = actor == TALE_REGULATOR;
        CHECK(own || refused(bytes_of(file, len), "the signature is not the reporter's"));
        CHECK(!own || tale_verify(told, bytes_of(file, len)) == NULL);
        free(file);
    }
    done();
}

static char *wrapped(const struct hash *did, uint32_t key, struct bytes value, size_t *len)
{
    char *out;
    enum err e = audit_wrap(tale_body(good), did, key, value, &out, len);
    ASSERT(e == ERR_NONE);
    return out;
}

TEST(formats_22_the_signature_is_in_the_reporters_name_and_by_a_key_that_it_has)
{
    uint8_t seed[SUITE_SECRET_SIZE], value[SUITE_SIGNATURE_SIZE_MAX];
    size_t len;
    given_a_report();
    const struct suite *s = told->f->suite;
    fixture_seed(TALE_OWNER, seed);
    suite_sign_tagged(s, seed, AUDIT_SIGNATURE_TAG, tale_body(good), value);
    struct bytes other = bytes_of(value, s->signature_size);
    char *file = wrapped(&told->f->did[TALE_OWNER], 1, other, &len);
    CHECK(refused(bytes_of(file, len), "the signature is not the reporter's"));
    free(file);
    fixture_seed(TALE_REGULATOR, seed);
    suite_sign_tagged(s, seed, AUDIT_SIGNATURE_TAG, tale_body(good), value);
    file = wrapped(&told->f->did[TALE_REGULATOR], 2, other, &len);
    CHECK(refused(bytes_of(file, len), "the signature is not the reporter's"));
    free(file);
    file = wrapped(&told->f->did[TALE_REGULATOR], 1, bytes_of(value, 63), &len);
    CHECK(refused(bytes_of(file, len), "the signature is not the reporter's"));
    free(file);
    suite_sign_tagged(s, seed, "carnet/tx/v1", tale_body(good), value);
    file = wrapped(&told->f->did[TALE_REGULATOR], 1, other, &len);
    CHECK(refused(bytes_of(file, len), "the signature is not the reporter's"));
    free(file);
    done();
}

TEST(audit_build_does_not_write_what_another_key_signs)
{
    given_a_report();
    struct tale_input *x = calloc(1, sizeof *x);
    char why[AUDIT_REASON_SIZE] = "", *out = NULL;
    size_t len;
    tale_input(told, x);
    x->in.reporter = told->f->did[TALE_OWNER];
    CHECK(tale_report(told, x, &len, why) == NULL);
    CHECK(strstr(why, "reporter") != NULL);
    x->in.reporter_record = tale_record(told, contract_key_did(&x->in.reporter));
    out = tale_report(told, x, &len, why);
    CHECK(out == NULL);
    CHECK_STR(why, "the key is not one of the reporter's document");
    free(x);
    done();
}
