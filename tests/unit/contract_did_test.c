/* DID documents: created by themselves with a co-signature, and the keys of signers. */
#include "tests/fixtures/contract_fixture.h"

static uint8_t KEY[32] = { 1, 2, 3 };

static struct did_document newcomer(const struct lab *l)
{
    struct did_document d = {
        .key_count = 2, .jurisdiction = 392, .role_count = 1, .role = { ROLE_MEMBER }
    };
    d.key[0] = (struct did_key){ 1, l->suite->number, DID_SIGN, bytes_of(KEY, sizeof KEY) };
    d.key[1] = (struct did_key){ 2, 1, DID_SEAL, bytes_of(KEY, sizeof KEY) };
    return d;
}

static enum receipt_status create(struct lab *l, const struct did_document *d, uint32_t cosigner)
{
    struct hash id;
    struct did_create x = { *d };
    struct did_document bare = *d;
    bare.id = (struct hash){ { 0 } };
    enum err e = did_derive(l->suite, &bare, &l->arena, &id);
    ASSERT(e == ERR_NONE);
    l->cosigner = cosigner + 1;
    return lab_call_as(l, &id, "newcomer", METHOD_DID_CREATE, lab_did_create(l, &x));
}

TEST(formats_4_a_document_creates_itself_with_the_admission_of_a_participant)
{
    struct lab *l = lab_open();
    struct did_document d = newcomer(l);
    create(l, &d, OWNER);
    create(l, &d, ADMIN);
    create(l, &d, ADMIN);
    struct did_create x = { d };
    l->cosigner = ADMIN + 1;
    lab_call(l, OWNER, METHOD_DID_CREATE, lab_did_create(l, &x));
    LAB_EXPECT(l, "newcomer did.create -> forbidden\n"
                  "newcomer did.create -> ok; did.created\n"
                  "newcomer did.create -> exists\n"
                  "owner did.create -> args\n");
    struct hash id;
    struct did_record r;
    CHECK_OK(did_derive(l->suite, &d, &l->arena, &id));
    CHECK_OK(did_record_decode(lab_get(l, contract_key_did(&id)), &l->arena, &r));
    CHECK(hash_equal(&r.document.id, &id));
    CHECK_EQ(r.document.jurisdiction, 392);
    CHECK_EQ(r.height, 1);
    lab_close(l);
}

TEST(formats_4_a_document_that_is_not_sound_is_refused)
{
    struct lab *l = lab_open();
    struct did_document d[9];
    for (size_t i = 0; i < COUNT(d); i++) {
        d[i] = newcomer(l);
    }
    d[0].key[0].use = DID_SEAL;                 /* nothing signs */
    d[1].key[1].id = 1;                         /* two keys of one id */
    d[2].key[0].public_key = bytes_of(KEY, 31); /* of no suite */
    d[3].key[0].suite = 2;                      /* of another suite */
    d[4].jurisdiction = 0;
    d[5].jurisdiction = 1000;
    d[6].role[0] = 6; /* no such role */
    d[7].role_count = 2;
    d[7].role[1] = ROLE_MEMBER; /* twice */
    d[8].id = lab_id(3);        /* its own id inside */
    for (size_t i = 0; i < COUNT(d); i++) {
        CHECK_EQ(create(l, &d[i], ADMIN), RECEIPT_ARGS);
    }
    lab_close(l);
}

/* What decides over others is not one co-signature's to give. */
static void many_keys(struct did_document *d, uint32_t count)
{
    for (uint32_t i = d->key_count; i < count; i++) {
        d->key[i] = d->key[0];
        d->key[i].id = i + 1;
    }
    d->key_count = count;
}

TEST(formats_4_a_transaction_brings_at_most_eight_keys)
{
    struct lab *l = lab_open();
    struct did_document eight = newcomer(l), nine = newcomer(l);
    many_keys(&eight, DID_CREATE_KEYS_MAX);
    many_keys(&nine, DID_CREATE_KEYS_MAX + 1);
    create(l, &nine, ADMIN);
    create(l, &eight, ADMIN);
    LAB_EXPECT(l, "newcomer did.create -> args\n"
                  "newcomer did.create -> ok; did.created\n");
    lab_close(l);
}

