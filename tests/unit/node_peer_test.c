#include <sys/socket.h>
#include <unistd.h>

#include "node/log_internal.h"
#include "node/peer_internal.h"
#include "node/replica_codec_internal.h"
#include "tests/pki.h"

static uint64_t now_real(void)
{
    return log_now_ms();
}

/* What happened to one node, in order: "0+" consensus up with 0, "0-" down, "0:hi" a message. */
struct side {
    const struct pki *pki;
    struct tls_context *tls;
    struct peers *peers;
    const char *address[PKI_NODES];
    char own[PEER_ADDRESS_SIZE];
    uint32_t self;
    char trace[1024];
    char refused[512];
    size_t bytes;
};

static void say_hello(struct side *s, uint32_t peer)
{
    static uint8_t memory[1 << 16];
    struct arena a = arena_over(memory, sizeof memory);
    struct wire_message m = { .kind = WIRE_HELLO, .purpose = WIRE_PURPOSE_CONSENSUS };
    struct bytes wire;
    m.space = s->pki->genesis.space;
    m.node = s->pki->genesis.participant[s->self].id;
    pki_must(wire_encode(&m, &a, &wire));
    peers_send(s->peers, peer, PEER_LINK_CONSENSUS, wire);
}

static void note(struct side *s, uint32_t peer, enum peer_link link, const char *what)
{
    static const char *const KIND[] = { "", "out", "in" };
    size_t len = strlen(s->trace);
    (void)snprintf(s->trace + len, sizeof s->trace - len, "%s%u%s%s", len > 0 ? " " : "", peer,
                   KIND[link], what);
}

static void on_link(void *user, uint32_t peer, enum peer_link link, bool up)
{
    struct side *s = user;
    note(s, peer, link, up ? "+" : "-");
    if (up && link == PEER_LINK_CONSENSUS) {
        say_hello(s, peer);
    }
}

static void on_message(void *user, uint32_t peer, enum peer_link link, struct bytes message)
{
    static uint8_t memory[8 << 20];
    struct arena a = arena_over(memory, sizeof memory);
    struct side *s = user;
    struct wire_message m;
    s->bytes += message.len;
    if (message.len > 4096) {
        note(s, peer, link, ":large");
    } else if (wire_decode(message, &a, &m) == ERR_NONE) {
        note(s, peer, link, m.kind == WIRE_HELLO ? ":hello" : ":have");
    } else {
        note(s, peer, link, ":junk");
    }
}

static void on_refused(void *user, uint32_t peer, const char *address, const char *why)
{
    struct side *s = user;
    size_t len = strlen(s->refused);
    (void)peer;
    (void)address;
    (void)snprintf(s->refused + len, sizeof s->refused - len, "%s%s", len > 0 ? "; " : "", why);
}

/* Node `self` showing this certificate, at a port of the system's choice. */
typedef void link_told(void *user, uint32_t peer, enum peer_link link, bool up);
static void side_open_as(struct side *s, uv_loop_t *loop, const struct pki *pki, uint32_t self,
                         struct bytes cert, struct bytes key, link_told *told)
{
    struct tls_config t = { cert, key, pki->trust, now_real };
    s->pki = pki;
    s->self = self;
    pki_must(tls_context_open(&t, &s->tls));
    struct peers_config c = { .loop = loop,
                              .tls = s->tls,
                              .genesis = &pki->genesis,
                              .self = self,
                              .listen = "127.0.0.1:0",
                              .address = s->address,
                              .user = s,
                              .link = told,
                              .message = on_message,
                              .refused = on_refused };
    pki_must(peers_open(&c, &s->peers));
    (void)snprintf(s->own, sizeof s->own, "127.0.0.1:%u", peers_port(s->peers));
}

static void side_open(struct side *s, uv_loop_t *loop, const struct pki *pki, uint32_t self,
                      struct bytes cert, struct bytes key)
{
    side_open_as(s, loop, pki, self, cert, key, on_link);
}

static void node_open_at(struct side *s, uv_loop_t *loop, const struct pki *pki, uint32_t self)
{
    side_open(s, loop, pki, self, der_bytes(&pki->cert[self]), der_bytes(&pki->key[self]));
}

