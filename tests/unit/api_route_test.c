#include "api/route_internal.h"
#include "tests/test.h"

#define ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* A table of its own, so that what is tested is the matching and not the routes of the day. */
static const struct api_route TABLE[] = {
    { .method = "GET", .pattern = "/v1/status" },
    { .method = "POST", .pattern = "/v1/tx" },
    { .method = "GET", .pattern = "/v1/tx/{tx}", .query = API_QUERY_WAIT },
    { .method = "GET", .pattern = "/v1/tx/{tx}/proof" },
    { .method = "GET", .pattern = "/v1/state/{contract}/{key}" },
    { .method = "GET", .pattern = "/v1/blocks/{height}" },
    { .method = "GET",
      .pattern = "/v1/events",
      .query = API_QUERY_SUBJECT | API_QUERY_FROM | API_QUERY_MAX },
    { .method = "PUT", .pattern = "/v1/seals/{seal}/chunks/{index}" },
    { .method = "GET", .pattern = "/v1/seals/{seal}/chunks/{index}" },
};

static enum err match(const char *method, const char *target, struct api_match *m)
{
    return api_route_match(TABLE, COUNT(TABLE), method, target, m);
}

static enum err refused(const char *method, const char *target)
{
    struct api_match m;
    enum err e = match(method, target, &m);
    return e == ERR_NONE || m.route != NULL || m.args.present != 0 ? ERR_NONE : e;
}

TEST(a_path_finds_its_row_and_its_method_chooses_among_rows)
{
    struct api_match m;
    CHECK_OK(match("GET", "/v1/status", &m));
    CHECK(m.route == &TABLE[0]);
    CHECK_OK(match("POST", "/v1/tx", &m));
    CHECK(m.route == &TABLE[1]);
    CHECK_OK(match("GET", "/v1/tx/" ID "/proof", &m));
    CHECK(m.route == &TABLE[3]);
    CHECK_EQ(m.args.id.b[1], 0x11);
    CHECK_OK(match("PUT", "/v1/seals/" ID "/chunks/12", &m));
    CHECK(m.route == &TABLE[7]);
    CHECK_OK(match("GET", "/v1/seals/" ID "/chunks/12", &m));
    CHECK(m.route == &TABLE[8]);
    CHECK_EQ(m.args.number, 12);
}

TEST(segments_are_decoded_by_their_kind)
{
    struct api_match m;
    CHECK_OK(match("GET", "/v1/state/65535/00ff", &m));
    CHECK_EQ(m.args.contract, 65535);
    CHECK_EQ(m.args.key_len, 2);
    CHECK_EQ(m.args.key[1], 0xff);
    CHECK_OK(match("GET", "/v1/blocks/0", &m));
    CHECK_EQ(m.args.number, 0);
    CHECK_OK(match("GET", "/v1/blocks/9007199254740991", &m));
    CHECK_EQ(m.args.number, API_HEIGHT_MAX);
}

TEST(an_unknown_path_is_not_found)
{
    static const char *const UNKNOWN[] = { "/",
                                           "",
                                           "/v1",
                                           "/v1/",
                                           "/v1/status/",
                                           "/v1/statu",
                                           "/v1/statusx",
                                           "/v1//status",
                                           "/v2/status",
                                           "v1/status",
                                           "/v1/tx/",
                                           "/v1/tx//proof",
                                           "/v1/tx/" ID "/proof/",
                                           "/v1/tx/" ID "/proofs",
                                           "/v1/Status" };
    for (size_t i = 0; i < COUNT(UNKNOWN); i++) {
        CHECK_ERR(refused("GET", UNKNOWN[i]), ERR_NOT_FOUND);
    }
}

TEST(a_known_path_with_another_method_says_which_it_takes)
{
    struct api_match m;
    CHECK_ERR(match("DELETE", "/v1/status", &m), ERR_UNSUPPORTED);
    CHECK_STR(m.allow, "GET");
    CHECK_ERR(match("GET", "/v1/tx", &m), ERR_UNSUPPORTED);
    CHECK_STR(m.allow, "POST");
    CHECK_ERR(match("get", "/v1/status", &m), ERR_UNSUPPORTED);
}

TEST(a_segment_of_another_kind_is_unreadable_and_is_named)
{
    struct api_match m;
    CHECK_ERR(match("GET", "/v1/tx/12", &m), ERR_UNREADABLE);
    CHECK_STR(m.wrong, "{tx}");
    CHECK_ERR(refused("GET", "/v1/tx/" ID "00"), ERR_UNREADABLE);
    CHECK_ERR(refused("GET", "/v1/tx/A0112233445566778899aabbccddeeff" ID), ERR_UNREADABLE);
    CHECK_ERR(refused("GET", "/v1/state/one/00"), ERR_UNREADABLE);
    CHECK_ERR(refused("GET", "/v1/state/1/0"), ERR_UNREADABLE);
    CHECK_ERR(refused("GET", "/v1/state/1/FF"), ERR_UNREADABLE);
    CHECK_ERR(refused("GET", "/v1/blocks/-1"), ERR_UNREADABLE);
    CHECK_ERR(refused("GET", "/v1/blocks/+1"), ERR_UNREADABLE);
    CHECK_ERR(refused("GET", "/v1/blocks/01"), ERR_UNREADABLE);
}

