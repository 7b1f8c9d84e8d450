/* canon — canonical protobuf (FORMATS 2), the one wrapper of protobuf-c.
 *
 * Decoding: size limit → unpack into an arena → no unknown field at any level → repack → equal
 * bytes, else ERR_ENCODING. So two different byte strings never decode to one message, and what is
 * signed is the bytes as received. Generated types stay inside `*_codec.c` files; only those
 * include this header. Page: docs/base.md */
#ifndef CARNET_BASE_CANON_H
#define CARNET_BASE_CANON_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"

/* Messages inside messages; deeper is ERR_ENCODING. protobuf-c recurses once a level, so this
 * bounds its stack. The deepest message of proto/ is far below. */
enum { CANON_DEPTH_MAX = 16 };

/* Hostile input amplifies: protobuf-c's structs were measured at up to 97 times the wire size.
 * An arena given to canon_decode should hold the expected message; running out is ERR_NO_SPACE. */

/* *out lives in the arena and may borrow nothing from `wire`. Errors: ERR_SIZE (more than
 * size_max), ERR_NO_SPACE (arena), ERR_ENCODING (malformed or not canonical). */
MUST_USE enum err canon_decode(const ProtobufCMessageDescriptor *desc, struct bytes wire,
                               size_t size_max, struct arena *arena, ProtobufCMessage **out);

/* Packs into the arena. ERR_SIZE when the encoding is longer than size_max, ERR_NO_SPACE (arena),
 * ERR_ENCODING when canon_decode would refuse it: text that is not UTF-8, unknown fields, depth. */
MUST_USE enum err canon_encode(const ProtobufCMessage *msg, size_t size_max, struct arena *arena,
                               struct bytes *out);

/* Bytes fields to and from ours; hash_of_field says ERR_ENCODING unless exactly 32 bytes. */
struct bytes bytes_of_field(ProtobufCBinaryData f);
ProtobufCBinaryData field_of_bytes(struct bytes x);
ProtobufCBinaryData field_of_hash(const struct hash *h);
MUST_USE enum err hash_of_field(ProtobufCBinaryData f, struct hash *out);
/* Same, but an empty field gives the zero hash ("absent"); a present zero hash is ERR_ENCODING. */
MUST_USE enum err hash_of_field_opt(ProtobufCBinaryData f, struct hash *out);

#endif
