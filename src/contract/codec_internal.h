/* codec_internal — one codec for every message of this module: rows instead of forty functions.
 *
 * A shape says, field by field in the order of tags, where the field of a message lies in our
 * struct and what it must be. The same rows serve both directions, so that they cannot disagree. */
#ifndef CARNET_CONTRACT_CODEC_INTERNAL_H
#define CARNET_CONTRACT_CODEC_INTERNAL_H

#include "contract/contract_verbs.h"

struct ProtobufCMessageDescriptor; /* of protobuf-c, known to codec files only */

enum field_kind {
    FIELD_U32,
    FIELD_U64,
    FIELD_HASH,     /* exactly 32 bytes */
    FIELD_HASH_OPT, /* or empty: the zero hash */
    FIELD_BYTES,
    FIELD_FIXED, /* exactly `max` bytes */
    FIELD_MESSAGE,
    FIELD_U32_LIST,
    FIELD_HASH_LIST,
    FIELD_MESSAGE_LIST
};

struct shape;
struct field {
    enum field_kind kind;
    size_t offset;
    size_t count_offset; /* of the uint32_t before a list */
    size_t max;          /* elements of a list, bytes of FIELD_FIXED */
    const struct shape *sub;
};
struct shape {
    const struct ProtobufCMessageDescriptor *descriptor;
    size_t size;
    size_t field_count;
    const struct field *field;
};

#define MEMBER(type, member) (((struct type *)0)->member)
#define FIELD(kind, t, m, max) { kind, offsetof(struct t, m), 0, max, NULL }
#define FU32(t, m) FIELD(FIELD_U32, t, m, 0)
#define FU64(t, m) FIELD(FIELD_U64, t, m, 0)
#define FHASH(t, m) FIELD(FIELD_HASH, t, m, 0)
#define FHASH_OPT(t, m) FIELD(FIELD_HASH_OPT, t, m, 0)
#define FBYTES(t, m) FIELD(FIELD_BYTES, t, m, 0)
#define FFIXED(t, m) FIELD(FIELD_FIXED, t, m, sizeof(MEMBER(t, m)))
#define FMESSAGE(t, m, sub) { FIELD_MESSAGE, offsetof(struct t, m), 0, 0, &(sub) }
#define FLIST(kind, t, n, m, sub)                                                                  \
    { kind, offsetof(struct t, m), offsetof(struct t, n), COUNT(MEMBER(t, m)), sub }
#define FU32_LIST(t, m) FLIST(FIELD_U32_LIST, t, m##_count, m, NULL)
#define FHASH_LIST(t, m) FLIST(FIELD_HASH_LIST, t, m##_count, m, NULL)
#define FMESSAGE_LIST(t, m, sub) FLIST(FIELD_MESSAGE_LIST, t, m##_count, m, &(sub))

extern const struct shape SHAPE_did_document;
extern const struct shape SHAPE_amount;

MUST_USE enum err shape_encode(const struct shape *s, const void *in, struct arena *a,
                               struct bytes *out);
MUST_USE enum err shape_decode(const struct shape *s, struct bytes wire, struct arena *a,
                               void *out);

/* The shape of one message and its two functions, whose types are checked here. */
#define SHAPE_OF(name)                                                                    \
    static const struct shape SHAPE_##name = { &carnet__v1__##name##__descriptor,         \
                                               sizeof(struct name), COUNT(FIELDS_##name), \
                                               FIELDS_##name }
#define CODEC_OF(name)                                                                \
    enum err name##_encode(const struct name *in, struct arena *a, struct bytes *out) \
    {                                                                                 \
        return shape_encode(&SHAPE_##name, in, a, out);                               \
    }                                                                                 \
    enum err name##_decode(struct bytes wire, struct arena *a, struct name *out)      \
    {                                                                                 \
        return shape_decode(&SHAPE_##name, wire, a, out);                             \
    }

#endif
