#include "base/csv.h"
#include "tests/test.h"

#include <stdlib.h>

static uint8_t memory[1 << 20];
static struct bytes fields[CSV_FIELDS_MAX];

static enum err open_text(struct csv *c, struct bytes text)
{
    return csv_open(c, text, arena_over(memory, sizeof memory));
}

static void check_next(struct csv *c, size_t want, const char *first, const char *last)
{
    size_t count;
    CHECK_OK(csv_next(c, fields, &count));
    CHECK_EQ(count, want);
    if (want > 0) {
        CHECK_BYTES(fields[0], bytes_of_str(first));
        CHECK_BYTES(fields[count - 1], bytes_of_str(last));
    }
}

TEST(quotes_hold_separators_line_ends_and_doubled_quotes)
{
    struct csv c;
    CHECK_OK(open_text(
        &c, bytes_of_str("a,b\r\n\"x,\r\ny\",\"say \"\"hi\"\"\"\n\n1,\"\"\n,5\" pipe\r")));
    CHECK_EQ(c.separator, ',');
    check_next(&c, 2, "a", "b");
    check_next(&c, 2, "x,\r\ny", "say \"hi\"");
    CHECK_EQ(c.line, 4);
    check_next(&c, 2, "1", "");
    check_next(&c, 2, "", "5\" pipe");
    check_next(&c, 0, NULL, NULL);
    check_next(&c, 0, NULL, NULL);
}

TEST(each_separator_is_found_and_a_header_alone_is_a_file)
{
    static const char SEPARATORS[] = ",;\t|";
    for (size_t i = 0; SEPARATORS[i] != '\0'; i++) {
        char text[] = "\xef\xbb\xbf"
                      "a?\"x,;|\"?b";
        text[4] = text[11] = SEPARATORS[i];
        struct csv c;
        CHECK_OK(open_text(&c, bytes_of_str(text)));
        CHECK(c.separator == SEPARATORS[i] && c.had_bom);
        check_next(&c, 3, "a", "b");
        check_next(&c, 0, NULL, NULL);
    }
}

TEST(what_is_no_csv_is_refused_when_opened_and_why)
{
    static const struct {
        struct bytes text;
        const char *why;
    } ROWS[] = {
        { { NULL, 0 }, "empty" },
        { { (const uint8_t *)"\xef\xbb\xbf", 3 }, "empty" },
        { { (const uint8_t *)"a,b\n\0", 5 }, "offset 4" },
        { { (const uint8_t *)"a,b\n1,\xe9\n", 8 }, "0xe9 at offset 6" },
        { { (const uint8_t *)"one\ntwo,x\n", 10 }, "one column" },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct csv c;
        CHECK_ERR(open_text(&c, ROWS[i].text), ERR_UNREADABLE);
        if (strstr(c.why, ROWS[i].why) == NULL) {
            test_fail(__FILE__, __LINE__, c.why);
        }
    }
}

TEST(a_bad_record_is_refused_with_its_line)
{
    static const char *const ROWS[][2] = {
        { "a,b\n1,2,3\n", "line 2: 3 fields" },    { "a,b\n1\n", "line 2: 1 fields" },
        { "a,b\n1,\"2\n\n", "line 2: a quote" },   { "a,b\n1,\"2\"x\n", "line 2: text after" },
        { "a,b\n1,2\r3,4", "line 2: a carriage" },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct csv c;
        size_t count;
        CHECK_OK(open_text(&c, bytes_of_str(ROWS[i][0])));
        check_next(&c, 2, "a", "b");
        CHECK_ERR(csv_next(&c, fields, &count), ERR_UNREADABLE);
        CHECK_ERR(csv_next(&c, fields, &count), ERR_UNREADABLE);
        if (strncmp(c.why, ROWS[i][1], strlen(ROWS[i][1])) != 0) {
            test_fail(__FILE__, __LINE__, c.why);
        }
    }
}

