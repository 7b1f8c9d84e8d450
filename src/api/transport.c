#include "api/server_internal.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "identity/identity.h"

/* The handshake proves that the client holds the key of what it shows; identity_check judges the
 * certificate itself when a request needs it. */
static int welcome(int preverified, X509_STORE_CTX *store)
{
    (void)preverified, (void)store;
    return 1;
}

enum err transport_secure(SSL_CTX *ctx, const struct node *n)
{
    struct bytes der = node_tls_certificate(n), secret = node_tls_key(n);
    const unsigned char *at = der.ptr, *secret_at = secret.ptr;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &secret_at, (long)secret.len);
    bool ok = certificate != NULL && key != NULL &&
              SSL_CTX_use_certificate(ctx, certificate) == 1 &&
              SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1 &&
              SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
              SSL_CTX_set_num_tickets(ctx, 0) == 1;
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, welcome);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return ok ? ERR_NONE : ERR_FAILED;
}

enum err transport_pins(const struct node *n, struct hash *certificate, struct hash *key)
{
    struct bytes der = node_tls_certificate(n);
    const unsigned char *at = der.ptr;
    uint8_t *spki = NULL;
    X509 *x = d2i_X509(NULL, &at, (long)der.len);
    int len = x != NULL ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki) : 0;
    if (len > 0) {
        hash_plain(suite_intl(), der, certificate);
        hash_plain(suite_intl(), bytes_of(spki, (size_t)len), key);
        OPENSSL_free(spki);
    }
    X509_free(x);
    return len > 0 ? ERR_NONE : ERR_FAILED;
}

enum err transport_peer(struct lws *wsi, struct node *n, struct hash *participant, const char **why)
{
    uint8_t der[IDENTITY_CERT_SIZE_MAX], *at = der;
    enum identity_verdict verdict = IDENTITY_MALFORMED;
    uint32_t index;
    X509 *x = SSL_get1_peer_certificate(lws_get_ssl(wsi));
    if (x == NULL) {
        return ERR_NOT_FOUND;
    }
    int len = i2d_X509(x, NULL);
    enum err e = ERR_PEER;
    if (len > 0 && (size_t)len <= sizeof der) {
        len = i2d_X509(x, &at);
        e = identity_check(node_trust(n), bytes_of(der, (size_t)len), NULL, node_now_ms(n), &index,
                           &verdict);
    }
    X509_free(x);
    if (e != ERR_NONE) {
        *why = identity_why(verdict);
        return ERR_PEER;
    }
    *participant = node_genesis(n)->participant[index].id;
    return ERR_NONE;
}

static enum err try_bind(const struct addrinfo *at, const char *address, char why[NODE_WHY_SIZE])
{
    int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    int yes = 1;
    if (fd < 0) {
        snprintf(why, NODE_WHY_SIZE, "api address %s: %s", address, strerror(errno));
        return ERR_FAILED;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    int failed = bind(fd, at->ai_addr, at->ai_addrlen) != 0 || listen(fd, 1) != 0 ? errno : 0;
    close(fd);
    if (failed == 0) {
        return ERR_NONE;
    }
    snprintf(why, NODE_WHY_SIZE, "api address %s: %s%s", address, strerror(failed),
             failed == EADDRINUSE ? ": stop what listens there, or change nodes.json" : "");
    return failed == EADDRINUSE ? ERR_PORT_IN_USE : ERR_FAILED;
}

enum err transport_address(const char *address, char host[API_HOST_SIZE], uint16_t *port, bool *v6,
                           char why[NODE_WHY_SIZE])
{
    char name[NODE_WHY_SIZE], service[8];
    const char *colon = address != NULL ? strrchr(address, ':') : NULL;
    struct addrinfo hints = { .ai_family = AF_UNSPEC,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *at = NULL;
    if (colon == NULL || strlen(address) >= sizeof name) {
        snprintf(why, NODE_WHY_SIZE, "api address: not host:port");
        return ERR_UNREADABLE;
    }
    bool bracket = address[0] == '[' && colon > address && colon[-1] == ']';
    snprintf(name, sizeof name, "%.*s", (int)(colon - address) - (bracket ? 2 : 0),
             address + (bracket ? 1 : 0));
    int code = getaddrinfo(name, colon + 1, &hints, &at);
    if (code != 0) {
        snprintf(why, NODE_WHY_SIZE, "api address %s: %s", address, gai_strerror(code));
        return ERR_UNREADABLE;
    }
    enum err e = try_bind(at, address, why);
    code = getnameinfo(at->ai_addr, at->ai_addrlen, host, API_HOST_SIZE, service, sizeof service,
                       NI_NUMERICHOST | NI_NUMERICSERV);
    bool is_v6 = at->ai_family == AF_INET6;
    freeaddrinfo(at);
    unsigned long number = code == 0 ? strtoul(service, NULL, 10) : 0;
    if (e == ERR_NONE && code != 0) {
        snprintf(why, NODE_WHY_SIZE, "api address %s: %s", address, gai_strerror(code));
        e = ERR_UNREADABLE;
    }
    TRY(e);
    *port = (uint16_t)number;
    *v6 = is_v6;
    return ERR_NONE;
}
