/* A forger who holds the reporter's key and makes every statement again: what it cannot leave out.
 */
#include <stdlib.h>

#include "ledger/execute_internal.h"
#include "tests/fixtures/audit_fixture.h"
#include "tests/test.h"

static struct tale *told;
static struct tale_input *x;

static void given_a_tale(void)
{
    told = tale_open();
    x = calloc(1, sizeof *x);
    ASSERT(x != NULL);
    tale_input(told, x);
}

static void done(void)
{
    free(x);
    tale_close(told);
}

/* NULL: the forged file was accepted. */
static const char *judged(struct tale_cut c)
{
    size_t len;
    char *file = tale_forge(told, x, c, &len);
    const char *why = tale_verify(told, bytes_of(file, len));
    free(file);
    return why;
}

static bool says(const char *why, const char *part)
{
    if (why == NULL || strstr(why, part) == NULL) {
        printf("# accepted, or refused otherwise: %s\n", why == NULL ? "(accepted)" : why);
        return false;
    }
    return true;
}

#define CUT_AT(list, at, count) \
    memmove(&(list)[at], &(list)[(at) + 1], ((count) - (at)-1) * sizeof *(list))

static void cut_tx(struct audit_facts *f, struct tale_input *b, size_t at)
{
    CUT_AT(b->tx, at, b->in.tx_count);
    CUT_AT(f->tx, at, b->in.tx_count);
    b->in.tx_count--;
}

static void cut_token(struct audit_facts *f, struct tale_input *b, size_t at)
{
    CUT_AT(b->token, at, b->in.token_count);
    CUT_AT(f->token, at, b->in.token_count);
    b->in.token_count--;
}

static void cut_right(struct audit_facts *f, struct tale_input *b, size_t at)
{
    CUT_AT(b->right, at, b->in.right_count);
    CUT_AT(f->right, at, b->in.right_count);
    b->in.right_count--;
}

static void cut_lock(struct audit_facts *f, struct tale_input *b, size_t at)
{
    CUT_AT(b->lock, at, b->in.lock_count);
    CUT_AT(f->lock, at, b->in.lock_count);
    b->in.lock_count--;
}

static void cut_attachment(struct audit_facts *f, struct tale_input *b, size_t at)
{
    (void)f;
    CUT_AT(b->attachment, at, b->in.attachment_count);
    b->in.attachment_count--;
}

/* The canary of this file: a forger who takes nothing away writes what the module writes. */
TEST(a_forger_who_takes_nothing_away_has_written_the_report)
{
    char why[AUDIT_REASON_SIZE];
    size_t honest_len = 0, forged_len = 0;
    given_a_tale();
    char *honest = tale_report(told, x, &honest_len, why);
    char *forged = tale_forge(told, x, (struct tale_cut){ NULL, 0 }, &forged_len);
    CHECK(honest != NULL);
    CHECK_BYTES(bytes_of(honest, honest_len), bytes_of(forged, forged_len));
    CHECK(tale_verify(told, bytes_of(forged, forged_len)) == NULL);
    CHECK_EQ(x->in.token_count, 2);
    CHECK_EQ(x->in.right_count, 3);
    CHECK_EQ(x->in.tx_count, 16);
    free(honest);
    free(forged);
    done();
}

TEST(formats_16_no_receipt_that_holds_an_event_can_be_left_out_whoever_signs)
{
    size_t refused = 0;
    given_a_tale();
    for (size_t i = 0; i < x->in.tx_count; i++) {
        if (tale_tx_of(told, &x->tx[i].id)->status == RECEIPT_OK) {
            CHECK(says(judged((struct tale_cut){ cut_tx, i }), "events in the receipts"));
            refused++;
        }
    }
    CHECK_EQ(refused, x->in.tx_count - 1);
    done();
}

/* A failed transaction changes no record, so no record can miss it. */
TEST(formats_16_that_a_failed_transaction_is_left_out_cannot_be_seen)
{
    size_t failed = 0;
    given_a_tale();
    for (size_t i = 0; i < x->in.tx_count; i++) {
        if (tale_tx_of(told, &x->tx[i].id)->status != RECEIPT_OK) {
            CHECK(judged((struct tale_cut){ cut_tx, i }) == NULL);
            failed++;
        }
    }
    CHECK_EQ(failed, 1);
    done();
}

static void cut_two(struct audit_facts *f, struct tale_input *b, size_t at)
{
    cut_tx(f, b, at / TALE_TXS_MAX);
    cut_tx(f, b, at % TALE_TXS_MAX);
}

TEST(formats_22_no_two_receipts_can_be_left_out_together)
{
    given_a_tale();
    for (size_t i = 1; i < x->in.tx_count; i++) {
        for (size_t j = 0; j < i; j++) {
            struct tale_cut c = { cut_two, i * TALE_TXS_MAX + j };
            CHECK(says(judged(c), "events in the receipts"));
        }
    }
    done();
}

