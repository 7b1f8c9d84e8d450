#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "ledger/proof.h"

#include "node/events.h"
#include "node/node_internal.h"
#include "tests/fixtures/space_fixture.h"
#include "tests/test.h"

/* A space of nodes in one process, each with its own loop, turned in a ring. */
static struct space sp;
static struct node *node[SPACE_NODES_MAX];
static uint8_t scratch[64 << 20];

static enum err start(uint32_t i, char why[NODE_WHY_SIZE])
{
    struct node_options o = {
        .dir = sp.dir, .index = i, .passphrase = bytes_of_str("secret"), .view_timeout_ms = 1000
    };
    return node_open(&o, &node[i], why);
}

static void start_all(uint32_t nodes, uint32_t seats)
{
    char why[NODE_WHY_SIZE];
    space_make(&sp, nodes, seats, log_now_ms());
    for (uint32_t i = 0; i < nodes; i++) {
        enum err e = start(i, why);
        if (e != ERR_NONE) {
            test_fail(__FILE__, __LINE__, why);
            abort();
        }
    }
}

static void stop_all(void)
{
    for (uint32_t i = 0; i < sp.nodes; i++) {
        if (node[i] != NULL) {
            node_close(node[i]);
        }
        node[i] = NULL;
    }
    space_drop(&sp);
}

static void turn(void)
{
    for (uint32_t i = 0; i < sp.nodes; i++) {
        if (node[i] != NULL) {
            (void)uv_run(node_loop(node[i]), UV_RUN_NOWAIT);
        }
    }
    (void)usleep(200);
}

static struct bytes anchor_tx(uint32_t author, uint8_t salt, const struct tx_attachment *attachment,
                              struct arena *a)
{
    struct evidence_anchor args = { .value = { { salt, 1 } }, .kind = 1 };
    struct tx_body b = { .space = sp.genesis.space,
                         .valid_until_ms = log_now_ms() + 60000,
                         .signer_count = 1,
                         .method = METHOD_EVIDENCE_ANCHOR };
    struct bytes body, wire;
    uint8_t *signature = arena_alloc(a, SUITE_SIGNATURE_SIZE_MAX);
    struct tx_attachment *copy = ARENA_NEW(a, struct tx_attachment);
    memset(b.nonce, salt, sizeof b.nonce);
    b.signer[0] = (struct tx_signer){ sp.participant[author].id, 1 };
    if (attachment != NULL) {
        *copy = *attachment;
        b.attachment = copy;
        b.attachment_count = 1;
    }
    space_must(evidence_anchor_encode(&args, a, &b.args), "args");
    space_must(tx_encode_body(&b, a, &body), "body");
    suite_sign_tagged(sp.suite, sp.signing[author], "carnet/tx/v1", body, signature);
    struct bytes s = bytes_of(signature, sp.suite->signature_size);
    space_must(tx_encode(body, &s, 1, a, &wire), "tx");
    return wire;
}

/* Turn until node i has committed this transaction: its status, or UINT32_MAX. */
static uint32_t committed(uint32_t i, const struct hash *id, unsigned seconds)
{
    uint64_t end = log_now_ms() + seconds * 1000;
    struct node_tx tx;
    while (log_now_ms() < end) {
        struct arena a = arena_over(scratch, sizeof scratch);
        if (node_tx(node[i], id, &a, &tx) == ERR_NONE) {
            return tx.status;
        }
        turn();
    }
    return UINT32_MAX;
}

static enum err submit(uint32_t to, uint32_t author, uint8_t salt,
                       const struct tx_attachment *attachment, struct hash *id)
{
    static uint8_t memory[1 << 18];
    struct arena a = arena_over(memory, sizeof memory);
    /* A node that has just started may not know its own state yet: it is turned until it does. */
    return node_submit(node[to], anchor_tx(author, salt, attachment, &a), id);
}

/* How many there are from this place on, and where the first of them is. */
static uint32_t events(uint32_t i, const struct hash *subject, struct node_place *at)
{
    struct arena a = arena_over(scratch, sizeof scratch);
    struct node_filter f = { .subject = subject };
    struct node_events page;
    space_must(node_events(node[i], &f, *at, 10, &a, &page), "events");
    struct node_event *first = page.count > 0 ? page.event : NULL;
    *at = first != NULL ? (struct node_place){ first->height, first->index } : *at;
    return page.count;
}

