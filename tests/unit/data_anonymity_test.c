#include <stdlib.h>

#include "data/deidentify_internal.h"
#include "tests/test.h"

enum { ROOM = 64 * 1024 * 1024 };
static struct profile profile;
static struct deidentified report;
static char why[CSV_WHY_SIZE];

#define WHY "\"why\":{\"en\":\"a\",\"zh\":\"b\"}"
#define ROLE(name, names, ladder)                                          \
    "{\"role\":\"" name "\",\"names\":[" names "],\"class\":\"personal\"," \
    "\"action\":\"generalise\",\"ladder\":[" ladder "]," WHY "}"
#define TEMPLATE(rules, quasi, k, percent)                                    \
    "{\"template\":\"t\",\"title\":{\"en\":\"a\",\"zh\":\"b\"},\"facts\":{}," \
    "\"drop\":[{\"class\":\"sensitive\"," WHY "}],\"columns\":[" rules        \
    "],\"quasi_identifiers\":[" quasi "],\"k\":" k ",\"suppress_max_percent\":" percent "}"
#define BANDS(width) "{\"bands\":{\"width\":" width ",\"from\":0,\"to\":100}}"
/* Ages climb from bands of ten to bands of fifty to nothing, sex stays or goes. */
#define AGE_SEX(k, percent)                                                            \
    TEMPLATE(ROLE("age", "\"age\"", BANDS("10") "," BANDS("50") ",\"hide\"") "," ROLE( \
                 "sex", "\"sex\"", "\"keep\",\"hide\""),                               \
             "\"age\",\"sex\"", k, percent)

static struct template_ *read_one(const char *text)
{
    struct template_ *t = NULL;
    if (template_read(bytes_of_str(text), &t, why) != ERR_NONE) {
        printf("# %s\n", why);
    }
    return t;
}

static struct template_ *release(const char *name)
{
    char path[512];
    uint8_t *text;
    size_t len;
    struct template_ *t = NULL;
    snprintf(path, sizeof path, "%s/templates/%s.json", CARNET_SOURCE_DIR, name);
    if (test_read_file(path, &text, &len)) {
        if (template_read(bytes_of(text, len), &t, why) != ERR_NONE) {
            printf("# %s\n", why);
        }
        free(text);
    }
    return t;
}

/* *out ends in a zero; untouched on an error. */
static enum err run(struct bytes csv, const struct template_ *t, char **out)
{
    void *memory = malloc(ROOM);
    struct arena arena = arena_over(memory, ROOM);
    uint8_t *written;
    size_t len;
    why[0] = '\0';
    enum err e = data_profile(csv, arena, &profile, why);
    e = e != ERR_NONE ? e
                      : data_deidentify(csv, &profile, t, bytes_of_str("key"), arena, &written,
                                        &len, &report, why);
    if (e == ERR_NONE) {
        *out = realloc(written, len + 1);
        (*out)[len] = '\0';
    }
    free(memory);
    return e;
}

TEST(k_holds_at_the_lowest_steps_and_what_is_still_too_few_goes)
{
    static const char CSV[] = "age,sex,x\n31,1,a\n35,1,b\n38,2,c\n41,2,d\n44,2,e\n99,1,f\n";
    char *out;
    struct template_ *t = read_one(AGE_SEX("2", "50"));
    CHECK_OK(run(bytes_of_str(CSV), t, &out));
    CHECK_STR(out, "age,sex,x\n30..<40,1,a\n30..<40,1,b\n40..<50,2,d\n40..<50,2,e\n");
    CHECK(report.rows_in == 6 && report.rows_out == 4 && report.k_min == 2);
    CHECK(report.k_before == 1 && report.k_after == 2 && report.quasi_count == 2);
    CHECK(report.level[0] == 0 && report.level[1] == 0 && report.distinct_after[0] == 2);
    free(out);
    template_free(t);
    /* Two of six are 33 %: a share of 32 makes the age climb, where one of six goes. */
    t = read_one(AGE_SEX("2", "32"));
    CHECK_OK(run(bytes_of_str(CSV), t, &out));
    CHECK_STR(out, "age,sex,x\n0..<50,1,a\n0..<50,1,b\n0..<50,2,c\n0..<50,2,d\n0..<50,2,e\n");
    CHECK(report.level[0] == 1 && report.level[1] == 0 && report.rows_out == 5);
    free(out);
    template_free(t);
    /* No row may go: the age climbs, then the sex, then the age again. */
    t = read_one(AGE_SEX("2", "0"));
    CHECK_OK(run(bytes_of_str(CSV), t, &out));
    CHECK(report.level[0] == 2 && report.level[1] == 1 && report.rows_out == 6);
    CHECK(report.k_after == 6 && strstr(out, "*,*,f\n") != NULL);
    free(out);
    template_free(t);
}