/* Turn the loop until the trace or refusals hold the text, at most five seconds. */
static bool until(uv_loop_t *loop, const char *where, const char *text)
{
    uint64_t end = log_now_ms() + 5000;
    while (strstr(where, text) == NULL && log_now_ms() < end) {
        (void)uv_run(loop, UV_RUN_NOWAIT);
    }
    return strstr(where, text) != NULL;
}

static void all_close(uv_loop_t *loop, struct side *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (s[i].peers != NULL) {
            peers_close(s[i].peers);
        }
    }
    CHECK_EQ(uv_run(loop, UV_RUN_DEFAULT), 0);
    for (size_t i = 0; i < count; i++) {
        tls_context_close(s[i].tls);
    }
    CHECK_EQ(uv_loop_close(loop), 0);
}

TEST(the_lower_participant_dials_and_both_say_hello_first)
{
    uv_loop_t loop;
    struct pki p;
    struct side s[2] = { 0 };
    CHECK_EQ(uv_loop_init(&loop), 0);
    pki_open(&p, 1, log_now_ms());
    s[1].address[0] = "127.0.0.1:1"; /* the higher one never dials this */
    node_open_at(&s[1], &loop, &p, 1);
    s[0].address[1] = s[1].own;
    node_open_at(&s[0], &loop, &p, 0);
    CHECK(until(&loop, s[0].trace, "hello") && until(&loop, s[1].trace, "hello"));
    CHECK_STR(s[0].trace, "1+ 1:hello");
    CHECK_STR(s[1].trace, "0+ 0:hello");
    CHECK(peers_up(s[0].peers, 1, PEER_LINK_CONSENSUS));
    all_close(&loop, s, 2);
    CHECK_STR(s[0].refused, "");
    pki_close(&p);
}

TEST(a_large_message_arrives_whole_and_one_too_large_ends_nothing)
{
    static uint8_t large[3 << 20];
    uv_loop_t loop;
    struct pki p;
    struct side s[2] = { 0 };
    CHECK_EQ(uv_loop_init(&loop), 0);
    pki_open(&p, 1, log_now_ms());
    node_open_at(&s[1], &loop, &p, 1);
    s[0].address[1] = s[1].own;
    node_open_at(&s[0], &loop, &p, 0);
    CHECK(until(&loop, s[0].trace, "hello"));
    memset(large, 0x5a, sizeof large);
    s[1].bytes = 0;
    peers_send(s[0].peers, 1, PEER_LINK_CONSENSUS, bytes_of(large, sizeof large));
    CHECK(until(&loop, s[1].trace, "0:large"));
    CHECK(s[1].bytes >= sizeof large);
    uint8_t *huge = calloc(1, PEER_FRAME_SIZE_MAX + 1);
    CHECK(huge != NULL);
    peers_send(s[0].peers, 1, PEER_LINK_CONSENSUS, bytes_of(huge, PEER_FRAME_SIZE_MAX + 1));
    free(huge);
    say_hello(&s[0], 1);
    CHECK(until(&loop, s[1].trace, "0:large 0:hello"));
    all_close(&loop, s, 2);
    pki_close(&p);
}

TEST(a_full_queue_drops_messages_and_keeps_the_connection)
{
    uv_loop_t loop;
    struct pki p;
    struct side s[2] = { 0 };
    CHECK_EQ(uv_loop_init(&loop), 0);
    pki_open(&p, 1, log_now_ms());
    node_open_at(&s[1], &loop, &p, 1);
    s[0].address[1] = s[1].own;
    node_open_at(&s[0], &loop, &p, 0);
    CHECK(until(&loop, s[0].trace, "hello") && until(&loop, s[1].trace, "hello"));
    size_t size = 16 << 20;
    uint8_t *chunk = calloc(1, size);
    CHECK(chunk != NULL);
    s[1].bytes = 0;
    for (int i = 0; i < 8; i++) { /* 128 MiB into a queue of 64 without turning the loop */
        peers_send(s[0].peers, 1, PEER_LINK_CONSENSUS, bytes_of(chunk, size));
    }
    free(chunk);
    CHECK(peers_queued(s[0].peers, 1, PEER_LINK_CONSENSUS) > PEER_QUEUE_GOSSIP);
    CHECK(until(&loop, s[1].trace, "large 0:large 0:large"));
    say_hello(&s[0], 1);
    CHECK(until(&loop, s[1].trace, "large 0:hello"));
    CHECK(s[1].bytes <= PEER_QUEUE_BYTES_MAX + 4096);
    CHECK_EQ(peers_queued(s[0].peers, 1, PEER_LINK_CONSENSUS), 0);
    all_close(&loop, s, 2);
    pki_close(&p);
}

