/* server — libwebsockets on the node's loop: connections and bytes, for listen.c, server.c and
 * transport.c.
 *
 * An exchange is one request on one connection, from its headers to the last byte of its answer. */
#ifndef CARNET_API_SERVER_INTERNAL_H
#define CARNET_API_SERVER_INTERNAL_H

#include "crypto/openssl.h"

#include <libwebsockets.h>

#include "api/request_internal.h"

enum {
    API_HELD_SIZE_MAX = 8 * API_BODY_SIZE_MAX, /* bodies and large answers of all connections */
    API_SMALL_SIZE = 256 * 1024, /* an answer that need not ask for room: 64 MiB if all send one */
    API_QUIET_S_MAX = 20,        /* handshake, headers, a body that stands still */
    API_TRANSFER_MS_MAX = 60000, /* a whole body in, or a whole answer out */
    API_HOST_SIZE = 64
};

struct exchange;

struct api {
    struct node *node;
    struct lws_context *context; /* libwebsockets sets it to NULL when it is gone */
    struct lws_vhost *vhost;
    struct api_shared shared;
    struct exchange *first; /* all that are open */
    unsigned connections;
    size_t held;
    uint16_t port;
};

/* Everything that libwebsockets tells us of connections (server.c), and the node's watcher. */
int server_event(struct api *a, struct lws *wsi, enum lws_callback_reasons reason, void *user,
                 void *in, size_t len);
void server_wake(void *user, uint64_t height);

/* Certificate, key and rules of the listening side: TLS 1.3, no resumption, client certificates
 * welcome and judged by the request. ERR_FAILED. */
MUST_USE enum err transport_secure(SSL_CTX *ctx, const struct node *n);
/* The participant of a connection's client certificate. ERR_NOT_FOUND: it showed none; ERR_PEER: it
 * is not of this space, and *why says what it is. */
MUST_USE enum err transport_peer(struct lws *wsi, struct node *n, struct hash *participant,
                                 const char **why);
/* "host:port" as a numeric address; tries to bind it, so that a taken port has a clear error. */
MUST_USE enum err transport_address(const char *address, char host[API_HOST_SIZE], uint16_t *port,
                                    bool *v6, char why[NODE_WHY_SIZE]);

#endif
