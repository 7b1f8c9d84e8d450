#include "data/data_internal.h"

/* Multicodec: CID version 1, raw bytes, SHA2-256 of 32 bytes. */
static const uint8_t CID_HEAD[] = { 0x01, 0x55, 0x12, 0x20 };
enum { CID_SIZE = sizeof CID_HEAD + HASH_SIZE };

size_t base32_put(struct bytes x, char *out)
{
    size_t len = 0;
    unsigned held = 0, bits = 0;
    for (size_t i = 0; i < x.len; i++) {
        held = held << 8 | x.ptr[i];
        bits += 8;
        while (bits >= 5) {
            bits -= 5;
            out[len++] = "abcdefghijklmnopqrstuvwxyz234567"[held >> bits & 31];
        }
        held &= (1u << bits) - 1;
    }
    if (bits > 0) {
        out[len++] = "abcdefghijklmnopqrstuvwxyz234567"[held << (5 - bits) & 31];
    }
    out[len] = '\0';
    return len;
}

/* Multibase 'b': base32 in lowercase, without padding. */
static void cid_of(const struct hash *sha256, char *out)
{
    uint8_t bytes[CID_SIZE];
    struct buf b = buf_over(bytes, sizeof bytes);
    buf_put(&b, bytes_of(CID_HEAD, sizeof CID_HEAD));
    buf_put_hash(&b, sha256);
    out[0] = 'b';
    base32_put(buf_bytes(&b), out + 1);
}

_Static_assert(1 + BASE32_SIZE(CID_SIZE) + 1 <= sizeof((struct digests){ 0 }.cid),
               "a CID and its zero fit");

void data_digest(const struct suite *s, struct bytes file, uint32_t chunk_size, struct digests *out)
{
    struct merkle_frontier f;
    ASSERT(chunk_size > 0);
    merkle_frontier_init(&f);
    for (size_t at = 0; at < file.len || at == 0;
         at += chunk_size) { /* an empty file is one chunk */
        struct hash leaf;
        size_t left = file.len - at;
        struct bytes chunk =
            bytes_of(file.len > 0 ? file.ptr + at : NULL, left < chunk_size ? left : chunk_size);
        merkle_leaf(s, "carnet/plain/v1", chunk, &leaf);
        merkle_frontier_append(s, &f, &leaf);
    }
    out->bytes = file.len;
    merkle_frontier_root(s, &f, &out->plain_root);
    hash_plain(suite_intl(), file, &out->sha256); /* in every suite: it is what others compute */
    cid_of(&out->sha256, out->cid);
}
