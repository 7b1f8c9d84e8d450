#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "node/node_internal.h"
#include "node/replica_codec_internal.h"
#include "tests/fixtures/space_fixture.h"
#include "tests/test.h"

/* A validator that is alone in its space, and an observer whose workers are full: the one thread
 * that they have is held, so that what they were given stays with them. */

enum { MAKER = 0, CROWDED = 1, TXS = 2 * VERIFY_QUESTIONS_MIN };

static struct space sp;
static struct node *node[2];
static sem_t hold;
static uv_work_t held;
static uint8_t scratch[4 << 20];

/* Not for ever, or a test that fails would not end. */
static void hold_worker(uv_work_t *work)
{
    struct timespec until;
    (void)work;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 30;
    (void)sem_timedwait(&hold, &until);
}

static void worker_is_free(uv_work_t *work, int status)
{
    (void)work, (void)status;
}

static void turn(void)
{
    for (uint32_t i = 0; i < COUNT(node); i++) {
        (void)uv_run(node_loop(node[i]), UV_RUN_NOWAIT);
    }
    (void)usleep(200);
}

/* They hear of one another, and the observer has the block with which a space begins. */
static bool linked(void)
{
    struct replica_status maker = node_status(node[MAKER]), crowded = node_status(node[CROWDED]);
    return maker.peers_up == 1 && crowded.peers_up == 1 && maker.tip.height > 0 &&
           maker.tip.height == crowded.tip.height;
}

static void start(void)
{
    char why[NODE_WHY_SIZE];
    CHECK(setenv("UV_THREADPOOL_SIZE", "1", 1) == 0);
    CHECK(sem_init(&hold, 0, 0) == 0);
    space_make(&sp, 2, 1, log_now_ms());
    for (uint32_t i = 0; i < COUNT(node); i++) {
        struct node_options o = {
            .dir = sp.dir, .index = i, .passphrase = bytes_of_str("secret"), .view_timeout_ms = 1000
        };
        space_must(node_open(&o, &node[i], why), why);
    }
    for (int i = 0; i < 20000 && !linked(); i++) {
        turn();
    }
    CHECK(linked());
    CHECK_EQ(uv_queue_work(node_loop(node[CROWDED]), &held, hold_worker, worker_is_free), 0);
}

static void stop(void)
{
    for (uint32_t i = 0; i < COUNT(node); i++) {
        node_close(node[i]);
    }
    space_drop(&sp);
}

static struct bytes encoded(const struct peer_message *m, struct arena *a)
{
    struct bytes wire = { NULL, 0 };
    space_must(peer_encode(m, 1 << 20, a, &wire), "message");
    return wire;
}

static struct bytes hello(uint64_t height, struct arena *a)
{
    struct peer_hello *h = ARENA_NEW(a, struct peer_hello);
    struct peer_message m = { .kind = PEER_HELLO, .hello = h };
    h->space = sp.genesis.space;
    h->node = sp.participant[MAKER].id;
    h->purpose = WIRE_PURPOSE_CONSENSUS;
    h->boot = 1;
    h->height = height;
    return encoded(&m, a);
}

/* Messages with one question each, until the workers have as many of that order as they may. */
static void crowd(enum verify_order order)
{
    static struct ledger_signature x;
    struct verify_pool *p = node[CROWDED]->verify;
    for (uint8_t i = 1; !verify_full(p, order); i++) {
        struct arena a = arena_over(scratch, sizeof scratch);
        x.message.b[0] = i;
        x.message.b[1] = (uint8_t)order;
        x.public_size = sp.suite->public_size;
        x.signature_size = sp.suite->signature_size;
        CHECK_OK(verify_start(p, order, MAKER, hello(1, &a), &x, 1));
    }
}

static struct bytes anchor(uint8_t salt, struct arena *a, struct hash *id)
{
    struct evidence_anchor args = { .value = { { salt, 3 } }, .kind = 1 };
    struct tx_body b = { .space = sp.genesis.space,
                         .valid_until_ms = log_now_ms() + 60000,
                         .signer_count = 1,
                         .signer = { { sp.participant[MAKER].id, 1 } },
                         .method = METHOD_EVIDENCE_ANCHOR };
    struct bytes body, wire;
    uint8_t *signature = arena_alloc(a, SUITE_SIGNATURE_SIZE_MAX);
    memset(b.nonce, salt, sizeof b.nonce);
    space_must(evidence_anchor_encode(&args, a, &b.args), "args");
    space_must(tx_encode_body(&b, a, &body), "body");
    suite_sign_tagged(sp.suite, sp.signing[MAKER], "carnet/tx/v1", body, signature);
    struct bytes s = bytes_of(signature, sp.suite->signature_size);
    space_must(tx_encode(body, &s, 1, a, &wire), "tx");
    tx_id(sp.suite, body, id);
    return wire;
}

