#include "api/sessions_internal.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "tests/fixtures/api_rig.h"

static struct hash party(uint8_t n)
{
    struct hash h = { { n, 1 } };
    return h;
}

static struct session_word word(uint8_t n)
{
    struct session_word w = { { n, 2 } };
    return w;
}

static struct sessions *fresh(void)
{
    static struct sessions s;
    s = (struct sessions){ .suite = suite_intl() };
    return &s;
}

TEST(a_word_stands_for_the_participant_that_asked_for_it)
{
    struct sessions *s = fresh();
    struct hash a = party(1), b = party(2), who;
    struct session_word wa = word(1), wb = word(2), neither = word(3);
    CHECK_OK(sessions_open(s, &a, &wa, 1000));
    CHECK_OK(sessions_open(s, &b, &wb, 1000));
    CHECK_OK(sessions_use(s, &wb, 1000, &who));
    CHECK(hash_equal(&who, &b));
    CHECK_OK(sessions_use(s, &wa, 1000, &who));
    CHECK(hash_equal(&who, &a));
    who = party(9);
    CHECK_ERR(sessions_use(s, &neither, 1000, &who), ERR_NOT_FOUND);
    CHECK_EQ(who.b[0], 9);
}

TEST(the_table_holds_hashes_and_no_words)
{
    struct sessions *s = fresh();
    struct hash a = party(1);
    struct session_word w;
    memset(w.b, 0xa5, sizeof w.b);
    CHECK_OK(sessions_open(s, &a, &w, 1000));
    CHECK(memmem(s, sizeof *s, w.b, 8) == NULL);
}

TEST(a_session_ends_an_hour_after_it_was_last_used)
{
    struct sessions *s = fresh();
    struct hash a = party(1), who;
    struct session_word w = word(1);
    CHECK_OK(sessions_open(s, &a, &w, 1000));
    CHECK_OK(sessions_use(s, &w, 1000 + API_SESSION_IDLE_MS - 1, &who));
    CHECK_OK(sessions_use(s, &w, 1000 + 2 * API_SESSION_IDLE_MS - 2, &who));
    CHECK_ERR(sessions_use(s, &w, 1000 + 3 * (uint64_t)API_SESSION_IDLE_MS - 2, &who),
              ERR_NOT_FOUND);
}

TEST(a_session_ends_after_eight_hours_however_much_it_is_used)
{
    struct sessions *s = fresh();
    struct hash a = party(1), who;
    struct session_word w = word(1);
    CHECK_OK(sessions_open(s, &a, &w, 0));
    for (uint64_t t = 0; t < API_SESSION_LIFE_MS; t += 1000 * 1000) {
        CHECK_OK(sessions_use(s, &w, t, &who));
    }
    CHECK_OK(sessions_use(s, &w, API_SESSION_LIFE_MS - 1, &who));
    CHECK_ERR(sessions_use(s, &w, API_SESSION_LIFE_MS, &who), ERR_NOT_FOUND);
}

TEST(a_clock_set_back_ends_no_session_and_makes_none_younger)
{
    struct sessions *s = fresh();
    struct hash a = party(1), who;
    struct session_word w = word(1);
    CHECK_OK(sessions_open(s, &a, &w, 5000000));
    CHECK_OK(sessions_use(s, &w, 1000, &who));
    CHECK_ERR(sessions_use(s, &w, 5000000 + API_SESSION_IDLE_MS, &who), ERR_NOT_FOUND);
}

TEST(an_ended_session_is_gone_and_others_are_not)
{
    struct sessions *s = fresh();
    struct hash a = party(1), who;
    struct session_word one = word(1), two = word(2);
    CHECK_OK(sessions_open(s, &a, &one, 0));
    CHECK_OK(sessions_open(s, &a, &two, 0));
    sessions_end(s, &one);
    sessions_end(s, &one);
    CHECK_ERR(sessions_use(s, &one, 0, &who), ERR_NOT_FOUND);
    CHECK_OK(sessions_use(s, &two, 0, &who));
}

TEST(one_too_many_of_ones_own_ends_the_one_used_longest_ago)
{
    struct sessions *s = fresh();
    struct hash a = party(1), b = party(2), who;
    struct session_word foreign = word(100);
    CHECK_OK(sessions_open(s, &b, &foreign, 0));
    for (unsigned i = 0; i < API_SESSIONS_EACH_MAX; i++) {
        struct session_word w = word((uint8_t)i);
        CHECK_OK(sessions_open(s, &a, &w, 10 + i));
    }
    struct session_word first = word(0), second = word(1), more = word(50);
    CHECK_OK(sessions_use(s, &first, 99, &who)); /* so the second is the oldest */
    CHECK_OK(sessions_open(s, &a, &more, 100));
    CHECK_ERR(sessions_use(s, &second, 100, &who), ERR_NOT_FOUND);
    CHECK_OK(sessions_use(s, &first, 100, &who));
    CHECK_OK(sessions_use(s, &more, 100, &who));
    CHECK_OK(sessions_use(s, &foreign, 100, &who));
}

TEST(a_full_table_refuses_until_a_session_ends)
{
    struct sessions *s = fresh();
    struct hash late = party(200);
    struct session_word w = word(200);
    for (unsigned i = 0; i < API_SESSIONS_MAX; i++) {
        struct hash p = party((uint8_t)(i / API_SESSIONS_EACH_MAX));
        struct session_word x = word((uint8_t)i);
        CHECK_OK(sessions_open(s, &p, &x, 1000));
    }
    CHECK_ERR(sessions_open(s, &late, &w, 1000), ERR_BUSY);
    CHECK_OK(sessions_open(s, &late, &w, 1000 + API_SESSION_IDLE_MS));
}

