/* identity — who a node is on the wire: the space's TLS authority and the certificates of nodes.
 *
 * The CA's key (its SPKI) is in genesis; a node's certificate is issued by it, says
 * `carnet://SPACE/PARTICIPANT` (hex) in a SAN URI, and is good for both ends of a connection.
 * Trusting a chain is not enough: the SAN decides who it is (DESIGN 10). X.509 is RFC 5280, keys
 * are ECDSA P-256. Randomness and time come from the caller. Page: docs/identity.md */
#ifndef CARNET_IDENTITY_IDENTITY_H
#define CARNET_IDENTITY_IDENTITY_H

#include "ledger/genesis.h"

enum {
    IDENTITY_SEED_SIZE = 40, /* 64 bits more than the order: FIPS 186-5 A.2.1 */
    IDENTITY_SERIAL_SIZE = 16,
    IDENTITY_KEY_SIZE_MAX = 512,   /* PKCS#8 or SPKI, DER */
    IDENTITY_CERT_SIZE_MAX = 4096, /* DER */
    IDENTITY_PEM_SIZE_MAX = 6144,
    IDENTITY_CA_FILE_SIZE_MAX = GENESIS_CA_KEYS_MAX * IDENTITY_PEM_SIZE_MAX
};

/* A private key as PKCS#8 DER from random bytes, and the public half (SPKI DER) of one. `out`
 * holds IDENTITY_KEY_SIZE_MAX. */
MUST_USE enum err identity_key(const uint8_t random[IDENTITY_SEED_SIZE], struct buf *out);
MUST_USE enum err identity_key_public(struct bytes key, struct buf *out);

struct identity_validity {
    uint8_t serial[IDENTITY_SERIAL_SIZE]; /* random */
    uint64_t from_ms, until_ms;           /* rounded down to seconds */
};
/* A self-signed CA certificate; DER. */
MUST_USE enum err identity_ca(struct bytes ca_key, const struct identity_validity *v,
                              struct buf *out);
/* A node's certificate for an SPKI, signed by the CA: SAN is the URI, IP 127.0.0.1 and DNS
 * localhost, so that an HTTP client on the same machine can verify the host. */
MUST_USE enum err identity_issue(struct bytes ca_key, struct bytes ca_certificate,
                                 struct bytes node_public, const struct hash *space,
                                 const struct hash *participant, const struct identity_validity *v,
                                 struct buf *out);
/* DER to PEM of type CERTIFICATE, and the first certificate of a PEM file. */
MUST_USE enum err identity_pem(struct bytes der, struct buf *out);
MUST_USE enum err identity_pem_read(struct bytes pem, struct buf *out);

/* Why a peer is refused; `identity_why` says it in words for logs. */
enum identity_verdict {
    IDENTITY_OK,
    IDENTITY_NONE, /* no certificate */
    IDENTITY_MALFORMED,
    IDENTITY_OTHER_CA, /* not signed by a CA of ca.pem whose key is in genesis */
    IDENTITY_EXPIRED,
    IDENTITY_NOT_YET,
    IDENTITY_OTHER_SPACE, /* the SAN names another space, or is not of the form */
    IDENTITY_STRANGER,    /* no participant of genesis */
    IDENTITY_OTHER_NODE,  /* a participant, but not the one that was dialed */
    IDENTITY_END
};
const char *identity_why(enum identity_verdict v);

/* The CAs that a space trusts: those of ca.pem whose key is in genesis. Opaque; it allocates.
 * `genesis` must outlive it. ERR_UNREADABLE: no PEM; ERR_PEER: a CA is not in genesis. */
struct identity_trust;
MUST_USE enum err identity_trust_open(const struct genesis *genesis, struct bytes ca_pem,
                                      struct identity_trust **out);
void identity_trust_close(struct identity_trust *t);
/* Judge a peer's certificate (DER, empty: none). `expected` is the participant that was dialed, or
 * NULL. ERR_PEER with *why, or ERR_NONE with the index among genesis.participants. */
MUST_USE enum err identity_check(const struct identity_trust *t, struct bytes certificate,
                                 const struct hash *expected, uint64_t now_ms,
                                 uint32_t *participant, enum identity_verdict *why);

#endif
