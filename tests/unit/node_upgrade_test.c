#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "node/node_internal.h"
#include "tests/fixtures/space_fixture.h"
#include "tests/test.h"

/* A rolling upgrade: the next release knows version set 2, in which anchoring evidence is another
 * method. Its row is made here; the product has none. */

enum { NODES = 4, OLD = 3, FOR_VERSION = 2, RELEASE_MAJOR = 7, RELEASE_MINOR = 5 };

static struct space sp;
static struct node *node[NODES];
static uint8_t scratch[16 << 20];
static struct contract_method next_method[64];
static struct contract_table next_release;

/* Set 2 wants evidence of kind 2 and no other. */
static enum receipt_status anchor_again(struct contract_ctx *c)
{
    struct evidence_anchor x;
    if (evidence_anchor_decode(ctx_tx(c)->body.args, ctx_arena(c), &x) != ERR_NONE) {
        return RECEIPT_ARGS;
    }
    return x.kind == 2 ? RECEIPT_OK : RECEIPT_FORBIDDEN;
}

static void make_next_release(void)
{
    static struct contract_env env;
    static uint8_t memory[64];
    contract_table_init(&env, memory, sizeof memory, &next_release);
    size_t count = 0;
    ASSERT(next_release.count + 1 <= COUNT(next_method));
    for (size_t i = 0; i < next_release.count; i++) {
        next_method[count++] = next_release.method[i];
        if (next_release.method[i].number == METHOD_EVIDENCE_ANCHOR) {
            next_method[count] = next_release.method[i];
            next_method[count].version = FOR_VERSION;
            next_method[count++].apply = anchor_again;
        }
    }
    next_release.method = next_method;
    next_release.count = count;
    next_release.version_set_max = FOR_VERSION;
}

static enum err start(uint32_t i, bool next, char why[NODE_WHY_SIZE])
{
    struct node_options o = { .dir = sp.dir,
                              .index = i,
                              .passphrase = bytes_of_str("secret"),
                              .view_timeout_ms = 1000,
                              .contracts = next ? &next_release : NULL };
    return node_open(&o, &node[i], why);
}

static void stop(uint32_t i)
{
    if (node[i] != NULL) {
        node_close(node[i]);
    }
    node[i] = NULL;
}

static void turn(void)
{
    for (uint32_t i = 0; i < NODES; i++) {
        if (node[i] != NULL && !node[i]->stopping) {
            (void)uv_run(node_loop(node[i]), UV_RUN_NOWAIT);
        }
    }
    (void)usleep(200);
}

static uint8_t salt;

static enum err submit(uint32_t author, uint32_t method, struct bytes args, struct hash *id)
{
    struct arena a = arena_over(scratch, sizeof scratch / 2);
    struct tx_body b = { .space = sp.genesis.space,
                         .valid_until_ms = log_now_ms() + 60000,
                         .signer_count = 1,
                         .method = method,
                         .args = args };
    struct bytes body, wire;
    uint8_t *signature = arena_alloc(&a, SUITE_SIGNATURE_SIZE_MAX);
    memset(b.nonce, ++salt, sizeof b.nonce);
    b.signer[0] = (struct tx_signer){ sp.participant[author].id, 1 };
    space_must(tx_encode_body(&b, &a, &body), "body");
    suite_sign_tagged(sp.suite, sp.signing[author], "carnet/tx/v1", body, signature);
    struct bytes s = bytes_of(signature, sp.suite->signature_size);
    space_must(tx_encode(body, &s, 1, &a, &wire), "tx");
    return node_submit(node[0], wire, id);
}

/* Submit and turn until node 0 has committed it: its status. */
static uint32_t done(uint32_t author, uint32_t method, struct bytes args, struct hash *id)
{
    struct node_tx tx;
    space_must(submit(author, method, args, id), "submit");
    for (uint64_t end = log_now_ms() + 20000; log_now_ms() < end;) {
        struct arena a = arena_over(scratch, sizeof scratch);
        if (node_tx(node[0], id, &a, &tx) == ERR_NONE) {
            return tx.status;
        }
        turn();
    }
    return UINT32_MAX;
}

static uint32_t anchor(uint32_t kind)
{
    struct evidence_anchor args = { .value = { { (uint8_t)(salt + 1), 9 } }, .kind = kind };
    struct arena a = arena_over(scratch + sizeof scratch / 2, 4096);
    struct bytes wire;
    struct hash id;
    space_must(evidence_anchor_encode(&args, &a, &wire), "args");
    return done(1, METHOD_EVIDENCE_ANCHOR, wire, &id);
}

