/* The one form of a report: from proved facts to canonical bytes. */
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "base/clock.h"

static uint32_t least_quorum(const struct trust *t)
{
    uint32_t seats = t->committee[0].count;
    for (uint32_t i = 1; i < t->count; i++) {
        seats = t->committee[i].count < seats ? t->committee[i].count : seats;
    }
    return committee_quorum(seats);
}

void audit_count(struct audit_facts *f)
{
    const struct audit_input *in = f->in;
    f->receipts = in->tx_count;
    /* The header, the reporter, each record, each receipt, each opened commitment. */
    f->proofs = 2 + in->token_count + in->right_count + in->lock_count + in->tx_count +
                in->attachment_count;
    /* At least: a quorum under each certificate, and the reporter's. */
    f->signatures = (1 + in->tx_count) * least_quorum(&f->trust) + 1;
    f->committed = 0;
    for (size_t i = 0; i < in->tx_count; i++) {
        bool ok = f->tx[i].receipt.status == RECEIPT_OK;
        f->committed += ok ? f->tx[i].tx.body.attachment_count : 0;
    }
}

static json_t *records(const struct audit_record *r, size_t count)
{
    json_t *out = json_new_array();
    for (size_t i = 0; i < count; i++) {
        json_t *x = json_new_object();
        json_put(x, "id", json_new_hash(&r[i].id));
        json_put(x, "record", json_new_base64url(r[i].proof));
        json_push(out, x);
    }
    return out;
}

static json_t *tokens(const struct audit_facts *f)
{
    json_t *out = json_new_array();
    for (size_t i = 0; i < f->in->token_count; i++) {
        json_t *x = json_new_object();
        json_put(x, "id", json_new_hash(&f->in->token[i].id));
        json_put(x, "record", json_new_base64url(f->in->token[i].proof));
        json_put(x, "events", json_new_u64(f->token[i].events.count));
        json_put(x, "chain", json_new_hash(&f->token[i].events.chain));
        json_put(x, "rights", json_new_u64(f->token[i].rights));
        json_push(out, x);
    }
    return out;
}

static json_t *transactions(const struct audit_input *in)
{
    json_t *out = json_new_array();
    for (size_t i = 0; i < in->tx_count; i++) {
        json_t *x = json_new_object();
        json_put(x, "id", json_new_hash(&in->tx[i].id));
        json_put(x, "proof", json_new_base64url(in->tx[i].proof));
        json_push(out, x);
    }
    return out;
}

static json_t *attachments(const struct audit_input *in)
{
    json_t *out = json_new_array();
    for (size_t i = 0; i < in->attachment_count; i++) {
        const struct audit_attachment *at = &in->attachment[i];
        struct attachment_plain plain = { .media_type = at->media_type, .content = at->content };
        struct hash commitment;
        memcpy(plain.salt, at->salt, sizeof plain.salt);
        attachment_commit(in->suite, &plain, &commitment);
        json_t *x = json_new_object();
        json_put(x, "transaction", json_new_hash(&at->transaction));
        json_put(x, "index", json_new_int(at->index));
        json_put(x, "commitment", json_new_hash(&commitment));
        json_put(x, "salt", json_new_base64url(bytes_of(at->salt, sizeof at->salt)));
        json_put(x, "media_type", json_new_int(at->media_type));
        json_put(x, "content", json_new_base64url(at->content));
        json_push(out, x);
    }
    return out;
}

static json_t *u32_list(const uint32_t *x, size_t count)
{
    json_t *out = json_new_array();
    for (size_t i = 0; i < count; i++) {
        json_push(out, json_new_int(x[i]));
    }
    return out;
}

static json_t *hand_overs(const struct audit_input *in)
{
    json_t *out = json_new_array();
    for (size_t i = 0; i < in->hand_over_count; i++) {
        json_push(out, json_new_base64url(in->hand_over[i]));
    }
    return out;
}

/* Who answers for the header: the seats of that epoch, and which of them signed. */
static json_t *committee(const struct audit_facts *f)
{
    const struct committee *c = f->committee;
    json_t *out = json_new_object(), *seats = json_new_array();
    for (uint32_t i = 0; i < c->count; i++) {
        json_t *x = json_new_object();
        json_put(x, "participant", json_new_hash(&c->seat[i].participant));
        json_put(x, "signed", json_new_bool((f->seats >> i & 1) != 0));
        json_push(seats, x);
    }
    json_put(out, "quorum", json_new_int(committee_quorum(c->count)));
    json_put(out, "seats", seats);
    json_put(out, "time", json_new_time(f->header.time_ms));
    return out;
}

