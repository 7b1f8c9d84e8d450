/* tls — TLS 1.3 between nodes, without a socket: bytes in, bytes out.
 *
 * Both ends show a certificate of the space; who the peer is comes from its SAN (identity.h).
 * A client may hear "established" before the server has judged it (RFC 8446 4.4.4, 2), so that
 * established is not yet accepted: the first valid message is. One wrapper of libssl. */
#ifndef CARNET_NODE_TLS_INTERNAL_H
#define CARNET_NODE_TLS_INTERNAL_H

#include "identity/identity.h"

enum { TLS_RECORD_SIZE_MAX = 16 * 1024 };

struct tls_config {
    struct bytes certificate;           /* own, DER */
    struct bytes key;                   /* PKCS#8 DER */
    const struct identity_trust *trust; /* outlives the context */
    uint64_t (*now_ms)(void);
};
struct tls_context; /* opaque */
struct tls;         /* opaque: one connection */

MUST_USE enum err tls_context_open(const struct tls_config *config, struct tls_context **out);
void tls_context_close(struct tls_context *c); /* after all of its connections */

/* `dialed` is the participant we mean to reach; NULL on the accepting side. */
MUST_USE enum err tls_open(struct tls_context *c, const struct hash *dialed, struct tls **out);
void tls_close(struct tls *t); /* NULL is fine */

/* Bytes from the wire, then the handshake as far as it goes. ERR_PEER: the peer is refused (see
 * tls_verdict) or refuses us, or breaks the protocol; bytes to send (an alert) may be waiting. */
MUST_USE enum err tls_feed(struct tls *t, struct bytes wire);
bool tls_established(const struct tls *t);
uint32_t tls_peer(const struct tls *t);                 /* participant; established only */
enum identity_verdict tls_verdict(const struct tls *t); /* IDENTITY_END: not judged */
const char *tls_failure(const struct tls *t);           /* in words, for logs */

/* Plain bytes that have arrived: *len 0 when there are none now. ERR_PEER as above. */
MUST_USE enum err tls_read(struct tls *t, uint8_t *out, size_t cap, size_t *len);
/* Plain bytes to send; all are taken. Established only. */
MUST_USE enum err tls_write(struct tls *t, struct bytes plain);
/* Bytes for the wire: how many wait, and take up to cap of them. */
size_t tls_pending(const struct tls *t);
size_t tls_take(struct tls *t, uint8_t *out, size_t cap);
/* Say goodbye (close_notify); the bytes are then taken as any. */
void tls_bye(struct tls *t);

#endif
