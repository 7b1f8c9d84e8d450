/* Keys of signers are looked up once, and never judged otherwise for that. */
#include "ledger/ledger_internal.h"
#include "tests/fixtures/ledger_fixture.h"
#include "tests/test.h"

#include <string.h>

static struct fixture *f;
static uint64_t now;
static uint32_t looks; /* at the contracts, for a key */
static enum err (*contracts_key)(struct contract_ctx *c, const struct hash *did, uint32_t key,
                                 struct bytes *public_key);

static enum err counted(struct contract_ctx *c, const struct hash *did, uint32_t key,
                        struct bytes *public_key)
{
    looks++;
    return contracts_key(c, did, key, public_key);
}

/* An answer that rests on two values is nobody's to keep. */
static enum err of_two(struct contract_ctx *c, const struct hash *did, uint32_t key,
                       struct bytes *public_key)
{
    struct bytes other;
    TRY(ctx_get(c, 2, bytes_of_hash(&f->did[3]), &other));
    return counted(c, did, key, public_key);
}

/* As a newcomer does, whose document is in its own transaction. */
static enum err of_none(struct contract_ctx *c, const struct hash *did, uint32_t key,
                        struct bytes *public_key)
{
    static uint8_t own[SUITE_KEY_SIZE_MAX];
    uint8_t seed[SUITE_SECRET_SIZE];
    struct bytes none;
    (void)did;
    (void)key;
    looks++;
    fixture_seed(0, seed);
    f->suite->public_of(f->suite->ctx, seed, own);
    if (ctx_get(c, 2, bytes_of_str("nobody"), &none) != ERR_NOT_FOUND) {
        return ERR_FAILED;
    }
    *public_key = bytes_of(own, f->suite->public_size);
    return ERR_NONE;
}

static void given_a_ledger(uint32_t signers_max)
{
    struct ledger_limits limits = ledger_limits_small();
    limits.signers_max = signers_max;
    f = fixture_open(NULL);
    CHECK(f != NULL);
    CHECK_OK(fixture_ledger(f, &limits));
    contracts_key = f->contracts.signer_key;
    f->contracts.signer_key = counted;
    now = FIXTURE_START_MS + 1000;
    looks = 0;
}

static enum err submit(struct bytes tx)
{
    struct hash id;
    return ledger_submit(f->ledger, tx, now, &id);
}

/* put of a fresh value by `author`, signed with the key that `signer` began with. */
static struct bytes put_by(uint32_t author, uint32_t signer)
{
    struct tx_body body = fixture_body(f, author, FIXTURE_PUT, bytes_of("\1kv", 3), now + 60000);
    return fixture_sign(f, &body, &signer);
}

static struct bytes rekey(uint32_t author, uint32_t signer, uint32_t like)
{
    uint8_t seed[SUITE_SECRET_SIZE], key[SUITE_KEY_SIZE_MAX];
    fixture_seed(like, seed);
    f->suite->public_of(f->suite->ctx, seed, key);
    struct tx_body body =
        fixture_body(f, author, FIXTURE_REKEY, bytes_of(key, f->suite->public_size), now + 60000);
    return fixture_sign(f, &body, &signer);
}

static void build(void)
{
    struct bytes block;
    now += 1000;
    CHECK_OK(fixture_build(f, now, &block));
}

static void commit(void)
{
    struct hash tip = f->ledger->chain[1]->tip.hash;
    CHECK_OK(fixture_commit(f, &tip));
}

static void leave_all(void)
{
    struct mempool *m = &f->ledger->mempool;
    while (mempool_oldest(m) != NULL) {
        mempool_remove(m, &mempool_oldest(m)->id);
    }
}

/* A block of this transaction on the newest one, with the roots of an empty one. */
static void block_of(struct bytes tx, struct bytes *out)
{
    struct hash parent = ledger_newest(f->ledger).hash;
    struct bytes empty, header;
    struct block b;
    leave_all();
    CHECK_OK(ledger_build(f->ledger, &parent, now + 1000, &f->did[0], fixture_last_certificate(f),
                          &empty));
    CHECK_OK(block_decode(f->suite, empty, &f->arena, &b));
    ledger_drop_above(f->ledger, &parent);
    struct header h = b.header;
    h.tx_count = 1;
    h.cost = 10 + (tx.len + 1023) / 1024;
    CHECK_OK(header_encode(&h, &f->arena, &header));
    CHECK_OK(block_encode(header, b.certificate_bytes, &tx, 1, &f->arena, out));
}

/* Whose first key a proposal of this transaction asks about. */
static void asks_key_of(struct bytes tx, uint32_t who)
{
    static struct ledger_signature ask[TX_SIGNERS_MAX];
    uint8_t seed[SUITE_SECRET_SIZE], key[SUITE_KEY_SIZE_MAX];
    struct bytes block;
    uint32_t count = 0;
    block_of(tx, &block);
    CHECK_OK(ledger_block_admission(f->ledger, block, ask, TX_SIGNERS_MAX, &count));
    CHECK_EQ(count, 1);
    fixture_seed(who, seed);
    f->suite->public_of(f->suite->ctx, seed, key);
    CHECK(memcmp(key, ask[0].public_key, f->suite->public_size) == 0);
}

/* ERR_PROOF: its signatures are good, its roots are not. */
static enum err executed(struct bytes tx)
{
    struct bytes block;
    block_of(tx, &block);
    return ledger_execute(f->ledger, block);
}

