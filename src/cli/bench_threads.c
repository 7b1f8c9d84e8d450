/* Processor time of a running validator, by thread. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/bench_client_internal.h"

/* Processor time from a stat file of /proc: user and system, in ticks; they are the 14th and the
 * 15th field of its line, the 12th and the 13th behind the name in brackets. */
static double stat_us(const char *path, bool *syncs)
{
    char text[1024] = "";
    unsigned long ticks = 0;
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        return 0;
    }
    const char *at = fgets(text, sizeof text, f) != NULL ? strrchr(text, ')') : NULL;
    (void)fclose(f);
    *syncs = strstr(text, "(carnet-sync)") != NULL;
    for (int field = 0; at != NULL && field < 13; field++) {
        at = strchr(at + 1, ' ');
        ticks += at != NULL && field >= 11 ? strtoul(at + 1, NULL, 10) : 0;
    }
    return (double)ticks * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

void bench_process_us(long pid, struct bench_threads *t)
{
    char path[320];
    snprintf(path, sizeof path, "/proc/%ld/task", pid);
    DIR *dir = opendir(path);
    const struct dirent *d;
    while (dir != NULL && (d = readdir(dir)) != NULL) {
        bool syncs = false;
        if (d->d_name[0] == '.') {
            continue;
        }
        snprintf(path, sizeof path, "/proc/%ld/task/%s/stat", pid, d->d_name);
        double us = stat_us(path, &syncs);
        double *to = syncs                                ? &t->sync_us
                     : strtol(d->d_name, NULL, 10) == pid ? &t->loop_us
                                                          : &t->verify_us;
        *to += us;
    }
    if (dir != NULL) {
        closedir(dir);
    }
}
