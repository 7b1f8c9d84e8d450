/* What a party signs, to and from our struct (FORMATS 2, 5, 7). */
#include "base/canon.h"
#include "base/wire.h"
#include "carnet/v1/tx.pb-c.h"
#include "crypto/merkle.h"
#include "ledger/tx.h"

#include <string.h>

/* Numbers of fields, as tx.proto gives them. */
enum { SIGNER_DID = 1, SIGNER_KEY };
enum { REF_COMMITMENT = 1, REF_SIZE, REF_READERS, REF_KEEP_UNTIL, REF_KIND };
enum { BODY_SPACE = 1, BODY_NONCE, BODY_UNTIL, BODY_SIGNERS, BODY_METHOD, BODY_ARGS, BODY_REFS };
enum { TX_BODY = 1, TX_SIGNATURES };

/* Exactly so many bytes, or the reader is poisoned. */
static void fixed_copy(struct wire *w, struct bytes x, uint8_t *out, size_t size)
{
    if (x.len != size) {
        wire_poison(w);
        return;
    }
    memcpy(out, x.ptr, size);
}

static bool signer_read(struct bytes wire, struct tx_signer *out)
{
    struct wire w = wire_over(wire);
    fixed_copy(&w, wire_bytes(&w, SIGNER_DID), out->did.b, HASH_SIZE);
    out->key = wire_u32(&w, SIGNER_KEY);
    return wire_done(&w);
}

/* One party signs once: two of its keys are still one will. */
static bool signer_is_new(const struct tx_body *body, const struct hash *did)
{
    for (uint32_t i = 0; i < body->signer_count; i++) {
        if (hash_equal(&body->signer[i].did, did)) {
            return false;
        }
    }
    return true;
}

static void signers_read(struct wire *w, struct tx_body *body)
{
    struct bytes part;
    while (wire_part(w, BODY_SIGNERS, &part)) {
        struct tx_signer signer = { 0 };
        if (body->signer_count == TX_SIGNERS_MAX || !signer_read(part, &signer) ||
            !signer_is_new(body, &signer.did)) {
            wire_poison(w);
            return;
        }
        body->signer[body->signer_count++] = signer;
    }
    if (body->signer_count == 0) {
        wire_poison(w);
    }
}

static bool reader_is_new(const struct tx_attachment *a, const struct hash *did)
{
    for (uint32_t i = 0; i < a->reader_count; i++) {
        if (hash_equal(&a->reader[i], did)) {
            return false;
        }
    }
    return true;
}

static void readers_read(struct wire *w, struct tx_attachment *a)
{
    struct bytes part;
    while (wire_part(w, REF_READERS, &part)) {
        struct hash reader;
        if (a->reader_count == TX_READERS_MAX || part.len != HASH_SIZE) {
            wire_poison(w);
            return;
        }
        memcpy(reader.b, part.ptr, HASH_SIZE);
        if (!reader_is_new(a, &reader)) {
            wire_poison(w);
            return;
        }
        a->reader[a->reader_count++] = reader;
    }
}

static bool attachment_read(struct bytes wire, struct tx_attachment *a)
{
    struct wire w = wire_over(wire);
    fixed_copy(&w, wire_bytes(&w, REF_COMMITMENT), a->commitment.b, HASH_SIZE);
    a->size = wire_u32(&w, REF_SIZE);
    readers_read(&w, a);
    a->keep_until_ms = wire_u64(&w, REF_KEEP_UNTIL);
    a->kind = wire_u32(&w, REF_KIND);
    return wire_done(&w) && a->size <= TX_ATTACHMENT_SIZE_MAX;
}

/* They are counted first, because a transaction seldom has any and each is half a KiB. */
static enum err attachments_read(struct wire *w, struct arena *arena, struct tx_body *body)
{
    struct wire ahead = *w;
    struct bytes part;
    uint32_t count = 0;
    while (wire_part(&ahead, BODY_REFS, &part)) {
        if (count++ == TX_ATTACHMENTS_MAX) {
            return ERR_ENCODING;
        }
    }
    body->attachment = ARENA_ARRAY(arena, struct tx_attachment, count);
    if (body->attachment == NULL) {
        return ERR_NO_SPACE;
    }
    while (wire_part(w, BODY_REFS, &part)) {
        if (!attachment_read(part, &body->attachment[body->attachment_count++])) {
            return ERR_ENCODING;
        }
    }
    return ERR_NONE;
}

static enum err body_read(struct bytes wire, struct arena *arena, struct tx_body *body)
{
    struct wire w = wire_over(wire);
    fixed_copy(&w, wire_bytes(&w, BODY_SPACE), body->space.b, HASH_SIZE);
    fixed_copy(&w, wire_bytes(&w, BODY_NONCE), body->nonce, TX_NONCE_SIZE);
    body->valid_until_ms = wire_u64(&w, BODY_UNTIL);
    signers_read(&w, body);
    body->method = wire_u32(&w, BODY_METHOD);
    body->args = wire_bytes(&w, BODY_ARGS);
    TRY(w.bad ? ERR_ENCODING : ERR_NONE);
    TRY(attachments_read(&w, arena, body));
    return wire_done(&w) ? ERR_NONE : ERR_ENCODING;
}

/* One of each signer and of one size, so that the concatenation which the leaf covers can be cut in
 * one way only. */
static bool signatures_read(struct wire *w, const struct suite *s, struct tx *tx)
{
    struct bytes part;
    uint32_t count = 0;
    while (wire_part(w, TX_SIGNATURES, &part)) {
        if (count == tx->body.signer_count || part.len != s->signature_size) {
            return false;
        }
        tx->signature[count++] = part;
    }
    return wire_done(w) && count == tx->body.signer_count;
}

