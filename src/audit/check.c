/* From the genesis file to what a report may state: every proof, every chain, nothing left out. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "base/clock.h"

struct hex_text {
    char text[HEX_SIZE(HASH_SIZE) + 1];
};

static struct hex_text hex_of(const struct hash *h)
{
    struct hex_text out;
    hex_encode(bytes_of_hash(h), out.text);
    return out;
}

__attribute__((format(printf, 2, 3))) static enum err refuse(char *why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why, AUDIT_REASON_SIZE, format, args);
    va_end(args);
    return ERR_INTEGRITY;
}

/* Whatever a proof lacks is a matter of the file; memory is a matter of ours. */
static enum err judged(enum err e, char *why, const char *what, const struct hash *id)
{
    if (e == ERR_NONE || e == ERR_NO_SPACE) {
        return e;
    }
    return refuse(why, "%s %s is not proved: %s", what, hex_of(id).text, err_text(e));
}

static enum err proved_value(const struct audit_facts *f, struct bytes proof,
                             struct contract_key key, struct arena *a, struct bytes *value)
{
    uint16_t contract;
    struct bytes own;
    TRY(proof_verify_state(f->in->suite, &f->header.state_root, proof, a, &contract, &own, value));
    if (contract != key.contract || !bytes_equal(own, contract_key_bytes(&key))) {
        return ERR_PROOF;
    }
    return value->ptr == NULL ? ERR_NOT_FOUND : ERR_NONE;
}

static enum err check_header(struct audit_facts *f, struct arena *a, char *why)
{
    enum proof_step step;
    struct hash hash;
    const struct audit_input *in = f->in;
    enum err e = proof_follow(in->suite, in->genesis, in->hand_over, (uint32_t)in->hand_over_count,
                              a, &f->trust, &step);
    if (e == ERR_NONE) {
        e = proof_verify_header_by(in->suite, in->genesis, &f->trust, in->caller, in->certified, a,
                                   &f->header, &hash, &step);
    }
    if (e == ERR_NONE) {
        f->committee = &f->trust.committee[f->trust.count - 1];
        return proof_header_seats(f->in->certified, a, &f->seats);
    }
    if (e == ERR_NO_SPACE) {
        return e;
    }
    return refuse(why, "the certified header is not one of this genesis: %s",
                  proof_step_name(step));
}

static enum err check_reporter(struct audit_facts *f, struct arena *a, char *why)
{
    struct bytes value;
    struct did_record record;
    struct contract_key key = contract_key_did(&f->in->reporter);
    enum err e = proved_value(f, f->in->reporter_record, key, a, &value);
    e = e == ERR_NONE ? did_record_decode(value, a, &record) : e;
    TRY(judged(e, why, "reporter", &f->in->reporter));
    f->reporter = record.document;
    return ERR_NONE;
}

static const struct token_record *token_of(const struct audit_facts *f, const struct hash *id)
{
    for (size_t i = 0; i < f->in->token_count; i++) {
        if (hash_equal(&f->in->token[i].id, id)) {
            return &f->token[i];
        }
    }
    return NULL;
}

static enum err check_order(const struct audit_record *r, size_t count, const char *what, char *why)
{
    if (count > AUDIT_RECORDS_MAX) {
        return refuse(why, "more than %d records of one kind", AUDIT_RECORDS_MAX);
    }
    for (size_t i = 1; i < count; i++) {
        if (hash_compare(&r[i - 1].id, &r[i].id) >= 0) {
            return refuse(why, "%s %s stands twice or out of order", what, hex_of(&r[i].id).text);
        }
    }
    return ERR_NONE;
}

