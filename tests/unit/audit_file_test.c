/* Files that are no report, or one in another form, and reports at their limits. */
#include <stdlib.h>

#include "tests/fixtures/audit_fixture.h"
#include "tests/test.h"

static struct tale *told;
static struct bytes good; /* the file */

static void given_a_report(void)
{
    struct tale_input *x = calloc(1, sizeof *x);
    char why[AUDIT_REASON_SIZE];
    size_t len = 0;
    told = tale_open();
    tale_input(told, x);
    char *file = tale_report(told, x, &len, why);
    ASSERT(file != NULL);
    good = bytes_of(file, len);
    free(x);
}

static void done(void)
{
    free((void *)(uintptr_t)good.ptr);
    tale_close(told);
}

static bool refused(struct bytes file, const char *part)
{
    const char *why = tale_verify(told, file);
    if (why == NULL || strstr(why, part) == NULL) {
        printf("# %s\n", why == NULL ? "accepted" : why);
        return false;
    }
    return true;
}

/* ---- Files that are no report. */

TEST(formats_22_a_file_cut_short_anywhere_is_refused)
{
    given_a_report();
    for (size_t i = 0; i < good.len; i += 1 + good.len / 400) {
        CHECK(tale_verify(told, bytes_of(good.ptr, i)) != NULL);
    }
    CHECK(tale_verify(told, bytes_of(good.ptr, good.len - 1)) != NULL);
    done();
}

TEST(formats_22_a_report_has_one_form)
{
    given_a_report();
    json_t *j;
    char *text;
    size_t len;
    CHECK_OK(json_read(good, good.len, &j, NULL));
    CHECK_OK(json_write_pretty(j, &text, &len));
    CHECK(refused(bytes_of(text, len), "the form is another"));
    json_text_free(text);
    json_free(j);
    struct bytes more = tale_spliced(good, good.len, good.len, bytes_of_str("\n"));
    CHECK(refused(more, "the form is another"));
    free(tale_writable(more));
    more = tale_spliced(good, 0, 0, bytes_of_str(" "));
    CHECK(refused(more, "the form is another"));
    free(tale_writable(more));
    more = tale_spliced(good, 1, 1, bytes_of_str("\"body\":{},"));
    CHECK(refused(more, "not a report"));
    free(tale_writable(more));
    done();
}

TEST(formats_22_what_is_not_a_report_is_refused_with_a_reason)
{
    static const char *const FILES[] = { "",
                                         "{}",
                                         "[]",
                                         "null",
                                         "\"body\"",
                                         "{\"body\":{},\"signature\":{}}",
                                         "{\"",
                                         "\xff\xfe",
                                         "<html",
                                         "<script type=\"application/json\" id=\"report\">",
                                         "{\"body\":{\"tokens\":1e400}}" };
    given_a_report();
    for (size_t i = 0; i < COUNT(FILES); i++) {
        const char *why = tale_verify(told, bytes_of_str(FILES[i]));
        CHECK(why != NULL && why[0] != '\0');
    }
    struct bytes deep = bytes_of(malloc(100000), 100000);
    memset(tale_writable(deep), '[', deep.len);
    CHECK(refused(deep, "not a report"));
    free(tale_writable(deep));
    done();
}

/* ---- Limits. */

/* The list of this name with its first element `count` times. */
static struct bytes stretched(struct bytes body, const char *name, size_t count)
{
    size_t list = tale_list_at(body, name), from, to, end = list;
    bool found = tale_element(body, list, 0, &from, &to);
    ASSERT(found);
    for (size_t i = 0, f, t; tale_element(body, list, i, &f, &t); i++) {
        end = t;
    }
    size_t size = (to - from + 1) * count;
    struct buf b = buf_over(malloc(size), size);
    for (size_t i = 0; i < count; i++) {
        buf_put(&b, bytes_of(body.ptr + from, to - from));
        buf_put(&b, bytes_of_str(i + 1 < count ? "," : ""));
    }
    struct bytes out = tale_spliced(body, list + 1, end, buf_bytes(&b));
    free(b.ptr);
    return out;
}

TEST(formats_22_a_list_at_its_limit_is_judged_and_one_above_it_is_not_read)
{
    static const struct {
        const char *name;
        size_t count_max;
    } LISTS[] = { { "tokens", AUDIT_RECORDS_MAX },
                  { "rights", AUDIT_RECORDS_MAX },
                  { "locks", AUDIT_RECORDS_MAX },
                  { "transactions", AUDIT_TXS_MAX },
                  { "attachments", AUDIT_TXS_MAX } };
    given_a_report();
    for (size_t i = 0; i < COUNT(LISTS); i++) {
        struct bytes body = stretched(tale_body(good), LISTS[i].name, LISTS[i].count_max);
        const char *why = tale_signed_again(told, body);
        CHECK(why != NULL && strstr(why, "longer than its limit") == NULL);
        free(tale_writable(body));
        body = stretched(tale_body(good), LISTS[i].name, LISTS[i].count_max + 1);
        why = tale_signed_again(told, body);
        CHECK(why != NULL && strstr(why, "longer than its limit") != NULL);
        free(tale_writable(body));
    }
    done();
}

TEST(formats_22_a_file_above_its_limit_is_not_read)
{
    given_a_report();
    struct bytes big = bytes_of(malloc(AUDIT_REPORT_SIZE_MAX + 1), AUDIT_REPORT_SIZE_MAX + 1);
    memset(tale_writable(big), ' ', big.len);
    CHECK(refused(big, "not a report"));
    free(tale_writable(big));
    done();
}

TEST(formats_22_a_report_is_of_some_token_and_of_nothing_else)
{
    char why[AUDIT_REASON_SIZE];
    size_t len;
    given_a_report();
    struct tale_input *x = calloc(1, sizeof *x);
    tale_input(told, x);
    x->in.token_count = 0;
    CHECK(tale_report(told, x, &len, why) == NULL);
    CHECK_STR(why, "the report is of no token");
    tale_input(told, x);
    for (size_t i = 0; i < told->tx_count; i++) {
        if (told->tx[i].about == 0) { /* the money that was issued */
            struct audit_tx issue = { told->tx[i].id,
                                      tale_proof(told, &told->tx[i], told->tx[i].receipt) };
            x->tx[0] = issue;
            x->in.tx_count = 1;
        }
    }
    CHECK(tale_report(told, x, &len, why) == NULL);
    CHECK(strstr(why, "is about no token of the report") != NULL);
    free(x);
    done();
}

/* ---- Attachments. */

TEST(formats_22_an_attachment_is_what_the_transaction_committed_to_and_stands_once)
{
    char why[AUDIT_REASON_SIZE];
    size_t len;
    given_a_report();
    struct tale_input *x = calloc(1, sizeof *x);
    for (int bend = 0; bend < 6; bend++) {
        tale_input(told, x);
        struct audit_attachment *a = x->attachment;
        a[0].salt[0] ^= bend == 0 ? 1 : 0;
        a[0].media_type += bend == 1 ? 1 : 0;
        a[0].index += bend == 2 ? 1 : 0;
        a[0].transaction.b[0] ^= bend == 3 ? 1 : 0;
        a[0].content = bend == 4 ? bytes_of_str("{}") : a[0].content;
        a[1] = a[0];
        x->in.attachment_count = bend == 5 ? 2 : 1;
        CHECK(tale_report(told, x, &len, why) == NULL);
        CHECK(strstr(why, bend == 5 ? "stands twice" : "not what was committed to") != NULL);
    }
    free(x);
    done();
}
