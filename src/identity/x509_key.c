#include "identity/x509_internal.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

/* Big numbers and points on the way from random bytes to a key; freed together. */
struct making {
    BIGNUM *order, *scalar;
    EC_GROUP *group;
    EC_POINT *point;
    BN_CTX *ctx;
    OSSL_PARAM_BLD *build;
    OSSL_PARAM *params;
    uint8_t public_key[65];
};

/* d = (random mod (n - 1)) + 1, FIPS 186-5 A.2.1; Q = d G. */
static bool derive(struct making *m, const uint8_t random[IDENTITY_SEED_SIZE])
{
    m->ctx = BN_CTX_secure_new();
    m->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    m->order = BN_new();
    m->scalar = BN_secure_new();
    if (m->ctx == NULL || m->group == NULL || m->order == NULL || m->scalar == NULL ||
        BN_bin2bn(random, IDENTITY_SEED_SIZE, m->scalar) == NULL ||
        EC_GROUP_get_order(m->group, m->order, m->ctx) != 1 || BN_sub_word(m->order, 1) != 1 ||
        BN_nnmod(m->scalar, m->scalar, m->order, m->ctx) != 1 || BN_add_word(m->scalar, 1) != 1) {
        return false;
    }
    m->point = EC_POINT_new(m->group);
    return m->point != NULL &&
           EC_POINT_mul(m->group, m->point, m->scalar, NULL, NULL, m->ctx) == 1 &&
           EC_POINT_point2oct(m->group, m->point, POINT_CONVERSION_UNCOMPRESSED, m->public_key,
                              sizeof m->public_key, m->ctx) == sizeof m->public_key;
}

static EVP_PKEY *build_key(struct making *m)
{
    EVP_PKEY *key = NULL;
    m->build = OSSL_PARAM_BLD_new();
    if (m->build == NULL ||
        OSSL_PARAM_BLD_push_utf8_string(m->build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) !=
            1 ||
        OSSL_PARAM_BLD_push_BN(m->build, OSSL_PKEY_PARAM_PRIV_KEY, m->scalar) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(m->build, OSSL_PKEY_PARAM_PUB_KEY, m->public_key,
                                         sizeof m->public_key) != 1) {
        return NULL;
    }
    m->params = OSSL_PARAM_BLD_to_param(m->build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (m->params != NULL && ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1) {
        (void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, m->params);
    }
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static void making_free(struct making *m)
{
    OSSL_PARAM_free(m->params);
    OSSL_PARAM_BLD_free(m->build);
    EC_POINT_free(m->point);
    EC_GROUP_free(m->group);
    BN_free(m->order);
    BN_clear_free(m->scalar);
    BN_CTX_free(m->ctx);
}

enum err identity_key(const uint8_t random[IDENTITY_SEED_SIZE], struct buf *out)
{
    struct making m = { 0 };
    EVP_PKEY *key = derive(&m, random) ? build_key(&m) : NULL;
    making_free(&m);
    PKCS8_PRIV_KEY_INFO *info = key == NULL ? NULL : EVP_PKEY2PKCS8(key);
    uint8_t *der = NULL;
    int len = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    if (len > 0) {
        buf_put(out, bytes_of(der, (size_t)len));
        OPENSSL_clear_free(der, (size_t)len);
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_PKEY_free(key);
    return len > 0 ? buf_done(out) : ERR_FAILED;
}

EVP_PKEY *x509_private(struct bytes pkcs8)
{
    const uint8_t *p = pkcs8.ptr;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)pkcs8.len);
    EVP_PKEY *key = NULL;
    if (info != NULL && p == pkcs8.ptr + pkcs8.len) {
        key = EVP_PKCS82PKEY(info);
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    return key;
}

enum err x509_put_public(EVP_PKEY *key, struct buf *out)
{
    uint8_t *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    if (len <= 0) {
        return ERR_FAILED;
    }
    buf_put(out, bytes_of(der, (size_t)len));
    OPENSSL_free(der);
    return buf_done(out);
}

enum err identity_key_public(struct bytes pkcs8, struct buf *out)
{
    EVP_PKEY *key = x509_private(pkcs8);
    if (key == NULL) {
        return ERR_ENCODING;
    }
    enum err e = x509_put_public(key, out);
    EVP_PKEY_free(key);
    return e;
}
