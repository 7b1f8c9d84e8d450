#include <stdlib.h>
#include <string.h>

#include "cli/asset_internal.h"
#include "crypto/secret.h"

enum { LARGE_FILE = 8 * 1024 * 1024 };

void asset_table_free(struct asset_table *t)
{
    if (t != NULL) {
        free(t->file);
        free(t->memory);
        free(t);
    }
}

/* A large file takes a while: said in its own line, which the next saying draws over; NULL clears
 * it. */
static void say(struct cli *c, const struct asset_table *t, const char *doing)
{
    if (t->len >= LARGE_FILE && doing != NULL) {
        fprintf(c->progress, "\r%-14s %zu MiB ", doing, t->len >> 20);
    } else if (t->len >= LARGE_FILE) {
        fprintf(c->progress, "\r%*s\r", 32, "");
    }
    fflush(c->progress);
}

enum err asset_table_open(struct cli *c, const char *path, struct asset_table **out)
{
    char why[CSV_WHY_SIZE] = "";
    struct asset_table *t = calloc(1, sizeof *t);
    ASSERT(t != NULL);
    enum err e = asset_read_input(c, path, &t->file, &t->len);
    if (e != ERR_NONE) {
        free(t);
        return e;
    }
    t->memory = malloc(ASSET_SCRATCH_SIZE);
    ASSERT(t->memory != NULL);
    t->scratch = arena_over(t->memory, ASSET_SCRATCH_SIZE);
    say(c, t, "classifying");
    e = data_profile(bytes_of(t->file, t->len), t->scratch, &t->profile, why);
    say(c, t, NULL);
    if (e != ERR_NONE) {
        asset_table_free(t);
        return cli_fail(c, e, path, "%s", why[0] != '\0' ? why : err_text(e));
    }
    *out = t;
    return ERR_NONE;
}

static json_t *both(const char *en, const char *zh)
{
    json_t *j = json_new_object();
    json_put(j, "en", json_new_str(en));
    json_put(j, "zh", json_new_str(zh));
    return j;
}

/* What was seen first, then which word of the template decided. */
static json_t *reasons_of(const struct column *x, const struct template_ *t,
                          const struct treatment *done)
{
    char text[200];
    json_t *list = json_new_array();
    if (t != NULL && done->role != NULL) {
        snprintf(text, sizeof text, "template %s declares it by its header: role %s",
                 template_name(t), done->role);
        json_push(list, json_new_str(text));
    }
    for (uint32_t i = 0; i < x->reason_count; i++) {
        json_push(list, json_new_str(x->reasons[i]));
    }
    return list;
}

/* Column i; what was counted of it when r is not NULL. */
static json_t *column_json(const struct profile *p, uint32_t i, const struct template_ *t,
                           const struct deidentified *r)
{
    const struct column *x = &p->column[i];
    struct treatment done = { .class = x->class };
    json_t *j = json_new_object();
    if (t != NULL) {
        template_treatment(t, x, &done);
    }
    json_put(j, "name", json_new_str(x->name));
    json_put(j, "type", json_new_str(column_type_name(x->type)));
    json_put(j, "class", json_new_str(column_class_name(done.class)));
    json_put(j, "grade", json_new_int(done.class == COLUMN_OTHER ? 1 : 2));
    json_put(j, "score", json_new_int(x->score));
    json_put(j, "distinct", json_new_u64(x->distinct));
    json_put(j, "empty", json_new_u64(x->empty));
    json_put(j, "reason", json_new_str(x->reason));
    json_put(j, "reasons", reasons_of(x, t, &done));
    if (t == NULL) {
        return j;
    }
    json_put(j, "quasi", json_new_bool(done.quasi));
    json_put(j, "action", json_new_str(data_action_name(done.action)));
    json_put(j, "dropped", json_new_bool(done.action == DATA_DROP));
    if (done.role != NULL) {
        json_put(j, "role", json_new_str(done.role));
    }
    if (done.why_en != NULL) {
        json_put(j, "why", both(done.why_en, done.why_zh));
    }
    if (r != NULL) {
        json_put(j, "distinct_before", json_new_u64(x->distinct));
        json_put(j, "distinct_after", json_new_u64(r->distinct_after[i]));
    }
    return j;
}

/* Text in a column of a terminal, where a Chinese character takes two places. */
static void put_padded(struct cli *c, const char *text, int width)
{
    int used = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        uint8_t b = (uint8_t)text[i];
        used += (b & 0xc0) != 0x80 ? 1 + (b >= 0xe3) : 0;
    }
    fprintf(c->text, "%s%*s", text, used < width ? width - used : 0, "");
}

static void print_columns(struct cli *c, const struct profile *p, const struct template_ *t)
{
    fprintf(c->text, "%-18s %-8s %-10s %5s  %s%s\n", "column", "type", "class", "score",
            t != NULL ? "action       " : "", "why");
    for (uint32_t i = 0; i < p->columns; i++) {
        const struct column *x = &p->column[i];
        struct treatment done = { .class = x->class };
        char action[32] = "";
        if (t != NULL) {
            template_treatment(t, x, &done);
            snprintf(action, sizeof action, "%-10s%s  ", data_action_name(done.action),
                     done.quasi ? "*" : " ");
        }
        put_padded(c, x->name, 18);
        fprintf(c->text, " %-8s %-10s %5u  %s%s\n", column_type_name(x->type),
                column_class_name(done.class), x->score, action,
                done.role != NULL ? done.why_en : x->reasons[0]);
    }
    if (t != NULL && template_asks_k(t)) {
        fprintf(c->text, "* quasi-identifier\n");
    }
}