/* What the tx tree commits to besides the id: otherwise two blocks with the same header could carry
 * different signatures. */
void tx_leaf(const struct suite *s, const struct tx *tx, struct hash *out)
{
    uint8_t all[TX_SIGNERS_MAX * SUITE_SIGNATURE_SIZE_MAX];
    struct buf b = buf_over(all, sizeof all);
    for (uint32_t i = 0; i < tx->body.signer_count; i++) {
        buf_put(&b, tx->signature[i]);
    }
    uint8_t leaf[2 * HASH_SIZE];
    struct hash signatures;
    hash_tagged(s, "carnet/tx-signatures/v1", buf_bytes(&b), &signatures);
    memcpy(leaf, tx->id.b, HASH_SIZE);
    memcpy(leaf + HASH_SIZE, signatures.b, HASH_SIZE);
    merkle_leaf(s, "carnet/tx-leaf/v1", bytes_of(leaf, sizeof leaf), out);
}

/* Read in place, since a node does it five times for each transaction: what canon_decode and these
 * bounds would take, and nothing else. What is borrowed is of a copy in the arena. */
enum err tx_decode(const struct suite *s, struct bytes wire, struct arena *arena, struct tx *out)
{
    struct bytes own;
    struct tx tx = { .wire = wire };
    ASSERT(s->signature_size <= SUITE_SIGNATURE_SIZE_MAX);
    if (wire.len > TX_SIZE_MAX) {
        return ERR_SIZE;
    }
    TRY(arena_copy(arena, wire, &own));
    struct wire w = wire_over(own);
    tx.signed_bytes = wire_bytes(&w, TX_BODY);
    TRY(body_read(tx.signed_bytes, arena, &tx.body));
    if (!signatures_read(&w, s, &tx)) {
        return ERR_ENCODING;
    }
    tx_id(s, tx.signed_bytes, &tx.id);
    *out = tx;
    return ERR_NONE;
}

static enum err attachments_to(const struct tx_body *body, struct arena *arena,
                               Carnet__V1__TxBody *m)
{
    m->attachments = ARENA_ARRAY(arena, Carnet__V1__AttachmentRef *, body->attachment_count);
    Carnet__V1__AttachmentRef *ref =
        ARENA_ARRAY(arena, Carnet__V1__AttachmentRef, body->attachment_count);
    if (m->attachments == NULL || ref == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < body->attachment_count; i++) {
        const struct tx_attachment *a = &body->attachment[i];
        carnet__v1__attachment_ref__init(&ref[i]);
        ref[i].commitment = field_of_hash(&a->commitment);
        ref[i].size = a->size;
        ref[i].keep_until_ms = a->keep_until_ms;
        ref[i].kind = a->kind;
        ref[i].n_readers = a->reader_count;
        ref[i].readers = ARENA_ARRAY(arena, ProtobufCBinaryData, a->reader_count);
        if (ref[i].readers == NULL) {
            return ERR_NO_SPACE;
        }
        for (uint32_t j = 0; j < a->reader_count; j++) {
            ref[i].readers[j] = field_of_hash(&a->reader[j]);
        }
        m->attachments[i] = &ref[i];
    }
    m->n_attachments = body->attachment_count;
    return ERR_NONE;
}

enum err tx_encode_body(const struct tx_body *body, struct arena *arena, struct bytes *out)
{
    if (body->signer_count == 0 || body->signer_count > TX_SIGNERS_MAX ||
        body->attachment_count > TX_ATTACHMENTS_MAX) {
        return ERR_SIZE;
    }
    Carnet__V1__TxBody m = CARNET__V1__TX_BODY__INIT;
    Carnet__V1__Signer signer[TX_SIGNERS_MAX];
    Carnet__V1__Signer *signers[TX_SIGNERS_MAX];
    for (uint32_t i = 0; i < body->signer_count; i++) {
        carnet__v1__signer__init(&signer[i]);
        signer[i].did = field_of_hash(&body->signer[i].did);
        signer[i].key = body->signer[i].key;
        signers[i] = &signer[i];
    }
    m.space = field_of_hash(&body->space);
    m.nonce = field_of_bytes(bytes_of(body->nonce, TX_NONCE_SIZE));
    m.valid_until_ms = body->valid_until_ms;
    m.n_signers = body->signer_count;
    m.signers = signers;
    m.method = body->method;
    m.args = field_of_bytes(body->args);
    TRY(attachments_to(body, arena, &m));
    return canon_encode(&m.base, TX_SIZE_MAX, arena, out);
}

enum err tx_encode(struct bytes body, const struct bytes *signature, size_t count,
                   struct arena *arena, struct bytes *out)
{
    if (count == 0 || count > TX_SIGNERS_MAX) {
        return ERR_SIZE;
    }
    Carnet__V1__Tx m = CARNET__V1__TX__INIT;
    ProtobufCBinaryData signatures[TX_SIGNERS_MAX];
    for (size_t i = 0; i < count; i++) {
        signatures[i] = field_of_bytes(signature[i]);
    }
    m.body = field_of_bytes(body);
    m.n_signatures = count;
    m.signatures = signatures;
    return canon_encode(&m.base, TX_SIZE_MAX, arena, out);
}

void tx_id(const struct suite *s, struct bytes body, struct hash *out)
{
    hash_tagged(s, "carnet/tx/v1", body, out);
}
