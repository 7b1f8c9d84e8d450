#include "identity/x509_internal.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

void x509_uri(const struct hash *space, const struct hash *participant, char out[X509_URI_SIZE])
{
    memcpy(out, "carnet://", 9);
    hex_encode(bytes_of_hash(space), out + 9);
    out[9 + 64] = '/';
    hex_encode(bytes_of_hash(participant), out + 9 + 64 + 1);
}

X509 *x509_decode(struct bytes der)
{
    const uint8_t *p = der.ptr;
    if (der.len == 0 || der.len > IDENTITY_CERT_SIZE_MAX) {
        return NULL;
    }
    X509 *x = d2i_X509(NULL, &p, (long)der.len);
    if (x != NULL && p != der.ptr + der.len) {
        X509_free(x);
        return NULL;
    }
    return x;
}

static bool set_name(X509_NAME *name, const char *text)
{
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)text, -1, -1,
                                      0) == 1;
}

static bool set_time(ASN1_TIME *out, uint64_t time_ms)
{
    return ASN1_TIME_adj(out, (time_t)(time_ms / 1000), 0, 0) != NULL;
}

/* Serials are positive and at most 20 bytes (RFC 5280 4.1.2.2): the top bit is cleared. */
static bool set_serial(X509 *x, const uint8_t serial[IDENTITY_SERIAL_SIZE])
{
    uint8_t positive[IDENTITY_SERIAL_SIZE];
    memcpy(positive, serial, sizeof positive);
    positive[0] = (uint8_t)((positive[0] & 0x7f) | 0x40);
    BIGNUM *n = BN_bin2bn(positive, sizeof positive, NULL);
    bool ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
    BN_free(n);
    return ok;
}

static bool extend(X509 *x, X509V3_CTX *ctx, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
    bool ok = e != NULL && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

static X509 *blank(const struct identity_validity *v)
{
    X509 *x = X509_new();
    if (x != NULL && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x, v->serial) &&
        set_time(X509_getm_notBefore(x), v->from_ms) &&
        set_time(X509_getm_notAfter(x), v->until_ms)) {
        return x;
    }
    X509_free(x);
    return NULL;
}

static enum err put_signed(X509 *x, EVP_PKEY *key, struct buf *out)
{
    uint8_t *der = NULL;
    int len = X509_sign(x, key, EVP_sha256()) > 0 ? i2d_X509(x, &der) : -1;
    if (len <= 0) {
        return ERR_FAILED;
    }
    buf_put(out, bytes_of(der, (size_t)len));
    OPENSSL_free(der);
    return buf_done(out);
}

static bool ca_fields(X509 *x, EVP_PKEY *key)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    return X509_set_pubkey(x, key) == 1 &&
           set_name(X509_get_subject_name(x), "Carnet transport CA") &&
           X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
           extend(x, &ctx, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           extend(x, &ctx, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           extend(x, &ctx, NID_subject_key_identifier, "hash");
}

enum err identity_ca(struct bytes ca_key, const struct identity_validity *v, struct buf *out)
{
    EVP_PKEY *key = x509_private(ca_key);
    if (key == NULL) {
        return ERR_ENCODING;
    }
    X509 *x = blank(v);
    enum err e = x != NULL && ca_fields(x, key) ? put_signed(x, key, out) : ERR_FAILED;
    X509_free(x);
    EVP_PKEY_free(key);
    return e;
}

static bool node_fields(X509 *x, X509 *ca, EVP_PKEY *public_key, const struct hash *space,
                        const struct hash *participant)
{
    char uri[X509_URI_SIZE], name[X509_URI_SIZE + 40], san[X509_URI_SIZE + 40];
    x509_uri(space, participant, uri);
    (void)BIO_snprintf(san, sizeof san, "URI:%s,IP:127.0.0.1,DNS:localhost", uri);
    (void)BIO_snprintf(name, sizeof name, "Carnet node %.16s", uri + 9 + 64 + 1);
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, ca, x, NULL, NULL, 0);
    return X509_set_pubkey(x, public_key) == 1 && set_name(X509_get_subject_name(x), name) &&
           X509_set_issuer_name(x, X509_get_subject_name(ca)) == 1 &&
           extend(x, &ctx, NID_basic_constraints, "critical,CA:FALSE") &&
           extend(x, &ctx, NID_key_usage, "critical,digitalSignature") &&
           extend(x, &ctx, NID_ext_key_usage, "serverAuth,clientAuth") &&
           extend(x, &ctx, NID_subject_key_identifier, "hash") &&
           extend(x, &ctx, NID_authority_key_identifier, "keyid:always") &&
           extend(x, &ctx, NID_subject_alt_name, san);
}

enum err identity_issue(struct bytes ca_key, struct bytes ca_certificate, struct bytes node_public,
                        const struct hash *space, const struct hash *participant,
                        const struct identity_validity *v, struct buf *out)
{
    const uint8_t *p = node_public.ptr;
    EVP_PKEY *key = x509_private(ca_key);
    X509 *ca = x509_decode(ca_certificate);
    EVP_PKEY *public_key = d2i_PUBKEY(NULL, &p, (long)node_public.len);
    enum err e = ERR_ENCODING;
    if (key != NULL && ca != NULL && public_key != NULL) {
        X509 *x = blank(v);
        e = x != NULL && node_fields(x, ca, public_key, space, participant)
                ? put_signed(x, key, out)
                : ERR_FAILED;
        X509_free(x);
    }
    EVP_PKEY_free(public_key);
    X509_free(ca);
    EVP_PKEY_free(key);
    return e;
}

enum err identity_pem(struct bytes der, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len = 0;
    if (bio != NULL && PEM_write_bio(bio, PEM_STRING_X509, "", der.ptr, (long)der.len) > 0) {
        len = BIO_get_mem_data(bio, &text);
    }
    if (len > 0) {
        buf_put(out, bytes_of(text, (size_t)len));
    }
    BIO_free(bio);
    return len > 0 ? buf_done(out) : ERR_FAILED;
}

enum err identity_pem_read(struct bytes pem, struct buf *out)
{
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    X509 *x = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    uint8_t *der = NULL;
    int len = x == NULL ? -1 : i2d_X509(x, &der);
    if (len > 0) {
        buf_put(out, bytes_of(der, (size_t)len));
        OPENSSL_free(der);
    }
    X509_free(x);
    BIO_free(bio);
    return len > 0 ? buf_done(out) : ERR_UNREADABLE;
}