/* The maker says so many transactions that it does not know itself, and then, on the same
 * connection, that it stands at this height. The crowded node alone is turned until it has heard
 * that: how many transactions wait there then. */
static uint32_t taken_of_gossip(uint32_t count, uint64_t height)
{
    struct arena a = arena_over(scratch, sizeof scratch);
    struct peer_txs *txs = ARENA_NEW(&a, struct peer_txs);
    struct peer_message m = { .kind = PEER_TRANSACTIONS, .txs = txs };
    struct hash id;
    txs->count = count;
    for (uint32_t i = 0; i < count; i++) {
        txs->tx[i] = anchor((uint8_t)(100 + i), &a, &id);
    }
    peers_send(node[MAKER]->peers, CROWDED, PEER_LINK_CONSENSUS, encoded(&m, &a));
    peers_send(node[MAKER]->peers, CROWDED, PEER_LINK_CONSENSUS, hello(height, &a));
    const struct replica *r = node[CROWDED]->replica;
    for (int i = 0; i < 20000 && replica_seen(r, MAKER).height != height; i++) {
        (void)uv_run(node_loop(node[CROWDED]), UV_RUN_NOWAIT);
        (void)usleep(200);
    }
    return replica_seen(r, MAKER).height == height ? node_status(node[CROWDED]).pending
                                                   : UINT32_MAX;
}

TEST(gossip_is_dropped_unread_while_the_workers_are_full_and_taken_when_they_are_not)
{
    start();
    crowd(VERIFY_TXS);
    CHECK_EQ(taken_of_gossip(1, 1000), 0); /* one alone is verified on the loop otherwise */
    CHECK_EQ(taken_of_gossip(TXS, 1001), 0);
    CHECK_EQ(verify_status(node[CROWDED]->verify).busy, 0); /* nobody asked what it asks */
    CHECK(sem_post(&hold) == 0);
    while (verify_status(node[CROWDED]->verify).messages > 0) {
        (void)uv_run(node_loop(node[CROWDED]), UV_RUN_ONCE);
    }
    CHECK_EQ(taken_of_gossip(1, 1002), 1);
    stop();
}

TEST(blocks_and_votes_come_through_workers_that_are_full)
{
    struct hash id[TXS];
    start();
    crowd(VERIFY_TXS);
    crowd(VERIFY_BLOCK);
    for (uint32_t i = 0; i < TXS; i++) {
        struct arena a = arena_over(scratch, sizeof scratch);
        struct hash sent;
        CHECK_OK(node_submit(node[MAKER], anchor((uint8_t)i, &a, &id[i]), &sent));
    }
    for (int i = 0; i < 20000 && !node_committed(node[MAKER], &id[TXS - 1]); i++) {
        (void)uv_run(node_loop(node[MAKER]), UV_RUN_NOWAIT);
        (void)usleep(200);
    }
    for (int i = 0; i < 50 || node_status(node[MAKER]).unsynced; i++) {
        (void)uv_run(node_loop(node[MAKER]),
                     UV_RUN_NOWAIT); /* its votes go when they are durable */
        (void)usleep(200);
    }
    /* From now on the maker answers nothing: what it has said of the block is all there is. */
    for (int i = 0; i < 20000 && !node_committed(node[CROWDED], &id[TXS - 1]); i++) {
        (void)uv_run(node_loop(node[CROWDED]), UV_RUN_NOWAIT);
        (void)usleep(200);
        CHECK_EQ(node_status(node[CROWDED]).pending, 0);
    }
    for (uint32_t i = 0; i < TXS; i++) {
        CHECK(node_committed(node[CROWDED], &id[i]));
    }
    CHECK_EQ(verify_status(node[CROWDED]->verify).messages, VERIFY_MESSAGES_MAX);
    CHECK(verify_status(node[CROWDED]->verify).busy > 0); /* a block was verified on the loop */
    CHECK(sem_post(&hold) == 0);
    stop();
}
