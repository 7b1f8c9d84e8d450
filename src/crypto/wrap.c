#include "crypto/wrap.h"

#include "crypto/openssl.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/wrap_internal.h"

enum {
    RSA_BITS = 2048,
    RSA_SIZE = RSA_BITS / 8,
    X25519_WRAP_SIZE = 32 + WRAP_KEY_SIZE + AEAD_TAG_SIZE
};
_Static_assert((int)RSA_SIZE <= (int)WRAP_SIZE_MAX, "an RSA wrap fits");
_Static_assert((int)X25519_WRAP_SIZE <= (int)WRAP_SIZE_MAX, "an X25519 wrap fits");
_Static_assert((int)WRAP_KEY_SIZE == (int)AEAD_KEY_SIZE, "what is wrapped is the key of a seal");

static const char SEALING_INFO[] = "carnet/sealing/v1";
static const char X25519_INFO[] = "carnet/wrap/x25519/v1";

void wrap_x25519_keys(const uint8_t seed[WRAP_SEED_SIZE], uint8_t private_key[32],
                      uint8_t public_key[32])
{
    enum err e = hkdf_sha256(bytes_of(seed, WRAP_SEED_SIZE), bytes_of(NULL, 0),
                             bytes_of_str(SEALING_INFO), private_key, 32);
    ASSERT(e == ERR_NONE);
    int failed = crypto_scalarmult_base(public_key, private_key);
    ASSERT(failed == 0);
}

enum err wrap_x25519_shared(const uint8_t private_key[32], const uint8_t public_key[32],
                            uint8_t shared[32])
{
    uint8_t t[32];
    int failed = crypto_scalarmult(t, private_key, public_key);
    if (failed == 0) {
        memcpy(shared, t, sizeof t);
    }
    sodium_memzero(t, sizeof t);
    return failed == 0 ? ERR_NONE : ERR_RANGE;
}

/* Below 2^255 - 19. The key is derived over the public key's bytes, and the reader knows only the
 * canonical ones: what is sealed to others could not be opened. */
static bool x25519_canonical(const uint8_t public_key[32])
{
    if (public_key[31] != 0x7f) {
        return public_key[31] < 0x7f;
    }
    for (unsigned i = 30; i > 0; i--) {
        if (public_key[i] != 0xff) {
            return true;
        }
    }
    return public_key[0] < 0xed;
}

/* HKDF(shared secret, info ‖ ephemeral public key ‖ reader's public key). A fresh ephemeral key
 * makes a fresh key, which seals once: the nonce may be zero. */
static enum err x25519_derive(const uint8_t shared[32], const uint8_t ephemeral[32],
                              const uint8_t reader[32], uint8_t key[AEAD_KEY_SIZE])
{
    uint8_t info[sizeof X25519_INFO - 1 + 64];
    struct buf b = buf_over(info, sizeof info);
    buf_put(&b, bytes_of_str(X25519_INFO));
    buf_put(&b, bytes_of(ephemeral, 32));
    buf_put(&b, bytes_of(reader, 32));
    TRY(buf_done(&b));
    return hkdf_sha256(bytes_of(shared, 32), bytes_of(NULL, 0), buf_bytes(&b), key, AEAD_KEY_SIZE);
}

static const uint8_t ZERO_NONCE[AEAD_NONCE_SIZE] = { 0 };

