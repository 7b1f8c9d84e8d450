#include <stdlib.h>

#include "data/template_internal.h"
#include "tests/test.h"

static char why[CSV_WHY_SIZE];

#define HEAD "{\"template\":\"t\",\"title\":{\"en\":\"a\",\"zh\":\"b\"},\"facts\":{}"
#define WHY  "\"why\":{\"en\":\"a\",\"zh\":\"b\"}"
#define DROP ",\"drop\":[{\"class\":\"personal\"," WHY "}]"
#define ROLE "\"role\":\"x\",\"names\":[\"x\"],\"class\":\"personal\"," WHY
/* A template of one rule. */
#define RULE(action)  HEAD DROP ",\"columns\":[{" ROLE "," action "}]}"
#define STEPS(ladder) RULE("\"action\":\"generalise\",\"ladder\":[" ladder "]")
#define QUASI(more) \
    HEAD DROP ",\"columns\":[{" ROLE ",\"action\":\"keep\"}],\"quasi_identifiers\":[\"x\"]" more "}"

static enum err read_rules(const char *text, struct template_ **out)
{
    why[0] = '\0';
    return template_read(bytes_of_str(text), out, why);
}

TEST(a_rule_with_anything_unknown_missing_or_out_of_range_is_refused_with_the_reason)
{
    static const struct {
        const char *text, *reason;
    } ROWS[] = {
        { HEAD DROP ",\"columns\":[]}", "\"columns\" must be a list of 1 to 64" },
        { HEAD DROP ",\"columns\":{}}", "\"columns\" must be a list" },
        { HEAD DROP ",\"columns\":[7]}", "columns: \"role\" must be a text" },
        { HEAD DROP ",\"columns\":[{\"role\":\"X\"}]}", "a role is 1 to 32 of a-z" },
        { HEAD DROP ",\"columns\":[{\"role\":\"x\"}]}", "x: \"names\" must be a list" },
        { HEAD DROP ",\"columns\":[{\"role\":\"x\",\"names\":[]}]}", "\"names\" must be a list" },
        { HEAD DROP ",\"columns\":[{\"role\":\"x\",\"names\":[1]}]}", "\"names\" must be a list" },
        { HEAD DROP ",\"columns\":[{\"role\":\"x\",\"names\":[\"x\"],\"class\":\"odd\"}]}",
          "x: no class \"odd\"" },
        { HEAD DROP ",\"columns\":[{\"role\":\"x\",\"names\":[\"x\"],\"class\":\"other\"}]}",
          "x: \"why\" is missing" },
        { HEAD DROP ",\"columns\":[{" ROLE "}]}", "x: \"action\" must be a text" },
        { HEAD DROP ",\"columns\":[{" ROLE ",\"action\":\"keep\"},{" ROLE ",\"action\":\"keep\"}]}",
          "the role \"x\" stands twice" },
        { RULE("\"action\":\"burn\""), "no action \"burn\"" },
        { RULE("\"action\":\"keep\",\"length\":16"), "x: unknown member \"length\"" },
        { RULE("\"action\":\"drop\",\"mask\":{}"), "x: unknown member \"mask\"" },
        { RULE("\"action\":\"mask\""), "x: \"mask\" is missing" },
        { RULE("\"action\":\"mask\",\"mask\":{\"first\":1}"), "\"last\" must be a whole number" },
        { RULE("\"action\":\"mask\",\"mask\":{\"first\":-1,\"last\":0}"), "\"first\" must be" },
        { RULE("\"action\":\"mask\",\"mask\":{\"first\":65,\"last\":0}"), "from 0 to 64" },
        { RULE("\"action\":\"mask\",\"mask\":{\"pattern\":\"#\",\"last\":0}"), "unknown member" },
        { RULE("\"action\":\"mask\",\"mask\":{\"pattern\":\"# #\"}"), "visible ASCII" },
        { RULE("\"action\":\"pseudonym\""), "\"length\" must be a whole number from 8 to 52" },
        { RULE("\"action\":\"pseudonym\",\"length\":7"), "\"length\" must be" },
        { RULE("\"action\":\"pseudonym\",\"length\":53"), "\"length\" must be" },
        { RULE("\"action\":\"generalise\""), "\"ladder\" must be a list of 1 to 6 steps" },
        { STEPS(""), "\"ladder\" must be a list" },
        { STEPS("\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\""), "\"ladder\" must be a list" },
        { STEPS("\"guess\""), "x: no step \"guess\" (keep, hide)" },
        { STEPS("{\"round\":2}"), "a step is keep, hide, bands" },
        { STEPS("{\"bands\":{\"width\":0,\"from\":0,\"to\":9}}"), "\"width\" must be" },
        { STEPS("{\"bands\":{\"width\":2,\"from\":0,\"to\":9}}"), "whole bands" },
        { STEPS("{\"bands\":{\"width\":2,\"from\":8,\"to\":8}}"), "whole bands" },
        { STEPS("{\"bands\":{\"width\":1,\"from\":0,\"to\":100000000001}}"), "\"to\" must be" },
        { STEPS("{\"bands\":{\"width\":1,\"from\":0}}"), "\"to\" must be" },
        { STEPS("{\"bands\":{\"width\":1,\"from\":0,\"to\":1,\"open\":1}}"), "unknown member" },
        { STEPS("{\"date\":\"week\"}"), "\"week\" is none of year, quarter, month" },
        { STEPS("{\"date\":\"year\",\"order\":\"dmy\"}"), "\"dmy\" is none of" },
        { STEPS("{\"map\":[]}"), "\"map\" must be a list" },
        { STEPS("{\"map\":[{\"to\":\"a\",\"from\":[\"b\"]}]}"), "\"other\" must be a text" },
        { STEPS("{\"rare\":1,\"other\":\"o\"}"), "\"rare\" must be a whole number from 2" },
        { STEPS("\"keep\",\"hide\""), "several steps is for quasi-identifiers" },
        { HEAD DROP ",\"k\":5}", "\"k\" says nothing without" },
        { HEAD DROP ",\"quasi_identifiers\":[\"x\"]}", "no role \"x\" in columns" },
        { HEAD DROP ",\"quasi_identifiers\":[]}", "must be a list of 1" },
        { QUASI(""), "\"k\" must be a whole number from 2 to 10000" },
        { QUASI(",\"k\":1,\"suppress_max_percent\":5"), "\"k\" must be" },
        { QUASI(",\"k\":10001,\"suppress_max_percent\":5"), "\"k\" must be" },
        { QUASI(",\"k\":2"), "\"suppress_max_percent\" must be a whole number from 0 to 100" },
        { QUASI(",\"k\":2,\"suppress_max_percent\":101"), "\"suppress_max_percent\" must be" },
        { HEAD DROP ",\"columns\":[{" ROLE ",\"action\":\"drop\"}],\"quasi_identifiers\":[\"x\"]}",
          "\"x\" must be kept or generalised" },
        { HEAD DROP ",\"columns\":[{" ROLE
                    ",\"action\":\"keep\"}],\"quasi_identifiers\":[\"x\",\"x\"]}",
          "\"x\" stands twice" },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct template_ *t = NULL;
        CHECK_ERR(read_rules(ROWS[i].text, &t), ERR_UNREADABLE);
        if (strstr(why, ROWS[i].reason) == NULL) {
            CHECK_STR(why, ROWS[i].reason);
        }
        CHECK(t == NULL);
    }
}

