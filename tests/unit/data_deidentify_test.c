#include <stdlib.h>

#include "data/data.h"
#include "tests/test.h"

enum { ROOM = 64 * 1024 * 1024 };
static struct profile profile;
static struct deidentified report;
static char why[CSV_WHY_SIZE];

static enum err read_template(const char *text, struct template_ **out)
{
    why[0] = '\0';
    return template_read(bytes_of_str(text), out, why);
}

static struct template_ *ecommerce(void)
{
    uint8_t *text;
    size_t len;
    struct template_ *t = NULL;
    if (!test_read_file(CARNET_SOURCE_DIR "/templates/ecommerce.json", &text, &len)) {
        return NULL;
    }
    if (template_read(bytes_of(text, len), &t, why) != ERR_NONE) {
        printf("# %s\n", why);
    }
    free(text);
    return t;
}

/* Profile and write again; *out is a text that ends in a zero. */
static enum err run(struct bytes csv, const struct template_ *t, char **out)
{
    void *memory = malloc(ROOM);
    struct arena arena = arena_over(memory, ROOM);
    uint8_t *written = NULL;
    size_t len = 0;
    enum err e = data_profile(csv, arena, &profile, why);
    if (e == ERR_NONE) {
        e = data_deidentify(csv, &profile, t, bytes_of(NULL, 0), arena, &written, &len, &report,
                            why);
    }
    if (e == ERR_NONE) {
        *out = realloc(written, len + 1);
        (*out)[len] = '\0';
    }
    free(memory);
    return e;
}

TEST(the_template_of_the_online_shop_says_what_it_is_and_what_must_stay)
{
    struct template_ *t = ecommerce();
    const char *sector;
    CHECK(t != NULL);
    CHECK_STR(template_name(t), "ecommerce");
    CHECK_OK(json_get_str(template_facts(t), "sector", &sector));
    CHECK_STR(sector, "ecommerce");
    CHECK_EQ(json_size(json_member(template_facts(t), "classes")), 1);

    static const struct {
        const char *name;
        enum column_class class;
        bool drops;
    } ROWS[] = {
        { "CustomerID", COLUMN_PERSONAL, true },
        { "x", COLUMN_PERSONAL, true },
        { "x", COLUMN_SENSITIVE, true },
        { "x", COLUMN_FINANCIAL, true },
        { "x", COLUMN_HEALTH, true },
        { "UnitPrice", COLUMN_OTHER, false },
        { "Our CUSTOMERS", COLUMN_OTHER, true },
        { "Custom", COLUMN_OTHER, false },
        { "订单备注", COLUMN_OTHER, true },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct column c = { .class = ROWS[i].class };
        struct treatment x;
        snprintf(c.name, sizeof c.name, "%s", ROWS[i].name);
        CHECK_EQ(template_drops(t, &c), ROWS[i].drops);
        template_treatment(t, &c, &x);
        CHECK((x.why_en != NULL) == ROWS[i].drops && (x.why_zh != NULL) == ROWS[i].drops);
    }
    template_free(t);
}

#define HEAD "{\"template\":\"t\",\"title\":{\"en\":\"a\",\"zh\":\"b\"},\"facts\":{}"
#define WHY  "\"why\":{\"en\":\"a\",\"zh\":\"b\"}"

