#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/json.h"
#include "node/node_internal.h"
#include "node/relay.h"
#include "policy/compile/policy_compile.h"
#include "tests/fixtures/space_fixture.h"
#include "tests/test.h"

/* One seal crosses from node 0 to node 1, through a relay that can be cut. */
enum { CHUNKS = 12, CHUNK = 64 * 1024 };
static struct space sp;
static struct node *node[4];
static uint8_t chunk[CHUNKS][CHUNK + 16];
static uint8_t memory[24 << 20];
static struct arena keep;
static struct manifest manifest;
static struct bytes manifest_wire;
static pid_t relay;
static char relay_log[80];

static void turn(void)
{
    for (uint32_t i = 0; i < 4; i++) {
        if (node[i] != NULL) {
            (void)uv_run(node_loop(node[i]), UV_RUN_NOWAIT);
        }
    }
    (void)usleep(200);
}

static void start(uint32_t i)
{
    char why[NODE_WHY_SIZE];
    struct node_options o = { .dir = sp.dir, .index = i, .passphrase = bytes_of_str("secret") };
    if (node_open(&o, &node[i], why) != ERR_NONE) {
        test_fail(__FILE__, __LINE__, why);
        abort();
    }
}

static void make_seal(void)
{
    keep = arena_over(memory, sizeof memory);
    manifest = (struct manifest){ .seal = { { 0x51 } },
                                  .asset = { { 0xa5 } },
                                  .plain_root = { { 1 } },
                                  .plain_sha256 = { { 2 } },
                                  .suite = 1,
                                  .chunk_size = CHUNK,
                                  .chunk_count = CHUNKS,
                                  .plain_size = CHUNKS * CHUNK };
    manifest.sealed_size = ARENA_ARRAY(&keep, uint32_t, CHUNKS);
    manifest.sealed_leaf = ARENA_ARRAY(&keep, struct hash, CHUNKS);
    for (uint32_t i = 0; i < CHUNKS; i++) {
        for (size_t k = 0; k < sizeof chunk[i]; k++) {
            chunk[i][k] = (uint8_t)(k * 31 + i * 7 + k / 251);
        }
        manifest.sealed_size[i] = sizeof chunk[i];
        merkle_leaf(sp.suite, "carnet/chunk/v1", bytes_of(chunk[i], sizeof chunk[i]),
                    &manifest.sealed_leaf[i]);
    }
    space_must(manifest_encode(&manifest, &keep, &manifest_wire), "manifest");
}

/* Sign, submit to node 0 and turn until node 1 has it; the receipt's status. */
static uint32_t act(uint32_t method, struct bytes args, struct tx_attachment *attachment,
                    uint8_t salt)
{
    static uint8_t scratch[8 << 20];
    uint8_t signature[SUITE_SIGNATURE_SIZE_MAX];
    struct arena a = arena_over(scratch, sizeof scratch);
    struct bytes body, wire, s = bytes_of(signature, sp.suite->signature_size);
    struct hash id;
    struct node_tx tx;
    struct tx_body b = { .space = sp.genesis.space,
                         .valid_until_ms = log_now_ms() + 60000,
                         .signer_count = 1,
                         .signer = { { sp.participant[0].id, 1 } },
                         .method = method,
                         .args = args,
                         .attachment_count = attachment == NULL ? 0 : 1,
                         .attachment = attachment };
    memset(b.nonce, salt, sizeof b.nonce);
    space_must(tx_encode_body(&b, &a, &body), "body");
    suite_sign_tagged(sp.suite, sp.signing[0], "carnet/tx/v1", body, signature);
    space_must(tx_encode(body, &s, 1, &a, &wire), "tx");
    space_must(node_submit(node[0], wire, &id), "submit");
    for (uint64_t end = log_now_ms() + 20000; log_now_ms() < end;) {
        a = arena_over(scratch, sizeof scratch);
        if (node_tx(node[1], &id, &a, &tx) == ERR_NONE) {
            return tx.status;
        }
        turn();
    }
    return UINT32_MAX;
}

static struct tx_attachment attach(uint32_t kind, uint8_t what, uint32_t reader)
{
    struct tx_attachment t = { .commitment = { { what } },
                               .size = 100,
                               .reader_count = 1,
                               .reader = { sp.participant[reader].id },
                               .keep_until_ms = log_now_ms() + 3600000,
                               .kind = kind };
    return t;
}

