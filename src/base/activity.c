#include "base/activity.h"

#include <stddef.h>

const char *activity_name(enum activity a)
{
    static const char *const NAME[] = {
#define ACTIVITY(word, name) [ACTIVITY_##word] = name,
        ACTIVITIES(ACTIVITY)
#undef ACTIVITY
    };
    return NAME[a];
}

enum activity activity_turn(const struct activity_port *p, enum activity to)
{
    return p->turn == NULL ? to : p->turn(p->ctx, to);
}
