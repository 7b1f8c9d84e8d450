#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fixtures/api_rig.h"

static int connect_plain(const struct rig *r)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons(api_port(r->api)),
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof at) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* The server has closed it: the end of the stream, or a reset. */
static bool is_closed(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno == ECONNRESET);
}

TEST(a_connection_past_the_limit_is_closed_at_once_and_room_comes_back)
{
    struct rig *r = rig_new();
    int fd[API_CONNECTIONS_MAX];
    for (int i = 0; i < API_CONNECTIONS_MAX; i++) {
        fd[i] = connect_plain(r);
        CHECK(fd[i] >= 0);
        rig_turn(r);
    }
    int extra = connect_plain(r);
    rig_turns(r, 100);
    CHECK(is_closed(extra));
    for (int i = 0; i < API_CONNECTIONS_MAX; i++) {
        CHECK(!is_closed(fd[i]));
        close(fd[i]);
    }
    close(extra);
    rig_turns(r, 100);
    CHECK_EQ(ASK("GET", "/v1/status", .as = NOBODY), 200);
    rig_close(r);
}

TEST(bytes_that_are_not_tls_end_the_connection)
{
    struct rig *r = rig_new();
    int fd = connect_plain(r);
    CHECK(send(fd, "GET /v1/status HTTP/1.1\r\n\r\n", 27, 0) == 27);
    rig_turns(r, 100);
    char answer[64];
    ssize_t n = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
    CHECK(n < 5 || memcmp(answer, "HTTP/", 5) != 0);
    close(fd);
    CHECK_EQ(ASK("GET", "/v1/status", .as = NOBODY), 200);
    rig_close(r);
}

/* Eight bodies of the largest size fit beside each other; the ninth is told to come back. */
TEST(bodies_held_together_have_a_limit)
{
    enum { CALLS = 8 };
    struct rig *r = rig_new();
    struct call c[CALLS];
    size_t size = TRANSFER_SEALED_ATTACHMENT_SIZE_MAX;
    uint8_t *body = calloc(1, size);
    struct ask q = { "PUT", "/v1/attachments", bytes_of(body, size), .as = 0, .stalls = true };
    for (int i = 0; i < CALLS; i++) {
        c[i] = rig_call(r, q);
    }
    rig_turns(r, 500);
    CHECK_EQ(ASK("PUT", "/v1/attachments", bytes_of(body, size), .as = 0), 429);
    CHECK_STR(said(r, "code"), "busy");
    CHECK_EQ(ASK("GET", "/v1/genesis", .as = 1), 200);
    for (int i = 0; i < CALLS; i++) {
        rig_hang_up(r, c[i]);
    }
    rig_turns(r, 100);
    CHECK_EQ(ASK("PUT", "/v1/attachments", bytes_of(body, size), .as = 0), 400); /* not canonical */
    free(body);
    rig_close(r);
}

/* 429 says when: whole seconds, never too early. */
TEST(a_full_pool_says_when_to_try_again)
{
    struct rig *r = rig_new();
    CHECK_EQ(ASK("POST", "/v1/tx", bytes_of_str("x"), .as = 1), 202);
    CHECK_EQ(r->retry_s, 0);
    r->node.busy_ms = 2001;
    CHECK_EQ(ASK("POST", "/v1/tx", bytes_of_str("x"), .as = 1), 429);
    CHECK_STR(said(r, "code"), "busy");
    CHECK_STR(said(r, "hint"), "retry_ms says when there is room again");
    CHECK_EQ(r->retry_s, 3);
    CHECK_STR(said(r, "retry_ms"), "2001");
    r->node.busy_ms = 1;
    CHECK_EQ(ASK("POST", "/v1/tx", bytes_of_str("x"), .as = 1), 429);
    CHECK_EQ(r->retry_s, 1);
    rig_close(r);
}