static json_t *columns_json(const struct profile *p, const struct template_ *t,
                            const struct deidentified *r)
{
    json_t *columns = json_new_array();
    for (uint32_t i = 0; i < p->columns; i++) {
        json_push(columns, column_json(p, i, t, r));
    }
    return columns;
}

enum err asset_run_classify(struct cli *c)
{
    struct asset_table *w;
    struct template_ *t = NULL;
    const char *name = cli_option(c, "--template");
    if (name != NULL) {
        TRY(action_template(c, name, &t));
    }
    enum err e = asset_table_open(c, c->arg[0], &w);
    if (e == ERR_NONE) {
        json_put(c->answer, "rows", json_new_u64(w->profile.rows));
        json_put(c->answer, "columns", columns_json(&w->profile, t, NULL));
        print_columns(c, &w->profile, t);
        asset_table_free(w);
    }
    template_free(t);
    return e;
}

/* Ten thousandths, as "0.9769". */
static void share_of(uint64_t part, uint64_t whole, char out[48])
{
    uint64_t share = whole > 0 ? part * 10000 / whole : 10000;
    snprintf(out, 48, "%llu.%04llu", (unsigned long long)(share / 10000),
             (unsigned long long)(share % 10000));
}

static void answer_deidentified(struct cli *c, const struct asset_table *w,
                                const struct template_ *t, size_t len)
{
    const struct deidentified *r = &w->report;
    json_t *quasi = json_new_array(), *levels = json_new_array();
    char share[48];
    share_of(r->rows_out, r->rows_in, share);
    for (uint32_t i = 0; i < r->quasi_count; i++) {
        json_push(quasi, json_new_str(w->profile.column[r->quasi[i]].name));
        json_push(levels, json_new_int(r->level[i]));
    }
    json_put(c->answer, "template", json_new_str(template_name(t)));
    json_put(c->answer, "rows", json_new_u64(w->profile.rows));
    json_put(c->answer, "rows_in", json_new_u64(r->rows_in));
    json_put(c->answer, "rows_out", json_new_u64(r->rows_out));
    json_put(c->answer, "suppressed", json_new_u64(r->rows_in - r->rows_out));
    json_put(c->answer, "kept_rows_share", json_new_str(share));
    json_put(c->answer, "quasi_identifiers", quasi);
    json_put(c->answer, "levels", levels);
    if (r->quasi_count > 0) {
        json_put(c->answer, "k_min", json_new_int((int64_t)r->k_min));
        json_put(c->answer, "k_before", json_new_int((int64_t)r->k_before));
        json_put(c->answer, "k_after", json_new_int((int64_t)r->k_after));
    }
    json_put(c->answer, "columns", columns_json(&w->profile, t, r));
    json_put(c->answer, "bytes", json_new_u64(len));
}

static void print_deidentified(struct cli *c, const struct asset_table *w,
                               const struct template_ *t)
{
    const struct deidentified *r = &w->report;
    char share[48];
    fprintf(c->text, "%-18s %-10s %-12s %9s %9s  %s\n", "column", "class", "action", "distinct",
            "after", "why");
    for (uint32_t i = 0; i < w->profile.columns; i++) {
        const struct column *x = &w->profile.column[i];
        struct treatment done;
        template_treatment(t, x, &done);
        put_padded(c, x->name, 18);
        fprintf(c->text, " %-10s %-10s%-2s %8llu%s %8llu%s  %s\n", column_class_name(done.class),
                data_action_name(done.action), done.quasi ? " *" : "",
                (unsigned long long)x->distinct, x->distinct == DATA_SAMPLE_MAX ? "+" : " ",
                (unsigned long long)r->distinct_after[i],
                r->distinct_after[i] == DATA_SAMPLE_MAX ? "+" : " ",
                done.why_en != NULL ? done.why_en : x->reasons[0]);
    }
    share_of(r->rows_out, r->rows_in, share);
    fprintf(c->text, "rows %llu of %llu, %s kept, %llu suppressed\n",
            (unsigned long long)r->rows_out, (unsigned long long)r->rows_in, share,
            (unsigned long long)(r->rows_in - r->rows_out));
    if (r->quasi_count > 0) {
        fprintf(c->text, "k    %llu before, %llu after, %llu asked for, over the columns with *\n",
                (unsigned long long)r->k_before, (unsigned long long)r->k_after,
                (unsigned long long)r->k_min);
    } else {
        fprintf(c->text, "k    not asked for: template %s names no quasi-identifier\n",
                template_name(t));
    }
}