TEST(a_lost_peer_is_dialed_again_until_it_is_back)
{
    uv_loop_t loop;
    struct pki p;
    struct side s[2] = { 0 };
    CHECK_EQ(uv_loop_init(&loop), 0);
    pki_open(&p, 1, log_now_ms());
    node_open_at(&s[1], &loop, &p, 1);
    s[0].address[1] = s[1].own;
    node_open_at(&s[0], &loop, &p, 0);
    CHECK(until(&loop, s[0].trace, "hello"));
    peers_drop(s[1].peers, 0, PEER_LINK_CONSENSUS, "cut by the test");
    CHECK(until(&loop, s[0].trace, "1+ 1:hello 1- 1+ 1:hello"));
    CHECK(until(&loop, s[1].trace, "0+ 0:hello 0- 0+ 0:hello"));
    all_close(&loop, s, 2);
    pki_close(&p);
}

TEST(bulk_is_a_connection_of_its_own_and_only_while_it_is_wanted)
{
    uv_loop_t loop;
    struct pki p;
    struct side s[2] = { 0 };
    CHECK_EQ(uv_loop_init(&loop), 0);
    pki_open(&p, 1, log_now_ms());
    node_open_at(&s[0], &loop, &p, 0);
    s[1].address[0] = s[0].own; /* the higher one dials for bulk too */
    node_open_at(&s[1], &loop, &p, 1);
    peers_want_bulk(s[1].peers, 0, true);
    CHECK(until(&loop, s[1].trace, "0out+") && until(&loop, s[0].trace, "1in+"));
    uint8_t large[5000] = { 1 };
    peers_send(s[0].peers, 1, PEER_LINK_BULK_IN, bytes_of(large, sizeof large));
    CHECK(until(&loop, s[1].trace, "0out:large"));
    peers_want_bulk(s[1].peers, 0, false);
    CHECK(until(&loop, s[0].trace, "1in-"));
    CHECK_STR(s[1].trace, "0out+ 0out:large 0out-");
    all_close(&loop, s, 2);
    pki_close(&p);
}

/* A client with this certificate dials node 1; what node 1 says of it. */
static void refused_by_server(struct bytes cert, struct bytes key, const struct pki *p,
                              const char *want)
{
    uv_loop_t loop;
    struct side s[2] = { 0 };
    CHECK_EQ(uv_loop_init(&loop), 0);
    node_open_at(&s[1], &loop, p, 1);
    s[0].address[1] = s[1].own;
    side_open(&s[0], &loop, p, 0, cert, key);
    CHECK(until(&loop, s[1].refused, want));
    CHECK(until(&loop, s[0].refused, "alert")); /* and it is told */
    CHECK_STR(s[1].trace, "");
    CHECK(!peers_up(s[0].peers, 1, PEER_LINK_CONSENSUS));
    all_close(&loop, s, 2);
}

TEST(peers_of_another_ca_expired_or_without_a_certificate_are_refused_and_reported)
{
    struct pki p, other;
    struct der cert;
    uint64_t now = log_now_ms();
    struct identity_validity past = pki_validity(now - 9000, now - 5000);
    pki_open(&p, 1, now);
    pki_open(&other, 2, now);
    refused_by_server(der_bytes(&other.cert[0]), der_bytes(&other.key[0]), &p,
                      "signed by another CA");
    pki_issue(&p, 0, &p.genesis.space, &p.participant[0].id, past, &cert);
    refused_by_server(der_bytes(&cert), der_bytes(&p.key[0]), &p, "expired");
    refused_by_server((struct bytes){ NULL, 0 }, (struct bytes){ NULL, 0 }, &p, "no certificate");
    pki_close(&other);
    pki_close(&p);
}