TEST(a_share_of_rows_is_a_limit_and_not_one_below_it)
{
    /* One of four is 25 %. */
    static const char CSV[] = "age,sex\n1,1\n2,1\n3,1\n77,1\n";
    static const struct {
        const char *text;
        uint64_t rows;
    } ROWS[] = { { AGE_SEX("2", "25"), 3 }, { AGE_SEX("2", "24"), 4 } };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char *out;
        struct template_ *t = read_one(ROWS[i].text);
        CHECK_OK(run(bytes_of_str(CSV), t, &out));
        CHECK_EQ(report.rows_out, ROWS[i].rows);
        free(out);
        template_free(t);
    }
}

TEST(k_is_met_by_as_many_rows_and_refused_by_one_fewer)
{
    char *out = NULL;
    struct template_ *t = read_one(AGE_SEX("3", "100"));
    CHECK_ERR(run(bytes_of_str("age,sex\n1,1\n2,2\n"), t, &out), ERR_REFUSED);
    CHECK_STR(why, "k = 3: even at the widest step 2 of 2 rows would have to go, more than 100 %");
    CHECK(out == NULL);
    CHECK_OK(run(bytes_of_str("age,sex\n1,1\n2,2\n3,1\n"), t, &out));
    CHECK_STR(out, "age,sex\n0..<50,*\n0..<50,*\n0..<50,*\n");
    free(out);
    template_free(t);
}

TEST(a_quasi_identifier_that_is_not_there_is_named)
{
    char *out = NULL;
    struct template_ *t = read_one(AGE_SEX("2", "5"));
    CHECK_ERR(run(bytes_of_str("age,gender\n1,1\n"), t, &out), ERR_UNREADABLE);
    CHECK_STR(why, "no column answers to the quasi-identifier \"sex\" of template t");
    template_free(t);
    /* All columns that answer to a role are quasi-identifiers, up to the limit. */
    t = read_one(TEMPLATE(ROLE("q", "\"q*\"", "\"keep\""), "\"q\"", "2", "0"));
    CHECK_OK(
        run(bytes_of_str("q1,q2,q3,q4,q5,q6,q7,q8\n1,1,1,1,1,1,1,1\n1,1,1,1,1,1,1,1\n"), t, &out));
    CHECK_EQ(report.quasi_count, DATA_QUASI_MAX);
    free(out);
    out = NULL;
    CHECK_ERR(run(bytes_of_str("q1,q2,q3,q4,q5,q6,q7,q8,q9\n1,1,1,1,1,1,1,1,1\n"), t, &out),
              ERR_UNREADABLE);
    CHECK_STR(why, "more than 8 columns answer to the quasi-identifiers");
    CHECK(out == NULL);
    template_free(t);
}

TEST(k_of_a_table_is_measured_as_it_is)
{
    struct template_ *t = read_one(AGE_SEX("2", "0"));
    struct bytes csv =
        bytes_of_str("sex,age\n1,30..<40\n1,30..<40\n2,30..<40\n2,30..<40\n1,\n1,\n");
    void *memory = malloc(ROOM);
    struct arena arena = arena_over(memory, ROOM);
    CHECK_OK(data_profile(csv, arena, &profile, why));
    CHECK_OK(data_measure(csv, &profile, t, arena, &report, why));
    CHECK(report.k_before == 2 && report.k_min == 2 && report.rows_in == 6);
    CHECK(report.quasi[0] == 1 && report.quasi[1] == 0); /* in the template's order */
    CHECK(report.rows_out == 0 && report.k_after == 0);
    free(memory);
    template_free(t);
}

