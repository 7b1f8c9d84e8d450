#include <stdlib.h>
#include <string.h>

#include "data/data_internal.h"

/* The output grows with what was written, never with what a header promises. */
struct output {
    uint8_t *ptr;
    size_t len, cap;
};

/* Room for one more record: each field may gain a quote for each of its own, two around and a
 * comma. */
static enum err make_room(struct output *out, const struct csv_input *in, char *why)
{
    size_t need = 1;
    for (size_t i = 0; i < in->count; i++) {
        need += 2 * in->field[i].len + 3;
    }
    if (out->cap - out->len >= need) {
        return ERR_NONE;
    }
    size_t cap = 2 * out->cap + need;
    uint8_t *ptr = realloc(out->ptr, cap);
    if (ptr == NULL) {
        return data_no_space(why);
    }
    out->ptr = ptr;
    out->cap = cap;
    return ERR_NONE;
}

static void put_field(struct buf *b, const struct column *c, struct bytes value, bool header)
{
    char plain[VALUE_NUMBER_SIZE_MAX];
    enum shape shape = header || c->type != COLUMN_DECIMAL ? SHAPE_TEXT : shape_of(value);
    if (shape == SHAPE_POINT || shape == SHAPE_COMMA) {
        value = bytes_of(plain, decimal_plain(value, shape, plain));
    }
    csv_put_field(b, value, ',');
}

static void put_record(struct output *out, const struct csv_input *in, const struct profile *p,
                       const bool *drop, bool header)
{
    struct buf b = buf_over(out->ptr + out->len, out->cap - out->len);
    bool first = true;
    for (uint32_t i = 0; i < p->columns; i++) {
        if (drop[i]) {
            continue;
        }
        if (!first) {
            buf_put_u8(&b, ',');
        }
        first = false;
        put_field(&b, &p->column[i], in->field[i], header);
    }
    if (b.len == 0) {
        buf_put(&b, bytes_of_str("\"\"")); /* one empty field: no line, or it would be skipped */
    }
    buf_put_u8(&b, '\n');
    ASSERT(!b.full);
    out->len += b.len;
}

static enum err check_header(const struct csv_input *in, const struct profile *p, char *why)
{
    bool same = in->count == p->columns;
    for (uint32_t i = 0; same && i < p->columns; i++) {
        same = bytes_equal(in->field[i], bytes_of_str(p->column[i].name));
    }
    return same ? ERR_NONE : data_refuse(why, "the profile is that of another file");
}

static enum err write_all(struct csv_input *in, const struct profile *p, const bool *drop,
                          struct output *out, char *why)
{
    TRY(input_next(in, why));
    TRY(check_header(in, p, why));
    for (bool header = true; in->count > 0; header = false) {
        TRY(make_room(out, in, why));
        put_record(out, in, p, drop, header);
        TRY(input_next(in, why));
    }
    return ERR_NONE;
}

enum err data_deidentify(struct bytes csv, const struct profile *p, const struct template_ *t,
                         struct arena scratch, uint8_t **out, size_t *len, char *why)
{
    bool drop[CSV_FIELDS_MAX] = { false };
    struct output o = { 0 };
    struct csv_input in;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < p->columns; i++) {
        drop[i] = template_drops(t, &p->column[i]);
        kept += !drop[i];
    }
    if (kept == 0) {
        return data_refuse(why, "template %s drops every column", template_name(t));
    }
    TRY(input_open(csv, &scratch, &in, why));
    enum err e = write_all(&in, p, drop, &o, why);
    if (e != ERR_NONE) {
        free(o.ptr);
        return e;
    }
    *out = o.ptr;
    *len = o.len;
    return ERR_NONE;
}
