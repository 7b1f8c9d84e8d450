#include <stdlib.h>

#include "data/data.h"
#include "tests/test.h"

enum { ROOM = 64 * 1024 * 1024 };

/* Profiles a text; the rooms are made once and outlive the tests. */
static struct profile profile;
static char why[CSV_WHY_SIZE];

static enum err run(struct bytes csv)
{
    void *memory = malloc(ROOM);
    why[0] = '\0';
    enum err e = data_profile(csv, arena_over(memory, ROOM), &profile, why);
    free(memory);
    return e;
}

static const struct column *column_of(const char *name)
{
    static const struct column NONE = { .name = "no such column" };
    for (uint32_t i = 0; i < profile.columns; i++) {
        if (strcmp(profile.column[i].name, name) == 0) {
            return &profile.column[i];
        }
    }
    return &NONE;
}

static bool is(const char *name, enum column_type type, enum column_class class)
{
    const struct column *c = column_of(name);
    bool right = strcmp(c->name, name) == 0 && c->type == type && c->class == class;
    if (!right) {
        printf("# %s: %s, %s (%s)\n", name, column_type_name(c->type), column_class_name(c->class),
               c->reason != NULL ? c->reason : "");
    }
    return right;
}

static bool load(const char *name, uint8_t **out, size_t *len)
{
    char path[4400];
    const char *shared = test_shared_dir();
    snprintf(path, sizeof path, "%s/data/%s", shared != NULL ? shared : "", name);
    return shared != NULL && test_read_file(path, out, len);
}

TEST(the_online_shop_is_read_as_it_is_and_only_its_customers_are_personal)
{
    uint8_t *file;
    size_t len;
    if (!load("online_retail.csv", &file, &len)) {
        SKIP("../shared/data is not there");
    }
    CHECK_OK(run(bytes_of(file, len)));
    CHECK_EQ(profile.rows, 10000);
    CHECK_EQ(profile.columns, 8);
    CHECK(profile.had_bom && profile.decimal_comma && profile.separator == ';');
    CHECK(is("InvoiceNo", COLUMN_CODE, COLUMN_OTHER)); /* C536379 is a cancellation */
    CHECK(is("StockCode", COLUMN_CODE, COLUMN_OTHER));
    CHECK(is("Description", COLUMN_TEXT, COLUMN_OTHER));
    CHECK(is("Quantity", COLUMN_INTEGER, COLUMN_OTHER));
    CHECK(is("InvoiceDate", COLUMN_DATE, COLUMN_OTHER));
    CHECK(is("UnitPrice", COLUMN_DECIMAL, COLUMN_OTHER));
    CHECK(is("CustomerID", COLUMN_INTEGER, COLUMN_PERSONAL));
    CHECK(is("Country", COLUMN_TEXT, COLUMN_OTHER));
    const struct column *c = column_of("CustomerID"); /* counted by another program */
    CHECK(c->values == 7709 && c->empty == 2291 && c->distinct == 323 && c->grade == 2);
    CHECK_STR(c->reason, "name says a customer or person id");
    CHECK_EQ(column_of("StockCode")->distinct, 2015);
    free(file);
}

TEST(a_patients_record_is_health_data_in_every_coded_column)
{
    uint8_t *file;
    size_t len;
    if (!load("heart_disease.csv", &file, &len)) {
        SKIP("../shared/data is not there");
    }
    CHECK_OK(run(bytes_of(file, len)));
    CHECK(profile.rows == 303 && profile.columns == 14 && profile.had_bom);
    CHECK(is("age", COLUMN_INTEGER, COLUMN_PERSONAL));
    CHECK(is("chol", COLUMN_INTEGER, COLUMN_HEALTH));
    CHECK(is("oldpeak", COLUMN_DECIMAL, COLUMN_HEALTH));
    CHECK(is("target", COLUMN_INTEGER, COLUMN_HEALTH)); /* by its company */
    CHECK(column_of("target")->score < column_of("chol")->score);
    free(file);
}

TEST(a_clients_debts_are_financial_and_his_traits_personal)
{
    uint8_t *file;
    size_t len;
    if (!load("credit_default.csv", &file, &len)) {
        SKIP("../shared/data is not there");
    }
    CHECK_OK(run(bytes_of(file, len)));
    CHECK(profile.rows == 30000 && profile.columns == 25 && !profile.had_bom);
    CHECK(is("LIMIT_BAL", COLUMN_DECIMAL, COLUMN_FINANCIAL)); /* 5.00E+05 stands in it */
    CHECK(is("BILL_AMT3", COLUMN_DECIMAL, COLUMN_FINANCIAL));
    CHECK(is("PAY_2", COLUMN_INTEGER, COLUMN_FINANCIAL));
    CHECK(is("AGE", COLUMN_INTEGER, COLUMN_PERSONAL));
    CHECK(is("SEX", COLUMN_INTEGER, COLUMN_PERSONAL));
    CHECK_EQ(column_of("ID")->distinct, DATA_SAMPLE_MAX); /* a floor: there are more */
    free(file);
}