/* Three of four founders decide that set 2 comes so many blocks from now. */
static uint64_t decide(uint64_t blocks)
{
    struct version_set v = { .number = FOR_VERSION,
                             .major = RELEASE_MAJOR,
                             .minor = RELEASE_MINOR };
    struct proposal_make make = { .subject = SUBJECT_VERSION_SET };
    struct proposal_approve approve;
    struct arena a = arena_over(scratch + sizeof scratch / 2, 4096);
    struct bytes wire;
    struct hash id;
    uint8_t nonce[TX_NONCE_SIZE];
    make.height = node_status(node[0]).tip.height + blocks;
    contract_version_value(&v, &make.value);
    space_must(proposal_make_encode(&make, &a, &wire), "args");
    memset(nonce, salt + 1, sizeof nonce);
    ASSERT(done(0, METHOD_GOVERNANCE_PROPOSE, wire, &id) == RECEIPT_OK);
    contract_proposal_id(sp.suite, &sp.participant[0].id, &make.value, nonce, &approve.proposal);
    space_must(proposal_approve_encode(&approve, &a, &wire), "args");
    for (uint32_t i = 0; i < 3; i++) {
        ASSERT(done(i, METHOD_GOVERNANCE_APPROVE, wire, &id) == RECEIPT_OK);
    }
    return make.height;
}

TEST(nodes_of_two_releases_agree_until_a_set_that_one_does_not_know_and_it_stops_before_that)
{
    char why[NODE_WHY_SIZE];
    make_next_release();
    space_make(&sp, NODES, NODES, log_now_ms());
    for (uint32_t i = 0; i < NODES; i++) {
        CHECK_OK(start(i, false, why));
    }
    CHECK_EQ(anchor(1), RECEIPT_OK);
    for (uint32_t i = 0; i < OLD; i++) { /* one after the other, the rest goes on */
        stop(i);
        CHECK_OK(start(i, true, why));
        turn();
        for (int n = 0; n < 400 && !node_status(node[i]).voting; n++) {
            turn();
        }
    }
    CHECK_EQ(anchor(1), RECEIPT_OK);
    uint64_t height = decide(12);
    CHECK_EQ(node_status(node[0]).version_next.number, FOR_VERSION);
    CHECK_EQ(node_status(node[0]).version_next.height, height);
    uint32_t before = 0, after = 0, status = RECEIPT_OK;
    for (int i = 0; i < 30 && after < 3; i++) {
        status = anchor(1);
        before += status == RECEIPT_OK ? 1 : 0;
        after += status == RECEIPT_FORBIDDEN ? 1 : 0;
        CHECK(status == RECEIPT_OK ? after == 0 : status == RECEIPT_FORBIDDEN);
    }
    CHECK(before >= 1);
    CHECK_EQ(after, 3);
    CHECK_EQ(anchor(2), RECEIPT_OK);
    CHECK(node_status(node[0]).tip.height > height);
    CHECK_EQ(node_status(node[0]).version.number, FOR_VERSION);
    /* The old one has every block below that height and none from there on. */
    CHECK(node[OLD]->stopping);
    CHECK_EQ(node[OLD]->exit_code, 6);
    CHECK_EQ(node_status(node[OLD]).tip.height, height - 1);
    stop(OLD);
    CHECK_ERR(start(OLD, false, why), ERR_VERSION);
    CHECK(strstr(why, "Carnet 7.5 knows it") != NULL);
    CHECK_OK(start(OLD, true, why)); /* upgraded, it goes on where it stopped */
    CHECK_EQ(anchor(2), RECEIPT_OK);
    for (uint64_t end = log_now_ms() + 20000;
         log_now_ms() < end &&
         node_status(node[OLD]).tip.height < node_status(node[0]).tip.height;) {
        turn();
    }
    struct hash one = node_status(node[0]).tip.hash, other = node_status(node[OLD]).tip.hash;
    CHECK(hash_equal(&one, &other));
    /* And back to the old release: its log is not cut for that. */
    uint64_t tip = node_status(node[OLD]).tip.height;
    stop(OLD);
    CHECK_ERR(start(OLD, false, why), ERR_VERSION);
    CHECK_OK(start(OLD, true, why));
    CHECK(node_status(node[OLD]).tip.height >= tip);
    for (uint32_t i = 0; i < NODES; i++) {
        stop(i);
    }
    space_drop(&sp);
}
