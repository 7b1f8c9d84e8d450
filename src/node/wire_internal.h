/* wire — the messages between nodes that are the shell's own: attachments, seals, and the
 * Hello of a bulk connection (peer.proto). Those of consensus are the replica's. */
#ifndef CARNET_NODE_WIRE_INTERNAL_H
#define CARNET_NODE_WIRE_INTERNAL_H

#include "base/arena.h"
#include "crypto/merkle.h"

enum { WIRE_PURPOSE_CONSENSUS = 1, WIRE_PURPOSE_BULK = 2, WIRE_SIZE_MAX = 17 * 1024 * 1024 };

enum wire_kind {
    WIRE_OTHER, /* a lawful message that is the replica's */
    WIRE_HELLO,
    WIRE_ATTACHMENT_PUSH,
    WIRE_ATTACHMENT_HAVE,
    WIRE_ATTACHMENT_GET,
    WIRE_MANIFEST_GET,
    WIRE_MANIFEST,
    WIRE_CHUNK_GET,
    WIRE_CHUNK,
    WIRE_CHUNK_ACK,
    WIRE_REFUSAL
};
struct wire_message {
    enum wire_kind kind;
    struct hash space, node; /* HELLO */
    uint32_t purpose;        /* HELLO */
    struct hash id;          /* commitment, or seal; subject of a refusal */
    struct hash right;       /* *_GET of a bulk connection */
    uint32_t index;          /* chunk; code of a refusal */
    struct bytes payload;    /* sealed attachment, manifest, chunk */
};

MUST_USE enum err wire_encode(const struct wire_message *m, struct arena *a, struct bytes *out);
/* Bytes borrow from the arena. ERR_ENCODING, ERR_SIZE, ERR_NO_SPACE. */
MUST_USE enum err wire_decode(struct bytes wire, struct arena *a, struct wire_message *out);
/* The arena that either takes for a payload of this size. */
size_t wire_arena_size(size_t payload);

#endif