/* Rows that look like row i over the first `columns` fields of five characters. */
static uint64_t alike(const char *const *rows, size_t count, size_t i, size_t len)
{
    uint64_t n = 0;
    for (size_t j = 0; j < count; j++) {
        n += strncmp(rows[i], rows[j], len) == 0;
    }
    return n;
}

/* The naive twin: every row against every other. */
TEST(k_before_and_after_and_the_rows_that_go_are_those_of_a_naive_twin)
{
    enum { COUNT_MAX = 200 };
    static char text[COUNT_MAX][16], label[COUNT_MAX][24];
    struct template_ *t = read_one(AGE_SEX("4", "100"));
    for (uint64_t seed = 1; seed <= 40; seed++) {
        uint64_t state = seed, least = UINT64_MAX, after = UINT64_MAX, kept = 0;
        const char *rows[COUNT_MAX], *labels[COUNT_MAX];
        size_t count = 20 + sample_draw(&state, COUNT_MAX - 20);
        uint8_t room[COUNT_MAX * 16 + 16];
        struct buf csv = buf_over(room, sizeof room);
        buf_put(&csv, bytes_of_str("age,sex\n"));
        for (size_t i = 0; i < count; i++) {
            unsigned age = (unsigned)sample_draw(&state, 100), sex = sample_draw(&state, 2) != 0;
            snprintf(text[i], sizeof text[i], "%u,%u\n", age, sex);
            snprintf(label[i], sizeof label[i], "%u..<%u,%u\n", age / 10 * 10, age / 10 * 10 + 10,
                     sex);
            buf_put(&csv, bytes_of_str(text[i]));
            rows[i] = text[i];
            labels[i] = label[i];
        }
        for (size_t i = 0; i < count; i++) {
            uint64_t same = alike(rows, count, i, 16), wide = alike(labels, count, i, 24);
            least = same < least ? same : least;
            kept += wide >= 4;
            after = wide >= 4 && wide < after ? wide : after;
        }
        char *out;
        CHECK_OK(run(buf_bytes(&csv), t, &out));
        CHECK_EQ(report.k_before, least);
        if (kept > 0) { /* else it climbs */
            CHECK_EQ(report.k_after, after);
            CHECK_EQ(report.rows_out, kept);
        }
        free(out);
    }
    template_free(t);
}

TEST(a_tally_counts_up_to_its_limit_and_says_when_it_is_full)
{
    struct tally t = { 0 };
    uint32_t id = 7;
    CHECK_ERR(tally_find(&t, bytes_of_str("a"), &id), ERR_NOT_FOUND);
    CHECK_EQ(tally_least(&t), 0);
    CHECK_OK(tally_add(&t, bytes_of(NULL, 0), 2, &id));
    CHECK_EQ(id, 0);
    for (uint32_t i = 1; i < DATA_CLASSES_MAX; i++) {
        if (tally_add(&t, bytes_of(&i, sizeof i), 1 + (i == 5), &id) != ERR_NONE || id != i) {
            CHECK_EQ(id, i);
        }
    }
    uint32_t last = DATA_CLASSES_MAX, five = 5;
    CHECK_ERR(tally_add(&t, bytes_of(&last, sizeof last), 1, &id), ERR_SIZE);
    CHECK_ERR(tally_find(&t, bytes_of(&last, sizeof last), &id), ERR_NOT_FOUND);
    CHECK_OK(tally_add(&t, bytes_of(&five, sizeof five), 1, &id)); /* one that is there still is */
    CHECK(id == 5 && t.entry[5].rows == 3 && t.entry[0].rows == 2 && tally_least(&t) == 1);
    CHECK_BYTES(tally_at(&t, 5), bytes_of(&five, sizeof five));
    tally_free(&t);
    uint8_t *big = calloc(1, TALLY_POOL_SIZE_MAX + 1);
    CHECK_ERR(tally_add(&t, bytes_of(big, TALLY_POOL_SIZE_MAX + 1), 1, &id), ERR_SIZE);
    CHECK_OK(tally_add(&t, bytes_of(big, TALLY_POOL_SIZE_MAX), 1, &id));
    CHECK_ERR(tally_add(&t, bytes_of(big, 1), 1, &id), ERR_SIZE);
    tally_free(&t);
    free(big);
}

