#include <string.h>

#include "data/data_internal.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static uint8_t lower(uint8_t c)
{
    return is_upper(c) ? (uint8_t)(c + 32) : c;
}

static bool is_alnum(uint8_t c)
{
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}

/* local@domain.tld: one @, a dot after it. */
static bool is_address_spec(struct bytes x)
{
    const uint8_t *at = x.len > 0 ? memchr(x.ptr, '@', x.len) : NULL;
    if (at == NULL || at == x.ptr || x.len > 254) {
        return false;
    }
    size_t domain = (size_t)(at - x.ptr) + 1;
    size_t dot = 0;
    for (size_t i = 0; i < x.len; i++) {
        uint8_t c = x.ptr[i];
        if (c <= ' ' || (i >= domain && c == '@')) {
            return false;
        }
        dot = i > domain && c == '.' ? i : dot;
    }
    return dot > 0 && dot + 2 < x.len;
}

/* Also one among other words: "please write to <a@b.de>". */
static bool has_email(struct bytes x)
{
    size_t start = 0;
    if (memchr(x.ptr, '@', x.len) == NULL) {
        return false;
    }
    for (size_t i = 0; i <= x.len; i++) {
        if (i < x.len && (x.ptr[i] == '\0' || strchr(" \t\r\n,;:<>()[]\"", x.ptr[i]) == NULL)) {
            continue;
        }
        if (is_address_spec(bytes_of(x.ptr + start, i - start))) {
            return true;
        }
        start = i + 1;
    }
    return false;
}

/* The digits of a number written with spaces, dashes, dots or brackets; false if anything else. */
static bool digits_of(struct bytes x, uint8_t out[20], size_t *count, size_t *joints)
{
    *count = *joints = 0;
    for (size_t i = 0; i < x.len; i++) {
        if (is_digit(x.ptr[i]) && *count < 20) {
            out[(*count)++] = (uint8_t)(x.ptr[i] - '0');
        } else if (strchr(" -.()", x.ptr[i]) != NULL && x.ptr[i] != '\0') {
            (*joints)++;
        } else {
            return false;
        }
    }
    return true;
}

/* E.164 with its plus, a mainland mobile number (1[3-9] and nine digits), or ten digits and more
 * written in parts. Bare digits could be anything else. */
static bool is_phone(struct bytes x)
{
    uint8_t d[20];
    size_t count, joints, plus = x.len > 0 && x.ptr[0] == '+';
    if (!digits_of(bytes_of(x.ptr + plus, x.len - plus), d, &count, &joints) || count > 15) {
        return false;
    }
    bool mobile = count == 11 && d[0] == 1 && d[1] >= 3 && joints <= 2;
    bool national = count >= 10 && joints >= 1 && joints <= 5 && (d[0] == 0 || x.ptr[0] == '(');
    return (plus && count >= 8) || mobile || national;
}

/* ISO/IEC 7812-1 annex B. */
static bool is_card(struct bytes x)
{
    uint8_t d[20];
    size_t count, joints;
    unsigned sum = 0;
    if (!digits_of(x, d, &count, &joints) || count < 13 || count > 19 || d[0] < 2 || d[0] > 6) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        unsigned digit = d[count - 1 - i];
        digit = i % 2 == 1 ? 2 * digit : digit;
        sum += digit > 9 ? digit - 9 : digit;
    }
    return sum % 10 == 0;
}

/* ISO 13616: the first four characters moved to the end, letters as 10 to 35, is 1 modulo 97. */
static bool is_iban(struct bytes x)
{
    uint8_t s[34];
    size_t len = 0;
    unsigned rest = 0;
    for (size_t i = 0; i < x.len; i++) {
        if (x.ptr[i] == ' ') {
            continue;
        }
        if (len == sizeof s || (!is_digit(x.ptr[i]) && !is_upper(x.ptr[i]))) {
            return false;
        }
        s[len++] = x.ptr[i];
    }
    if (len < 15 || !is_upper(s[0]) || !is_upper(s[1]) || !is_digit(s[2]) || !is_digit(s[3])) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        uint8_t c = s[(i + 4) % len];
        rest = is_digit(c) ? rest * 10 + (c - (unsigned)'0') : rest * 100 + (c - 'A' + 10u);
        rest %= 97;
    }
    return rest == 1;
}

/* GB 11643-1999: place, birth date, serial: 17 digits and a check character, ISO 7064 MOD 11-2. A
 * number of 18 digits passes the check in one of eleven cases; the date makes it one of thousands.
 */
