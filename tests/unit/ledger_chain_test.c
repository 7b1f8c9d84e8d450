/* The chain: genesis, the stack of open blocks, commit, drop, resume, the last commit, the pool. */
#include "tests/fixtures/ledger_fixture.h"
#include "tests/test.h"

#include <stdlib.h>

static struct fixture *f;
static uint64_t now;

static void given_a_ledger(void)
{
    struct ledger_limits limits = ledger_limits_small();
    f = fixture_open(NULL);
    CHECK(f != NULL);
    CHECK_OK(fixture_ledger(f, &limits));
    now = FIXTURE_START_MS;
}

static void submit(uint32_t author, const char *key, const char *value)
{
    struct hash id;
    CHECK_OK(
        ledger_submit(f->ledger, fixture_put(f, author, FIXTURE_PUT, key, value, now), now, &id));
}

/* A copy, since the ledger's own lives until the next block. */
static struct bytes build(void)
{
    struct bytes block = { NULL, 0 }, copy = { NULL, 0 };
    now += 1000;
    enum err e = fixture_build(f, now, &block);
    test_equal_err(e, ERR_NONE, "build", __FILE__, __LINE__);
    e = arena_copy(&f->arena, block, &copy);
    test_equal_err(e, ERR_NONE, "copy", __FILE__, __LINE__);
    return copy;
}

static void commit(void)
{
    struct hash block = ledger_newest(f->ledger).hash;
    CHECK_EQ(ledger_open_count(f->ledger), 1);
    CHECK_OK(fixture_commit(f, &block));
}

static struct bytes value_of(const char *key)
{
    struct bytes value = { NULL, 0 };
    return state_get(ledger_state(f->ledger), 1, bytes_of_str(key), &value) == ERR_NONE
               ? value
               : bytes_of(NULL, 0);
}

TEST(formats_3_height_0_is_derived_from_genesis)
{
    given_a_ledger();
    struct ledger_tip tip = ledger_committed(f->ledger);
    CHECK_EQ(tip.height, 0);
    CHECK_EQ(tip.time_ms, FIXTURE_START_MS);
    CHECK_EQ(tip.epoch, 0);
    CHECK(hash_equal(&tip.committee_hash, &f->genesis.committee_hash));
    CHECK_EQ(ledger_history(f->ledger)->count, 1);
    CHECK_EQ(f->store->count, 4);
    struct hash root;
    state_root(ledger_state(f->ledger), &root);
    CHECK(hash_equal(&root, &tip.state_root));
    struct hash first = tip.hash;
    fixture_close(f);
    given_a_ledger();
    tip = ledger_committed(f->ledger);
    CHECK(hash_equal(&tip.hash, &first));
    fixture_close(f);
}

TEST(a_block_is_built_executed_elsewhere_and_committed_to_the_same_roots)
{
    given_a_ledger();
    struct fixture *a = f;
    submit(0, "x", "1");
    submit(1, "y", "2");
    struct bytes block = build();
    given_a_ledger();
    struct fixture *b = f;
    CHECK_OK(ledger_execute(b->ledger, block));
    struct ledger_tip ta = ledger_newest(a->ledger), tb = ledger_newest(b->ledger);
    CHECK_EQ(ta.height, 1);
    CHECK(hash_equal(&ta.hash, &tb.hash) && hash_equal(&ta.state_root, &tb.state_root));
    CHECK_BYTES(value_of("x"), bytes_of("1", 1));
    commit();
    CHECK_BYTES(value_of("y"), bytes_of("2", 1));
    CHECK_EQ(ledger_committed(b->ledger).height, 1);
    CHECK_EQ(ledger_history(b->ledger)->count, 2);
    fixture_close(a);
    fixture_close(b);
}

TEST(executing_an_open_block_again_changes_nothing)
{
    given_a_ledger();
    submit(0, "x", "1");
    struct bytes first = build();
    build();
    CHECK_EQ(ledger_open_count(f->ledger), 2);
    CHECK_OK(ledger_execute(f->ledger, first));
    CHECK_EQ(ledger_open_count(f->ledger), 2);
    fixture_close(f);
}