TEST(a_word_has_exactly_its_form)
{
    struct session_word w;
    static const char FINE[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    CHECK_OK(session_word_read(FINE, 43, &w));
    CHECK_EQ(w.b[31], 31);
    CHECK_ERR(session_word_read(FINE, 42, &w), ERR_ENCODING);
    CHECK_ERR(session_word_read("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", 44, &w),
              ERR_ENCODING);
    CHECK_ERR(session_word_read("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9", 43, &w),
              ERR_ENCODING); /* bits past the end */
    CHECK_ERR(session_word_read("", 0, &w), ERR_ENCODING);
}

static const char *bearer(struct rig *r, uint32_t as)
{
    static char header[128];
    pki_must(ASK("POST", "/v1/sessions", .as = as) == 200 ? ERR_NONE : ERR_FAILED);
    (void)snprintf(header, sizeof header, "Authorization: Bearer %s", said(r, "session"));
    return header;
}

TEST(a_session_reads_what_its_participant_may_and_writes_nothing)
{
    struct rig *r = rig_new();
    const char *w = bearer(r, 1);
    r->node.big = 10;
    CHECK_EQ(ASK("GET", "/v1/genesis", .as = NOBODY, .header = w), 200);
    CHECK_EQ(ASK("GET", "/v1/attachments/" ID, .as = NOBODY, .header = w), 200);
    CHECK_EQ(ASK("GET", "/v1/fetches/" ID, .as = NOBODY, .header = w), 403);
    CHECK_EQ(ASK("POST", "/v1/tx", .as = NOBODY, .header = w, .body = bytes_of_str("x")), 403);
    CHECK_STR(said(r, "message"), "a session of the console only reads");
    CHECK_EQ(ASK("POST", "/v1/sessions", .as = NOBODY, .header = w), 403);
    CHECK_EQ(ASK("POST", "/v1/fetches/" ID, .as = NOBODY, .header = w), 403);
    CHECK_EQ(r->node.submitted, 0);
    w = bearer(r, 0);
    CHECK_EQ(ASK("GET", "/v1/attachments/" ID, .as = NOBODY, .header = w), 403);
    rig_close(r);
}

TEST(a_session_ends_itself_and_only_itself)
{
    struct rig *r = rig_new();
    char one[128];
    (void)snprintf(one, sizeof one, "%s", bearer(r, 1));
    const char *two = bearer(r, 1);
    CHECK_EQ(ASK("DELETE", "/v1/sessions", .as = 1), 401);
    CHECK_EQ(ASK("DELETE", "/v1/sessions", .as = NOBODY, .header = one), 200);
    CHECK_EQ(ASK("GET", "/v1/genesis", .as = NOBODY, .header = one), 401);
    CHECK_STR(said(r, "message"), "this session has ended, or never began");
    CHECK_EQ(ASK("DELETE", "/v1/sessions", .as = NOBODY, .header = one), 401);
    CHECK_EQ(ASK("GET", "/v1/genesis", .as = NOBODY, .header = two), 200);
    r->node.clock_ms += API_SESSION_IDLE_MS;
    CHECK_EQ(ASK("GET", "/v1/genesis", .as = NOBODY, .header = two), 401);
    rig_close(r);
}

TEST(what_is_no_word_opens_nothing)
{
    struct rig *r = rig_new();
    static const char *const HEADERS[] = {
        "Authorization: Bearer AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "Authorization: Bearer ",
        "Authorization: Bearer x",
        "Authorization: Basic dXNlcjpwYXNz",
        "Authorization: Bearer AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AAAAAAAAAAAAAAAAAAAAA",
    };
    for (size_t i = 0; i < COUNT(HEADERS); i++) {
        CHECK_EQ(ASK("GET", "/v1/space", .as = NOBODY, .header = HEADERS[i]), 401);
    }
    CHECK_EQ(ASK("GET", "/v1/space", .as = NOBODY), 401);
    CHECK_EQ(ASK("POST", "/v1/sessions", .as = NOBODY), 401);
    rig_close(r);
}

TEST(names_of_this_machine_are_told_to_its_own_participant_alone)
{
    struct rig *r = rig_new();
    char dir[TEST_FOLDER_SIZE], path[256], hex[HEX_SIZE(HASH_SIZE) + 1];
    test_folder("names", dir);
    (void)snprintf(path, sizeof path, "%s/keys", dir);
    CHECK_EQ(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/keys/anna.did", dir);
    FILE *f = fopen(path, "w");
    CHECK(f != NULL);
    hex_encode(bytes_of_hash(&r->node.pki.participant[1].id), hex);
    (void)fprintf(f, "%s\n", hex);
    (void)fclose(f);
    (void)snprintf(r->node.dir, sizeof r->node.dir, "%s", dir);
    api_close(r->api);
    char why[NODE_WHY_SIZE];
    CHECK_OK(api_open(&r->node, &r->api, why));
    CHECK_EQ(ASK("GET", "/v1/space", .as = 0), 200);
    CHECK(memmem(r->body, r->len, "\"anna\"", 6) != NULL);
    CHECK_EQ(ASK("GET", "/v1/space", .as = 1), 200);
    CHECK(memmem(r->body, r->len, "\"anna\"", 6) == NULL);
    rig_close(r);
}
