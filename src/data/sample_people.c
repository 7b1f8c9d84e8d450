#include <stdio.h>
#include <stdlib.h>

#include "data/data_internal.h"

/* A table of persons: its header, and a row from the seed's state. */
struct shape_of_table {
    const char *header;
    size_t row_size_max;
    int (*row)(char *out, size_t cap, uint64_t *state, uint32_t number);
};

static unsigned draw(uint64_t *state, unsigned below)
{
    return (unsigned)sample_draw(state, below);
}

/* From `least`, in the middle more often than at the ends: 3 * width - 2 values. */
static unsigned hill(uint64_t *state, unsigned least, unsigned width)
{
    unsigned a = draw(state, width), b = draw(state, width), c = draw(state, width);
    return least + a + b + c;
}

static unsigned one_of(uint64_t *state, const unsigned *values, size_t count)
{
    return values[sample_draw(state, count)];
}

#define ONE_OF(state, ...)                           \
    one_of(state, (const unsigned[]){ __VA_ARGS__ }, \
           sizeof((const unsigned[]){ __VA_ARGS__ }) / sizeof(unsigned))

/* The fourteen attributes of the Cleveland heart data. Draws stand in statements of their own: the
 * order in which arguments are evaluated is not the language's to say. */
static int heart_row(char *out, size_t cap, uint64_t *state, uint32_t number)
{
    (void)number;
    unsigned age = hill(state, 29, 17), sex = draw(state, 3) > 0, cp = draw(state, 4);
    unsigned pressure = hill(state, 94, 30), chol = hill(state, 140, 80);
    unsigned sugar = draw(state, 7) == 0, ecg = draw(state, 40) == 0 ? 2 : draw(state, 2);
    unsigned rate = hill(state, 85, 38), angina = draw(state, 3) == 0;
    unsigned tenths = draw(state, 3) == 0 ? 0 : draw(state, 43), slope = draw(state, 3);
    unsigned vessels = ONE_OF(state, 0, 0, 0, 0, 1, 1, 2, 3), thal = ONE_OF(state, 1, 2, 2, 2, 3);
    unsigned target = draw(state, 2);
    char peak[16];
    snprintf(peak, sizeof peak, tenths % 10 == 0 ? "%u" : "%u.%u", tenths / 10, tenths % 10);
    return snprintf(out, cap, "%u,%u,%u,%u,%u,%u,%u,%u,%u,%s,%u,%u,%u,%u\n", age, sex, cp, pressure,
                    chol, sugar, ecg, rate, angina, peak, slope, vessels, thal, target);
}

/* Six months of one card: how late, what was billed, what was paid. */
struct months {
    int late[6];
    long bill[6], paid[6];
};

static void draw_months(uint64_t *state, unsigned limit, struct months *m)
{
    unsigned kind = draw(state, 10);
    for (int i = 0; i < 6; i++) {
        bool late = kind == 0 && draw(state, 3) > 0;
        m->late[i] = late ? 2 : kind < 7 ? 0 : -(int)draw(state, 3);
        m->bill[i] = (long)draw(state, limit) - (draw(state, 50) == 0 ? 3000 : 0);
        m->paid[i] = late || m->bill[i] <= 0 ? 0 : (long)draw(state, (unsigned)m->bill[i] / 4 + 1);
    }
}

/* The twenty-five attributes of the Taiwan card data. */
static int card_row(char *out, size_t cap, uint64_t *state, uint32_t number)
{
    struct months m;
    unsigned limit = (1 + hill(state, 0, 18)) * 10000, sex = 1 + (draw(state, 5) > 1);
    unsigned education = ONE_OF(state, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3);
    education = draw(state, 80) == 0 ? ONE_OF(state, 0, 4, 5, 5, 6) : education;
    unsigned marriage = draw(state, 90) == 0 ? ONE_OF(state, 0, 3, 3, 3) : 1 + draw(state, 2);
    unsigned age = 21 + (draw(state, 3) == 0 ? draw(state, 40) : hill(state, 0, 10));
    draw_months(state, limit, &m);
    unsigned fails = m.late[0] > 0 ? draw(state, 3) > 0 : draw(state, 6) == 0;
    return snprintf(out, cap,
                    "%u,%u,%u,%u,%u,%u,%d,%d,%d,%d,%d,%d,%ld,%ld,%ld,%ld,%ld,%ld,"
                    "%ld,%ld,%ld,%ld,%ld,%ld,%u\n",
                    number, limit, sex, education, marriage, age, m.late[0], m.late[1], m.late[2],
                    m.late[3], m.late[4], m.late[5], m.bill[0], m.bill[1], m.bill[2], m.bill[3],
                    m.bill[4], m.bill[5], m.paid[0], m.paid[1], m.paid[2], m.paid[3], m.paid[4],
                    m.paid[5], fails);
}

static enum err make_table(const struct shape_of_table *t, uint64_t seed, uint32_t rows,
                           uint8_t **out, size_t *len)
{
    if (rows == 0 || rows > SAMPLE_ROWS_MAX) {
        return ERR_RANGE;
    }
    size_t cap = ((size_t)rows + 2) * t->row_size_max;
    char *text = malloc(cap);
    if (text == NULL) {
        return ERR_NO_SPACE;
    }
    size_t used = (size_t)snprintf(text, cap, "%s", t->header);
    for (uint32_t i = 0; i < rows; i++) {
        int n = t->row(text + used, cap - used, &seed, i + 1);
        ASSERT(n > 0 && (size_t)n < t->row_size_max);
        used += (size_t)n;
    }
    char *fitted = realloc(text, used);
    *out = (uint8_t *)(fitted != NULL ? fitted : text);
    *len = used;
    return ERR_NONE;
}

enum err data_sample_medical(uint64_t seed, uint32_t rows, uint8_t **out, size_t *len)
{
    static const struct shape_of_table HEART = {
        "\xef\xbb\xbf"
        "age,sex,cp,trestbps,chol,fbs,restecg,thalach,exang,oldpeak,slope,ca,thal,target\n",
        96, heart_row
    };
    return make_table(&HEART, seed, rows, out, len);
}

enum err data_sample_finance(uint64_t seed, uint32_t rows, uint8_t **out, size_t *len)
{
    static const struct shape_of_table CARDS = {
        "ID,LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE,PAY_0,PAY_2,PAY_3,PAY_4,PAY_5,PAY_6,BILL_AMT1,"
        "BILL_AMT2,BILL_AMT3,BILL_AMT4,BILL_AMT5,BILL_AMT6,PAY_AMT1,PAY_AMT2,PAY_AMT3,PAY_AMT4,"
        "PAY_AMT5,PAY_AMT6,Default\n",
        256, card_row
    };
    return make_table(&CARDS, seed, rows, out, len);
}
