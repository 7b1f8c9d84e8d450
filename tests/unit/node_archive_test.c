#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "node/archive_internal.h"
#include "node/events.h"
#include "node/node_internal.h"
#include "node/offline.h"
#include "tests/fixtures/space_fixture.h"
#include "tests/test.h"

/* A validator that is alone in its space makes the blocks; the second node, an observer, has none
 * of them: its directory is where archives are taken in. */

enum { MAKER = 0, TAKER = 1, FILE_MAX = 8 << 20, FEW = 12 };

static struct space sp;
static struct node *node;
static uint8_t scratch[16 << 20], file[FILE_MAX], forged[FILE_MAX];

static void start(uint32_t i)
{
    char why[NODE_WHY_SIZE];
    struct node_options o = {
        .dir = sp.dir, .index = i, .passphrase = bytes_of_str("secret"), .view_timeout_ms = 1000
    };
    space_must(node_open(&o, &node, why), why);
}

static void stop(void)
{
    node_close(node);
    node = NULL;
}

static struct bytes anchor(uint32_t number, struct arena *a, struct hash *value)
{
    struct evidence_anchor args = { .kind = 1 };
    struct tx_body b = { .space = sp.genesis.space,
                         .valid_until_ms = log_now_ms() + 900,
                         .signer_count = 1,
                         .method = METHOD_EVIDENCE_ANCHOR };
    struct bytes body, wire;
    uint8_t *signature = arena_alloc(a, SUITE_SIGNATURE_SIZE_MAX);
    memcpy(args.value.b, &number, sizeof number);
    args.value.b[31] = 1;
    *value = args.value;
    memcpy(b.nonce, &number, sizeof number);
    b.signer[0] = (struct tx_signer){ sp.participant[MAKER].id, 1 };
    space_must(evidence_anchor_encode(&args, a, &b.args), "args");
    space_must(tx_encode_body(&b, a, &body), "body");
    suite_sign_tagged(sp.suite, sp.signing[MAKER], "carnet/tx/v1", body, signature);
    struct bytes s = bytes_of(signature, sp.suite->signature_size);
    space_must(tx_encode(body, &s, 1, a, &wire), "tx");
    return wire;
}

/* So many blocks with one transaction each; the value of the last. */
static struct hash commit(uint32_t from, uint32_t count)
{
    struct hash value = { { 0 } }, id;
    for (uint32_t i = from; i < from + count; i++) {
        struct arena a = arena_over(scratch, sizeof scratch);
        struct node_tx tx;
        space_must(node_submit(node, anchor(i, &a, &value), &id), "submit");
        for (uint64_t end = log_now_ms() + 10000;;) {
            a = arena_over(scratch, sizeof scratch);
            if (node_tx(node, &id, &a, &tx) == ERR_NONE || log_now_ms() > end) {
                break;
            }
            (void)uv_run(node_loop(node), UV_RUN_ONCE);
        }
    }
    return value;
}

static bool knows(const struct hash *value)
{
    struct contract_key key = contract_key_evidence(value);
    struct bytes got;
    return node_state(node, key.contract, contract_key_bytes(&key), &got) == ERR_NONE;
}

static uint32_t events_of(const struct hash *value)
{
    struct node_filter f = { .subject = value };
    struct node_events page;
    struct arena a = arena_over(scratch, sizeof scratch);
    space_must(node_events(node, &f, (struct node_place){ 0, 0 }, 10, &a, &page), "events");
    return page.count;
}

static enum err write_archive(const struct offline_archive *want, struct offline_archive *out,
                              struct bytes *archive)
{
    char why[NODE_WHY_SIZE] = "";
    FILE *f = fmemopen(file, sizeof file, "w");
    enum err e = offline_export(sp.dir, MAKER, want, f, out, why);
    long size = ftell(f);
    (void)fclose(f);
    if (e != ERR_NONE) {
        printf("# %s\n", why);
    }
    *archive = bytes_of(file, (size_t)size);
    return e;
}

/* Who asks at no time in particular, and has no anchors. */
static const struct proof_caller NOBODY = { 0 };

static enum err check_by(struct bytes genesis, struct bytes archive, char why[NODE_WHY_SIZE])
{
    struct offline_archive out;
    FILE *f = fmemopen((void *)(uintptr_t)archive.ptr, archive.len, "r");
    enum err e = offline_check(genesis, f, &NOBODY, &out, why);
    (void)fclose(f);
    return e;
}

static enum err check(struct bytes archive, char why[NODE_WHY_SIZE])
{
    return check_by(sp.genesis.wire, archive, why);
}

