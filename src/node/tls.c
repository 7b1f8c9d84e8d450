#include "crypto/openssl.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "node/tls_internal.h"

enum { TLS_WHY_SIZE = 160 };

struct tls_context {
    SSL_CTX *ssl;
    const struct identity_trust *trust;
    uint64_t (*now_ms)(void);
};

struct tls {
    const struct tls_context *context;
    SSL *ssl;
    BIO *in, *out; /* owned by ssl */
    bool dialing;
    struct hash dialed;
    enum identity_verdict verdict;
    uint32_t peer;
    char failure[TLS_WHY_SIZE];
};

static int alert_of(enum identity_verdict v)
{
    if (v == IDENTITY_EXPIRED || v == IDENTITY_NOT_YET) {
        return X509_V_ERR_CERT_HAS_EXPIRED;
    }
    return v == IDENTITY_OTHER_CA ? X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
                                  : X509_V_ERR_APPLICATION_VERIFICATION;
}

/* OpenSSL's own walk of the chain is replaced: the certificate is judged once, by identity. */
static int judge(X509_STORE_CTX *store, void *arg)
{
    (void)arg;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls *t = SSL_get_app_data(ssl);
    X509 *x = X509_STORE_CTX_get0_cert(store);
    uint8_t *der = NULL;
    int len = x == NULL ? 0 : i2d_X509(x, &der);
    enum err e =
        identity_check(t->context->trust, bytes_of(der, len > 0 ? (size_t)len : 0),
                       t->dialing ? &t->dialed : NULL, t->context->now_ms(), &t->peer, &t->verdict);
    OPENSSL_free(der);
    if (e != ERR_NONE) {
        X509_STORE_CTX_set_error(store, alert_of(t->verdict));
        return 0;
    }
    return 1;
}

static bool use_own(SSL_CTX *ssl, const struct tls_config *config)
{
    if (config->certificate.len == 0 && config->key.len == 0) {
        return true; /* a client that shows nothing: every node refuses it */
    }
    const uint8_t *p = config->key.ptr;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)config->key.len);
    bool ok = key != NULL &&
              SSL_CTX_use_certificate_ASN1(ssl, (int)config->certificate.len,
                                           config->certificate.ptr) == 1 &&
              SSL_CTX_use_PrivateKey(ssl, key) == 1 && SSL_CTX_check_private_key(ssl) == 1;
    EVP_PKEY_free(key);
    return ok;
}

enum err tls_context_open(const struct tls_config *config, struct tls_context **out)
{
    struct tls_context *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return ERR_FAILED;
    }
    c->trust = config->trust;
    c->now_ms = config->now_ms;
    c->ssl = SSL_CTX_new(TLS_method());
    if (c->ssl == NULL || SSL_CTX_set_min_proto_version(c->ssl, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(c->ssl, TLS1_3_VERSION) != 1 || !use_own(c->ssl, config)) {
        tls_context_close(c);
        ERR_clear_error();
        return ERR_UNREADABLE;
    }
    SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(c->ssl, judge, NULL);
    /* A resumed session would skip the certificate, so there are none. */
    (void)SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_num_tickets(c->ssl, 0);
    (void)SSL_CTX_set_options(c->ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    *out = c;
    return ERR_NONE;
}

void tls_context_close(struct tls_context *c)
{
    if (c != NULL) {
        SSL_CTX_free(c->ssl);
        free(c);
    }
}

enum err tls_open(struct tls_context *c, const struct hash *dialed, struct tls **out)
{
    struct tls *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return ERR_FAILED;
    }
    t->context = c;
    t->verdict = IDENTITY_END;
    t->dialing = dialed != NULL;
    if (dialed != NULL) {
        t->dialed = *dialed;
    }
    t->ssl = SSL_new(c->ssl);
    t->in = BIO_new(BIO_s_mem());
    t->out = BIO_new(BIO_s_mem());
    if (t->ssl == NULL || t->in == NULL || t->out == NULL) {
        BIO_free(t->in);
        BIO_free(t->out);
        SSL_free(t->ssl);
        free(t);
        return ERR_FAILED;
    }
    SSL_set_bio(t->ssl, t->in, t->out);
    (void)SSL_set_app_data(t->ssl, t);
    if (t->dialing) {
        SSL_set_connect_state(t->ssl);
        (void)SSL_do_handshake(t->ssl); /* the client's first bytes; it can only want an answer */
        ERR_clear_error();
    } else {
        SSL_set_accept_state(t->ssl);
    }
    *out = t;
    return ERR_NONE;
}

