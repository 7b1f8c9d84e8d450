/* keyfile — a secret at rest: Argon2id + XChaCha20-Poly1305 (libsodium), header as AAD (DESIGN 7).
 *
 * Layout: "carnet-key/1" ‖ kind u8 ‖ opslimit u32 ‖ memlimit_kib u32 ‖ salt 16 ‖ nonce 24 ‖ sealed
 * bytes. The limits in a file are bounded (KEYFILE_OPS_MAX, KEYFILE_MEM_KIB_MAX) so that a hostile
 * file cannot make us work for ever. Works on bytes; the shell reads and writes files.
 * Page: docs/crypto.md */
#ifndef CARNET_CRYPTO_KEYFILE_H
#define CARNET_CRYPTO_KEYFILE_H

#include "base/bytes.h"

enum {
    KEYFILE_KIND_PARTICIPANT = 1, /* signing seed 32 ‖ sealing seed 32 */
    KEYFILE_KIND_NODE = 2, /* epoch u64 ‖ epoch seed 32 ‖ transport private key (PKCS#8 DER) */
    KEYFILE_KIND_CA = 3,   /* transport CA private key (PKCS#8 DER) */
    KEYFILE_PLAIN_SIZE_MAX = 4096,
    KEYFILE_SIZE_MAX = KEYFILE_PLAIN_SIZE_MAX + 128,
    KEYFILE_OPS = 2, /* libsodium's INTERACTIVE: 64 MiB, about 0.1 s */
    KEYFILE_MEM_KIB = 64 * 1024,
    KEYFILE_OPS_MAX = 8,
    KEYFILE_MEM_KIB_MAX = 1024 * 1024,
    KEYFILE_PASSPHRASE_SIZE_MAX = 1024
};

/* out holds KEYFILE_SIZE_MAX. ERR_NO_SPACE: Argon2id's memory is not to be had; ERR_SIZE: plain or
 * passphrase too long, or the passphrase empty. */
MUST_USE enum err keyfile_seal(uint8_t kind, struct bytes passphrase, struct bytes plain,
                               uint8_t *out, size_t *out_len);
/* ERR_ENCODING: not a key file; ERR_RANGE: its limits are beyond ours; ERR_STATE: of another kind;
 * ERR_SIZE: cap is too small; ERR_PASSPHRASE: it does not open (a damaged file neither). */
MUST_USE enum err keyfile_open(uint8_t kind, struct bytes passphrase, struct bytes file,
                               uint8_t *plain, size_t cap, size_t *plain_len);

#endif
