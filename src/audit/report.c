/* Building a report, and judging one: read it, prove it, build it again, compare the bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "base/clock.h"

/* ---- What stands in a file, before anything of it is believed. */

struct report {
    struct audit_input in;
    struct hash signer;
    uint32_t key;
    struct bytes signature;
};

static enum err text_bytes(const char *text, struct arena *a, struct bytes *out)
{
    size_t len, cap = text == NULL ? 0 : strlen(text);
    if (text == NULL) {
        return ERR_ENCODING;
    }
    uint8_t *room = arena_alloc(a, cap + 1);
    if (room == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(base64url_decode(text, cap, room, cap, &len));
    *out = bytes_of(room, len);
    return ERR_NONE;
}

static enum err read_bytes(const json_t *j, const char *key, struct arena *a, struct bytes *out)
{
    const char *text;
    TRY(json_get_str(j, key, &text));
    return text_bytes(text, a, out);
}

static enum err read_u32(const json_t *j, const char *key, uint32_t *out)
{
    int64_t x;
    TRY(json_get_int(j, key, &x));
    if (x < 0 || x > UINT32_MAX) {
        return ERR_RANGE;
    }
    *out = (uint32_t)x;
    return ERR_NONE;
}

static enum err read_list(const json_t *body, const char *key, size_t count_max, const json_t **out)
{
    const json_t *list = json_member(body, key);
    if (list == NULL || !json_is_list(list)) {
        return ERR_UNREADABLE;
    }
    *out = list;
    return json_size(list) > count_max ? ERR_SIZE : ERR_NONE;
}

static enum err read_records(const json_t *body, const char *key, struct arena *a,
                             const struct audit_record **out, size_t *count)
{
    const json_t *list;
    TRY(read_list(body, key, AUDIT_RECORDS_MAX, &list));
    struct audit_record *r = ARENA_ARRAY(a, struct audit_record, json_size(list));
    if (r == NULL) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < json_size(list); i++) {
        TRY(json_get_hash(json_at(list, i), "id", &r[i].id));
        TRY(read_bytes(json_at(list, i), "record", a, &r[i].proof));
    }
    *out = r;
    *count = json_size(list);
    return ERR_NONE;
}

static enum err read_txs(const json_t *body, struct arena *a, struct audit_input *in)
{
    const json_t *list;
    TRY(read_list(body, "transactions", AUDIT_TXS_MAX, &list));
    struct audit_tx *t = ARENA_ARRAY(a, struct audit_tx, json_size(list));
    if (t == NULL) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < json_size(list); i++) {
        TRY(json_get_hash(json_at(list, i), "id", &t[i].id));
        TRY(read_bytes(json_at(list, i), "proof", a, &t[i].proof));
    }
    in->tx = t;
    in->tx_count = json_size(list);
    return ERR_NONE;
}

static enum err read_attachments(const json_t *body, struct arena *a, struct audit_input *in)
{
    const json_t *list;
    TRY(read_list(body, "attachments", AUDIT_TXS_MAX, &list));
    struct audit_attachment *x = ARENA_ARRAY(a, struct audit_attachment, json_size(list));
    if (x == NULL) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < json_size(list); i++) {
        const json_t *j = json_at(list, i);
        struct bytes salt;
        TRY(json_get_hash(j, "transaction", &x[i].transaction));
        TRY(read_u32(j, "index", &x[i].index));
        TRY(read_u32(j, "media_type", &x[i].media_type));
        TRY(read_bytes(j, "content", a, &x[i].content));
        TRY(read_bytes(j, "salt", a, &salt));
        if (salt.len != sizeof x[i].salt) {
            return ERR_SIZE;
        }
        memcpy(x[i].salt, salt.ptr, salt.len);
    }
    in->attachment = x;
    in->attachment_count = json_size(list);
    return ERR_NONE;
}

static enum err read_range(const json_t *body, struct audit_input *in)
{
    const char *from, *to;
    const json_t *range = json_member(body, "range");
    if (range == NULL) {
        return ERR_NONE;
    }
    in->ranged = true;
    TRY(json_get_str(range, "from", &from));
    TRY(json_get_str(range, "to", &to));
    TRY(clock_parse_day(from, &in->from_day));
    return clock_parse_day(to, &in->to_day);
}

static enum err read_hand_overs(const json_t *body, struct arena *a, struct audit_input *in)
{
    const json_t *list = json_member(body, "hand_overs");
    if (list == NULL) {
        return ERR_NONE;
    }
    struct bytes *x = ARENA_ARRAY(a, struct bytes, PROOF_HAND_OVERS_MAX);
    if (x == NULL) {
        return ERR_NO_SPACE;
    }
    if (json_size(list) == 0 || json_size(list) > PROOF_HAND_OVERS_MAX) {
        return ERR_SIZE;
    }
    for (size_t i = 0; i < json_size(list); i++) {
        TRY(text_bytes(json_text_of(json_at(list, i)), a, &x[i]));
    }
    in->hand_over = x;
    in->hand_over_count = json_size(list);
    return ERR_NONE;
}