static enum err x25519_seal(struct bytes public_key, struct bytes aad,
                            const uint8_t key[WRAP_KEY_SIZE], const uint8_t random[32],
                            uint8_t *out, size_t cap, size_t *out_len)
{
    if (public_key.len != WRAP_X25519_PUBLIC_SIZE || !x25519_canonical(public_key.ptr)) {
        return ERR_RANGE;
    }
    if (cap < X25519_WRAP_SIZE) {
        return ERR_SIZE;
    }
    uint8_t shared[32], ephemeral[32], sealing_key[AEAD_KEY_SIZE];
    uint8_t sealed[WRAP_KEY_SIZE + AEAD_TAG_SIZE];
    TRY(wrap_x25519_shared(random, public_key.ptr, shared));
    int failed = crypto_scalarmult_base(ephemeral, random);
    ASSERT(failed == 0);
    enum err e = x25519_derive(shared, ephemeral, public_key.ptr, sealing_key);
    if (e == ERR_NONE) {
        e = aead_seal(sealing_key, ZERO_NONCE, aad, bytes_of(key, WRAP_KEY_SIZE), sealed);
    }
    if (e == ERR_NONE) {
        memcpy(out, ephemeral, sizeof ephemeral);
        memcpy(out + sizeof ephemeral, sealed, sizeof sealed);
        *out_len = X25519_WRAP_SIZE;
    }
    sodium_memzero(shared, sizeof shared);
    sodium_memzero(sealing_key, sizeof sealing_key);
    return e;
}

static enum err x25519_open(struct bytes private_key, struct bytes aad, struct bytes wrapped,
                            uint8_t key[WRAP_KEY_SIZE])
{
    if (private_key.len != 32) {
        return ERR_RANGE;
    }
    if (wrapped.len != X25519_WRAP_SIZE) {
        return ERR_INTEGRITY;
    }
    uint8_t shared[32], reader[32], sealing_key[AEAD_KEY_SIZE], plain[WRAP_KEY_SIZE];
    if (wrap_x25519_shared(private_key.ptr, wrapped.ptr, shared) != ERR_NONE) {
        return ERR_INTEGRITY;
    }
    int failed = crypto_scalarmult_base(reader, private_key.ptr);
    ASSERT(failed == 0);
    enum err e = x25519_derive(shared, wrapped.ptr, reader, sealing_key);
    if (e == ERR_NONE) {
        struct bytes sealed = { wrapped.ptr + 32, wrapped.len - 32 };
        e = aead_open(sealing_key, ZERO_NONCE, aad, sealed, plain);
    }
    if (e == ERR_NONE) {
        memcpy(key, plain, WRAP_KEY_SIZE);
    }
    sodium_memzero(shared, sizeof shared);
    sodium_memzero(sealing_key, sizeof sealing_key);
    sodium_memzero(plain, sizeof plain);
    return e;
}

/* A context for OAEP with SHA-256 twice and this label, or NULL. `start` is EVP_PKEY_encrypt_init
 * or EVP_PKEY_decrypt_init. */
static EVP_PKEY_CTX *oaep_context(EVP_PKEY *key, struct bytes label, int (*start)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    bool ok = ctx != NULL && start(ctx) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1 &&
              EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1;
    if (ok && label.len > 0) {
        uint8_t *copy = OPENSSL_memdup(label.ptr, label.len);
        ok = copy != NULL && EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, copy, (int)label.len) == 1;
        if (!ok) {
            OPENSSL_free(copy);
        }
    }
    if (!ok) {
        EVP_PKEY_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

/* Takes `key`; NULL unless it is RSA-2048 and the DER ended where it should. */
static EVP_PKEY *rsa_2048_or_free(EVP_PKEY *key, const uint8_t *at, struct bytes der)
{
    if (key != NULL && at == der.ptr + der.len && EVP_PKEY_is_a(key, "RSA") == 1 &&
        EVP_PKEY_get_bits(key) == RSA_BITS) {
        return key;
    }
    EVP_PKEY_free(key);
    ERR_clear_error();
    return NULL;
}

static enum err rsa_seal(struct bytes public_key, struct bytes label,
                         const uint8_t key[WRAP_KEY_SIZE], uint8_t *out, size_t cap,
                         size_t *out_len)
{
    const uint8_t *at = public_key.ptr;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)public_key.len);
    pkey = rsa_2048_or_free(pkey, at, public_key);
    if (pkey == NULL) {
        return ERR_RANGE;
    }
    EVP_PKEY_CTX *ctx = oaep_context(pkey, label, EVP_PKEY_encrypt_init);
    uint8_t wrapped[RSA_SIZE];
    size_t len = sizeof wrapped;
    enum err e = cap < RSA_SIZE ? ERR_SIZE : ERR_NONE;
    if (e == ERR_NONE &&
        (ctx == NULL || EVP_PKEY_encrypt(ctx, wrapped, &len, key, WRAP_KEY_SIZE) != 1)) {
        ERR_clear_error();
        e = ERR_FAILED;
    }
    if (e == ERR_NONE) {
        memcpy(out, wrapped, len);
        *out_len = len;
    }
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return e;
}