TEST(a_key_is_looked_up_once_for_pool_proposal_and_execution)
{
    given_a_ledger(256);
    CHECK_OK(submit(put_by(0, 0)));
    CHECK_EQ(looks, 1);
    CHECK_OK(submit(put_by(0, 0)));
    build();
    CHECK_ERR(executed(put_by(0, 0)), ERR_PROOF);
    commit();
    CHECK_OK(submit(put_by(0, 0)));
    CHECK_EQ(looks, 1);
    CHECK_OK(submit(put_by(1, 1)));
    CHECK_EQ(looks, 2);
    fixture_close(f);
}

TEST(formats_5_a_key_that_is_changed_signs_nothing_more_from_that_block_on)
{
    given_a_ledger(256);
    CHECK_OK(submit(put_by(0, 0)));
    leave_all();
    asks_key_of(put_by(0, 0), 0);
    CHECK_OK(submit(rekey(0, 0, 1)));
    build(); /* open: blocks on top see the new key, the pool still the committed one */
    asks_key_of(put_by(0, 0), 1);
    CHECK_ERR(executed(put_by(0, 0)), ERR_SIGNATURE);
    CHECK_ERR(executed(put_by(0, 1)), ERR_PROOF);
    CHECK_OK(submit(put_by(0, 0)));
    CHECK_ERR(submit(put_by(0, 1)), ERR_SIGNATURE);
    leave_all();
    commit();
    CHECK_ERR(submit(put_by(0, 0)), ERR_SIGNATURE);
    asks_key_of(put_by(0, 0), 1);
    CHECK_ERR(executed(put_by(0, 0)), ERR_SIGNATURE);
    CHECK_OK(submit(put_by(0, 1)));
    CHECK_ERR(executed(put_by(0, 1)), ERR_PROOF);
    fixture_close(f);
}

TEST(a_change_that_is_voted_out_was_none)
{
    given_a_ledger(256);
    CHECK_OK(submit(rekey(0, 0, 1)));
    build();
    CHECK_ERR(executed(put_by(0, 1)), ERR_PROOF); /* known of the open block alone: not kept */
    struct hash committed = ledger_committed(f->ledger).hash;
    ledger_drop_above(f->ledger, &committed);
    CHECK_ERR(executed(put_by(0, 1)), ERR_SIGNATURE);
    CHECK_ERR(executed(put_by(0, 0)), ERR_PROOF);
    CHECK_OK(submit(put_by(0, 0)));
    fixture_close(f);
}

TEST(the_commit_of_anothers_key_leaves_a_key_known_or_asks_again_and_says_the_same)
{
    given_a_ledger(256);
    CHECK_OK(submit(put_by(0, 0)));
    CHECK_OK(submit(rekey(1, 1, 2)));
    build();
    commit();
    uint32_t before = looks;
    CHECK_OK(submit(put_by(0, 0)));
    CHECK(looks <= before + 1);
    CHECK_ERR(submit(put_by(1, 1)), ERR_SIGNATURE);
    CHECK_OK(submit(put_by(1, 2)));
    fixture_close(f);
}

TEST(nobody_who_is_not_there_is_remembered)
{
    given_a_ledger(256);
    struct tx_body body = fixture_body(f, 0, FIXTURE_PUT, bytes_of("\1kv", 3), now + 60000);
    uint32_t author = 0;
    body.signer[0].key = 7;
    struct bytes tx = fixture_sign(f, &body, &author);
    CHECK_ERR(submit(tx), ERR_SIGNATURE);
    CHECK_ERR(submit(tx), ERR_SIGNATURE);
    CHECK_EQ(looks, 2);
    fixture_close(f);
}

TEST(formats_4_a_key_that_is_in_no_document_yet_is_asked_for_each_time)
{
    given_a_ledger(256);
    f->contracts.signer_key = of_none;
    CHECK_OK(submit(put_by(0, 0)));
    CHECK_OK(submit(put_by(0, 0)));
    CHECK_EQ(looks, 2);
    fixture_close(f);
}

TEST(a_key_that_rests_on_two_values_is_looked_up_each_time)
{
    given_a_ledger(256);
    f->contracts.signer_key = of_two;
    CHECK_OK(submit(put_by(0, 0)));
    CHECK_OK(submit(put_by(0, 0)));
    CHECK_EQ(looks, 2);
    fixture_close(f);
}

/* Each of more keys than there are places: it is known as it was told, or it is not known. */
TEST(a_full_table_forgets_and_never_grows_or_lies)
{
    enum { KEYS = 40 * SIGNERS_MIN };
    given_a_ledger(1);
    struct signers *s = &f->ledger->signers;
    struct state *st = f->ledger->state;
    struct signer_source source = { .reads = 1, .found = true, .contract = 2 };
    uint8_t key[SUITE_KEY_SIZE_MAX];
    uint32_t held = 0;
    CHECK_EQ(signers_memory(1), signers_memory(SIGNERS_MIN));
    CHECK((s->mask + 1) * SIGNERS_WAYS == SIGNERS_MIN);
    for (uint32_t i = 0; i < KEYS; i++) {
        memset(key, (int)(i % 251), sizeof key);
        signers_add(s, st, false, &f->did[0], i, &source, bytes_of(key, sizeof key));
        const struct signer_slot *x = signers_find(s, st, false, &f->did[0], i);
        CHECK(x != NULL && x->size == sizeof key);
    }
    for (uint32_t i = 0; i < KEYS; i++) {
        const struct signer_slot *x = signers_find(s, st, false, &f->did[0], i);
        memset(key, (int)(i % 251), sizeof key);
        held += x != NULL ? 1 : 0;
        CHECK(x == NULL || memcmp(x->public_key, key, sizeof key) == 0);
        CHECK(signers_find(s, st, false, &f->did[1], i) == NULL);
    }
    CHECK_EQ(held, SIGNERS_MIN);
    CHECK_OK(submit(put_by(3, 3)));
    CHECK_OK(submit(put_by(2, 2)));
    fixture_close(f);
}
