#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

struct err_row {
    const char *name;
    const char *text;
    enum err_fault fault;
    int exit_code;
    int http_status;
};

static const struct err_row ROWS[] = {
#define X(name, lower, fault, exit_code, http, text) \
    [ERR_##name] = { lower, text, ERR_FAULT_##fault, exit_code, http },
    ERR_TABLE(X)
#undef X
};
_Static_assert(COUNT(ROWS) == ERR_END, "every error has a row");

static const struct err_row *row(enum err e)
{
    ASSERT((unsigned)e < ERR_END);
    return &ROWS[e];
}

const char *err_name(enum err e)
{
    return row(e)->name;
}

const char *err_text(enum err e)
{
    return row(e)->text;
}

int err_exit_code(enum err e)
{
    return row(e)->exit_code;
}

int err_http_status(enum err e)
{
    return row(e)->http_status;
}

enum err_fault err_fault(enum err e)
{
    return row(e)->fault;
}

void assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "carnet: assertion failed: %s (%s:%d)\n", cond, file, line);
    abort();
}