static bool takes_part(const struct proved_tx *tx, const struct hash *did)
{
    for (uint32_t i = 0; i < tx->tx.body.signer_count; i++) {
        if (hash_equal(&tx->tx.body.signer[i].did, did)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < tx->receipt.event_count; i++) {
        const struct event *e = &tx->receipt.event[i];
        for (uint32_t j = 0; j < e->subject_count; j++) {
            if (hash_equal(&e->subject[j], did)) {
                return true;
            }
        }
    }
    return false;
}

/* Those of the genesis file that the report speaks of: where each is, and what it may do. A
 * participant that joined later is a DID without a row. */
static json_t *parties(const struct audit_facts *f)
{
    const struct genesis *g = f->in->genesis;
    json_t *out = json_new_array();
    for (uint32_t i = 0; i < g->participant_count; i++) {
        const struct did_document *d = &g->participant[i];
        bool named = hash_equal(&d->id, &f->in->reporter) ||
                     committee_seat_of(f->committee, &d->id) != GENESIS_SEATS_MAX;
        for (size_t t = 0; t < f->in->tx_count && !named; t++) {
            named = takes_part(&f->tx[t], &d->id);
        }
        if (named) {
            json_t *x = json_new_object();
            json_put(x, "did", json_new_hash(&d->id));
            json_put(x, "jurisdiction", json_new_int(d->jurisdiction));
            json_put(x, "roles", u32_list(d->role, d->role_count));
            json_push(out, x);
        }
    }
    return out;
}

static json_t *range(const struct audit_input *in)
{
    char text[CLOCK_DAY_TEXT_SIZE];
    json_t *out = json_new_object();
    clock_format_day(in->from_day, text);
    json_put(out, "from", json_new_str(text));
    clock_format_day(in->to_day, text);
    json_put(out, "to", json_new_str(text));
    return out;
}

enum err audit_body(const struct audit_facts *f, struct arena *a, char **out, size_t *len)
{
    const struct audit_input *in = f->in;
    json_t *statements;
    TRY(audit_statements(f, a, &statements));
    json_t *reporter = json_new_object();
    json_put(reporter, "did", json_new_hash(&in->reporter));
    json_put(reporter, "record", json_new_base64url(in->reporter_record));
    json_t *checked = json_new_object();
    json_put(checked, "receipts", json_new_u64(f->receipts));
    json_put(checked, "proofs", json_new_u64(f->proofs));
    json_put(checked, "signatures", json_new_u64(f->signatures));
    json_put(checked, "attachments", json_new_u64(f->committed));
    json_put(checked, "disclosed", json_new_u64(in->attachment_count));
    struct hash law;
    contract_pack_hash(in->suite, in->genesis->pack_set, &law);
    json_t *body = json_new_object();
    json_put(body, "pack_set", json_new_hash(&law));
    json_put(body, "version", json_new_int(AUDIT_VERSION));
    json_put(body, "space", json_new_hash(&in->genesis->space));
    json_put(body, "height", json_new_u64(f->header.height));
    json_put(body, "made", json_new_time(in->made_ms));
    json_put(body, "header", json_new_base64url(in->certified));
    if (in->hand_over_count > 0) {
        json_put(body, "hand_overs", hand_overs(in));
    }
    json_put(body, "committee", committee(f));
    json_put(body, "parties", parties(f));
    json_put(body, "reporter", reporter);
    if (in->ranged) {
        json_put(body, "range", range(in));
    }
    json_put(body, "tokens", tokens(f));
    json_put(body, "rights", records(in->right, in->right_count));
    json_put(body, "locks", records(in->lock, in->lock_count));
    json_put(body, "transactions", transactions(in));
    json_put(body, "attachments", attachments(in));
    json_put(body, "statements", statements);
    json_put(body, "checked", checked);
    enum err e = json_write_canonical(body, out, len);
    json_free(body);
    return e;
}

/* The body's bytes go in as they are: what is signed is what stands in the file. */
enum err audit_wrap(struct bytes body, const struct hash *did, uint32_t key, struct bytes signature,
                    char **out, size_t *len)
{
    char *text;
    size_t text_len;
    json_t *j = json_new_object();
    json_put(j, "did", json_new_hash(did));
    json_put(j, "key", json_new_int(key));
    json_put(j, "value", json_new_base64url(signature));
    enum err e = json_write_canonical(j, &text, &text_len);
    json_free(j);
    TRY(e);
    size_t cap = body.len + text_len + 64;
    uint8_t *room = malloc(cap);
    if (room != NULL) {
        struct buf b = buf_over(room, cap);
        buf_put(&b, bytes_of_str("{\"body\":"));
        buf_put(&b, body);
        buf_put(&b, bytes_of_str(",\"signature\":"));
        buf_put(&b, bytes_of(text, text_len));
        buf_put(&b, bytes_of_str("}\n"));
        buf_put_u8(&b, 0);
        ASSERT(buf_done(&b) == ERR_NONE);
        *out = (char *)room;
        *len = b.len - 1;
    }
    json_text_free(text);
    return room == NULL ? ERR_NO_SPACE : ERR_NONE;
}
