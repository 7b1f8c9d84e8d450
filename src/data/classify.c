#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "data/data_internal.h"

enum { SCORE_MAX = 99, SCORE_AGREE = 10 };

const char *column_class_name(enum column_class c)
{
    static const char *const NAME[] = { "other", "personal", "sensitive", "financial", "health" };
    ASSERT((size_t)c < COUNT(NAME));
    return NAME[c];
}

const char *column_type_name(enum column_type t)
{
    static const char *const NAME[] = { "empty", "integer", "decimal", "date", "code", "text" };
    ASSERT((size_t)t < COUNT(NAME));
    return NAME[t];
}

/* What a name may say. The phrases are whole words of the name, in lowercase with one space between
 * them; those of other scripts stand anywhere in it. Of several the highest score counts. */
struct name_rule {
    const char *phrases; /* separated by '|' */
    enum column_class class;
    uint32_t score;
    const char *reason;
};
static const struct name_rule NAME_RULES[] = {
    { "customer id|customer no|customer number|customer code|client id|user id|member id|person id|"
      "patient id|patient no|employee id|subject id|passenger id|account id|buyer "
      "id|客户编号|用户编号",
      COLUMN_PERSONAL, 90, "name says a customer or person id" },
    { "email|e mail|mail|邮箱", COLUMN_PERSONAL, 90, "name says an e-mail address" },
    { "phone|telephone|mobile|cell|tel|fax|电话|手机", COLUMN_PERSONAL, 90,
      "name says a phone number" },
    { "first name|last name|family name|given name|full name|surname|customer name|client name|"
      "contact name|user name|username|patient name|姓名",
      COLUMN_PERSONAL, 90, "name says a person's name" },
    { "address|street|postcode|post code|postal code|zip|zip code|地址|住址", COLUMN_PERSONAL, 80,
      "name says an address" },
    { "birth|birthday|birthdate|dob|date of birth|生日|出生", COLUMN_PERSONAL, 90,
      "name says a birth date" },
    { "sex|gender|age|marriage|marital|marital status|education|nationality|occupation|"
      "性别|年龄|婚姻|学历|教育程度|文化程度|国籍|职业",
      COLUMN_PERSONAL, 65, "name says a trait of a person" },
    { "ip|ip address|device id|imei|cookie|advertising id", COLUMN_PERSONAL, 80,
      "name says a device or network id" },
    { "id|uid|uuid", COLUMN_PERSONAL, 50, "name says an id, of what is not known" },
    { "passport|passport no|id card|id number|identity|identity number|national id|ssn|"
      "social security|driver license|driving licence|身份证|护照",
      COLUMN_SENSITIVE, 95, "name says an identity document" },
    { "religion|ethnicity|ethnic|race|fingerprint|biometric|face id|political|sexual orientation|"
      "password|latitude|longitude|gps|民族|宗教|指纹|人脸|行踪",
      COLUMN_SENSITIVE, 85, "name says a sensitive trait of a person" },
    { "card number|card no|credit card|debit card|iban|bic|account number|account no|bank "
      "account|cvv|"
      "银行卡|银行账号",
      COLUMN_FINANCIAL, 90, "name says a card or account" },
    { "salary|income|wage|balance|limit bal|credit limit|bill amt|bill amount|pay "
      "amt|pay|loan|debt|"
      "default|credit score|工资|收入|额度|账单|还款|余额|贷款|违约",
      COLUMN_FINANCIAL, 70, "name says income, debt or payments" },
    { "diagnosis|disease|symptom|medication|drug|icd|blood|blood pressure|heart "
      "rate|cholesterol|chol|"
      "glucose|bmi|hiv|allergy|pregnancy|病历|诊断|血压|血糖|胆固醇|心率|心电|胸痛|疾病",
      COLUMN_HEALTH, 90, "name says a diagnosis or measurement" },
    { "trestbps|fbs|restecg|thalach|exang|oldpeak|thal|cp|ecg|ekg|mri|hba 1 c|ldl|hdl",
      COLUMN_HEALTH, 75, "name is a clinical abbreviation" },
};

/* What values may say: of a column's values, this share in percent must look like it. For an e-mail
 * address one value is enough: nothing else looks like it, and one row is one person. */
