/* test — the smallest thing that runs tests whose titles are sentences.
 *
 * TEST(an_offer_is_accepted_once) { CHECK(...); } registers itself. Each test program links test.c,
 * which runs them in order of registration, prints "ok - an offer is accepted once" or
 * "not ok - ... file:line: condition", then "N passed, N failed, N skipped", and exits 1 if one
 * failed. A program takes part of a title as its argument and runs only the tests whose title holds
 * it. */
#ifndef CARNET_TESTS_TEST_H
#define CARNET_TESTS_TEST_H

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

struct test_case {
    const char *name;
    void (*run)(void);
    struct test_case *next;
};
void test_register(struct test_case *t);
void test_fail(const char *file, int line, const char *what);
void test_skip(const char *why);
bool test_failing(void);
void test_equal_u64(unsigned long long a, unsigned long long b, const char *text,
                    const char *file, int line);
void test_equal_bytes(struct bytes a, struct bytes b, const char *text, const char *file, int line);
void test_equal_str(const char *a, const char *b, const char *text, const char *file, int line);
void test_equal_err(enum err a, enum err b, const char *text, const char *file, int line);

#define TEST(title)                                                                                \
    static void test_##title(void);                                                                \
    __attribute__((constructor)) static void test_register_##title(void)                          \
    {                                                                                              \
        static struct test_case t = { #title, test_##title, NULL };                               \
        test_register(&t);                                                                         \
    }                                                                                              \
    static void test_##title(void)

/* CHECK fails the test and returns from it; helpers that return nothing may use it too. */
#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            test_fail(__FILE__, __LINE__, #cond);                                                  \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define CHECK_EQ(a, b)                                                                             \
    do {                                                                                           \
        test_equal_u64((unsigned long long)(a), (unsigned long long)(b), #a " == " #b, __FILE__,  \
                       __LINE__);                                                                  \
        if (test_failing()) {                                                                      \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define CHECK_BYTES(a, b)                                                                          \
    do {                                                                                           \
        test_equal_bytes((a), (b), #a " == " #b, __FILE__, __LINE__);                             \
        if (test_failing()) {                                                                      \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define CHECK_STR(a, b)                                                                            \
    do {                                                                                           \
        test_equal_str((a), (b), #a " == " #b, __FILE__, __LINE__);                               \
        if (test_failing()) {                                                                      \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define CHECK_ERR(got, want)                                                                       \
    do {                                                                                           \
        test_equal_err((got), (want), #got, __FILE__, __LINE__);                                  \
        if (test_failing()) {                                                                      \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define CHECK_OK(got) CHECK_ERR(got, ERR_NONE)
#define SKIP(why)                                                                                  \
    do {                                                                                           \
        test_skip(why);                                                                            \
        return;                                                                                    \
    } while (0)

/* ../shared beside the checkout, or NULL: tests that need it SKIP with that reason. */
const char *test_shared_dir(void);
/* A whole file into malloc'ed memory; false when it is not there. */
bool test_read_file(const char *path, uint8_t **out, size_t *len);

enum { TEST_FOLDER_SIZE = 64 };
/* A new folder, with `name` in its name. It is gone with everything in it when the program ends,
 * however it ends: a test that fails, or breaks off, leaves nothing behind. */
void test_folder(const char *name, char out[TEST_FOLDER_SIZE]);
/* One where syncs cost nothing, if there is such a place: for tests that play their promise. */
void test_folder_in_memory(const char *name, char out[TEST_FOLDER_SIZE]);

#endif
