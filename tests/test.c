#include "tests/test.h"

#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
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

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

static void remove_all(const char *folder)
{
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* One that survives the program, whatever ends it, and then removes a folder. It is in no group
 * that a timeout kills, and holds nothing open that somebody might wait for. */
static void remove_afterwards(const char *folder)
{
    pid_t program = getpid(), guard = fork();
    sigset_t all;
    int got;
    if (guard != 0) {
        return;
    }
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    (void)setsid();
    for (int fd = 0; fd < 64; fd++) {
        (void)close(fd);
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    while (getppid() == program) {
        (void)sigwait(&all, &got);
    }
    remove_all(folder);
    _exit(0);
}

/* What a program makes lies in one folder per place. */
struct root {
    const char *place;
    char path[TEST_FOLDER_SIZE / 2];
};
static struct root on_disk = { "/tmp", "" }, in_memory = { "/dev/shm", "" };

static bool make_root(struct root *r)
{
    char path[sizeof r->path];
    if (r->path[0] == '\0') {
        (void)snprintf(path, sizeof path, "%s/carnet-test-XXXXXX", r->place);
        if (mkdtemp(path) == NULL) {
            return false;
        }
        memcpy(r->path, path, sizeof path);
        remove_afterwards(r->path);
    }
    return true;
}

static void make_folder(struct root *r, const char *name, char out[TEST_FOLDER_SIZE])
{
    int len = snprintf(out, TEST_FOLDER_SIZE, "%s/%s-XXXXXX", r->path, name);
    if (len >= TEST_FOLDER_SIZE || mkdtemp(out) == NULL) {
        abort();
    }
}

void test_folder(const char *name, char out[TEST_FOLDER_SIZE])
{
    if (!make_root(&on_disk)) {
        abort();
    }
    make_folder(&on_disk, name, out);
}

void test_folder_in_memory(const char *name, char out[TEST_FOLDER_SIZE])
{
    if (make_root(&in_memory)) {
        make_folder(&in_memory, name, out);
    } else {
        test_folder(name, out);
    }
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
    remove_all(on_disk.path);
    remove_all(in_memory.path);
    printf("%u passed, %u failed, %u skipped\n", passed, failed, skips);
    return failed > 0 || passed + skips == 0 ? 1 : 0;
}
