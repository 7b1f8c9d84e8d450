/* The ledger's messages, and the verifiers of what a stranger is shown. */
#include "fuzz/fuzz.h"
#include "fuzz/scene.h"
#include "ledger/execute_internal.h"
#include "ledger/genesis_internal.h"
#include "ledger/proof_internal.h"
#include "tests/fixtures/tx_fixture.h"

static void must(enum err e)
{
    ASSERT(e == ERR_NONE);
}

/* The body encodes to what is signed, and with its signatures to what came; and protobuf-c with the
 * canonical check takes and reads the same. */
static void tx(struct bytes in)
{
    struct arena *a = fuzz_arena();
    struct tx t;
    struct bytes body = { NULL, 0 }, again = { NULL, 0 };
    bool taken, agree = tx_readers_agree(suite_intl(), in, a, &taken);
    ASSERT(agree);
    if (tx_decode(suite_intl(), in, a, &t) == ERR_NONE) {
        must(tx_encode_body(&t.body, a, &body));
        ASSERT(bytes_equal(body, t.signed_bytes));
        must(tx_encode(body, t.signature, t.body.signer_count, a, &again));
        ASSERT(bytes_equal(again, in));
    }
}

FUZZ_CODEC(header, header, header_decode, header_encode)
FUZZ_CODEC(vote, vote, vote_decode, vote_encode)
FUZZ_CODEC(certificate, certificate, certificate_decode, certificate_encode)
FUZZ_CODEC(epoch_key, epoch_key_proof, epoch_key_decode, epoch_key_encode)
FUZZ_CODEC(value_proof, value_proof, value_proof_decode, value_proof_encode)

static void block(struct bytes in)
{
    struct arena *a = fuzz_arena();
    struct block b;
    struct bytes again = { NULL, 0 };
    if (block_decode(suite_intl(), in, a, &b) == ERR_NONE) {
        must(block_encode(b.header_bytes, b.certificate_bytes, b.tx, b.tx_count, a, &again));
        ASSERT(bytes_equal(again, in));
    }
}

static void genesis(struct bytes in)
{
    struct arena *a = fuzz_arena();
    struct genesis g;
    uint32_t number = 0;
    struct bytes again = { NULL, 0 };
    if (genesis_decode(suite_intl(), in, a, &g) == ERR_NONE) {
        must(genesis_suite(in, a, &number));
        ASSERT(number == g.suite);
        ASSERT(g.seat_count > 0);
        must(genesis_encode(&g, a, &again));
        ASSERT(bytes_equal(again, in));
    }
}

static void receipt(struct bytes in)
{
    struct arena *a = fuzz_arena();
    struct receipt r;
    struct bytes again = { NULL, 0 };
    if (receipt_decode(in, a, &r) == ERR_NONE) {
        must(receipt_encode(&r, in.len, a, &again));
        ASSERT(bytes_equal(again, in));
    }
}

/* Whatever verifies is the one header that was certified. */
static void certified_header(struct bytes in)
{
    const struct scene *s = scene();
    struct header h;
    struct hash hash;
    enum proof_step step = PROOF_OK;
    if (proof_verify_header(s->f->suite, &s->f->genesis, in, fuzz_arena(), &h, &hash, &step) ==
        ERR_NONE) {
        ASSERT(step == PROOF_OK);
        ASSERT(hash_equal(&hash, &s->header_hash));
    } else {
        ASSERT(step != PROOF_OK);
    }
}

/* Whatever verifies states the one transaction with its one receipt in its one block. */
static void tx_proof(struct bytes in)
{
    const struct scene *s = scene();
    struct proved_tx out;
    enum proof_step step = PROOF_OK;
    if (proof_verify_tx(s->f->suite, &s->f->genesis, in, fuzz_arena(), &out, &step) != ERR_NONE) {
        ASSERT(step != PROOF_OK);
        return;
    }
    ASSERT(hash_equal(&out.tx.id, &s->tx_id));
    ASSERT(hash_equal(&out.header_hash, &s->header_hash));
    ASSERT(bytes_equal(out.receipt.wire, s->receipt));
    ASSERT(bytes_equal(out.tx.wire, s->tx));
}