static enum err check_tokens(struct audit_facts *f, struct arena *a, char *why)
{
    const struct audit_input *in = f->in;
    if (in->token_count == 0) {
        return refuse(why, "the report is of no token");
    }
    TRY(check_order(in->token, in->token_count, "token", why));
    f->token = ARENA_ARRAY(a, struct token_record, in->token_count);
    if (f->token == NULL) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < in->token_count; i++) {
        struct bytes value;
        struct contract_key key = contract_key_token(&in->token[i].id);
        enum err e = proved_value(f, in->token[i].proof, key, a, &value);
        e = e == ERR_NONE ? token_record_decode(value, a, &f->token[i]) : e;
        TRY(judged(e, why, "token", &in->token[i].id));
    }
    return ERR_NONE;
}

/* A token's record counts the rights granted under it: as many must be listed. */
static enum err check_right_counts(const struct audit_facts *f, char *why)
{
    for (size_t t = 0; t < f->in->token_count; t++) {
        uint64_t count = 0;
        for (size_t i = 0; i < f->in->right_count; i++) {
            count += hash_equal(&f->right[i].token, &f->in->token[t].id) ? 1 : 0;
        }
        if (count != f->token[t].rights) {
            return refuse(why, "token %s: %llu rights listed, its record says %llu",
                          hex_of(&f->in->token[t].id).text, (unsigned long long)count,
                          (unsigned long long)f->token[t].rights);
        }
    }
    return ERR_NONE;
}

static enum err check_rights(struct audit_facts *f, struct arena *a, char *why)
{
    const struct audit_input *in = f->in;
    TRY(check_order(in->right, in->right_count, "right", why));
    f->right = ARENA_ARRAY(a, struct right_record, in->right_count);
    if (f->right == NULL) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < in->right_count; i++) {
        struct bytes value;
        struct contract_key key = contract_key_right(&in->right[i].id);
        enum err e = proved_value(f, in->right[i].proof, key, a, &value);
        e = e == ERR_NONE ? right_record_decode(value, a, &f->right[i]) : e;
        TRY(judged(e, why, "right", &in->right[i].id));
        if (token_of(f, &f->right[i].token) == NULL) {
            return refuse(why, "right %s is under no token of the report",
                          hex_of(&in->right[i].id).text);
        }
    }
    return check_right_counts(f, why);
}

static enum err check_locks(struct audit_facts *f, struct arena *a, char *why)
{
    const struct audit_input *in = f->in;
    TRY(check_order(in->lock, in->lock_count, "lock", why));
    f->lock = ARENA_ARRAY(a, struct lock_record, in->lock_count);
    if (f->lock == NULL) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < in->lock_count; i++) {
        struct bytes value;
        struct contract_key key = contract_key_lock(&in->lock[i].id);
        enum err e = proved_value(f, in->lock[i].proof, key, a, &value);
        e = e == ERR_NONE ? lock_record_decode(value, a, &f->lock[i]) : e;
        TRY(judged(e, why, "lock", &in->lock[i].id));
        if (token_of(f, &f->lock[i].token) == NULL) {
            return refuse(why, "lock %s is for no token of the report",
                          hex_of(&in->lock[i].id).text);
        }
    }
    return ERR_NONE;
}

static bool tx_before(const struct proved_tx *a, const struct proved_tx *b)
{
    return a->header.height < b->header.height ||
           (a->header.height == b->header.height && a->receipt.index < b->receipt.index);
}

static enum err check_txs(struct audit_facts *f, struct arena *a, char *why)
{
    const struct audit_input *in = f->in;
    if (in->tx_count > AUDIT_TXS_MAX) {
        return refuse(why, "more than %d transactions", AUDIT_TXS_MAX);
    }
    f->tx = ARENA_ARRAY(a, struct proved_tx, in->tx_count);
    if (f->tx == NULL) {
        return ERR_NO_SPACE;
    }
    for (size_t i = 0; i < in->tx_count; i++) {
        enum proof_step step = PROOF_OK;
        const struct hash *id = &in->tx[i].id;
        enum err e = proof_verify_tx_by(in->suite, in->genesis, in->caller, in->tx[i].proof, a,
                                        &f->tx[i], &step);
        if (e == ERR_NO_SPACE) {
            return e;
        }
        if (e != ERR_NONE || !hash_equal(&f->tx[i].tx.id, id)) {
            return refuse(why, "transaction %s is not proved: %s", hex_of(id).text,
                          e == ERR_NONE ? "the proof is of another" : proof_step_name(step));
        }
        if (f->tx[i].header.height > f->header.height) {
            return refuse(why, "transaction %s is above the report's height", hex_of(id).text);
        }
        if (i > 0 && !tx_before(&f->tx[i - 1], &f->tx[i])) {
            return refuse(why, "transaction %s stands twice or out of order", hex_of(id).text);
        }
    }
    return ERR_NONE;
}