TEST(the_same_shop_in_another_order_separator_and_quoting_is_the_same)
{
    static const char TEXT[] =
        "\"Country\"\t\"CUSTOMER_ID\"\t\"unit_price\"\t\"notes\"\r\n"
        "\"Deutschland\"\t17850\t\"1.234,50\"\t\"a\ttab, and \"\"quotes\"\"\"\r\n"
        "France\t\"17851\"\t2,55\t\"two\nlines\"\r\n"
        "\r\n"
        "Malaysia\t\t3\tnull\r\n";
    CHECK_OK(run(bytes_of(TEXT, sizeof TEXT - 1)));
    CHECK(profile.rows == 3 && profile.columns == 4 && profile.separator == '\t');
    CHECK(profile.decimal_comma && !profile.had_bom);
    CHECK(is("CUSTOMER_ID", COLUMN_INTEGER, COLUMN_PERSONAL));
    CHECK(is("unit_price", COLUMN_DECIMAL, COLUMN_OTHER));
    CHECK(is("Country", COLUMN_TEXT, COLUMN_OTHER));
    CHECK_EQ(column_of("notes")->empty, 1);
}

/* One column of a file whose other one is a row number. */
static enum err run_column(const char *name, const char *values)
{
    char text[2048];
    size_t len = (size_t)snprintf(text, sizeof text, "row;%s\n1;", name);
    for (const char *at = values; *at != '\0' && len < sizeof text - 8; at++) {
        text[len++] = *at;
        if (*at == '\n') {
            text[len++] = '1';
            text[len++] = ';';
        }
    }
    text[len++] = '\n';
    return run(bytes_of(text, len));
}

static bool typed(const char *name, const char *values, enum column_type type,
                  enum column_class class)
{
    return run_column(name, values) == ERR_NONE && is(name, type, class);
}

TEST(a_type_is_a_promise_about_every_value)
{
    static const struct {
        const char *values;
        enum column_type type;
    } ROWS[] = {
        { "1\n-2\n+3", COLUMN_INTEGER },
        { "1\n007", COLUMN_CODE }, /* a leading zero would be lost */
        { "0\n10", COLUMN_INTEGER },
        { "1234567890123456789\n1", COLUMN_INTEGER },
        { "12345678901234567890\n1", COLUMN_CODE },
        { "1,5\n2", COLUMN_DECIMAL },
        { "1.5\n2", COLUMN_DECIMAL },
        { "1.5\n2,5", COLUMN_TEXT }, /* two readings */
        { "1.234.567,8\n0,1", COLUMN_DECIMAL },
        { "1,234,567.8\n0.1", COLUMN_DECIMAL },
        { "1,2,3\n4,5", COLUMN_TEXT },
        { "5.00E+05\n3", COLUMN_DECIMAL },
        { "1,5\nabout two", COLUMN_TEXT },
        { "1,5\nNA\n\nnull", COLUMN_DECIMAL }, /* words for nothing */
        { "", COLUMN_EMPTY },
        { "31/12/2010\n1/1/2011", COLUMN_DATE },
        { "12/31/2010 08:26", COLUMN_DATE },
        { "2010-12-31T08:26:00Z\n2010-12-31", COLUMN_DATE },
        { "31.12.2010", COLUMN_DATE },
        { "13/13/2010", COLUMN_CODE },
        { "2010-13-01", COLUMN_CODE },
        { "1/12/2010 25:00", COLUMN_TEXT },
        { "85123A\nPOST\nC2", COLUMN_CODE },
        { "Wood\nGlass", COLUMN_TEXT },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        if (!typed("x", ROWS[i].values, ROWS[i].type, COLUMN_OTHER)) {
            printf("# row %zu: %s\n", i, ROWS[i].values);
            CHECK(false);
        }
    }
}

