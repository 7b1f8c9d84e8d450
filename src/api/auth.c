#include "api/auth_internal.h"

#include <string.h>

#include "api/route_internal.h"

#define AUTH_TAG "carnet/request/v1"

enum { AUTH_HEAD_SIZE = HASH_SIZE + 4 + 8, AUTH_METHOD_SIZE_MAX = 255, AUTH_PATH_SIZE_MAX = 65535 };
enum { AUTH_BYTES_MAX = HASH_SIZE + 8 + 1 + 16 + 2 + API_TARGET_SIZE_MAX + HASH_SIZE };

enum err api_auth_bytes(const struct suite *s, const struct hash *space, uint64_t time_ms,
                        const char *method, const char *path, struct bytes body, struct buf *out)
{
    struct bytes m = bytes_of_str(method), p = bytes_of_str(path);
    struct hash digest;
    size_t size = HASH_SIZE + 8 + 1 + m.len + 2 + p.len + HASH_SIZE;
    if (m.len > AUTH_METHOD_SIZE_MAX || p.len > AUTH_PATH_SIZE_MAX || out->full ||
        size > out->cap - out->len) {
        return ERR_SIZE;
    }
    hash_plain(s, body, &digest);
    buf_put_hash(out, space);
    buf_put_u64(out, time_ms);
    buf_put_u8(out, (uint8_t)m.len);
    buf_put(out, m);
    buf_put_u16(out, (uint16_t)p.len);
    buf_put(out, p);
    buf_put_hash(out, &digest);
    return buf_done(out);
}

enum err auth_read(const struct suite *s, const char *text, size_t len, struct auth_claim *out)
{
    uint8_t raw[API_AUTH_SIZE_MAX];
    size_t size;
    if (base64url_decode(text, len, raw, sizeof raw, &size) != ERR_NONE ||
        size != AUTH_HEAD_SIZE + s->signature_size) {
        return ERR_ENCODING;
    }
    struct reader r = reader_over(bytes_of(raw, size));
    struct auth_claim c = { .did = reader_hash(&r) };
    c.key = reader_u32(&r);
    c.time_ms = reader_u64(&r);
    c.signature_len = s->signature_size;
    memcpy(c.signature, reader_take(&r, s->signature_size).ptr, s->signature_size);
    TRY(reader_done(&r));
    *out = c;
    return ERR_NONE;
}

enum err auth_in_time(const struct auth_claim *c, uint64_t now_ms)
{
    uint64_t apart = c->time_ms > now_ms ? c->time_ms - now_ms : now_ms - c->time_ms;
    return apart > API_CLOCK_SKEW_MS ? ERR_STALE : ERR_NONE;
}

enum err auth_verify(const struct suite *s, const struct hash *space, const struct auth_claim *c,
                     const struct auth_subject *subject, struct bytes public_key)
{
    uint8_t memory[AUTH_BYTES_MAX];
    struct buf b = buf_over(memory, sizeof memory);
    TRY(api_auth_bytes(s, space, c->time_ms, subject->method, subject->path, subject->body, &b));
    struct bytes signature = bytes_of(c->signature, c->signature_len);
    return suite_verify_tagged(s, public_key, AUTH_TAG, buf_bytes(&b), signature) ? ERR_NONE
                                                                                  : ERR_SIGNATURE;
}
