#include "base/canon.h"
#include "carnet/v1/peer.pb-c.h"
#include "node/wire_internal.h"

typedef Carnet__V1__PeerMessage message_t;

size_t wire_arena_size(size_t payload)
{
    return 4 * payload + 64 * 1024;
}

static enum err read_hello(const Carnet__V1__Hello *h, struct wire_message *out)
{
    TRY(hash_of_field(h->space, &out->space));
    TRY(hash_of_field(h->node, &out->node));
    out->purpose = h->purpose;
    return ERR_NONE;
}

static enum err read_seal(const message_t *m, struct wire_message *out)
{
    if (m->kind_case == CARNET__V1__PEER_MESSAGE__KIND_MANIFEST_GET) {
        TRY(hash_of_field(m->manifest_get->right, &out->right));
        return hash_of_field(m->manifest_get->seal, &out->id);
    }
    if (m->kind_case == CARNET__V1__PEER_MESSAGE__KIND_MANIFEST) {
        out->payload = bytes_of_field(m->manifest->manifest);
        return hash_of_field(m->manifest->seal, &out->id);
    }
    if (m->kind_case == CARNET__V1__PEER_MESSAGE__KIND_CHUNK_GET) {
        out->index = m->chunk_get->index;
        TRY(hash_of_field(m->chunk_get->right, &out->right));
        return hash_of_field(m->chunk_get->seal, &out->id);
    }
    if (m->kind_case == CARNET__V1__PEER_MESSAGE__KIND_CHUNK) {
        out->index = m->chunk->index;
        out->payload = bytes_of_field(m->chunk->chunk);
        return hash_of_field(m->chunk->seal, &out->id);
    }
    out->index = m->chunk_ack->index;
    return hash_of_field(m->chunk_ack->seal, &out->id);
}

static enum err read_message(const message_t *m, struct wire_message *out)
{
    static const struct {
        int kind_case;
        enum wire_kind kind;
    } KINDS[] = {
        { CARNET__V1__PEER_MESSAGE__KIND_HELLO, WIRE_HELLO },
        { CARNET__V1__PEER_MESSAGE__KIND_ATTACHMENT_PUSH, WIRE_ATTACHMENT_PUSH },
        { CARNET__V1__PEER_MESSAGE__KIND_ATTACHMENT_HAVE, WIRE_ATTACHMENT_HAVE },
        { CARNET__V1__PEER_MESSAGE__KIND_ATTACHMENT_GET, WIRE_ATTACHMENT_GET },
        { CARNET__V1__PEER_MESSAGE__KIND_MANIFEST_GET, WIRE_MANIFEST_GET },
        { CARNET__V1__PEER_MESSAGE__KIND_MANIFEST, WIRE_MANIFEST },
        { CARNET__V1__PEER_MESSAGE__KIND_CHUNK_GET, WIRE_CHUNK_GET },
        { CARNET__V1__PEER_MESSAGE__KIND_CHUNK, WIRE_CHUNK },
        { CARNET__V1__PEER_MESSAGE__KIND_CHUNK_ACK, WIRE_CHUNK_ACK },
        { CARNET__V1__PEER_MESSAGE__KIND_REFUSAL, WIRE_REFUSAL },
    };
    out->kind = WIRE_OTHER;
    for (size_t i = 0; i < COUNT(KINDS); i++) {
        if ((int)m->kind_case == KINDS[i].kind_case) {
            out->kind = KINDS[i].kind;
        }
    }
    switch (out->kind) {
    case WIRE_OTHER:
        return ERR_NONE;
    case WIRE_HELLO:
        return read_hello(m->hello, out);
    case WIRE_ATTACHMENT_PUSH:
        out->payload = bytes_of_field(m->attachment_push->sealed);
        return hash_of_field(m->attachment_push->commitment, &out->id);
    case WIRE_ATTACHMENT_HAVE:
        return hash_of_field(m->attachment_have->commitment, &out->id);
    case WIRE_ATTACHMENT_GET:
        return hash_of_field(m->attachment_get->commitment, &out->id);
    case WIRE_REFUSAL:
        out->index = m->refusal->code;
        return hash_of_field(m->refusal->subject, &out->id);
    case WIRE_MANIFEST_GET:
    case WIRE_MANIFEST:
    case WIRE_CHUNK_GET:
    case WIRE_CHUNK:
    case WIRE_CHUNK_ACK:
        break;
    }
    return read_seal(m, out);
}

enum err wire_decode(struct bytes wire, struct arena *a, struct wire_message *out)
{
    ProtobufCMessage *base = NULL;
    struct wire_message got = { 0 };
    TRY(canon_decode(&carnet__v1__peer_message__descriptor, wire, WIRE_SIZE_MAX, a, &base));
    const message_t *m = (const message_t *)base;
    if (m->kind_case == CARNET__V1__PEER_MESSAGE__KIND__NOT_SET) {
        return ERR_ENCODING;
    }
    TRY(read_message(m, &got));
    *out = got;
    return ERR_NONE;
}

static enum err pack(const message_t *m, struct arena *a, struct bytes *out)
{
    return canon_encode(&m->base, WIRE_SIZE_MAX, a, out);
}

