#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "data/data_internal.h"

/* Copies of quoted fields, each rounded up to 16 in the arena. */
enum { COPIES_SLACK = CSV_FIELDS_MAX * 16, SET_SIZE_MIN = 16 };

enum err data_refuse(char *why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why, CSV_WHY_SIZE, format, args);
    va_end(args);
    return ERR_UNREADABLE;
}

enum err data_no_space(char *why)
{
    snprintf(why, CSV_WHY_SIZE, "more columns or longer records than the memory given holds");
    return ERR_NO_SPACE;
}

enum err input_open(struct bytes csv, struct arena *scratch, struct csv_input *out, char *why)
{
    struct arena copies;
    size_t record = csv.len < CSV_RECORD_SIZE_MAX ? csv.len : CSV_RECORD_SIZE_MAX;
    out->field = ARENA_ARRAY(scratch, struct bytes, CSV_FIELDS_MAX);
    if (out->field == NULL || arena_split(scratch, record + COPIES_SLACK, &copies) != ERR_NONE) {
        return data_no_space(why);
    }
    enum err e = csv_open(&out->csv, csv, copies);
    if (e != ERR_NONE) {
        memcpy(why, out->csv.why, CSV_WHY_SIZE);
    }
    return e;
}

enum err input_next(struct csv_input *in, char *why)
{
    enum err e = csv_next(&in->csv, in->field, &in->count);
    if (e != ERR_NONE) {
        memcpy(why, in->csv.why, CSV_WHY_SIZE);
    }
    return e;
}

/* FNV-1a with a finisher; 0 is kept for a free place. */
static uint64_t hash_of(struct bytes x)
{
    uint64_t h = 0xcbf29ce484222325;
    for (size_t i = 0; i < x.len; i++) {
        h = (h ^ x.ptr[i]) * 0x100000001b3;
    }
    h = (h ^ h >> 32) * 0xd6e8feb86659fd93;
    h ^= h >> 32;
    return h != 0 ? h : 1;
}

void count_distinct(struct column_scan *s, uint64_t *distinct, struct bytes value)
{
    uint64_t h = hash_of(value);
    for (uint64_t at = h;; at++) {
        uint64_t *place = &s->set[at & s->set_mask];
        if (*place == h || (*place == 0 && *distinct == s->set_max)) {
            return;
        }
        if (*place == 0) {
            *place = h;
            (*distinct)++;
            return;
        }
    }
}

static void count_number(struct column_scan *s, struct bytes value)
{
    int64_t x = 0;
    bool negative = value.ptr[0] == '-';
    if (value.len > 18) {
        return;
    }
    for (size_t i = negative || value.ptr[0] == '+'; i < value.len; i++) {
        x = 10 * x + (value.ptr[i] - '0');
    }
    x = negative ? -x : x;
    s->least = s->numbers == 0 || x < s->least ? x : s->least;
    s->most = s->numbers == 0 || x > s->most ? x : s->most;
    s->numbers++;
}

static void count_value(struct column *c, struct column_scan *s, struct bytes value)
{
    enum shape shape = shape_of(value);
    s->shapes[shape]++;
    if (shape == SHAPE_EMPTY) {
        c->empty++;
        return;
    }
    c->values++;
    count_distinct(s, &c->distinct, value);
    if (shape == SHAPE_INTEGER) {
        count_number(s, value);
    }
    for (enum detector d = 0; d < DETECT_END; d++) {
        s->hits[d] += detect(d, value);
    }
}

/* Places for as many distinct values as the text may have, a third of them free. */
enum err new_sets(struct bytes csv, struct arena *scratch, struct column_scan *scan,
                  uint32_t columns)
{
    uint64_t lines = 1, size = SET_SIZE_MIN;
    for (size_t i = 0; i < csv.len && lines < DATA_SAMPLE_MAX; i++) {
        lines += csv.ptr[i] == '\n';
    }
    while (size < lines + lines / 2) {
        size *= 2;
    }
    for (uint32_t i = 0; i < columns; i++) {
        scan[i].set = ARENA_ARRAY(scratch, uint64_t, size);
        scan[i].set_mask = size - 1;
        scan[i].set_max = DATA_SAMPLE_MAX;
        if (scan[i].set == NULL) {
            return ERR_NO_SPACE;
        }
    }
    return ERR_NONE;
}

static enum err read_header(struct csv_input *in, struct profile *p, char *why)
{
    TRY(input_next(in, why));
    if (in->count == 0) {
        return data_refuse(why, "the file has no lines");
    }
    for (size_t i = 0; i < in->count; i++) {
        struct bytes name = in->field[i];
        if (name.len >= DATA_COLUMN_NAME_SIZE) {
            return data_refuse(why, "column %zu: its name is longer than %d bytes", i + 1,
                               DATA_COLUMN_NAME_SIZE - 1);
        }
        memcpy(p->column[i].name, name.ptr, name.len);
    }
    p->columns = (uint32_t)in->count;
    p->separator = in->csv.separator;
    p->had_bom = in->csv.had_bom;
    return ERR_NONE;
}

static enum err read_rows(struct csv_input *in, struct profile *p, struct column_scan *scan,
                          char *why)
{
    for (;;) {
        TRY(input_next(in, why));
        if (in->count == 0) {
            return ERR_NONE;
        }
        p->rows++;
        for (size_t i = 0; i < in->count; i++) {
            count_value(&p->column[i], &scan[i], in->field[i]);
        }
    }
}

enum err data_profile(struct bytes csv, struct arena scratch, struct profile *out, char *why)
{
    struct csv_input in;
    struct profile *p = ARENA_NEW(&scratch, struct profile);
    if (p == NULL) {
        return data_no_space(why);
    }
    TRY(input_open(csv, &scratch, &in, why));
    TRY(read_header(&in, p, why));
    struct column_scan *scan = ARENA_ARRAY(&scratch, struct column_scan, p->columns);
    if (scan == NULL || new_sets(csv, &scratch, scan, p->columns) != ERR_NONE) {
        return data_no_space(why);
    }
    TRY(read_rows(&in, p, scan, why));
    for (uint32_t i = 0; i < p->columns; i++) {
        classify(&p->column[i], &scan[i]);
        p->decimal_comma = p->decimal_comma ||
                           (p->column[i].type == COLUMN_DECIMAL && scan[i].shapes[SHAPE_COMMA] > 0);
    }
    classify_record(p);
    *out = *p;
    return ERR_NONE;
}
