/* sealing — one chunk of an asset: compressed by itself, padded to 4 KiB, AEAD (FORMATS 18).
 *
 * sealed = AES-256-GCM(key, nonce = chunk index as 12 bytes big-endian, AAD, padded), where
 * padded is u32 compressed length ‖ zstd frame ‖ zeros up to a multiple of SEALING_PAD. A key
 * seals one asset once. This is the one wrapper of zstd. Page: docs/transfer.md */
#ifndef CARNET_CRYPTO_SEALING_H
#define CARNET_CRYPTO_SEALING_H

#include "base/arena.h"
#include "crypto/aead.h"

enum {
    SEALING_CHUNK_MIN = 64 * 1024,
    SEALING_CHUNK_MAX = 4 * 1024 * 1024,
    SEALING_CHUNK_DEFAULT = 1024 * 1024,
    SEALING_PAD = 4096,
    SEALING_CHUNKS_MAX = 65536
};

/* Most that a sealed chunk of this plaintext size can take. */
size_t sealing_size_max(size_t plain_size);
/* plain.len ≤ SEALING_CHUNK_MAX, else ERR_SIZE (0 only for an empty file). out holds
 * sealing_size_max(plain.len), and so does the scratch, which is given back wiped. */
MUST_USE enum err sealing_chunk(const uint8_t key[AEAD_KEY_SIZE], uint32_t index, struct bytes aad,
                                struct bytes plain, struct arena *scratch, uint8_t *out,
                                size_t *out_len);
/* ERR_INTEGRITY: does not open, or is not what sealing_chunk makes (padding not zero, frame too
 * large: decompression stops at `cap`); what was decompressed of such a frame is wiped. */
MUST_USE enum err sealing_open(const uint8_t key[AEAD_KEY_SIZE], uint32_t index, struct bytes aad,
                               struct bytes sealed, struct arena *scratch, uint8_t *out, size_t cap,
                               size_t *out_len);

#endif
