#include "crypto/peer_gm.h"

#include "crypto/openssl.h"
#include "crypto/sm2_internal.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdlib.h>

enum { DER_SIZE_MAX = 72, IDENTITY_SIZE = 16 }; /* SEQUENCE of two INTEGERs of 33 bytes at most */

struct peer_gm {
    EVP_PKEY *key;
    EVP_MD *sm3;
    EVP_MD_CTX *digest, *signing;
};

/* NULL: OpenSSL takes no such key. */
static EVP_PKEY *key_of(const uint8_t *private_key, const uint8_t public_key[SM2_PUBLIC_SIZE])
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    BIGNUM *d = private_key == NULL ? NULL : BN_bin2bn(private_key, SM2_NUMBER_SIZE, NULL);
    ASSERT(ctx != NULL && b != NULL);
    bool put = OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "SM2", 0) == 1 &&
               OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, public_key,
                                                SM2_PUBLIC_SIZE) == 1 &&
               (d == NULL || OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PRIV_KEY, d) == 1);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
    ASSERT(put && params != NULL);
    int selection = private_key == NULL ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR;
    if (EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, &key, selection, params) != 1) {
        key = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    BN_clear_free(d);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

enum err peer_gm_open(const uint8_t *private_key, const uint8_t *public_key, struct peer_gm **out)
{
    uint8_t made[SM2_PUBLIC_SIZE];
    struct peer_gm *p = calloc(1, sizeof *p);
    ASSERT(p != NULL);
    if (private_key != NULL) {
        sm2_public_from(private_key, made);
        public_key = made;
    }
    p->key = key_of(private_key, public_key);
    p->sm3 = EVP_MD_fetch(NULL, "SM3", NULL);
    p->digest = EVP_MD_CTX_new();
    p->signing = EVP_MD_CTX_new();
    ASSERT(p->sm3 != NULL && p->digest != NULL && p->signing != NULL);
    if (p->key == NULL) {
        peer_gm_close(p);
        return ERR_RANGE;
    }
    *out = p;
    return ERR_NONE;
}

void peer_gm_close(struct peer_gm *p)
{
    if (p != NULL) {
        EVP_PKEY_free(p->key);
        EVP_MD_free(p->sm3);
        EVP_MD_CTX_free(p->digest);
        EVP_MD_CTX_free(p->signing);
        free(p);
    }
}

/* The default identity of GM/T 0009, which EVP does not take by itself. */
static bool begin(struct peer_gm *p, bool sign)
{
    char identity[] = "1234567812345678";
    OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_DIST_ID, identity, IDENTITY_SIZE), OSSL_PARAM_END
    };
    return (sign ? EVP_DigestSignInit_ex(p->signing, NULL, "SM3", NULL, NULL, p->key, params)
                 : EVP_DigestVerifyInit_ex(p->signing, NULL, "SM3", NULL, NULL, p->key, params)) ==
           1;
}

enum err peer_gm_sign(struct peer_gm *p, struct bytes msg, uint8_t out[SM2_SIGNATURE_SIZE])
{
    uint8_t der[DER_SIZE_MAX];
    const uint8_t *at = der;
    size_t len = sizeof der;
    if (!begin(p, true) || EVP_DigestSign(p->signing, der, &len, msg.ptr, msg.len) != 1) {
        return ERR_FAILED;
    }
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
    bool ok = sig != NULL &&
              BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, SM2_NUMBER_SIZE) == SM2_NUMBER_SIZE &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + SM2_NUMBER_SIZE, SM2_NUMBER_SIZE) ==
                  SM2_NUMBER_SIZE;
    ECDSA_SIG_free(sig);
    return ok ? ERR_NONE : ERR_FAILED;
}

enum err peer_gm_verify(struct peer_gm *p, struct bytes msg,
                        const uint8_t signature[SM2_SIGNATURE_SIZE])
{
    uint8_t der[DER_SIZE_MAX], *at = der;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, SM2_NUMBER_SIZE, NULL);
    BIGNUM *s = BN_bin2bn(signature + SM2_NUMBER_SIZE, SM2_NUMBER_SIZE, NULL);
    ASSERT(sig != NULL && r != NULL && s != NULL);
    bool set = ECDSA_SIG_set0(sig, r, s) == 1;
    ASSERT(set);
    int len = i2d_ECDSA_SIG(sig, &at);
    ECDSA_SIG_free(sig);
    ASSERT(len > 0 && len <= DER_SIZE_MAX);
    bool good =
        begin(p, false) && EVP_DigestVerify(p->signing, der, (size_t)len, msg.ptr, msg.len) == 1;
    return good ? ERR_NONE : ERR_SIGNATURE;
}

enum err peer_gm_sm3(struct peer_gm *p, struct bytes x, struct hash *out)
{
    bool ok = EVP_DigestInit_ex2(p->digest, p->sm3, NULL) == 1 &&
              EVP_DigestUpdate(p->digest, x.ptr, x.len) == 1 &&
              EVP_DigestFinal_ex(p->digest, out->b, NULL) == 1;
    return ok ? ERR_NONE : ERR_FAILED;
}
