/* Quotas: of a participant, and of one of its keys (FORMATS 10). */
#include "tests/unit/ledger_rig.h"

static void build_and_commit(void)
{
    CHECK_OK(build());
    commit();
}

/* What a participant (key 0) or one of its keys has used; UINT64_MAX: there is no record. */
static uint64_t used_by(uint32_t author, uint32_t key)
{
    uint8_t memory[HASH_SIZE + 4];
    struct bytes wire;
    struct quota q = { 0, UINT64_MAX };
    struct buf b = buf_over(memory, sizeof memory);
    buf_put_hash(&b, &f->did[author]);
    if (key > 0) {
        buf_put_u32(&b, key);
    }
    if (state_get(ledger_state(f->ledger), SYSTEM_CONTRACT, buf_bytes(&b), &wire) == ERR_NONE) {
        enum err e = quota_decode(wire, &f->arena, &q);
        test_equal_err(e, ERR_NONE, "quota", __FILE__, __LINE__);
    }
    return q.used;
}

/* Participant 0 has a second key, which is that of participant 1, and a key's quota is narrower. */
static void two_keys(struct genesis *g)
{
    static uint8_t memory[8192];
    struct arena a = arena_over(memory, sizeof memory);
    struct did_document *d = &g->participant[0];
    d->key_count = 2;
    d->key[1] = g->participant[1].key[0];
    d->key[1].id = 2;
    enum err e = did_derive(suite_by_number(g->suite), d, &a, &d->id);
    ASSERT(e == ERR_NONE);
    g->seat[0].participant = d->id;
    g->param[PARAM_QUOTA_PER_EPOCH] = 60;
    g->param[PARAM_QUOTA_PER_SIGNER] = 25;
}

static struct bytes put_by_key(uint32_t key, const char *name)
{
    struct bytes args = fixture_put_args(name, "1");
    struct tx_body body = fixture_body(f, 0, FIXTURE_PUT, args, now + 60000);
    uint32_t signer = key - 1;
    body.signer[0].key = key;
    return fixture_sign(f, &body, &signer);
}

TEST(formats_10_a_key_has_a_quota_within_that_of_its_participant)
{
    given_a_space(two_keys);
    struct bytes a = put_by_key(1, "a"), b = put_by_key(1, "b"), c = put_by_key(1, "c");
    struct bytes d = put_by_key(2, "d"), e = put_by_key(2, "e"), g = put_by_key(2, "g");
    struct bytes three[3] = { a, b, c }, mixed[3] = { a, b, d };
    CHECK_ERR(fixture_forced(f, three, 3, now + 500), ERR_RANGE);
    CHECK_ERR(fixture_forced(f, mixed, 3, now + 500), ERR_PROOF);
    CHECK_OK(submit(a));
    CHECK_OK(submit(b));
    CHECK_ERR(submit(c), ERR_BUSY);
    CHECK_OK(submit(d));
    build_and_commit();
    CHECK_EQ(used_by(0, 0), 33);
    CHECK_EQ(used_by(0, 1), 22);
    CHECK_EQ(used_by(0, 2), 11);
    CHECK_ERR(fixture_forced(f, &c, 1, now + 1000), ERR_RANGE);
    CHECK_ERR(submit(c), ERR_BUSY);
    CHECK_OK(submit(e));
    CHECK_ERR(submit(g), ERR_BUSY);
    build_and_commit();
    CHECK_EQ(used_by(0, 2), 22);
    now = FIXTURE_START_MS + FIXTURE_EPOCH_MS;
    CHECK_OK(submit(put_by_key(1, "h")));
    build_and_commit();
    CHECK_EQ(used_by(0, 1), 11);
    fixture_close(f);
}

static void keys_want_all(struct genesis *g)
{
    two_keys(g);
    g->param[PARAM_QUOTA_PER_EPOCH] = 25;
}

TEST(
    the_quota_of_a_participant_binds_all_its_keys_together_and_one_that_narrows_nothing_is_not_kept)
{
    given_a_space(keys_want_all);
    struct bytes a = put_by_key(1, "a"), b = put_by_key(2, "b"), c = put_by_key(2, "c");
    struct bytes three[3] = { a, b, c };
    CHECK_ERR(fixture_forced(f, three, 3, now + 500), ERR_RANGE);
    CHECK_OK(submit(a));
    CHECK_OK(submit(b));
    CHECK_ERR(submit(c), ERR_BUSY);
    build_and_commit();
    CHECK_EQ(used_by(0, 0), 22);
    CHECK_EQ(used_by(0, 1), UINT64_MAX);
    CHECK_ERR(submit(c), ERR_BUSY);
    fixture_close(f);
}

/* What leaves the pool no longer counts, whoever of two keys of one number it came from. */
TEST(what_waits_is_counted_for_the_key_that_signed_it)
{
    static uint8_t memory[1 << 20];
    struct arena arena = arena_over(memory, sizeof memory);
    struct mempool m;
    CHECK_OK(mempool_init(&m, 64, 64 * 1024, &arena));
    struct pending p = { .valid_until_ms = 1000, .cost = 3 };
    for (uint32_t i = 0; i < 16; i++) {
        p.author.b[0] = (uint8_t)(i % 2);
        p.key = i / 2 % 4;
        p.id.b[0] = (uint8_t)(i + 1);
        p.valid_until_ms = i < 8 ? 1000 : 2000;
        CHECK_OK(mempool_add(&m, p, bytes_of("x", 1)));
    }
    for (uint32_t i = 0; i < 8; i++) {
        p.author.b[0] = (uint8_t)(i % 2);
        CHECK_EQ(mempool_signer_cost(&m, &p.author, i / 2), 6);
        CHECK_EQ(mempool_signer_cost(&m, &p.author, i / 2 + 4), 0);
    }
    mempool_sweep(&m, 1000);
    CHECK_EQ(mempool_signer_cost(&m, &p.author, 3), 3);
    CHECK_EQ(mempool_cost(&m, &p.author), 12);
    mempool_sweep(&m, 2000);
    CHECK_EQ(mempool_signer_cost(&m, &p.author, 3), 0);
}
