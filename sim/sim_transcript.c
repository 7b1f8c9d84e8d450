#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/sim_parts_internal.h"

static const char *const FAULT_NAME[SIM_FAULT_END] = {
#define X(name, text) [SIM_##name] = (text),
    SIM_FAULTS(X)
#undef X
};

static const char *const LIE_NAME[SIM_LIE_END] = {
#define X(name, text) [SIM_LIE_##name] = (text),
    SIM_LIES(X)
#undef X
};

static const char *const INVARIANT_NAME[SIM_INVARIANT_END] = {
#define X(name, text) [SIM_##name] = (text),
    SIM_INVARIANTS(X)
#undef X
};

const char *sim_lie_name(enum sim_lie l)
{
    ASSERT(l < SIM_LIE_END);
    return LIE_NAME[l];
}

const char *sim_invariant_name(enum sim_invariant i)
{
    ASSERT(i < SIM_INVARIANT_END);
    return INVARIANT_NAME[i];
}

const char *sim_fault_name(enum sim_fault f)
{
    ASSERT(f < SIM_FAULT_END);
    return FAULT_NAME[f];
}

/* "byzantine:2"; nothing else has a number. */
static bool liar_count(const char *text, size_t len, uint32_t *liars)
{
    static const char WORD[] = "byzantine:";
    size_t head = sizeof WORD - 1;
    uint32_t n = 0;
    if (len <= head || len > head + 2 || memcmp(text, WORD, head) != 0) {
        return false;
    }
    for (size_t i = head; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        n = n * 10 + (uint32_t)(text[i] - '0');
    }
    *liars = n;
    return n > 0;
}

static uint32_t fault_bit(const char *text, size_t len)
{
    for (uint32_t i = 0; i < SIM_FAULT_END; i++) {
        if (bytes_equal(bytes_of(text, len), bytes_of_str(FAULT_NAME[i]))) {
            return 1u << i;
        }
    }
    return 0;
}

enum err sim_faults_parse(const char *text, uint32_t *faults, uint32_t *liars)
{
    uint32_t bits = 0, count = 0;
    while (*text != 0) {
        size_t len = strcspn(text, ",");
        uint32_t bit = liar_count(text, len, &count) ? 1u << SIM_BYZANTINE : fault_bit(text, len);
        if (bit == 0 || (bit == 1u << SIM_BYZANTINE && count == 0)) {
            return ERR_UNKNOWN_WORD;
        }
        bits |= bit;
        text += len;
        text += *text == ',' ? 1 : 0;
    }
    *faults = bits;
    *liars = count;
    return ERR_NONE;
}

/* Virtual time in front, from the start of the run. */
void sim_line(struct world *w, const char *format, ...)
{
    char *line = w->line[w->line_count % SIM_LINES_MAX];
    int n = snprintf(line, SIM_LINE_SIZE, "%8llu ", (unsigned long long)(w->now_ms - w->start_ms));
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line + n, SIM_LINE_SIZE - (size_t)n, format, args);
    va_end(args);
    w->line_count++;
    if (w->options.line != NULL) {
        w->options.line(w->options.line_ctx, line);
    }
}

const char *sim_label(struct world *w, uint64_t height, const struct hash *block, char out[24])
{
    char letter = 'a';
    uint32_t known = w->label_count < SIM_LABELS_MAX ? w->label_count : SIM_LABELS_MAX;
    for (uint32_t i = 0; i < known; i++) {
        const struct sim_label *l = &w->label[i];
        if (l->height == height && hash_equal(&l->block, block)) {
            (void)snprintf(out, 24, "%llu%c", (unsigned long long)height, l->letter);
            return out;
        }
        letter =
            l->height == height && l->letter >= letter && letter < 'z' ? l->letter + 1 : letter;
    }
    w->label[w->label_count++ % SIM_LABELS_MAX] = (struct sim_label){ height, *block, letter };
    (void)snprintf(out, 24, "%llu%c", (unsigned long long)height, letter);
    return out;
}
