#include "api/names_internal.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static bool read_did(const char *path, struct hash *out)
{
    char hex[HEX_SIZE(HASH_SIZE) + 1] = "";
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return false;
    }
    size_t got = fread(hex, 1, HEX_SIZE(HASH_SIZE), f);
    (void)fclose(f);
    return got == HEX_SIZE(HASH_SIZE) && hash_from_hex(hex, out) == ERR_NONE;
}

static void take(struct names *x, const char *folder, const char *file)
{
    char path[4096 + 300];
    size_t len = strlen(file);
    if (x->count == NAMES_MAX || len <= 4 || len - 4 >= NAME_SIZE ||
        strcmp(file + len - 4, ".did") != 0 ||
        snprintf(path, sizeof path, "%s/%s", folder, file) >= (int)sizeof path ||
        !read_did(path, &x->row[x->count].did)) {
        return;
    }
    memcpy(x->row[x->count].name, file, len - 4);
    x->row[x->count].name[len - 4] = '\0';
    x->count++;
}

void names_read(struct names *x, const char *space_dir)
{
    char folder[4096];
    memset(x, 0, sizeof *x);
    if (snprintf(folder, sizeof folder, "%s/keys", space_dir) >= (int)sizeof folder) {
        return;
    }
    DIR *dir = opendir(folder);
    const struct dirent *d;
    while (dir != NULL && (d = readdir(dir)) != NULL) {
        take(x, folder, d->d_name);
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

const char *names_of(const struct names *x, const struct hash *did)
{
    for (uint32_t i = 0; i < x->count; i++) {
        if (hash_equal(&x->row[i].did, did)) {
            return x->row[i].name;
        }
    }
    return NULL;
}