TEST(four_nodes_and_an_observer_commit_and_prove_a_transaction)
{
    struct hash id;
    struct arena a;
    struct bytes proof, certified;
    start_all(5, 4);
    CHECK_OK(submit(1, 1, 7, NULL, &id));
    for (uint32_t i = 0; i < 5; i++) {
        CHECK_EQ(committed(i, &id, 20), RECEIPT_OK);
    }
    CHECK_EQ(node_status(node[4]).voting, false);
    struct hash subject = { { 7, 1 } };
    struct node_place at = { 0, 0 };
    CHECK_EQ(events(4, &subject, &at), 1);
    CHECK_EQ(events(4, NULL, &at), 1); /* from its own place on */
    at.index++;
    CHECK_EQ(events(4, NULL, &at), 0);
    for (uint32_t i = 0; i < 5; i++) {
        CHECK_EQ(node_seen(node[4], i).up, true);
        CHECK_EQ(node_seen(node[4], i).view, 0);
    }
    CHECK(node_seen(node[4], 4).height >= at.height);
    CHECK(node_seen(node[4], node_status(node[4]).pbft.primary).height + 1 >= at.height);
    enum err e = ERR_UNAVAILABLE;
    for (int i = 0; i < 3000 && e == ERR_UNAVAILABLE; i++) {
        a = arena_over(scratch, sizeof scratch);
        e = node_tx_proof(node[4], &id, &a, &proof);
        turn();
    }
    CHECK_OK(e);
    struct proved_tx proved;
    enum proof_step step;
    CHECK_OK(proof_verify_tx(sp.suite, &sp.genesis, proof, &a, &proved, &step));
    CHECK(hash_equal(&proved.tx.id, &id));
    struct contract_key key = contract_key_evidence(&subject);
    struct bytes value;
    CHECK_OK(node_state(node[3], key.contract, contract_key_bytes(&key), &value));
    e = ERR_UNAVAILABLE;
    for (int i = 0; i < 3000 && e == ERR_UNAVAILABLE; i++) {
        a = arena_over(scratch, sizeof scratch);
        e = node_state_proof(node[0], key.contract, contract_key_bytes(&key), &a, &proof,
                             &certified);
        turn();
    }
    CHECK_OK(e);
    stop_all();
}

TEST(a_node_that_was_away_catches_up_and_one_that_restarts_goes_on)
{
    struct hash id[3];
    char why[NODE_WHY_SIZE];
    start_all(4, 4);
    CHECK_OK(submit(0, 0, 1, NULL, &id[0]));
    CHECK_EQ(committed(3, &id[0], 20), RECEIPT_OK);
    node_close(node[3]);
    node[3] = NULL;
    CHECK_OK(submit(0, 0, 2, NULL, &id[1]));
    CHECK_EQ(committed(0, &id[1], 20), RECEIPT_OK);
    CHECK_OK(start(3, why));
    CHECK_EQ(committed(3, &id[0], 20), RECEIPT_OK); /* from its own log */
    CHECK_EQ(committed(3, &id[1], 20), RECEIPT_OK); /* from the others */
    CHECK_OK(submit(3, 3, 3, NULL, &id[2]));
    CHECK_EQ(committed(2, &id[2], 20), RECEIPT_OK);
    stop_all();
}

/* Node i as a process of its own, so that it can be killed as the kernel kills. */
static pid_t start_process(uint32_t i)
{
    pid_t pid = fork();
    if (pid == 0) {
        char why[NODE_WHY_SIZE];
        (void)close_range(3, ~0U, 0);
        _exit(start(i, why) == ERR_NONE ? node_run(node[i]) : 99);
    }
    return pid;
}

static void turn_for(unsigned ms)
{
    for (uint64_t end = log_now_ms() + ms; log_now_ms() < end;) {
        turn();
    }
}

TEST(a_node_killed_again_and_again_loses_nothing_of_log_state_or_index)
{
    enum { KILLS = 5, EACH = 4 };
    struct hash id[KILLS * EACH];
    char why[NODE_WHY_SIZE];
    uint8_t salt = 1;
    start_all(4, 4);
    node_close(node[3]);
    node[3] = NULL;
    for (uint32_t k = 0; k < KILLS; k++) {
        pid_t pid = start_process(3);
        turn_for(200 + 150 * k);
        for (uint32_t i = 0; i < EACH; i++, salt++) {
            CHECK_OK(submit(k % 3, k % 3, salt, NULL, &id[k * EACH + i]));
            turn_for(30);
        }
        CHECK_EQ(kill(pid, SIGKILL), 0);
        CHECK_EQ(waitpid(pid, NULL, 0), pid);
    }
    CHECK_OK(start(3, why));
    for (uint32_t i = 0; i < KILLS * EACH; i++) {
        CHECK_EQ(committed(3, &id[i], 20), RECEIPT_OK);
    }
    CHECK_EQ(node_status(node[3]).tip.height, node_status(node[0]).tip.height);
    stop_all();
}

