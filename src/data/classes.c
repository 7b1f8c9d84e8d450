#include <stdlib.h>
#include <string.h>

#include "data/deidentify_internal.h"

static enum err add_column(struct classes *c, uint32_t column, const struct rule *r, char *why)
{
    if (c->width == DATA_QUASI_MAX) {
        return data_refuse(why, "more than %d columns answer to the quasi-identifiers",
                           DATA_QUASI_MAX);
    }
    c->column[c->width] = column;
    c->rule[c->width++] = r;
    return ERR_NONE;
}

enum err classes_plan(const struct template_ *t, const struct profile *p, struct classes *c,
                      char *why)
{
    *c = (struct classes){ 0 };
    for (uint32_t q = 0; q < t->quasi_count; q++) {
        const struct rule *r = &t->rule[t->quasi[q]];
        uint32_t before = c->width;
        for (uint32_t i = 0; i < p->columns; i++) {
            if (template_rule(t, p->column[i].name) == r) {
                TRY(add_column(c, i, r, why));
            }
        }
        if (c->width == before) {
            return data_refuse(why,
                               "no column answers to the quasi-identifier \"%s\" of template %s",
                               r->role, t->name);
        }
    }
    return ERR_NONE;
}

static enum err too_many(enum err e, char *why)
{
    if (e == ERR_SIZE) {
        (void)!data_refuse(why, "the quasi-identifiers have more than %d values or combinations",
                           DATA_CLASSES_MAX);
    } else if (e == ERR_NO_SPACE) {
        (void)!data_no_space(why);
    }
    return e;
}

enum err classes_add(struct classes *c, const struct bytes *field, char *why)
{
    uint32_t tuple[DATA_QUASI_MAX], id;
    for (uint32_t i = 0; i < c->width; i++) {
        enum err e = tally_add(&c->value[i], field[c->column[i]], 1, &tuple[i]);
        if (e != ERR_NONE) {
            return too_many(e, why);
        }
    }
    c->rows++;
    return too_many(tally_add(&c->class, bytes_of(tuple, c->width * sizeof tuple[0]), 1, &id), why);
}

/* Labels of one column at one level: out[value] is the same for values that look the same. */
static enum err label_values(const struct classes *c, uint32_t i, enum column_type type,
                             uint32_t *out)
{
    const struct tally *values = &c->value[i];
    struct tally labels = { 0 };
    enum err e = ERR_NONE;
    for (uint32_t v = 0; e == ERR_NONE && v < values->count; v++) {
        struct bytes value = tally_at(values, v);
        size_t cap = value.len + LABEL_SIZE_MAX;
        struct buf b = buf_over(malloc(cap), cap);
        if (b.ptr == NULL) {
            e = ERR_NO_SPACE;
            break;
        }
        value_widen(&c->rule[i]->step[c->level[i]], value, type, values->entry[v].rows, &b);
        ASSERT(!b.full);
        e = tally_add(&labels, buf_bytes(&b), 1, &out[v]);
        free(b.ptr);
    }
    tally_free(&labels);
    return e;
}

/* The classes by their labels: group[class] and the rows of each group. */
static enum err group(const struct classes *c, uint32_t *const label[DATA_QUASI_MAX],
                      struct tally *groups, uint32_t *out)
{
    for (uint32_t k = 0; k < c->class.count; k++) {
        uint32_t tuple[DATA_QUASI_MAX];
        struct reader r = reader_over(tally_at(&c->class, k));
        for (uint32_t i = 0; i < c->width; i++) {
            uint32_t value;
            memcpy(&value, reader_take(&r, sizeof value).ptr, sizeof value);
            tuple[i] = label[i][value];
        }
        struct bytes key = bytes_of(tuple, c->width * sizeof tuple[0]);
        TRY(tally_add(groups, key, c->class.entry[k].rows, &out[k]));
    }
    return ERR_NONE;
}

/* Which classes stay when every group below k goes. */
static void choose(struct classes *c, const struct tally *groups, const uint32_t *of, uint64_t k)
{
    c->kept = 0;
    c->k_after = 0;
    for (uint32_t i = 0; i < c->class.count; i++) {
        uint64_t rows = groups->entry[of[i]].rows;
        c->keep[i] = rows >= k;
        if (c->keep[i]) {
            c->kept += c->class.entry[i].rows;
            c->k_after = c->k_after == 0 || rows < c->k_after ? rows : c->k_after;
        }
    }
}

static enum err try_levels(struct classes *c, const struct template_ *t, const struct profile *p)
{
    uint32_t *label[DATA_QUASI_MAX] = { NULL }, *of = NULL;
    struct tally groups = { 0 };
    enum err e = ERR_NONE;
    for (uint32_t i = 0; e == ERR_NONE && i < c->width; i++) {
        label[i] = calloc(c->value[i].count + 1, sizeof *label[i]);
        e = label[i] == NULL ? ERR_NO_SPACE
                             : label_values(c, i, p->column[c->column[i]].type, label[i]);
    }
    of = calloc(c->class.count + 1, sizeof *of);
    e = e == ERR_NONE && of == NULL ? ERR_NO_SPACE : e;
    e = e != ERR_NONE ? e : group(c, label, &groups, of);
    if (e == ERR_NONE) {
        choose(c, &groups, of, (uint64_t)t->k);
    }
    tally_free(&groups);
    free(of);
    for (uint32_t i = 0; i < c->width; i++) {
        free(label[i]);
    }
    return e;
}

/* Each column in turn goes one step up, in the template's order, until all are at their top. */
static bool climb(struct classes *c, uint32_t *turn)
{
    for (uint32_t n = 0; n < c->width; n++) {
        uint32_t i = (*turn + n) % c->width;
        if (c->level[i] + 1 < c->rule[i]->steps) {
            c->level[i]++;
            *turn = i + 1;
            return true;
        }
    }
    return false;
}

enum err classes_climb(struct classes *c, const struct template_ *t, const struct profile *p,
                       char *why)
{
    uint32_t turn = 0;
    c->k_before = tally_least(&c->class);
    c->keep = calloc((size_t)c->class.count + 1, sizeof *c->keep);
    if (c->keep == NULL) {
        return data_no_space(why);
    }
    do {
        enum err e = try_levels(c, t, p);
        if (e != ERR_NONE) {
            return too_many(e, why);
        }
        uint64_t gone = c->rows - c->kept;
        if (c->kept > 0 && gone * 100 <= c->rows * (uint64_t)t->suppress_percent) {
            return ERR_NONE;
        }
    } while (climb(c, &turn));
    (void)!data_refuse(why,
                       "k = %lld: even at the widest step %llu of %llu rows would have to go, more "
                       "than %lld %%",
                       (long long)t->k, (unsigned long long)(c->rows - c->kept),
                       (unsigned long long)c->rows, (long long)t->suppress_percent);
    return ERR_REFUSED;
}

bool classes_keeps(const struct classes *c, const struct bytes *field)
{
    uint32_t tuple[DATA_QUASI_MAX], id;
    for (uint32_t i = 0; i < c->width; i++) {
        if (tally_find(&c->value[i], field[c->column[i]], &tuple[i]) != ERR_NONE) {
            return false;
        }
    }
    return tally_find(&c->class, bytes_of(tuple, c->width * sizeof tuple[0]), &id) == ERR_NONE &&
           c->keep[id];
}

void classes_free(struct classes *c)
{
    for (uint32_t i = 0; i < DATA_QUASI_MAX; i++) {
        tally_free(&c->value[i]);
    }
    tally_free(&c->class);
    free(c->keep);
    *c = (struct classes){ 0 };
}