static enum err encode_attachment(const struct wire_message *w, struct arena *a, struct bytes *out)
{
    message_t m = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__AttachmentPush push = CARNET__V1__ATTACHMENT_PUSH__INIT;
    Carnet__V1__AttachmentHave have = CARNET__V1__ATTACHMENT_HAVE__INIT;
    Carnet__V1__AttachmentGet get = CARNET__V1__ATTACHMENT_GET__INIT;
    push.commitment = have.commitment = get.commitment = field_of_hash(&w->id);
    push.sealed = field_of_bytes(w->payload);
    if (w->kind == WIRE_ATTACHMENT_PUSH) {
        m.kind_case = CARNET__V1__PEER_MESSAGE__KIND_ATTACHMENT_PUSH;
        m.attachment_push = &push;
    } else if (w->kind == WIRE_ATTACHMENT_HAVE) {
        m.kind_case = CARNET__V1__PEER_MESSAGE__KIND_ATTACHMENT_HAVE;
        m.attachment_have = &have;
    } else {
        m.kind_case = CARNET__V1__PEER_MESSAGE__KIND_ATTACHMENT_GET;
        m.attachment_get = &get;
    }
    return pack(&m, a, out);
}

static enum err encode_manifest(const struct wire_message *w, struct arena *a, struct bytes *out)
{
    message_t m = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__ManifestGet get = CARNET__V1__MANIFEST_GET__INIT;
    Carnet__V1__ManifestReply reply = CARNET__V1__MANIFEST_REPLY__INIT;
    get.right = field_of_hash(&w->right);
    get.seal = reply.seal = field_of_hash(&w->id);
    reply.manifest = field_of_bytes(w->payload);
    if (w->kind == WIRE_MANIFEST_GET) {
        m.kind_case = CARNET__V1__PEER_MESSAGE__KIND_MANIFEST_GET;
        m.manifest_get = &get;
    } else {
        m.kind_case = CARNET__V1__PEER_MESSAGE__KIND_MANIFEST;
        m.manifest = &reply;
    }
    return pack(&m, a, out);
}

/* The reply carries no path: the receiver has every leaf from the manifest, whose hash is on the
 * ledger. */
static enum err encode_chunk(const struct wire_message *w, struct arena *a, struct bytes *out)
{
    message_t m = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__ChunkGet get = CARNET__V1__CHUNK_GET__INIT;
    Carnet__V1__ChunkReply reply = CARNET__V1__CHUNK_REPLY__INIT;
    Carnet__V1__ChunkAck ack = CARNET__V1__CHUNK_ACK__INIT;
    get.right = field_of_hash(&w->right);
    get.seal = reply.seal = ack.seal = field_of_hash(&w->id);
    get.index = reply.index = ack.index = w->index;
    reply.chunk = field_of_bytes(w->payload);
    if (w->kind == WIRE_CHUNK_GET) {
        m.kind_case = CARNET__V1__PEER_MESSAGE__KIND_CHUNK_GET;
        m.chunk_get = &get;
    } else if (w->kind == WIRE_CHUNK) {
        m.kind_case = CARNET__V1__PEER_MESSAGE__KIND_CHUNK;
        m.chunk = &reply;
    } else {
        m.kind_case = CARNET__V1__PEER_MESSAGE__KIND_CHUNK_ACK;
        m.chunk_ack = &ack;
    }
    return pack(&m, a, out);
}

static enum err encode_hello(const struct wire_message *w, struct arena *a, struct bytes *out)
{
    message_t m = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__Hello hello = CARNET__V1__HELLO__INIT;
    hello.space = field_of_hash(&w->space);
    hello.node = field_of_hash(&w->node);
    hello.purpose = w->purpose;
    m.kind_case = CARNET__V1__PEER_MESSAGE__KIND_HELLO;
    m.hello = &hello;
    return pack(&m, a, out);
}

static enum err encode_refusal(const struct wire_message *w, struct arena *a, struct bytes *out)
{
    message_t m = CARNET__V1__PEER_MESSAGE__INIT;
    Carnet__V1__Refusal refusal = CARNET__V1__REFUSAL__INIT;
    refusal.code = w->index;
    refusal.subject = field_of_hash(&w->id);
    m.kind_case = CARNET__V1__PEER_MESSAGE__KIND_REFUSAL;
    m.refusal = &refusal;
    return pack(&m, a, out);
}

enum err wire_encode(const struct wire_message *m, struct arena *a, struct bytes *out)
{
    switch (m->kind) {
    case WIRE_HELLO:
        return encode_hello(m, a, out);
    case WIRE_ATTACHMENT_PUSH:
    case WIRE_ATTACHMENT_HAVE:
    case WIRE_ATTACHMENT_GET:
        return encode_attachment(m, a, out);
    case WIRE_MANIFEST_GET:
    case WIRE_MANIFEST:
        return encode_manifest(m, a, out);
    case WIRE_CHUNK_GET:
    case WIRE_CHUNK:
    case WIRE_CHUNK_ACK:
        return encode_chunk(m, a, out);
    case WIRE_REFUSAL:
        return encode_refusal(m, a, out);
    case WIRE_OTHER:
        break;
    }
    return ERR_UNSUPPORTED;
}
