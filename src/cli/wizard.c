#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/actions_internal.h"
#include "cli/law_internal.h"

enum { WIZARD_LINE_SIZE = 1024, WIZARD_TRIES_MAX = 5 };

struct wizard {
    struct cli *c;
    const struct policy_book *book;
    json_t *check, *asked;
    uint32_t day;
    enum policy_language language;
    bool ended; /* of the input: no more questions */
};

/* How an answer is given, in each language. */
static const char *const HOW[][POLICY_ASK_PLACE + 1] = {
    [POLICY_ENGLISH] = { [POLICY_ASK_YES] = "yes or no",
                         [POLICY_ASK_NUMBER] = "a number",
                         [POLICY_ASK_WORD] = "one word",
                         [POLICY_ASK_WORDS] = "words, with commas",
                         [POLICY_ASK_DAY] = "a day (ISO 8601)",
                         [POLICY_ASK_PLACE] = "a country, like CN" },
    [POLICY_CHINESE] = { [POLICY_ASK_YES] = "请答“是”或者“否”",
                         [POLICY_ASK_NUMBER] = "请填数字",
                         [POLICY_ASK_WORD] = "请填一项",
                         [POLICY_ASK_WORDS] = "可填多项,以逗号或者顿号分隔",
                         [POLICY_ASK_DAY] = "请填日期,如2026-11-20",
                         [POLICY_ASK_PLACE] = "请填国家或者地区代码,如CN" },
};

/* One line without its end; false at the end of the input. With --json nothing is prompted. */
static bool line_read(struct wizard *w, char out[WIZARD_LINE_SIZE])
{
    fputs("> ", w->c->text);
    fflush(w->c->text);
    if (fgets(out, WIZARD_LINE_SIZE, stdin) == NULL) {
        w->ended = true;
        return false;
    }
    out[strcspn(out, "\r\n")] = '\0';
    return true;
}

static size_t separator(const char *p)
{
    static const char *const MARKS[] = { " ", ",", ",", "、" };
    for (size_t i = 0; i < COUNT(MARKS); i++) {
        if (strncmp(p, MARKS[i], strlen(MARKS[i])) == 0) {
            return strlen(MARKS[i]);
        }
    }
    return 0;
}

static json_t *words_json(const struct wizard *w, const struct policy_question *q, const char *text)
{
    json_t *list = json_new_array();
    char word[WIZARD_LINE_SIZE];
    size_t len = 0;
    for (const char *p = text; *p != '\0' || len > 0; p++) {
        size_t mark = separator(p);
        if (*p != '\0' && mark == 0) {
            word[len++] = *p; /* as long as the line at most */
            continue;
        }
        word[len] = '\0';
        if (len > 0) {
            json_push(list, json_new_str(policy_question_word(w->book, q, w->language, word)));
        }
        len = 0;
        if (*p == '\0') {
            break;
        }
        p += mark - 1;
    }
    return list;
}

static bool one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(text, *words) == 0) {
            return true;
        }
    }
    return false;
}

static json_t *value_json(const struct wizard *w, const struct policy_question *q, const char *text)
{
    static const char *const YES[] = { "yes", "y", "true", "是", NULL };
    static const char *const NO[] = { "no", "n", "false", "否", NULL };
    if (q->kind == POLICY_ASK_WORDS) {
        return words_json(w, q, text);
    }
    if (q->kind == POLICY_ASK_YES && (one_of(text, YES) || one_of(text, NO))) {
        return json_new_bool(one_of(text, YES));
    }
    return json_new_str(
        q->kind == POLICY_ASK_WORD ? policy_question_word(w->book, q, w->language, text) : text);
}

/* Takes the answer when the check with it can be read; says why when it cannot. */
static bool value_put(struct wizard *w, const struct policy_question *q, const char *text)
{
    char why[POLICY_WHY_SIZE];
    struct policy_check read;
    json_t *with = json_copy_of(w->check);
    if (q->fact) {
        const json_t *old = json_member(w->check, "facts");
        json_t *facts = old == NULL ? json_new_object() : json_copy_of(old);
        json_put(facts, q->member, value_json(w, q, text));
        json_put(with, "facts", facts);
    } else {
        json_put(with, q->member, value_json(w, q, text));
    }
    bool there = json_member(with, "from") != NULL && json_member(with, "to") != NULL;
    if (there && policy_check_read(w->book, with, &read, why) != ERR_NONE) {
        fprintf(w->c->text, w->language == POLICY_CHINESE ? "未能识别:%s\n" : "%s\n", why);
        json_free(with);
        return false;
    }
    json_free(w->check);
    w->check = with;
    return true;
}