TEST(formats_4_more_keys_than_a_transaction_may_bring_sign_nothing)
{
    struct lab *l = lab_open();
    struct did_document d = newcomer(l);
    struct did_create x;
    struct hash id;
    struct bytes key;
    for (uint32_t count = DID_CREATE_KEYS_MAX; count <= DID_CREATE_KEYS_MAX + 1; count++) {
        many_keys(&d, count);
        d.id = (struct hash){ { 0 } };
        CHECK_OK(did_derive(l->suite, &d, &l->arena, &id));
        x = (struct did_create){ d };
        struct tx tx = { .body = { .method = METHOD_DID_CREATE,
                                   .signer_count = 1,
                                   .args = lab_did_create(l, &x) } };
        tx.body.signer[0].did = id;
        l->ctx->tx = &tx;
        enum err e = l->ctx->contracts->signer_key(l->ctx, &id, 1, &key);
        CHECK((e == ERR_NONE) == (count == DID_CREATE_KEYS_MAX));
        l->ctx->tx = NULL;
    }
    lab_close(l);
}

TEST(admission_gives_no_role_that_decides_over_others)
{
    static const struct {
        uint32_t role;
        enum receipt_status status;
    } ROWS[] = { { ROLE_MEMBER, RECEIPT_OK },
                 { ROLE_ADMISSION, RECEIPT_FORBIDDEN },
                 { ROLE_REGULATOR, RECEIPT_FORBIDDEN },
                 { ROLE_BANK, RECEIPT_OK },
                 { ROLE_ORACLE, RECEIPT_OK } };
    struct lab *l = lab_open();
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct did_document d = newcomer(l);
        d.role[0] = ROWS[i].role;
        CHECK_EQ(create(l, &d, ADMIN), ROWS[i].status);
    }
    lab_close(l);
}

static enum err signer_key(struct lab *l, const struct hash *did, uint32_t key, struct bytes *out)
{
    arena_reset(&l->work);
    return l->table.signer_key(l->ctx, did, key, out);
}

TEST(formats_4_a_signer_is_judged_by_the_document_in_state_or_by_its_own_args)
{
    struct lab *l = lab_open();
    struct did_document d = newcomer(l);
    struct bytes key;
    struct hash id;
    /* A refused creation: the document is in the transaction, not in state. */
    create(l, &d, OWNER);
    id = l->tx.body.signer[0].did;
    CHECK_OK(signer_key(l, &id, 1, &key));
    CHECK_BYTES(key, bytes_of(KEY, sizeof KEY));
    CHECK_ERR(signer_key(l, &id, 2, &key), ERR_NOT_FOUND); /* seals, does not sign */
    CHECK_ERR(signer_key(l, &id, 3, &key), ERR_NOT_FOUND);
    CHECK_OK(signer_key(l, &l->did[OWNER], 1, &key));
    CHECK_BYTES(key, l->participant[OWNER].key[0].public_key);
    /* Any other method brings no document. */
    l->tx.body.method = METHOD_MONEY_PAY;
    CHECK_ERR(signer_key(l, &id, 1, &key), ERR_NOT_FOUND);
    create(l, &d, ADMIN);
    l->tx.body.method = METHOD_MONEY_PAY;
    CHECK_OK(signer_key(l, &id, 1, &key));
    lab_close(l);
}

TEST(genesis_puts_every_participant_and_the_first_law_into_state)
{
    struct lab *l = lab_open();
    struct pack_active_record active;
    for (uint32_t i = 0; i < LAB_PARTICIPANTS; i++) {
        struct did_record r;
        CHECK_OK(did_record_decode(lab_get(l, contract_key_did(&l->did[i])), &l->arena, &r));
        CHECK_EQ(r.document.jurisdiction, l->participant[i].jurisdiction);
    }
    CHECK_OK(pack_active_record_decode(lab_get(l, contract_key_pack_active()), &l->arena, &active));
    CHECK(hash_equal(contract_pack_at(&active, 0), &l->pack_set));
    CHECK(l->env.set != NULL);
    lab_close(l);
}

static void with_broken_law(struct genesis *g)
{
    g->pack_set = bytes_of_str("no law at all");
}

TEST(a_genesis_whose_law_does_not_open_is_refused)
{
    CHECK(lab_open_with(with_broken_law) == NULL);
}
