#include <stdlib.h>

#include "data/deidentify_internal.h"

/* The output grows with what was written, never with what a header promises. */
struct output {
    uint8_t *ptr;
    size_t len, cap;
};
/* What is done with one column. */
struct plan {
    enum data_action action;
    const struct rule *rule; /* NULL: kept or dropped without one */
    uint32_t level;
    struct hash key;     /* DATA_PSEUDONYM */
    struct tally counts; /* of the values, where the step asks how rare one is */
    bool counted;
};
/* One run over one table. */
struct deidentify {
    const struct profile *profile;
    const struct template_ *template_;
    struct csv_input in;
    struct classes classes;
    struct plan *plan;         /* of each column */
    struct column_scan *after; /* sets of what was written */
    uint8_t *field;            /* one changed value */
    struct output out;
    struct deidentified *report;
};

/* Room for one more record: each field may become a label, gain a quote for each of its own, two
 * around and a comma. */
static enum err make_room(struct output *out, const struct csv_input *in, char *why)
{
    size_t need = 1;
    for (size_t i = 0; i < in->count; i++) {
        need += 2 * (in->field[i].len + LABEL_SIZE_MAX) + 3;
    }
    if (out->cap - out->len >= need) {
        return ERR_NONE;
    }
    size_t cap = out->cap + out->cap / 2 + need;
    uint8_t *ptr = realloc(out->ptr, cap);
    if (ptr == NULL) {
        return data_no_space(why);
    }
    out->ptr = ptr;
    out->cap = cap;
    return ERR_NONE;
}

static uint64_t rows_of(const struct plan *p, struct bytes value)
{
    uint32_t id;
    return p->counted && tally_find(&p->counts, value, &id) == ERR_NONE ? p->counts.entry[id].rows
                                                                        : 0;
}

/* The value as it leaves. Nothing stays nothing: a missing value has no pseudonym. */
static struct bytes change(struct deidentify *d, uint32_t i, struct bytes value)
{
    const struct plan *p = &d->plan[i];
    enum column_type type = d->profile->column[i].type;
    struct buf b = buf_over(d->field, CSV_RECORD_SIZE_MAX + LABEL_SIZE_MAX);
    switch (p->action) {
    case DATA_KEEP:
    case DATA_DROP:
        value_plain(value, type, &b);
        break;
    case DATA_MASK:
        value_mask(p->rule, value, &b);
        break;
    case DATA_GENERALISE:
        value_widen(&p->rule->step[p->level], value, type, rows_of(p, value), &b);
        break;
    case DATA_PSEUDONYM:
        if (shape_of(value) != SHAPE_EMPTY) {
            pseudonym_put(&p->key, value, p->rule->length, &b);
        }
        break;
    }
    ASSERT(!b.full);
    return buf_bytes(&b);
}

static void put_record(struct deidentify *d, bool header)
{
    struct output *out = &d->out;
    struct buf b = buf_over(out->ptr + out->len, out->cap - out->len);
    bool first = true;
    for (uint32_t i = 0; i < d->profile->columns; i++) {
        if (d->plan[i].action == DATA_DROP) {
            continue;
        }
        if (!first) {
            buf_put_u8(&b, ',');
        }
        first = false;
        struct bytes value = d->in.field[i];
        if (!header) {
            value = change(d, i, value);
            if (shape_of(value) != SHAPE_EMPTY) {
                count_distinct(&d->after[i], &d->report->distinct_after[i], value);
            }
        }
        csv_put_field(&b, value, ',');
    }
    if (b.len == 0) {
        buf_put(&b, bytes_of_str("\"\"")); /* one empty field: no line, or it would be skipped */
    }
    buf_put_u8(&b, '\n');
    ASSERT(!b.full);
    out->len += b.len;
}

static enum err read_header(struct deidentify *d, char *why)
{
    const struct csv_input *in = &d->in;
    TRY(input_next(&d->in, why));
    bool same = in->count == d->profile->columns;
    for (uint32_t i = 0; same && i < d->profile->columns; i++) {
        same = bytes_equal(in->field[i], bytes_of_str(d->profile->column[i].name));
    }
    return same ? ERR_NONE : data_refuse(why, "the profile is that of another file");
}

/* The first pass: how many rows look the same, and how rare values are. */
static enum err count_row(struct deidentify *d, char *why)
{
    uint32_t id;
    d->report->rows_in++;
    if (d->classes.width > 0) {
        TRY(classes_add(&d->classes, d->in.field, why));
    }
    for (uint32_t i = 0; i < d->profile->columns; i++) {
        struct plan *p = &d->plan[i];
        enum err e = p->counted ? tally_add(&p->counts, d->in.field[i], 1, &id) : ERR_NONE;
        if (e != ERR_NONE) {
            (void)!data_refuse(why, "column %s: more than %d values", d->profile->column[i].name,
                               DATA_CLASSES_MAX);
            return e;
        }
    }
    return ERR_NONE;
}

static enum err count_rows(struct deidentify *d, char *why)
{
    TRY(read_header(d, why));
    for (;;) {
        TRY(input_next(&d->in, why));
        if (d->in.count == 0) {
            return ERR_NONE;
        }
        TRY(count_row(d, why));
    }
}