TEST(formats_12_at_most_four_blocks_are_open_and_those_above_are_dropped_together)
{
    struct hash tip[5];
    struct bytes block;
    given_a_ledger();
    for (int i = 0; i < 4; i++) {
        char key[2] = { (char)('a' + i), 0 };
        submit(0, key, "v");
        build();
        tip[i] = ledger_newest(f->ledger).hash;
        CHECK(ledger_is_open(f->ledger, &tip[i]));
    }
    CHECK_ERR(fixture_build(f, now + 1000, &block), ERR_STATE);
    CHECK_EQ(ledger_open_count(f->ledger), 4);
    CHECK_BYTES(value_of("d"), bytes_of("v", 1));
    ledger_drop_above(f->ledger, &tip[1]);
    CHECK_EQ(ledger_open_count(f->ledger), 2);
    CHECK_BYTES(value_of("b"), bytes_of("v", 1));
    CHECK_EQ(value_of("c").len, 0);
    CHECK(!ledger_is_open(f->ledger, &tip[2]));
    CHECK_EQ(ledger_pending(f->ledger), 4);
    /* What was dropped waits still and comes again. */
    build();
    CHECK_BYTES(value_of("c"), bytes_of("v", 1));
    CHECK_BYTES(value_of("d"), bytes_of("v", 1));
    CHECK_ERR(fixture_commit(f, &tip[1]), ERR_STATE);
    CHECK_OK(fixture_commit(f, &tip[0]));
    CHECK_EQ(ledger_pending(f->ledger), 3);
    CHECK_EQ(ledger_open_count(f->ledger), 2);
    CHECK_OK(fixture_commit(f, &tip[1]));
    CHECK_EQ(ledger_committed(f->ledger).height, 2);
    CHECK(!ledger_is_open(f->ledger, &tip[1]));
    fixture_close(f);
}

TEST(a_block_on_an_open_parent_drops_what_is_above_that_parent)
{
    given_a_ledger();
    submit(0, "x", "1");
    struct bytes one = build();
    struct hash parent = ledger_newest(f->ledger).hash;
    struct bytes two = build();
    build();
    struct fixture *a = f;
    uint64_t later = now;
    given_a_ledger();
    now = later;
    CHECK_OK(ledger_execute(f->ledger, one));
    build();
    build();
    CHECK_EQ(ledger_open_count(f->ledger), 3);
    now += 1;
    struct bytes other;
    CHECK_OK(ledger_build(f->ledger, &parent, now, &f->did[1], bytes_of(NULL, 0), &other));
    CHECK_EQ(ledger_open_count(f->ledger), 2);
    CHECK_OK(ledger_execute(f->ledger, two));
    CHECK_EQ(ledger_open_count(f->ledger), 2);
    CHECK_EQ(ledger_newest(f->ledger).height, 2);
    struct hash unknown = { { 1 } };
    CHECK_ERR(ledger_build(f->ledger, &unknown, now, &f->did[1], bytes_of(NULL, 0), &other),
              ERR_STATE);
    fixture_close(a);
    fixture_close(f);
}

TEST(a_store_that_fails_leaves_the_block_open_and_the_commit_can_be_tried_again)
{
    given_a_ledger();
    submit(0, "x", "1");
    build();
    struct hash tip = ledger_newest(f->ledger).hash;
    struct fixture_store *full = calloc(1, sizeof *full);
    full->count = FIXTURE_STORE_MAX;
    CHECK_ERR(ledger_commit(f->ledger, &tip, full, fixture_store_visit), ERR_DISK_FULL);
    free(full);
    CHECK(ledger_is_open(f->ledger, &tip));
    commit();
    CHECK_BYTES(value_of("x"), bytes_of("1", 1));
    fixture_close(f);
}

TEST(receipts_and_bytes_live_from_execution_to_the_next_commit)
{
    const struct receipt *receipt;
    struct bytes wire;
    uint32_t count;
    given_a_ledger();
    struct hash genesis = ledger_committed(f->ledger).hash;
    CHECK_OK(ledger_receipts(f->ledger, &genesis, &receipt, &count));
    CHECK_EQ(count, 0);
    CHECK_OK(ledger_block_bytes(f->ledger, &genesis, &wire));
    struct block b;
    CHECK_OK(block_decode(f->suite, wire, &f->arena, &b));
    CHECK(hash_equal(&b.hash, &genesis));
    submit(0, "x", "1");
    struct bytes one = build();
    struct hash first = ledger_newest(f->ledger).hash;
    CHECK_OK(ledger_receipts(f->ledger, &first, &receipt, &count));
    CHECK_EQ(count, 1);
    CHECK_EQ(receipt[0].status, RECEIPT_OK);
    commit();
    CHECK_OK(ledger_receipts(f->ledger, &first, &receipt, &count));
    CHECK_OK(ledger_block_bytes(f->ledger, &first, &wire));
    CHECK_BYTES(wire, one);
    build();
    CHECK_OK(ledger_receipts(f->ledger, &first, &receipt, &count));
    commit();
    CHECK_ERR(ledger_receipts(f->ledger, &first, &receipt, &count), ERR_NOT_FOUND);
    CHECK_ERR(ledger_block_bytes(f->ledger, &first, &wire), ERR_NOT_FOUND);
    fixture_close(f);
}

