#include "base/canon.h"
#include "carnet/v1/seal.pb-c.h"
#include "transfer/seal_internal.h"

enum { CHUNK_AAD_SIZE_MAX = 128 };

enum err chunk_aad_encode(const struct manifest *m, uint32_t index, bool final, struct arena *a,
                          struct bytes *out)
{
    Carnet__V1__ChunkAad aad;
    carnet__v1__chunk_aad__init(&aad);
    aad.suite = m->suite;
    aad.asset = field_of_hash(&m->asset);
    aad.seal = field_of_hash(&m->seal);
    aad.index = index;
    aad.final = final;
    return canon_encode(&aad.base, CHUNK_AAD_SIZE_MAX, a, out);
}

static enum err encode_with(const struct manifest *m, ProtobufCBinaryData *leaf, struct arena *a,
                            struct bytes *out)
{
    Carnet__V1__SealManifest wire;
    carnet__v1__seal_manifest__init(&wire);
    wire.seal = field_of_hash(&m->seal);
    wire.asset = field_of_hash(&m->asset);
    wire.suite = m->suite;
    wire.chunk_size = m->chunk_size;
    wire.chunk_count = m->chunk_count;
    wire.plain_size = m->plain_size;
    wire.plain_root = field_of_hash(&m->plain_root);
    wire.plain_sha256 = field_of_hash(&m->plain_sha256);
    wire.n_sealed_sizes = m->chunk_count;
    wire.sealed_sizes = m->sealed_size;
    wire.n_sealed_leaves = m->chunk_count;
    wire.sealed_leaves = leaf;
    return canon_encode(&wire.base, TRANSFER_MANIFEST_SIZE_MAX, a, out);
}

enum err manifest_encode(const struct manifest *m, struct arena *a, struct bytes *out)
{
    TRY(manifest_check(m));
    size_t mark = arena_mark(a);
    ProtobufCBinaryData *leaf = ARENA_ARRAY(a, ProtobufCBinaryData, m->chunk_count);
    if (leaf == NULL) {
        return ERR_NO_SPACE;
    }
    for (uint32_t i = 0; i < m->chunk_count; i++) {
        leaf[i] = field_of_hash(&m->sealed_leaf[i]);
    }
    enum err e = encode_with(m, leaf, a, out);
    if (e != ERR_NONE) {
        arena_release(a, mark);
    }
    return e;
}

static enum err get_hashes(const Carnet__V1__SealManifest *wire, struct manifest *m)
{
    TRY(hash_of_field(wire->seal, &m->seal));
    TRY(hash_of_field(wire->asset, &m->asset));
    TRY(hash_of_field(wire->plain_root, &m->plain_root));
    TRY(hash_of_field(wire->plain_sha256, &m->plain_sha256));
    for (uint32_t i = 0; i < m->chunk_count; i++) {
        TRY(hash_of_field(wire->sealed_leaves[i], &m->sealed_leaf[i]));
    }
    return ERR_NONE;
}

static enum err get_manifest(const Carnet__V1__SealManifest *wire, struct arena *a,
                             struct manifest *m)
{
    if (wire->n_sealed_sizes != wire->chunk_count || wire->n_sealed_leaves != wire->chunk_count) {
        return ERR_ENCODING;
    }
    m->suite = wire->suite;
    m->chunk_size = wire->chunk_size;
    m->chunk_count = wire->chunk_count;
    m->plain_size = wire->plain_size;
    m->sealed_size = wire->sealed_sizes;
    TRY(manifest_check(m));
    m->sealed_leaf = ARENA_ARRAY(a, struct hash, m->chunk_count);
    return m->sealed_leaf == NULL ? ERR_NO_SPACE : get_hashes(wire, m);
}

enum err manifest_decode(struct bytes wire, struct arena *a, struct manifest *out)
{
    ProtobufCMessage *base;
    struct manifest m;
    size_t mark = arena_mark(a);
    TRY(canon_decode(&carnet__v1__seal_manifest__descriptor, wire, TRANSFER_MANIFEST_SIZE_MAX, a,
                     &base));
    enum err e = get_manifest((const Carnet__V1__SealManifest *)base, a, &m);
    if (e != ERR_NONE) {
        arena_release(a, mark);
        return e;
    }
    *out = m;
    return ERR_NONE;
}
