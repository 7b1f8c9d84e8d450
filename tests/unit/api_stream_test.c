#include "api/stream_internal.h"
#include "base/json.h"
#include "tests/fixtures/api_rig.h"

static struct hash party(uint8_t n)
{
    struct hash h = { { n, 1 } };
    return h;
}

static struct node_event happened(uint64_t height, uint32_t index, uint32_t number)
{
    struct node_event e = { .height = height, .index = index, .event_index = number };
    e.event.contract = CONTRACT_TOKEN;
    e.event.type = EVENT_TOKEN_MOVED;
    e.event.subject_count = 1;
    e.event.subject[0] = party(7);
    return e;
}

/* What the stream says next, as text; "" for nothing. */
static const char *next(struct stream *s, struct node *n, uint64_t now)
{
    static char text[API_STREAM_PIECE_SIZE + 1];
    uint8_t *out = NULL;
    size_t len = 0;
    pki_must(stream_next(s, n, now, &out, 8, &len));
    memcpy(text, out != NULL ? out + 8 : (const uint8_t *)"", len);
    text[len] = '\0';
    free(out);
    return text;
}

static unsigned count_of(const char *text, const char *what)
{
    unsigned n = 0;
    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what)) {
        n++;
    }
    return n;
}

TEST(formats_16_events_go_out_in_order_with_space_height_and_index)
{
    static struct node n;
    struct stream_seats seats = { 0 };
    struct stream s;
    struct hash who = party(1);
    double_open(&n, rig_now());
    struct node_event e[] = { happened(5, 0, 0), happened(5, 0, 1), happened(5, 2, 0),
                              happened(6, 0, 0) };
    n.event = e;
    n.event_count = COUNT(e);
    CHECK_OK(stream_open(&s, &seats, &who, 0, 0, 1000));
    const char *text = next(&s, &n, 1000);
    CHECK_EQ(count_of(text, "event: nodes\n"), 1);
    CHECK_EQ(count_of(text, "event: tx\n"), 3);
    const char *a = strstr(text, "id: 5.0\n"), *b = strstr(text, "id: 5.2\n"),
               *c = strstr(text, "id: 6.0\n");
    CHECK(a != NULL && b != NULL && c != NULL && a < b && b < c);
    CHECK_EQ(count_of(text, "\"space\":"), 3);
    CHECK_EQ(count_of(text, "\"name\":\"token.moved\""), 4);
    CHECK_STR(next(&s, &n, 1000), ""); /* nothing twice */
    stream_close(&s, &seats);
    double_close(&n);
}

TEST(a_stream_goes_on_from_the_place_it_is_given)
{
    static struct node n;
    struct stream_seats seats = { 0 };
    struct stream s;
    struct hash who = party(1);
    double_open(&n, rig_now());
    struct node_event e[] = { happened(5, 0, 0), happened(5, 2, 0), happened(6, 0, 0) };
    n.event = e;
    n.event_count = COUNT(e);
    CHECK_OK(stream_open(&s, &seats, &who, 5, 1, 1000));
    const char *text = next(&s, &n, 1000);
    CHECK(strstr(text, "id: 5.0\n") == NULL);
    CHECK(strstr(text, "id: 5.2\n") != NULL && strstr(text, "id: 6.0\n") != NULL);
    stream_close(&s, &seats);
    CHECK_OK(stream_open(&s, &seats, &who, 6, 1, 1000));
    CHECK_EQ(count_of(next(&s, &n, 1000), "event: tx"), 0);
    stream_close(&s, &seats);
    double_close(&n);
}

TEST(a_transaction_is_said_whole_wherever_a_page_of_the_index_ends)
{
    static struct node_event e[300];
    static struct node n;
    struct stream_seats seats = { 0 };
    struct stream s;
    struct hash who = party(1);
    double_open(&n, rig_now());
    for (uint32_t i = 0; i < COUNT(e); i++) {
        e[i] = happened(1 + i / 50, 0, i % 50); /* pages of 128 end inside transactions */
    }
    n.event = e;
    n.event_count = COUNT(e);
    CHECK_OK(stream_open(&s, &seats, &who, 0, 0, 1000));
    unsigned messages = 0, events = 0;
    for (const char *text = next(&s, &n, 1000); text[0] != '\0'; text = next(&s, &n, 1000)) {
        messages += count_of(text, "event: tx\n");
        events += count_of(text, "\"name\":");
    }
    CHECK_EQ(messages, 6);
    CHECK_EQ(events, 300);
    stream_close(&s, &seats);
    double_close(&n);
}

TEST(the_nodes_are_said_when_they_change_and_a_quiet_line_shows_life)
{
    static struct node n;
    struct stream_seats seats = { 0 };
    struct stream s;
    struct hash who = party(1);
    struct node_event none;
    double_open(&n, rig_now());
    n.event = &none;
    CHECK_OK(stream_open(&s, &seats, &who, 0, 0, 1000));
    const char *text = next(&s, &n, 1000);
    CHECK_EQ(count_of(text, "event: nodes"), 1);
    CHECK_EQ(count_of(text, "\"up\":true"), 2);
    CHECK_EQ(count_of(text, "\"up\":false"), 1);
    CHECK_STR(next(&s, &n, 2000), "");
    n.height++;
    CHECK_EQ(count_of(next(&s, &n, 3000), "event: nodes"), 1);
    CHECK_STR(next(&s, &n, 3000 + API_STREAM_QUIET_MS - 1), "");
    CHECK_STR(next(&s, &n, 3000 + API_STREAM_QUIET_MS), ":\n\n");
    CHECK_STR(next(&s, &n, 3000 + API_STREAM_QUIET_MS + 1), "");
    stream_close(&s, &seats);
    double_close(&n);
}

