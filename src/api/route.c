#include "api/route_internal.h"

#include <string.h>

struct text {
    const char *ptr;
    size_t len;
};

static bool text_is(struct text t, const char *word)
{
    return strlen(word) == t.len && memcmp(t.ptr, word, t.len) == 0;
}

/* Everything up to the separator, which is left behind in *rest; *rest is empty at the end. */
static struct text cut(struct text *rest, char separator)
{
    const char *end = rest->len > 0 ? memchr(rest->ptr, separator, rest->len) : NULL;
    struct text head = { rest->ptr, end != NULL ? (size_t)(end - rest->ptr) : rest->len };
    size_t used = end != NULL ? head.len + 1 : head.len;
    *rest = (struct text){ rest->ptr + used, rest->len - used };
    return head;
}

static enum err read_hash(struct text t, struct hash *out)
{
    struct hash h;
    size_t len;
    if (t.len != HEX_SIZE(HASH_SIZE) ||
        hex_decode(t.ptr, t.len, h.b, sizeof h.b, &len) != ERR_NONE) {
        return ERR_UNREADABLE;
    }
    *out = h;
    return ERR_NONE;
}

/* Decimal without sign or leading zeros, so that one number has one path. */
static enum err read_number(struct text t, uint64_t max, uint64_t *out)
{
    uint64_t x = 0;
    if (t.len == 0 || (t.len > 1 && t.ptr[0] == '0')) {
        return ERR_UNREADABLE;
    }
    for (size_t i = 0; i < t.len; i++) {
        if (t.ptr[i] < '0' || t.ptr[i] > '9') {
            return ERR_UNREADABLE;
        }
        uint64_t digit = (uint64_t)(t.ptr[i] - '0');
        if (x > (max - digit) / 10) {
            return ERR_RANGE;
        }
        x = x * 10 + digit;
    }
    *out = x;
    return ERR_NONE;
}

static enum err read_id(struct text t, struct api_args *args)
{
    return read_hash(t, &args->id);
}

static enum err read_contract(struct text t, struct api_args *args)
{
    uint64_t contract;
    TRY(read_number(t, UINT16_MAX, &contract));
    args->contract = (uint16_t)contract;
    return ERR_NONE;
}

static enum err read_key(struct text t, struct api_args *args)
{
    return hex_decode(t.ptr, t.len, args->key, sizeof args->key, &args->key_len) == ERR_NONE
               ? ERR_NONE
               : ERR_UNREADABLE;
}

static enum err read_height(struct text t, struct api_args *args)
{
    return read_number(t, API_HEIGHT_MAX, &args->number);
}

static enum err read_index(struct text t, struct api_args *args)
{
    return read_number(t, UINT32_MAX, &args->number);
}

/* A name as the build gives them: nothing that could lead elsewhere. */
static enum err read_file(struct text t, struct api_args *args)
{
    static const char MAY[] = "abcdefghijklmnopqrstuvwxyz0123456789.";
    for (size_t i = 0; i < t.len; i++) {
        if (memchr(MAY, t.ptr[i], sizeof MAY - 1) == NULL) {
            return ERR_UNREADABLE;
        }
    }
    if (t.len > API_FILE_SIZE_MAX) {
        return ERR_UNREADABLE;
    }
    memcpy(args->file, t.ptr, t.len);
    args->file[t.len] = '\0';
    return ERR_NONE;
}

typedef enum err reader_fn(struct text t, struct api_args *args);

static const struct {
    const char *name;
    reader_fn *read;
} SEGMENTS[] = {
    { "{tx}", read_id },         { "{commitment}", read_id }, { "{seal}", read_id },
    { "{right}", read_id },      { "{key}", read_key },       { "{contract}", read_contract },
    { "{height}", read_height }, { "{index}", read_index },   { "{token}", read_id },
    { "{lock}", read_id },       { "{file}", read_file },
};

static enum err read_segment(struct text name, struct text value, struct api_match *m)
{
    for (size_t i = 0; i < COUNT(SEGMENTS); i++) {
        if (text_is(name, SEGMENTS[i].name)) {
            m->wrong = SEGMENTS[i].name;
            return SEGMENTS[i].read(value, &m->args);
        }
    }
    return ERR_NONE; /* a word, which has_shape has compared */
}

/* Whether a path has the shape of a pattern: the same words, and something for each name. */
static bool has_shape(const char *pattern, struct text path)
{
    struct text p = { pattern, strlen(pattern) };
    if (text_is(path, pattern)) {
        return true;
    }
    while (p.len > 0 && path.len > 0) {
        bool last = memchr(path.ptr, '/', path.len) == NULL;
        struct text want = cut(&p, '/'), have = cut(&path, '/');
        bool named = want.len > 0 && want.ptr[0] == '{';
        if (named ? have.len == 0
                  : !(want.len == have.len && memcmp(want.ptr, have.ptr, want.len) == 0)) {
            return false;
        }
        if (last) {
            return p.len == 0;
        }
    }
    return false;
}

static enum err read_path(const char *pattern, struct text path, struct api_match *m)
{
    struct text p = { pattern, strlen(pattern) };
    while (p.len > 0) {
        struct text name = cut(&p, '/'), value = cut(&path, '/');
        TRY(read_segment(name, value, m));
    }
    return ERR_NONE;
}