/* Header and body of a block, taken apart to be put together differently. */
static enum err rebuilt(struct bytes block, void (*edit)(struct header *h),
                        struct bytes certificate, bool own_certificate)
{
    struct block b;
    struct bytes header, wire;
    TRY(block_decode(f->suite, block, &f->arena, &b));
    struct header h = b.header;
    if (edit != NULL) {
        edit(&h);
    }
    TRY(header_encode(&h, &f->arena, &header));
    TRY(block_encode(header, own_certificate ? b.certificate_bytes : certificate, b.tx, b.tx_count,
                     &f->arena, &wire));
    return ledger_execute(f->ledger, wire);
}

static void wrong_version(struct header *h)
{
    h->version_set = 2;
}
static void wrong_height(struct header *h)
{
    h->height++;
}
static void time_of_parent(struct header *h)
{
    h->time_ms = FIXTURE_START_MS;
}
static void time_without_end(struct header *h)
{
    h->time_ms = UINT64_MAX;
}
static void wrong_previous(struct header *h)
{
    h->previous.b[0] ^= 1;
}
static void wrong_tx_root(struct header *h)
{
    h->tx_root.b[0] ^= 1;
}
static void wrong_receipt_root(struct header *h)
{
    h->receipt_root.b[0] ^= 1;
}
static void wrong_state_root(struct header *h)
{
    h->state_root.b[0] ^= 1;
}
static void wrong_history(struct header *h)
{
    h->history_root.b[0] ^= 1;
}
static void wrong_committee(struct header *h)
{
    h->committee_hash.b[0] ^= 1;
}
static void wrong_next(struct header *h)
{
    h->next_committee_hash.b[0] ^= 1;
}
static void wrong_proposer(struct header *h)
{
    h->proposer.b[0] ^= 1;
}
static void wrong_cost(struct header *h)
{
    h->cost++;
}
static void last_commit_of_nothing(struct header *h)
{
    h->last_commit.height = 1;
    h->last_commit.seats = 1;
}

TEST(formats_10_every_field_of_a_header_is_judged)
{
    static const struct {
        void (*edit)(struct header *h);
        enum err want;
    } ROWS[] = {
        { wrong_version, ERR_VERSION },    { wrong_height, ERR_RANGE },
        { time_of_parent, ERR_RANGE },     { time_without_end, ERR_RANGE },
        { wrong_previous, ERR_STATE },     { wrong_tx_root, ERR_PROOF },
        { wrong_receipt_root, ERR_PROOF }, { wrong_state_root, ERR_PROOF },
        { wrong_history, ERR_PROOF },      { wrong_committee, ERR_PROOF },
        { wrong_next, ERR_PROOF },         { wrong_proposer, ERR_RANGE },
        { wrong_cost, ERR_RANGE },         { last_commit_of_nothing, ERR_PROOF },
    };
    given_a_ledger();
    submit(0, "x", "1");
    struct bytes block = build();
    struct hash genesis = ledger_committed(f->ledger).hash, before, after;
    ledger_drop_above(f->ledger, &genesis);
    state_root(ledger_state(f->ledger), &before);
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        CHECK_ERR(rebuilt(block, ROWS[i].edit, bytes_of(NULL, 0), true), ROWS[i].want);
        CHECK_EQ(ledger_open_count(f->ledger), 0);
        state_root(ledger_state(f->ledger), &after);
        CHECK(hash_equal(&before, &after));
    }
    CHECK_OK(rebuilt(block, NULL, bytes_of(NULL, 0), true));
    fixture_close(f);
}

/* Certificates in a body. */

