#include "transfer/seal_internal.h"

enum err manifest_check(const struct manifest *m)
{
    if (m->chunk_size < SEALING_CHUNK_MIN || m->chunk_size > SEALING_CHUNK_MAX ||
        m->chunk_count == 0 || m->chunk_count > SEALING_CHUNKS_MAX) {
        return ERR_RANGE;
    }
    uint64_t whole = (uint64_t)m->chunk_size * m->chunk_count;
    bool empty = m->plain_size == 0 && m->chunk_count == 1; /* an empty file is one chunk */
    if (!empty && (m->plain_size > whole || m->plain_size <= whole - m->chunk_size)) {
        return ERR_RANGE;
    }
    size_t size_max = sealing_size_max(m->chunk_size);
    for (uint32_t i = 0; i < m->chunk_count; i++) {
        uint32_t size = m->sealed_size[i];
        if (size < SEALING_PAD || size > size_max || size % SEALING_PAD != AEAD_TAG_SIZE) {
            return ERR_RANGE;
        }
    }
    return ERR_NONE;
}

void manifest_hash(const struct suite *s, struct bytes wire, struct hash *out)
{
    hash_tagged(s, "carnet/manifest/v1", wire, out);
}

void manifest_root(const struct suite *s, const struct manifest *m, struct hash *out)
{
    merkle_root(s, m->sealed_leaf, m->chunk_count, out);
}

enum err manifest_chunk_aad(const struct manifest *m, uint32_t index, struct arena *a,
                            struct bytes *out)
{
    if (index >= m->chunk_count) {
        return ERR_RANGE;
    }
    return chunk_aad_encode(m, index, index + 1 == m->chunk_count, a, out);
}
