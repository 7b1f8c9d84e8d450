#include "base/json.h"
#include "tests/test.h"

#include <stdlib.h>

static void check_canonical(const char *text, const char *want)
{
    json_t *j;
    char *out;
    size_t len;
    CHECK_OK(json_read(bytes_of_str(text), 1 << 16, &j, NULL));
    CHECK_OK(json_write_canonical(j, &out, &len));
    CHECK_STR(out, want);
    CHECK_EQ(len, strlen(want));
    json_text_free(out);
    json_free(j);
}

TEST(members_are_sorted_by_utf_16_code_units_as_in_rfc_8785)
{
    check_canonical("{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew\","
                    "\"1\":\"One\",\"\\ud83d\\ude00\":\"Smiley\",\"\\u0080\":\"Control\","
                    "\"\\u00f6\":\"Latin\"}",
                    "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
                    "\"\xc3\xb6\":\"Latin\",\"\xe2\x82\xac\":\"Euro Sign\","
                    "\"\xf0\x9f\x98\x80\":\"Smiley\",\"\xef\xac\xb3\":\"Hebrew\"}");
}

TEST(strings_and_literals_are_written_as_in_rfc_8785)
{
    check_canonical("{ \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\", "
                    "\"literals\": [null, true, false], \"e\": {}, \"a\": [ ] }",
                    "{\"a\":[],\"e\":{},\"literals\":[null,true,false],\"string\":"
                    "\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

TEST(the_published_document_has_the_published_canonical_form)
{
    const char *dir = test_shared_dir();
    char path[4200];
    uint8_t *text, *want;
    size_t text_len, want_len, len;
    snprintf(path, sizeof path, "%s/vectors/w3c/unsigned.json", dir == NULL ? "" : dir);
    if (dir == NULL || !test_read_file(path, &text, &text_len)) {
        SKIP("no shared/vectors/w3c");
    }
    snprintf(path, sizeof path, "%s/vectors/w3c/eddsa-jcs-2022/canonDocJCS.txt", dir);
    CHECK(test_read_file(path, &want, &want_len));
    json_t *j;
    char *out;
    CHECK_OK(json_read(bytes_of(text, text_len), 1 << 16, &j, NULL));
    CHECK_OK(json_write_canonical(j, &out, &len));
    CHECK_BYTES(bytes_of(out, len), bytes_of(want, want_len));
    json_text_free(out);
    json_free(j);
    free(text);
    free(want);
}

TEST(what_is_not_plain_json_of_integers_is_refused_with_line_and_column)
{
    static const struct {
        const char *text, *why;
    } ROWS[] = {
        { "{\"a\":1,\"a\":2}", "duplicate" },
        { "{\"a\":1,\"\\u0061\":2}", "duplicate" },
        { "[\n 1.5]", "line 2, column 3" },
        { "1e3", "exponent" },
        { "[NaN]", "line 1" },
        { "[1] x", "line 1" },
        { "", "line" },
        { "{\"a\":9223372036854775808}", "line 1" },
        { "\"\\u0000\"", "line 1" },
        { "\"\xff\"", "line 1" },
        { "[1,]", "line 1" },
        { "\"\\", "line 1" },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        json_t *j = NULL;
        char why[JSON_ERROR_SIZE] = "";
        CHECK_ERR(json_read(bytes_of_str(ROWS[i].text), 100, &j, why), ERR_UNREADABLE);
        CHECK(j == NULL);
        if (strstr(why, ROWS[i].why) == NULL) {
            test_fail(__FILE__, __LINE__, why);
        }
    }
    json_t *j = NULL;
    CHECK_ERR(json_read(bytes_of_str("[1]"), 2, &j, NULL), ERR_SIZE);
}

TEST(nesting_is_bounded_before_jansson_recurses)
{
    char text[2 * JSON_DEPTH_MAX + 2], why[JSON_ERROR_SIZE];
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    json_t *j;
    CHECK_OK(json_read(bytes_of(text, 2 * JSON_DEPTH_MAX), 1000, &j, why));
    char *out;
    size_t len;
    CHECK_OK(json_write_canonical(j, &out, &len));
    CHECK_EQ(len, 2 * JSON_DEPTH_MAX);
    json_text_free(out);
    json_t *deeper = json_new_array();
    json_push(deeper, j);
    CHECK_ERR(json_write_canonical(deeper, &out, &len), ERR_RANGE);
    json_free(deeper);
    memset(text, '[', JSON_DEPTH_MAX + 1);
    CHECK_ERR(json_read(bytes_of(text, 2 * JSON_DEPTH_MAX), 1000, &j, why), ERR_UNREADABLE);
    CHECK(strstr(why, "deep") != NULL);
}

TEST(canonical_integers_end_at_2_to_the_53)
{
    char *out;
    size_t len;
    check_canonical("[9007199254740991,-9007199254740991,-0]",
                    "[9007199254740991,-9007199254740991,0]");
    json_t *j = json_new_int(INT64_C(9007199254740992));
    CHECK_ERR(json_write_canonical(j, &out, &len), ERR_RANGE);
    CHECK_OK(json_write_line(j, &out, &len));
    CHECK_STR(out, "9007199254740992\n");
    json_text_free(out);
    json_free(j);
}

TEST(builders_getters_and_the_pretty_form_agree)
{
    struct hash h = { { 0xab } }, got_hash;
    json_t *o = json_new_object();
    json_put(o, "u", json_new_u64(UINT64_MAX));
    json_put(o, "b", json_new_bool(true));
    json_put(o, "h", json_new_hash(&h));
    json_put(o, "i", json_new_int(-5));
    uint64_t u = 0;
    int64_t i = 0;
    bool b = false;
    const char *s = NULL;
    CHECK_OK(json_get_u64(o, "u", &u));
    CHECK_OK(json_get_bool(o, "b", &b));
    CHECK_OK(json_get_hash(o, "h", &got_hash));
    CHECK_OK(json_get_int(o, "i", &i));
    CHECK(u == UINT64_MAX && b && i == -5 && hash_equal(&h, &got_hash));
    CHECK_ERR(json_get_str(o, "none", &s), ERR_NOT_FOUND);
    CHECK_ERR(json_get_str(o, "i", &s), ERR_UNREADABLE);
    CHECK_ERR(json_get_hash(o, "u", &got_hash), ERR_UNREADABLE);
    CHECK_ERR(json_get_u64(o, "h", &u), ERR_UNREADABLE);
    static const char *const KNOWN[] = { "u", "b", "h", NULL };
    CHECK_ERR(json_only(o, KNOWN, &s), ERR_UNKNOWN_WORD);
    CHECK_STR(s, "i");
    json_free(o);
    o = json_new_object();
    json_put(o, "z", json_new_time(0));
    json_put(o, "a", json_new_base64url(bytes_of_str("fo")));
    char *out;
    size_t len;
    CHECK_OK(json_write_pretty(o, &out, &len));
    CHECK_STR(out, "{\n  \"z\": \"1970-01-01T00:00:00.000Z\",\n  \"a\": \"Zm8\"\n}\n");
    json_text_free(out);
    json_free(o);
}