/* Only these contracts extend chains. An anchored value, the payee of money without a lock and the
 * one subject of an acknowledgement that is about no token may be any 32 bytes, those of a token
 * included: whoever mints chooses them. Such an event is none of that token. */
bool audit_event_chained(uint32_t contract, uint32_t type, size_t subjects)
{
    return contract == CONTRACT_TOKEN || contract == CONTRACT_RIGHT ||
           (contract == CONTRACT_ATTACHMENT && subjects > 1) ||
           (contract == CONTRACT_MONEY && type >= EVENT_MONEY_LOCKED);
}

const struct token_record *audit_event_token(const struct audit_facts *f, const struct event *e)
{
    bool chained = audit_event_chained(e->contract, e->type, e->subject_count);
    return chained && e->subject_count > 0 ? token_of(f, &e->subject[0]) : NULL;
}

bool audit_event_of_right(const struct event *e, const struct right_record *r)
{
    return e->subject_count > 1 && hash_equal(&e->subject[0], &r->token) &&
           hash_equal(&e->subject[1], &r->right);
}

static enum err compare_chain(const struct event_chain *own, const struct event_chain *record,
                              const char *what, const struct hash *id, char *why)
{
    if (own->count != record->count) {
        return refuse(why, "%s %s: %llu events in the receipts, its record counts %llu", what,
                      hex_of(id).text, (unsigned long long)own->count,
                      (unsigned long long)record->count);
    }
    if (!hash_equal(&own->chain, &record->chain)) {
        return refuse(why, "%s %s: the receipts' events are not those its record chains", what,
                      hex_of(id).text);
    }
    return ERR_NONE;
}

/* The chain of a token (right NULL) or of a right, from the receipts, against its record. */
static enum err check_chain(const struct audit_facts *f, const struct token_record *token,
                            const struct right_record *right, struct arena *a, char *why)
{
    struct event_chain own = { 0 };
    for (size_t i = 0; i < f->in->tx_count; i++) {
        const struct receipt *r = &f->tx[i].receipt;
        for (uint32_t j = 0; j < r->event_count; j++) {
            struct bytes wire;
            size_t mark = arena_mark(a);
            if (audit_event_token(f, &r->event[j]) != token ||
                (right != NULL && !audit_event_of_right(&r->event[j], right))) {
                continue;
            }
            TRY(event_encode(&r->event[j], a, &wire));
            contract_chain_extend(f->in->suite, &own, wire);
            arena_release(a, mark);
        }
    }
    return right == NULL ? compare_chain(&own, &token->events, "token", &token->token, why)
                         : compare_chain(&own, &right->events, "right", &right->right, why);
}

static enum err check_chains(const struct audit_facts *f, struct arena *a, char *why)
{
    for (size_t i = 0; i < f->in->token_count; i++) {
        TRY(check_chain(f, &f->token[i], NULL, a, why));
    }
    for (size_t i = 0; i < f->in->right_count; i++) {
        TRY(check_chain(f, token_of(f, &f->right[i].token), &f->right[i], a, why));
    }
    return ERR_NONE;
}

/* Whether one of the token's events is of a block of the range's days. */
static bool happened(const struct audit_facts *f, const struct token_record *token)
{
    for (size_t i = 0; i < f->in->tx_count; i++) {
        const struct receipt *r = &f->tx[i].receipt;
        uint32_t day = clock_day_at(f->tx[i].header.time_ms, 0);
        bool in = day >= f->in->from_day && day <= f->in->to_day;
        for (uint32_t j = 0; in && j < r->event_count; j++) {
            if (audit_event_token(f, &r->event[j]) == token) {
                return true;
            }
        }
    }
    return false;
}

