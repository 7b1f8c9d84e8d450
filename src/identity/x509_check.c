#include "identity/x509_internal.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

struct identity_trust {
    const struct genesis *genesis;
    X509_STORE *store;
};

static const char *const WHY[IDENTITY_END] = {
    [IDENTITY_OK] = "accepted",
    [IDENTITY_NONE] = "no certificate",
    [IDENTITY_MALFORMED] = "not a certificate",
    [IDENTITY_OTHER_CA] = "signed by another CA",
    [IDENTITY_EXPIRED] = "expired",
    [IDENTITY_NOT_YET] = "not valid yet",
    [IDENTITY_OTHER_SPACE] = "names no node of this space",
    [IDENTITY_STRANGER] = "names nobody who takes part",
    [IDENTITY_OTHER_NODE] = "another node's id",
};

const char *identity_why(enum identity_verdict v)
{
    ASSERT(v < IDENTITY_END);
    return WHY[v];
}

static bool key_in_genesis(const struct genesis *g, X509 *ca)
{
    uint8_t spki[IDENTITY_KEY_SIZE_MAX];
    struct buf b = buf_over(spki, sizeof spki);
    EVP_PKEY *key = X509_get0_pubkey(ca);
    if (key == NULL || x509_put_public(key, &b) != ERR_NONE) {
        return false;
    }
    for (uint32_t i = 0; i < g->ca_key_count; i++) {
        if (bytes_equal(g->ca_key[i], buf_bytes(&b))) {
            return true;
        }
    }
    return false;
}

/* Every certificate of ca.pem into the store. */
static enum err load(struct identity_trust *t, BIO *bio)
{
    unsigned count = 0;
    for (X509 *ca; (ca = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL; count++) {
        bool listed = key_in_genesis(t->genesis, ca);
        bool added = listed && X509_STORE_add_cert(t->store, ca) == 1;
        X509_free(ca);
        if (!added) {
            return listed ? ERR_FAILED : ERR_PEER;
        }
    }
    return count == 0 ? ERR_UNREADABLE : ERR_NONE;
}

enum err identity_trust_open(const struct genesis *genesis, struct bytes ca_pem,
                             struct identity_trust **out)
{
    if (ca_pem.len > IDENTITY_CA_FILE_SIZE_MAX) {
        return ERR_SIZE;
    }
    struct identity_trust *t = calloc(1, sizeof *t);
    BIO *bio = BIO_new_mem_buf(ca_pem.ptr, (int)ca_pem.len);
    enum err e = ERR_FAILED;
    if (t != NULL && bio != NULL) {
        t->genesis = genesis;
        t->store = X509_STORE_new();
        e = t->store == NULL ? ERR_FAILED : load(t, bio);
    }
    BIO_free(bio);
    if (e != ERR_NONE) {
        identity_trust_close(t);
        return e;
    }
    *out = t;
    return ERR_NONE;
}

void identity_trust_close(struct identity_trust *t)
{
    if (t != NULL) {
        X509_STORE_free(t->store);
        free(t);
    }
}

/* Signature and validity; the purpose is checked by EXT_KEY_USAGE of either side. */
static enum identity_verdict check_chain(const struct identity_trust *t, X509 *x, uint64_t now_ms)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    if (ctx == NULL || X509_STORE_CTX_init(ctx, t->store, x, NULL) != 1) {
        X509_STORE_CTX_free(ctx);
        return IDENTITY_OTHER_CA;
    }
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, (time_t)(now_ms / 1000));
    X509_VERIFY_PARAM_set_depth(param, 1);
    (void)X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT);
    int good = X509_verify_cert(ctx);
    int error = X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    if (good == 1) {
        return IDENTITY_OK;
    }
    if (error == X509_V_ERR_CERT_HAS_EXPIRED) {
        return IDENTITY_EXPIRED;
    }
    return error == X509_V_ERR_CERT_NOT_YET_VALID ? IDENTITY_NOT_YET : IDENTITY_OTHER_CA;
}

/* The one SAN URI of our scheme: exactly the form, so that there is one way to write a name. */
static bool read_uri(X509 *x, char out[X509_URI_SIZE])
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    int found = 0;
    for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_URI) {
            continue;
        }
        const ASN1_IA5STRING *uri = name->d.uniformResourceIdentifier;
        found++;
        if (ASN1_STRING_length(uri) != X509_URI_SIZE - 1) {
            found++;
            continue;
        }
        memcpy(out, ASN1_STRING_get0_data(uri), X509_URI_SIZE - 1);
        out[X509_URI_SIZE - 1] = '\0';
    }
    GENERAL_NAMES_free(names);
    return found == 1;
}

static enum identity_verdict check_name(const struct identity_trust *t, X509 *x,
                                        const struct hash *expected, uint32_t *participant)
{
    char named[X509_URI_SIZE], ours[X509_URI_SIZE];
    const struct genesis *g = t->genesis;
    struct hash did = { { 0 } };
    x509_uri(&g->space, &did, ours);
    if (!read_uri(x, named) || memcmp(named, ours, 9 + 64 + 1) != 0 ||
        hash_from_hex(named + 9 + 64 + 1, &did) != ERR_NONE) {
        return IDENTITY_OTHER_SPACE;
    }
    for (uint32_t i = 0; i < g->participant_count; i++) {
        if (hash_equal(&g->participant[i].id, &did)) {
            *participant = i;
            return expected == NULL || hash_equal(expected, &did) ? IDENTITY_OK
                                                                  : IDENTITY_OTHER_NODE;
        }
    }
    return IDENTITY_STRANGER;
}

enum err identity_check(const struct identity_trust *t, struct bytes certificate,
                        const struct hash *expected, uint64_t now_ms, uint32_t *participant,
                        enum identity_verdict *why)
{
    uint32_t found = 0;
    X509 *x = x509_decode(certificate);
    if (x == NULL) {
        *why = certificate.len == 0 ? IDENTITY_NONE : IDENTITY_MALFORMED;
        return ERR_PEER;
    }
    enum identity_verdict v = check_chain(t, x, now_ms);
    if (v == IDENTITY_OK) {
        v = check_name(t, x, expected, &found);
    }
    X509_free(x);
    *why = v;
    if (v != IDENTITY_OK) {
        return ERR_PEER;
    }
    *participant = found;
    return ERR_NONE;
}