TEST(a_template_with_anything_unknown_or_missing_is_refused_with_the_reason)
{
    static const struct {
        const char *text, *reason;
    } ROWS[] = {
        { "", "" },
        { "[]", "template: not an object" },
        { HEAD "}", "\"drop\" must be a list" },
        { HEAD ",\"drop\":[]}", "\"drop\" must be a list" },
        { HEAD ",\"drop\":{}}", "\"drop\" must be a list" },
        { HEAD ",\"drop\":[3]}", "drop: not an object" },
        { HEAD ",\"drop\":[{\"class\":\"personal\"}]}", "\"why\" is missing" },
        { HEAD ",\"drop\":[{" WHY "}]}", "either \"class\" or \"name\"" },
        { HEAD ",\"drop\":[{\"class\":\"personal\",\"name\":\"x\"," WHY "}]}", "either" },
        { HEAD ",\"drop\":[{\"class\":\"secret\"," WHY "}]}", "no class \"secret\"" },
        { HEAD ",\"drop\":[{\"class\":\"other\"," WHY "}]}", "no class \"other\"" },
        { HEAD ",\"drop\":[{\"name\":\"\"," WHY "}]}", "\"name\" must be a text" },
        { HEAD ",\"drop\":[{\"name\":\"x\",\"why\":{\"en\":\"a\"}}]}", "\"zh\" must be a text" },
        { HEAD ",\"drop\":[{\"name\":\"x\"," WHY ",\"z\":1}]}", "unknown member \"z\"" },
        { HEAD ",\"price\":1,\"drop\":[{\"name\":\"x\"," WHY "}]}", "unknown member \"price\"" },
        { "{\"template\":\"T\"}", "a-z" },
        { "{\"template\":\"t\"}", "\"title\" is missing" },
        { "{\"template\":\"t\",\"template\":\"t\"}", "" }, /* a member twice */
        { "{\"template\":\"t\",\"title\":{\"en\":\"a\",\"zh\":\"b\"}}", "\"facts\" is missing" },
        { "{\"template\":\"t\",\"title\":{\"en\":\"a\",\"zh\":\"b\"},\"facts\":{\"from\":\"CN\"}}",
          "facts: unknown member \"from\"" },
    };
    struct template_ *t = NULL;
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        CHECK_ERR(read_template(ROWS[i].text, &t), ERR_UNREADABLE);
        if (strstr(why, ROWS[i].reason) == NULL || why[0] == '\0') {
            CHECK_STR(why, ROWS[i].reason);
        }
        CHECK(t == NULL);
    }
}

/* The hash is of the canonical form, so white space and order of members say nothing. */
TEST(the_hash_of_a_template_is_of_what_it_says)
{
    struct template_ *a, *b, *c;
    struct hash ha, hb, hc;
    CHECK_OK(read_template(HEAD ",\"drop\":[{\"name\":\"x\"," WHY "}]}", &a));
    CHECK_OK(read_template("{ \"drop\": [{" WHY ", \"name\": \"x\"}], \"facts\": {},\n\"title\":"
                           "{\"zh\":\"b\",\"en\":\"a\"}, \"template\":\"t\"}",
                           &b));
    CHECK_OK(read_template(HEAD ",\"drop\":[{\"name\":\"y\"," WHY "}]}", &c));
    template_hash(suite_intl(), a, &ha);
    template_hash(suite_intl(), b, &hb);
    template_hash(suite_intl(), c, &hc);
    CHECK(hash_equal(&ha, &hb) && !hash_equal(&ha, &hc));
    template_free(a);
    template_free(b);
    template_free(c);
}

TEST(what_leaves_is_plain_csv_without_the_dropped_columns)
{
    struct template_ *t = ecommerce();
    char *out;
    CHECK_OK(run(bytes_of_str("\xef\xbb\xbf"
                              "No;CustomerID;Price;Text;When\r\n"
                              "1;17850;2,55;\"a, \"\"b\"\"\";1/12/2010 08:26\r\n"
                              "2;;1.234,5;\"two\nlines\";2/12/2010\r\n"
                              "\r\n"
                              "3;17851;15;1,5 or so;\r\n"),
                 t, &out));
    CHECK_STR(out, "No,Price,Text,When\n"
                   "1,2.55,\"a, \"\"b\"\"\",1/12/2010 08:26\n"
                   "2,1234.5,\"two\nlines\",2/12/2010\n"
                   "3,15,\"1,5 or so\",\n");
    free(out);
    CHECK_OK(run(bytes_of_str("x,customer\n,1\ny,2\n"), t, &out)); /* an empty line would be lost */
    CHECK_STR(out, "x\n\"\"\ny\n");
    free(out);
    template_free(t);
}

TEST(a_file_of_which_nothing_may_leave_is_refused)
{
    struct template_ *t = ecommerce();
    char *out = NULL;
    CHECK_ERR(run(bytes_of_str("email,customer\na@b.de,1\n"), t, &out), ERR_UNREADABLE);
    CHECK_STR(why, "template ecommerce drops every column");
    template_free(t);
}