/* A range chose each token; that it chose all there are nothing here can show. */
static enum err check_range(const struct audit_facts *f, char *why)
{
    if (f->in->ranged && f->in->from_day > f->in->to_day) {
        return refuse(why, "the range ends before it begins");
    }
    for (size_t i = 0; f->in->ranged && i < f->in->token_count; i++) {
        if (!happened(f, &f->token[i])) {
            return refuse(why, "nothing happened to token %s then",
                          hex_of(&f->token[i].token).text);
        }
    }
    return ERR_NONE;
}

/* The lock that a money event of a listed token names. */
static bool event_lock(const struct audit_facts *f, const struct event *e, struct arena *a,
                       struct hash *lock)
{
    struct money_moved m;
    if (e->contract != CONTRACT_MONEY || audit_event_token(f, e) == NULL ||
        money_moved_decode(e->body, a, &m) != ERR_NONE) {
        return false;
    }
    *lock = m.lock;
    return true;
}

static bool listed(const struct audit_record *r, size_t count, const struct hash *id)
{
    for (size_t i = 0; i < count; i++) {
        if (hash_equal(&r[i].id, id)) {
            return true;
        }
    }
    return false;
}

/* Money locked for a token is an event of the token: the locks named are the locks listed. */
static enum err check_lock_set(const struct audit_facts *f, struct arena *a, char *why)
{
    size_t opened = 0;
    struct hash lock;
    for (size_t i = 0; i < f->in->tx_count; i++) {
        const struct receipt *r = &f->tx[i].receipt;
        for (uint32_t j = 0; j < r->event_count; j++) {
            if (!event_lock(f, &r->event[j], a, &lock)) {
                continue;
            }
            if (!listed(f->in->lock, f->in->lock_count, &lock)) {
                return refuse(why, "lock %s is named by an event and not listed",
                              hex_of(&lock).text);
            }
            opened += r->event[j].type == EVENT_MONEY_LOCKED ? 1 : 0;
        }
    }
    return opened == f->in->lock_count ? ERR_NONE
                                       : refuse(why, "a lock is listed that no event opened");
}

/* A failed transaction has no events; what it asked for is in its arguments. */
static bool failed_concerns(const struct audit_facts *f, const struct tx_body *b, struct arena *a)
{
    union {
        struct right_grant grant;
        struct right_use use;
        struct right_release release;
        struct right_revoke revoke;
        struct token_state state;
        struct token_seal seal;
        struct money_lock lock;
    } x;
    switch ((enum contract_method_number)b->method) {
    case METHOD_RIGHT_GRANT:
        return right_grant_decode(b->args, a, &x.grant) == ERR_NONE &&
               token_of(f, &x.grant.token) != NULL;
    case METHOD_RIGHT_USE:
        return right_use_decode(b->args, a, &x.use) == ERR_NONE &&
               listed(f->in->right, f->in->right_count, &x.use.right);
    case METHOD_RIGHT_RELEASE:
        return right_release_decode(b->args, a, &x.release) == ERR_NONE &&
               listed(f->in->right, f->in->right_count, &x.release.right);
    case METHOD_RIGHT_REVOKE:
        return right_revoke_decode(b->args, a, &x.revoke) == ERR_NONE &&
               listed(f->in->right, f->in->right_count, &x.revoke.right);
    case METHOD_TOKEN_FREEZE:
    case METHOD_TOKEN_THAW:
    case METHOD_TOKEN_REVOKE:
    case METHOD_TOKEN_ARCHIVE:
        return token_state_decode(b->args, a, &x.state) == ERR_NONE &&
               token_of(f, &x.state.token) != NULL;
    case METHOD_TOKEN_SEAL:
        return token_seal_decode(b->args, a, &x.seal) == ERR_NONE &&
               token_of(f, &x.seal.token) != NULL;
    case METHOD_MONEY_LOCK:
        return money_lock_decode(b->args, a, &x.lock) == ERR_NONE &&
               token_of(f, &x.lock.token) != NULL;
    case METHOD_DID_CREATE:
    case METHOD_TOKEN_MINT:
    case METHOD_ATTACHMENT_ACK:
    case METHOD_ATTACHMENT_REJECT:
    case METHOD_MONEY_ISSUE:
    case METHOD_MONEY_PAY:
    case METHOD_MONEY_SETTLE:
    case METHOD_MONEY_REFUND:
    case METHOD_PACK_PUT:
    case METHOD_GOVERNANCE_PROPOSE:
    case METHOD_GOVERNANCE_APPROVE:
    case METHOD_GOVERNANCE_SEAT:
    case METHOD_EVIDENCE_ANCHOR:
        break;
    }
    return false;
}