TEST(streams_are_few_and_fewer_of_one_participant)
{
    static struct stream s[API_STREAMS_MAX];
    struct stream_seats seats = { 0 };
    struct stream more;
    for (uint32_t i = 0; i < API_STREAMS_MAX; i++) {
        struct hash who = party((uint8_t)(1 + i / API_STREAMS_EACH_MAX));
        if (i == API_STREAMS_EACH_MAX) {
            struct hash first = party(1);
            CHECK_ERR(stream_open(&more, &seats, &first, 0, 0, 0), ERR_BUSY);
        }
        CHECK_OK(stream_open(&s[i], &seats, &who, 0, 0, 0));
    }
    struct hash late = party(99);
    CHECK_ERR(stream_open(&more, &seats, &late, 0, 0, 0), ERR_BUSY);
    stream_close(&s[3], &seats);
    CHECK_OK(stream_open(&more, &seats, &late, 0, 0, 0));
}

/* Over the socket: a call that goes on, and what it has got so far. */
static void turns_until(struct rig *r, const char *what, unsigned times)
{
    for (uint64_t until = rig_now() + 8000; rig_now() < until;) {
        rig_turn(r);
        r->body[r->len < REPLY_MAX ? r->len : REPLY_MAX - 1] = '\0';
        if (count_of((const char *)r->body, what) >= times) {
            return;
        }
    }
    CHECK_STR(what, "(not said)");
}

TEST(a_commit_is_said_to_a_stream_that_waits)
{
    struct rig *r = rig_new();
    struct node_event e[] = { happened(42, 0, 0) };
    r->node.event = e;
    r->node.event_count = 0;
    struct call c = rig_call(r, (struct ask){ "GET", "/v1/stream", .as = 1 });
    turns_until(r, "event: nodes", 1);
    CHECK_EQ(count_of((const char *)r->body, "event: tx"), 0);
    r->node.event_count = 1;
    double_commit(&r->node);
    turns_until(r, "id: 42.0", 1);
    rig_hang_up(r, c);
    rig_turns(r, 50);
    rig_close(r);
}

TEST(a_stream_ends_with_its_session)
{
    struct rig *r = rig_new();
    struct node_event none;
    char header[128];
    int left = 0;
    r->node.event = &none;
    CHECK_EQ(ASK("POST", "/v1/sessions", .as = 1), 200);
    (void)snprintf(header, sizeof header, "Authorization: Bearer %s", said(r, "session"));
    r->len = 0;
    struct call c =
        rig_call(r, (struct ask){ "GET", "/v1/stream", .as = NOBODY, .header = header });
    turns_until(r, "event: nodes", 1);
    r->node.clock_ms += API_SESSION_LIFE_MS;
    CURLMsg *m = NULL;
    for (uint64_t until = rig_now() + 8000; m == NULL && rig_now() < until;) {
        rig_turn(r);
        m = curl_multi_info_read(r->multi, &left);
    }
    CHECK(m != NULL);
    rig_hang_up(r, c);
    rig_close(r);
}

TEST(a_page_is_fenced_in_and_its_files_are_named_by_their_hash)
{
    struct rig *r = rig_new();
    CHECK_EQ(ASK("GET", "/console/", .as = NOBODY), 200);
    CHECK_EQ(ASK("GET", "/console", .as = NOBODY), 200);
    CHECK(memmem(r->body, r->len, "<!doctype html>", 15) != NULL);
    CHECK_EQ(ASK("GET", "/console/index.html", .as = NOBODY), 200);
    CHECK_EQ(ASK("GET", "/console/nothing.js", .as = NOBODY), 404);
    CHECK_EQ(ASK("GET", "/console/..%2fgenesis", .as = NOBODY), 404);
    CHECK_EQ(ASK("GET", "/console/A", .as = NOBODY), 400);
    CHECK_EQ(ASK("POST", "/console/", .as = NOBODY), 405);
    rig_close(r);
}

TEST(the_law_has_no_words_here_and_says_so)
{
    struct rig *r = rig_new();
    CHECK_EQ(ASK("GET", "/v1/words", .as = 1), 404);
    CHECK_STR(said(r, "message"), "this node has no words for the law of this space");
    CHECK_EQ(ASK("GET", "/v1/tokens/" ID, .as = 1), 404);
    CHECK_EQ(ASK("GET", "/v1/rights/" ID, .as = 1), 404);
    CHECK_EQ(ASK("GET", "/v1/locks/" ID, .as = 1), 404);
    struct node_event none;
    r->node.event = &none;
    CHECK_EQ(ASK("GET", "/v1/tokens", .as = 1), 200);
    rig_close(r);
}