TEST(the_limits_themselves_are_let_be)
{
    static const char *const ROWS[] = {
        RULE("\"action\":\"mask\",\"mask\":{\"first\":64,\"last\":0}"),
        RULE("\"action\":\"pseudonym\",\"length\":8"),
        RULE("\"action\":\"pseudonym\",\"length\":52"),
        STEPS("{\"bands\":{\"width\":1000000000,\"from\":-100000000000,\"to\":100000000000}}"),
        STEPS("{\"rare\":2,\"other\":\"o\"}"),
        STEPS("{\"date\":\"month\",\"order\":\"day_first\"}"),
        QUASI(",\"k\":2,\"suppress_max_percent\":0"),
        QUASI(",\"k\":10000,\"suppress_max_percent\":100"),
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct template_ *t = NULL;
        CHECK_OK(read_rules(ROWS[i], &t));
        CHECK_STR(why, "");
        template_free(t);
    }
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

TEST(the_templates_of_the_release_know_columns_by_many_names)
{
    static const struct {
        const char *template_, *column, *role;
        enum data_action action;
        bool quasi;
    } ROWS[] = {
        { "medical", "age", "age", DATA_GENERALISE, true },
        { "medical", "AGE", "age", DATA_GENERALISE, true },
        { "medical", "PatientAge", "age", DATA_GENERALISE, true },
        { "medical", "age_at_visit", "age", DATA_GENERALISE, true },
        { "medical", "患者年龄", "age", DATA_GENERALISE, true },
        { "medical", "dosage", NULL, DATA_KEEP, false },
        { "medical", "language", NULL, DATA_KEEP, false },
        { "medical", "性别", "sex", DATA_GENERALISE, true },
        { "medical", "Patient Name", "name", DATA_DROP, false },
        { "medical", "病历号", "record_number", DATA_PSEUDONYM, false },
        { "medical", "date_of_birth", "birth_date", DATA_GENERALISE, false },
        { "medical", "chol", "cholesterol", DATA_GENERALISE, false },
        { "finance", "ID", "client_id", DATA_PSEUDONYM, false },
        { "finance", "客户编号", "client_id", DATA_PSEUDONYM, false },
        { "finance", "LIMIT_BAL", "credit_limit", DATA_GENERALISE, false },
        { "finance", "PAY_0", "delay", DATA_KEEP, false },
        { "finance", "PAY_AMT6", "payment", DATA_GENERALISE, false },
        { "finance", "BILL_AMT1", "bill", DATA_GENERALISE, false },
        { "finance", "MARRIAGE", "marriage", DATA_GENERALISE, true },
        { "finance", "学历", "education", DATA_GENERALISE, true },
        { "finance", "iban", "account", DATA_MASK, false },
        { "finance", "default.payment.next.month", "default", DATA_KEEP, false },
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        struct template_ *t = release(ROWS[i].template_);
        struct column c = { .class = COLUMN_OTHER };
        struct treatment x;
        CHECK(t != NULL);
        snprintf(c.name, sizeof c.name, "%s", ROWS[i].column);
        template_treatment(t, &c, &x);
        CHECK_STR(x.role != NULL ? x.role : "", ROWS[i].role != NULL ? ROWS[i].role : "");
        CHECK(x.action == ROWS[i].action && x.quasi == ROWS[i].quasi);
        CHECK((x.why_en != NULL && x.why_zh != NULL) == (ROWS[i].role != NULL));
        template_free(t);
    }
}

/* A header is a promise: values that are e-mail addresses break it. */
TEST(a_column_that_stays_by_its_name_does_not_when_its_values_are_of_a_class_that_may_not)
{
    struct template_ *t = release("finance");
    struct column c = { .name = "default", .class = COLUMN_PERSONAL, .by_values = true };
    struct treatment x;
    template_treatment(t, &c, &x);
    CHECK(x.action == DATA_DROP && x.role == NULL && x.class == COLUMN_PERSONAL);
    c.by_values = false;
    template_treatment(t, &c, &x);
    CHECK(x.action == DATA_KEEP && x.class == COLUMN_FINANCIAL);
    template_free(t);
}