static enum err take(struct bytes archive, uint64_t *height, char why[NODE_WHY_SIZE])
{
    struct offline_archive out;
    FILE *f = fmemopen((void *)(uintptr_t)archive.ptr, archive.len, "r");
    enum err e = offline_import(sp.dir, TAKER, f, &NOBODY, &out, height, why);
    (void)fclose(f);
    if (e != ERR_NONE) {
        printf("# %s\n", why);
    }
    return e;
}

/* A space whose maker has made a few blocks and is stopped. */
static struct hash begin(uint32_t blocks)
{
    sp.tx_window_ms = 1000;
    space_make(&sp, 2, 1, log_now_ms());
    start(MAKER);
    struct hash last = commit(1, blocks);
    stop();
    return last;
}

static size_t size_at(struct bytes archive, size_t record)
{
    struct reader r = reader_over(bytes_of(archive.ptr + record + 1, 4));
    return reader_u32(&r);
}

TEST(an_archive_brings_an_empty_node_to_where_its_maker_stood)
{
    char why[NODE_WHY_SIZE];
    struct offline_archive made, want = { 0 };
    struct bytes archive;
    uint64_t height = 0;
    struct hash value = begin(FEW);
    CHECK_OK(write_archive(&want, &made, &archive));
    CHECK_EQ(made.from, 1);
    CHECK(made.to >= FEW);
    CHECK_EQ(made.state, 0);
    CHECK_OK(check(archive, why));
    CHECK_OK(take(archive, &height, why));
    CHECK_EQ(height, made.to);
    start(TAKER);
    CHECK_EQ(node_status(node).tip.height, made.to);
    CHECK(knows(&value));
    CHECK_EQ(events_of(&value), 1);
    stop();
    CHECK_OK(take(archive, &height, why)); /* again: there is nothing left to do */
    CHECK_EQ(height, made.to);
    space_drop(&sp);
}

TEST(parts_are_taken_in_order_and_what_does_not_join_is_refused)
{
    char why[NODE_WHY_SIZE];
    static uint8_t late_bytes[FILE_MAX / 8];
    struct offline_archive made, late = { .from = 7 }, early = { .to = 6 };
    struct bytes archive;
    uint64_t height = 0, tip;
    (void)begin(FEW);
    CHECK_OK(write_archive(&late, &made, &archive));
    CHECK(archive.len < sizeof late_bytes);
    tip = made.to;
    memcpy(late_bytes, archive.ptr, archive.len);
    struct bytes second = bytes_of(late_bytes, archive.len);
    CHECK_OK(check(second, why)); /* true by itself, wherever it begins */
    CHECK_ERR(take(second, &height, why), ERR_STATE);
    CHECK(strstr(why, "begins at block 7") != NULL);
    CHECK_OK(write_archive(&early, &made, &archive));
    CHECK(made.to >= 6 && made.to < tip);
    CHECK_OK(take(archive, &height, why));
    CHECK_EQ(height, made.to);
    CHECK_OK(take(second, &height, why));
    CHECK_EQ(height, tip);
    CHECK_OK(take(archive, &height, why)); /* the older one says nothing new */
    CHECK_EQ(height, tip);
    space_drop(&sp);
}

static void forget(const char *name)
{
    char path[256], hex[65];
    hex_encode(bytes_of_hash(&sp.genesis.space), hex);
    (void)snprintf(path, sizeof path, "%s/node-%d/spaces/%s/%s", sp.dir, TAKER, hex, name);
    if (unlink(path) != 0) {
        abort();
    }
}

/* Empty blocks follow one another, so that a whole file of 1,024 becomes old. */
static struct hash begin_pruned(struct offline_kept *kept, char why[NODE_WHY_SIZE])
{
    enum { MORE = 1100 };
    sp.idle_block_ms = 1;
    struct hash value = begin(FEW);
    sp.idle_block_ms = 0;
    start(MAKER);
    while (node_status(node).tip.height < MORE) {
        (void)uv_run(node_loop(node), UV_RUN_ONCE);
    }
    stop();
    (void)usleep(1100 * 1000);
    start(MAKER);
    for (uint64_t h = node_status(node).tip.height; node_status(node).tip.height < h + 40;) {
        (void)uv_run(node_loop(node), UV_RUN_ONCE);
    }
    stop();
    space_must(offline_prune(sp.dir, MAKER, 1, kept, why), why);
    return value;
}

