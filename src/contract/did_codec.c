/* The bytes of a participant's record (did_record in record.proto), walked in place. */
#include "base/wire.h"
#include "contract/did_internal.h"

/* Numbers of fields, as genesis.proto and record.proto give them. */
enum { RECORD_DOCUMENT = 1, RECORD_HEIGHT };
enum { DOCUMENT_ID = 1, DOCUMENT_KEYS, DOCUMENT_JURISDICTION, DOCUMENT_ROLES, DOCUMENT_KNOWN_AS };
enum { KEY_ID = 1, KEY_SUITE, KEY_USE, KEY_PUBLIC };

static bool key_read(struct bytes wire, struct did_key *out)
{
    struct wire w = wire_over(wire);
    out->id = wire_u32(&w, KEY_ID);
    out->suite = wire_u32(&w, KEY_SUITE);
    out->use = wire_u32(&w, KEY_USE);
    out->public_key = wire_bytes(&w, KEY_PUBLIC);
    return wire_done(&w);
}

static void keys_read(struct wire *w, struct did_view *v)
{
    struct bytes part;
    struct did_key key;
    const uint8_t *begin = w->at;
    while (wire_part(w, DOCUMENT_KEYS, &part)) {
        if (v->key_count == DID_KEYS_MAX || !key_read(part, &key)) {
            wire_poison(w);
            return;
        }
        v->key_count++;
    }
    if (v->key_count > 0) {
        v->keys = bytes_of(begin, (size_t)(w->at - begin));
    }
}

/* Absent is the zero hash, which is therefore not written out. */
static void hash_read(struct wire *w, unsigned field, struct hash *out)
{
    struct bytes x = wire_bytes(w, field);
    if (x.len == 0) {
        return;
    }
    if (x.len != HASH_SIZE) {
        wire_poison(w);
        return;
    }
    memcpy(out->b, x.ptr, HASH_SIZE);
    if (hash_is_zero(out)) {
        wire_poison(w);
    }
}

/* Packed: elements may be zero, the list may not be empty and written out. */
static void roles_read(struct wire *w, struct did_view *v)
{
    struct wire list = wire_over(wire_bytes(w, DOCUMENT_ROLES));
    while (list.at != list.end) {
        uint64_t role = wire_varint(&list);
        if (list.bad || role > UINT32_MAX || v->role_count == DID_ROLES_MAX) {
            wire_poison(w);
            return;
        }
        v->role[v->role_count++] = (uint32_t)role;
    }
}

static bool document_read(struct bytes wire, struct did_view *out)
{
    struct wire w = wire_over(wire);
    struct did_view v = { .role_count = 0 };
    struct hash known_as = { { 0 } };
    hash_read(&w, DOCUMENT_ID, &v.id);
    keys_read(&w, &v);
    v.jurisdiction = wire_u32(&w, DOCUMENT_JURISDICTION);
    roles_read(&w, &v);
    hash_read(&w, DOCUMENT_KNOWN_AS, &known_as);
    if (!wire_done(&w)) {
        return false;
    }
    *out = v;
    return true;
}

enum err did_view_read(struct bytes wire, struct did_view *out)
{
    struct wire w = wire_over(wire);
    struct bytes document;
    if (wire.len > STATE_VALUE_SIZE_MAX || !wire_part(&w, RECORD_DOCUMENT, &document)) {
        return ERR_ENCODING;
    }
    (void)wire_u64(&w, RECORD_HEIGHT);
    return wire_done(&w) && document_read(document, out) ? ERR_NONE : ERR_ENCODING;
}

bool did_view_has_role(const struct did_view *v, enum did_role role)
{
    for (uint32_t i = 0; i < v->role_count; i++) {
        if (v->role[i] == role) {
            return true;
        }
    }
    return false;
}

enum err did_view_signing_key(const struct did_view *v, uint32_t suite, uint32_t key,
                              struct bytes *public_key)
{
    struct wire w = wire_over(v->keys);
    struct bytes part;
    struct did_key x;
    while (wire_part(&w, DOCUMENT_KEYS, &part)) {
        struct wire head = wire_over(part);
        if (wire_u32(&head, KEY_ID) == key && key_read(part, &x) && x.use == DID_SIGN &&
            x.suite == suite) {
            *public_key = x.public_key;
            return ERR_NONE;
        }
    }
    return ERR_NOT_FOUND;
}