static void forget_index(uint32_t i)
{
    char path[256], hex[65];
    hex_encode(bytes_of_hash(&sp.genesis.space), hex);
    (void)snprintf(path, sizeof path, "%s/node-%u/spaces/%s/index/data.mdb", sp.dir, i, hex);
    if (unlink(path) != 0) {
        abort();
    }
}

TEST(a_lost_index_is_made_again_from_the_block_log)
{
    struct hash id[20];
    char why[NODE_WHY_SIZE];
    start_all(4, 4);
    for (uint8_t i = 0; i < 20; i++) {
        CHECK_OK(submit(0, 0, (uint8_t)(i + 1), NULL, &id[i]));
        CHECK_EQ(committed(2, &id[i], 20), RECEIPT_OK);
    }
    node_close(node[2]);
    node[2] = NULL;
    forget_index(2);
    CHECK_OK(start(2, why));
    for (uint8_t i = 0; i < 20; i++) {
        struct node_tx tx;
        struct arena a = arena_over(scratch, sizeof scratch);
        CHECK_OK(node_tx(node[2], &id[i], &a, &tx)); /* at once: from the log, not from peers */
    }
    stop_all();
}

/* A disk on which nothing more can be written. */
static ssize_t full_pwrite(void *ctx, int fd, const void *x, size_t len, off_t offset)
{
    (void)ctx;
    (void)fd;
    (void)x;
    (void)len;
    (void)offset;
    errno = ENOSPC;
    return -1;
}

TEST(a_node_whose_disk_is_full_says_so_does_not_vote_and_goes_on_when_there_is_room)
{
    struct hash id[2];
    struct disk_calls full = *disk_calls_posix();
    full.pwrite = full_pwrite;
    start_all(4, 4);
    CHECK_OK(submit(0, 0, 1, NULL, &id[0]));
    CHECK_EQ(committed(3, &id[0], 20), RECEIPT_OK);
    CHECK(node_status(node[3]).voting);
    node[3]->disk.calls = &full;
    CHECK_OK(submit(0, 0, 2, NULL, &id[1]));
    CHECK_EQ(committed(0, &id[1], 20), RECEIPT_OK); /* three of four suffice */
    turn_for(500);
    CHECK(node_status(node[3]).disk_failed);
    CHECK(!node_status(node[3]).voting);
    struct node_tx tx;
    struct arena a = arena_over(scratch, sizeof scratch);
    CHECK_ERR(node_tx(node[3], &id[1], &a, &tx), ERR_NOT_FOUND); /* told only what is durable */
    node[3]->disk.calls = disk_calls_posix();
    CHECK_EQ(committed(3, &id[1], 20), RECEIPT_OK);
    CHECK(!node_status(node[3]).disk_failed);
    CHECK(node_status(node[3]).voting);
    stop_all();
}

TEST(two_processes_never_share_a_directory_and_errors_say_why)
{
    char why[NODE_WHY_SIZE];
    struct node *second = NULL;
    start_all(4, 4);
    struct node_options o = { .dir = sp.dir, .index = 0, .passphrase = bytes_of_str("secret") };
    CHECK_ERR(node_open(&o, &second, why), ERR_BUSY);
    CHECK(strstr(why, "another process runs this node") != NULL);
    node_close(node[1]);
    node[1] = NULL;
    o = (struct node_options){ .dir = sp.dir, .index = 1, .passphrase = bytes_of_str("wrong") };
    CHECK_ERR(node_open(&o, &second, why), ERR_PASSPHRASE);
    CHECK(strstr(why, "keys/node-1.key") != NULL);
    o.index = 9;
    CHECK_ERR(node_open(&o, &second, why), ERR_NOT_FOUND);
    CHECK(strstr(why, "index 9: not found; nodes.json lists 0 to 3, in ") == why);
    o.dir = "/nonexistent";
    CHECK_ERR(node_open(&o, &second, why), ERR_NOT_FOUND);
    CHECK(strstr(why, "carnet net init") != NULL);
    CHECK(second == NULL);
    stop_all();
}

