#include "crypto/peer.h"

#include "crypto/openssl.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct peer {
    enum peer_library library;
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    crypto_aead_aes256gcm_state gcm;
    EVP_PKEY *key;
    EVP_MD *sha256;
    EVP_MD_CTX *digest, *signing;
    EVP_CIPHER *aes;
    EVP_CIPHER_CTX *cipher;
    uint8_t aead_key[AEAD_KEY_SIZE];
};

const char *peer_name(enum peer_library l)
{
    static const char *const NAMES[] = { "libsodium", "OpenSSL" };
    return NAMES[l];
}

static bool open_openssl(struct peer *p, const uint8_t seed[32])
{
    p->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    p->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    p->digest = EVP_MD_CTX_new();
    p->signing = EVP_MD_CTX_new();
    p->aes = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    p->cipher = EVP_CIPHER_CTX_new();
    return p->key != NULL && p->sha256 != NULL && p->digest != NULL && p->signing != NULL &&
           p->aes != NULL && p->cipher != NULL;
}

enum err peer_open(enum peer_library l, const uint8_t seed[32], const uint8_t key[AEAD_KEY_SIZE],
                   struct peer **out)
{
    /* libsodium wants its state of AES on a boundary of sixteen bytes. */
    struct peer *p = aligned_alloc(64, (sizeof *p + 63) / 64 * 64);
    ASSERT(p != NULL);
    memset(p, 0, sizeof *p);
    p->library = l;
    memcpy(p->aead_key, key, AEAD_KEY_SIZE);
    enum err e = ERR_NONE;
    if (l == PEER_OPENSSL) {
        e = open_openssl(p, seed) ? ERR_NONE : ERR_FAILED;
    } else if (crypto_aead_aes256gcm_is_available() == 0) {
        e = ERR_UNSUPPORTED;
    } else {
        bool ok = crypto_sign_seed_keypair(p->public_key, p->secret, seed) == 0 &&
                  crypto_aead_aes256gcm_beforenm(&p->gcm, key) == 0;
        e = ok ? ERR_NONE : ERR_FAILED;
    }
    if (e != ERR_NONE) {
        peer_close(p);
        return e;
    }
    *out = p;
    return ERR_NONE;
}

void peer_close(struct peer *p)
{
    if (p != NULL) {
        EVP_PKEY_free(p->key);
        EVP_MD_free(p->sha256);
        EVP_MD_CTX_free(p->digest);
        EVP_MD_CTX_free(p->signing);
        EVP_CIPHER_free(p->aes);
        EVP_CIPHER_CTX_free(p->cipher);
        sodium_memzero(p, sizeof *p);
        free(p);
    }
}

enum err peer_sign(struct peer *p, struct bytes msg, uint8_t out[PEER_SIGNATURE_SIZE])
{
    if (p->library == PEER_SODIUM) {
        return crypto_sign_detached(out, NULL, msg.ptr, msg.len, p->secret) == 0 ? ERR_NONE
                                                                                 : ERR_FAILED;
    }
    size_t len = PEER_SIGNATURE_SIZE;
    bool ok = EVP_DigestSignInit(p->signing, NULL, NULL, NULL, p->key) == 1 &&
              EVP_DigestSign(p->signing, out, &len, msg.ptr, msg.len) == 1;
    return ok ? ERR_NONE : ERR_FAILED;
}

enum err peer_verify(struct peer *p, struct bytes msg, const uint8_t signature[PEER_SIGNATURE_SIZE])
{
    if (p->library == PEER_SODIUM) {
        return crypto_sign_verify_detached(signature, msg.ptr, msg.len, p->public_key) == 0
                   ? ERR_NONE
                   : ERR_SIGNATURE;
    }
    bool ok = EVP_DigestVerifyInit(p->signing, NULL, NULL, NULL, p->key) == 1 &&
              EVP_DigestVerify(p->signing, signature, PEER_SIGNATURE_SIZE, msg.ptr, msg.len) == 1;
    return ok ? ERR_NONE : ERR_SIGNATURE;
}

enum err peer_sha256(struct peer *p, struct bytes x, struct hash *out)
{
    if (p->library == PEER_SODIUM) {
        return crypto_hash_sha256(out->b, x.ptr, x.len) == 0 ? ERR_NONE : ERR_FAILED;
    }
    bool ok = EVP_DigestInit_ex2(p->digest, p->sha256, NULL) == 1 &&
              EVP_DigestUpdate(p->digest, x.ptr, x.len) == 1 &&
              EVP_DigestFinal_ex(p->digest, out->b, NULL) == 1;
    return ok ? ERR_NONE : ERR_FAILED;
}

enum err peer_aead_seal(struct peer *p, const uint8_t nonce[AEAD_NONCE_SIZE], struct bytes plain,
                        uint8_t *out)
{
    if (p->library == PEER_SODIUM) {
        unsigned long long len;
        bool ok = crypto_aead_aes256gcm_encrypt_afternm(out, &len, plain.ptr, plain.len, NULL, 0,
                                                        NULL, nonce, &p->gcm) == 0;
        return ok ? ERR_NONE : ERR_FAILED;
    }
    int len = 0;
    bool ok =
        EVP_EncryptInit_ex2(p->cipher, p->aes, p->aead_key, nonce, NULL) == 1 &&
        EVP_EncryptUpdate(p->cipher, out, &len, plain.ptr, (int)plain.len) == 1 &&
        EVP_EncryptFinal_ex(p->cipher, out + plain.len, &len) == 1 &&
        EVP_CIPHER_CTX_ctrl(p->cipher, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_SIZE, out + plain.len) == 1;
    return ok ? ERR_NONE : ERR_FAILED;
}