struct value_rule {
    uint32_t share;
    enum column_class class;
    uint32_t score;
    const char *reason;
};
static const struct value_rule VALUE_RULES[DETECT_END] = {
    [DETECT_EMAIL] = { 0, COLUMN_PERSONAL, 95, "values look like e-mail addresses" },
    [DETECT_PHONE] = { 50, COLUMN_PERSONAL, 80, "values look like phone numbers" },
    [DETECT_PERSON_NAME] = { 40, COLUMN_PERSONAL, 70, "values look like names of persons" },
    [DETECT_ADDRESS] = { 40, COLUMN_PERSONAL, 75, "values look like addresses" },
    [DETECT_IP] = { 50, COLUMN_PERSONAL, 80, "values look like network addresses" },
    [DETECT_CN_ID] = { 5, COLUMN_SENSITIVE, 95, "values are valid identity card numbers" },
    [DETECT_CARD] = { 50, COLUMN_FINANCIAL, 90, "values are valid card numbers" },
    [DETECT_IBAN] = { 5, COLUMN_FINANCIAL, 95, "values are valid bank account numbers" },
};

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return (c >= 'a' && c <= 'z') || (c & 0x80) != 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether a new word begins at name[i]: customerID, LIMIT2, IPAddress. */
static bool begins_word(const char *name, size_t i)
{
    char before = i > 0 ? name[i - 1] : ' ', c = name[i];
    return (is_upper(c) && is_lower(before)) || is_digit(c) != is_digit(before) ||
           (is_upper(c) && is_upper(before) && name[i + 1] >= 'a' && name[i + 1] <= 'z');
}

/* "CustomerID" and "CUSTOMER_ID" are " customer id ". */
void words_of(const char *name, char out[WORDS_SIZE])
{
    size_t len = 0;
    out[len++] = ' ';
    for (size_t i = 0; name[i] != '\0'; i++) {
        char c = name[i];
        bool letter = is_upper(c) || is_lower(c) || is_digit(c);
        if ((!letter || begins_word(name, i)) && out[len - 1] != ' ') {
            out[len++] = ' ';
        }
        if (letter) {
            out[len++] = is_upper(c) ? (char)(c + 32) : c;
        }
    }
    if (out[len - 1] != ' ') {
        out[len++] = ' ';
    }
    ASSERT(len < WORDS_SIZE);
    out[len] = '\0';
}

static bool says(const char *words, const char *phrase, size_t len)
{
    bool ascii = (phrase[0] & 0x80) == 0;
    for (const char *at = words; (at = memmem(at, strlen(at), phrase, len)) != NULL; at++) {
        if (!ascii || (at[-1] == ' ' && at[len] == ' ')) {
            return true;
        }
    }
    return false;
}

/* The first phrase that is said, or one of no length. */
static struct bytes said_of(const char *words, const char *phrases)
{
    for (const char *at = phrases;;) {
        const char *end = strchrnul(at, '|');
        if (says(words, at, (size_t)(end - at))) {
            return bytes_of(at, (size_t)(end - at));
        }
        if (*end == '\0') {
            return bytes_of(at, 0);
        }
        at = end + 1;
    }
}

static const struct name_rule *judge_name(const char *name, struct bytes *said)
{
    char words[WORDS_SIZE];
    const struct name_rule *best = NULL;
    words_of(name, words);
    for (size_t i = 0; i < COUNT(NAME_RULES); i++) {
        const struct name_rule *r = &NAME_RULES[i];
        struct bytes phrase = said_of(words, r->phrases);
        if (phrase.len > 0 && (best == NULL || r->score > best->score)) {
            best = r;
            *said = phrase;
        }
    }
    return best;
}

static const struct value_rule *judge_values(const struct column *c, const struct column_scan *s)
{
    const struct value_rule *best = NULL;
    for (size_t i = 0; i < DETECT_END; i++) {
        const struct value_rule *r = &VALUE_RULES[i];
        bool enough = s->hits[i] > 0 && s->hits[i] * 100 >= c->values * r->share;
        if (enough && (best == NULL || r->score > best->score)) {
            best = r;
        }
    }
    return best;
}

/* A type is a promise about every value, but for codes, among which a few words are let be.
 * Decimals with points and with commas in one column could be read in two ways, so they are text.
 */
static enum column_type type_of(const struct column *c, const uint64_t shapes[SHAPE_END])
{
    uint64_t numbers = shapes[SHAPE_INTEGER] + shapes[SHAPE_POINT] + shapes[SHAPE_COMMA];
    bool mixed = shapes[SHAPE_POINT] > 0 && shapes[SHAPE_COMMA] > 0;
    uint64_t codes = shapes[SHAPE_INTEGER] + shapes[SHAPE_CODE];
    if (c->values == 0) {
        return COLUMN_EMPTY;
    }
    if (shapes[SHAPE_INTEGER] == c->values) {
        return COLUMN_INTEGER;
    }
    if (numbers == c->values && !mixed) {
        return COLUMN_DECIMAL;
    }
    if (shapes[SHAPE_DATE] == c->values) {
        return COLUMN_DATE;
    }
    return codes * 100 >= c->values * 95 ? COLUMN_CODE : COLUMN_TEXT;
}

