#include "tests/test.h"

#include <stdlib.h>
#include <unistd.h>

static struct test_case *first;
static struct test_case **last = &first;
static bool failing;
static const char *skipped;

void test_register(struct test_case *t)
{
    *last = t;
    last = &t->next;
}

bool test_failing(void)
{
    return failing;
}

void test_fail(const char *file, int line, const char *what)
{
    failing = true;
    printf("# %s:%d: %s\n", file, line, what);
}

void test_skip(const char *why)
{
    skipped = why;
}

void test_equal_u64(unsigned long long a, unsigned long long b, const char *text, const char *file,
                    int line)
{
    if (a != b) {
        test_fail(file, line, text);
        printf("#   got %llu (0x%llx), want %llu (0x%llx)\n", a, a, b, b);
    }
}

static void print_bytes(const char *what, struct bytes x)
{
    printf("#   %s %zu bytes ", what, x.len);
    for (size_t i = 0; i < x.len && i < 64; i++) {
        printf("%02x", x.ptr[i]);
    }
    printf("%s\n", x.len > 64 ? "..." : "");
}

void test_equal_bytes(struct bytes a, struct bytes b, const char *text, const char *file, int line)
{
    if (a.len != b.len || (a.len > 0 && memcmp(a.ptr, b.ptr, a.len) != 0)) {
        test_fail(file, line, text);
        print_bytes("got ", a);
        print_bytes("want", b);
    }
}

void test_equal_str(const char *a, const char *b, const char *text, const char *file, int line)
{
    if (strcmp(a, b) != 0) {
        test_fail(file, line, text);
        printf("#   got  \"%s\"\n#   want \"%s\"\n", a, b);
    }
}

void test_equal_err(enum err a, enum err b, const char *text, const char *file, int line)
{
    if (a != b) {
        test_fail(file, line, text);
        printf("#   got %s, want %s\n", err_name(a), err_name(b));
    }
}

const char *test_shared_dir(void)
{
    static char path[4096];
    const char *given = getenv("CARNET_SHARED");
    snprintf(path, sizeof path, "%s", given != NULL ? given : CARNET_SOURCE_DIR "/../shared");
    return access(path, R_OK) == 0 ? path : NULL;
}

bool test_read_file(const char *path, uint8_t **out, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return false;
    }
    size_t cap = 1 << 16, used = 0;
    uint8_t *memory = malloc(cap);
    size_t got;
    while (memory != NULL && (got = fread(memory + used, 1, cap - used, f)) > 0) {
        used += got;
        if (used == cap) {
            cap *= 2;
            uint8_t *longer = realloc(memory, cap);
            if (longer == NULL) {
                free(memory);
            }
            memory = longer;
        }
    }
    (void)fclose(f);
    *out = memory;
    *len = used;
    return memory != NULL;
}

static void print_title(const char *verdict, const char *name)
{
    printf("%s - ", verdict);
    for (const char *c = name; *c != '\0'; c++) {
        putchar(*c == '_' ? ' ' : *c);
    }
}

int main(int argc, char **argv)
{
    unsigned passed = 0, failed = 0, skips = 0;
    for (struct test_case *t = first; t != NULL; t = t->next) {
        if (argc > 1 && strstr(t->name, argv[1]) == NULL) {
            continue;
        }
        failing = false;
        skipped = NULL;
        t->run();
        if (failing) {
            failed++;
            print_title("not ok", t->name);
        } else if (skipped != NULL) {
            skips++;
            print_title("skip", t->name);
            printf(": %s", skipped);
        } else {
            passed++;
            print_title("ok", t->name);
        }
        putchar('\n');
        fflush(stdout);
    }
    printf("%u passed, %u failed, %u skipped\n", passed, failed, skips);
    return failed > 0 || passed + skips == 0 ? 1 : 0;
}
