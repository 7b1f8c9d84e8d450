#include "api/render_internal.h"
#include "base/json.h"
#include "tests/fixtures/api_rig.h"

static uint8_t memory[1 << 20];

/* `detail` of an event with this body, as canonical text. */
static const char *detail(struct node *n, uint32_t contract, uint32_t type, struct bytes body)
{
    static char out[4096];
    struct arena a = arena_over(memory + sizeof memory / 2, sizeof memory / 2);
    struct node_event e = { .height = 3 };
    char *text;
    size_t len;
    e.event.contract = contract;
    e.event.type = type;
    e.event.body = body;
    json_t *j = render_event(n, &e, &a);
    json_t *copy = json_copy_of(json_member(j, "detail"));
    pki_must(json_write_canonical(copy, &text, &len));
    pki_must(len < sizeof out ? ERR_NONE : ERR_SIZE);
    memcpy(out, text, len);
    out[len] = '\0';
    json_text_free(text);
    json_free(copy);
    json_free(j);
    return out;
}

TEST(a_body_becomes_its_members)
{
    static struct node n;
    struct arena a = arena_over(memory, sizeof memory / 2);
    struct bytes body;
    double_open(&n, rig_now());
    struct token_moved moved = { TOKEN_ACTIVE, TOKEN_FROZEN, 7 };
    CHECK_OK(token_moved_encode(&moved, &a, &body));
    CHECK_STR(detail(&n, CONTRACT_TOKEN, EVENT_TOKEN_MOVED, body),
              "{\"from\":\"active\",\"reason\":7,\"to\":\"frozen\"}");
    struct right_used used = { 2, 1 };
    CHECK_OK(right_used_encode(&used, &a, &body));
    CHECK_STR(detail(&n, CONTRACT_RIGHT, EVENT_RIGHT_USED, body), "{\"left\":1,\"use\":2}");
    double_close(&n);
}

TEST(money_is_said_in_the_currencys_own_fraction)
{
    static struct node n;
    static struct currency currency[] = { { .code = 156, .exponent = 2 } };
    struct arena a = arena_over(memory, sizeof memory / 2);
    struct bytes body;
    double_open(&n, rig_now());
    n.pki.genesis.currency = currency;
    n.pki.genesis.currency_count = 1;
    struct money_moved paid = { .amount = amount_from_i64(0, 25000) };
    CHECK_OK(money_moved_encode(&paid, &a, &body));
    CHECK_STR(detail(&n, CONTRACT_MONEY, EVENT_MONEY_PAID, body),
              "{\"amount\":\"250.00\",\"currency\":0,\"lock\":\"\"}");
    double_close(&n);
}

TEST(an_exchange_shows_its_other_leg)
{
    static struct node n;
    static struct currency currency[] = { { .code = 156, .exponent = 2 },
                                          { .code = 978, .exponent = 2 } };
    struct arena a = arena_over(memory, sizeof memory / 2);
    struct money_exchange x = { .amount = amount_from_i64(1, 3200), .num = 1, .den = 8 };
    struct money_moved locked = { .amount = amount_from_i64(0, 25600) };
    struct bytes body;
    double_open(&n, rig_now());
    n.pki.genesis.currency = currency;
    n.pki.genesis.currency_count = COUNT(currency);
    CHECK_OK(money_exchange_encode(&x, &a, &locked.exchange));
    CHECK_OK(money_moved_encode(&locked, &a, &body));
    const char *text = detail(&n, CONTRACT_MONEY, EVENT_MONEY_LOCKED, body);
    CHECK(strstr(text, "\"exchange\":{\"amount\":\"32.00\",\"currency\":1") != NULL);
    CHECK(strstr(text, "\"amount\":\"256.00\",\"currency\":0") != NULL);
    double_close(&n);
}

TEST(what_does_not_decode_is_not_guessed_at)
{
    static struct node n;
    double_open(&n, rig_now());
    CHECK_STR(detail(&n, CONTRACT_TOKEN, EVENT_TOKEN_MOVED, bytes_of_str("\xff\xff\xff")), "{}");
    CHECK_STR(detail(&n, CONTRACT_RIGHT, EVENT_RIGHT_GRANTED, bytes_of_str("\x01")), "{}");
    CHECK_STR(detail(&n, CONTRACT_EVIDENCE, EVENT_EVIDENCE_ANCHORED, bytes_of_str("x")), "{}");
    CHECK_STR(detail(&n, 99, 99, bytes_of_str("anything")), "{}");
    double_close(&n);
}

TEST(a_grant_carries_its_verdict_in_numbers)
{
    static struct node n;
    static struct policy_verdict v = { .code = POLICY_ALLOW_WITH_OBLIGATIONS, .day = 20000 };
    struct arena a = arena_over(memory, sizeof memory / 2);
    struct right_granted granted = { .kind = RIGHT_PROCESS_AND_USE,
                                     .custody = CUSTODY_RELEASED,
                                     .uses = 3 };
    struct bytes body;
    double_open(&n, rig_now());
    v.rules[0] = 5;
    v.rule_count = 1;
    v.cites[0] = 9;
    v.cite_count = 1;
    v.obligations[0] = (struct policy_duty){ .duty = 4, .days = 10, .working = 1, .rule = 5 };
    v.obligation_count = 1;
    CHECK_OK(policy_verdict_encode(&v, &a, &granted.verdict));
    CHECK_OK(right_granted_encode(&granted, &a, &body));
    const char *text = detail(&n, CONTRACT_RIGHT, EVENT_RIGHT_GRANTED, body);
    CHECK(strstr(text, "\"code\":\"allow_with_obligations\"") != NULL);
    CHECK(strstr(text, "\"cites\":[9]") != NULL);
    CHECK(strstr(text, "\"days\":10,\"duty\":4") != NULL);
    CHECK(strstr(text, "\"uses\":3") != NULL);
    double_close(&n);
}
