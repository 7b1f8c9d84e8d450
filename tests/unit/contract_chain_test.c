/* The contracts under the real ledger: signatures, blocks, a second node that executes them. */
#include "policy/compile/policy_compile.h"
#include "tests/fixtures/contract_fixture.h"

enum { NEWCOMER = 9 }; /* of fixture_seed */

static struct policy_compiled law;
static uint8_t memory[65536];

/* Participant 0 admits others; the shipped law is the first. */
static void with_admission_and_law(struct genesis *g)
{
    char why[POLICY_WHY_SIZE];
    struct arena a = arena_over(memory, sizeof memory);
    struct did_document *d = &g->participant[0];
    d->role[d->role_count++] = ROLE_ADMISSION;
    d->id = (struct hash){ { 0 } };
    enum err e = did_derive(suite_intl(), d, &a, &d->id);
    ASSERT(e == ERR_NONE);
    g->seat[0].participant = d->id;
    if (law.set == NULL) {
        e = policy_compile_dir(CARNET_SOURCE_DIR "/rules", suite_intl(), &law, why);
        ASSERT(e == ERR_NONE);
    }
    g->pack_set = bytes_of(law.set, law.set_len);
}

struct node {
    struct fixture *f;
    struct contract_env env;
    struct contract_table table;
};

static enum err node_start(struct node *n)
{
    struct ledger_limits limits = ledger_limits_small();
    n->f = fixture_open(with_admission_and_law);
    ASSERT(n->f != NULL);
    struct state_store store = fixture_store_port(n->f->store);
    void *cache = arena_alloc(&n->f->arena, CONTRACT_CACHE_SIZE);
    ASSERT(cache != NULL);
    contract_table_init(&n->env, cache, CONTRACT_CACHE_SIZE, &n->table);
    TRY(ledger_init(n->f->suite, &n->f->genesis, &n->table, &store, &limits, &n->f->keys,
                    &n->f->arena, &n->f->ledger));
    return ledger_start(n->f->ledger, n->f->store, fixture_store_visit);
}

static struct bytes newcomer_tx(struct fixture *f, uint32_t cosigner, struct hash *did,
                                uint64_t now_ms)
{
    uint8_t seed[SUITE_SECRET_SIZE], key[SUITE_KEY_SIZE_MAX];
    struct did_create x = { .document = { .key_count = 1,
                                          .jurisdiction = 392,
                                          .role_count = 1,
                                          .role = { ROLE_MEMBER } } };
    struct bytes args;
    fixture_seed(NEWCOMER, seed);
    f->suite->public_of(f->suite->ctx, seed, key);
    x.document.key[0] =
        (struct did_key){ 1, f->suite->number, DID_SIGN, bytes_of(key, f->suite->public_size) };
    enum err e = did_derive(f->suite, &x.document, &f->arena, did);
    ASSERT(e == ERR_NONE);
    e = did_create_encode(&x, &f->arena, &args);
    ASSERT(e == ERR_NONE);
    struct tx_body body = fixture_body(f, 0, METHOD_DID_CREATE, args, now_ms + 60000);
    body.signer_count = 2;
    body.signer[0] = (struct tx_signer){ *did, 1 };
    body.signer[1] = (struct tx_signer){ f->did[cosigner], 1 };
    return fixture_sign(f, &body, (const uint32_t[]){ NEWCOMER, cosigner });
}

static struct bytes pay_tx(struct fixture *f, const struct hash *from, uint32_t seed,
                           uint32_t method, const struct hash *to, int64_t units, uint64_t now_ms)
{
    struct money_pay x = { *to, amount_from_i64(0, units) };
    struct bytes args;
    enum err e = money_pay_encode(&x, &f->arena, &args);
    ASSERT(e == ERR_NONE);
    struct tx_body body = fixture_body(f, 0, method, args, now_ms + 60000);
    body.signer[0] = (struct tx_signer){ *from, 1 };
    return fixture_sign(f, &body, &seed);
}

/* Build on a, execute on b, commit on both; the receipts as text. */
static const char *block(struct node *a, struct node *b, uint64_t now_ms)
{
    static char out[512];
    struct bytes wire;
    const struct receipt *receipt;
    uint32_t count;
    enum err e = fixture_build(a->f, now_ms, &wire);
    e = e == ERR_NONE ? ledger_execute(b->f->ledger, wire) : e;
    if (e != ERR_NONE) {
        return err_name(e);
    }
    struct hash hash = ledger_newest(a->f->ledger).hash;
    e = ledger_receipts(a->f->ledger, &hash, &receipt, &count);
    ASSERT(e == ERR_NONE);
    out[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        size_t used = strlen(out);
        snprintf(out + used, sizeof out - used, "%s;", receipt_name(receipt[i].status));
    }
    e = fixture_commit(a->f, &hash);
    ASSERT(e == ERR_NONE);
    e = fixture_commit(b->f, &hash);
    ASSERT(e == ERR_NONE);
    return out;
}

TEST(formats_5_a_newcomer_signs_its_own_creation_and_then_pays)
{
    struct node a, b;
    struct hash did, id;
    uint64_t now = FIXTURE_START_MS + 1000;
    CHECK_OK(node_start(&a));
    CHECK_OK(node_start(&b));
    struct fixture *f = a.f;
    const struct hash bank = f->did[3];
    CHECK_OK(ledger_submit(f->ledger, newcomer_tx(f, 1, &did, now), now, &id));
    CHECK_STR(block(&a, &b, now), "forbidden;");
    struct bytes early = pay_tx(f, &did, NEWCOMER, METHOD_MONEY_PAY, &bank, 3, now);
    CHECK_ERR(ledger_submit(f->ledger, early, now, &id), ERR_SIGNATURE);
    now += 1000;
    CHECK_OK(ledger_submit(f->ledger, newcomer_tx(f, 0, &did, now), now, &id));
    CHECK_STR(block(&a, &b, now), "ok;");
    now += 1000;
    CHECK_OK(
        ledger_submit(f->ledger, pay_tx(f, &bank, 3, METHOD_MONEY_ISSUE, &did, 10, now), now, &id));
    CHECK_STR(block(&a, &b, now), "ok;");
    now += 1000;
    CHECK_OK(ledger_submit(f->ledger, pay_tx(f, &did, NEWCOMER, METHOD_MONEY_PAY, &bank, 3, now),
                           now, &id));
    CHECK_OK(ledger_submit(f->ledger, pay_tx(f, &did, NEWCOMER, METHOD_MONEY_PAY, &bank, 8, now),
                           now, &id));
    CHECK_STR(block(&a, &b, now), "ok;funds;");
    struct contract_conservation w;
    contract_conservation_init(&w, 1);
    for (uint32_t i = 0; i < b.f->store->count; i++) {
        struct arena scratch = arena_over(memory, sizeof memory);
        CHECK_OK(contract_conservation_add(&w, b.f->store->entry[i].contract,
                                           b.f->store->entry[i].stored, &scratch));
    }
    CHECK_OK(contract_conservation_check(&w));
    CHECK(amount_sign(&w.issued[0]) > 0);
    fixture_close(a.f);
    fixture_close(b.f);
}