/* Core data is named by an authority, never found by a detector: what touches people is 2. */
static uint32_t grade_of(enum column_class class)
{
    return class == COLUMN_OTHER ? 1 : 2;
}

static void set_class(struct column *c, enum column_class class, uint32_t score, const char *reason)
{
    c->class = class;
    c->score = score < SCORE_MAX ? score : SCORE_MAX;
    c->reason = reason;
    c->grade = grade_of(class);
}

__attribute__((format(printf, 2, 3))) static void add_reason(struct column *c, const char *format,
                                                             ...)
{
    if (c->reason_count < DATA_REASONS_MAX) {
        char *out = c->reasons[c->reason_count++];
        va_list args;
        va_start(args, format);
        vsnprintf(out, DATA_REASON_SIZE, format, args);
        va_end(args);
        out[utf8_prefix(bytes_of_str(out))] = '\0';
    }
}

/* What the detectors saw, also where it was too little to decide. */
static void add_value_reasons(struct column *c, const struct column_scan *s)
{
    for (size_t i = 0; i < DETECT_END; i++) {
        const struct value_rule *r = &VALUE_RULES[i];
        if (s->hits[i] > 0) {
            bool enough = s->hits[i] * 100 >= c->values * r->share;
            add_reason(c, "%s: %llu of %llu%s", r->reason, (unsigned long long)s->hits[i],
                       (unsigned long long)c->values, enough ? "" : ", too few to decide");
        }
    }
}

/* What the values look like, which alone decides nothing. */
static void add_shape_reasons(struct column *c, const struct column_scan *s)
{
    bool exact = c->distinct < DATA_SAMPLE_MAX, whole = c->type == COLUMN_INTEGER && s->numbers > 0;
    if (c->values >= 20 && exact && c->distinct == c->values) {
        add_reason(c, "no value stands twice: it may single out a row");
    }
    if (whole && exact && c->values >= 20 && c->distinct <= 12 && c->distinct * 2 < c->values) {
        add_reason(c, "small whole numbers, %llu different: a code",
                   (unsigned long long)c->distinct);
    } else if (whole && s->least >= 0 && s->most <= 120 && s->most >= 18) {
        add_reason(c, "whole numbers from %lld to %lld: ages are possible", (long long)s->least,
                   (long long)s->most);
    } else if (c->type == COLUMN_DATE) {
        add_reason(c, "every value is a date, %llu different", (unsigned long long)c->distinct);
    }
}

void classify(struct column *c, const struct column_scan *s)
{
    struct bytes said = bytes_of(NULL, 0);
    const struct name_rule *name = judge_name(c->name, &said);
    const struct value_rule *values = judge_values(c, s);
    c->type = type_of(c, s->shapes);
    if (name != NULL) {
        add_reason(c, "%s: the header has \"%.*s\"%s", name->reason, (int)said.len,
                   (const char *)said.ptr, values == NULL ? "; no value confirms it" : "");
    }
    add_value_reasons(c, s);
    if (name == NULL && values == NULL) {
        set_class(c, COLUMN_OTHER, 50, "nothing points to a person, money or health");
        add_reason(c, "%s", c->reason);
        add_shape_reasons(c, s);
        return;
    }
    add_shape_reasons(c, s);
    uint32_t agree =
        name != NULL && values != NULL && name->class == values->class ? SCORE_AGREE : 0;
    if (values == NULL || (name != NULL && name->score >= values->score)) {
        set_class(c, name->class, name->score + agree, name->reason);
    } else {
        set_class(c, values->class, values->score + agree, values->reason);
        c->by_values = true;
    }
}

/* Coded columns of a patient's record say nothing by themselves. */
void classify_record(struct profile *p)
{
    uint32_t health = 0;
    for (uint32_t i = 0; i < p->columns; i++) {
        health += p->column[i].class == COLUMN_HEALTH;
    }
    for (uint32_t i = 0; health >= 3 && i < p->columns; i++) {
        struct column *c = &p->column[i];
        if (c->class == COLUMN_OTHER) {
            set_class(c, COLUMN_HEALTH, 55, "it stands in a record of health data");
            snprintf(c->reasons[0], DATA_REASON_SIZE, "%s: %u columns are, by their names",
                     c->reason, health);
        }
    }
}
