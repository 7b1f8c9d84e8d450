#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "node/node_internal.h"
#include "tests/fixtures/space_fixture.h"
#include "tests/test.h"

/* Four nodes in one process, each with its own loop, turned in a ring. */
enum { NODES = 4, MANY = 60 };

static struct space sp;
static struct node *node[NODES];
static uint8_t scratch[64 << 20], frames[NODE_BATCH_SIZE_MAX], checked[64 << 20];

static void start_all(void)
{
    char why[NODE_WHY_SIZE];
    space_make(&sp, NODES, NODES, log_now_ms());
    for (uint32_t i = 0; i < NODES; i++) {
        struct node_options o = {
            .dir = sp.dir, .index = i, .passphrase = bytes_of_str("secret"), .view_timeout_ms = 1000
        };
        CHECK_OK(node_open(&o, &node[i], why));
    }
}

static void stop_all(void)
{
    for (uint32_t i = 0; i < NODES; i++) {
        node_close(node[i]);
    }
    space_drop(&sp);
}

static void turn(void)
{
    for (uint32_t i = 0; i < NODES; i++) {
        (void)uv_run(node_loop(node[i]), UV_RUN_NOWAIT);
    }
    (void)usleep(200);
}

/* `args_len` not 0: arguments of that many bytes, which the contract refuses: a block has them. */
static struct bytes tx_by(uint32_t author, uint32_t salt, size_t args_len, struct arena *a,
                          struct hash *id)
{
    struct evidence_anchor args = { .value = { { (uint8_t)salt, 2 } }, .kind = 1 };
    struct tx_body b = { .space = sp.genesis.space,
                         .valid_until_ms = log_now_ms() + 60000,
                         .signer_count = 1,
                         .method = METHOD_EVIDENCE_ANCHOR };
    struct bytes body, wire;
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX];
    memset(b.nonce, (int)salt, sizeof b.nonce);
    b.nonce[0] = (uint8_t)(salt >> 8);
    b.signer[0] = (struct tx_signer){ sp.participant[author].id, 1 };
    space_must(evidence_anchor_encode(&args, a, &b.args), "args");
    if (args_len > 0) {
        b.args = bytes_of(arena_alloc(a, args_len), args_len);
    }
    space_must(tx_encode_body(&b, a, &body), "body");
    suite_sign_tagged(sp.suite, sp.signing[author], "carnet/tx/v1", body, signature);
    struct bytes s = bytes_of(signature, sp.suite->signature_size);
    space_must(tx_encode(body, &s, 1, a, &wire), "tx");
    tx_id(sp.suite, body, id);
    return wire;
}

static struct bytes anchor(uint8_t salt, struct arena *a, struct hash *id)
{
    return tx_by(1, salt, 0, a, id);
}

/* `bad`: this one's last byte, of its signature, is another. */
static struct bytes batch_of(uint32_t count, uint8_t salt, uint32_t bad, struct hash *id)
{
    struct buf b = buf_over(frames, sizeof frames);
    for (uint32_t i = 0; i < count; i++) {
        struct arena a = arena_over(scratch, sizeof scratch);
        struct bytes wire = anchor((uint8_t)(salt + i), &a, &id[i]);
        buf_put_u32(&b, (uint32_t)wire.len);
        buf_put(&b, wire);
        if (i == bad) {
            frames[b.len - 1] ^= 1;
        }
    }
    ASSERT(!b.full);
    return buf_bytes(&b);
}

static enum err result(uint32_t ticket, const enum err **fared, uint32_t *count)
{
    enum err e = ERR_UNAVAILABLE;
    for (int i = 0; i < 20000 && e == ERR_UNAVAILABLE; i++) {
        e = node_batch_result(node[1], ticket, fared, count);
        turn();
    }
    return e;
}