/* The second pass. */
static enum err write_rows(struct deidentify *d, char *why)
{
    TRY(read_header(d, why));
    TRY(make_room(&d->out, &d->in, why));
    put_record(d, true);
    for (;;) {
        TRY(input_next(&d->in, why));
        if (d->in.count == 0) {
            return ERR_NONE;
        }
        if (d->classes.width == 0 || classes_keeps(&d->classes, d->in.field)) {
            TRY(make_room(&d->out, &d->in, why));
            put_record(d, false);
            d->report->rows_out++;
        }
    }
}

static bool counts_values(const struct rule *r)
{
    for (uint32_t i = 0; r != NULL && i < r->steps; i++) {
        if (r->step[i].kind == STEP_RARE) {
            return true;
        }
    }
    return false;
}

static enum err plan_columns(struct deidentify *d, struct bytes key, char *why)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < d->profile->columns; i++) {
        struct treatment t;
        struct plan *p = &d->plan[i];
        const char *name = d->profile->column[i].name;
        template_treatment(d->template_, &d->profile->column[i], &t);
        p->action = t.action;
        p->rule = template_rule(d->template_, name);
        p->counted = t.action == DATA_GENERALISE && counts_values(p->rule);
        kept += t.action != DATA_DROP;
        if (t.action == DATA_PSEUDONYM) {
            pseudonym_key(key, d->template_->name, name, &p->key);
        }
    }
    return kept > 0 ? ERR_NONE
                    : data_refuse(why, "template %s drops every column", d->template_->name);
}

/* Arena memory for a run; its counters are all zero. */
static enum err open_run(struct deidentify *d, struct bytes csv, struct arena *scratch, char *why)
{
    uint32_t columns = d->profile->columns;
    d->plan = ARENA_ARRAY(scratch, struct plan, columns);
    d->after = ARENA_ARRAY(scratch, struct column_scan, columns);
    d->field = arena_alloc(scratch, CSV_RECORD_SIZE_MAX + LABEL_SIZE_MAX);
    if (d->plan == NULL || d->after == NULL || d->field == NULL ||
        new_sets(csv, scratch, d->after, columns) != ERR_NONE) {
        return data_no_space(why);
    }
    return classes_plan(d->template_, d->profile, &d->classes, why);
}

static void report_classes(struct deidentify *d)
{
    const struct classes *c = &d->classes;
    struct deidentified *r = d->report;
    r->k_min = (uint64_t)d->template_->k;
    r->k_before = tally_least(&c->class);
    r->k_after = c->k_after;
    r->quasi_count = c->width;
    for (uint32_t i = 0; i < c->width; i++) {
        r->quasi[i] = c->column[i];
        r->level[i] = c->level[i];
    }
}

static enum err first_pass(struct deidentify *d, struct bytes csv, struct arena scratch, char *why)
{
    TRY(input_open(csv, &scratch, &d->in, why));
    return count_rows(d, why);
}

static enum err second_pass(struct deidentify *d, struct bytes csv, struct arena scratch, char *why)
{
    if (d->classes.width > 0) {
        TRY(classes_climb(&d->classes, d->template_, d->profile, why));
    }
    for (uint32_t i = 0; i < d->classes.width; i++) {
        d->plan[d->classes.column[i]].level = d->classes.level[i];
    }
    TRY(input_open(csv, &scratch, &d->in, why));
    return write_rows(d, why);
}

static void close_run(struct deidentify *d)
{
    classes_free(&d->classes);
    for (uint32_t i = 0; d->plan != NULL && i < d->profile->columns; i++) {
        tally_free(&d->plan[i].counts);
    }
}

enum err data_measure(struct bytes csv, const struct profile *p, const struct template_ *t,
                      struct arena scratch, struct deidentified *out, char *why)
{
    struct deidentify d = { .profile = p, .template_ = t };
    struct deidentified *report = ARENA_NEW(&scratch, struct deidentified);
    if (report == NULL) {
        return data_no_space(why);
    }
    d.report = report;
    enum err e = open_run(&d, csv, &scratch, why);
    e = e != ERR_NONE ? e : first_pass(&d, csv, scratch, why);
    if (e == ERR_NONE) {
        report_classes(&d);
        *out = *report;
    }
    close_run(&d);
    return e;
}

enum err data_deidentify(struct bytes csv, const struct profile *p, const struct template_ *t,
                         struct bytes key, struct arena scratch, uint8_t **out, size_t *len,
                         struct deidentified *report, char *why)
{
    struct deidentify d = { .profile = p, .template_ = t };
    d.report = ARENA_NEW(&scratch, struct deidentified);
    if (d.report == NULL) {
        return data_no_space(why);
    }
    enum err e = open_run(&d, csv, &scratch, why);
    e = e != ERR_NONE ? e : plan_columns(&d, key, why);
    e = e != ERR_NONE ? e : first_pass(&d, csv, scratch, why);
    e = e != ERR_NONE ? e : second_pass(&d, csv, scratch, why);
    if (e == ERR_NONE) {
        report_classes(&d);
        *report = *d.report;
        *out = d.out.ptr;
        *len = d.out.len;
    } else {
        free(d.out.ptr);
    }
    close_run(&d);
    return e;
}
