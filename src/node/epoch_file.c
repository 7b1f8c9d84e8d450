#include "node/epoch_file_internal.h"

#include "crypto/epoch_key.h"

/* Per key {seat u32, epoch u64, path count u8, public key, path}. */

size_t epoch_file_size_max(const struct suite *s, uint32_t keys)
{
    return (size_t)keys * (13 + s->public_size + (size_t)EPOCH_KEY_LOG2_MAX * HASH_SIZE) + 4;
}

void epoch_file_put(struct buf *b, const struct epoch_key_proof *k)
{
    buf_put_u32(b, k->seat);
    buf_put_u64(b, k->epoch);
    buf_put_u8(b, (uint8_t)k->path.count);
    buf_put(b, k->public_key);
    for (uint32_t i = 0; i < k->path.count; i++) {
        buf_put_hash(b, &k->path.sibling[i]);
    }
}

void epoch_file_end(struct buf *b)
{
    buf_put_u32(b, crc32c(0, buf_bytes(b)));
}

static enum err read_one(const struct suite *s, struct reader *in, struct epoch_key_proof *out)
{
    struct epoch_key_proof k = { 0 };
    k.seat = reader_u32(in);
    k.epoch = reader_u64(in);
    k.path.count = reader_u8(in);
    k.public_key = reader_take(in, s->public_size);
    if (k.path.count > MERKLE_PATH_MAX) {
        return ERR_CORRUPT;
    }
    for (uint32_t i = 0; i < k.path.count; i++) {
        k.path.sibling[i] = reader_hash(in);
    }
    *out = k;
    return in->bad ? ERR_CORRUPT : ERR_NONE;
}

enum err epoch_file_each(const struct suite *s, struct bytes file, void *user,
                         epoch_file_visit *visit)
{
    if (file.len < 4) {
        return ERR_CORRUPT;
    }
    struct bytes body = bytes_of(file.ptr, file.len - 4);
    struct reader crc = reader_over(bytes_of(file.ptr + body.len, 4));
    if (reader_u32(&crc) != crc32c(0, body)) {
        return ERR_CORRUPT;
    }
    struct reader in = reader_over(body);
    while (in.left > 0) {
        struct epoch_key_proof k;
        TRY(read_one(s, &in, &k));
        visit(user, &k);
    }
    return ERR_NONE;
}