TEST(formats_22_no_right_can_be_left_out_because_the_token_counts_them)
{
    given_a_tale();
    for (size_t i = 0; i < x->in.right_count; i++) {
        CHECK(says(judged((struct tale_cut){ cut_right, i }), "rights listed"));
    }
    done();
}

TEST(formats_22_no_lock_can_be_left_out_because_events_name_it)
{
    given_a_tale();
    CHECK(says(judged((struct tale_cut){ cut_lock, 0 }), "is named by an event and not listed"));
    done();
}

TEST(formats_22_no_token_can_be_left_out_while_anything_of_it_stays)
{
    given_a_tale();
    for (size_t i = 0; i < x->in.token_count; i++) {
        CHECK(says(judged((struct tale_cut){ cut_token, i }), "is under no token of the report"));
    }
    done();
}

static void cut_all_of_second(struct audit_facts *f, struct tale_input *b, size_t at)
{
    (void)at;
    for (size_t i = b->in.right_count; i-- > 0;) {
        if (hash_equal(&b->right[i].id, &told->right[2])) {
            cut_right(f, b, i);
        }
    }
    for (size_t i = b->in.tx_count; i-- > 0;) {
        if (tale_tx_of(told, &b->tx[i].id)->about == 2) {
            cut_tx(f, b, i);
        }
    }
    cut_token(f, b, 1);
}

/* The list of tokens is the reporter's choice, and stands in the body that it signs. */
TEST(formats_22_a_token_left_out_with_all_of_it_is_a_smaller_report_that_names_fewer_tokens)
{
    size_t len;
    json_t *j;
    given_a_tale();
    char *file = tale_forge(told, x, (struct tale_cut){ cut_all_of_second, 0 }, &len);
    CHECK(tale_verify(told, bytes_of(file, len)) == NULL);
    CHECK_OK(json_read(bytes_of(file, len), len, &j, NULL));
    const json_t *tokens = json_member(json_member(j, "body"), "tokens");
    struct hash id;
    CHECK_EQ(json_size(tokens), 1);
    CHECK_OK(json_get_hash(json_at(tokens, 0), "id", &id));
    CHECK(hash_equal(&id, &told->token[0]));
    json_free(j);
    free(file);
    done();
}

/* Disclosing is a choice too; how many were committed to is not. */
TEST(formats_22_an_attachment_not_disclosed_is_counted_as_committed_to)
{
    size_t len;
    given_a_tale();
    char *file = tale_forge(told, x, (struct tale_cut){ NULL, 0 }, &len);
    CHECK(strstr(file, "\"checked\":{\"attachments\":\"5\",\"disclosed\":\"1\",") != NULL);
    free(file);
    file = tale_forge(told, x, (struct tale_cut){ cut_attachment, 0 }, &len);
    CHECK(tale_verify(told, bytes_of(file, len)) == NULL);
    CHECK(strstr(file, "\"checked\":{\"attachments\":\"5\",\"disclosed\":\"0\",") != NULL);
    free(file);
    done();
}

/* ---- Events inside receipts. */

static void cut_event(struct audit_facts *f, struct tale_input *b, size_t at)
{
    size_t tx = at / EVENTS_PER_TX_MAX, gone = at % EVENTS_PER_TX_MAX;
    struct receipt *r = &f->tx[tx].receipt;
    struct event *own = ARENA_ARRAY(&told->f->arena, struct event, EVENTS_PER_TX_MAX);
    struct bytes wire;
    uint32_t count = 0;
    ASSERT(own != NULL);
    for (uint32_t i = 0; i < r->event_count; i++) {
        if (i != gone) {
            own[count++] = r->event[i];
        }
    }
    r->event = own;
    r->event_count = count;
    enum err e = receipt_encode(r, 16384, &told->f->arena, &wire);
    ASSERT(e == ERR_NONE);
    b->tx[tx].proof = tale_proof(told, tale_tx_of(told, &b->tx[tx].id), wire);
}

TEST(formats_16_no_event_can_be_cut_out_of_a_receipt)
{
    size_t cut = 0;
    given_a_tale();
    for (size_t i = 0; i < x->in.tx_count; i++) {
        struct receipt r;
        CHECK_OK(receipt_decode(tale_tx_of(told, &x->tx[i].id)->receipt, &told->f->arena, &r));
        for (size_t j = 0; j < r.event_count; j++) {
            struct tale_cut c = { cut_event, i * EVENTS_PER_TX_MAX + j };
            CHECK(says(judged(c), "is not proved: receipt"));
            cut++;
        }
    }
    CHECK_EQ(cut, x->in.tx_count); /* one failed without any, one has two */
    done();
}

/* ---- Receipts that stand twice, or elsewhere. */

static void twice(struct audit_facts *f, struct tale_input *b, size_t at)
{
    struct proved_tx *more = ARENA_ARRAY(&told->f->arena, struct proved_tx, TALE_TXS_MAX);
    ASSERT(more != NULL);
    memcpy(more, f->tx, b->in.tx_count * sizeof *more);
    memmove(&more[at + 1], &more[at], (b->in.tx_count - at) * sizeof *more);
    memmove(&b->tx[at + 1], &b->tx[at], (b->in.tx_count - at) * sizeof *b->tx);
    f->tx = more;
    b->in.tx_count++;
}