TEST(numbers_beyond_their_limits_are_out_of_range)
{
    CHECK_ERR(refused("GET", "/v1/state/65536/00"), ERR_RANGE);
    CHECK_ERR(refused("GET", "/v1/blocks/9007199254740992"), ERR_RANGE);
    CHECK_ERR(refused("GET", "/v1/blocks/99999999999999999999999999"), ERR_RANGE);
    CHECK_ERR(refused("PUT", "/v1/seals/" ID "/chunks/4294967296"), ERR_RANGE);
    CHECK_ERR(refused("GET", "/v1/tx/" ID "?wait_ms=30001"), ERR_RANGE);
    CHECK_ERR(refused("GET", "/v1/events?max=1001"), ERR_RANGE);
    CHECK_ERR(refused("GET", "/v1/events?max=0"), ERR_RANGE);
}

TEST(a_key_of_state_has_a_longest_form)
{
    char target[400] = "/v1/state/1/";
    struct api_match m;
    memset(target + 12, '0', HEX_SIZE(STATE_KEY_SIZE_MAX));
    CHECK_OK(match("GET", target, &m));
    CHECK_EQ(m.args.key_len, STATE_KEY_SIZE_MAX);
    memset(target + 12, '0', HEX_SIZE(STATE_KEY_SIZE_MAX + 1));
    CHECK_ERR(refused("GET", target), ERR_UNREADABLE);
}

TEST(members_of_a_query_are_read_in_any_order)
{
    struct api_match m;
    CHECK_OK(match("GET", "/v1/events?max=1000&subject=" ID "&from=7", &m));
    CHECK_EQ(m.args.present, API_QUERY_SUBJECT | API_QUERY_FROM | API_QUERY_MAX);
    CHECK_EQ(m.args.max, 1000);
    CHECK_EQ(m.args.from, 7);
    CHECK_EQ(m.args.subject.b[31], 0xff);
    CHECK_OK(match("GET", "/v1/tx/" ID "?wait_ms=30000", &m));
    CHECK_EQ(m.args.wait_ms, API_WAIT_MS_MAX);
    CHECK_OK(match("GET", "/v1/events", &m));
    CHECK_EQ(m.args.present, 0);
}

TEST(events_and_transactions_are_asked_for_by_names_of_the_contracts)
{
    struct api_match m;
    size_t count;
    const struct api_route *table = api_routes(&count);
    CHECK_OK(api_route_match(table, count, "GET",
                             "/v1/events?author=" ID "&type=token.minted&method=token.mint"
                             "&since_ms=12&until_ms=9007199254740991",
                             &m));
    CHECK_EQ(m.args.event_contract, CONTRACT_TOKEN);
    CHECK_EQ(m.args.event_type, EVENT_TOKEN_MINTED);
    CHECK_EQ(m.args.method, METHOD_TOKEN_MINT);
    CHECK_EQ(m.args.since_ms, 12);
    CHECK_EQ(m.args.until_ms, API_HEIGHT_MAX);
    CHECK_EQ(m.args.author.b[31], 0xff);
    static const struct {
        const char *target;
        enum err e;
    } REFUSED[] = { { "/v1/events?type=token.mint", ERR_UNKNOWN_WORD },
                    { "/v1/events?type=", ERR_UNKNOWN_WORD },
                    { "/v1/events?method=token.minted", ERR_UNKNOWN_WORD },
                    { "/v1/events?author=bank", ERR_UNREADABLE },
                    { "/v1/events?since_ms=9007199254740992", ERR_RANGE },
                    { "/v1/events?until_ms=-1", ERR_UNREADABLE },
                    { "/v1/txs?type=token.minted", ERR_UNKNOWN_WORD },
                    { "/v1/txs?subject=" ID, ERR_UNKNOWN_WORD } };
    for (size_t i = 0; i < COUNT(REFUSED); i++) {
        CHECK_ERR(api_route_match(table, count, "GET", REFUSED[i].target, &m), REFUSED[i].e);
    }
}

TEST(a_member_that_a_route_does_not_take_is_an_unknown_word)
{
    CHECK_ERR(refused("GET", "/v1/status?wait_ms=1"), ERR_UNKNOWN_WORD);
    CHECK_ERR(refused("GET", "/v1/events?wait_ms=1"), ERR_UNKNOWN_WORD);
    CHECK_ERR(refused("GET", "/v1/tx/" ID "?wait=1"), ERR_UNKNOWN_WORD);
    CHECK_ERR(refused("GET", "/v1/tx/" ID "?WAIT_MS=1"), ERR_UNKNOWN_WORD);
    CHECK_ERR(refused("GET", "/v1/tx/" ID "?&wait_ms=1"), ERR_UNKNOWN_WORD);
}

TEST(a_member_that_stands_twice_or_has_no_number_is_unreadable)
{
    struct api_match m;
    CHECK_ERR(match("GET", "/v1/events?from=1&from=2", &m), ERR_UNREADABLE);
    CHECK_STR(m.wrong, "from");
    CHECK_ERR(refused("GET", "/v1/tx/" ID "?wait_ms"), ERR_UNREADABLE);
    CHECK_ERR(refused("GET", "/v1/tx/" ID "?wait_ms="), ERR_UNREADABLE);
    CHECK_ERR(refused("GET", "/v1/tx/" ID "?wait_ms=1x"), ERR_UNREADABLE);
    CHECK_ERR(refused("GET", "/v1/events?subject=" ID "0"), ERR_UNREADABLE);
}
