#include "node/tls_internal.h"
#include "tests/pki.h"

static uint64_t fixed_now(void)
{
    return PKI_NOW_MS;
}

/* One side: what it shows, whom it trusts. */
static struct tls_context *context(const struct pki *trusting, struct bytes cert, struct bytes key)
{
    struct tls_config c = { cert, key, trusting->trust, fixed_now };
    struct tls_context *out = NULL;
    pki_must(tls_context_open(&c, &out));
    return out;
}

static struct tls_context *node(const struct pki *p, uint32_t i)
{
    return context(p, der_bytes(&p->cert[i]), der_bytes(&p->key[i]));
}

struct pair {
    struct tls *client, *server;
    enum err client_err, server_err;
};

static enum err carry(struct tls *from, struct tls *to)
{
    uint8_t wire[1024];
    enum err e = ERR_NONE;
    for (size_t n; e == ERR_NONE && (n = tls_take(from, wire, sizeof wire)) > 0;) {
        e = tls_feed(to, bytes_of(wire, n));
    }
    return e;
}

static void shake(struct pair *p)
{
    for (int i = 0; i < 10; i++) {
        if (p->server_err == ERR_NONE) {
            p->server_err = carry(p->client, p->server);
        }
        if (p->client_err == ERR_NONE) {
            p->client_err = carry(p->server, p->client);
        }
    }
}

static struct pair meet(struct tls_context *client, const struct hash *dialed,
                        struct tls_context *server)
{
    struct pair p = { 0 };
    pki_must(tls_open(client, dialed, &p.client));
    pki_must(tls_open(server, NULL, &p.server));
    shake(&p);
    return p;
}

static void part(struct pair *p, struct tls_context *client, struct tls_context *server)
{
    tls_close(p->client);
    tls_close(p->server);
    tls_context_close(client);
    tls_context_close(server);
}

TEST(two_nodes_of_a_space_know_each_other_and_carry_bytes_both_ways)
{
    struct pki p;
    uint8_t got[64];
    size_t len = 0;
    pki_open(&p, 1, PKI_NOW_MS);
    struct tls_context *c = node(&p, 0), *s = node(&p, 2);
    struct pair m = meet(c, &p.participant[2].id, s);
    CHECK(tls_established(m.client) && tls_established(m.server));
    CHECK_EQ(tls_peer(m.client), 2);
    CHECK_EQ(tls_peer(m.server), 0);
    CHECK_OK(tls_write(m.client, bytes_of_str("to the server")));
    CHECK_OK(tls_write(m.server, bytes_of_str("to the client")));
    CHECK_OK(carry(m.client, m.server));
    CHECK_OK(carry(m.server, m.client));
    CHECK_OK(tls_read(m.server, got, sizeof got, &len));
    CHECK_BYTES(bytes_of(got, len), bytes_of_str("to the server"));
    CHECK_OK(tls_read(m.client, got, sizeof got, &len));
    CHECK_BYTES(bytes_of(got, len), bytes_of_str("to the client"));
    CHECK_OK(tls_read(m.client, got, sizeof got, &len));
    CHECK_EQ(len, 0);
    tls_bye(m.client);
    CHECK_OK(carry(m.client, m.server));
    CHECK_ERR(tls_read(m.server, got, sizeof got, &len), ERR_PEER);
    CHECK_STR(tls_failure(m.server), "closed by the peer");
    part(&m, c, s);
    pki_close(&p);
}

TEST(the_wire_shows_none_of_the_plain_bytes)
{
    static uint8_t plain[100000], wire[120000];
    struct pki p;
    pki_open(&p, 1, PKI_NOW_MS);
    memset(plain, 'A', sizeof plain);
    struct tls_context *c = node(&p, 0), *s = node(&p, 1);
    struct pair m = meet(c, &p.participant[1].id, s);
    CHECK_OK(tls_write(m.client, bytes_of(plain, sizeof plain)));
    size_t n = tls_take(m.client, wire, sizeof wire);
    CHECK(n > sizeof plain);
    CHECK(memmem(wire, n, "AAAA", 4) == NULL);
    CHECK_EQ(tls_pending(m.client), 0);
    part(&m, c, s);
    pki_close(&p);
}

