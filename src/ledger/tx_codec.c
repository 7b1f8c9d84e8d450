/* What a party signs, to and from our struct (FORMATS 2, 5, 7). */
#include "base/canon.h"
#include "carnet/v1/tx.pb-c.h"
#include "crypto/merkle.h"
#include "ledger/tx.h"

#include <string.h>

static enum err signers_from(const Carnet__V1__TxBody *m, struct tx_body *body)
{
    if (m->n_signers == 0 || m->n_signers > TX_SIGNERS_MAX) {
        return ERR_ENCODING;
    }
    body->signer_count = (uint32_t)m->n_signers;
    for (uint32_t i = 0; i < body->signer_count; i++) {
        TRY(hash_of_field(m->signers[i]->did, &body->signer[i].did));
        body->signer[i].key = m->signers[i]->key;
        for (uint32_t j = 0; j < i; j++) {
            /* One party signs once: two of its keys are still one will. */
            if (hash_equal(&body->signer[j].did, &body->signer[i].did)) {
                return ERR_ENCODING;
            }
        }
    }
    return ERR_NONE;
}

static enum err attachment_from(const Carnet__V1__AttachmentRef *m, struct tx_attachment *a)
{
    if (m->n_readers > TX_READERS_MAX || m->size > TX_ATTACHMENT_SIZE_MAX) {
        return ERR_ENCODING;
    }
    a->size = m->size;
    a->keep_until_ms = m->keep_until_ms;
    a->kind = m->kind;
    a->reader_count = (uint32_t)m->n_readers;
    for (uint32_t i = 0; i < a->reader_count; i++) {
        TRY(hash_of_field(m->readers[i], &a->reader[i]));
        for (uint32_t j = 0; j < i; j++) {
            if (hash_equal(&a->reader[j], &a->reader[i])) {
                return ERR_ENCODING;
            }
        }
    }
    return hash_of_field(m->commitment, &a->commitment);
}

static enum err attachments_from(const Carnet__V1__TxBody *m, struct arena *arena,
                                 struct tx_body *body)
{
    if (m->n_attachments > TX_ATTACHMENTS_MAX) {
        return ERR_ENCODING;
    }
    body->attachment_count = (uint32_t)m->n_attachments;
    body->attachment = ARENA_ARRAY(arena, struct tx_attachment, m->n_attachments);
    if (body->attachment == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < body->attachment_count; i++) {
        TRY(attachment_from(m->attachments[i], &body->attachment[i]));
    }
    return ERR_NONE;
}

static enum err body_from(struct bytes wire, struct arena *arena, struct tx_body *body)
{
    ProtobufCMessage *base;
    TRY(canon_decode(&carnet__v1__tx_body__descriptor, wire, TX_SIZE_MAX, arena, &base));
    const Carnet__V1__TxBody *m = (const Carnet__V1__TxBody *)base;
    TRY(hash_of_field(m->space, &body->space));
    if (m->nonce.len != TX_NONCE_SIZE) {
        return ERR_ENCODING;
    }
    memcpy(body->nonce, m->nonce.data, TX_NONCE_SIZE);
    body->valid_until_ms = m->valid_until_ms;
    body->method = m->method;
    body->args = bytes_of_field(m->args);
    TRY(signers_from(m, body));
    return attachments_from(m, arena, body);
}

/* What the tx tree commits to besides the id: otherwise two blocks with the same header could carry
 * different signatures. */
static void leaf_of(const struct suite *s, struct tx *tx)
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
    merkle_leaf(s, "carnet/tx-leaf/v1", bytes_of(leaf, sizeof leaf), &tx->leaf);
}

enum err tx_decode(const struct suite *s, struct bytes wire, struct arena *arena, struct tx *out)
{
    ProtobufCMessage *base;
    TRY(canon_decode(&carnet__v1__tx__descriptor, wire, TX_SIZE_MAX, arena, &base));
    const Carnet__V1__Tx *m = (const Carnet__V1__Tx *)base;
    ASSERT(s->signature_size <= SUITE_SIGNATURE_SIZE_MAX);
    struct tx tx = { .wire = wire, .signed_bytes = bytes_of_field(m->body) };
    TRY(body_from(tx.signed_bytes, arena, &tx.body));
    if (m->n_signatures != tx.body.signer_count) {
        return ERR_ENCODING;
    }
    for (uint32_t i = 0; i < tx.body.signer_count; i++) {
        tx.signature[i] = bytes_of_field(m->signatures[i]);
        /* One size, so that the concatenation the leaf covers can be cut in one way only. */
        if (tx.signature[i].len != s->signature_size) {
            return ERR_ENCODING;
        }
    }
    tx_id(s, tx.signed_bytes, &tx.id);
    leaf_of(s, &tx);
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
