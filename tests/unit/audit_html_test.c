/* The page around a report: the same bytes, the words of the law, and nothing that can get out. */
#include <stdlib.h>

#include "policy/compile/policy_compile.h"
#include "tests/fixtures/audit_fixture.h"
#include "tests/test.h"

#define REPORT_OPENS "<script type=\"application/json\" id=\"report\">"
#define WORDS_OPENS  "<script type=\"application/json\" id=\"words\">"

static struct tale *told;
static struct bytes good, words, page;
static struct policy_compiled law;

static void given_a_page(void)
{
    struct tale_input *x = calloc(1, sizeof *x);
    char why[AUDIT_REASON_SIZE], said[POLICY_WHY_SIZE], *html = NULL;
    size_t len = 0, html_len = 0;
    told = tale_open();
    tale_input(told, x);
    char *file = tale_report(told, x, &len, why);
    enum err e = policy_compile_dir(CARNET_SOURCE_DIR "/rules", suite_intl(), &law, said);
    ASSERT(file != NULL && e == ERR_NONE);
    good = bytes_of(file, len);
    words = bytes_of(law.prose, law.prose_len);
    e = audit_html(good, words, &html, &html_len);
    ASSERT(e == ERR_NONE);
    page = bytes_of(html, html_len);
    free(x);
}

static void done(void)
{
    free(tale_writable(good));
    free(tale_writable(page));
    policy_compiled_free(&law);
    tale_close(told);
}

/* Where `what` stands in the page; it must be there once. */
static size_t place_of(const char *what)
{
    const char *found = strstr((const char *)page.ptr, what);
    ASSERT(found != NULL && strstr(found + 1, what) == NULL);
    return (size_t)(found - (const char *)page.ptr);
}

static bool refused(size_t from, size_t to, const char *put, const char *part)
{
    struct bytes bent = tale_spliced(page, from, to, bytes_of_str(put));
    const char *why = tale_verify(told, bent);
    free(tale_writable(bent));
    if (why == NULL || strstr(why, part) == NULL) {
        printf("# %s\n", why == NULL ? "accepted" : why);
        return false;
    }
    return true;
}

TEST(formats_22_the_page_holds_the_bytes_of_the_report_in_a_json_script)
{
    given_a_page();
    size_t at = place_of(REPORT_OPENS) + strlen(REPORT_OPENS);
    CHECK_BYTES(bytes_of(page.ptr + at, good.len), good);
    CHECK(memcmp(page.ptr + at + good.len, "</script>", 9) == 0);
    at = place_of(WORDS_OPENS) + strlen(WORDS_OPENS);
    CHECK_BYTES(bytes_of(page.ptr + at, words.len), words);
    CHECK(memcmp(page.ptr + at + words.len, "</script>", 9) == 0);
    done();
}

TEST(formats_22_the_page_verifies_as_its_report_does)
{
    struct audit_result of_page, of_report;
    given_a_page();
    CHECK_OK(audit_verify(page, told->f->genesis.wire, &of_page));
    CHECK_OK(audit_verify(good, told->f->genesis.wire, &of_report));
    CHECK_STR(of_page.reason[0], "");
    CHECK(of_page.ok);
    CHECK_EQ(of_page.height, of_report.height);
    CHECK_EQ(of_page.receipts, of_report.receipts);
    CHECK_EQ(of_page.proofs, of_report.proofs);
    CHECK_EQ(of_page.signatures, of_report.signatures);
    CHECK(hash_equal(&of_page.space, &of_report.space));
    char *bare;
    size_t len;
    CHECK_OK(audit_html(good, bytes_of(NULL, 0), &bare, &len));
    CHECK(tale_verify(told, bytes_of(bare, len)) == NULL);
    free(bare);
    done();
}

TEST(formats_22_a_page_that_might_show_something_else_is_refused)
{
    given_a_page();
    size_t at = place_of("</body>");
    CHECK(refused(at, at, "<p>All is well.</p>", "may show something else"));
    at = place_of("'use strict'");
    CHECK(refused(at, at, "document.title='x';", "may show something else"));
    at = place_of("default-src");
    CHECK(refused(at, at, "img-src *;", "may show something else"));
    CHECK(refused(page.len, page.len, " ", "may show something else"));
    CHECK(refused(0, 0, "<!-- -->", "may show something else"));
    for (size_t i = 0; i < page.len; i += 1 + page.len / 300) {
        tale_writable(page)[i] ^= 4;
        CHECK(tale_verify(told, page) != NULL);
        tale_writable(page)[i] ^= 4;
    }
    CHECK(tale_verify(told, page) == NULL);
    done();
}