TEST(formats_22_no_receipt_stands_twice)
{
    given_a_tale();
    for (size_t i = 0; i < x->in.tx_count; i++) {
        CHECK(says(judged((struct tale_cut){ twice, i }), "stands twice or out of order"));
    }
    done();
}

static void swapped(struct audit_facts *f, struct tale_input *b, size_t at)
{
    struct audit_tx a = b->tx[at];
    struct proved_tx p = f->tx[at];
    b->tx[at] = b->tx[at + 1];
    f->tx[at] = f->tx[at + 1];
    b->tx[at + 1] = a;
    f->tx[at + 1] = p;
}

TEST(formats_22_no_two_receipts_change_places)
{
    given_a_tale();
    for (size_t i = 0; i + 1 < x->in.tx_count; i++) {
        CHECK(says(judged((struct tale_cut){ swapped, i }), "stands twice or out of order"));
    }
    done();
}

static void proofs_swapped(struct audit_facts *f, struct tale_input *b, size_t at)
{
    struct bytes proof = b->tx[at].proof;
    (void)f;
    b->tx[at].proof = b->tx[at + 1].proof;
    b->tx[at + 1].proof = proof;
}

TEST(formats_22_a_proof_is_of_the_transaction_that_it_stands_under)
{
    given_a_tale();
    for (size_t i = 0; i + 1 < x->in.tx_count; i++) {
        CHECK(says(judged((struct tale_cut){ proofs_swapped, i }), "the proof is of another"));
    }
    done();
}

/* ---- Records of another height, and another record. */

static void young_token(struct audit_facts *f, struct tale_input *b, size_t at)
{
    (void)f;
    (void)at;
    b->token[0].proof = told->young;
}

TEST(formats_15_a_record_of_another_height_is_not_proved_by_this_header)
{
    given_a_tale();
    CHECK(says(judged((struct tale_cut){ young_token, 0 }), "is not proved"));
    done();
}

static void young_header(struct audit_facts *f, struct tale_input *b, size_t at)
{
    (void)at;
    struct hash hash;
    enum proof_step step;
    b->in.certified = told->young_certified;
    enum err e = proof_verify_header(told->f->suite, &told->f->genesis, told->young_certified,
                                     &told->f->arena, &f->header, &hash, &step);
    ASSERT(e == ERR_NONE);
}

TEST(formats_15_the_records_of_this_height_are_not_proved_by_another_header)
{
    given_a_tale();
    CHECK(says(judged((struct tale_cut){ young_header, 0 }), "is not proved"));
    done();
}

static void other_record(struct audit_facts *f, struct tale_input *b, size_t at)
{
    (void)f;
    b->token[at].proof = b->token[1 - at].proof;
}

TEST(formats_15_a_record_is_of_the_token_that_it_stands_under)
{
    given_a_tale();
    CHECK(says(judged((struct tale_cut){ other_record, 0 }), "is not proved"));
    CHECK(says(judged((struct tale_cut){ other_record, 1 }), "is not proved"));
    done();
}

/* ---- What names a token without being about it. */

TEST(formats_16_who_mints_a_token_under_a_participants_id_cannot_make_it_unauditable)
{
    size_t len = 0;
    char why[AUDIT_REASON_SIZE] = "";
    told = tale_begin();
    x = calloc(1, sizeof *x);
    struct attachment_plain note = { .media_type = 1, .content = bytes_of_str("x") };
    struct tx_attachment a = tale_attachment(told, ATTACHMENT_DOCUMENT, &note, TALE_REGULATOR);
    const struct hash *id = &told->f->did[TALE_REGULATOR];
    CHECK_EQ(tale_mint(told, 1, id), RECEIPT_OK);
    struct bytes anchor = TALE_ARGS(told, evidence_anchor, *id, 1);
    struct tale_tx *mint = &told->tx[0];
    struct tale_tx *said = tale_do(told, TALE_OWNER, METHOD_EVIDENCE_ANCHOR, anchor, &a, 0);
    CHECK_EQ(said->status, RECEIPT_OK);
    /* One receipt: an event about the token, and one whose only subject is its reader. */
    struct attachment_ack ack = { .points_count = 2 };
    bool first = hash_compare(&mint->id, &said->id) < 0;
    ack.points[first ? 0 : 1].transaction = mint->id;
    ack.points[first ? 1 : 0].transaction = said->id;
    struct tale_tx *acked = tale_do(told, TALE_REGULATOR, METHOD_ATTACHMENT_ACK,
                                    tale_attachment_ack(told, &ack), NULL, 2);
    CHECK_EQ(acked->status, RECEIPT_OK);
    tale_block(told);
    tale_input_of_second(told, x);
    x->in.right_count = 0;
    char *file = tale_report(told, x, &len, why);
    CHECK(file != NULL);
    CHECK(tale_verify(told, bytes_of(file, len)) == NULL);
    free(file);
    done();
}
