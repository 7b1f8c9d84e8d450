/* Attachments: what a method accepts, and the readers' words ACK and REJECT. */
#include <stdlib.h>

#include "tests/fixtures/contract_fixture.h"

static struct hash anchored(struct lab *l, uint8_t value, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct hash commitment = lab_id((uint8_t)(0x90 + i));
        lab_attach(l, ATTACHMENT_DOCUMENT, &commitment, HOLDER);
    }
    ASSERT(LAB(l, OWNER, METHOD_EVIDENCE_ANCHOR, evidence_anchor, lab_id(value), 1) == RECEIPT_OK);
    lab_clear(l);
    return l->tx.id;
}

TEST(formats_7_a_reader_acknowledges_once)
{
    struct lab *l = lab_open();
    struct hash tx = anchored(l, 1, 2), unknown = lab_id(0x77);
    LAB(l, OTHER, METHOD_ATTACHMENT_ACK, attachment_ack, 1, { { tx, 0 } });
    LAB(l, HOLDER, METHOD_ATTACHMENT_ACK, attachment_ack, 0, { { tx, 0 } });
    LAB(l, HOLDER, METHOD_ATTACHMENT_ACK, attachment_ack, 1, { { unknown, 0 } });
    LAB(l, HOLDER, METHOD_ATTACHMENT_ACK, attachment_ack, 1, { { tx, 2 } });
    LAB(l, HOLDER, METHOD_ATTACHMENT_ACK, attachment_ack, 2, { { tx, 1 }, { tx, 0 } });
    LAB(l, HOLDER, METHOD_ATTACHMENT_ACK, attachment_ack, 2, { { tx, 0 }, { tx, 0 } });
    LAB(l, HOLDER, METHOD_ATTACHMENT_ACK, attachment_ack, 2, { { tx, 0 }, { tx, 1 } });
    struct attachment_acked body;
    CHECK_OK(attachment_acked_decode(l->event[0].body, &l->arena, &body));
    CHECK_EQ(body.indexes_count, 2);
    LAB(l, HOLDER, METHOD_ATTACHMENT_ACK, attachment_ack, 1, { { tx, 1 } });
    LAB_EXPECT(l, "other attachment.ack -> forbidden\n"
                  "holder attachment.ack -> args\n"
                  "holder attachment.ack -> not_found\n"
                  "holder attachment.ack -> not_found\n"
                  "holder attachment.ack -> args\n"
                  "holder attachment.ack -> args\n"
                  "holder attachment.ack -> ok; attachment.acked\n"
                  "holder attachment.ack -> exists\n");
    lab_close(l);
}

TEST(formats_7_a_reader_rejects_instead_and_with_a_code)
{
    struct lab *l = lab_open();
    struct hash tx = anchored(l, 1, 2);
    LAB(l, OTHER, METHOD_ATTACHMENT_REJECT, attachment_reject, { tx, 0 }, 4);
    LAB(l, HOLDER, METHOD_ATTACHMENT_REJECT, attachment_reject, { tx, 0 }, 0);
    LAB(l, HOLDER, METHOD_ATTACHMENT_REJECT, attachment_reject, { tx, 0 }, 4);
    LAB(l, HOLDER, METHOD_ATTACHMENT_REJECT, attachment_reject, { tx, 0 }, 4);
    LAB(l, HOLDER, METHOD_ATTACHMENT_ACK, attachment_ack, 1, { { tx, 0 } });
    LAB(l, HOLDER, METHOD_ATTACHMENT_ACK, attachment_ack, 1, { { tx, 1 } });
    LAB(l, HOLDER, METHOD_ATTACHMENT_REJECT, attachment_reject, { tx, 1 }, 4);
    LAB_EXPECT(l, "other attachment.reject -> forbidden\n"
                  "holder attachment.reject -> args\n"
                  "holder attachment.reject -> ok; attachment.rejected\n"
                  "holder attachment.reject -> state\n"
                  "holder attachment.ack -> state\n"
                  "holder attachment.ack -> ok; attachment.acked\n"
                  "holder attachment.reject -> exists\n");
    lab_close(l);
}

static int hash_order(const void *a, const void *b)
{
    return hash_compare(a, b);
}

