/* wire — canonical protobuf (FORMATS 2) read in place: one pass, no copy, no allocation.
 *
 * For the few messages read far more often than canon_decode should be paid for. A reader asks for
 * the fields of a message in the order of their numbers, below 16; one that is not there gives its
 * default. At what is not canonical it poisons itself: a varint longer than it must be, a default
 * written out, a number too large for its field, a length beyond the end.
 * What is unknown, repeated or out of order is left over, which wire_done refuses. So a message all
 * of whose fields were asked for is taken exactly when canon_decode takes it. Only `*_codec.c`
 * files include this. Page: docs/base.md */
#ifndef CARNET_BASE_WIRE_H
#define CARNET_BASE_WIRE_H

#include <string.h>

#include "base/bytes.h"

struct wire {
    const uint8_t *at, *end;
    bool bad;
};

static inline struct wire wire_over(struct bytes x)
{
    return (struct wire){ x.ptr, x.len == 0 ? x.ptr : x.ptr + x.len, false };
}

/* From now on there is nothing more to read. */
static inline void wire_poison(struct wire *w)
{
    w->bad = true;
    w->at = w->end;
}

/* Every byte was asked for and none was wrong. */
static inline bool wire_done(const struct wire *w)
{
    return !w->bad && w->at == w->end;
}

/* In its shortest form, at most 64 bits. Most are one byte. */
static inline uint64_t wire_varint(struct wire *w)
{
    uint64_t value = 0;
    if (w->at != w->end && *w->at < 0x80) {
        return *w->at++;
    }
    for (unsigned shift = 0; w->at != w->end && shift < 64; shift += 7) {
        uint8_t byte = *w->at++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            if (byte == 0 || (shift == 63 && byte > 1)) {
                break;
            }
            return value;
        }
    }
    wire_poison(w);
    return 0;
}

enum { WIRE_VARINT = 0, WIRE_LENGTH = 2 };

/* Step over the tag of this field, when it comes next. */
static inline bool wire_take_tag(struct wire *w, unsigned field, unsigned type)
{
    if (w->at == w->end || *w->at != (field << 3 | type)) {
        return false;
    }
    w->at++;
    return true;
}

static inline uint64_t wire_number(struct wire *w, unsigned field, uint64_t max)
{
    if (!wire_take_tag(w, field, WIRE_VARINT)) {
        return 0;
    }
    uint64_t value = wire_varint(w);
    if (value == 0 || value > max) {
        wire_poison(w);
        return 0;
    }
    return value;
}
static inline uint32_t wire_u32(struct wire *w, unsigned field)
{
    return (uint32_t)wire_number(w, field, UINT32_MAX);
}
static inline uint64_t wire_u64(struct wire *w, unsigned field)
{
    return wire_number(w, field, UINT64_MAX);
}

/* A message, an element of a repeated field, packed numbers: it may be empty. Borrowed. */
static inline bool wire_part(struct wire *w, unsigned field, struct bytes *out)
{
    if (!wire_take_tag(w, field, WIRE_LENGTH)) {
        return false;
    }
    uint64_t size = wire_varint(w);
    if (w->bad || size > (size_t)(w->end - w->at)) {
        wire_poison(w);
        return false;
    }
    *out = bytes_of(w->at, (size_t)size);
    w->at += size;
    return true;
}

/* Borrowed. Absent is empty, so an empty one is not written out. */
static inline struct bytes wire_bytes(struct wire *w, unsigned field)
{
    struct bytes x = { NULL, 0 };
    if (wire_part(w, field, &x) && x.len == 0) {
        wire_poison(w);
    }
    return x;
}

#endif
