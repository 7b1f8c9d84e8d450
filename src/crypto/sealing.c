#include "crypto/sealing.h"

#include <string.h>
#include <zstd.h>

#include "crypto/secret.h"

enum { SEALING_LENGTH_SIZE = 4, SEALING_LEVEL = 3 };

_Static_assert(SEALING_CHUNK_MAX % SEALING_PAD == 0, "the largest chunk is whole pads");

static size_t padded_size(size_t frame)
{
    size_t size = SEALING_LENGTH_SIZE + frame;
    return (size + SEALING_PAD - 1) / SEALING_PAD * SEALING_PAD;
}

size_t sealing_size_max(size_t plain_size)
{
    return padded_size(ZSTD_compressBound(plain_size)) + AEAD_TAG_SIZE;
}

/* The chunk's index, 12 bytes big-endian: a key seals one asset once, so no nonce comes twice. */
static void nonce_of(uint32_t index, uint8_t nonce[AEAD_NONCE_SIZE])
{
    struct buf b = buf_over(nonce, AEAD_NONCE_SIZE);
    buf_put_u64(&b, 0);
    buf_put_u32(&b, index);
    ASSERT(b.len == AEAD_NONCE_SIZE);
}

/* length ‖ frame ‖ zeros; `padded` is zeroed and holds what the worst frame needs. */
static enum err pad(struct bytes plain, uint8_t *padded, size_t cap, size_t *out_len)
{
    size_t frame = ZSTD_compress(padded + SEALING_LENGTH_SIZE, cap - SEALING_LENGTH_SIZE, plain.ptr,
                                 plain.len, SEALING_LEVEL);
    if (ZSTD_isError(frame)) {
        return ERR_FAILED; /* it had room for the worst case: zstd found no memory */
    }
    struct buf length = buf_over(padded, SEALING_LENGTH_SIZE);
    buf_put_u32(&length, (uint32_t)frame);
    *out_len = padded_size(frame);
    ASSERT(*out_len <= cap);
    memset(padded + SEALING_LENGTH_SIZE + frame, 0, *out_len - SEALING_LENGTH_SIZE - frame);
    return ERR_NONE;
}

enum err sealing_chunk(const uint8_t key[AEAD_KEY_SIZE], uint32_t index, struct bytes aad,
                       struct bytes plain, struct arena *scratch, uint8_t *out, size_t *out_len)
{
    uint8_t nonce[AEAD_NONCE_SIZE];
    if (plain.len > SEALING_CHUNK_MAX) {
        return ERR_SIZE;
    }
    size_t cap = sealing_size_max(plain.len) - AEAD_TAG_SIZE;
    size_t mark = arena_mark(scratch);
    uint8_t *padded = arena_alloc(scratch, cap);
    if (padded == NULL) {
        return ERR_NO_SPACE;
    }
    size_t len = 0;
    enum err e = pad(plain, padded, cap, &len);
    if (e == ERR_NONE) {
        nonce_of(index, nonce);
        e = aead_seal(key, nonce, aad, bytes_of(padded, len), out);
    }
    secret_wipe(padded, cap);
    arena_release(scratch, mark);
    if (e == ERR_NONE) {
        *out_len = len + AEAD_TAG_SIZE;
    }
    return e;
}

/* The one frame that pad() puts there: what is sealed has one shape, so an author cannot hide bytes
 * in the padding or make a reader unpack more than a chunk. */
static enum err frame_of(struct bytes padded, size_t cap, struct bytes *frame)
{
    struct reader r = reader_over(padded);
    uint32_t len = reader_u32(&r);
    *frame = reader_take(&r, len);
    if (r.bad || padded_size(len) != padded.len) {
        return ERR_INTEGRITY;
    }
    for (size_t i = 0; i < r.left; i++) {
        if (r.ptr[i] != 0) {
            return ERR_INTEGRITY;
        }
    }
    unsigned long long size = ZSTD_getFrameContentSize(frame->ptr, frame->len);
    bool known = size != ZSTD_CONTENTSIZE_UNKNOWN && size != ZSTD_CONTENTSIZE_ERROR;
    bool one = ZSTD_findFrameCompressedSize(frame->ptr, frame->len) == frame->len;
    return known && one && size <= cap ? ERR_NONE : ERR_INTEGRITY;
}

/* A frame may lie about its size; zstd writes no byte past `cap` whatever it says. */
static enum err unpad(struct bytes padded, uint8_t *out, size_t cap, size_t *out_len)
{
    struct bytes frame;
    TRY(frame_of(padded, cap, &frame));
    size_t len = ZSTD_decompress(out, cap, frame.ptr, frame.len);
    if (ZSTD_isError(len)) {
        if (cap > 0) {
            secret_wipe(out, cap);
        }
        return ERR_INTEGRITY;
    }
    *out_len = len;
    return ERR_NONE;
}

enum err sealing_open(const uint8_t key[AEAD_KEY_SIZE], uint32_t index, struct bytes aad,
                      struct bytes sealed, struct arena *scratch, uint8_t *out, size_t cap,
                      size_t *out_len)
{
    uint8_t nonce[AEAD_NONCE_SIZE];
    cap = cap < SEALING_CHUNK_MAX ? cap : SEALING_CHUNK_MAX;
    if (sealed.len % SEALING_PAD != AEAD_TAG_SIZE || sealed.len < SEALING_PAD ||
        sealed.len > sealing_size_max(SEALING_CHUNK_MAX)) {
        return ERR_INTEGRITY;
    }
    size_t len = sealed.len - AEAD_TAG_SIZE;
    size_t mark = arena_mark(scratch);
    uint8_t *padded = arena_alloc(scratch, len);
    if (padded == NULL) {
        return ERR_NO_SPACE;
    }
    nonce_of(index, nonce);
    enum err e = aead_open(key, nonce, aad, sealed, padded);
    if (e == ERR_NONE) {
        e = unpad(bytes_of(padded, len), out, cap, out_len);
    }
    secret_wipe(padded, len);
    arena_release(scratch, mark);
    return e;
}
