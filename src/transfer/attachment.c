#include <string.h>

#include "crypto/secret.h"
#include "transfer/seal_internal.h"

/* A content key seals one attachment, so its nonce need not differ from another's. */
static const uint8_t NONCE[AEAD_NONCE_SIZE] = { 0 };

enum { ATTACHMENT_AAD_SIZE = 2 * HASH_SIZE };

void attachment_commit(const struct suite *s, const struct attachment_plain *p, struct hash *out)
{
    uint8_t head[COMMIT_SALT_SIZE + 4];
    struct buf b = buf_over(head, sizeof head);
    buf_put(&b, bytes_of(p->salt, sizeof p->salt));
    buf_put_u32(&b, p->media_type);
    ASSERT(b.len == sizeof head);
    hash_tagged2(s, "carnet/commit/v1", buf_bytes(&b), p->content, out);
}

/* AAD of the content and of each reader's wrap: space ‖ commitment (FORMATS 7). */
static struct bytes aad_of(const struct hash *space, const struct hash *commitment,
                           uint8_t out[ATTACHMENT_AAD_SIZE])
{
    memcpy(out, space->b, HASH_SIZE);
    memcpy(out + HASH_SIZE, commitment->b, HASH_SIZE);
    return bytes_of(out, ATTACHMENT_AAD_SIZE);
}

static enum err check_seal(const struct attachment_plain *p, const struct attachment_reader *reader,
                           uint32_t readers, struct bytes random)
{
    if (p->content.len > TX_ATTACHMENT_SIZE_MAX || readers > TX_READERS_MAX) {
        return ERR_SIZE;
    }
    if (p->media_type < MEDIA_BYTES || p->media_type > MEDIA_TEXT || readers == 0) {
        return ERR_RANGE; /* what nobody can read is a mistake */
    }
    if (random.len != WRAP_KEY_SIZE + (size_t)readers * 32) {
        return ERR_RANGE;
    }
    for (uint32_t i = 0; i < readers; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (hash_equal(&reader[i].did, &reader[j].did)) {
                return ERR_DUPLICATE;
            }
        }
    }
    return ERR_NONE;
}

