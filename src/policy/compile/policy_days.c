#include <string.h>

#include "base/clock.h"
#include "policy/compile/book_internal.h"

static bool numbers_same(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count)
{
    return a_count == b_count && memcmp(a, b, a_count * sizeof *a) == 0;
}

static bool required_same(const struct policy_verdict *a, const struct policy_verdict *b)
{
    bool same = a->required_count == b->required_count;
    for (size_t i = 0; same && i < a->required_count; i++) {
        same = numbers_same(a->required[i].any_of, a->required[i].count, b->required[i].any_of,
                            b->required[i].count);
    }
    return same;
}

bool policy_verdict_same(const struct policy_verdict *a, const struct policy_verdict *b)
{
    return a->code == b->code && required_same(a, b) &&
           numbers_same(a->cites, a->cite_count, b->cites, b->cite_count);
}

/* A count since 1 January begins again with the year: what was declared as sent before belongs to
 * the year of the check. */
static bool counts_by_year(const struct policy_book *b, const struct policy_check *check)
{
    struct policy_add has[POLICY_COUNTED_MAX];
    size_t count = policy_set_counters(b->set, check->facts.from, has);
    for (size_t i = 0; i < count; i++) {
        if (has[i].period == POLICY_CALENDAR_YEAR) {
            return true;
        }
    }
    return false;
}

static json_t *change_json(const struct policy_book *b, const struct policy_check *check,
                           const struct policy_verdict *v)
{
    static const char *const MEMBERS[] = { "verdict", "required", "cites" };
    char day[CLOCK_DAY_TEXT_SIZE];
    clock_format_day(v->day, day);
    json_t *o = json_new_object(), *whole = policy_verdict_json(b, check, v);
    json_put(o, "from", json_new_str(day));
    for (size_t i = 0; i < COUNT(MEMBERS); i++) {
        json_put(o, MEMBERS[i], json_copy_of(json_member(whole, MEMBERS[i])));
    }
    json_free(whole);
    return o;
}

enum err policy_days(const struct policy_book *b, const struct policy_check *check, uint32_t until,
                     json_t **out)
{
    if (until < check->day || until - check->day > POLICY_DAYS_MAX) {
        return ERR_RANGE;
    }
    struct policy_facts f = check->facts;
    struct policy_verdict last, now;
    int year = clock_date(check->day).year;
    bool yearly = counts_by_year(b, check);
    TRY(policy_evaluate(b->set, &f, check->day, NULL, 0, &last));
    json_t *list = json_new_array();
    for (uint32_t day = check->day + 1; day <= until; day++) {
        if (yearly && clock_date(day).year != year) {
            f.prior_subjects = 0;
            f.prior_sensitive_subjects = 0;
            yearly = false;
        }
        enum err err = policy_evaluate(b->set, &f, day, NULL, 0, &now);
        if (err != ERR_NONE) {
            json_free(list);
            return err;
        }
        if (!policy_verdict_same(&last, &now)) {
            json_push(list, change_json(b, check, &now));
            last = now;
        }
    }
    *out = list;
    return ERR_NONE;
}
