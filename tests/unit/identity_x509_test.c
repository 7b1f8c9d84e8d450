#include "tests/pki.h"

/* What identity_check says of a certificate: the reason, or the participant's index as "node N". */
static void judged(const struct pki *p, struct bytes cert, const struct hash *expected,
                   uint64_t now_ms, char out[64])
{
    uint32_t who = 99;
    enum identity_verdict why = IDENTITY_END;
    enum err e = identity_check(p->trust, cert, expected, now_ms, &who, &why);
    if (e == ERR_NONE) {
        (void)snprintf(out, 64, "node %u", who);
    } else {
        (void)snprintf(out, 64, "%s%s%s", err_name(e),
                       who == 99 ? ": " : " (output touched): ", identity_why(why));
    }
}
#define CHECK_JUDGED(cert, expected, now, want)      \
    do {                                             \
        char got_[64];                               \
        judged(&p, (cert), (expected), (now), got_); \
        CHECK_STR(got_, want);                       \
    } while (0)

TEST(a_node_is_the_participant_that_its_certificate_names)
{
    struct pki p;
    pki_open(&p, 1, PKI_NOW_MS);
    CHECK_JUDGED(der_bytes(&p.cert[0]), NULL, PKI_NOW_MS, "node 0");
    CHECK_JUDGED(der_bytes(&p.cert[2]), NULL, PKI_NOW_MS, "node 2");
    CHECK_JUDGED(der_bytes(&p.cert[2]), &p.participant[2].id, PKI_NOW_MS, "node 2");
    pki_close(&p);
}

TEST(the_refusal_table_of_certificates)
{
    struct pki p, other;
    struct hash space = { { 9 } }, stranger = { { 77 } };
    struct identity_validity now = pki_validity(PKI_NOW_MS - 1000, PKI_NOW_MS + 1000);
    struct der cert;
    pki_open(&p, 1, PKI_NOW_MS);
    pki_open(&other, 2, PKI_NOW_MS);

    CHECK_JUDGED(((struct bytes){ NULL, 0 }), NULL, PKI_NOW_MS, "peer: no certificate");
    CHECK_JUDGED(bytes_of("no DER", 6), NULL, PKI_NOW_MS, "peer: not a certificate");
    CHECK_JUDGED(der_bytes(&other.cert[0]), NULL, PKI_NOW_MS, "peer: signed by another CA");
    CHECK_JUDGED(der_bytes(&p.cert[0]), &p.participant[1].id, PKI_NOW_MS,
                 "peer: another node's id");
    pki_issue(&p, 0, &space, &p.participant[0].id, now, &cert);
    CHECK_JUDGED(der_bytes(&cert), NULL, PKI_NOW_MS, "peer: names no node of this space");
    pki_issue(&p, 0, &p.genesis.space, &stranger, now, &cert);
    CHECK_JUDGED(der_bytes(&cert), NULL, PKI_NOW_MS, "peer: names nobody who takes part");
    /* The CA's own certificate is of the chain, but it names no node. */
    CHECK_JUDGED(der_bytes(&p.ca), NULL, PKI_NOW_MS, "peer: signed by another CA");
    pki_close(&other);
    pki_close(&p);
}

TEST(a_certificate_is_good_from_its_first_to_its_last_second)
{
    struct pki p;
    struct der cert;
    pki_open(&p, 1, PKI_NOW_MS);
    struct identity_validity v = pki_validity(PKI_NOW_MS, PKI_NOW_MS + 60000);
    pki_issue(&p, 0, &p.genesis.space, &p.participant[0].id, v, &cert);
    struct bytes c = der_bytes(&cert);
    CHECK_JUDGED(c, NULL, PKI_NOW_MS - 1000, "peer: not valid yet");
    CHECK_JUDGED(c, NULL, PKI_NOW_MS, "node 0");
    CHECK_JUDGED(c, NULL, PKI_NOW_MS + 60000 - 1, "node 0");
    CHECK_JUDGED(c, NULL, PKI_NOW_MS + 61000, "peer: expired");
    pki_close(&p);
}

TEST(a_flipped_byte_anywhere_in_a_certificate_is_refused)
{
    struct pki p;
    pki_open(&p, 1, PKI_NOW_MS);
    struct der cert = p.cert[1];
    for (size_t i = 0; i < cert.b.len; i++) {
        uint32_t who;
        enum identity_verdict why;
        cert.bytes[i] ^= 1;
        struct bytes c = bytes_of(cert.bytes, cert.b.len);
        CHECK_ERR(identity_check(p.trust, c, NULL, PKI_NOW_MS, &who, &why), ERR_PEER);
        cert.bytes[i] ^= 1;
    }
    struct bytes longer = bytes_of(cert.bytes, cert.b.len + 1);
    CHECK_JUDGED(longer, NULL, PKI_NOW_MS, "peer: not a certificate");
    pki_close(&p);
}

TEST(a_ca_file_whose_key_is_not_in_genesis_is_not_trusted)
{
    struct pki p, other;
    struct identity_trust *t = NULL;
    pki_open(&p, 1, PKI_NOW_MS);
    pki_open(&other, 2, PKI_NOW_MS);
    CHECK_ERR(identity_trust_open(&p.genesis, der_bytes(&other.ca_pem), &t), ERR_PEER);
    CHECK_ERR(identity_trust_open(&p.genesis, bytes_of("nothing", 7), &t), ERR_UNREADABLE);
    CHECK(t == NULL);
    pki_close(&other);
    pki_close(&p);
}

TEST(keys_come_from_the_given_randomness_and_pem_reads_back)
{
    struct pki p;
    struct der again, pem;
    uint8_t random[IDENTITY_SEED_SIZE];
    pki_open(&p, 1, PKI_NOW_MS);
    memset(random, 1, sizeof random);
    CHECK_OK(identity_key(random, der_new(&again)));
    CHECK_BYTES(der_bytes(&again), der_bytes(&p.ca_key));
    random[39] = 2;
    CHECK_OK(identity_key(random, der_new(&again)));
    CHECK(!bytes_equal(der_bytes(&again), der_bytes(&p.ca_key)));
    CHECK_OK(identity_pem(der_bytes(&p.cert[0]), der_new(&pem)));
    CHECK_OK(identity_pem_read(der_bytes(&pem), der_new(&again)));
    CHECK_BYTES(der_bytes(&again), der_bytes(&p.cert[0]));
    CHECK_ERR(identity_key_public(bytes_of("x", 1), der_new(&again)), ERR_ENCODING);
    struct buf small = buf_over(random, 8);
    CHECK_ERR(identity_key(random, &small), ERR_SIZE);
    pki_close(&p);
}
