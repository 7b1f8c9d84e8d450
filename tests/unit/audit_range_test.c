/* Reports of a time range: the days are signed, and chose each token that is listed. */
#include <stdlib.h>

#include "base/clock.h"
#include "tests/fixtures/audit_fixture.h"
#include "tests/test.h"

static struct tale *told;
static struct tale_input *x;

/* The tale is of one day. */
static uint32_t given_a_tale(void)
{
    told = tale_open();
    x = calloc(1, sizeof *x);
    ASSERT(x != NULL);
    tale_input(told, x);
    x->in.ranged = true;
    return clock_day_at(FIXTURE_START_MS, 0);
}

static void done(void)
{
    free(x);
    tale_close(told);
}

static char *report_of(uint32_t from, uint32_t to, size_t *len, char why[AUDIT_REASON_SIZE])
{
    x->in.from_day = from;
    x->in.to_day = to;
    return tale_report(told, x, len, why);
}

/* The body with one text in place of another, signed again by the reporter; NULL: verified. */
static const char *told_otherwise(struct bytes file, const char *old, const char *new)
{
    struct bytes body = tale_body(file);
    size_t at = 0, len = strlen(old);
    while (at + len <= body.len && memcmp(body.ptr + at, old, len) != 0) {
        at++;
    }
    ASSERT(at + len <= body.len);
    struct bytes bent = tale_spliced(body, at, at + len, bytes_of_str(new));
    const char *why = tale_signed_again(told, bent);
    free(tale_writable(bent));
    return why;
}

TEST(formats_22_a_report_of_some_days_names_them_and_verifies)
{
    char why[AUDIT_REASON_SIZE];
    size_t len;
    const char *text;
    json_t *j;
    uint32_t day = given_a_tale();
    char *file = report_of(day - 1, day + 1, &len, why);
    CHECK(file != NULL);
    CHECK(tale_verify(told, bytes_of(file, len)) == NULL);
    CHECK_OK(json_read(bytes_of(file, len), len, &j, NULL));
    const json_t *range = json_member(json_member(j, "body"), "range");
    CHECK_OK(json_get_str(range, "from", &text));
    CHECK_STR(text, "2027-01-14");
    CHECK_OK(json_get_str(range, "to", &text));
    CHECK_STR(text, "2027-01-16");
    json_free(j);
    free(file);
    done();
}

TEST(formats_22_a_token_is_listed_only_if_something_happened_to_it_on_these_days)
{
    char why[AUDIT_REASON_SIZE];
    size_t len;
    uint32_t day = given_a_tale();
    char *file = report_of(day, day, &len, why);
    CHECK(file != NULL);
    free(file);
    CHECK(report_of(day + 1, day + 9, &len, why) == NULL);
    CHECK(strstr(why, "nothing happened to token") != NULL);
    CHECK(report_of(day - 9, day - 1, &len, why) == NULL);
    CHECK(strstr(why, "nothing happened to token") != NULL);
    CHECK(report_of(day + 1, day, &len, why) == NULL);
    CHECK(strstr(why, "ends before it begins") != NULL);
    done();
}

TEST(formats_22_the_days_of_a_range_are_read_as_strictly_as_all_else)
{
    char why[AUDIT_REASON_SIZE];
    size_t len;
    uint32_t day = given_a_tale();
    char *file = report_of(day, day, &len, why);
    CHECK(file != NULL);
    struct bytes good = bytes_of(file, len);
    const char *own = "\"range\":{\"from\":\"2027-01-15\",\"to\":\"2027-01-15\"}";
    static const struct {
        const char *other, *why;
    } BAD[] = {
        { "\"range\":{\"from\":\"2027-01-16\",\"to\":\"2027-01-16\"}", "nothing happened" },
        { "\"range\":{\"from\":\"2027-01-16\",\"to\":\"2027-01-15\"}", "ends before it begins" },
        { "\"range\":{\"from\":\"2027-02-30\",\"to\":\"2027-03-01\"}", "a member is missing" },
        { "\"range\":{\"from\":\"2027-01-15\"}", "a member is missing" },
        { "\"range\":[]", "a member is missing" },
        { "\"range\":{\"from\":\"2027-01-15\",\"to\":\"2027-01-15\",\"zone\":\"\"}", "the form" },
    };
    CHECK(told_otherwise(good, own, own) == NULL);
    for (size_t i = 0; i < COUNT(BAD); i++) {
        const char *said = told_otherwise(good, own, BAD[i].other);
        CHECK(said != NULL && strstr(said, BAD[i].why) != NULL);
    }
    free(file);
    done();
}