TEST(a_missing_value_has_no_pseudonym_and_a_value_has_one)
{
    char *out;
    struct template_ *t = release("finance");
    uint8_t room[1024];
    struct buf csv = buf_over(room, sizeof room);
    buf_put(&csv, bytes_of_str("ID,AGE,SEX,EDUCATION,MARRIAGE,IBAN\n"));
    for (int i = 0; i < 12; i++) {
        buf_put(&csv, bytes_of_str(i == 0 ? ",30,1,1,1,DE44\n" : "7,30,1,1,1,DE445\n"));
    }
    CHECK_OK(run(buf_bytes(&csv), t, &out));
    CHECK(strstr(out, "\n,30..<35,1,other,other,****\n") != NULL);
    CHECK(strstr(out, ",30..<35,1,other,other,*E445\n") != NULL);
    CHECK(strstr(out, "\n7,") == NULL && report.distinct_after[0] == 1);
    free(out);
    template_free(t);
}

static void check_sample(const char *template_name, struct bytes a, uint64_t rows)
{
    char *out;
    struct template_ *t = release(template_name);
    CHECK_OK(run(a, t, &out));
    CHECK(report.rows_in == rows && report.rows_out * 100 >= rows * 95);
    CHECK(report.k_before < report.k_min && report.k_after >= report.k_min);
    free(out);
    template_free(t);
}

TEST(the_samples_are_the_same_bytes_for_a_seed_and_leave_under_their_templates)
{
    static const struct {
        enum err (*make)(uint64_t seed, uint32_t rows, uint8_t **out, size_t *len);
        const char *template_;
        uint32_t columns, rows;
    } ROWS[] = { { data_sample_medical, "medical", 14, 303 },
                 { data_sample_medical, "medical", 14, 5000 },
                 { data_sample_finance, "finance", 25, 1000 },
                 { data_sample_finance, "finance", 25, 10000 } };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        uint8_t *a, *b, *c;
        size_t a_len, b_len, c_len;
        CHECK_OK(ROWS[i].make(7, ROWS[i].rows, &a, &a_len));
        CHECK_OK(ROWS[i].make(7, ROWS[i].rows, &b, &b_len));
        CHECK_OK(ROWS[i].make(8, ROWS[i].rows, &c, &c_len));
        CHECK_BYTES(bytes_of(a, a_len), bytes_of(b, b_len));
        CHECK(!bytes_equal(bytes_of(a, a_len), bytes_of(c, c_len)));
        check_sample(ROWS[i].template_, bytes_of(a, a_len), ROWS[i].rows);
        CHECK_EQ(profile.columns, ROWS[i].columns);
        CHECK_ERR(ROWS[i].make(7, 0, &b, &b_len), ERR_RANGE);
        CHECK_ERR(ROWS[i].make(7, SAMPLE_ROWS_MAX + 1, &b, &b_len), ERR_RANGE);
        free(a);
        free(b);
        free(c);
    }
}

/* k and rows were counted by another program (tests/k_check.py). */
TEST(the_real_patients_and_card_holders_leave_as_their_templates_say)
{
    static const struct {
        const char *file, *template_;
        uint64_t rows_in, rows_out, k_after;
    } ROWS[] = { { "heart_disease.csv", "medical", 303, 303, 5 },
                 { "credit_default.csv", "finance", 30000, 29634, 10 } };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        char path[4400], *out;
        uint8_t *file;
        size_t len;
        const char *shared = test_shared_dir();
        snprintf(path, sizeof path, "%s/data/%s", shared != NULL ? shared : "", ROWS[i].file);
        if (shared == NULL || !test_read_file(path, &file, &len)) {
            SKIP("../shared/data is not there");
        }
        struct template_ *t = release(ROWS[i].template_);
        CHECK_OK(run(bytes_of(file, len), t, &out));
        CHECK(report.rows_in == ROWS[i].rows_in && report.rows_out == ROWS[i].rows_out);
        CHECK(report.k_before == 1 && report.k_after == ROWS[i].k_after);
        free(out);
        free(file);
        template_free(t);
    }
}
