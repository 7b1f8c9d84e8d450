#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "ledger/proof_internal.h"
#include "node/node_internal.h"
#include "tests/fixtures/space_fixture.h"
#include "tests/fixtures/sync_fixture.h"
#include "tests/test.h"

/* What a node says of anchors: at its start, of each that is none, and later in its log. */

static struct sync_bench b;
static struct anchors held;
static char why[NODE_WHY_SIZE];

static enum err open_with(const struct node_anchor *anchor, uint32_t count)
{
    struct node_options o = { .anchor = anchor, .anchor_count = count };
    memset(why, 0, sizeof why);
    memset(&held, 0, sizeof held);
    enum err e = anchors_open(&held, b.f->suite, &b.f->genesis, &o, why);
    if (e != ERR_NONE) {
        anchors_close(&held);
    }
    return e;
}

static struct bytes anchor_of(uint64_t height, uint32_t seats)
{
    return fixture_certified(b.f, b.header[height], seats);
}

static struct bytes another(uint64_t height)
{
    struct header h;
    struct bytes wire = { NULL, 0 };
    enum err e = header_decode(b.header[height], &b.f->arena, &h);
    h.state_root.b[0] ^= 1;
    e = e == ERR_NONE ? header_encode(&h, &b.f->arena, &wire) : e;
    ASSERT(e == ERR_NONE);
    return fixture_certified(b.f, wire, 0x7);
}

TEST(each_anchor_that_is_none_is_named_with_what_is_wrong)
{
    static const uint8_t LARGE[PROOF_HAND_OVER_SIZE_MAX + 1];
    sync_bench_open_changed(&b);
    const struct {
        struct bytes second;
        enum err want;
        const char *why;
    } ROW[] = {
        { anchor_of(4, 0x7), ERR_NONE, "" },
        { bytes_of_str("x"), ERR_UNREADABLE,
          "anchor two: it is no certified header; `carnet audit anchor` writes one" },
        { bytes_of(LARGE, sizeof LARGE), ERR_UNREADABLE,
          "anchor two: it is no certified header; `carnet audit anchor` writes one" },
        { bytes_of(NULL, 0), ERR_UNREADABLE,
          "anchor two: it is no certified header; `carnet audit anchor` writes one" },
        { anchor_of(4, 0x5), ERR_PROOF,
          "anchor two: it is not certified in this space (certificate): a proof does not verify" },
        { anchor_of(1, 0x3), ERR_PROOF,
          "anchor two: it is not certified in this space (certificate): a proof does not verify" },
        { another(3), ERR_INTEGRITY,
          "anchor two contradicts anchor one: both are certified, and no chain has both" },
    };
    for (size_t i = 0; i < COUNT(ROW); i++) {
        struct node_anchor two[] = { { "one", anchor_of(3, 0x7) }, { "two", ROW[i].second } };
        CHECK_ERR(open_with(two, 2), ROW[i].want);
        CHECK_STR(why, ROW[i].why);
        CHECK_EQ(held.count, ROW[i].want == ERR_NONE ? 2 : 0);
        anchors_close(&held);
    }
    b.f->genesis.space.b[0] ^= 1;
    CHECK_OK(open_with(&(struct node_anchor){ "one", anchor_of(1, 0x7) }, 1));
    anchors_close(&held);
    struct bytes elsewhere = anchor_of(1, 0x7);
    b.f->genesis.space.b[0] ^= 1;
    CHECK_ERR(open_with(&(struct node_anchor){ "one", elsewhere }, 1), ERR_PROOF);
    CHECK_STR(
        why,
        "anchor one: it is not certified in this space (certificate): a proof does not verify");
    sync_bench_close(&b);
}

TEST(a_node_holds_so_many_anchors_and_no_more)
{
    struct node_anchor many[TRUST_ANCHORS_MAX + 1];
    sync_bench_open_changed(&b);
    for (uint32_t i = 0; i <= TRUST_ANCHORS_MAX; i++) {
        many[i] = (struct node_anchor){ "same", anchor_of(3, 0x7) };
    }
    CHECK_ERR(open_with(many, TRUST_ANCHORS_MAX + 1), ERR_SIZE);
    CHECK_STR(why, "anchors: at most 16");
    CHECK_OK(open_with(many, TRUST_ANCHORS_MAX));
    anchors_close(&held);
    CHECK_OK(open_with(NULL, 0));
    sync_bench_close(&b);
}