TEST(names_say_who_a_column_is_about)
{
    static const struct {
        const char *name;
        enum column_class class;
    } ROWS[] = {
        { "customerId", COLUMN_PERSONAL },   { "CUSTOMER NO", COLUMN_PERSONAL },
        { "E-Mail", COLUMN_PERSONAL },       { "birthDate", COLUMN_PERSONAL },
        { "IPAddress", COLUMN_PERSONAL },    { "客户姓名", COLUMN_PERSONAL },
        { "手机号", COLUMN_PERSONAL },       { "身份证号", COLUMN_SENSITIVE },
        { "PassportNo", COLUMN_SENSITIVE },  { "IBAN", COLUMN_FINANCIAL },
        { "Card-Number", COLUMN_FINANCIAL }, { "blood_pressure", COLUMN_HEALTH },
        { "StockCode", COLUMN_OTHER },       { "Message", COLUMN_OTHER }, /* no age in it */
        { "mailbox", COLUMN_OTHER },         { "Valid", COLUMN_OTHER },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        CHECK(typed(ROWS[i].name, "1", COLUMN_INTEGER, ROWS[i].class));
        const struct column *c = column_of(ROWS[i].name);
        CHECK(c->score > 0 && c->score < 100 && c->reason != NULL);
        CHECK_EQ(c->grade, c->class == COLUMN_OTHER ? 1 : 2);
    }
}

/* The column's name says nothing. Card: the test numbers of ISO 7812; IBAN: the registry's
 * examples; identity card: the example of GB 11643. */
TEST(values_say_who_a_column_is_about)
{
    static const struct {
        const char *values;
        enum column_class class;
    } ROWS[] = {
        { "a@b.de\nnone\nx.y@example.co.uk", COLUMN_PERSONAL },
        { "a@b\n@example.com\na@b@c.de\n5 @ 2.50", COLUMN_OTHER },
        { "+49 30 1234567\n+65 6123 4567", COLUMN_PERSONAL },
        { "13812345678\n15900001111", COLUMN_PERSONAL },
        { "020 7946 0958\n(030) 123-4567", COLUMN_PERSONAL },
        { "12812345678\n11111111111", COLUMN_OTHER },
        { "Mr Smith\nAnna Schmidt\nThomas Lee", COLUMN_PERSONAL },
        { "王小明\n李娜", COLUMN_PERSONAL },
        { "RED LAMP\nBLUE LAMP", COLUMN_OTHER },
        { "12 High Street\n3 Station Road", COLUMN_PERSONAL },
        { "南京路100号\n长安街1号", COLUMN_PERSONAL },
        { "192.0.2.1\n198.51.100.77", COLUMN_PERSONAL },
        { "192.0.2.256\n1.2.3", COLUMN_OTHER },
        { "11010519491231002X", COLUMN_SENSITIVE },
        { "110105194912310021", COLUMN_OTHER },
        { "110105194913310021\n110105294912310028", COLUMN_OTHER }, /* no such day */
        { "4111111111111111\n5500 0000 0000 0004", COLUMN_FINANCIAL },
        { "4111111111111112\n5500 0000 0000 0005", COLUMN_OTHER },
        { "DE89370400440532013000\nGB82 WEST 1234 5698 7654 32", COLUMN_FINANCIAL },
        { "DE89370400440532013001\nGB82 WEST 1234 5698 7654 33", COLUMN_OTHER },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        CHECK_OK(run_column("x", ROWS[i].values));
        if (column_of("x")->class != ROWS[i].class) {
            CHECK_STR(ROWS[i].values, column_of("x")->reason);
        }
    }
}

TEST(one_e_mail_address_in_a_column_of_words_is_enough)
{
    static char text[20 * 10000];
    size_t len = (size_t)snprintf(text, sizeof text, "n,remark\n");
    for (int i = 0; i < 5000; i++) {
        const char *remark = i == 4711 ? "ask (anna@example.com)" : "as agreed @ ten";
        len += (size_t)snprintf(text + len, sizeof text - len, "%d,%s\n", i, remark);
    }
    CHECK_OK(run(bytes_of(text, len)));
    CHECK(is("remark", COLUMN_TEXT, COLUMN_PERSONAL));
    CHECK_STR(column_of("remark")->reason, "values look like e-mail addresses");
}

TEST(name_and_values_that_agree_are_surer_than_either)
{
    CHECK(typed("email", "1", COLUMN_INTEGER, COLUMN_PERSONAL));
    uint32_t name = column_of("email")->score;
    CHECK(typed("email", "a@b.de", COLUMN_TEXT, COLUMN_PERSONAL));
    CHECK(column_of("email")->score > name && column_of("email")->score <= 99);
}

static void refused(struct bytes csv, const char *reason)
{
    CHECK_ERR(run(csv), ERR_UNREADABLE);
    if (strstr(why, reason) == NULL) {
        CHECK_STR(why, reason);
    }
    CHECK(strchr(why, '\n') == NULL && strlen(why) < CSV_WHY_SIZE);
}