static enum err read_wait(struct text t, struct api_args *args)
{
    return read_number(t, API_WAIT_MS_MAX, &args->wait_ms);
}

static enum err read_subject(struct text t, struct api_args *args)
{
    return read_hash(t, &args->subject);
}

static enum err read_from(struct text t, struct api_args *args)
{
    return read_number(t, API_HEIGHT_MAX, &args->from);
}

static enum err read_from_index(struct text t, struct api_args *args)
{
    return read_number(t, UINT32_MAX, &args->index);
}

static enum err read_max(struct text t, struct api_args *args)
{
    TRY(read_number(t, NODE_EVENTS_MAX, &args->max));
    return args->max > 0 ? ERR_NONE : ERR_RANGE;
}

static enum err read_author(struct text t, struct api_args *args)
{
    return read_hash(t, &args->author);
}

static enum err read_since(struct text t, struct api_args *args)
{
    return read_number(t, API_HEIGHT_MAX, &args->since_ms);
}

static enum err read_until(struct text t, struct api_args *args)
{
    return read_number(t, API_HEIGHT_MAX, &args->until_ms);
}

static const struct {
    uint32_t contract, type;
    const char *name;
} KINDS[] = {
#define X(contract, name, number, text, body) { CONTRACT_##contract, number, text },
    CONTRACT_EVENTS(X)
#undef X
};

/* "token.minted" */
static enum err read_type(struct text t, struct api_args *args)
{
    for (size_t i = 0; i < COUNT(KINDS); i++) {
        if (text_is(t, KINDS[i].name)) {
            args->event_contract = KINDS[i].contract;
            args->event_type = KINDS[i].type;
            return ERR_NONE;
        }
    }
    return ERR_UNKNOWN_WORD;
}

static const struct {
    uint32_t number;
    const char *name;
} METHODS[] = {
#define X(contract, number, name, args, text, cost, order, min, max, attachments) \
    { METHOD_##contract##_##name, text },
    CONTRACT_METHODS(X)
#undef X
};

/* "token.mint" */
static enum err read_method(struct text t, struct api_args *args)
{
    for (size_t i = 0; i < COUNT(METHODS); i++) {
        if (text_is(t, METHODS[i].name)) {
            args->method = METHODS[i].number;
            return ERR_NONE;
        }
    }
    return ERR_UNKNOWN_WORD;
}

static const struct {
    enum api_query bit;
    const char *name;
    reader_fn *read;
} MEMBERS[] = {
    { API_QUERY_WAIT, "wait_ms", read_wait },      { API_QUERY_SUBJECT, "subject", read_subject },
    { API_QUERY_FROM, "from", read_from },         { API_QUERY_MAX, "max", read_max },
    { API_QUERY_INDEX, "index", read_from_index }, { API_QUERY_AUTHOR, "author", read_author },
    { API_QUERY_TYPE, "type", read_type },         { API_QUERY_METHOD, "method", read_method },
    { API_QUERY_SINCE, "since_ms", read_since },   { API_QUERY_UNTIL, "until_ms", read_until },
};

static enum err read_member(unsigned allowed, struct text name, struct text value,
                            struct api_match *m)
{
    for (size_t i = 0; i < COUNT(MEMBERS); i++) {
        if ((allowed & MEMBERS[i].bit) != 0 && text_is(name, MEMBERS[i].name)) {
            m->wrong = MEMBERS[i].name;
            if ((m->args.present & MEMBERS[i].bit) != 0) {
                return ERR_UNREADABLE;
            }
            m->args.present |= MEMBERS[i].bit;
            return MEMBERS[i].read(value, &m->args);
        }
    }
    m->wrong = "a member of the query";
    return ERR_UNKNOWN_WORD;
}

static enum err read_query(unsigned allowed, struct text query, struct api_match *m)
{
    while (query.len > 0) {
        struct text value = cut(&query, '&');
        struct text name = cut(&value, '=');
        TRY(read_member(allowed, name, value, m));
    }
    return ERR_NONE;
}

enum err api_route_match(const struct api_route *table, size_t count, const char *method,
                         const char *target, struct api_match *out)
{
    struct text query = { target, strlen(target) };
    struct text path = cut(&query, '?');
    struct api_match m = { 0 };
    for (size_t i = 0; i < count; i++) {
        if (!has_shape(table[i].pattern, path)) {
            continue;
        }
        m.allow = table[i].method;
        if (strcmp(method, table[i].method) == 0) {
            m.route = &table[i];
        }
    }
    enum err e = m.allow == NULL ? ERR_NOT_FOUND : m.route == NULL ? ERR_UNSUPPORTED : ERR_NONE;
    if (e == ERR_NONE) {
        e = read_path(m.route->pattern, path, &m);
    }
    if (e == ERR_NONE) {
        e = read_query(m.route->query, query, &m);
    }
    if (e != ERR_NONE) {
        *out = (struct api_match){ .wrong = m.wrong, .allow = m.allow };
        return e;
    }
    *out = m;
    return ERR_NONE;
}