/* What one event says on stderr. */
static void line_of(const struct replica_anchor *x, char *line, size_t size)
{
    int ends[2], before = dup(STDERR_FILENO);
    ASSERT(before >= 0 && pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    anchors_told(&held, x);
    ASSERT(dup2(before, STDERR_FILENO) >= 0);
    (void)close(before);
    (void)close(ends[1]);
    ssize_t len = read(ends[0], line, size - 1);
    (void)close(ends[0]);
    line[len > 0 ? len : 0] = '\0';
}

#define HEX_1 "0101010101010101010101010101010101010101010101010101010101010101"
#define HEX_2 "0202020202020202020202020202020202020202020202020202020202020202"

TEST(what_an_anchor_and_the_chain_say_is_told_whole)
{
    static const char BOTH[] =
        "\"event\":\"anchor_contradicted\",\"anchor\":\"f.bin\",\"height\":7,"
        "\"pinned\":\"" HEX_1 "\",\"found\":\"" HEX_2 "\",";
    static const char *const WANT[] = {
        [REPLICA_ANCHOR_WANTED] =
            "\"event\":\"anchor_wanted\",\"peer\":3,\"effect\":\"its snapshot is "
            "not taken: give this node a newer --anchor\"}",
        [REPLICA_ANCHOR_REFUSED] = "\"event\":\"anchor_contradicted\",\"peer\":3,\"effect\":\"its "
                                   "snapshot is not taken: it is not of the anchors' chain\"}",
        [REPLICA_ANCHOR_BELOW] = "\"event\":\"anchor_not_compared\",\"anchor\":\"f.bin\",\"height\""
                                 ":7,\"reason\":\"this node keeps no block of that height\"}",
        [REPLICA_ANCHOR_PEER] =
            "\"effect\":\"its blocks are not taken, and others are asked\",\"peer\":3}",
        [REPLICA_ANCHOR_LOG] = "\"effect\":\"this node does not start\"}",
        [REPLICA_ANCHOR_APART] = "\"effect\":\"the log here is of another chain: this node does "
                                 "not go on\",\"peer\":3,\"at\":6}",
        [REPLICA_ANCHOR_BLOCK] = "\"effect\":\"the committee certified another block: this node "
                                 "does not go on\"}",
    };
    memset(&held, 0, sizeof held);
    memcpy(held.name[1], "f.bin", sizeof "f.bin");
    for (uint32_t kind = 0; kind < COUNT(WANT); kind++) {
        char line[2048];
        struct replica_anchor x = {
            .kind = (enum replica_anchor_kind)kind, .number = 1, .peer = 3, .height = 7, .tip = 6
        };
        memset(x.pinned.b, 1, sizeof x.pinned.b);
        memset(x.found.b, 2, sizeof x.found.b);
        line_of(&x, line, sizeof line);
        CHECK(strstr(line, WANT[kind]) != NULL);
        CHECK_EQ(strstr(line, BOTH) != NULL, kind > REPLICA_ANCHOR_BELOW);
        CHECK_EQ(strstr(line, "\"peer\"") != NULL, kind < REPLICA_ANCHOR_BELOW ||
                                                       kind == REPLICA_ANCHOR_PEER ||
                                                       kind == REPLICA_ANCHOR_APART);
        CHECK_EQ(held.said[0] != '\0', kind >= REPLICA_ANCHOR_LOG);
    }
    CHECK_STR(held.said, "anchor f.bin: block 7 is " HEX_1 ", and in this log " HEX_2);
}

/* ---- a whole node ---------------------------------------------------------------------------- */

static struct space sp;
static struct node *node;
static uint8_t scratch[8 << 20];

static enum err start(const struct node_anchor *anchor, uint32_t count)
{
    struct node_options o = { .dir = sp.dir,
                              .passphrase = bytes_of_str("secret"),
                              .view_timeout_ms = 1000,
                              .anchor = anchor,
                              .anchor_count = count };
    return node_open(&o, &node, why);
}

static void stop(void)
{
    node_close(node);
    node = NULL;
}

/* The seat is the only one, and its seed is known here. */
static struct bytes forge(struct bytes certified, uint64_t height, struct arena *a)
{
    struct certified_header c;
    struct hash hash;
    struct bytes header, vote, certificate, key, out = { NULL, 0 };
    uint8_t secret[SUITE_SECRET_SIZE], *signature = arena_alloc(a, SUITE_SIGNATURE_SIZE_MAX);
    space_must(certified_header_decode(certified, a, &c), "decode");
    c.header.state_root.b[0] ^= 1;
    c.header.height = c.certificate.height = height;
    space_must(header_encode(&c.header, a, &header), "header");
    header_hash(sp.suite, header, &hash);
    c.certificate.block = hash;
    struct vote v = { .space = sp.genesis.space,
                      .epoch = c.certificate.epoch,
                      .kind = c.certificate.kind,
                      .view = c.certificate.view,
                      .height = c.certificate.height,
                      .block = hash };
    space_must(vote_encode(&v, a, &vote), "vote");
    epoch_key_secret(sp.suite, &sp.seed[0], v.epoch, secret);
    suite_sign_tagged(sp.suite, secret, "carnet/vote/v1", vote, signature);
    c.certificate.signature[0] = bytes_of(signature, sp.suite->signature_size);
    space_must(certificate_encode(&c.certificate, a, &certificate), "certificate");
    space_must(epoch_key_encode(&c.key[0], a, &key), "key");
    space_must(proof_encode_certified(header, certificate, &key, 1, a, &out), "certified");
    return out;
}

static uint64_t node_height(void)
{
    return node_status(node).tip.height;
}

static bool reaches(uint64_t height)
{
    uint64_t end = log_now_ms() + 20000;
    while (node_height() < height && !node->stopping && log_now_ms() < end) {
        (void)uv_run(node_loop(node), UV_RUN_ONCE);
    }
    return node_height() >= height;
}

TEST(formats_13_a_node_starts_with_anchors_of_its_own_chain_and_no_other)
{
    static const struct node_anchor NONE = { "none.bin", { (const uint8_t *)"none", 4 } };
    struct arena a = arena_over(scratch, sizeof scratch);
    struct bytes certified = { NULL, 0 };
    uint64_t height = 0;
    sp.idle_block_ms = 50;
    space_make(&sp, 1, 1, log_now_ms());
    CHECK_OK(start(NULL, 0));
    CHECK(reaches(3));
    CHECK_OK(replica_certified(node->replica, 2, &a, &certified, &height));
    stop();
    struct node_anchor both[] = { { "good.bin", certified },
                                  { "forged.bin", forge(certified, 2, &a) } };
    CHECK_ERR(start(&NONE, 1), ERR_UNREADABLE);
    CHECK_ERR(start(both, 2), ERR_INTEGRITY);
    CHECK_STR(why,
              "anchor forged.bin contradicts anchor good.bin: both are certified, and no chain "
              "has both");
    CHECK_ERR(start(&both[1], 1), ERR_INTEGRITY);
    CHECK(strncmp(why, "anchor forged.bin: block 2 is ", 30) == 0 && strlen(why) == 30 + 18 + 128);
    CHECK_OK(start(both, 1));
    CHECK(node_height() >= 3);
    uint64_t tip = node_height();
    stop();
    struct node_anchor ahead = { "ahead.bin", forge(certified, tip + 3, &a) };
    CHECK_OK(start(&ahead, 1));
    CHECK(!reaches(tip + 3));
    CHECK(node->stopping && node_status(node).off_anchor);
    CHECK_EQ(node->exit_code, 4);
    CHECK_EQ(node_height(), tip + 2);
    stop();
    space_drop(&sp);
}
