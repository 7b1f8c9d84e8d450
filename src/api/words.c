#include "api/words_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/compile/policy_compile.h"

static uint8_t *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return NULL;
    }
    uint8_t *bytes = malloc(POLICY_PROSE_SIZE_MAX + 1);
    ASSERT(bytes != NULL);
    size_t got = fread(bytes, 1, POLICY_PROSE_SIZE_MAX + 1, f);
    bool whole = ferror(f) == 0 && got <= POLICY_PROSE_SIZE_MAX;
    (void)fclose(f);
    if (!whole) {
        free(bytes);
        return NULL;
    }
    *len = got;
    return bytes;
}

void words_open(struct words *w, const struct node *n)
{
    const struct genesis *g = node_genesis(n);
    char path[4096], why[POLICY_WHY_SIZE];
    struct policy_book *book;
    *w = (struct words){ 0 };
    if (g->pack_set.len == 0 ||
        snprintf(path, sizeof path, "%s/prose.json", node_dir(n)) >= (int)sizeof path) {
        return;
    }
    w->prose = read_file(path, &w->len);
    if (w->prose == NULL) {
        return;
    }
    if (policy_book_open(g->pack_set, bytes_of(w->prose, w->len), node_suite(n), &book, why) !=
        ERR_NONE) {
        words_close(w);
        return;
    }
    w->set = *policy_set_hash(policy_book_set(book));
    policy_book_close(book);
}

void words_close(struct words *w)
{
    free(w->prose);
    *w = (struct words){ 0 };
}