TEST(a_peer_port_in_use_is_told_with_its_address)
{
    char why[NODE_WHY_SIZE], address[64];
    space_make(&sp, 4, 4, log_now_ms());
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port = htons(sp.port[0]) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_EQ(listen(fd, 1), 0);
    CHECK_ERR(start(0, why), ERR_PORT_IN_USE);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", sp.port[0]);
    CHECK(strstr(why, address) != NULL);
    (void)close(fd);
    stop_all();
}

TEST(formats_7_an_attachment_reaches_its_readers_after_commit_and_nobody_else)
{
    static uint8_t memory[1 << 20]; /* `scratch` is overwritten while the nodes are turned */
    struct hash id;
    struct arena a = arena_over(memory, sizeof memory);
    struct attachment_plain plain = { { 3 }, MEDIA_TEXT, bytes_of_str("for node 2 only") }, opened;
    struct attachment_reader reader = { sp.participant[2].id, 2, WRAP_X25519, { NULL, 0 } };
    struct bytes sealed, got;
    uint8_t random[64] = { 1 };
    start_all(4, 4);
    reader.did = sp.participant[2].id;
    reader.public_key = sp.participant[2].key[1].public_key;
    struct tx_attachment t = { .size = (uint32_t)plain.content.len,
                               .reader_count = 1,
                               .keep_until_ms = log_now_ms() + 3600000,
                               .kind = ATTACHMENT_DOCUMENT };
    attachment_commit(sp.suite, &plain, &t.commitment);
    t.reader[0] = sp.participant[2].id;
    CHECK_OK(attachment_seal(sp.suite, &sp.genesis.space, &plain, &reader, 1,
                             bytes_of(random, sizeof random), &a, &sealed));
    CHECK_OK(node_attachment_put(node[0], sealed));
    CHECK_OK(submit(0, 0, 5, &t, &id));
    CHECK_EQ(committed(2, &id, 20), RECEIPT_OK);
    enum err e = ERR_NOT_FOUND;
    for (int i = 0; i < 5000 && e == ERR_NOT_FOUND; i++) {
        e = node_attachment_get(node[2], &t.commitment, &sp.participant[2].id, &a, &got);
        turn();
    }
    CHECK_OK(e);
    CHECK_BYTES(got, sealed);
    CHECK_OK(attachment_open(sp.suite, &sp.genesis.space, got, &sp.participant[2].id,
                             bytes_of(sp.sealing_private[2], 32), &a, &opened));
    CHECK_BYTES(opened.content, plain.content);
    CHECK_ERR(node_attachment_get(node[2], &t.commitment, &sp.participant[3].id, &a, &got),
              ERR_FORBIDDEN);
    CHECK_EQ(committed(3, &id, 20), RECEIPT_OK);
    CHECK_ERR(node_attachment_get(node[3], &t.commitment, &sp.participant[2].id, &a, &got),
              ERR_NOT_FOUND);
    stop_all();
}

/* The broker's way (FORMATS 19): a wrap stays where it is while its RELEASE is only asked for or
 * was refused, and comes to its node when it has committed. */
TEST(formats_19_a_wrap_goes_to_its_reader_after_the_commit_and_never_after_a_refusal)
{
    static uint8_t memory[1 << 20];
    struct hash first, refused, good;
    struct arena a = arena_over(memory, sizeof memory);
    struct attachment_plain plain = { { 9 }, MEDIA_TEXT, bytes_of_str("a key for node 2") };
    struct bytes sealed, got;
    uint8_t random[64] = { 2 };
    start_all(4, 4);
    struct hash to = sp.participant[2].id;
    struct attachment_reader reader = { to, 2, WRAP_X25519, sp.participant[2].key[1].public_key };
    struct tx_attachment t = { .size = (uint32_t)plain.content.len,
                               .reader_count = 1,
                               .keep_until_ms = log_now_ms() + 3600000,
                               .kind = ATTACHMENT_WRAP };
    attachment_commit(sp.suite, &plain, &t.commitment);
    t.reader[0] = to;
    CHECK_OK(attachment_seal(sp.suite, &sp.genesis.space, &plain, &reader, 1,
                             bytes_of(random, sizeof random), &a, &sealed));
    CHECK_OK(submit(1, 1, 5, NULL, &first));
    CHECK_EQ(committed(0, &first, 20), RECEIPT_OK);
    CHECK_OK(node_attachment_put(node[0], sealed));
    CHECK_ERR(node_attachment_get(node[0], &t.commitment, &to, &a, &got), ERR_NOT_FOUND);
    CHECK_OK(submit(0, 0, 5, &t, &refused)); /* the same value a second time */
    CHECK_EQ(committed(2, &refused, 20), RECEIPT_EXISTS);
    for (int i = 0; i < 500; i++) {
        CHECK_ERR(node_attachment_get(node[2], &t.commitment, &to, &a, &got), ERR_NOT_FOUND);
        turn();
    }
    CHECK_ERR(node_attachment_get(node[0], &t.commitment, &to, &a, &got), ERR_NOT_FOUND);
    plain.salt[0]++; /* another wrap, put only when its transaction stands in a block */
    attachment_commit(sp.suite, &plain, &t.commitment);
    CHECK_OK(attachment_seal(sp.suite, &sp.genesis.space, &plain, &reader, 1,
                             bytes_of(random, sizeof random), &a, &sealed));
    CHECK_OK(submit(0, 0, 6, &t, &good));
    CHECK_EQ(committed(0, &good, 20), RECEIPT_OK);
    CHECK_OK(node_attachment_put(node[0], sealed));
    enum err e = ERR_NOT_FOUND;
    for (int i = 0; i < 5000 && e == ERR_NOT_FOUND; i++) {
        e = node_attachment_get(node[2], &t.commitment, &to, &a, &got);
        turn();
    }
    CHECK_OK(e);
    CHECK_BYTES(got, sealed);
    stop_all();
}