TEST(a_batch_is_verified_by_the_workers_committed_and_proved_together)
{
    struct hash id[MANY];
    const enum err *fared = NULL;
    uint32_t ticket = 0, count = 0;
    start_all();
    CHECK_OK(node_batch_submit(node[1], batch_of(MANY, 1, 7, id), &ticket));
    CHECK_ERR(node_batch_result(node[1], ticket, &fared, &count), ERR_UNAVAILABLE);
    CHECK_OK(result(ticket, &fared, &count));
    CHECK_EQ(count, MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        CHECK_ERR(fared[i], i == 7 ? ERR_SIGNATURE : ERR_NONE);
    }
    CHECK_EQ(verify_status(node[1]->verify).signatures, MANY);
    node_batch_end(node[1], ticket);
    CHECK_ERR(node_batch_result(node[1], ticket, &fared, &count), ERR_NOT_FOUND);
    uint32_t proved = 0;
    for (int i = 0; i < 20000 && proved < MANY - 1; i++) {
        struct arena a = arena_over(scratch, sizeof scratch);
        struct node_proofs p;
        turn();
        CHECK_OK(node_batch_proofs(node[2], id, MANY, &a, &p));
        CHECK(p.later); /* the one that was refused never comes */
        proved = 0;
        for (uint32_t k = 0; k < p.count; k++) {
            struct proved_block b;
            enum proof_step step;
            CHECK_OK(proof_verify_block(sp.suite, &sp.genesis, p.proof[k], &a, &b, &step));
            proved += b.count;
        }
    }
    CHECK_EQ(proved, MANY - 1);
    CHECK(node_committed(node[2], &id[0]));
    CHECK(!node_committed(node[2], &id[7]));
    stop_all();
}

TEST(what_is_no_batch_is_refused_and_places_are_limited)
{
    struct hash id[MANY];
    uint32_t ticket[NODE_BATCHES_MAX + 1], count = 0;
    const enum err *fared = NULL;
    start_all();
    CHECK_ERR(node_batch_submit(node[1], bytes_of(frames, 0), ticket), ERR_ENCODING);
    CHECK_ERR(node_batch_submit(node[1], bytes_of_str("\x01"), ticket), ERR_ENCODING);
    memset(frames, 0, sizeof frames);
    CHECK_ERR(node_batch_submit(node[1], bytes_of(frames, 8), ticket), ERR_ENCODING);
    for (uint32_t i = 0; i <= NODE_BATCH_TXS_MAX; i++) {
        frames[5 * i + 3] = 1; /* one byte each */
    }
    CHECK_ERR(node_batch_submit(node[1], bytes_of(frames, 5 * (NODE_BATCH_TXS_MAX + 1)), ticket),
              ERR_SIZE);
    CHECK_OK(node_batch_submit(node[1], bytes_of(frames, 5 * NODE_BATCH_TXS_MAX), ticket));
    CHECK_OK(node_batch_result(node[1], ticket[0], &fared, &count));
    CHECK_ERR(fared[0], ERR_ENCODING);
    node_batch_end(node[1], ticket[0]);
    struct bytes few = batch_of(2, 1, 2, id);
    for (uint32_t i = 0; i < NODE_BATCHES_MAX; i++) {
        CHECK_OK(node_batch_submit(node[1], few, &ticket[i])); /* the same again is a duplicate */
    }
    CHECK_ERR(node_batch_submit(node[1], few, &ticket[NODE_BATCHES_MAX]), ERR_BUSY);
    node_batch_end(node[1], ticket[5]);
    CHECK_OK(node_batch_submit(node[1], few, &ticket[5]));
    CHECK_OK(node_batch_result(node[1], ticket[5], &fared, &count));
    CHECK_ERR(fared[1], ERR_DUPLICATE);
    stop_all();
}

TEST(a_batch_that_nobody_asks_about_any_more_is_submitted_all_the_same)
{
    struct hash id[MANY];
    uint32_t ticket = 0;
    start_all();
    CHECK_OK(node_batch_submit(node[1], batch_of(8, 1, MANY, id), &ticket));
    node_batch_end(node[1], ticket);
    for (int i = 0; i < 20000 && !node_committed(node[3], &id[7]); i++) {
        turn();
    }
    CHECK(node_committed(node[3], &id[7]));
    stop_all();
}

