/* carnet-fuzz-seeds DIR: writes DIR/TARGET/N, made from real structures, and prints each target,
 * the size of its longest input, and how many seeds it has. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"
#include "fuzz/fuzz_internal.h"

struct writing {
    char folder[3000];
    unsigned count;
};
static struct writing now;

void fuzz_seed_write(struct bytes head, struct bytes x)
{
    char path[3100];
    (void)snprintf(path, sizeof path, "%s/%u", now.folder, now.count++);
    FILE *f = fopen(path, "wb");
    ASSERT(f != NULL);
    size_t put = fwrite(head.ptr, 1, head.len, f) + fwrite(x.ptr, 1, x.len, f);
    ASSERT(put == head.len + x.len);
    int closed = fclose(f);
    ASSERT(closed == 0);
}

int main(int argc, char **argv)
{
    const struct fuzz_target *t;
    for (size_t i = 0; argc == 2 && (t = fuzz_at(i)) != NULL; i++) {
        now.count = 0;
        (void)snprintf(now.folder, sizeof now.folder, "%s/%s", argv[1], t->name);
        (void)mkdir(now.folder, 0777);
        if (t->seed != NULL) {
            t->seed();
        }
        printf("%s %zu %u\n", t->name, t->size_max, now.count);
    }
    return argc == 2 ? 0 : 2;
}