enum err wrap_rsa_decrypt(struct bytes private_key, struct bytes label, struct bytes wrapped,
                          uint8_t plain[256], size_t *plain_len)
{
    const uint8_t *at = private_key.ptr;
    EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, (long)private_key.len);
    pkey = rsa_2048_or_free(pkey, at, private_key);
    if (pkey == NULL) {
        return ERR_RANGE;
    }
    EVP_PKEY_CTX *ctx = oaep_context(pkey, label, EVP_PKEY_decrypt_init);
    uint8_t t[RSA_SIZE];
    size_t len = sizeof t;
    bool ok = ctx != NULL && wrapped.len == RSA_SIZE &&
              EVP_PKEY_decrypt(ctx, t, &len, wrapped.ptr, wrapped.len) == 1;
    if (ok) {
        memcpy(plain, t, len);
        *plain_len = len;
    } else {
        ERR_clear_error();
    }
    sodium_memzero(t, sizeof t);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return ok ? ERR_NONE : ERR_INTEGRITY;
}

/* The label is the AAD's SHA-256: of one size, whatever the AAD is. */
static void label_of(struct bytes aad, uint8_t label[HASH_SIZE])
{
    crypto_hash_sha256(label, aad.ptr, aad.len);
}

static enum err rsa_open(struct bytes private_key, struct bytes label, struct bytes wrapped,
                         uint8_t key[WRAP_KEY_SIZE])
{
    uint8_t plain[RSA_SIZE];
    size_t len = 0;
    TRY(wrap_rsa_decrypt(private_key, label, wrapped, plain, &len));
    if (len == WRAP_KEY_SIZE) {
        memcpy(key, plain, WRAP_KEY_SIZE);
    }
    sodium_memzero(plain, sizeof plain);
    return len == WRAP_KEY_SIZE ? ERR_NONE : ERR_INTEGRITY;
}

enum err wrap_seal(enum wrap_kind kind, struct bytes public_key, struct bytes aad,
                   const uint8_t key[WRAP_KEY_SIZE], const uint8_t random[32], uint8_t *out,
                   size_t cap, size_t *out_len)
{
    uint8_t label[HASH_SIZE];
    switch (kind) {
    case WRAP_X25519:
        return x25519_seal(public_key, aad, key, random, out, cap, out_len);
    case WRAP_RSA_OAEP:
        label_of(aad, label);
        return rsa_seal(public_key, bytes_of(label, sizeof label), key, out, cap, out_len);
    case WRAP_X25519_MLKEM768:
    case WRAP_SM2:
        return ERR_UNSUPPORTED;
    }
    return ERR_UNSUPPORTED;
}

enum err wrap_open(enum wrap_kind kind, struct bytes private_key, struct bytes aad,
                   struct bytes wrapped, uint8_t key[WRAP_KEY_SIZE])
{
    uint8_t label[HASH_SIZE];
    switch (kind) {
    case WRAP_X25519:
        return x25519_open(private_key, aad, wrapped, key);
    case WRAP_RSA_OAEP:
        label_of(aad, label);
        return rsa_open(private_key, bytes_of(label, sizeof label), wrapped, key);
    case WRAP_X25519_MLKEM768:
    case WRAP_SM2:
        return ERR_UNSUPPORTED;
    }
    return ERR_UNSUPPORTED;
}