/* "a,b\n" and a record of `size` bytes, then its line end. */
static enum err read_long(size_t size, char fill, char why[CSV_WHY_SIZE])
{
    char *text = malloc(size + 5);
    memcpy(text, "a,b\n", 4);
    memset(text + 4, fill, size);
    text[4] = fill == '"' ? '"' : ',';
    text[size + 4] = '\n';
    struct csv c;
    size_t count;
    enum err e = open_text(&c, bytes_of(text, size + 5));
    for (int i = 0; i < 2 && e == ERR_NONE; i++) {
        e = csv_next(&c, fields, &count);
    }
    memcpy(why, c.why, CSV_WHY_SIZE);
    free(text);
    return e;
}

TEST(a_record_longer_than_its_limit_is_refused_with_its_line)
{
    char why[CSV_WHY_SIZE];
    CHECK_OK(read_long(CSV_RECORD_SIZE_MAX, 'x', why));
    CHECK_ERR(read_long(CSV_RECORD_SIZE_MAX + 1, 'x', why), ERR_UNREADABLE);
    CHECK_STR(why, "line 2: longer than 1048576 bytes");
    CHECK_ERR(read_long(10 << 20, 'x', why), ERR_UNREADABLE);
    CHECK_STR(why, "line 2: longer than 1048576 bytes");
    CHECK_ERR(read_long(10 << 20, '"', why), ERR_UNREADABLE);
    CHECK_STR(why, "line 2: longer than 1048576 bytes");
}

TEST(a_record_wider_than_its_limit_is_refused_and_so_is_a_small_arena)
{
    char text[CSV_FIELDS_MAX + 1];
    struct csv c;
    size_t count;
    memset(text, ',', sizeof text);
    CHECK_OK(open_text(&c, bytes_of(text, CSV_FIELDS_MAX - 1)));
    check_next(&c, CSV_FIELDS_MAX, "", "");
    CHECK_OK(open_text(&c, bytes_of(text, CSV_FIELDS_MAX)));
    CHECK_ERR(csv_next(&c, fields, &count), ERR_UNREADABLE);
    CHECK_OK(csv_open(&c, bytes_of_str("a,\"\"\"\"\n"), arena_over(memory, 1)));
    CHECK_ERR(csv_next(&c, fields, &count), ERR_NO_SPACE);
}

TEST(a_field_is_written_with_quotes_where_it_needs_them)
{
    char out[64];
    struct buf b = buf_over(out, sizeof out);
    csv_put_field(&b, bytes_of_str("plain,"), ';');
    csv_put_field(&b, bytes_of_str("a;\"b\"\n"), ';');
    CHECK_BYTES(buf_bytes(&b), bytes_of_str("plain,\"a;\"\"b\"\"\n\""));
}

static void read_whole(const char *name, size_t columns, size_t records, const char *first,
                       const char *last, const char *end_first, const char *end_last)
{
    const char *dir = test_shared_dir();
    char path[4200];
    uint8_t *text;
    size_t len, count, seen = 0;
    snprintf(path, sizeof path, "%s/data/%s", dir == NULL ? "" : dir, name);
    if (dir == NULL || !test_read_file(path, &text, &len)) {
        SKIP("no shared/data");
    }
    struct csv c;
    CHECK_OK(open_text(&c, bytes_of(text, len)));
    check_next(&c, columns, first, last);
    for (enum err e; (e = csv_next(&c, fields, &count)) != ERR_NONE || count > 0; seen++) {
        if (e != ERR_NONE) {
            test_fail(__FILE__, __LINE__, c.why);
            break;
        }
        if (seen + 1 == records) {
            CHECK_BYTES(fields[0], bytes_of_str(end_first));
            CHECK_BYTES(fields[count - 1], bytes_of_str(end_last));
        }
    }
    CHECK_EQ(seen, records);
    CHECK_EQ(c.columns, columns);
    free(text);
}

TEST(real_data_is_read_as_it_is)
{
    read_whole("online_retail.csv", 8, 10000, "InvoiceNo", "Country", "537224", "United Kingdom");
    read_whole("heart_disease.csv", 14, 303, "age", "target", "57", "0");
    read_whole("credit_default.csv", 25, 30000, "ID", "Default", "30000", "1");
}