/* Until all of them are in blocks that a certificate covers. */
static void wait_provable(const struct hash *id, uint32_t count)
{
    bool later = true;
    for (int i = 0; i < 60000 && later; i++) {
        struct arena a = arena_over(scratch, sizeof scratch);
        struct node_proofs p;
        turn();
        if (node_committed(node[2], &id[count - 1])) {
            CHECK_OK(node_batch_proofs(node[2], &id[count - 1], 1, &a, &p));
            later = p.later;
        }
    }
    CHECK(!later);
}

static int by_height(const void *x, const void *y)
{
    struct index_tx a, b;
    space_must(index_find_tx(&node[2]->book, x, &a), "find");
    space_must(index_find_tx(&node[2]->book, y, &b), "find");
    return a.height != b.height ? (a.height < b.height ? -1 : 1)
                                : (a.index < b.index ? -1 : a.index > b.index);
}

static void by_place_in_ledger(struct hash *id, uint32_t count)
{
    qsort(id, count, sizeof *id, by_height);
}

/* Ask for what is left until nothing is: how many answers that takes. */
static void prove_in_turns(const struct hash *id, uint32_t count, size_t room, uint32_t *answers)
{
    uint32_t proved = 0;
    *answers = 0;
    for (bool rest = true; rest && *answers < count; ++*answers) {
        struct arena a = arena_over(scratch, room);
        struct node_proofs p;
        CHECK_OK(node_batch_proofs(node[2], id + proved, count - proved, &a, &p));
        CHECK(!p.later);
        CHECK(p.count > 0 && p.count <= NODE_BATCH_PROOFS_BLOCKS_MAX);
        for (uint32_t k = 0; k < p.count; k++) {
            struct proved_block b;
            enum proof_step step;
            struct arena check = arena_over(checked, sizeof checked);
            CHECK_OK(proof_verify_block(sp.suite, &sp.genesis, p.proof[k], &check, &b, &step));
            for (uint32_t i = 0; i < b.count; i++, proved++) {
                CHECK(hash_equal(&b.tx[i].id, &id[proved]));
            }
        }
        rest = p.rest;
    }
    CHECK_EQ(proved, count);
}

TEST(proofs_over_more_blocks_than_one_turn_reads_come_in_several_answers)
{
    enum { SPREAD = NODE_BATCH_PROOFS_BLOCKS_MAX + 3 };
    struct hash id[SPREAD], sent;
    uint32_t answers = 0;
    start_all();
    for (uint32_t i = 0; i < SPREAD; i++) {
        struct arena a = arena_over(scratch, sizeof scratch);
        CHECK_OK(node_submit(node[1], anchor((uint8_t)(i + 1), &a, &id[i]), &sent));
        for (int k = 0; k < 20000 && !node_committed(node[1], &id[i]); k++) {
            turn();
        }
    }
    wait_provable(id, SPREAD);
    prove_in_turns(id, SPREAD, sizeof scratch, &answers);
    CHECK_EQ(answers, 2);
    stop_all();
}

/* The largest transactions there are, so many that no answer and no turn holds the blocks. */
TEST(proofs_over_large_blocks_never_fail_whole)
{
    enum { LARGE = 104, LARGE_ARGS = TX_SIZE_MAX - 400 };
    static struct hash id[LARGE];
    struct hash sent;
    uint32_t answers = 0;
    start_all();
    for (uint32_t i = 0; i < LARGE; i++) {
        struct arena a = arena_over(scratch, sizeof scratch);
        CHECK_OK(node_submit(node[i % NODES], tx_by(i % NODES, i, LARGE_ARGS, &a, &id[i]), &sent));
        turn();
    }
    for (uint32_t i = 0; i < LARGE; i++) {
        for (int k = 0; k < 20000 && !node_committed(node[2], &id[i]); k++) {
            turn();
        }
    }
    by_place_in_ledger(id, LARGE);
    wait_provable(id, LARGE);
    size_t read = (size_t)LARGE * LARGE_ARGS;
    CHECK(read > NODE_BATCH_PROOFS_READ_MAX + BLOCK_SIZE_MAX);
    prove_in_turns(id, LARGE, sizeof scratch, &answers);
    CHECK(answers >= 2);
    /* Room for one answer's proofs and no more than one block: still there is an answer. */
    prove_in_turns(id, LARGE, 3 << 20, &answers);
    CHECK(answers >= 3);
    stop_all();
}
