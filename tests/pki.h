/* pki — a small space for tests of certificates: a CA, participants, a certificate each. */
#ifndef CARNET_TESTS_PKI_H
#define CARNET_TESTS_PKI_H

#include <stdlib.h>

#include "identity/identity.h"
#include "tests/test.h"

enum { PKI_NODES = 3, PKI_DAY_MS = 24 * 60 * 60 * 1000 };
static const uint64_t PKI_NOW_MS = 1800000000000;

struct der {
    uint8_t bytes[IDENTITY_PEM_SIZE_MAX];
    struct buf b;
};

struct pki {
    struct genesis genesis;
    struct did_document participant[PKI_NODES];
    struct bytes ca_keys[1];
    struct der ca_key, ca_public, ca, ca_pem;
    struct der key[PKI_NODES], cert[PKI_NODES];
    struct identity_trust *trust;
};

static inline struct buf *der_new(struct der *d)
{
    d->b = buf_over(d->bytes, sizeof d->bytes);
    return &d->b;
}

static inline struct bytes der_bytes(const struct der *d)
{
    return buf_bytes(&d->b);
}

static inline void pki_must(enum err e)
{
    if (e != ERR_NONE) {
        (void)fprintf(stderr, "pki fixture: %s\n", err_name(e));
        abort();
    }
}

static inline struct identity_validity pki_validity(uint64_t from_ms, uint64_t until_ms)
{
    struct identity_validity v = { .from_ms = from_ms, .until_ms = until_ms };
    memset(v.serial, 7, sizeof v.serial);
    return v;
}

/* A certificate of `participant` for key i, by this CA. */
static inline void pki_issue(const struct pki *p, uint32_t i, const struct hash *space,
                             const struct hash *participant, struct identity_validity v,
                             struct der *out)
{
    struct der public_key;
    pki_must(identity_key_public(der_bytes(&p->key[i]), der_new(&public_key)));
    pki_must(identity_issue(der_bytes(&p->ca_key), der_bytes(&p->ca), der_bytes(&public_key), space,
                            participant, &v, der_new(out)));
}

static inline void pki_open(struct pki *p, uint8_t seed, uint64_t now_ms)
{
    uint8_t random[IDENTITY_SEED_SIZE];
    struct identity_validity v = pki_validity(now_ms - PKI_DAY_MS, now_ms + PKI_DAY_MS);
    memset(p, 0, sizeof *p);
    memset(random, seed, sizeof random);
    memset(&p->genesis.space, 0x55, HASH_SIZE);
    pki_must(identity_key(random, der_new(&p->ca_key)));
    pki_must(identity_key_public(der_bytes(&p->ca_key), der_new(&p->ca_public)));
    pki_must(identity_ca(der_bytes(&p->ca_key), &v, der_new(&p->ca)));
    pki_must(identity_pem(der_bytes(&p->ca), der_new(&p->ca_pem)));
    p->ca_keys[0] = der_bytes(&p->ca_public);
    p->genesis.ca_key = p->ca_keys;
    p->genesis.ca_key_count = 1;
    p->genesis.participant = p->participant;
    p->genesis.participant_count = PKI_NODES;
    for (uint32_t i = 0; i < PKI_NODES; i++) {
        memset(&p->participant[i].id, (int)(i + 1), HASH_SIZE);
        random[0] = (uint8_t)(i + 100);
        pki_must(identity_key(random, der_new(&p->key[i])));
        pki_issue(p, i, &p->genesis.space, &p->participant[i].id, v, &p->cert[i]);
    }
    pki_must(identity_trust_open(&p->genesis, der_bytes(&p->ca_pem), &p->trust));
}

static inline void pki_close(struct pki *p)
{
    identity_trust_close(p->trust);
}

#endif