static enum err read_body(const json_t *body, struct arena *a, struct audit_input *in)
{
    const char *made;
    const json_t *reporter = json_member(body, "reporter");
    if (reporter == NULL) {
        return ERR_NOT_FOUND;
    }
    TRY(json_get_str(body, "made", &made));
    TRY(clock_parse(made, &in->made_ms));
    TRY(read_bytes(body, "header", a, &in->certified));
    TRY(read_hand_overs(body, a, in));
    TRY(json_get_hash(reporter, "did", &in->reporter));
    TRY(read_bytes(reporter, "record", a, &in->reporter_record));
    TRY(read_range(body, in));
    TRY(read_records(body, "tokens", a, &in->token, &in->token_count));
    TRY(read_records(body, "rights", a, &in->right, &in->right_count));
    TRY(read_records(body, "locks", a, &in->lock, &in->lock_count));
    TRY(read_txs(body, a, in));
    return read_attachments(body, a, in);
}

static enum err read_report(const json_t *file, struct arena *a, struct report *out)
{
    const json_t *body = json_member(file, "body");
    const json_t *signature = json_member(file, "signature");
    if (body == NULL || signature == NULL) {
        return ERR_NOT_FOUND;
    }
    TRY(read_body(body, a, &out->in));
    TRY(json_get_hash(signature, "did", &out->signer));
    TRY(read_u32(signature, "key", &out->key));
    return read_bytes(signature, "value", a, &out->signature);
}

/* ---- Judging. */

static bool signature_good(const struct audit_facts *f, uint32_t key, struct bytes body,
                           struct bytes signature)
{
    const struct did_document *d = &f->reporter;
    for (uint32_t i = 0; i < d->key_count; i++) {
        if (d->key[i].id == key && d->key[i].use == DID_SIGN &&
            d->key[i].suite == f->in->suite->number) {
            return suite_verify_tagged(f->in->suite, d->key[i].public_key, AUDIT_SIGNATURE_TAG,
                                       body, signature);
        }
    }
    return false;
}

static void say(char why[AUDIT_REASON_SIZE], const char *text)
{
    snprintf(why, AUDIT_REASON_SIZE, "%s", text);
}

/* Everything that stands in the file has one form, and this is it. */
static enum err compare(struct bytes file, const struct report *r, const struct audit_facts *f,
                        struct arena *a, char why[AUDIT_REASON_SIZE])
{
    char *body, *whole;
    size_t body_len, whole_len;
    TRY(audit_body(f, a, &body, &body_len));
    enum err e =
        audit_wrap(bytes_of(body, body_len), &r->signer, r->key, r->signature, &whole, &whole_len);
    if (e == ERR_NONE) {
        size_t at = 0;
        while (at < file.len && at < whole_len && file.ptr[at] == (uint8_t)whole[at]) {
            at++;
        }
        if (at != file.len || at != whole_len) {
            snprintf(why, AUDIT_REASON_SIZE,
                     "byte %zu is not what the proofs inside give: a statement, a number or the "
                     "form is another",
                     at);
            e = ERR_INTEGRITY;
        } else if (!hash_equal(&r->signer, &r->in.reporter) ||
                   !signature_good(f, r->key, bytes_of(body, body_len), r->signature)) {
            say(why, "the signature is not the reporter's");
            e = ERR_INTEGRITY;
        }
        free(whole);
    }
    json_text_free(body);
    return e;
}

static enum err judge(struct bytes file, const json_t *j, struct report *r, struct arena *a,
                      struct audit_result *result, char why[AUDIT_REASON_SIZE])
{
    struct audit_facts f;
    enum err e = read_report(j, a, r);
    if (e != ERR_NONE) {
        say(why, e == ERR_SIZE ? "a list or a value is longer than its limit"
                               : "a member is missing or of another type");
        return e;
    }
    TRY(audit_check(&r->in, a, &f, why));
    say(why, "a receipt holds an event that this release cannot read");
    TRY(compare(file, r, &f, a, why));
    result->height = f.header.height;
    result->receipts = f.receipts;
    result->proofs = f.proofs;
    result->signatures = f.signatures;
    return ERR_NONE;
}

