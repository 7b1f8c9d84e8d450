#include "base/canon.h"

#include <string.h>

/* protobuf-c's allocator over an arena. It wants to free; an arena takes back all at once. */
struct canon_memory {
    struct arena *arena;
    bool full; /* tells "out of memory" from "malformed": protobuf-c says NULL to both */
};

static void *memory_alloc(void *ctx, size_t size)
{
    struct canon_memory *m = ctx;
    void *out = arena_alloc(m->arena, size);
    m->full = m->full || out == NULL;
    return out;
}

static void memory_free(void *ctx, void *pointer)
{
    (void)ctx;
    (void)pointer;
}

/* A message being scanned: where it ends, and which fields it may still have. */
struct scan_level {
    const ProtobufCMessageDescriptor *desc;
    const uint8_t *end;
    uint32_t last; /* number of the last field seen: canonical fields ascend */
};

struct scan {
    const uint8_t *at;
    struct scan_level level[CANON_DEPTH_MAX];
    size_t depth;
};

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_LENGTH = 2, WIRE_32 = 5 };

/* Shortest form only, at most 64 bits. */
static bool scan_varint(struct scan *s, const uint8_t *end, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (s->at == end) {
            return false;
        }
        uint8_t byte = *s->at++;
        if (shift == 63 && byte > 1) {
            return false;
        }
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *out = value;
            return byte != 0 || shift == 0;
        }
    }
    return false;
}

static bool scan_skip(struct scan *s, const uint8_t *end, uint64_t size)
{
    if (size > (size_t)(end - s->at)) {
        return false;
    }
    s->at += size;
    return true;
}

/* A field with a length: bytes, packed numbers, text (which must be UTF-8 and hold no NUL, since
 * protobuf-c gives it as a C string), or a message, which becomes the next level. */
static bool scan_length(struct scan *s, const ProtobufCFieldDescriptor *field)
{
    const uint8_t *end = s->level[s->depth - 1].end;
    uint64_t size;
    if (!scan_varint(s, end, &size) || size > (size_t)(end - s->at)) {
        return false;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        if (s->depth == CANON_DEPTH_MAX) {
            return false;
        }
        s->level[s->depth++] = (struct scan_level){ field->descriptor, s->at + size, 0 };
        return true;
    }
    struct bytes x = bytes_of(s->at, (size_t)size);
    if (field->type == PROTOBUF_C_TYPE_STRING &&
        (!utf8_valid(x) || (x.len > 0 && memchr(x.ptr, 0, x.len) != NULL))) {
        return false;
    }
    s->at += size;
    return true;
}

/* One field of the innermost message: known, in order, not said twice. */
static bool scan_field(struct scan *s)
{
    struct scan_level *level = &s->level[s->depth - 1];
    uint64_t tag, ignored;
    if (!scan_varint(s, level->end, &tag) || tag >> 3 > UINT32_MAX >> 3) {
        return false;
    }
    uint32_t number = (uint32_t)(tag >> 3);
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(level->desc, number);
    if (field == NULL || number < level->last) {
        return false;
    }
    bool may_repeat = field->label == PROTOBUF_C_LABEL_REPEATED;
    if (number == level->last && !may_repeat) {
        return false;
    }
    level->last = number;
    switch (tag & 7) {
    case WIRE_VARINT:
        return scan_varint(s, level->end, &ignored);
    case WIRE_64:
        return scan_skip(s, level->end, 8);
    case WIRE_LENGTH:
        return scan_length(s, field);
    case WIRE_32:
        return scan_skip(s, level->end, 4);
    default: /* groups, which proto3 does not have */
        return false;
    }
}

/* Before protobuf-c sees a byte: no unknown field at any level, fields in order and not repeated,
 * nesting bounded. protobuf-c would keep unknown fields, merge repeated ones and recurse on nested
 * ones; after this scan it can do none of the three on hostile input. */