static bool is_cn_id(struct bytes x)
{
    static const uint8_t WEIGHT[] = { 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2 };
    static const char CHECK_CHARACTER[] = "10X98765432";
    unsigned sum = 0;
    if (x.len != 18) {
        return false;
    }
    for (size_t i = 0; i < COUNT(WEIGHT); i++) {
        if (!is_digit(x.ptr[i])) {
            return false;
        }
        sum += WEIGHT[i] * (x.ptr[i] - (unsigned)'0');
    }
    const uint8_t *born = x.ptr + 6;
    bool century = (born[0] == '1' && (born[1] == '8' || born[1] == '9')) ||
                   (born[0] == '2' && born[1] == '0');
    unsigned month = (born[4] - (unsigned)'0') * 10 + (born[5] - (unsigned)'0');
    unsigned day = (born[6] - (unsigned)'0') * 10 + (born[7] - (unsigned)'0');
    bool date = century && month >= 1 && month <= 12 && day >= 1 && day <= 31;
    return date && CHECK_CHARACTER[sum % 11] == (char)x.ptr[17];
}

static bool is_ip(struct bytes x)
{
    unsigned parts = 0, value = 0, digits = 0;
    for (size_t i = 0; i <= x.len; i++) {
        if (i < x.len && is_digit(x.ptr[i]) && digits < 3) {
            value = value * 10 + (x.ptr[i] - (unsigned)'0');
            digits++;
        } else if ((i == x.len || x.ptr[i] == '.') && digits > 0 && value <= 255) {
            parts++;
            value = digits = 0;
        } else {
            return false;
        }
    }
    return parts == 4;
}

/* Whether a word of the list stands in x between other characters than letters; ASCII, lowercase.
 */
static bool has_word(struct bytes x, const char *const *words, size_t count)
{
    for (size_t i = 0; i < x.len; i++) {
        if (i > 0 && is_alnum(x.ptr[i - 1])) {
            continue;
        }
        for (size_t w = 0; w < count; w++) {
            size_t len = strlen(words[w]), n = 0;
            while (n < len && i + n < x.len && lower(x.ptr[i + n]) == (uint8_t)words[w][n]) {
                n++;
            }
            if (n == len && (i + n == x.len || !is_alnum(x.ptr[i + n]))) {
                return true;
            }
        }
    }
    return false;
}

static bool has_text(struct bytes x, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (x.len > 0 && memmem(x.ptr, x.len, texts[i], strlen(texts[i])) != NULL) {
            return true;
        }
    }
    return false;
}

static bool is_address(struct bytes x)
{
    static const char *const STREETS[] = { "street", "road",    "avenue", "lane",     "str",
                                           "ave",    "strasse", "platz",  "allee",    "rue",
                                           "via",    "calle",   "jalan",  "boulevard" };
    static const char *const PARTS[] = { "路", "街", "巷", "straße" };
    bool digit = false;
    for (size_t i = 0; i < x.len; i++) {
        digit = digit || is_digit(x.ptr[i]);
    }
    return digit && (has_word(x, STREETS, COUNT(STREETS)) || has_text(x, PARTS, COUNT(PARTS)));
}

/* Two or three characters that begin with one of the commonest surnames. */
static bool is_chinese_name(struct bytes x)
{
    static const char *const SURNAMES[] = { "王", "李", "张", "刘", "陈", "杨", "赵", "黄",
                                            "周", "吴", "徐", "孙", "胡", "朱", "高", "林",
                                            "何", "郭", "马", "罗", "梁", "宋", "郑", "谢" };
    if (x.len != 6 && x.len != 9) {
        return false;
    }
    for (size_t i = 0; i < x.len; i += 3) {
        if (x.ptr[i] < 0xe4 || x.ptr[i] > 0xe9) { /* U+4000 to U+9FFF in UTF-8 */
            return false;
        }
    }
    return has_text(bytes_of(x.ptr, 3), SURNAMES, COUNT(SURNAMES));
}

/* A title or a common given name, and no digit. */
static bool is_person_name(struct bytes x)
{
    static const char *const WORDS[] = {
        "mr",    "mrs",    "ms",    "herr",     "frau",     "anna",   "david",    "elizabeth",
        "emma",  "hans",   "james", "jennifer", "john",     "jose",   "julia",    "karl",
        "linda", "maria",  "mary",  "michael",  "mohammed", "olivia", "patricia", "paul",
        "peter", "robert", "sarah", "susan",    "thomas",   "wei",    "william",  "ying",
        "ahmad", "siti",   "li",    "wang"
    };
    unsigned spaces = 0;
    for (size_t i = 0; i < x.len; i++) {
        if (is_digit(x.ptr[i])) {
            return false;
        }
        spaces += x.ptr[i] == ' ';
    }
    bool few = x.len <= 48 && spaces >= 1 && spaces <= 3;
    return is_chinese_name(x) || (few && has_word(x, WORDS, COUNT(WORDS)));
}

static bool (*const DETECTORS[DETECT_END])(struct bytes x) = {
    [DETECT_EMAIL] = has_email,    [DETECT_PHONE] = is_phone, [DETECT_PERSON_NAME] = is_person_name,
    [DETECT_ADDRESS] = is_address, [DETECT_IP] = is_ip,       [DETECT_CN_ID] = is_cn_id,
    [DETECT_CARD] = is_card,       [DETECT_IBAN] = is_iban,
};

bool detect(enum detector d, struct bytes value)
{
    ASSERT(d < DETECT_END);
    return value.len > 0 && DETECTORS[d](value);
}
