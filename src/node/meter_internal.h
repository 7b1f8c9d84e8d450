/* meter — processor time of one thread, by what it says that it is busy with. */
#ifndef CARNET_NODE_METER_INTERNAL_H
#define CARNET_NODE_METER_INTERNAL_H

#include <stdint.h>

#include "base/activity.h"

struct meter {
    enum activity now;
    uint64_t since_ns, ns[ACTIVITY_END];
};
/* From here on this thread's time counts; all turns are its own. */
void meter_begin(struct meter *m);
struct activity_port meter_port(struct meter *m);
enum activity meter_turn(struct meter *m, enum activity to);
/* Microseconds since it began, by activity, the one that goes on included. */
void meter_read(const struct meter *m, uint64_t us[ACTIVITY_END]);

#endif