TEST(another_node_of_the_space_at_the_dialed_address_is_refused_and_reported)
{
    uv_loop_t loop;
    struct pki p;
    struct side s[2] = { 0 };
    CHECK_EQ(uv_loop_init(&loop), 0);
    pki_open(&p, 1, log_now_ms());
    node_open_at(&s[1], &loop, &p, 2); /* node 2 listens where node 1 should */
    s[0].address[1] = s[1].own;
    node_open_at(&s[0], &loop, &p, 0);
    CHECK(until(&loop, s[0].refused, "another node's id"));
    CHECK_STR(s[0].trace, "");
    CHECK_STR(s[1].trace, "");
    all_close(&loop, s, 2);
    pki_close(&p);
}

/* Certified as participant 0, saying Hello as participant 2. */
static void on_link_lying(void *user, uint32_t peer, enum peer_link link, bool up)
{
    struct side *s = user;
    if (up && link == PEER_LINK_CONSENSUS) {
        s->self = 2;
        say_hello(s, peer);
    }
}

TEST(a_hello_in_another_name_than_the_certificates_is_refused)
{
    uv_loop_t loop;
    struct pki p;
    struct side s[2] = { 0 };
    CHECK_EQ(uv_loop_init(&loop), 0);
    pki_open(&p, 1, log_now_ms());
    node_open_at(&s[1], &loop, &p, 1);
    s[0].address[1] = s[1].own;
    side_open_as(&s[0], &loop, &p, 0, der_bytes(&p.cert[0]), der_bytes(&p.key[0]), on_link_lying);
    CHECK(until(&loop, s[1].refused, "not a Hello of this node"));
    CHECK_STR(s[1].trace, "");
    all_close(&loop, s, 2);
    pki_close(&p);
}

/* How long the first message of node 0 is: a Hello whose key is as long as it takes. */
static size_t hello_size;

static void on_link_long(void *user, uint32_t peer, enum peer_link link, bool up)
{
    static uint8_t memory[1 << 17], key[PEER_HELLO_SIZE_MAX];
    struct side *s = user;
    struct bytes wire = { NULL, 0 };
    static struct peer_hello h;
    struct peer_message m = { .kind = PEER_HELLO, .hello = &h };
    if (!up || link != PEER_LINK_CONSENSUS) {
        return;
    }
    h = (struct peer_hello){ .purpose = WIRE_PURPOSE_CONSENSUS, .keys.count = 1 };
    h.space = s->pki->genesis.space;
    h.node = s->pki->genesis.participant[s->self].id;
    for (size_t len = hello_size - 200; wire.len != hello_size && len < hello_size; len++) {
        struct arena a = arena_over(memory, sizeof memory);
        h.keys.key[0].public_key = bytes_of(key, len);
        pki_must(peer_encode(&m, sizeof memory, &a, &wire));
    }
    CHECK_EQ(wire.len, hello_size);
    peers_send(s->peers, peer, link, wire);
}

/* Node 1 hears such a Hello: what it says of it, and of the link. */
static void hello_of(size_t size, const char *refused, const char *trace)
{
    uv_loop_t loop;
    struct pki p;
    struct side s[2] = { 0 };
    hello_size = size;
    CHECK_EQ(uv_loop_init(&loop), 0);
    pki_open(&p, 1, log_now_ms());
    node_open_at(&s[1], &loop, &p, 1);
    s[0].address[1] = s[1].own;
    side_open_as(&s[0], &loop, &p, 0, der_bytes(&p.cert[0]), der_bytes(&p.key[0]), on_link_long);
    CHECK(until(&loop, refused[0] != '\0' ? s[1].refused : s[1].trace,
                refused[0] != '\0' ? refused : trace));
    CHECK_STR(s[1].refused, refused);
    CHECK_STR(s[1].trace, trace);
    CHECK_EQ(peers_up(s[1].peers, 0, PEER_LINK_CONSENSUS), refused[0] == '\0');
    all_close(&loop, s, 2);
    pki_close(&p);
}