static struct bytes facts(void)
{
    static struct policy_book *book;
    static const char TEXT[] =
        "{\"id\":\"x\",\"from\":\"CN\",\"to\":\"DE\",\"sector\":\"retail\",\"classes\":["
        "\"personal\"],"
        "\"subjects\":10,\"sensitive_subjects\":0,\"role\":\"ordinary\",\"purpose\":\"crm\","
        "\"mechanisms\":[],\"facts\":{}}";
    struct policy_check check;
    struct bytes out;
    char why[POLICY_WHY_SIZE] = "";
    json_t *json;
    if (book == NULL) {
        space_must(policy_book_dir(CARNET_SOURCE_DIR "/rules", sp.suite, &book, why), why);
    }
    space_must(json_read(bytes_of_str(TEXT), sizeof TEXT, &json, why), "facts");
    space_must(policy_check_read(book, json, &check, why), why);
    json_free(json);
    space_must(policy_facts_encode(&check.facts, &keep, &out), "facts");
    return out;
}

static const struct hash TOKEN = { { 0x10 } };

static struct hash mint_seal_grant(void)
{
    struct hash set, right;
    uint64_t now = log_now_ms(), until = now + UINT64_C(30) * 86400000;
    struct bytes args;
    uint8_t nonce[TX_NONCE_SIZE];
    contract_pack_hash(sp.suite, sp.genesis.pack_set, &set);
    struct token_mint mint = { .token = TOKEN,
                               .asset = manifest.asset,
                               .classes_count = 1,
                               .classes = { 5 },
                               .grade = 1,
                               .jurisdictions_count = 2,
                               .jurisdictions = { 156, 276 },
                               .valid_from_ms = now - 1000,
                               .valid_until_ms = until,
                               .pack_set = set };
    struct tx_attachment meta = attach(ATTACHMENT_METADATA, 0x11, 3);
    space_must(token_mint_encode(&mint, &keep, &args), "mint");
    test_equal_u64(act(METHOD_TOKEN_MINT, args, &meta, 1), RECEIPT_OK, "mint", __FILE__, __LINE__);
    struct token_seal seal = { .token = TOKEN,
                               .seal = manifest.seal,
                               .suite = 1,
                               .chunk_size = CHUNK,
                               .chunk_count = CHUNKS };
    manifest_root(sp.suite, &manifest, &seal.sealed_root);
    manifest_hash(sp.suite, manifest_wire, &seal.manifest_hash);
    space_must(token_seal_encode(&seal, &keep, &args), "seal");
    test_equal_u64(act(METHOD_TOKEN_SEAL, args, NULL, 2), RECEIPT_OK, "seal", __FILE__, __LINE__);
    struct right_grant grant = { .token = TOKEN,
                                 .holder = sp.participant[1].id,
                                 .seal = manifest.seal,
                                 .kind = RIGHT_PROCESS_AND_USE,
                                 .custody = CUSTODY_RELEASED,
                                 .uses = 2,
                                 .until_ms = until,
                                 .places_count = 1,
                                 .places = { 276 },
                                 .facts = facts(),
                                 .wrap = { { 0x71 } } };
    struct tx_attachment wrap = attach(ATTACHMENT_WRAP, 0x71, 1);
    space_must(right_grant_encode(&grant, &keep, &args), "grant");
    test_equal_u64(act(METHOD_RIGHT_GRANT, args, &wrap, 3), RECEIPT_OK, "grant", __FILE__,
                   __LINE__);
    memset(nonce, 3, sizeof nonce);
    contract_right_id(sp.suite, &TOKEN, &grant.holder, nonce, &right);
    return right;
}

static void start_relay(void)
{
    char to[32], address[32];
    (void)snprintf(relay_log, sizeof relay_log, "%s/relay.log", sp.dir);
    (void)snprintf(to, sizeof to, "127.0.0.1:%u", sp.port[0]);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", sp.bulk_port);
    relay = fork();
    if (relay == 0) {
        struct relay_options o = { address, to, relay_log, 0, 400000 };
        _exit(relay_run(&o) == ERR_NONE ? 0 : 1);
    }
    (void)usleep(200000);
}

static void open_all(void)
{
    static struct policy_compiled law;
    char why[POLICY_WHY_SIZE] = "";
    if (law.set == NULL) {
        space_must(policy_compile_dir(CARNET_SOURCE_DIR "/rules", suite_intl(), &law, why), why);
    }
    sp.pack_set = bytes_of(law.set, law.set_len);
    sp.bulk_through_relay = true;
    space_make(&sp, 4, 4, log_now_ms());
    make_seal();
    start_relay();
    for (uint32_t i = 0; i < 4; i++) {
        start(i);
    }
    space_must(node_seal_put_manifest(node[0], manifest_wire), "put manifest");
    for (uint32_t i = 0; i < CHUNKS; i++) {
        space_must(
            node_seal_put_chunk(node[0], &manifest.seal, i, bytes_of(chunk[i], sizeof chunk[i])),
            "put chunk");
    }
}