/* The words beside a report are the prose that the genesis file's law names, or none. */
static enum err check_words(const struct report *r, struct bytes words, struct arena *a,
                            char why[AUDIT_REASON_SIZE])
{
    const struct policy_set *set;
    struct hash own;
    if (words.len == 0) {
        return ERR_NONE;
    }
    say(why, "the words in the page are not those of the genesis file's law");
    TRY(policy_set_open(r->in.genesis->pack_set, r->in.suite, a, &set));
    hash_tagged(r->in.suite, "carnet/prose/v1", words, &own);
    return hash_equal(&own, policy_set_prose_hash(set)) ? ERR_NONE : ERR_INTEGRITY;
}

/* Report and words are proved; what a page makes of them is only known of our own page. */
static enum err check_page(struct bytes file, struct bytes report, struct bytes words,
                           char why[AUDIT_REASON_SIZE])
{
    char *page;
    size_t len;
    if (file.ptr == report.ptr) {
        return ERR_NONE;
    }
    TRY(audit_html(report, words, &page, &len));
    bool own = bytes_equal(file, bytes_of(page, len));
    free(page);
    if (!own) {
        say(why, "the report in the page holds, but the page is not the one that this release "
                 "writes: it may show something else");
    }
    return own ? ERR_NONE : ERR_INTEGRITY;
}

static enum err open_genesis(struct bytes wire, struct arena *a, struct report *r,
                             struct genesis *g)
{
    uint32_t number;
    TRY(genesis_suite(wire, a, &number));
    r->in.suite = suite_by_number(number);
    r->in.genesis = g;
    return r->in.suite == NULL ? ERR_VERSION : genesis_decode(r->in.suite, wire, a, g);
}

static enum err verify(struct bytes file, struct bytes genesis, const struct proof_caller *caller,
                       struct arena *a, struct audit_result *result, char why[AUDIT_REASON_SIZE])
{
    struct report r = { .in.caller = caller };
    struct genesis g;
    struct bytes report, words;
    json_t *j;
    say(why, "the genesis file is not one that this release knows");
    TRY(open_genesis(genesis, a, &r, &g));
    result->space = g.space;
    say(why, "not a report: a page without its data, or with more than its own");
    TRY(audit_unpack(file, &report, &words));
    TRY(check_words(&r, words, a, why));
    char parse[JSON_ERROR_SIZE] = "";
    enum err e = json_read(report, AUDIT_REPORT_SIZE_MAX, &j, parse);
    if (e != ERR_NONE) {
        snprintf(why, AUDIT_REASON_SIZE, "not a report: %.150s", parse);
        return e;
    }
    e = judge(report, j, &r, a, result, why);
    json_free(j);
    return e != ERR_NONE ? e : check_page(file, report, words, why);
}

enum err audit_verify(struct bytes report, struct bytes genesis, struct audit_result *result)
{
    return audit_verify_by(report, genesis, NULL, result);
}

enum err audit_verify_by(struct bytes report, struct bytes genesis,
                         const struct proof_caller *caller, struct audit_result *result)
{
    void *memory = malloc(AUDIT_ARENA_SIZE);
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    struct audit_result own = { 0 };
    struct arena a = arena_over(memory, AUDIT_ARENA_SIZE);
    enum err e = verify(report, genesis, caller, &a, &own, own.reason[0]);
    free(memory);
    own.ok = e == ERR_NONE;
    own.reason_count = own.ok ? 0 : 1;
    if (own.ok) {
        own.reason[0][0] = '\0';
    } else if (e == ERR_NO_SPACE) {
        say(own.reason[0], "the report needs more memory than its limit");
    }
    *result = own;
    return ERR_NONE;
}

/* ---- Building. */

enum err audit_build(const struct audit_input *in, const struct audit_signer *signer, char **out,
                     size_t *len, char why[AUDIT_REASON_SIZE])
{
    struct audit_facts f;
    char *body = NULL;
    size_t body_len;
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX];
    void *memory = malloc(AUDIT_ARENA_SIZE);
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    struct arena a = arena_over(memory, AUDIT_ARENA_SIZE);
    say(why, "memory");
    enum err e = audit_check(in, &a, &f, why);
    e = e == ERR_NONE ? audit_body(&f, &a, &body, &body_len) : e;
    if (e == ERR_NONE) {
        struct bytes text = bytes_of(body, body_len);
        signer->sign(signer->ctx, text, signature);
        struct bytes value = bytes_of(signature, in->suite->signature_size);
        if (signature_good(&f, signer->key, text, value)) {
            e = audit_wrap(text, &in->reporter, signer->key, value, out, len);
        } else {
            say(why, "the key is not one of the reporter's document");
            e = ERR_SIGNATURE;
        }
        json_text_free(body);
    }
    free(memory);
    return e;
}
