#include "crypto/aead.h"

#include "crypto/openssl.h"

#include <limits.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

_Static_assert(crypto_auth_hmacsha256_BYTES == HASH_SIZE, "HMAC-SHA-256 gives a hash");

/* EVP takes an absent pointer for "no bytes" in one call and for something else in the next. */
static const uint8_t NOTHING[1] = { 0 };

static const uint8_t *pointer_of(struct bytes x)
{
    return x.len > 0 ? x.ptr : NOTHING;
}

/* EVP counts in int; FORMATS 7 and 18 stop far below (16 MiB). */
static bool fits(struct bytes x)
{
    return x.len <= INT_MAX - AEAD_TAG_SIZE;
}

static bool seal_with(EVP_CIPHER_CTX *ctx, const uint8_t *key, const uint8_t *nonce,
                      struct bytes aad, struct bytes plain, uint8_t *out)
{
    int len = 0;
    return EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
           EVP_EncryptUpdate(ctx, NULL, &len, pointer_of(aad), (int)aad.len) == 1 &&
           EVP_EncryptUpdate(ctx, out, &len, pointer_of(plain), (int)plain.len) == 1 &&
           (size_t)len == plain.len && EVP_EncryptFinal_ex(ctx, out + plain.len, &len) == 1 &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_SIZE, out + plain.len) == 1;
}

enum err aead_seal(const uint8_t key[AEAD_KEY_SIZE], const uint8_t nonce[AEAD_NONCE_SIZE],
                   struct bytes aad, struct bytes plain, uint8_t *out)
{
    if (!fits(aad) || !fits(plain)) {
        return ERR_SIZE;
    }
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok = ctx != NULL && seal_with(ctx, key, nonce, aad, plain, out);
    EVP_CIPHER_CTX_free(ctx);
    return ok ? ERR_NONE : ERR_FAILED;
}

static bool open_with(EVP_CIPHER_CTX *ctx, const uint8_t *key, const uint8_t *nonce,
                      struct bytes aad, struct bytes body, const uint8_t *tag, uint8_t *out)
{
    int len = 0;
    uint8_t expected[AEAD_TAG_SIZE], none[1];
    memcpy(expected, tag, sizeof expected);
    return EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
           EVP_DecryptUpdate(ctx, NULL, &len, pointer_of(aad), (int)aad.len) == 1 &&
           EVP_DecryptUpdate(ctx, body.len > 0 ? out : none, &len, pointer_of(body),
                             (int)body.len) == 1 &&
           (size_t)len == body.len &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_SIZE, expected) == 1 &&
           EVP_DecryptFinal_ex(ctx, none, &len) == 1;
}

enum err aead_open(const uint8_t key[AEAD_KEY_SIZE], const uint8_t nonce[AEAD_NONCE_SIZE],
                   struct bytes aad, struct bytes sealed, uint8_t *out)
{
    if (!fits(aad) || !fits(sealed)) {
        return ERR_SIZE;
    }
    if (sealed.len < AEAD_TAG_SIZE) {
        return ERR_INTEGRITY;
    }
    struct bytes body = { sealed.ptr, sealed.len - AEAD_TAG_SIZE };
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return ERR_FAILED;
    }
    bool ok = open_with(ctx, key, nonce, aad, body, sealed.ptr + body.len, out);
    EVP_CIPHER_CTX_free(ctx);
    if (!ok) {
        ERR_clear_error();
        sodium_memzero(out, body.len);
        return ERR_INTEGRITY;
    }
    return ERR_NONE;
}

void hmac_sha256(struct bytes key, struct bytes msg, struct hash *out)
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, pointer_of(key), key.len);
    crypto_auth_hmacsha256_update(&state, msg.ptr, msg.len);
    crypto_auth_hmacsha256_final(&state, out->b);
    sodium_memzero(&state, sizeof state);
}

/* RFC 5869 2.3: T(i) = HMAC(PRK, T(i - 1) ‖ info ‖ i). */
enum err hkdf_sha256(struct bytes ikm, struct bytes salt, struct bytes info, uint8_t *out,
                     size_t out_len)
{
    if (out_len > HKDF_SIZE_MAX) {
        return ERR_SIZE;
    }
    struct hash prk, t;
    hmac_sha256(salt, ikm, &prk);
    crypto_auth_hmacsha256_state state;
    uint8_t counter = 0;
    for (size_t done = 0; done < out_len;) {
        crypto_auth_hmacsha256_init(&state, prk.b, sizeof prk.b);
        crypto_auth_hmacsha256_update(&state, t.b, counter > 0 ? sizeof t.b : 0);
        crypto_auth_hmacsha256_update(&state, info.ptr, info.len);
        counter++;
        crypto_auth_hmacsha256_update(&state, &counter, 1);
        crypto_auth_hmacsha256_final(&state, t.b);
        size_t take = out_len - done < sizeof t.b ? out_len - done : sizeof t.b;
        memcpy(out + done, t.b, take);
        done += take;
    }
    sodium_memzero(&state, sizeof state);
    sodium_memzero(&prk, sizeof prk);
    sodium_memzero(&t, sizeof t);
    return ERR_NONE;
}