TEST(the_first_message_is_so_long_and_no_longer)
{
    hello_of(PEER_HELLO_SIZE_MAX, "", "0+ 0:large");
    hello_of(PEER_HELLO_SIZE_MAX + 1, "a frame is too long", "");
}

static int silent(const struct side *s)
{
    struct sockaddr_storage at;
    pki_must(conn_parse_address(s->own, &at));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool there = connect(fd, (struct sockaddr *)&at, sizeof(struct sockaddr_in)) == 0;
    return there ? fd : -1;
}

/* Whether node 1 has closed it. */
static bool ended(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

/* Long enough for all that has arrived to be read: the loop is turned until nothing moves. */
static void settle(uv_loop_t *loop)
{
    for (int i = 0; i < 50; i++) {
        (void)uv_run(loop, UV_RUN_NOWAIT);
        (void)usleep(1000);
    }
}

TEST(so_many_strangers_wait_and_one_more_takes_the_place_of_the_oldest)
{
    uv_loop_t loop;
    struct pki p;
    struct side s[2] = { 0 };
    int fd[PEER_STRANGERS_MAX + 1];
    CHECK_EQ(uv_loop_init(&loop), 0);
    pki_open(&p, 1, log_now_ms());
    node_open_at(&s[1], &loop, &p, 1);
    for (uint32_t i = 0; i < PEER_STRANGERS_MAX; i++) {
        fd[i] = silent(&s[1]);
        CHECK(fd[i] >= 0);
        if (i == 0) {
            settle(&loop); /* it is the oldest by some milliseconds */
        }
    }
    settle(&loop);
    CHECK_STR(s[1].refused, "");
    for (uint32_t i = 0; i < PEER_STRANGERS_MAX; i++) {
        CHECK(!ended(fd[i]));
    }
    fd[PEER_STRANGERS_MAX] = silent(&s[1]);
    CHECK(fd[PEER_STRANGERS_MAX] >= 0);
    CHECK(until(&loop, s[1].refused, "too many strangers"));
    settle(&loop);
    CHECK_STR(s[1].refused, "too many strangers"); /* once */
    CHECK(ended(fd[0]));
    for (uint32_t i = 1; i <= PEER_STRANGERS_MAX; i++) {
        CHECK(!ended(fd[i]));
    }
    s[0].address[1] = s[1].own; /* a peer is let in all the same */
    node_open_at(&s[0], &loop, &p, 0);
    CHECK(until(&loop, s[1].trace, "0:hello"));
    for (uint32_t i = 0; i <= PEER_STRANGERS_MAX; i++) {
        (void)close(fd[i]);
    }
    all_close(&loop, s, 2);
    pki_close(&p);
}

TEST(a_port_in_use_and_a_bad_address_are_told_apart)
{
    uv_loop_t loop;
    struct pki p;
    struct side s[1] = { 0 };
    struct peers *second = NULL;
    CHECK_EQ(uv_loop_init(&loop), 0);
    pki_open(&p, 1, log_now_ms());
    node_open_at(&s[0], &loop, &p, 0);
    struct peers_config c = { .loop = &loop,
                              .tls = s[0].tls,
                              .genesis = &p.genesis,
                              .self = 1,
                              .listen = s[0].own,
                              .address = s[0].address,
                              .user = &s[0],
                              .link = on_link,
                              .message = on_message,
                              .refused = on_refused };
    CHECK_ERR(peers_open(&c, &second), ERR_PORT_IN_USE);
    c.listen = "nowhere";
    CHECK_ERR(peers_open(&c, &second), ERR_RANGE);
    c.listen = "127.0.0.1:70000";
    CHECK_ERR(peers_open(&c, &second), ERR_RANGE);
    CHECK(second == NULL);
    all_close(&loop, s, 1);
    pki_close(&p);
}

TEST(formats_2_a_refusal_names_its_subject)
{
    static const uint8_t NONE[] = { 0xaa, 0x01, 0x00 }; /* a Refusal without members */
    uint8_t memory[4096];
    struct arena a = arena_over(memory, sizeof memory);
    struct wire_message m;
    CHECK_ERR(wire_decode(bytes_of(NONE, sizeof NONE), &a, &m), ERR_ENCODING);
}