/* 32 bytes, or 64 hex digits and perhaps a line end. */
static enum err read_key(struct cli *c, uint8_t key[ASSET_KEY_SIZE])
{
    const char *path = cli_option(c, "--key-file");
    uint8_t *file;
    size_t len, out;
    if (path == NULL) {
        secret_random(key, ASSET_KEY_SIZE);
        return ERR_NONE;
    }
    TRY(cli_read_file(c, path, &file, &len));
    size_t digits = len > 0 && file[len - 1] == '\n' ? len - 1 : len;
    enum err e = ERR_NONE;
    if (len == ASSET_KEY_SIZE) {
        memcpy(key, file, len);
    } else if (digits != HEX_SIZE(ASSET_KEY_SIZE) ||
               hex_decode((const char *)file, digits, key, ASSET_KEY_SIZE, &out) != ERR_NONE) {
        e = cli_fail(c, ERR_UNREADABLE, path, "a key is 32 bytes, or 64 hex digits in lowercase");
    }
    secret_wipe(file, len);
    free(file);
    return e;
}

static enum err deidentify(struct cli *c, struct asset_table *w, const struct template_ *t,
                           const char *path)
{
    uint8_t *out, key[ASSET_KEY_SIZE];
    size_t len;
    char why[CSV_WHY_SIZE] = "";
    TRY(read_key(c, key));
    say(c, w, "de-identifying");
    enum err e =
        data_deidentify(bytes_of(w->file, w->len), &w->profile, t, bytes_of(key, sizeof key),
                        w->scratch, &out, &len, &w->report, why);
    secret_wipe(key, sizeof key);
    say(c, w, NULL);
    if (e != ERR_NONE) {
        return cli_fail(c, e, c->arg[0], "%s", why[0] != '\0' ? why : err_text(e));
    }
    e = cli_write_file(c, path, bytes_of(out, len), 0600);
    free(out);
    if (e == ERR_NONE) {
        answer_deidentified(c, w, t, len);
        print_deidentified(c, w, t);
    }
    return e;
}

enum err asset_run_deidentify(struct cli *c)
{
    struct template_ *t;
    struct asset_table *w;
    const char *path, *name;
    TRY(cli_required(c, "--out", &path));
    TRY(cli_required(c, "--template", &name));
    TRY(action_template(c, name, &t));
    enum err e = asset_table_open(c, c->arg[0], &w);
    if (e == ERR_NONE) {
        e = deidentify(c, w, t, path);
        asset_table_free(w);
    }
    template_free(t);
    return e;
}

static json_t *facts_json(const struct asset_table *w, const struct template_ *t)
{
    json_t *j = json_new_object(), *quasi = json_new_array(), *columns = json_new_array();
    for (uint32_t i = 0; i < w->report.quasi_count; i++) {
        json_push(quasi, json_new_str(w->profile.column[w->report.quasi[i]].name));
    }
    for (uint32_t i = 0; i < w->profile.columns; i++) {
        struct treatment done;
        json_t *x = json_new_object();
        template_treatment(t, &w->profile.column[i], &done);
        json_put(x, "name", json_new_str(w->profile.column[i].name));
        json_put(x, "class", json_new_str(column_class_name(done.class)));
        json_put(x, "action", json_new_str(data_action_name(done.action)));
        json_push(columns, x);
    }
    json_put(j, "k", json_new_int((int64_t)w->report.k_before));
    json_put(j, "k_min", json_new_int((int64_t)w->report.k_min));
    json_put(j, "rows", json_new_u64(w->report.rows_in));
    json_put(j, "quasi_identifiers", quasi);
    json_put(j, "columns", columns);
    return j;
}

static enum err check_facts(struct cli *c, const struct asset_table *w, const struct template_ *t)
{
    static const char HINT[] =
        "carnet asset deidentify FILE --template NAME --out FILE, then put its result";
    for (uint32_t i = 0; i < w->profile.columns; i++) {
        if (template_drops(t, &w->profile.column[i])) {
            cli_hint(c, HINT);
            return cli_fail(c, ERR_REFUSED, "asset", "template %s lets no column \"%s\" leave",
                            template_name(t), w->profile.column[i].name);
        }
    }
    if (w->report.k_before < w->report.k_min) {
        cli_hint(c, HINT);
        return cli_fail(c, ERR_REFUSED, "asset", "k is %llu where template %s asks for %llu",
                        (unsigned long long)w->report.k_before, template_name(t),
                        (unsigned long long)w->report.k_min);
    }
    return ERR_NONE;
}

enum err asset_facts(struct cli *c, const char *path, const struct template_ *t, json_t **out)
{
    struct asset_table *w;
    char why[CSV_WHY_SIZE] = "";
    if (!template_asks_k(t)) {
        return ERR_NONE;
    }
    TRY(asset_table_open(c, path, &w));
    enum err e =
        data_measure(bytes_of(w->file, w->len), &w->profile, t, w->scratch, &w->report, why);
    if (e != ERR_NONE) {
        e = cli_fail(c, e, "asset", "%s", why[0] != '\0' ? why : err_text(e));
    } else {
        e = check_facts(c, w, t);
    }
    if (e == ERR_NONE) {
        *out = facts_json(w, t);
    }
    asset_table_free(w);
    return e;
}
