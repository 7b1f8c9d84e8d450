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
      .instrument_said = "with the standard contract in place",
      .paid = "EUR/2",
      .earned = "CNY/2",
      .rate = "7.8125",
      .price = "32.00" },
    { .name = "medical",
      .file = "heart_disease.csv",
      .source = "Heart Disease (A. Janosi et al., 1988)",
      .sample = data_sample_medical,
      .sample_rows = 600,
      .places = "US,SG,DE,MY",
      .template_ = "medical",
      .title = "cardiology findings",
      .onward = "SG",
      .facts = LIST("--sector", "health", "--classes", "personal,health,pseudonymised", "--purpose",
                    "medical_research", "--fact", "hipaa_covered=true"),
      .row_is_person = true,
      .instrument = LIST("--mechanisms", "data_use_agreement"),
      .instrument_said = "with a data use agreement",
      .paid = "SGD/2",
      .earned = "USD/2",
      .rate = "0.775",
      .price = "400.00",
      .brokered = true },
    { .name = "finance",
      .file = "credit_default.csv",
      .source = "Default of Credit Card Clients (I-C. Yeh, 2009)",
      .sample = data_sample_finance,
      .sample_rows = 10000,
      .places = "SG,US,CN,MY",
      .template_ = "finance",
      .title = "credit histories",
      .onward = "US",
      .facts = LIST("--sector", "finance", "--classes", "personal,financial,pseudonymised",
                    "--purpose", "business"),
      .row_is_person = true,
      .instrument = LIST("--mechanisms", "contract"),
      .instrument_said = "with a contract of comparable protection",
      .paid = "USD/2",
      .earned = "SGD/2",
      .rate = "1.29",
      .price = "250.00" },
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
