#include "base/json.h"
#include "tests/fixtures/api_rig.h"

/* Texts as frames: each after its length in 4 bytes. */
static struct bytes framed(const char *const *text, size_t count)
{
    static uint8_t memory[1024];
    struct buf b = buf_over(memory, sizeof memory);
    for (size_t i = 0; i < count; i++) {
        buf_put_u32(&b, (uint32_t)strlen(text[i]));
        buf_put(&b, bytes_of_str(text[i]));
    }
    return buf_bytes(&b);
}
#define FRAMED(...)                              \
    framed((const char *const[]){ __VA_ARGS__ }, \
           sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static bool holds(const struct rig *r, const char *text)
{
    return memmem(r->body, r->len, text, strlen(text)) != NULL;
}

TEST(transactions_are_submitted_together_and_each_is_told_its_fate)
{
    struct rig *r = rig_new();
    CHECK_EQ(ASK("POST", "/v1/txs", .as = 1, .body = FRAMED("good", "other")), 202);
    CHECK_STR(said(r, "accepted"), "2");
    CHECK(holds(r, "\"refused\":[]"));
    CHECK(!holds(r, "retry_ms"));
    r->node.busy_ms = 0;
    CHECK_EQ(ASK("POST", "/v1/txs", .as = 1, .body = FRAMED("good", "busy", "signed", "double")),
             202);
    CHECK_STR(said(r, "accepted"), "1");
    CHECK(holds(r, "{\"code\":\"busy\",\"index\":1}") ||
          holds(r, "{\"index\":1,\"code\":\"busy\"}"));
    CHECK(holds(r, "\"signature\""));
    CHECK(holds(r, "\"duplicate\""));
    CHECK(holds(r, "retry_ms"));
    CHECK_EQ(r->node.batches, 0);
    rig_close(r);
}

TEST(a_batch_of_which_nothing_has_room_is_told_when_to_come_again)
{
    struct rig *r = rig_new();
    r->node.busy_ms = 0;
    CHECK_EQ(ASK("POST", "/v1/txs", .as = 1, .body = FRAMED("busy", "busy")), 429);
    CHECK_EQ(r->node.batches, 0);
    r->node.busy_ms = 2500; /* too many batches are being verified */
    CHECK_EQ(ASK("POST", "/v1/txs", .as = 1, .body = FRAMED("good")), 429);
    CHECK_EQ(r->retry_s, 1);
    CHECK(holds(r, "\"retry_ms\":200"));
    CHECK_STR(said(r, "message"), "too many batches at once");
    rig_close(r);
}

TEST(what_is_not_framed_or_too_much_is_refused)
{
    struct rig *r = rig_new();
    CHECK_EQ(ASK("POST", "/v1/txs", .as = 1, .body = bytes_of_str("\x01")), 400);
    CHECK_EQ(ASK("POST", "/v1/txs", .as = 1, .body = FRAMED("")), 400);
    CHECK_EQ(ASK("POST", "/v1/txs", .as = 1,
                 .body = FRAMED("1", "2", "3", "4", "5", "6", "7", "8", "9")),
             413);
    CHECK_EQ(ASK("POST", "/v1/txs", .as = NOBODY, .body = FRAMED("good")), 401);
    CHECK_EQ(ASK("PUT", "/v1/txs", .as = 1), 405);
    rig_close(r);
}

TEST(the_answer_to_a_batch_waits_for_the_workers_and_ends_with_its_asker)
{
    struct rig *r = rig_new();
    struct ask q = { "POST", "/v1/txs", .as = 1, .body = FRAMED("good") };
    r->node.verifying = true;
    struct call c = rig_call(r, q);
    rig_turns(r, 300);
    CHECK_EQ(r->node.batches, 1);
    CHECK_EQ(r->len, 0);
    r->node.verifying = false;
    double_commit(&r->node); /* watchers are told, as when workers are done */
    rig_turns(r, 300);
    CHECK_EQ(r->node.batches, 0);
    rig_hang_up(r, c);
    r->node.verifying = true;
    c = rig_call(r, q);
    rig_turns(r, 300);
    CHECK_EQ(r->node.batches, 1);
    rig_hang_up(r, c);
    rig_turns(r, 300);
    CHECK_EQ(r->node.batches, 0);
    rig_close(r);
}

TEST(proofs_come_together_each_after_its_length)
{
    struct rig *r = rig_new();
    static const uint8_t ids[2 * HASH_SIZE];
    struct bytes two = bytes_of(ids, sizeof ids);
    r->node.proof = bytes_of_str("a proof");
    CHECK_EQ(ASK("POST", "/v1/proofs", .as = 1, .body = two), 404);
    CHECK_EQ(ASK("POST", "/v1/proofs?wait_ms=100", .as = 1, .body = two), 504);
    r->commit_at_ms = rig_now() + 100;
    r->commits_ours = true;
    CHECK_EQ(ASK("POST", "/v1/proofs?wait_ms=20000", .as = 1, .body = two), 200);
    CHECK_BYTES(bytes_of(r->body, r->len), FRAMED("a proof"));
    r->node.proof = bytes_of(NULL, 0); /* committed, and not certified yet */
    CHECK_EQ(ASK("POST", "/v1/proofs?wait_ms=100", .as = 1, .body = two), 504);
    CHECK_EQ(ASK("POST", "/v1/proofs", .as = 1, .body = bytes_of(ids, 31)), 400);
    CHECK_EQ(ASK("POST", "/v1/proofs", .as = 1, .body = bytes_of(ids, 0)), 400);
    rig_close(r);
}