static enum err wrap_for(const struct attachment_reader *reader, struct bytes aad,
                         const uint8_t *key, const uint8_t *random, struct arena *a,
                         struct reader_wrap *out)
{
    size_t len = 0;
    uint8_t *wrapped = arena_alloc(a, WRAP_SIZE_MAX);
    if (wrapped == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(wrap_seal((enum wrap_kind)reader->kind, reader->public_key, aad, key, random, wrapped,
                  WRAP_SIZE_MAX, &len));
    *out = (struct reader_wrap){ reader->did, reader->key, reader->kind, bytes_of(wrapped, len) };
    return ERR_NONE;
}

static enum err seal_content(const uint8_t *key, struct bytes aad, const struct attachment_plain *p,
                             struct arena *a, struct bytes *out)
{
    struct bytes plain;
    TRY(plain_encode(p, a, &plain));
    uint8_t *sealed = arena_alloc(a, plain.len + AEAD_TAG_SIZE);
    if (sealed == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(aead_seal(key, NONCE, aad, plain, sealed));
    *out = bytes_of(sealed, plain.len + AEAD_TAG_SIZE);
    return ERR_NONE;
}

static enum err seal_all(const struct suite *s, const struct hash *space,
                         const struct attachment_plain *p, const struct attachment_reader *reader,
                         uint32_t readers, const uint8_t *random, struct arena *a,
                         struct bytes *out)
{
    uint8_t memory[ATTACHMENT_AAD_SIZE];
    struct attachment_envelope e = { .suite = s->number, .wrap_count = readers };
    attachment_commit(s, p, &e.commitment);
    struct bytes aad = aad_of(space, &e.commitment, memory);
    for (uint32_t i = 0; i < readers; i++) {
        TRY(wrap_for(&reader[i], aad, random, random + WRAP_KEY_SIZE + (size_t)i * 32, a,
                     &e.wrap[i]));
    }
    TRY(seal_content(random, aad, p, a, &e.sealed));
    return envelope_encode(&e, a, out);
}

enum err attachment_seal(const struct suite *s, const struct hash *space,
                         const struct attachment_plain *p, const struct attachment_reader *reader,
                         uint32_t readers, struct bytes random, struct arena *a, struct bytes *out)
{
    TRY(check_seal(p, reader, readers, random));
    if (s->number == SUITE_GM) {
        return ERR_UNSUPPORTED;
    }
    size_t mark = arena_mark(a);
    enum err e = seal_all(s, space, p, reader, readers, random.ptr, a, out);
    if (e != ERR_NONE) {
        arena_release(a, mark);
    }
    return e;
}

enum err attachment_inspect(struct bytes sealed, struct arena *a, struct sealed_attachment *out)
{
    struct attachment_envelope e;
    size_t mark = arena_mark(a);
    TRY(envelope_decode(sealed, a, &e));
    out->commitment = e.commitment;
    out->reader_count = e.wrap_count;
    for (uint32_t i = 0; i < e.wrap_count; i++) {
        out->reader[i] = e.wrap[i].reader;
    }
    arena_release(a, mark);
    return ERR_NONE;
}

static const struct reader_wrap *wrap_of(const struct attachment_envelope *e,
                                         const struct hash *reader)
{
    for (uint32_t i = 0; i < e->wrap_count; i++) {
        if (hash_equal(&e->wrap[i].reader, reader)) {
            return &e->wrap[i];
        }
    }
    return NULL;
}

/* What opens but is no plain attachment is the author's fault, and no more to be believed than what
 * does not open. */
static enum err open_content(const uint8_t *key, struct bytes aad, struct bytes sealed,
                             struct arena *a, struct attachment_plain *out)
{
    if (sealed.len < AEAD_TAG_SIZE) {
        return ERR_INTEGRITY;
    }
    size_t len = sealed.len - AEAD_TAG_SIZE;
    uint8_t *plain = arena_alloc(a, len);
    if (plain == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(aead_open(key, NONCE, aad, sealed, plain));
    enum err e = plain_decode(bytes_of(plain, len), a, out);
    return e == ERR_ENCODING || e == ERR_SIZE ? ERR_INTEGRITY : e;
}

static enum err open_all(const struct suite *s, const struct hash *space, struct bytes sealed,
                         const struct hash *reader, struct bytes private_key, struct arena *a,
                         struct attachment_plain *out)
{
    struct attachment_envelope e;
    uint8_t memory[ATTACHMENT_AAD_SIZE], key[WRAP_KEY_SIZE];
    TRY(envelope_decode(sealed, a, &e));
    const struct reader_wrap *w = wrap_of(&e, reader);
    if (w == NULL) {
        return ERR_FORBIDDEN;
    }
    if (e.suite != s->number) {
        return ERR_VERSION;
    }
    if (s->number == SUITE_GM) {
        return ERR_UNSUPPORTED;
    }
    struct bytes aad = aad_of(space, &e.commitment, memory);
    struct attachment_plain p;
    TRY(wrap_open((enum wrap_kind)w->kind, private_key, aad, w->wrapped, key));
    enum err err = open_content(key, aad, e.sealed, a, &p);
    secret_wipe(key, sizeof key);
    TRY(err);
    struct hash commitment;
    attachment_commit(s, &p, &commitment);
    if (!hash_equal(&commitment, &e.commitment)) {
        return ERR_INTEGRITY;
    }
    *out = p;
    return ERR_NONE;
}

enum err attachment_open(const struct suite *s, const struct hash *space, struct bytes sealed,
                         const struct hash *reader, struct bytes private_key, struct arena *a,
                         struct attachment_plain *out)
{
    size_t mark = arena_mark(a);
    enum err e = open_all(s, space, sealed, reader, private_key, a, out);
    if (e != ERR_NONE) {
        arena_release(a, mark);
    }
    return e;
}

enum err content_wrap_seal(const struct content_wrap *w, struct bytes public_key,
                           const uint8_t key[WRAP_KEY_SIZE], const uint8_t random[32],
                           struct arena *a, struct bytes *out)
{
    uint8_t wrapped[WRAP_SIZE_MAX];
    size_t len = 0;
    struct content_wrap sealed = *w;
    size_t mark = arena_mark(a);
    struct bytes aad;
    TRY(wrap_aad_encode(w, a, &aad));
    enum err e = wrap_seal((enum wrap_kind)w->kind, public_key, aad, key, random, wrapped,
                           sizeof wrapped, &len);
    arena_release(a, mark);
    TRY(e);
    sealed.wrapped = bytes_of(wrapped, len);
    return content_wrap_encode(&sealed, a, out);
}

enum err content_wrap_open(struct bytes wire, struct bytes private_key, struct arena *a,
                           struct content_wrap *what, uint8_t key[WRAP_KEY_SIZE])
{
    struct content_wrap w;
    size_t start = arena_mark(a);
    TRY(content_wrap_decode(wire, a, &w));
    size_t mark = arena_mark(a);
    struct bytes aad;
    enum err e = wrap_aad_encode(&w, a, &aad);
    if (e == ERR_NONE) {
        e = wrap_open((enum wrap_kind)w.kind, private_key, aad, w.wrapped, key);
    }
    arena_release(a, e == ERR_NONE ? mark : start);
    if (e == ERR_NONE) {
        *what = w;
    }
    return e;
}