TEST(formats_22_the_words_of_a_page_are_those_of_the_genesis_files_law)
{
    given_a_page();
    size_t at = place_of(WORDS_OPENS) + strlen(WORDS_OPENS);
    char *other;
    size_t len;
    for (size_t i = 0; i < words.len; i += 1 + words.len / 50) {
        uint8_t was = words.ptr[i];
        tale_writable(words)[i] = was == 'x' ? 'y' : 'x';
        CHECK_OK(audit_html(good, words, &other, &len));
        const char *why = tale_verify(told, bytes_of(other, len));
        CHECK(why != NULL && strstr(why, "not those of the genesis file") != NULL);
        tale_writable(words)[i] = was;
        free(other);
    }
    CHECK(refused(at, at + 1, "", "not those of the genesis file"));
    done();
}

TEST(formats_22_a_page_has_each_of_its_data_scripts_once)
{
    given_a_page();
    size_t at = place_of(REPORT_OPENS);
    CHECK(refused(at, at, REPORT_OPENS "{}</script>", "a page without its data"));
    CHECK(refused(at, at + 1, "", "a page without its data"));
    at = place_of(WORDS_OPENS);
    CHECK(refused(at, at, WORDS_OPENS "</script>", "a page without its data"));
    CHECK(refused(at, at + 1, "", "a page without its data"));
    CHECK(refused(at + strlen(WORDS_OPENS), page.len, "", "a page without its data"));
    done();
}

/* Only '<' can end a script or change how what follows is read: no report holds one, because a
 * party's own text is in it as base64url. */
TEST(formats_22_nothing_in_a_page_can_end_its_script)
{
    static const char *const HOSTILE[] = { "</script>", "</SCRIPT ", "<!--", "<script>", "<" };
    char *out = NULL;
    size_t len = 0;
    given_a_page();
    CHECK(strstr((const char *)told->metadata.content.ptr, "</script>") != NULL);
    CHECK(memchr(good.ptr, '<', good.len) == NULL);
    for (size_t i = 0; i < COUNT(HOSTILE); i++) {
        CHECK_ERR(audit_html(bytes_of_str(HOSTILE[i]), words, &out, &len), ERR_ENCODING);
        CHECK_ERR(audit_html(good, bytes_of_str(HOSTILE[i]), &out, &len), ERR_ENCODING);
    }
    CHECK(out == NULL && len == 0);
    done();
}

/* The policy names the hashes of the one style and the one script, and allows nothing else. */
TEST(formats_22_the_page_loads_nothing_and_runs_only_its_own_script)
{
    static const char *const BANNED[] = {
        "unsafe",         "http:", "https:", "@import",  "url(",   "innerHTML", "insertAdjacent",
        "document.write", "eval(", "fetch(", "onclick=", "style=", "src="
    };
    static const char OPENS[] = "<script>";
    char text[128], base[64];
    struct hash h;
    char *html;
    size_t len;
    given_a_page();
    CHECK_OK(audit_html(bytes_of_str("{}\n"), bytes_of(NULL, 0), &html, &len));
    for (size_t i = 0; i < COUNT(BANNED); i++) {
        if (strstr(html, BANNED[i]) != NULL) {
            printf("# %s\n", BANNED[i]);
        }
        CHECK(strstr(html, BANNED[i]) == NULL);
    }
    const char *from = strstr(html, OPENS) + strlen(OPENS);
    const char *to = strstr(from, "</script>");
    hash_plain(suite_intl(), bytes_of(from, (size_t)(to - from)), &h);
    base64url_encode(bytes_of_hash(&h), base);
    for (size_t i = 0; base[i] != '\0'; i++) {
        base[i] = (char)(base[i] == '-' ? '+' : base[i] == '_' ? '/' : base[i]);
    }
    snprintf(text, sizeof text, "script-src 'sha256-%s=';\n base-uri 'none'", base);
    CHECK(strstr(html, "default-src 'none';\n style-src 'sha256-") != NULL);
    CHECK(strstr(html, text) != NULL);
    free(html);
    done();
}