void tls_close(struct tls *t)
{
    if (t != NULL) {
        SSL_free(t->ssl);
        free(t);
    }
}

/* What a failed call means: ERR_NONE when it only wants more bytes. */
static enum err outcome(struct tls *t, int result)
{
    int error = SSL_get_error(t->ssl, result);
    unsigned long code = ERR_peek_last_error();
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        ERR_clear_error();
        return ERR_NONE;
    }
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    if (error == SSL_ERROR_ZERO_RETURN) {
        reason = "closed by the peer";
    }
    size_t len = strnlen(reason == NULL ? "protocol error" : reason, TLS_WHY_SIZE - 1);
    memcpy(t->failure, reason == NULL ? "protocol error" : reason, len);
    t->failure[len] = '\0';
    if (code != 0 && ERR_GET_REASON(code) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
        t->verdict = IDENTITY_NONE;
    }
    ERR_clear_error();
    return ERR_PEER;
}

enum err tls_feed(struct tls *t, struct bytes wire)
{
    ERR_clear_error();
    if (wire.len > 0 && BIO_write(t->in, wire.ptr, (int)wire.len) != (int)wire.len) {
        return ERR_FAILED;
    }
    if (SSL_is_init_finished(t->ssl) == 1) {
        return ERR_NONE;
    }
    int result = SSL_do_handshake(t->ssl);
    return result == 1 ? ERR_NONE : outcome(t, result);
}

bool tls_established(const struct tls *t)
{
    return SSL_is_init_finished(t->ssl) == 1 && t->verdict == IDENTITY_OK;
}

uint32_t tls_peer(const struct tls *t)
{
    ASSERT(tls_established(t));
    return t->peer;
}

enum identity_verdict tls_verdict(const struct tls *t)
{
    return t->verdict;
}

const char *tls_failure(const struct tls *t)
{
    return t->verdict != IDENTITY_OK && t->verdict != IDENTITY_END ? identity_why(t->verdict)
                                                                   : t->failure;
}

enum err tls_read(struct tls *t, uint8_t *out, size_t cap, size_t *len)
{
    ERR_clear_error();
    int n = SSL_read(t->ssl, out, cap > INT32_MAX ? INT32_MAX : (int)cap);
    if (n > 0) {
        *len = (size_t)n;
        return ERR_NONE;
    }
    TRY(outcome(t, n));
    *len = 0;
    return ERR_NONE;
}

enum err tls_write(struct tls *t, struct bytes plain)
{
    ASSERT(tls_established(t));
    ERR_clear_error();
    if (plain.len == 0) {
        return ERR_NONE;
    }
    size_t written = 0;
    /* A memory BIO takes everything: anything short of it is a failure of the connection. */
    int result = SSL_write_ex(t->ssl, plain.ptr, plain.len, &written);
    if (result == 1 && written == plain.len) {
        return ERR_NONE;
    }
    return outcome(t, result) == ERR_NONE ? ERR_FAILED : ERR_PEER;
}

size_t tls_pending(const struct tls *t)
{
    return BIO_ctrl_pending(t->out);
}

size_t tls_take(struct tls *t, uint8_t *out, size_t cap)
{
    int n = BIO_read(t->out, out, cap > INT32_MAX ? INT32_MAX : (int)cap);
    return n > 0 ? (size_t)n : 0;
}

void tls_bye(struct tls *t)
{
    ERR_clear_error();
    if (SSL_is_init_finished(t->ssl) == 1) {
        (void)SSL_shutdown(t->ssl);
    }
    ERR_clear_error();
}