TEST(an_archive_of_a_node_that_has_pruned_carries_the_state_and_says_where_its_index_begins)
{
    char why[NODE_WHY_SIZE];
    struct offline_kept kept = { 0 };
    struct offline_archive made, want = { 0 }, first = { .from = 1 };
    struct bytes archive;
    uint64_t height = 0, from = 0;
    struct hash value = begin_pruned(&kept, why);
    CHECK_EQ(kept.base, 1023);
    CHECK_ERR(write_archive(&first, &made, &archive), ERR_PRUNED);
    CHECK_OK(write_archive(&want, &made, &archive));
    CHECK_EQ(made.from, 1024);
    CHECK(made.state > 1024 && made.state <= made.to);
    CHECK_OK(take(archive, &height, why));
    CHECK_EQ(height, made.to);
    forget("state/data.mdb"); /* as after a cut between the last block and the state */
    forget("index/data.mdb");
    CHECK_OK(take(archive, &height, why));
    CHECK_EQ(height, made.to);
    CHECK_OK(take(archive, &height, why));
    start(TAKER);
    CHECK_EQ(node_status(node).tip.height, made.to);
    CHECK_EQ(node_status(node).base, 1023);
    CHECK_EQ(node_status(node).index_base, made.state);
    CHECK(knows(&value));
    CHECK_EQ(events_of(&value), 0); /* it happened before the index begins */
    stop();
    start(MAKER); /* what was pruned are blocks: its index has all */
    CHECK_EQ(node_status(node).index_base, 0);
    CHECK_EQ(events_of(&value), 1);
    stop();
    CHECK_ERR(offline_reindex(sp.dir, MAKER, false, &from, why), ERR_PRUNED);
    CHECK_OK(offline_reindex(sp.dir, MAKER, true, &from, why));
    CHECK(from > kept.base);
    start(MAKER);
    CHECK_EQ(node_status(node).index_base, from);
    CHECK(knows(&value));
    struct hash newer = commit(10000, 1);
    CHECK_EQ(events_of(&newer), 1);
    stop();
    space_drop(&sp);
}

TEST(every_byte_of_an_archive_counts)
{
    char why[NODE_WHY_SIZE];
    struct offline_archive made, want = { 0 };
    struct bytes archive;
    (void)begin(FEW);
    CHECK_OK(write_archive(&want, &made, &archive));
    for (size_t i = 0; i < archive.len; i += 7) {
        file[i] ^= 0x40;
        CHECK_ERR(check(archive, why), ERR_INTEGRITY);
        file[i] ^= 0x40;
    }
    for (size_t len = 0; len < archive.len; len += 101) {
        CHECK_ERR(check(bytes_of(file, len == 0 ? 1 : len), why), ERR_INTEGRITY);
    }
    file[archive.len] = 0;
    CHECK_ERR(check(bytes_of(file, archive.len + 1), why), ERR_INTEGRITY);
    CHECK_OK(check(archive, why));
    space_drop(&sp);
}

static void seal_again(size_t at)
{
    uint8_t crc[4];
    size_t covered = 5 + size_at(bytes_of(forged, sizeof forged), at);
    struct buf b = buf_over(crc, sizeof crc);
    buf_put_u32(&b, crc32c(0, bytes_of(forged + at, covered)));
    memcpy(forged + at + covered, crc, 4);
}

TEST(an_archive_that_another_committee_certified_is_refused_and_says_so)
{
    char why[NODE_WHY_SIZE];
    struct offline_archive made, want = { 0 };
    struct bytes archive;
    (void)begin(FEW);
    CHECK_OK(write_archive(&want, &made, &archive));
    memcpy(forged, archive.ptr, archive.len);
    size_t at = 0, next = sizeof ARCHIVE_MAGIC - 1;
    while (next < archive.len) { /* the last block is the last record */
        at = next;
        next += 9 + size_at(archive, at);
    }
    uint8_t *found = memmem(forged + at, archive.len - at, sp.genesis.committee_hash.b, HASH_SIZE);
    CHECK(found != NULL);
    found[0] ^= 1;
    seal_again(at);
    CHECK_ERR(check(bytes_of(forged, archive.len), why), ERR_INTEGRITY);
    CHECK(strstr(why, "does not verify: committee") != NULL);
    space_drop(&sp);
}

/* The archive with so many records behind its head that say that they are hand-overs. */
static struct bytes with_hand_overs(struct bytes archive, uint32_t count)
{
    size_t head = sizeof ARCHIVE_MAGIC - 1, at = head + 9 + size_at(archive, head);
    memcpy(forged, archive.ptr, at);
    size_t to = at;
    for (uint32_t i = 0; i < count; i++, to += 10) {
        const uint8_t record[] = { ARCHIVE_HAND_OVER, 0, 0, 0, 1, 0xff };
        memcpy(forged + to, record, sizeof record);
        seal_again(to);
    }
    memcpy(forged + to, archive.ptr + at, archive.len - at);
    return bytes_of(forged, to + archive.len - at);
}