static void close_all(void)
{
    for (uint32_t i = 0; i < 4; i++) {
        if (node[i] != NULL) {
            node_close(node[i]);
        }
        node[i] = NULL;
    }
    (void)kill(relay, SIGTERM);
    (void)waitpid(relay, NULL, 0);
    space_drop(&sp);
}

static uint32_t durable(const struct hash *right, struct node_fetch *f)
{
    return node_fetch_status(node[1], right, f) == ERR_NONE ? f->status.durable : 0;
}

static bool until_durable(const struct hash *right, uint32_t count, struct node_fetch *f)
{
    for (uint64_t end = log_now_ms() + 20000; log_now_ms() < end;) {
        if (durable(right, f) >= count) {
            return true;
        }
        turn();
    }
    return false;
}

/* Bytes of chunks that the relay let down, over all its connections. */
static uint64_t relayed(void)
{
    uint8_t *text = NULL;
    size_t len = 0;
    uint64_t total = 0;
    if (test_read_file(relay_log, &text, &len)) {
        text[len - 1] = '\0';
        for (const char *p = (char *)text; (p = strstr(p, "\"close\"")) != NULL; p++) {
            const char *down = strstr(p, "\"down\":");
            total += down == NULL ? 0 : strtoull(down + 7, NULL, 10);
        }
        free(text);
    }
    return total;
}

TEST(formats_18_a_fetch_survives_cuts_and_restarts_and_no_durable_chunk_comes_twice)
{
    static uint8_t got[1 << 20];
    struct node_fetch f;
    open_all();
    struct hash right = mint_seal_grant();
    CHECK(!test_failing());
    CHECK_OK(node_fetch_start(node[1], &right));
    CHECK_OK(node_fetch_start(node[1], &right)); /* idempotent */
    CHECK(until_durable(&right, 3, &f));
    CHECK_EQ(kill(relay, SIGUSR1), 0); /* cut */
    for (int i = 0; i < 500; i++) {
        turn();
    }
    uint32_t at_cut = durable(&right, &f);
    CHECK(at_cut >= 3 && at_cut <= CHUNKS - 2);
    CHECK_EQ(f.status.state, FETCH_WAITING);
    CHECK_EQ(kill(relay, SIGUSR2), 0); /* heal */
    CHECK(until_durable(&right, at_cut + 2, &f));
    CHECK(f.reconnects >= 1);
    CHECK(f.status.resumed_from >= at_cut);
    node_close(node[1]); /* the consumer's node ends half-way and starts again */
    node[1] = NULL;
    start(1);
    CHECK(durable(&right, &f) >= at_cut + 2); /* told before anything is fetched */
    CHECK(until_durable(&right, CHUNKS, &f));
    CHECK_EQ(f.status.state, FETCH_DONE);
    CHECK_EQ(f.bytes, CHUNKS * sizeof chunk[0]);
    for (uint32_t i = 0; i < CHUNKS; i++) {
        struct arena a = arena_over(got, sizeof got);
        struct bytes c;
        CHECK_OK(node_seal_chunk(node[1], &manifest.seal, i, &a, &c));
        CHECK_BYTES(c, bytes_of(chunk[i], sizeof chunk[i]));
    }
    for (int i = 0; i < 200; i++) {
        turn();
    }
    /* What was in flight at two breaks may cross again (the window, twice), and nothing else. */
    CHECK(relayed() < (CHUNKS + 2 * FETCH_WINDOW) * (sizeof chunk[0] + 2048));
    close_all();
}

TEST(a_revoked_right_and_another_holder_get_no_chunk)
{
    struct node_fetch f;
    struct bytes args;
    struct right_revoke revoke = { .reason = 1 };
    open_all();
    revoke.right = mint_seal_grant();
    CHECK(!test_failing());
    CHECK_ERR(node_fetch_start(node[2], &revoke.right), ERR_FORBIDDEN);
    CHECK_ERR(node_fetch_start(node[1], &TOKEN), ERR_NOT_FOUND);
    CHECK_OK(node_fetch_start(node[1], &revoke.right));
    CHECK(until_durable(&revoke.right, 2, &f));
    CHECK_OK(right_revoke_encode(&revoke, &keep, &args));
    CHECK_EQ(act(METHOD_RIGHT_REVOKE, args, NULL, 4), RECEIPT_OK);
    for (int i = 0; i < 20000 && f.status.state != FETCH_FAILED; i++) {
        turn();
        (void)durable(&revoke.right, &f);
    }
    CHECK_EQ(f.status.state, FETCH_FAILED);
    CHECK_EQ(f.why, ERR_REVOKED);
    CHECK(f.status.durable < CHUNKS);
    CHECK_ERR(node_fetch_start(node[1], &revoke.right), ERR_REVOKED);
    CHECK_OK(node_fetch_status(node[1], &revoke.right, &f)); /* and it still says why */
    CHECK_EQ(f.why, ERR_REVOKED);
    close_all();
}

