#include <stdlib.h>
#include <string.h>

#include "cli/actions_internal.h"

/* Options that are members of the check under another name. */
static const struct check_member {
    const char *option, *member;
    enum { MEMBER_TEXT, MEMBER_NUMBER, MEMBER_LIST, MEMBER_TRUE } kind;
} MEMBERS[] = {
    { "--from", "from", MEMBER_TEXT },
    { "--to", "to", MEMBER_TEXT },
    { "--date", "date", MEMBER_TEXT },
    { "--sector", "sector", MEMBER_TEXT },
    { "--role", "role", MEMBER_TEXT },
    { "--purpose", "purpose", MEMBER_TEXT },
    { "--classes", "classes", MEMBER_LIST },
    { "--mechanisms", "mechanisms", MEMBER_LIST },
    { "--via", "via", MEMBER_LIST },
    { "--subjects", "subjects", MEMBER_NUMBER },
    { "--sensitive-subjects", "sensitive_subjects", MEMBER_NUMBER },
    { "--prior-subjects", "prior_subjects", MEMBER_NUMBER },
    { "--prior-sensitive-subjects", "prior_sensitive_subjects", MEMBER_NUMBER },
    { "--important-data", "important_data", MEMBER_TRUE },
};

static json_t *list_of(const char *text)
{
    json_t *list = json_new_array();
    char word[128];
    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        snprintf(word, sizeof word, "%.*s", (int)len, text);
        if (len > 0) {
            json_push(list, json_new_str(word));
        }
        text += len + (text[len] == ',' ? 1 : 0);
    }
    return list;
}

static bool whole_number(const char *text, int64_t *out)
{
    char *end;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 15 || text[digits] != '\0') {
        return false;
    }
    *out = strtoll(text, &end, 10);
    return true;
}

static enum err put_member(struct cli *c, json_t *check, const struct check_member *m)
{
    const char *text = cli_option(c, m->option);
    int64_t n;
    if (text == NULL) {
        return ERR_NONE;
    }
    switch (m->kind) {
    case MEMBER_TEXT:
        json_put(check, m->member, json_new_str(text));
        break;
    case MEMBER_LIST:
        json_put(check, m->member, list_of(text));
        break;
    case MEMBER_TRUE:
        json_put(check, m->member, json_new_bool(true));
        break;
    case MEMBER_NUMBER:
        if (!whole_number(text, &n)) {
            return cli_fail(c, ERR_USAGE, m->option, "'%s' is not a whole number", text);
        }
        json_put(check, m->member, json_new_int(n));
        break;
    }
    return ERR_NONE;
}

/* --fact k=v: true, false, numbers, lists with commas, and words. */
static enum err put_facts(struct cli *c, json_t *check)
{
    const char *text;
    json_t *facts = json_new_object();
    for (int i = 0; (text = cli_option_at(c, "--fact", i)) != NULL; i++) {
        char key[128];
        size_t len = strcspn(text, "=");
        int64_t n;
        if (text[len] != '=' || len == 0 || len >= sizeof key) {
            json_free(facts);
            return cli_fail(c, ERR_USAGE, "--fact", "'%s' is not NAME=VALUE", text);
        }
        snprintf(key, sizeof key, "%.*s", (int)len, text);
        if (json_member(facts, key) != NULL) {
            json_free(facts);
            return cli_fail(c, ERR_USAGE, "--fact", "'%s' is given more than once", key);
        }
        const char *value = text + len + 1;
        if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0) {
            json_put(facts, key, json_new_bool(value[0] == 't'));
        } else if (strcmp(key, "onward") == 0) {
            json_put(facts, key, list_of(value));
        } else if (whole_number(value, &n)) {
            json_put(facts, key, json_new_int(n));
        } else {
            json_put(facts, key, json_new_str(value));
        }
    }
    if (json_size(facts) > 0) {
        json_put(check, "facts", facts);
    } else {
        json_free(facts);
    }
    return ERR_NONE;
}

static enum err base_check(struct cli *c, json_t **out)
{
    const char *path = cli_option(c, "--check");
    uint8_t *file;
    size_t len;
    char why[JSON_ERROR_SIZE] = "";
    if (path == NULL) {
        *out = json_new_object();
        return ERR_NONE;
    }
    TRY(cli_read_file(c, path, &file, &len));
    enum err e = json_read(bytes_of(file, len), 1 << 20, out, why);
    free(file);
    return e == ERR_NONE ? e : cli_fail(c, e, path, "%s", why);
}

/* What a check by options alone can't do without. */
static enum err need_places(struct cli *c, const json_t *check)
{
    static const char *const NEEDED[][2] = { { "from", "--from" }, { "to", "--to" } };
    for (size_t i = 0; i < COUNT(NEEDED); i++) {
        if (cli_option(c, "--check") == NULL && json_member(check, NEEDED[i][0]) == NULL) {
            cli_hint(c, "two letters of ISO 3166-1, as in --from CN --to DE");
            return cli_fail(c, ERR_USAGE, NEEDED[i][1], "is required");
        }
    }
    return ERR_NONE;
}

enum err action_check_code(enum err e)
{
    return e == ERR_UNKNOWN_WORD || e == ERR_RANGE ? ERR_USAGE : e;
}

enum err action_check(struct cli *c, const struct policy_book *book, const char *from,
                      const char *to, struct policy_check *out)
{
    char why[POLICY_WHY_SIZE] = "";
    json_t *check;
    TRY(base_check(c, &check));
    enum err e = ERR_NONE;
    for (size_t i = 0; e == ERR_NONE && i < COUNT(MEMBERS); i++) {
        e = put_member(c, check, &MEMBERS[i]);
    }
    if (e == ERR_NONE) {
        e = put_facts(c, check);
    }
    if (e == ERR_NONE) {
        if (from != NULL) {
            json_put(check, "from", json_new_str(from));
        }
        if (to != NULL) {
            json_put(check, "to", json_new_str(to));
        }
        e = need_places(c, check);
    }
    if (e == ERR_NONE) {
        e = policy_check_read(book, check, out, why);
        if (e != ERR_NONE) {
            e = cli_fail(c, action_check_code(e), "check", "%s",
                         why[0] != '\0' ? why : err_text(e));
        }
    }
    json_free(check);
    return e;
}