/* The block holds one transaction, so that is all that several of it may state. */
static void block_proof(struct bytes in)
{
    const struct scene *s = scene();
    struct proved_block out;
    enum proof_step step = PROOF_OK;
    if (proof_verify_block(s->f->suite, &s->f->genesis, in, fuzz_arena(), &out, &step) !=
        ERR_NONE) {
        ASSERT(step != PROOF_OK);
        return;
    }
    ASSERT(out.count == 1);
    ASSERT(hash_equal(&out.header_hash, &s->header_hash));
    ASSERT(bytes_equal(out.tx[0].wire, s->tx));
    ASSERT(bytes_equal(out.receipt[0].wire, s->receipt));
}

/* Whatever verifies against the root says "value" of contract 1's "a", and nothing of any other. */
static void state_proof(struct bytes in)
{
    const struct scene *s = scene();
    uint16_t contract = 0;
    struct bytes key, value;
    if (proof_verify_state(s->f->suite, &s->state_root, in, fuzz_arena(), &contract, &key,
                           &value) == ERR_NONE) {
        bool known = contract == 1 && bytes_equal(key, bytes_of_str("a"));
        ASSERT(!known || value.ptr != NULL);
        ASSERT(!known || bytes_equal(value, bytes_of_str("value")));
    }
}

static void seed_tx(void)
{
    fuzz_seed(scene()->tx);
}

static void seed_header(void)
{
    fuzz_seed(scene()->header);
}

static void seed_vote(void)
{
    struct vote v = { .epoch = 1, .kind = VOTE_COMMIT, .view = 2, .height = 3 };
    struct bytes wire;
    v.space = scene()->f->genesis.space;
    v.block = scene()->header_hash;
    must(vote_encode(&v, fuzz_arena(), &wire));
    fuzz_seed(wire);
}

static void seed_certificate(void)
{
    fuzz_seed(scene()->certificate);
}

static void seed_epoch_key(void)
{
    fuzz_seed(scene()->epoch_key);
}

static void seed_block(void)
{
    fuzz_seed(scene()->block);
}

static void seed_genesis(void)
{
    fuzz_seed(scene()->f->genesis.wire);
}

static void seed_receipt(void)
{
    fuzz_seed(scene()->receipt);
}

static void seed_certified_header(void)
{
    fuzz_seed(scene()->certified);
}

static void seed_block_proof(void)
{
    fuzz_seed(scene()->block_proof);
}

static void seed_tx_proof(void)
{
    fuzz_seed(scene()->tx_proof);
    fuzz_seed(scene()->tx_proof_old);
}

static void seed_state_proof(void)
{
    fuzz_seed(scene()->state_present);
    fuzz_seed(scene()->state_absent);
}

static const struct fuzz_target ROWS[] = {
    { "tx", 8192, tx, seed_tx },
    { "header", HEADER_SIZE_MAX, header, seed_header },
    { "vote", VOTE_SIZE_MAX, vote, seed_vote },
    { "certificate", CERTIFICATE_SIZE_MAX, certificate, seed_certificate },
    { "epoch-key", 2048, epoch_key, seed_epoch_key },
    { "block", 8192, block, seed_block },
    { "genesis", 16384, genesis, seed_genesis },
    { "receipt", 4096, receipt, seed_receipt },
    { "value-proof", 8192, value_proof, seed_state_proof },
    { "certified-header", 8192, certified_header, seed_certified_header },
    { "tx-proof", 16384, tx_proof, seed_tx_proof },
    { "block-proof", 16384, block_proof, seed_block_proof },
    { "state-proof", 8192, state_proof, seed_state_proof },
};
const struct fuzz_family FUZZ_LEDGER = { ROWS, COUNT(ROWS) };