/* One transaction of points is one event; sixty-four events are a transaction's most. */
TEST(formats_7_an_ack_names_256_points_of_at_most_64_transactions)
{
    struct lab *l = lab_open();
    struct attachment_ack *ack = arena_alloc(&l->arena, sizeof *ack);
    struct hash tx[65];
    for (uint32_t i = 0; i < COUNT(tx); i++) {
        tx[i] = anchored(l, (uint8_t)(1 + i), 4);
    }
    qsort(tx, COUNT(tx), sizeof tx[0], hash_order);
    for (uint32_t i = 0; i < CONTRACT_ACK_POINTS_MAX; i++) {
        ack->points[i] = (struct attachment_point){ tx[i / 4], i % 4 };
    }
    ack->points_count = CONTRACT_ACK_POINTS_MAX;
    ack->points[CONTRACT_ACK_POINTS_MAX - 1] = (struct attachment_point){ tx[64], 0 };
    CHECK_EQ(lab_call(l, HOLDER, METHOD_ATTACHMENT_ACK, lab_attachment_ack(l, ack)), RECEIPT_LIMIT);
    ack->points[CONTRACT_ACK_POINTS_MAX - 1] = (struct attachment_point){ tx[63], 3 };
    CHECK_EQ(lab_call(l, HOLDER, METHOD_ATTACHMENT_ACK, lab_attachment_ack(l, ack)), RECEIPT_OK);
    CHECK_EQ(l->event_count, 64);
    /* A 257th point is no argument: the wire of one point more, behind those of 256. */
    struct bytes most = lab_attachment_ack(l, ack);
    struct attachment_ack *one = arena_alloc(&l->arena, sizeof *one);
    *one = (struct attachment_ack){ 1, { { lab_id(0xff), 1 } } };
    struct bytes more = lab_attachment_ack(l, one);
    uint8_t *joined = arena_alloc(&l->arena, most.len + more.len);
    memcpy(joined, most.ptr, most.len);
    memcpy(joined + most.len, more.ptr, more.len);
    CHECK_EQ(lab_call(l, HOLDER, METHOD_ATTACHMENT_ACK, bytes_of(joined, most.len + more.len)),
             RECEIPT_ARGS);
    lab_close(l);
}

TEST(an_attachment_that_is_not_well_formed_is_refused)
{
    struct lab *l = lab_open();
    for (uint32_t row = 0; row < 9; row++) {
        struct hash commitment = lab_id(row == 0 ? 0 : 0x90);
        lab_attach(l, row == 1 ? 4 : row == 2 ? 0 : ATTACHMENT_DOCUMENT, &commitment, HOLDER);
        struct tx_attachment *a = &l->attachment[0];
        a->size = row == 3 ? 0 : row == 4 ? TX_ATTACHMENT_SIZE_MAX + 1 : TX_ATTACHMENT_SIZE_MAX;
        a->keep_until_ms = row == 5 ? l->now_ms : l->now_ms + 1;
        a->reader_count = row == 6 ? 2 : 1;
        a->reader[1] = a->reader[0];
        if (row == 7) {
            a->reader[0] = lab_id(0x77);
        }
        LAB(l, OWNER, METHOD_EVIDENCE_ANCHOR, evidence_anchor, lab_id(5), 1);
    }
    LAB(l, OWNER, METHOD_EVIDENCE_ANCHOR, evidence_anchor, lab_id(5), 1);
    LAB(l, OWNER, METHOD_EVIDENCE_ANCHOR, evidence_anchor, lab_id(6), 0);
    LAB_EXPECT(l, "owner evidence.anchor -> attachment\n"
                  "owner evidence.anchor -> attachment\n"
                  "owner evidence.anchor -> attachment\n"
                  "owner evidence.anchor -> attachment\n"
                  "owner evidence.anchor -> attachment\n"
                  "owner evidence.anchor -> attachment\n"
                  "owner evidence.anchor -> attachment\n"
                  "owner evidence.anchor -> not_found\n"
                  "owner evidence.anchor -> ok; evidence.anchored\n"
                  "owner evidence.anchor -> exists\n"
                  "owner evidence.anchor -> args\n");
    lab_close(l);
}
