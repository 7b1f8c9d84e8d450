/* A page that shows a report: its bytes, the words of the law, and a viewer that needs nothing
 * else. The viewer is src/audit/view; its policy names the hashes of its style and its script. */
#include <stdlib.h>
#include <string.h>

#include "audit/audit_internal.h"
#include "base/embedded.h"

extern const struct embedded_file EMBEDDED_VIEW[];
extern const size_t EMBEDDED_VIEW_COUNT;

enum { CSP_HASH_SIZE = 44 }; /* base64 of 32 bytes */

struct part {
    const char *marker;
    struct bytes text;
};

static struct bytes view_file(const char *name)
{
    size_t i = 0;
    while (i < EMBEDDED_VIEW_COUNT && strcmp(EMBEDDED_VIEW[i].name, name) != 0) {
        i++;
    }
    ASSERT(i < EMBEDDED_VIEW_COUNT);
    return bytes_of(EMBEDDED_VIEW[i].ptr, EMBEDDED_VIEW[i].len);
}

/* What a content security policy calls sha256-…: base64 with its padding (CSP 3, 2.3.1). */
static struct bytes policy_hash(struct bytes text, char out[CSP_HASH_SIZE + 1])
{
    struct hash h;
    hash_plain(suite_intl(), text, &h);
    base64url_encode(bytes_of_hash(&h), out);
    for (size_t i = 0; out[i] != '\0'; i++) {
        out[i] = (char)(out[i] == '-' ? '+' : out[i] == '_' ? '/' : out[i]);
    }
    memcpy(out + CSP_HASH_SIZE - 1, "=", 2);
    return bytes_of(out, CSP_HASH_SIZE);
}

/* Inside a script element only '<' can end or change how it is read (HTML, 13.2.5.4). */
static bool fits_in_script(struct bytes text)
{
    return text.len == 0 || memchr(text.ptr, '<', text.len) == NULL;
}

static const struct part *part_at(const struct part *part, size_t count, struct bytes rest)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(part[i].marker);
        if (rest.len >= len && memcmp(rest.ptr, part[i].marker, len) == 0) {
            return &part[i];
        }
    }
    return NULL;
}

/* The markup with each marker replaced by its text, which is not looked into. */
static void fill(struct bytes page, const struct part *part, size_t count, struct buf *out)
{
    size_t at = 0;
    while (at < page.len) {
        struct bytes rest = bytes_of(page.ptr + at, page.len - at);
        const struct part *p = page.ptr[at] == '@' ? part_at(part, count, rest) : NULL;
        buf_put(out, p != NULL ? p->text : bytes_of(rest.ptr, 1));
        at += p != NULL ? strlen(p->marker) : 1;
    }
}

enum err audit_html(struct bytes report, struct bytes words, char **out, size_t *len)
{
    char css_hash[CSP_HASH_SIZE + 1], js_hash[CSP_HASH_SIZE + 1];
    struct bytes page = view_file("report.html");
    struct bytes css = view_file("report.css"), js = view_file("report.js");
    if (!fits_in_script(report) || !fits_in_script(words)) {
        return ERR_ENCODING;
    }
    const struct part parts[] = {
        { "@CSS_HASH@", policy_hash(css, css_hash) },
        { "@JS_HASH@", policy_hash(js, js_hash) },
        { "@CSS@", css },
        { "@JS@", js },
        { "@REPORT@", report },
        { "@WORDS@", words },
    };
    size_t cap = page.len + css.len + js.len + report.len + words.len + 2 * CSP_HASH_SIZE + 1;
    uint8_t *room = malloc(cap);
    if (room == NULL) {
        return ERR_NO_SPACE;
    }
    struct buf b = buf_over(room, cap);
    fill(page, parts, COUNT(parts), &b);
    buf_put_u8(&b, 0);
    ASSERT(buf_done(&b) == ERR_NONE);
    *out = (char *)room;
    *len = b.len - 1;
    return ERR_NONE;
}

/* ---- Out of the page again. */

static const uint8_t *find(struct bytes in, const char *what)
{
    size_t len = strlen(what);
    for (size_t i = 0; i + len <= in.len; i++) {
        if (memcmp(in.ptr + i, what, len) == 0) {
            return in.ptr + i;
        }
    }
    return NULL;
}

/* The bytes of the data script of this id, which must be the only one; ERR_UNREADABLE. */
static enum err data_script(struct bytes file, const char *open, struct bytes *out)
{
    const uint8_t *from = find(file, open);
    if (from == NULL) {
        return ERR_UNREADABLE;
    }
    from += strlen(open);
    struct bytes rest = bytes_of(from, (size_t)(file.ptr + file.len - from));
    const uint8_t *end = find(rest, "</script>");
    if (end == NULL || find(rest, open) != NULL) {
        return ERR_UNREADABLE;
    }
    *out = bytes_of(from, (size_t)(end - from));
    return fits_in_script(*out) ? ERR_NONE : ERR_UNREADABLE;
}

enum err audit_unpack(struct bytes file, struct bytes *report, struct bytes *words)
{
    *report = file;
    *words = bytes_of(NULL, 0);
    if (file.len == 0 || file.ptr[0] != '<') {
        return ERR_NONE;
    }
    TRY(data_script(file, "<script type=\"application/json\" id=\"report\">", report));
    return data_script(file, "<script type=\"application/json\" id=\"words\">", words);
}
