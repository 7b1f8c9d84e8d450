/* Reading what happened, from a node: page after page, and what a page may be asked by. */
#include <stdio.h>
#include <string.h>

#include "cli/events_internal.h"

enum { PAGE = 1000, PATH_SIZE = 640 };

/* A time, or a day for its first instant. */
static enum err read_time(struct cli *c, const char *option, uint64_t *out)
{
    const char *text = cli_option(c, option);
    uint64_t ms = 0;
    uint32_t day = 0;
    if (text == NULL) {
        return ERR_NONE;
    }
    if (clock_parse_day(text, &day) == ERR_NONE) {
        ms = (uint64_t)day * 24 * 60 * 60 * 1000;
    } else if (clock_parse(text, &ms) != ERR_NONE) {
        cli_hint(c, "a time is 2026-01-31T12:00:00Z, of UTC; a day 2026-01-31, its first instant");
        return cli_fail(c, ERR_USAGE, option, "'%s' is neither a time nor a day", text);
    }
    *out = ms;
    return ERR_NONE;
}

static const char *const KINDS[] = {
#define X(contract, name, number, text, body) text,
    CONTRACT_EVENTS(X)
#undef X
};
static const char KINDS_SAID[] = "there are:"
#define X(contract, name, number, text, body) " " text
    CONTRACT_EVENTS(X)
#undef X
    ;
static const char *const METHODS[] = {
#define X(contract, number, name, args, text, cost, order, min, max, attachments) text,
    CONTRACT_METHODS(X)
#undef X
};
static const char METHODS_SAID[] = "there are:"
#define X(contract, number, name, args, text, cost, order, min, max, attachments) " " text
    CONTRACT_METHODS(X)
#undef X
    ;
_Static_assert(sizeof KINDS_SAID <= CLI_WHY_SIZE && sizeof METHODS_SAID <= CLI_WHY_SIZE,
               "all words fit a hint");

/* A word that no node knows is told here, by the option that it was given to. */
static enum err read_word(struct cli *c, const char *option, const char *const *known, size_t count,
                          const char *said, const char **out)
{
    const char *text = cli_option(c, option);
    bool good = text == NULL;
    for (size_t i = 0; !good && i < count; i++) {
        good = strcmp(text, known[i]) == 0;
    }
    if (!good) {
        cli_hint(c, said);
        return cli_fail(c, ERR_USAGE, option, "no such word: '%s'", text);
    }
    *out = text;
    return ERR_NONE;
}

static enum err read_author(struct session *s, char out[HEX_SIZE(HASH_SIZE) + 1])
{
    const char *author = cli_option(s->cli, "--author");
    struct hash did;
    if (author == NULL) {
        return ERR_NONE;
    }
    enum err e = session_party(s, author, &did);
    if (e != ERR_NONE) {
        char why[CLI_WHY_SIZE];
        snprintf(why, sizeof why, "%s", s->cli->why);
        cli_hint(s->cli, "a name is that of keys/NAME.did in the space's directory; a DID will do");
        return cli_fail(s->cli, e, "--author", "'%.100s': %s", author, why);
    }
    hex_encode(bytes_of_hash(&did), out);
    return ERR_NONE;
}

enum err action_filter(struct session *s, struct action_filter *out)
{
    struct action_filter f = { 0 };
    TRY(read_word(s->cli, "--type", KINDS, COUNT(KINDS), KINDS_SAID, &f.type));
    TRY(read_word(s->cli, "--method", METHODS, COUNT(METHODS), METHODS_SAID, &f.method));
    TRY(read_author(s, f.author));
    TRY(read_time(s->cli, "--since", &f.since_ms));
    TRY(read_time(s->cli, "--until", &f.until_ms));
    *out = f;
    return ERR_NONE;
}

static void add_text(char path[PATH_SIZE], const char *member, const char *text)
{
    size_t len = strlen(path);
    if (text != NULL && text[0] != '\0') {
        (void)snprintf(path + len, PATH_SIZE - len, "&%s=%.80s", member, text);
    }
}

static void add_number(char path[PATH_SIZE], const char *member, uint64_t x)
{
    size_t len = strlen(path);
    if (x > 0) {
        (void)snprintf(path + len, PATH_SIZE - len, "&%s=%llu", member, (unsigned long long)x);
    }
}

/* One page: its rows are taken, and *from is where the next one begins, or -1. */
static enum err each_of_page(struct session *s, const json_t *page, const char *list,
                             action_event_fn *take, void *work, int64_t *from, int64_t *index)
{
    const json_t *rows = json_member(page, list), *next = json_member(page, "next");
    (void)!json_get_int(page, "base", &s->events_base);
    for (size_t i = 0; i < json_size(rows); i++) {
        TRY(take(s, json_at(rows, i), work));
    }
    *from = -1;
    if (next == NULL) {
        return ERR_NONE;
    }
    TRY(json_get_int(next, "from", from));
    return json_get_int(next, "index", index);
}

static enum err each(struct session *s, const char *list, const struct action_filter *f,
                     action_event_fn *take, void *work)
{
    static const struct action_filter ALL = { 0 };
    f = f != NULL ? f : &ALL;
    for (int64_t from = 0, index = 0; from >= 0;) {
        char path[PATH_SIZE];
        json_t *page;
        (void)snprintf(path, sizeof path, "/v1/%s?from=%lld&index=%lld&max=%d", list,
                       (long long)from, (long long)index, PAGE);
        add_text(path, "subject", f->subject);
        add_text(path, "author", f->author);
        add_text(path, "type", f->type);
        add_text(path, "method", f->method);
        add_number(path, "since_ms", f->since_ms);
        add_number(path, "until_ms", f->until_ms);
        TRY(session_get_json(s, path, &page));
        enum err e = each_of_page(s, page, list, take, work, &from, &index);
        json_free(page);
        TRY(e);
    }
    return ERR_NONE;
}

enum err action_each_event(struct session *s, const struct action_filter *f, action_event_fn *take,
                           void *work)
{
    return each(s, "events", f, take, work);
}

enum err action_each_tx(struct session *s, const struct action_filter *f, action_event_fn *take,
                        void *work)
{
    return each(s, "txs", f, take, work);
}