static struct bytes certificate;
static void name_certificate(struct header *h)
{
    struct certificate c;
    h->last_commit = (struct last_commit){ 0 };
    if (certificate.len > 0 && certificate_decode(certificate, &f->arena, &c) == ERR_NONE) {
        h->last_commit.height = c.height;
        h->last_commit.seats = c.seats;
        certificate_hash(f->suite, certificate, &h->last_commit.certificate_hash);
    }
}

TEST(formats_11_a_body_carries_a_certificate_that_never_goes_back)
{
    struct hash hash[8];
    given_a_ledger();
    for (int i = 1; i <= 5; i++) {
        build();
        hash[i] = ledger_newest(f->ledger).hash;
        commit();
    }
    struct bytes block = build();
    struct hash tip = ledger_committed(f->ledger).hash;
    ledger_drop_above(f->ledger, &tip);
    struct {
        const char *what;
        struct bytes certificate;
        enum err want;
    } rows[] = {
        { "the parent's", fixture_certificate(f, 5, 0, 0, &hash[5], 0x7), ERR_NONE },
        { "of another view", fixture_certificate(f, 5, 0, 9, &hash[5], 0xE), ERR_NONE },
        { "the same as before", fixture_certificate(f, 4, 0, 0, &hash[4], 0x7), ERR_NONE },
        { "same height, other seats", fixture_certificate(f, 4, 0, 0, &hash[4], 0xF), ERR_PROOF },
        { "going back", fixture_certificate(f, 3, 0, 0, &hash[3], 0x7), ERR_PROOF },
        { "of itself", fixture_certificate(f, 6, 0, 0, &hash[5], 0x7), ERR_PROOF },
        { "of another block", fixture_certificate(f, 5, 0, 0, &hash[4], 0x7), ERR_PROOF },
        { "of another epoch", fixture_certificate(f, 5, 1, 0, &hash[5], 0x7), ERR_PROOF },
        { "no quorum", fixture_certificate(f, 5, 0, 0, &hash[5], 0x3), ERR_PROOF },
        { "none", bytes_of(NULL, 0), ERR_PROOF },
        { "no certificate", bytes_of("x", 1), ERR_PROOF },
        { "CometBFT's", bytes_of("\x12\x05\x0a\x03\x01\x02\x03", 7), ERR_UNSUPPORTED },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        ledger_drop_above(f->ledger, &tip);
        certificate = rows[i].certificate;
        enum err e = rebuilt(block, name_certificate, certificate, false);
        if (e != rows[i].want) {
            printf("# %s\n", rows[i].what);
        }
        CHECK_ERR(e, rows[i].want);
    }
    /* A header that says other seats, height or hash than its body. */
    CHECK_ERR(rebuilt(block, NULL, fixture_certificate(f, 5, 0, 0, &hash[5], 0xF), false),
              ERR_PROOF);
    fixture_close(f);
}

TEST(formats_11_a_prepare_certificate_is_no_last_commit)
{
    given_a_ledger();
    build();
    struct hash hash = ledger_newest(f->ledger).hash;
    commit();
    struct certificate c;
    struct vote v = { f->genesis.space, 0, VOTE_PREPARE, 0, 1, hash };
    struct bytes vote, wire;
    uint8_t signature[4][SUITE_SIGNATURE_SIZE_MAX], seed[SUITE_SECRET_SIZE];
    CHECK_OK(certificate_decode(fixture_certificate(f, 1, 0, 0, &hash, 0xF), &f->arena, &c));
    c.kind = VOTE_PREPARE;
    CHECK_OK(vote_encode(&v, &f->arena, &vote));
    for (uint32_t i = 0; i < 4; i++) {
        epoch_key_secret(f->suite, &f->seat_seed[i], 0, seed);
        suite_sign_tagged(f->suite, seed, "carnet/vote/v1", vote, signature[i]);
        c.signature[i] = bytes_of(signature[i], f->suite->signature_size);
    }
    CHECK_OK(certificate_encode(&c, &f->arena, &wire));
    struct bytes block;
    CHECK_ERR(ledger_build(f->ledger, &hash, now + 1, &f->did[0], wire, &block), ERR_PROOF);
    fixture_close(f);
}

