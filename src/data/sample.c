#include <stdio.h>
#include <stdlib.h>

#include "data/data_internal.h"

enum { SAMPLE_ROW_SIZE_MAX = 192 };

static const char *const COLOURS[] = { "WHITE",   "RED",    "PINK",    "BLUE",
                                       "IVORY",   "CREAM",  "VINTAGE", "RETROSPOT",
                                       "PAISLEY", "SILVER", "WOODEN",  "GLASS" };
static const char *const THINGS[] = { "HANGING HEART T-LIGHT HOLDER",
                                      "METAL LANTERN",
                                      "COAT HANGER",
                                      "HOT WATER BOTTLE",
                                      "NESTING BOXES",
                                      "ALARM CLOCK BAKELIKE",
                                      "LUNCH BOX WITH CUTLERY",
                                      "JIGSAW BLOCKS",
                                      "PHOTO FRAME",
                                      "CAKE STAND",
                                      "TEASPOONS SET OF 6",
                                      "PENCIL CASE",
                                      "DOORMAT",
                                      "JUMBO BAG",
                                      "CHRISTMAS TREE DECORATION",
                                      "MUG COSY" };
static const char *const COUNTRIES[] = { "United Kingdom", "United Kingdom", "United Kingdom",
                                         "United Kingdom", "United Kingdom", "United Kingdom",
                                         "Germany",        "France",         "EIRE",
                                         "Netherlands",    "Spain",          "Switzerland" };

uint64_t sample_draw(uint64_t *state, uint64_t below)
{
    *state += 0x9e3779b97f4a7c15;
    uint64_t z = *state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (z ^ z >> 31) % below;
}

/* What the lines of one order have in common. */
struct order {
    unsigned number, lines, customer, minutes;
    const char *country;
    bool cancelled;
};

static void next_order(uint64_t *state, struct order *o)
{
    o->number++;
    o->lines = 1 + (unsigned)sample_draw(state, 38);
    o->customer = sample_draw(state, 4) == 0 ? 0 : 12346 + (unsigned)sample_draw(state, 600);
    o->minutes += (unsigned)sample_draw(state, 12);
    o->country = COUNTRIES[sample_draw(state, COUNT(COUNTRIES))];
    o->cancelled = sample_draw(state, 40) == 0;
}

static void put_text(struct buf *b, const char *text)
{
    buf_put(b, bytes_of_str(text));
}

/* Now and then a size in inches or a name in quotes, which CSV must double. */
static void put_description(struct buf *b, uint64_t *state)
{
    char text[96];
    const char *colour = COLOURS[sample_draw(state, COUNT(COLOURS))];
    const char *thing = THINGS[sample_draw(state, COUNT(THINGS))];
    uint64_t kind = sample_draw(state, 250);
    const char *size = kind == 0 ? " 7\" SINGLE SIZE" : kind == 1 ? " \"LARGE\"" : "";
    if (kind >= 2 && kind <= 4) {
        return; /* a line without a description */
    }
    snprintf(text, sizeof text, "%s %s%s", colour, thing, size);
    csv_put_field(b, bytes_of_str(text), ';');
}

static void put_row(struct buf *b, uint64_t *state, const struct order *o)
{
    char text[96];
    unsigned letter = (unsigned)sample_draw(state, 8);
    snprintf(text, sizeof text, "%s%u;%u%s;", o->cancelled ? "C" : "", o->number,
             20000 + (unsigned)sample_draw(state, 2000),
             letter == 0   ? "A"
             : letter == 1 ? "B"
                           : "");
    put_text(b, text);
    put_description(b, state);
    unsigned minutes = 8 * 60 + o->minutes % (11 * 60), day = 1 + o->minutes / (11 * 60) % 23;
    unsigned cents = 19 + (unsigned)sample_draw(state, 1200);
    snprintf(text, sizeof text, ";%s%u;%u/12/2010 %02u:%02u;%u", o->cancelled ? "-" : "",
             1 + (unsigned)sample_draw(state, 24), day, minutes / 60, minutes % 60, cents / 100);
    put_text(b, text);
    if (cents % 100 != 0) { /* 2,5 and 15, as shops write them, not 2,50 and 15,00 */
        bool tenths = cents % 10 == 0;
        snprintf(text, sizeof text, ",%0*u", tenths ? 1 : 2,
                 tenths ? cents % 100 / 10 : cents % 100);
        put_text(b, text);
    }
    put_text(b, ";");
    if (o->customer != 0) {
        snprintf(text, sizeof text, "%u", o->customer);
        put_text(b, text);
    }
    put_text(b, ";");
    put_text(b, o->country);
    put_text(b, "\r\n");
}

/* As shops export: a byte-order mark, semicolons, decimal commas, CRLF, quotes here and there;
 * about 80 bytes a row. */
enum err data_sample_retail(uint64_t seed, uint32_t rows, uint8_t **out, size_t *len)
{
    struct order o = { .number = 536364 };
    if (rows == 0 || rows > SAMPLE_ROWS_MAX) {
        return ERR_RANGE;
    }
    size_t cap = ((size_t)rows + 1) * SAMPLE_ROW_SIZE_MAX;
    struct buf b = buf_over(malloc(cap), cap);
    if (b.ptr == NULL) {
        return ERR_NO_SPACE;
    }
    put_text(&b, "\xef\xbb\xbf"
                 "InvoiceNo;StockCode;Description;Quantity;InvoiceDate;UnitPrice;CustomerID;Country"
                 "\r\n");
    for (uint32_t i = 0; i < rows; i++) {
        if (o.lines == 0) {
            next_order(&seed, &o);
        }
        o.lines--;
        put_row(&b, &seed, &o);
    }
    ASSERT(!b.full);
    uint8_t *fitted = realloc(b.ptr, b.len);
    *out = fitted != NULL ? fitted : b.ptr;
    *len = b.len;
    return ERR_NONE;
}