/* Work memory of a route holds its largest body, decoded. */
TEST(the_largest_attachment_is_taken)
{
    enum { MEMORY = 64 * 1024 * 1024 };
    struct rig *r = rig_new();
    uint8_t *memory = malloc(MEMORY), *content = calloc(1, TX_ATTACHMENT_SIZE_MAX);
    struct arena a = arena_over(memory, MEMORY);
    uint8_t private_key[32], public_key[32], seed[WRAP_SEED_SIZE] = { 5 };
    uint8_t random[32 * (TX_READERS_MAX + 1)] = { 1 };
    struct attachment_plain plain = { .media_type = MEDIA_BYTES,
                                      .content = bytes_of(content, TX_ATTACHMENT_SIZE_MAX) };
    struct attachment_reader reader[TX_READERS_MAX];
    struct bytes sealed;
    wrap_x25519_keys(seed, private_key, public_key);
    for (uint32_t i = 0; i < TX_READERS_MAX; i++) {
        reader[i] = (struct attachment_reader){ .key = 2,
                                                .kind = WRAP_X25519,
                                                .public_key = bytes_of(public_key, 32) };
        reader[i].did.b[0] = (uint8_t)(i + 1);
        random[32 * (i + 1)] = (uint8_t)(i + 1);
    }
    CHECK_OK(attachment_seal(suite_intl(), &r->node.pki.genesis.space, &plain, reader,
                             TX_READERS_MAX, bytes_of(random, sizeof random), &a, &sealed));
    CHECK_EQ(ASK("PUT", "/v1/attachments", sealed, .as = 0), 200);
    CHECK_EQ(r->node.put_len, sealed.len);
    free(content);
    free(memory);
    rig_close(r);
}

TEST(the_largest_manifest_is_taken)
{
    enum { MEMORY = 64 * 1024 * 1024 };
    static uint32_t size[SEALING_CHUNKS_MAX];
    static struct hash leaf[SEALING_CHUNKS_MAX];
    struct rig *r = rig_new();
    uint8_t *memory = malloc(MEMORY);
    struct arena a = arena_over(memory, MEMORY);
    struct manifest m = { .suite = 1,
                          .chunk_size = SEALING_CHUNK_MAX,
                          .chunk_count = SEALING_CHUNKS_MAX,
                          .plain_size = (uint64_t)SEALING_CHUNK_MAX * SEALING_CHUNKS_MAX,
                          .sealed_size = size,
                          .sealed_leaf = leaf };
    struct bytes wire;
    for (uint32_t i = 0; i < SEALING_CHUNKS_MAX; i++) {
        size[i] = SEALING_CHUNK_MAX + AEAD_TAG_SIZE;
        leaf[i].b[0] = 1;
    }
    CHECK_OK(hash_from_hex(ID, &m.seal));
    m.asset = m.plain_root = m.plain_sha256 = leaf[0];
    CHECK_OK(manifest_encode(&m, &a, &wire));
    CHECK_EQ(ASK("PUT", "/v1/seals/" ID "/manifest", wire, .as = 0), 200);
    CHECK_EQ(r->node.put_len, wire.len);
    free(memory);
    rig_close(r);
}

TEST(a_client_that_leaves_while_it_waits_is_forgotten)
{
    struct rig *r = rig_new();
    struct ask q = { "GET", "/v1/tx/" ID "?wait_ms=20000", .as = 1 };
    struct call c[2] = { rig_call(r, q), rig_call(r, q) };
    rig_turns(r, 200);
    rig_hang_up(r, c[0]);
    rig_turns(r, 50);
    double_commit(&r->node);
    rig_turns(r, 50);
    CHECK_EQ(ASK("GET", "/v1/status", .as = NOBODY), 200);
    rig_hang_up(r, c[1]);
    rig_close(r);
}

TEST(the_server_closes_while_clients_wait_and_upload)
{
    struct rig *r = rig_new();
    struct ask wait = { "GET", "/v1/tx/" ID "?wait_ms=20000", .as = 1 };
    struct ask upload = { "PUT", "/v1/attachments", { NULL, 1000000 }, .as = 0, .stalls = true };
    struct call c[2] = { rig_call(r, wait), rig_call(r, upload) };
    rig_turns(r, 200);
    api_close(r->api);
    r->api = NULL;
    rig_hang_up(r, c[0]);
    rig_hang_up(r, c[1]);
    rig_close(r);
}