/* Only the reader itself can tell; what its author sends takes the place of what stood there. */
TEST(a_made_up_file_under_a_commitment_gives_way_to_its_authors)
{
    static uint8_t memory[1 << 20];
    struct hash id;
    struct arena a = arena_over(memory, sizeof memory);
    struct attachment_plain plain = { { 4 }, MEDIA_TEXT, bytes_of_str("the right one") };
    struct attachment_reader reader = { { { 0 } }, 2, WRAP_X25519, { NULL, 0 } };
    struct bytes sealed, made_up, got = { NULL, 0 };
    uint8_t random[64] = { 7 };
    start_all(4, 4);
    reader.did = sp.participant[2].id;
    reader.public_key = sp.participant[2].key[1].public_key;
    struct tx_attachment t = { .size = (uint32_t)plain.content.len,
                               .reader_count = 1,
                               .reader = { reader.did },
                               .keep_until_ms = log_now_ms() + 3600000,
                               .kind = ATTACHMENT_DOCUMENT };
    attachment_commit(sp.suite, &plain, &t.commitment);
    CHECK_OK(attachment_seal(sp.suite, &sp.genesis.space, &plain, &reader, 1,
                             bytes_of(random, sizeof random), &a, &sealed));
    random[40] ^= 1;
    CHECK_OK(attachment_seal(sp.suite, &sp.genesis.space, &plain, &reader, 1,
                             bytes_of(random, sizeof random), &a, &made_up));
    CHECK(!bytes_equal(sealed, made_up));
    CHECK_OK(node_attachment_put(node[0], sealed));
    CHECK_OK(node_attachment_put(node[2], made_up));
    CHECK_OK(submit(0, 0, 6, &t, &id));
    CHECK_EQ(committed(2, &id, 20), RECEIPT_OK);
    /* At the latest when the author pushes again. */
    for (uint64_t end = log_now_ms() + 20000; log_now_ms() < end && !bytes_equal(got, sealed);) {
        size_t mark = arena_mark(&a);
        CHECK_OK(node_attachment_get(node[2], &t.commitment, &reader.did, &a, &got));
        turn();
        arena_release(&a, mark);
    }
    CHECK_BYTES(got, sealed);
    stop_all();
}

TEST(gossip_is_verified_by_workers_and_not_again_in_a_block)
{
    enum { TXS = 40 };
    struct hash id[TXS];
    uint64_t by_workers = 0;
    start_all(4, 4);
    for (uint32_t i = 0; i < 100; i++) {
        turn(); /* until they know one another */
    }
    for (uint32_t i = 0; i < TXS; i++) {
        CHECK_OK(submit(0, i % 4, (uint8_t)(100 + i), NULL, &id[i]));
    }
    for (uint32_t i = 0; i < TXS; i++) {
        CHECK_EQ(committed(3, &id[i], 20), RECEIPT_OK);
    }
    for (uint32_t i = 0; i < 4; i++) {
        struct ledger_signature_counts c =
            ledger_signature_counts(replica_ledger(node[i]->replica));
        by_workers += verify_status(node[i]->verify).signatures;
        CHECK(c.verified + c.vouched >= TXS && c.remembered >= (i == 0 ? TXS : 1));
    }
    CHECK(by_workers > 0);
    stop_all();
}
