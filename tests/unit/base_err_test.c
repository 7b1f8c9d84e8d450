#include "base/err.h"
#include "tests/test.h"

TEST(every_error_has_a_name_of_its_own_in_lowercase_like_its_constant)
{
    static const char *const CONSTANTS[] = {
#define X(name, lower, fault, exit_code, http, text) #name,
        ERR_TABLE(X)
#undef X
    };
    for (unsigned e = 0; e < ERR_END; e++) {
        const char *name = err_name((enum err)e);
        CHECK_EQ(strlen(name), strlen(CONSTANTS[e]));
        for (size_t i = 0; name[i] != '\0'; i++) {
            CHECK(name[i] == '_' ? CONSTANTS[e][i] == '_' : name[i] == CONSTANTS[e][i] + 32);
        }
    }
}

TEST(an_error_exits_with_1_to_6_and_answers_4xx_or_5xx)
{
    CHECK_EQ(err_exit_code(ERR_NONE), 0);
    CHECK_EQ(err_http_status(ERR_NONE), 200);
    CHECK_EQ(err_fault(ERR_NONE), ERR_FAULT_NOBODY);
    for (unsigned e = 1; e < ERR_END; e++) {
        int code = err_exit_code((enum err)e), status = err_http_status((enum err)e);
        CHECK(code >= 1 && code <= 6);
        CHECK(status >= 400 && status < 600);
        CHECK(err_fault((enum err)e) != ERR_FAULT_NOBODY);
        CHECK(strlen(err_text((enum err)e)) > 0);
    }
    CHECK_EQ(err_exit_code(ERR_REFUSED), 3);
    CHECK_EQ(err_exit_code(ERR_INTEGRITY), 4);
    CHECK_EQ(err_http_status(ERR_NOT_FOUND), 404);
}