static bool scan_message(const ProtobufCMessageDescriptor *desc, struct bytes wire)
{
    struct scan s = { .at = wire.ptr, .depth = 1 };
    s.level[0] = (struct scan_level){ desc, wire.len == 0 ? wire.ptr : wire.ptr + wire.len, 0 };
    while (s.depth > 0) {
        if (s.at == s.level[s.depth - 1].end) {
            s.depth--;
        } else if (!scan_field(&s)) {
            return false;
        }
    }
    return true;
}

static enum err pack(const ProtobufCMessage *msg, size_t size, struct arena *arena,
                     struct bytes *out)
{
    uint8_t *memory = arena_alloc(arena, size);
    if (memory == NULL) {
        return ERR_NO_SPACE;
    }
    size_t packed = protobuf_c_message_pack(msg, memory);
    ASSERT(packed == size);
    *out = bytes_of(memory, size);
    return ERR_NONE;
}

/* Packing what was unpacked gives the same bytes; the work memory is given back either way. */
static enum err check_repack(const ProtobufCMessage *msg, struct bytes wire, struct arena *arena)
{
    if (protobuf_c_message_get_packed_size(msg) != wire.len) {
        return ERR_ENCODING;
    }
    size_t mark = arena_mark(arena);
    struct bytes again;
    TRY(pack(msg, wire.len, arena, &again));
    bool same = bytes_equal(again, wire);
    arena_release(arena, mark);
    return same ? ERR_NONE : ERR_ENCODING;
}

enum err canon_decode(const ProtobufCMessageDescriptor *desc, struct bytes wire, size_t size_max,
                      struct arena *arena, ProtobufCMessage **out)
{
    if (wire.len > size_max) {
        return ERR_SIZE;
    }
    if (!scan_message(desc, wire)) {
        return ERR_ENCODING;
    }
    size_t mark = arena_mark(arena);
    struct canon_memory memory = { .arena = arena };
    ProtobufCAllocator allocator = { memory_alloc, memory_free, &memory };
    ProtobufCMessage *msg = protobuf_c_message_unpack(desc, &allocator, wire.len, wire.ptr);
    enum err e = memory.full ? ERR_NO_SPACE : ERR_ENCODING;
    if (msg != NULL && !memory.full) {
        e = check_repack(msg, wire, arena);
    }
    if (e != ERR_NONE) {
        arena_release(arena, mark);
        return e;
    }
    *out = msg;
    return ERR_NONE;
}

enum err canon_encode(const ProtobufCMessage *msg, size_t size_max, struct arena *arena,
                      struct bytes *out)
{
    size_t size = protobuf_c_message_get_packed_size(msg);
    if (size > size_max) {
        return ERR_SIZE;
    }
    size_t mark = arena_mark(arena);
    struct bytes packed;
    TRY(pack(msg, size, arena, &packed));
    if (!scan_message(msg->descriptor, packed)) {
        arena_release(arena, mark);
        return ERR_ENCODING;
    }
    *out = packed;
    return ERR_NONE;
}

struct bytes bytes_of_field(ProtobufCBinaryData f)
{
    return bytes_of(f.data, f.len);
}

/* protobuf-c's struct is not const, though packing only reads; the cast goes through an integer
 * so that no qualifier is silently dropped elsewhere. */
ProtobufCBinaryData field_of_bytes(struct bytes x)
{
    return (ProtobufCBinaryData){ .len = x.len, .data = (uint8_t *)(uintptr_t)x.ptr };
}

ProtobufCBinaryData field_of_hash(const struct hash *h)
{
    return field_of_bytes(bytes_of_hash(h));
}

enum err hash_of_field(ProtobufCBinaryData f, struct hash *out)
{
    if (f.len != HASH_SIZE) {
        return ERR_ENCODING;
    }
    memcpy(out->b, f.data, HASH_SIZE);
    return ERR_NONE;
}

enum err hash_of_field_opt(ProtobufCBinaryData f, struct hash *out)
{
    struct hash found = { { 0 } };
    if (f.len > 0) {
        TRY(hash_of_field(f, &found));
        if (hash_is_zero(&found)) {
            return ERR_ENCODING;
        }
    }
    *out = found;
    return ERR_NONE;
}
