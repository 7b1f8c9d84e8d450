#include <stdio.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "fuzz/fuzz_internal.h"
#include "tests/test.h"

/* The rig itself: a target that must crash, soon, or nothing that passes means anything. */
static void canary(struct bytes in)
{
    ASSERT(in.len < 2 || in.ptr[0] != 'N' || in.ptr[1] != 'o');
}

static const struct fuzz_target RIG[] = { { "canary", 8, canary, NULL } };
static const struct fuzz_family FUZZ_RIG = { RIG, COUNT(RIG) };

static const struct fuzz_family *const FAMILIES[] = {
    &FUZZ_BASE, &FUZZ_CRYPTO,   &FUZZ_SM2,   &FUZZ_LEDGER, &FUZZ_CONTRACT, &FUZZ_POLICY,
    &FUZZ_PEER, &FUZZ_TRANSFER, &FUZZ_SHELL, &FUZZ_PBFT,   &FUZZ_SYNC,     &FUZZ_RIG,
};

const struct fuzz_target *fuzz_at(size_t n)
{
    for (size_t i = 0; i < COUNT(FAMILIES); i++) {
        if (n < FAMILIES[i]->count) {
            return &FAMILIES[i]->row[n];
        }
        n -= FAMILIES[i]->count;
    }
    return NULL;
}

const struct fuzz_target *fuzz_find(const char *name)
{
    const struct fuzz_target *t;
    for (size_t i = 0; name != NULL && (t = fuzz_at(i)) != NULL; i++) {
        if (strcmp(t->name, name) == 0) {
            return t;
        }
    }
    return NULL;
}

bool fuzz_of_ops(const struct fuzz_target *target)
{
    return target == FUZZ_PBFT.row || target == FUZZ_SYNC.row;
}

struct arena *fuzz_arena(void)
{
    static void *memory;
    static struct arena arena;
    if (memory == NULL) {
        memory = malloc(FUZZ_ARENA_SIZE);
        ASSERT(memory != NULL);
    }
    arena = arena_over(memory, FUZZ_ARENA_SIZE);
    return &arena;
}

char *fuzz_text(struct bytes x)
{
    char *text = malloc(x.len + 1);
    ASSERT(text != NULL);
    if (x.len > 0) {
        memcpy(text, x.ptr, x.len);
    }
    text[x.len] = '\0';
    return text;
}

void fuzz_seed(struct bytes x)
{
    fuzz_seed_write(bytes_of(NULL, 0), x);
}

void fuzz_seed_kind(uint8_t kind, struct bytes x)
{
    fuzz_seed_write(bytes_of(&kind, 1), x);
}

void fuzz_seed_file(const char *path)
{
    char full[4096];
    uint8_t *text = NULL;
    size_t len = 0;
    (void)snprintf(full, sizeof full, "%s/%s", CARNET_SOURCE_DIR, path);
    bool there = test_read_file(full, &text, &len);
    ASSERT(there);
    fuzz_seed(bytes_of(text, len));
    free(text);
}

/* What the fixtures ask of the test harness: here a failed CHECK is a failed ASSERT. */
bool test_read_file(const char *path, uint8_t **out, size_t *len)
{
    FILE *f = fopen(path, "rb");
    uint8_t *text = f == NULL ? NULL : malloc(FUZZ_FILE_SIZE_MAX);
    if (text != NULL) {
        *len = fread(text, 1, FUZZ_FILE_SIZE_MAX, f);
        *out = text;
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return text != NULL;
}

void test_fail(const char *file, int line, const char *what)
{
    assert_failed(what, file, line);
}

bool test_failing(void)
{
    return false;
}

void test_equal_err(enum err a, enum err b, const char *text, const char *file, int line)
{
    if (a != b) {
        assert_failed(text, file, line);
    }
}
