/* csv — reading delimited text as it really is, a record at a time (RFC 4180 and its dialects).
 *
 * Detects a UTF-8 byte-order mark, the separator (',' ';' tab '|'), CRLF or LF. Quotes may hold
 * separators, line ends and doubled quotes. Bounded: it works over memory the caller mapped or
 * read, copies only fields that had doubled quotes, and never allocates beyond its arena. Errors
 * carry the line number and reason. Page: docs/base.md */
#ifndef CARNET_BASE_CSV_H
#define CARNET_BASE_CSV_H

#include "base/arena.h"

enum {
    CSV_FIELDS_MAX = 1024,
    CSV_RECORD_SIZE_MAX = 1 << 20, /* a 10 MB line is refused by name */
    CSV_WHY_SIZE = 160
};

struct csv {
    struct bytes text;
    size_t at;
    uint64_t line;   /* of the next record, from 1 */
    size_t columns;  /* of the header, 0 before it is read: every record must have as many */
    char separator;
    bool had_bom;
    struct arena arena; /* for unquoted copies: reset at every record */
    char why[CSV_WHY_SIZE];
};

/* Detects the dialect and checks UTF-8; reads no record yet. ERR_UNREADABLE: empty, binary (a NUL
 * or invalid UTF-8, with the byte's offset in `why`), one column only with no separator found. */
MUST_USE enum err csv_open(struct csv *c, struct bytes text, struct arena arena);

/* The next record's fields, borrowed until the next call; `fields` holds CSV_FIELDS_MAX. *count is
 * 0 at the end of the text. Lines with nothing at all are skipped. ERR_UNREADABLE with `why`: a
 * quote left open, text after a closing quote, a lone carriage return, a record too long or wide,
 * unequal width. ERR_NO_SPACE: the arena is smaller than the record's quoted fields. On an error
 * the reader stays at that record. */
MUST_USE enum err csv_next(struct csv *c, struct bytes *fields, size_t *count);

/* Write one field, quoted where RFC 4180 asks for it with this separator. */
void csv_put_field(struct buf *out, struct bytes field, char separator);

#endif