/* Nothing is in a report that no statement rests on. */
static enum err check_used(const struct audit_facts *f, struct arena *a, char *why)
{
    for (size_t i = 0; i < f->in->tx_count; i++) {
        const struct receipt *r = &f->tx[i].receipt;
        size_t mark = arena_mark(a);
        bool used = r->status != RECEIPT_OK && failed_concerns(f, &f->tx[i].tx.body, a);
        arena_release(a, mark);
        for (uint32_t j = 0; j < r->event_count; j++) {
            used = used || audit_event_token(f, &r->event[j]) != NULL;
        }
        if (!used) {
            return refuse(why, "transaction %s is about no token of the report",
                          hex_of(&f->in->tx[i].id).text);
        }
    }
    return ERR_NONE;
}

static const struct tx *tx_by_id(const struct audit_facts *f, const struct hash *id)
{
    for (size_t i = 0; i < f->in->tx_count; i++) {
        if (hash_equal(&f->in->tx[i].id, id) && f->tx[i].receipt.status == RECEIPT_OK) {
            return &f->tx[i].tx;
        }
    }
    return NULL;
}

static enum err check_attachments(const struct audit_facts *f, char *why)
{
    for (size_t i = 0; i < f->in->attachment_count; i++) {
        const struct audit_attachment *x = &f->in->attachment[i];
        const struct tx *tx = tx_by_id(f, &x->transaction);
        struct attachment_plain plain = { .media_type = x->media_type, .content = x->content };
        struct hash commitment;
        memcpy(plain.salt, x->salt, sizeof plain.salt);
        attachment_commit(f->in->suite, &plain, &commitment);
        if (tx == NULL || x->index >= tx->body.attachment_count ||
            tx->body.attachment[x->index].size != x->content.len ||
            !hash_equal(&tx->body.attachment[x->index].commitment, &commitment)) {
            return refuse(why, "attachment %u of transaction %s is not what was committed to",
                          x->index, hex_of(&x->transaction).text);
        }
        int order = i == 0 ? -1 : hash_compare(&x[-1].transaction, &x->transaction);
        if (order > 0 || (order == 0 && x[-1].index >= x->index)) {
            return refuse(why, "attachment %u of transaction %s stands twice or out of order",
                          x->index, hex_of(&x->transaction).text);
        }
    }
    return ERR_NONE;
}

enum err audit_check(const struct audit_input *in, struct arena *a, struct audit_facts *out,
                     char why[AUDIT_REASON_SIZE])
{
    struct audit_facts f = { .in = in };
    TRY(check_header(&f, a, why));
    TRY(check_reporter(&f, a, why));
    TRY(check_tokens(&f, a, why));
    TRY(check_rights(&f, a, why));
    TRY(check_locks(&f, a, why));
    TRY(check_txs(&f, a, why));
    TRY(check_used(&f, a, why));
    TRY(check_chains(&f, a, why));
    TRY(check_range(&f, why));
    TRY(check_lock_set(&f, a, why));
    TRY(check_attachments(&f, why));
    audit_count(&f);
    *out = f;
    return ERR_NONE;
}