TEST(bad_files_are_refused_in_one_line_that_says_why)
{
    char *line = malloc(10 * 1024 * 1024), name[200];
    memset(line, 'x', 10 * 1024 * 1024);
    memcpy(line, "a,b\n", 4);
    memset(name, 'n', sizeof name);
    memcpy(name + 150, ",b\n", 3);
    refused(bytes_of("", 0), "the file is empty");
    refused(bytes_of("\xef\xbb\xbf", 3), "the file is empty");
    refused(bytes_of("a,b\n\x7f"
                     "ELF\0\1",
                     10),
            "binary, not text: a zero byte at offset 8");
    refused(bytes_of("a,b\n1,\xff\n", 8), "not UTF-8: byte 0xff at offset 6");
    refused(bytes_of_str("a,b\n1,2\n1,2,3\n"), "line 3: 3 fields where the header has 2");
    refused(bytes_of_str("a,b\n1,\"2\n"), "line 2: a quote is opened and never closed");
    refused(bytes_of_str("just words\n"), "one column only");
    refused(bytes_of(line, 10 * 1024 * 1024), "line 2: longer than 1048576 bytes");
    refused(bytes_of(name, 153), "column 1: its name is longer than 127 bytes");
    free(line);
}

TEST(without_room_a_profile_says_so_and_leaves_what_was_there)
{
    char memory[4096];
    profile.rows = 77;
    CHECK_ERR(
        data_profile(bytes_of_str("a,b\n1,2\n"), arena_over(memory, sizeof memory), &profile, why),
        ERR_NO_SPACE);
    CHECK(profile.rows == 77 && why[0] != '\0');
}

/* Whether a column has a reason in which the text stands. */
static bool reasons_with(const char *name, const char *text)
{
    const struct column *c = column_of(name);
    for (uint32_t i = 0; i < c->reason_count; i++) {
        if (strstr(c->reasons[i], text) != NULL) {
            return true;
        }
    }
    for (uint32_t i = 0; i < c->reason_count; i++) {
        printf("# %s: %s\n", name, c->reasons[i]);
    }
    return false;
}

TEST(every_reason_that_was_seen_is_given_with_its_counts_and_a_header_alone_says_so)
{
    uint8_t room[4096];
    struct buf csv = buf_over(room, sizeof room);
    buf_put(&csv, bytes_of_str("CustomerID,age,x,card,note,years,id card\n"));
    for (int i = 0; i < 20; i++) {
        char row[160];
        snprintf(row, sizeof row, "%d,%d,%d,%s,%s,%d,%s\n", i, 30 + i, i % 3,
                 i < 10 ? "4111111111111111" : "4111111111111112", i == 3 ? "a@b.de" : "none",
                 18 + i, "11010519491231002X");
        buf_put(&csv, bytes_of_str(row));
    }
    CHECK_OK(run(buf_bytes(&csv)));
    CHECK(reasons_with("CustomerID", "the header has \"customer id\"; no value confirms it"));
    CHECK(reasons_with("CustomerID", "no value stands twice"));
    CHECK(reasons_with("age", "the header has \"age\"; no value confirms it"));
    CHECK(reasons_with("age", "whole numbers from 30 to 49: ages are possible"));
    CHECK(reasons_with("x", "nothing points to a person"));
    CHECK(reasons_with("x", "small whole numbers, 3 different: a code"));
    CHECK(reasons_with("card", "values are valid card numbers: 10 of 20"));
    CHECK(reasons_with("note", "values look like e-mail addresses: 1 of 20"));
    CHECK(reasons_with("years", "whole numbers from 18 to 37: ages are possible"));
    CHECK(reasons_with("id card", "the header has \"id card\""));
    CHECK(reasons_with("id card", "values are valid identity card numbers: 20 of 20"));
    CHECK(column_of("years")->class == COLUMN_OTHER && column_of("years")->score == 50);
    CHECK(column_of("note")->by_values && !column_of("age")->by_values);
    CHECK(column_of("id card")->score > column_of("note")->score);
}

/* Nine of twenty are too few to call a column one of cards, and it says so. */
TEST(what_was_seen_too_seldom_to_decide_is_said_too)
{
    uint8_t room[1024];
    struct buf csv = buf_over(room, sizeof room);
    buf_put(&csv, bytes_of_str("x,y\n"));
    for (int i = 0; i < 20; i++) {
        buf_put(&csv, bytes_of_str(i < 9 ? "4111111111111111,a\n" : "4111111111111112,a\n"));
    }
    CHECK_OK(run(buf_bytes(&csv)));
    CHECK(column_of("x")->class == COLUMN_OTHER);
    CHECK(reasons_with("x", "values are valid card numbers: 9 of 20, too few to decide"));
}
