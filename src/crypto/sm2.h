/* sm2 — signatures by SM2 over SM3 on the curve sm2p256v1, as the suite `gm` has them.
 *
 * A public key is 04 ‖ x ‖ y, a point of the curve; a signature is r ‖ s of 32 bytes each, both
 * from 1 to n - 1; the signer's identity is the default one of GM/T 0009, "1234567812345678". One
 * encoding each: any other length or value is refused. Verification is ours and variable-time, for
 * nothing in it is secret, and allocates nothing. Secrets go through OpenSSL's ladder and its
 * arithmetic of fixed length; no signature draws a random number. Sources: GB/T 32918.2
 * (signatures), 32918.5 (curve), GM/T 0009 (encodings). Page: docs/crypto.md, ADR 0027. */
#ifndef CARNET_CRYPTO_SM2_H
#define CARNET_CRYPTO_SM2_H

#include "base/bytes.h"

enum { SM2_SEED_SIZE = 32, SM2_PUBLIC_SIZE = 65, SM2_SIGNATURE_SIZE = 64 };

/* The private key is the first of H('carnet/sm2-key/v1', seed ‖ 0, 1, …) within 1 … n - 2. */
void sm2_public_of(const uint8_t seed[SM2_SEED_SIZE], uint8_t public_key[SM2_PUBLIC_SIZE]);
/* Same seed and message, same signature: the nonce is the first of H('carnet/sm2-nonce/v1',
 * seed ‖ e ‖ 0, 1, …) within 1 … n - 1 that gives a signature, e being the digest that is signed.
 */
void sm2_sign(const uint8_t seed[SM2_SEED_SIZE], struct bytes msg,
              uint8_t signature[SM2_SIGNATURE_SIZE]);
bool sm2_verify(const uint8_t public_key[SM2_PUBLIC_SIZE], struct bytes msg,
                const uint8_t signature[SM2_SIGNATURE_SIZE]);

#endif