TEST(hand_overs_that_lead_nowhere_are_refused_and_there_are_at_most_so_many)
{
    char why[NODE_WHY_SIZE];
    struct offline_archive made, want = { 0 };
    struct bytes archive;
    (void)begin(FEW);
    CHECK_OK(write_archive(&want, &made, &archive));
    CHECK_OK(check(with_hand_overs(archive, 0), why));
    CHECK_ERR(check(with_hand_overs(archive, PROOF_HAND_OVERS_MAX), why), ERR_INTEGRITY);
    CHECK(strstr(why, "does not verify: encoding") != NULL);
    CHECK_ERR(check(with_hand_overs(archive, PROOF_HAND_OVERS_MAX + 1), why), ERR_INTEGRITY);
    CHECK(strstr(why, "more than 64 hand-overs") != NULL);
    space_drop(&sp);
}

/* As a forger would, who gives each record its checksum again. */
TEST(a_byte_changed_in_any_record_is_refused_though_its_checksum_is_right)
{
    enum { HEAD = sizeof ARCHIVE_MAGIC - 1 };
    char why[NODE_WHY_SIZE];
    struct offline_archive made, want = { 0 };
    struct bytes archive;
    (void)begin(FEW);
    CHECK_OK(write_archive(&want, &made, &archive));
    memcpy(forged, archive.ptr, archive.len);
    for (size_t at = HEAD; at < archive.len;) {
        size_t covered = 5 + size_at(archive, at);
        for (size_t i = 0; i < covered; i += i < 5 ? 4 : 3) {
            uint8_t crc[4];
            struct buf b = buf_over(crc, sizeof crc);
            forged[at + i] ^= 0x01;
            buf_put_u32(&b, crc32c(0, bytes_of(forged + at, covered)));
            memcpy(forged + at + covered, crc, 4);
            CHECK_ERR(check(bytes_of(forged, archive.len), why), ERR_INTEGRITY);
            forged[at + i] ^= 0x01;
        }
        memcpy(forged + at, archive.ptr + at, covered + 4);
        at += covered + 4;
    }
    CHECK_OK(check(bytes_of(forged, archive.len), why));
    space_drop(&sp);
}

TEST(a_refused_archive_leaves_the_directory_as_it_was)
{
    char why[NODE_WHY_SIZE];
    struct offline_archive made, want = { 0 };
    struct bytes archive;
    uint64_t height = 99;
    (void)begin(FEW);
    CHECK_OK(write_archive(&want, &made, &archive));
    file[archive.len - 9] ^= 1; /* of the last block */
    CHECK_ERR(take(archive, &height, why), ERR_INTEGRITY);
    CHECK_EQ(height, 99);
    start(TAKER);
    CHECK_EQ(node_status(node).tip.height, 0);
    stop();
    space_drop(&sp);
}

TEST(an_archive_of_another_space_is_refused_and_a_directory_in_use_is_left_alone)
{
    char why[NODE_WHY_SIZE];
    struct offline_archive made, want = { 0 };
    struct bytes archive;
    uint64_t height = 0;
    (void)begin(FEW);
    CHECK_OK(write_archive(&want, &made, &archive));
    start(TAKER);
    CHECK_ERR(take(archive, &height, why), ERR_BUSY);
    CHECK(strstr(why, "another process runs this node") != NULL);
    stop();
    static const char *const NONE[] = { "", "root:x:0:0", "\x08\x63" };
    for (size_t i = 0; i < COUNT(NONE); i++) {
        CHECK_ERR(check_by(bytes_of_str(NONE[i]), archive, why), ERR_INTEGRITY);
        CHECK(strstr(why, "not one that this release knows") != NULL);
    }
    space_drop(&sp);
    sp.tx_window_ms = 2000; /* another genesis */
    space_make(&sp, 2, 1, log_now_ms());
    CHECK_ERR(check(archive, why), ERR_INTEGRITY);
    CHECK(strstr(why, "another space") != NULL);
    CHECK_ERR(write_archive(&want, &made, &archive), ERR_NOT_FOUND);
    space_drop(&sp);
}

TEST(blocks_that_a_node_does_not_have_are_not_exported)
{
    struct offline_archive made, above = { .to = FEW + 99 }, turned = { .from = 5, .to = 4 };
    struct bytes archive;
    (void)begin(FEW);
    CHECK_ERR(write_archive(&above, &made, &archive), ERR_RANGE);
    CHECK_ERR(write_archive(&turned, &made, &archive), ERR_RANGE);
    space_drop(&sp);
}
