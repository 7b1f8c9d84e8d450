/* The engine of codec_internal.h: walks the rows of a shape beside the descriptor of its message.
 */
#include "base/canon.h"
#include "carnet/v1/args.pb-c.h"
#include "contract/codec_internal.h"

#include <string.h>

/* Everything a contract reads or writes ends in one state value. */
enum { MESSAGE_SIZE_MAX = STATE_VALUE_SIZE_MAX };

static const struct field FIELDS_did_key[] = { FU32(did_key, id), FU32(did_key, suite),
                                               FU32(did_key, use), FBYTES(did_key, public_key) };
SHAPE_OF(did_key);
static const struct field FIELDS_did_document[] = {
    FHASH_OPT(did_document, id),
    FLIST(FIELD_MESSAGE_LIST, did_document, key_count, key, &SHAPE_did_key),
    FU32(did_document, jurisdiction),
    FLIST(FIELD_U32_LIST, did_document, role_count, role, NULL),
    FHASH_OPT(did_document, also_known_as),
};
const struct shape SHAPE_did_document = { &carnet__v1__did_document__descriptor,
                                          sizeof(struct did_document), COUNT(FIELDS_did_document),
                                          FIELDS_did_document };
static const struct field FIELDS_amount[] = { FU32(amount, currency), FFIXED(amount, value) };
const struct shape SHAPE_amount = { &carnet__v1__amount__descriptor, sizeof(struct amount),
                                    COUNT(FIELDS_amount), FIELDS_amount };

static enum err message_of(const struct shape *s, const uint8_t *in, struct arena *a,
                           ProtobufCMessage **out);
static enum err struct_of(const struct shape *s, const ProtobufCMessage *m, uint8_t *out);

/* A list whose elements are pointers or values of `size` bytes; NULL when the arena is full. */
static void *list_new(struct arena *a, size_t count, size_t size, uint8_t *count_field,
                      uint8_t *field)
{
    void *list = arena_alloc_array(a, count, size);
    if (list != NULL) {
        memcpy(count_field, &count, sizeof(count));
        memcpy(field, &list, sizeof(list));
    }
    return list;
}

/* The functions below call each other as deep as shapes nest, which are our own tables and not
 * anybody's input. NOLINTBEGIN(misc-no-recursion) */
static enum err list_to_message(const struct field *f, const ProtobufCFieldDescriptor *d,
                                const uint8_t *in, struct arena *a, uint8_t *message)
{
    uint32_t count;
    memcpy(&count, in + f->count_offset, sizeof(count));
    if (count > f->max) {
        return ERR_SIZE;
    }
    if (count == 0) {
        return ERR_NONE;
    }
    const uint8_t *from = in + f->offset;
    size_t size = f->kind == FIELD_U32_LIST    ? sizeof(uint32_t)
                  : f->kind == FIELD_HASH_LIST ? sizeof(ProtobufCBinaryData)
                                               : sizeof(ProtobufCMessage *);
    void *list = list_new(a, count, size, message + d->quantifier_offset, message + d->offset);
    if (list == NULL) {
        return ERR_NO_SPACE;
    }
    if (f->kind == FIELD_U32_LIST) {
        memcpy(list, from, count * sizeof(uint32_t));
        return ERR_NONE;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (f->kind == FIELD_HASH_LIST) {
            ((ProtobufCBinaryData *)list)[i] =
                field_of_hash((const struct hash *)(from + i * sizeof(struct hash)));
        } else {
            TRY(message_of(f->sub, from + i * f->sub->size, a, &((ProtobufCMessage **)list)[i]));
        }
    }
    return ERR_NONE;
}

static enum err field_to_message(const struct field *f, const ProtobufCFieldDescriptor *d,
                                 const uint8_t *in, struct arena *a, uint8_t *message)
{
    const uint8_t *from = in + f->offset;
    uint8_t *to = message + d->offset;
    ProtobufCBinaryData data = { 0, NULL };
    ProtobufCMessage *sub;
    switch (f->kind) {
    case FIELD_U32:
        memcpy(to, from, sizeof(uint32_t));
        return ERR_NONE;
    case FIELD_U64:
        memcpy(to, from, sizeof(uint64_t));
        return ERR_NONE;
    case FIELD_HASH:
        data = field_of_hash((const struct hash *)from);
        break;
    case FIELD_HASH_OPT:
        if (!hash_is_zero((const struct hash *)from)) {
            data = field_of_hash((const struct hash *)from);
        }
        break;
    case FIELD_BYTES:
        data = field_of_bytes(*(const struct bytes *)from);
        break;
    case FIELD_FIXED:
        data = field_of_bytes(bytes_of(from, f->max));
        break;
    case FIELD_MESSAGE:
        TRY(message_of(f->sub, from, a, &sub));
        memcpy(to, &sub, sizeof(sub));
        return ERR_NONE;
    case FIELD_U32_LIST:
    case FIELD_HASH_LIST:
    case FIELD_MESSAGE_LIST:
        return list_to_message(f, d, in, a, message);
    }
    memcpy(to, &data, sizeof(data));
    return ERR_NONE;
}