static void question_print(const struct wizard *w, const struct policy_question *q)
{
    bool zh = w->language == POLICY_CHINESE;
    FILE *to = w->c->text;
    fprintf(to, zh ? "\n%s:%s?(%s;直接回车表示不说明)\n" : "\n%s: %s? (%s; empty: not said)\n",
            q->member, policy_question_said(w->book, q, w->language), HOW[w->language][q->kind]);
    bool words = q->kind == POLICY_ASK_WORD || q->kind == POLICY_ASK_WORDS;
    for (size_t i = 0; words && i < q->choice_count; i++) {
        const char *said = policy_book_said(w->book, q->choices[i], w->language);
        const char *first = zh ? "  可改变结论的有:" : "  what would change the answer: ";
        fprintf(to, "%s%s", i == 0 ? first : zh ? "、" : ", ", q->choices[i]);
        if (zh && strcmp(said, q->choices[i]) != 0) {
            fprintf(to, "(%s)", said);
        }
    }
    fputs(words ? "\n" : "", to);
}

/* Asks until an answer can be read, nothing is said, or nobody answers any more. */
static void question_ask(struct wizard *w, const struct policy_question *q)
{
    char text[WIZARD_LINE_SIZE];
    question_print(w, q);
    for (int i = 0; i < WIZARD_TRIES_MAX && line_read(w, text) && text[0] != '\0'; i++) {
        if (value_put(w, q, text)) {
            return;
        }
    }
    json_push(w->asked, json_new_str(q->member));
}

static void place_ask(struct wizard *w, const char *member, const char *prompt)
{
    char text[WIZARD_LINE_SIZE];
    fprintf(w->c->text,
            w->language == POLICY_CHINESE ? "%s(请填两个字母的国家或者地区代码,如CN)\n"
                                          : "%s (two letters, like CN)\n",
            prompt);
    for (int i = 0; i < WIZARD_TRIES_MAX && line_read(w, text); i++) {
        if (policy_book_place_number(w->book, text) != 0) {
            json_put(w->check, member, json_new_str(text));
            return;
        }
        fprintf(w->c->text,
                w->language == POLICY_CHINESE ? "ISO 3166-1中无此代码:“%.20s”\n"
                                              : "no country of ISO 3166-1: \"%.20s\"\n",
                text);
    }
}

static enum err questions(struct wizard *w)
{
    char why[POLICY_WHY_SIZE] = "";
    struct policy_question q;
    bool zh = w->language == POLICY_CHINESE;
    place_ask(w, "from", zh ? "数据从何处提供?" : "Where does the data leave from?");
    place_ask(w, "to", zh ? "提供至何处?" : "Where does it go to?");
    if (json_member(w->check, "from") == NULL || json_member(w->check, "to") == NULL) {
        cli_hint(w->c, "answer the questions line by line, or use comply check with options");
        return cli_fail(w->c, ERR_USAGE, "wizard", "nobody said where the data goes");
    }
    enum err e = ERR_NONE;
    while (e == ERR_NONE && !w->ended) {
        e = policy_ask(w->book, w->check, w->day, w->asked, &q, why);
        if (e == ERR_NONE) {
            question_ask(w, &q);
        }
    }
    return e == ERR_NONE || e == ERR_NOT_FOUND
               ? ERR_NONE
               : cli_fail(w->c, e, "wizard", "%s", why[0] != '\0' ? why : err_text(e));
}

static enum err day_of(struct cli *c, uint32_t *out)
{
    const char *text = cli_option(c, "--date");
    if (text == NULL) {
        *out = clock_day_at((uint64_t)time(NULL) * 1000, 0);
        return ERR_NONE;
    }
    return clock_parse_day(text, out) == ERR_NONE
               ? ERR_NONE
               : cli_fail(c, ERR_USAGE, "--date", "'%s' is not a day like 2026-11-20", text);
}

static enum err run_wizard(struct cli *c)
{
    struct policy_book *book;
    struct wizard w = { .c = c };
    struct policy_check check;
    char why[POLICY_WHY_SIZE] = "";
    TRY(law_language(c, &w.language));
    TRY(day_of(c, &w.day));
    TRY(law_book(c, &book));
    w.book = book;
    w.check = json_new_object();
    w.asked = json_new_array();
    enum err e = questions(&w);
    if (e == ERR_NONE) {
        e = policy_check_read(book, w.check, &check, why);
        check.day = w.day;
        check.day_given = true;
        e = e == ERR_NONE ? law_answer(c, book, &check, w.language, true)
                          : cli_fail(c, e, "wizard", "%s", why);
    }
    json_put(c->answer, "check", json_copy_of(w.check));
    json_free(w.check);
    json_free(w.asked);
    policy_book_close(book);
    return e;
}

static const struct cli_option OPTIONS[] = {
    { "--date", "D", "day of the transfer (ISO 8601; else today)" },
    LAW_LANGUAGE_ROW,
    LAW_RULES_ROW,
    { NULL, NULL, NULL },
};
static const struct cli_command COMMANDS[] = {
    { "comply", "wizard", "", 0, 0, "asks only what can matter, then answers with the reasons",
      "carnet comply wizard --lang zh", OPTIONS, run_wizard },
};
const struct cli_table CLI_WIZARD = { COMMANDS, COUNT(COMMANDS) };
