/* The stories the demo can tell: which data, between which places, under which words of law. What
 * the two grants of a story differ in is its instrument, and nothing else. */
#include <string.h>

#include "cli/demo_internal.h"
#include "data/data.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const struct demo_scenario SCENARIOS[] = {
    { .name = "ecommerce",
      .file = "online_retail.csv",
      .source = "Online Retail (D. Chen, 2015)",
      .sample = data_sample_retail,
      .sample_rows = 10000,
      .places = "CN,DE,SG,MY",
      .template_ = "ecommerce",
      .title = "order lines",
      .onward = "DE",
      .facts = LIST("--sector", "ecommerce", "--classes", "personal", "--subjects", "500",
                    "--prior-subjects", "120000", "--purpose", "cross_border_shopping"),
      .instrument = LIST("--mechanisms", "cn_standard_contract"),
      .instrument_said = "with the standard contract in place" },
};

const struct demo_scenario *demo_scenario(const char *name)
{
    for (size_t i = 0; i < COUNT(SCENARIOS); i++) {
        if (strcmp(SCENARIOS[i].name, name) == 0) {
            return &SCENARIOS[i];
        }
    }
    return NULL;
}

void demo_words_add(struct demo_words *w, const char *const *more)
{
    for (; *more != NULL; more++) {
        ASSERT(w->count < DEMO_WORDS_MAX - 1);
        w->word[w->count++] = *more;
    }
    w->word[w->count] = NULL;
}
