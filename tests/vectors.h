/* vectors — published test vectors of Project Wycheproof, read where they lie (never copied here).
 */
#ifndef CARNET_TESTS_VECTORS_H
#define CARNET_TESTS_VECTORS_H

#include <jansson.h>
#include <stdlib.h>

#include "tests/test.h"

/* The parsed file, or NULL when the vectors are not beside the checkout. */
static inline json_t *vectors_load(const char *name)
{
    char path[4400];
    const char *shared = test_shared_dir();
    if (shared == NULL) {
        return NULL;
    }
    snprintf(path, sizeof path, "%s/vectors/wycheproof/%s", shared, name);
    return json_load_file(path, 0, NULL);
}

static inline const char *vectors_text(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text != NULL ? text : "";
}

/* A hex member in memory that `free` takes back; its exact size lets ASan see a read past the end.
 */
static inline struct bytes vectors_bytes(const json_t *object, const char *member)
{
    const char *hex = vectors_text(object, member);
    size_t len = strlen(hex) / 2;
    uint8_t *memory = malloc(len > 0 ? len : 1);
    if (memory == NULL || hex_decode(hex, 2 * len, memory, len, &len) != ERR_NONE) {
        len = 0; /* what a test then compares is not what it should be */
    }
    return bytes_of(memory, len);
}

static inline void vectors_free(struct bytes x)
{
    free((void *)(uintptr_t)x.ptr);
}

static inline bool vectors_has_flag(const json_t *test, const char *flag)
{
    const json_t *flags = json_object_get(test, "flags");
    for (size_t i = 0; i < json_array_size(flags); i++) {
        if (strcmp(json_string_value(json_array_get(flags, i)), flag) == 0) {
            return true;
        }
    }
    return false;
}

/* Prints which vector it was; the test fails at its CHECK. */
static inline bool vectors_expect(const json_t *test, bool got, bool want)
{
    if (got != want) {
        printf("# vector %lld (%s): got %d, want %d\n",
               (long long)json_integer_value(json_object_get(test, "tcId")),
               vectors_text(test, "comment"), got, want);
    }
    return got == want;
}

#endif