/* Recursion follows the rows, which are three deep, never the input. */
static enum err message_of(const struct shape *s, const uint8_t *in, struct arena *a,
                           ProtobufCMessage **out)
{
    const ProtobufCMessageDescriptor *desc = s->descriptor;
    ASSERT(desc->n_fields == s->field_count);
    uint8_t *m = arena_alloc(a, desc->sizeof_message);
    if (m == NULL) {
        return ERR_NO_SPACE;
    }
    protobuf_c_message_init(desc, m);
    for (size_t i = 0; i < s->field_count; i++) {
        TRY(field_to_message(&s->field[i], &desc->fields[i], in, a, m));
    }
    *out = (ProtobufCMessage *)m;
    return ERR_NONE;
}

static enum err list_to_struct(const struct field *f, const ProtobufCFieldDescriptor *d,
                               const uint8_t *message, uint8_t *out)
{
    size_t count;
    const void *list;
    memcpy(&count, message + d->quantifier_offset, sizeof(count));
    memcpy(&list, message + d->offset, sizeof(list));
    if (count > f->max) {
        return ERR_SIZE;
    }
    uint8_t *to = out + f->offset;
    for (size_t i = 0; i < count; i++) {
        if (f->kind == FIELD_U32_LIST) {
            memcpy(to + i * sizeof(uint32_t), (const uint32_t *)list + i, sizeof(uint32_t));
        } else if (f->kind == FIELD_HASH_LIST) {
            TRY(hash_of_field(((const ProtobufCBinaryData *)list)[i],
                              (struct hash *)(to + i * sizeof(struct hash))));
        } else {
            TRY(struct_of(f->sub, ((ProtobufCMessage *const *)list)[i], to + i * f->sub->size));
        }
    }
    uint32_t count32 = (uint32_t)count;
    memcpy(out + f->count_offset, &count32, sizeof(count32));
    return ERR_NONE;
}

static enum err field_to_struct(const struct field *f, const ProtobufCFieldDescriptor *d,
                                const uint8_t *message, uint8_t *out)
{
    const uint8_t *from = message + d->offset;
    uint8_t *to = out + f->offset;
    ProtobufCBinaryData data = { 0, NULL };
    ProtobufCMessage *sub;
    switch (f->kind) {
    case FIELD_U32:
        memcpy(to, from, sizeof(uint32_t));
        return ERR_NONE;
    case FIELD_U64:
        memcpy(to, from, sizeof(uint64_t));
        return ERR_NONE;
    case FIELD_HASH:
        memcpy(&data, from, sizeof(data));
        return hash_of_field(data, (struct hash *)to);
    case FIELD_HASH_OPT:
        memcpy(&data, from, sizeof(data));
        return hash_of_field_opt(data, (struct hash *)to);
    case FIELD_BYTES:
        memcpy(&data, from, sizeof(data));
        *(struct bytes *)to = bytes_of_field(data);
        return ERR_NONE;
    case FIELD_FIXED:
        memcpy(&data, from, sizeof(data));
        if (data.len != f->max) {
            return ERR_ENCODING;
        }
        memcpy(to, data.data, f->max);
        return ERR_NONE;
    case FIELD_MESSAGE:
        memcpy(&sub, from, sizeof(sub));
        return sub == NULL ? ERR_ENCODING : struct_of(f->sub, sub, to);
    case FIELD_U32_LIST:
    case FIELD_HASH_LIST:
    case FIELD_MESSAGE_LIST:
        return list_to_struct(f, d, message, out);
    }
    return ERR_ENCODING;
}

static enum err struct_of(const struct shape *s, const ProtobufCMessage *m, uint8_t *out)
{
    const ProtobufCMessageDescriptor *desc = s->descriptor;
    ASSERT(desc->n_fields == s->field_count);
    for (size_t i = 0; i < s->field_count; i++) {
        TRY(field_to_struct(&s->field[i], &desc->fields[i], (const uint8_t *)m, out));
    }
    return ERR_NONE;
}
/* NOLINTEND(misc-no-recursion) */

enum err shape_encode(const struct shape *s, const void *in, struct arena *a, struct bytes *out)
{
    ProtobufCMessage *m;
    TRY(message_of(s, in, a, &m));
    return canon_encode(m, MESSAGE_SIZE_MAX, a, out);
}

enum err shape_decode(const struct shape *s, struct bytes wire, struct arena *a, void *out)
{
    ProtobufCMessage *m;
    TRY(canon_decode(s->descriptor, wire, MESSAGE_SIZE_MAX, a, &m));
    uint8_t *x = arena_alloc(a, s->size);
    if (x == NULL) {
        return ERR_NO_SPACE;
    }
    TRY(struct_of(s, m, x));
    memcpy(out, x, s->size);
    return ERR_NONE;
}