TEST(a_seal_under_an_id_that_stands_here_for_another_is_not_fetched_over_it)
{
    struct arena a = arena_over(memory + (20 << 20), 4 << 20);
    struct manifest own;
    struct bytes wire, got;
    open_all();
    struct hash right = mint_seal_grant();
    CHECK(!test_failing());
    own = manifest;
    own.plain_sha256.b[0] ^= 1;
    CHECK_OK(manifest_encode(&own, &a, &wire));
    CHECK_OK(node_seal_put_manifest(node[1], wire));
    CHECK_ERR(node_fetch_start(node[1], &right), ERR_DUPLICATE);
    CHECK_OK(node_seal_manifest(node[1], &manifest.seal, &a, &got));
    CHECK_BYTES(got, wire);
    close_all();
}

TEST(a_chunk_that_its_manifest_does_not_vouch_for_is_not_stored)
{
    struct arena a;
    struct bytes got;
    open_all();
    chunk[1][5] ^= 1;
    struct bytes bad = bytes_of(chunk[1], sizeof chunk[1]);
    CHECK_ERR(node_seal_put_chunk(node[0], &manifest.seal, 1, bad), ERR_INTEGRITY);
    CHECK_ERR(node_seal_put_chunk(node[0], &manifest.seal, CHUNKS, bad), ERR_RANGE);
    CHECK_ERR(node_seal_put_chunk(node[0], &TOKEN, 0, bad), ERR_NOT_FOUND);
    a = arena_over(memory + (16 << 20), 8 << 20);
    CHECK_ERR(node_seal_manifest(node[2], &manifest.seal, &a, &got), ERR_NOT_FOUND);
    close_all();
}

/* Fetches that go on, of rights that nobody else has. */
static struct hash crowd(void)
{
    struct hash right = { { 0xf0 } };
    for (uint32_t i = 0; i < BULK_FETCHES_MAX; i++) {
        right.b[1] = (uint8_t)i;
        node[1]->fetch[i] = (struct bulk_fetch){ .used = true, .right = right };
    }
    return right;
}

TEST(so_many_fetches_go_on_at_one_time_and_one_that_has_ended_gives_up_its_place)
{
    struct arena a = arena_over(memory + (20 << 20), 4 << 20);
    struct node_fetch f;
    struct manifest other;
    struct bytes wire;
    uint64_t size;
    char order[STORAGE_NAME_SIZE_MAX], name[STORAGE_NAME_SIZE_MAX];
    open_all();
    struct hash right = mint_seal_grant(), last = crowd();
    CHECK(!test_failing());
    struct storage d = node_disk(node[1]);
    node_name("fetches", &right, "", order);
    node_name("seals", &manifest.seal, "manifest", name);
    CHECK_ERR(node_fetch_start(node[1], &right), ERR_BUSY);
    CHECK_ERR(node_fetch_status(node[1], &right, &f), ERR_NOT_FOUND);
    CHECK_ERR(d.size(d.ctx, order, &size), ERR_NOT_FOUND); /* a restart does not know of it */
    node[1]->fetch[BULK_FETCHES_MAX - 1].failed = true;
    node[1]->fetch[BULK_FETCHES_MAX - 1].why = ERR_REVOKED;
    other = manifest;
    other.plain_sha256.b[0] ^= 1;
    CHECK_OK(manifest_encode(&other, &a, &wire));
    CHECK_OK(node_seal_put_manifest(node[1], wire));
    CHECK_ERR(node_fetch_start(node[1], &right), ERR_DUPLICATE);
    CHECK_OK(node_fetch_status(node[1], &last, &f)); /* nothing came in its place */
    CHECK_EQ(f.why, ERR_REVOKED);
    CHECK_OK(d.remove(d.ctx, name));
    CHECK_OK(node_fetch_start(node[1], &right));
    CHECK_ERR(node_fetch_status(node[1], &last, &f), ERR_NOT_FOUND);
    CHECK_OK(d.size(d.ctx, order, &size));
    memset(node[1]->fetch, 0, (BULK_FETCHES_MAX - 1) * sizeof node[1]->fetch[0]);
    CHECK(until_durable(&right, 1, &f));
    close_all();
}