TEST(a_profile_of_another_file_and_a_row_that_breaks_leave_nothing_behind)
{
    struct template_ *t = ecommerce();
    void *memory = malloc(ROOM);
    struct arena arena = arena_over(memory, ROOM);
    uint8_t *out = NULL;
    size_t len = 77;
    CHECK_OK(data_profile(bytes_of_str("a,b\n1,2\n"), arena, &profile, why));
    CHECK_ERR(data_deidentify(bytes_of_str("a,c\n1,2\n"), &profile, t, bytes_of(NULL, 0), arena,
                              &out, &len, &report, why),
              ERR_UNREADABLE);
    CHECK_STR(why, "the profile is that of another file");
    CHECK_ERR(data_deidentify(bytes_of_str("a,b,c\n1,2,3\n"), &profile, t, bytes_of(NULL, 0), arena,
                              &out, &len, &report, why),
              ERR_UNREADABLE);
    CHECK_ERR(data_deidentify(bytes_of_str("a,b\n1,2\n3\n"), &profile, t, bytes_of(NULL, 0), arena,
                              &out, &len, &report, why),
              ERR_UNREADABLE);
    CHECK_STR(why, "line 3: 1 fields where the header has 2");
    CHECK(out == NULL && len == 77);
    free(memory);
    template_free(t);
}

/* What was written is read again: the same rows, and the values that stayed, under another dialect.
 */
static void check_survives(struct bytes file, const struct template_ *t, const char *dropped)
{
    char *out = NULL, *twice = NULL;
    CHECK_OK(run(file, t, &out));
    uint64_t rows = profile.rows;
    uint32_t columns = profile.columns, kept = 0;
    for (uint32_t i = 0; i < columns; i++) {
        kept += !template_drops(t, &profile.column[i]);
    }
    CHECK_OK(run(bytes_of_str(out), t, &twice));
    CHECK(profile.rows == rows && profile.columns == kept && kept < columns);
    CHECK(profile.separator == ',' && !profile.had_bom && !profile.decimal_comma);
    CHECK_STR(twice, out); /* nothing more to drop or to change */
    CHECK(strstr(out, dropped) == NULL && strchr(out, '\r') == NULL);
    free(out);
    free(twice);
}

TEST(the_real_online_shop_leaves_without_its_customers)
{
    uint8_t *file;
    size_t len;
    char path[4400];
    struct template_ *t = ecommerce();
    const char *shared = test_shared_dir();
    snprintf(path, sizeof path, "%s/data/online_retail.csv", shared != NULL ? shared : "");
    if (shared == NULL || !test_read_file(path, &file, &len)) {
        template_free(t);
        SKIP("../shared/data is not there");
    }
    check_survives(bytes_of(file, len), t, "17850");
    free(file);
    template_free(t);
}

TEST(the_sample_shop_is_the_same_bytes_for_a_seed_and_leaves_without_its_customers)
{
    uint8_t *a, *b, *c;
    size_t a_len, b_len, c_len;
    struct template_ *t = ecommerce();
    CHECK_OK(data_sample_retail(7, 10000, &a, &a_len));
    CHECK_OK(data_sample_retail(7, 10000, &b, &b_len));
    CHECK_OK(data_sample_retail(8, 10000, &c, &c_len));
    CHECK_BYTES(bytes_of(a, a_len), bytes_of(b, b_len));
    CHECK(!bytes_equal(bytes_of(a, a_len), bytes_of(c, c_len)));
    CHECK(a_len > 700000 && a_len < 900000);
    check_survives(bytes_of(a, a_len), t, ";12400;");
    void *memory = malloc(ROOM);
    CHECK_OK(data_profile(bytes_of(a, a_len), arena_over(memory, ROOM), &profile, why));
    free(memory);
    CHECK(profile.rows == 10000 && profile.columns == 8 && profile.separator == ';');
    CHECK(profile.had_bom && profile.decimal_comma);
    CHECK(memmem(a, a_len, "\"\"", 2) != NULL && memmem(a, a_len, ";;", 2) != NULL);
    CHECK_ERR(data_sample_retail(7, 0, &b, &b_len), ERR_RANGE);
    CHECK_ERR(data_sample_retail(7, 1000001, &b, &b_len), ERR_RANGE);
    free(a);
    free(b);
    free(c);
    template_free(t);
}