TEST(formats_11_the_first_four_blocks_may_carry_none_and_the_fifth_must)
{
    struct bytes block;
    struct hash hash[6];
    given_a_ledger();
    for (int i = 1; i <= 4; i++) {
        struct hash parent = ledger_newest(f->ledger).hash;
        CHECK_OK(ledger_build(f->ledger, &parent, now + (uint64_t)i, &f->did[0], bytes_of(NULL, 0),
                              &block));
        hash[i] = ledger_newest(f->ledger).hash;
    }
    CHECK_OK(fixture_commit(f, &hash[1]));
    CHECK_ERR(ledger_build(f->ledger, &hash[4], now + 5, &f->did[0], bytes_of(NULL, 0), &block),
              ERR_PROOF);
    CHECK_OK(ledger_build(f->ledger, &hash[4], now + 5, &f->did[0],
                          fixture_certificate(f, 1, 0, 0, &hash[1], 0x7), &block));
    fixture_close(f);
}

TEST(a_ledger_resumes_where_its_store_stands)
{
    struct bytes header[7];
    given_a_ledger();
    for (int i = 1; i <= 6; i++) {
        char key[2] = { (char)('a' + i), 0 };
        struct block b;
        submit((uint32_t)i % 4, key, "v");
        CHECK_OK(block_decode(f->suite, build(), &f->arena, &b));
        header[i] = b.header_bytes;
        commit();
    }
    struct bytes repeated = fixture_put(f, 1, FIXTURE_PUT, "r", "v", now);
    struct bytes next, other;
    struct hash id, tip = ledger_newest(f->ledger).hash;
    CHECK_OK(ledger_submit(f->ledger, repeated, now, &id));
    next = build();
    struct ledger *first = f->ledger;
    struct merkle_frontier history = *ledger_history(first);
    struct state_store port = fixture_store_port(f->store);
    struct ledger_limits limits = ledger_limits_small();
    CHECK_OK(ledger_init(f->suite, &f->genesis, &f->contracts, &port, &limits, &f->keys, &f->arena,
                         &f->ledger));
    history.count++;
    CHECK_ERR(ledger_resume(f->ledger, header[6], &history), ERR_CORRUPT);
    history.count--;
    CHECK_OK(ledger_resume(f->ledger, header[6], &history));
    struct hash again = ledger_committed(f->ledger).hash;
    CHECK(hash_equal(&again, &tip));
    CHECK_ERR(ledger_remember_header(f->ledger, header[4]), ERR_STATE);
    CHECK_ERR(ledger_remember_header(f->ledger, header[6]), ERR_STATE);
    CHECK_OK(ledger_remember_header(f->ledger, header[5]));
    CHECK_OK(ledger_remember_header(f->ledger, header[4]));
    CHECK_OK(ledger_execute(f->ledger, next));
    struct hash newest = ledger_newest(f->ledger).hash;
    CHECK_OK(ledger_block_bytes(f->ledger, &newest, &other));
    CHECK_BYTES(other, next);
    /* An id of the replay window is refused as it was before the restart. */
    ledger_drop_above(f->ledger, &tip);
    CHECK_OK(ledger_remember(f->ledger, &id, now + 59000));
    CHECK_ERR(ledger_remember(f->ledger, &id, now + 59000), ERR_DUPLICATE);
    CHECK_ERR(ledger_execute(f->ledger, next), ERR_DUPLICATE);
    fixture_close(f);
}

TEST(a_small_ledger_takes_about_12_mib_and_a_node_about_600)
{
    struct ledger_limits small = ledger_limits_small(), node = ledger_limits_node();
    printf("# small %zu, node %zu bytes\n", ledger_memory_size(&small), ledger_memory_size(&node));
    CHECK(ledger_memory_size(&small) <= 12U << 20);
    CHECK(ledger_memory_size(&node) <= 700U << 20);
}

TEST(what_ledger_memory_size_says_suffices_and_less_does_not)
{
    struct ledger_limits limits = ledger_limits_small();
    f = fixture_open(NULL);
    struct state_store port = fixture_store_port(f->store);
    size_t size = ledger_memory_size(&limits);
    void *memory = malloc(size);
    struct arena a = arena_over(memory, size - 4096);
    CHECK_ERR(
        ledger_init(f->suite, &f->genesis, &f->contracts, &port, &limits, &f->keys, &a, &f->ledger),
        ERR_NO_SPACE);
    CHECK_EQ(a.used, 0);
    a = arena_over(memory, size);
    CHECK_OK(ledger_init(f->suite, &f->genesis, &f->contracts, &port, &limits, &f->keys, &a,
                         &f->ledger));
    free(memory);
    fixture_close(f);
}
