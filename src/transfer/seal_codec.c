#include <string.h>

#include "base/canon.h"
#include "carnet/v1/seal.pb-c.h"
#include "transfer/seal_internal.h"

enum {
    PLAIN_SIZE_MAX = TX_ATTACHMENT_SIZE_MAX + 64, /* content, salt, media type and their tags */
    WRAP_WIRE_SIZE_MAX = 1024,
    AAD_SIZE_MAX = 256
};

enum err plain_encode(const struct attachment_plain *p, struct arena *a, struct bytes *out)
{
    Carnet__V1__AttachmentPlain m;
    carnet__v1__attachment_plain__init(&m);
    m.salt = field_of_bytes(bytes_of(p->salt, sizeof p->salt));
    m.media_type = p->media_type;
    m.content = field_of_bytes(p->content);
    return canon_encode(&m.base, PLAIN_SIZE_MAX, a, out);
}

enum err plain_decode(struct bytes wire, struct arena *a, struct attachment_plain *out)
{
    ProtobufCMessage *base;
    size_t mark = arena_mark(a);
    TRY(canon_decode(&carnet__v1__attachment_plain__descriptor, wire, PLAIN_SIZE_MAX, a, &base));
    const Carnet__V1__AttachmentPlain *m = (const Carnet__V1__AttachmentPlain *)base;
    if (m->salt.len != COMMIT_SALT_SIZE || m->content.len > TX_ATTACHMENT_SIZE_MAX) {
        arena_release(a, mark);
        return ERR_ENCODING;
    }
    memcpy(out->salt, m->salt.data, COMMIT_SALT_SIZE);
    out->media_type = m->media_type;
    out->content = bytes_of_field(m->content);
    return ERR_NONE;
}

static void put_wrap(Carnet__V1__ReaderWrap *m, const struct reader_wrap *w)
{
    carnet__v1__reader_wrap__init(m);
    m->reader = field_of_hash(&w->reader);
    m->key = w->key;
    m->kind = w->kind;
    m->wrapped = field_of_bytes(w->wrapped);
}

static enum err get_wrap(const Carnet__V1__ReaderWrap *m, struct reader_wrap *out)
{
    if (m->wrapped.len == 0 || m->wrapped.len > WRAP_SIZE_MAX) {
        return ERR_ENCODING;
    }
    TRY(hash_of_field(m->reader, &out->reader));
    out->key = m->key;
    out->kind = m->kind;
    out->wrapped = bytes_of_field(m->wrapped);
    return ERR_NONE;
}

enum err envelope_encode(const struct attachment_envelope *e, struct arena *a, struct bytes *out)
{
    Carnet__V1__ReaderWrap wrap[TX_READERS_MAX], *pointer[TX_READERS_MAX];
    Carnet__V1__SealedAttachment m;
    ASSERT(e->wrap_count <= TX_READERS_MAX);
    for (uint32_t i = 0; i < e->wrap_count; i++) {
        put_wrap(&wrap[i], &e->wrap[i]);
        pointer[i] = &wrap[i];
    }
    carnet__v1__sealed_attachment__init(&m);
    m.suite = e->suite;
    m.commitment = field_of_hash(&e->commitment);
    m.n_wraps = e->wrap_count;
    m.wraps = pointer;
    m.sealed = field_of_bytes(e->sealed);
    return canon_encode(&m.base, TRANSFER_SEALED_ATTACHMENT_SIZE_MAX, a, out);
}

static enum err get_wraps(const Carnet__V1__SealedAttachment *m, struct attachment_envelope *out)
{
    if (m->n_wraps == 0 || m->n_wraps > TX_READERS_MAX) {
        return ERR_ENCODING;
    }
    for (uint32_t i = 0; i < m->n_wraps; i++) {
        TRY(get_wrap(m->wraps[i], &out->wrap[i]));
        for (uint32_t j = 0; j < i; j++) {
            if (hash_equal(&out->wrap[j].reader, &out->wrap[i].reader)) {
                return ERR_ENCODING;
            }
        }
    }
    out->wrap_count = (uint32_t)m->n_wraps;
    return ERR_NONE;
}

enum err envelope_decode(struct bytes wire, struct arena *a, struct attachment_envelope *out)
{
    ProtobufCMessage *base;
    struct attachment_envelope e = { 0 };
    size_t mark = arena_mark(a);
    TRY(canon_decode(&carnet__v1__sealed_attachment__descriptor, wire,
                     TRANSFER_SEALED_ATTACHMENT_SIZE_MAX, a, &base));
    const Carnet__V1__SealedAttachment *m = (const Carnet__V1__SealedAttachment *)base;
    e.suite = m->suite;
    e.sealed = bytes_of_field(m->sealed);
    enum err err = hash_of_field(m->commitment, &e.commitment);
    if (err == ERR_NONE) {
        err = get_wraps(m, &e);
    }
    if (err != ERR_NONE) {
        arena_release(a, mark);
        return err;
    }
    *out = e;
    return ERR_NONE;
}

enum err wrap_aad_encode(const struct content_wrap *w, struct arena *a, struct bytes *out)
{
    Carnet__V1__WrapAad m;
    carnet__v1__wrap_aad__init(&m);
    m.token = field_of_hash(&w->token);
    m.right = field_of_hash(&w->right);
    m.holder = field_of_hash(&w->holder);
    m.seal = field_of_hash(&w->seal);
    m.use = w->use;
    return canon_encode(&m.base, AAD_SIZE_MAX, a, out);
}

enum err content_wrap_encode(const struct content_wrap *w, struct arena *a, struct bytes *out)
{
    struct reader_wrap inner = { w->holder, w->key, w->kind, w->wrapped };
    Carnet__V1__ReaderWrap wrap;
    Carnet__V1__ContentWrap m;
    put_wrap(&wrap, &inner);
    carnet__v1__content_wrap__init(&m);
    m.token = field_of_hash(&w->token);
    m.right = field_of_hash(&w->right);
    m.seal = field_of_hash(&w->seal);
    m.use = w->use;
    m.wrap = &wrap;
    return canon_encode(&m.base, WRAP_WIRE_SIZE_MAX, a, out);
}

static enum err get_content_wrap(const Carnet__V1__ContentWrap *m, struct content_wrap *out)
{
    struct reader_wrap inner;
    if (m->wrap == NULL) {
        return ERR_ENCODING;
    }
    TRY(get_wrap(m->wrap, &inner));
    TRY(hash_of_field(m->token, &out->token));
    TRY(hash_of_field(m->right, &out->right));
    TRY(hash_of_field(m->seal, &out->seal));
    out->holder = inner.reader;
    out->use = m->use;
    out->key = inner.key;
    out->kind = inner.kind;
    out->wrapped = inner.wrapped;
    return ERR_NONE;
}

enum err content_wrap_decode(struct bytes wire, struct arena *a, struct content_wrap *out)
{
    ProtobufCMessage *base;
    struct content_wrap w;
    size_t mark = arena_mark(a);
    TRY(canon_decode(&carnet__v1__content_wrap__descriptor, wire, WRAP_WIRE_SIZE_MAX, a, &base));
    enum err e = get_content_wrap((const Carnet__V1__ContentWrap *)base, &w);
    if (e != ERR_NONE) {
        arena_release(a, mark);
        return e;
    }
    *out = w;
    return ERR_NONE;
}