/* The server's refusal: the client may think it is in, and learns otherwise when it reads. */
static void server_refuses(struct pki *p, struct tls_context *client, enum identity_verdict want)
{
    uint8_t byte;
    size_t len;
    struct tls_context *server = node(p, 1);
    struct pair m = meet(client, &p->participant[1].id, server);
    CHECK_ERR(m.server_err, ERR_PEER);
    CHECK(!tls_established(m.server));
    CHECK_EQ(tls_verdict(m.server), want);
    CHECK_STR(tls_failure(m.server), identity_why(want));
    enum err e = m.client_err;
    if (e == ERR_NONE) {
        CHECK(tls_established(m.client)); /* the trap of TLS 1.3 */
        (void)carry(m.server, m.client);
        e = tls_read(m.client, &byte, 1, &len);
    }
    CHECK_ERR(e, ERR_PEER);
    part(&m, client, server);
}

TEST(a_server_refuses_another_ca_an_expired_certificate_another_space_and_strangers)
{
    struct pki p, other;
    struct der cert;
    struct hash space = { { 9 } }, stranger = { { 77 } };
    struct identity_validity good = pki_validity(PKI_NOW_MS - 1000, PKI_NOW_MS + 1000);
    struct identity_validity past = pki_validity(PKI_NOW_MS - 9000, PKI_NOW_MS - 5000);
    pki_open(&p, 1, PKI_NOW_MS);
    pki_open(&other, 2, PKI_NOW_MS);
    struct bytes key = der_bytes(&p.key[0]);

    server_refuses(&p, context(&p, der_bytes(&other.cert[0]), der_bytes(&other.key[0])),
                   IDENTITY_OTHER_CA);
    pki_issue(&p, 0, &p.genesis.space, &p.participant[0].id, past, &cert);
    server_refuses(&p, context(&p, der_bytes(&cert), key), IDENTITY_EXPIRED);
    pki_issue(&p, 0, &space, &p.participant[0].id, good, &cert);
    server_refuses(&p, context(&p, der_bytes(&cert), key), IDENTITY_OTHER_SPACE);
    pki_issue(&p, 0, &p.genesis.space, &stranger, good, &cert);
    server_refuses(&p, context(&p, der_bytes(&cert), key), IDENTITY_STRANGER);
    pki_close(&other);
    pki_close(&p);
}

TEST(a_server_refuses_a_client_without_a_certificate)
{
    struct pki p;
    pki_open(&p, 1, PKI_NOW_MS);
    struct tls_config bare = { { NULL, 0 }, { NULL, 0 }, p.trust, fixed_now };
    struct tls_context *client = NULL;
    CHECK_OK(tls_context_open(&bare, &client));
    server_refuses(&p, client, IDENTITY_NONE);
    pki_close(&p);
}

TEST(a_client_refuses_the_right_ca_with_another_nodes_id_than_it_dialed)
{
    struct pki p;
    pki_open(&p, 1, PKI_NOW_MS);
    struct tls_context *c = node(&p, 0), *s = node(&p, 2);
    struct pair m = meet(c, &p.participant[1].id, s);
    CHECK_ERR(m.client_err, ERR_PEER);
    CHECK(!tls_established(m.client) && !tls_established(m.server));
    CHECK_EQ(tls_verdict(m.client), IDENTITY_OTHER_NODE);
    CHECK_STR(tls_failure(m.client), "another node's id");
    part(&m, c, s);
    pki_close(&p);
}

TEST(a_client_refuses_a_server_of_another_ca)
{
    struct pki p, other;
    pki_open(&p, 1, PKI_NOW_MS);
    pki_open(&other, 2, PKI_NOW_MS);
    struct tls_context *c = node(&p, 0), *s = node(&other, 1);
    struct pair m = meet(c, &p.participant[1].id, s);
    CHECK_ERR(m.client_err, ERR_PEER);
    CHECK_STR(tls_failure(m.client), "signed by another CA");
    part(&m, c, s);
    pki_close(&other);
    pki_close(&p);
}

TEST(bytes_that_are_no_tls_are_refused)
{
    struct pki p;
    struct tls *t = NULL;
    pki_open(&p, 1, PKI_NOW_MS);
    struct tls_context *s = node(&p, 0);
    CHECK_OK(tls_open(s, NULL, &t));
    CHECK_ERR(tls_feed(t, bytes_of_str("GET / HTTP/1.1\r\n\r\n")), ERR_PEER);
    CHECK(!tls_established(t));
    tls_close(t);
    tls_context_close(s);
    pki_close(&p);
}

TEST(a_key_that_is_not_the_certificates_is_no_context)
{
    struct pki p;
    pki_open(&p, 1, PKI_NOW_MS);
    struct tls_config c = { der_bytes(&p.cert[0]), der_bytes(&p.key[1]), p.trust, fixed_now };
    struct tls_context *out = NULL;
    CHECK_ERR(tls_context_open(&c, &out), ERR_UNREADABLE);
    pki_close(&p);
}
