#include "api/request_internal.h"

#include <stdio.h>
#include <string.h>

static json_t *text_schema(const char *type, const char *pattern)
{
    json_t *j = json_new_object();
    json_put(j, "type", json_new_str(type));
    if (pattern != NULL) {
        json_put(j, "pattern", json_new_str(pattern));
    }
    return j;
}

static json_t *number_schema(uint64_t max)
{
    json_t *j = text_schema("integer", NULL);
    json_put(j, "minimum", json_new_int(0));
    json_put(j, "maximum", json_new_int((int64_t)max));
    return j;
}

static json_t *parameter(const char *name, const char *in, json_t *schema)
{
    json_t *j = json_new_object();
    json_put(j, "name", json_new_str(name));
    json_put(j, "in", json_new_str(in));
    json_put(j, "required", json_new_bool(strcmp(in, "path") == 0));
    json_put(j, "schema", schema);
    return j;
}

static json_t *segment_schema(const char *name)
{
    if (strcmp(name, "contract") == 0) {
        return number_schema(UINT16_MAX);
    }
    if (strcmp(name, "height") == 0) {
        return number_schema(API_HEIGHT_MAX);
    }
    if (strcmp(name, "index") == 0) {
        return number_schema(UINT32_MAX);
    }
    return text_schema("string",
                       strcmp(name, "key") == 0 ? "^([0-9a-f]{2}){1,128}$" : "^[0-9a-f]{64}$");
}

static void add_segments(const char *pattern, json_t *parameters)
{
    for (const char *at = strchr(pattern, '{'); at != NULL; at = strchr(at, '{')) {
        char name[32];
        at++;
        size_t len = strcspn(at, "}");
        ASSERT(len < sizeof name);
        snprintf(name, sizeof name, "%.*s", (int)len, at);
        json_push(parameters, parameter(name, "path", segment_schema(name)));
    }
}

static const struct {
    enum api_query bit;
    const char *name, *pattern; /* NULL: a number, of at most `max` */
    uint64_t max;
} MEMBERS[] = {
    { API_QUERY_WAIT, "wait_ms", NULL, API_WAIT_MS_MAX },
    { API_QUERY_SUBJECT, "subject", "^[0-9a-f]{64}$", 0 },
    { API_QUERY_AUTHOR, "author", "^[0-9a-f]{64}$", 0 },
    { API_QUERY_TYPE, "type", "^[a-z]+\\.[a-z]+$", 0 },
    { API_QUERY_METHOD, "method", "^[a-z]+\\.[a-z]+$", 0 },
    { API_QUERY_SINCE, "since_ms", NULL, API_HEIGHT_MAX },
    { API_QUERY_UNTIL, "until_ms", NULL, API_HEIGHT_MAX },
    { API_QUERY_FROM, "from", NULL, API_HEIGHT_MAX },
    { API_QUERY_INDEX, "index", NULL, UINT32_MAX },
    { API_QUERY_MAX, "max", NULL, NODE_EVENTS_MAX },
};

static json_t *parameters_of(const struct api_route *r)
{
    json_t *list = json_new_array();
    add_segments(r->pattern, list);
    for (size_t i = 0; i < COUNT(MEMBERS); i++) {
        if ((r->query & MEMBERS[i].bit) != 0) {
            json_t *schema = MEMBERS[i].pattern != NULL ? text_schema("string", MEMBERS[i].pattern)
                                                        : number_schema(MEMBERS[i].max);
            json_push(list, parameter(MEMBERS[i].name, "query", schema));
        }
    }
    return list;
}

static json_t *content_of(enum api_content kind)
{
    json_t *content = json_new_object(), *media = json_new_object();
    static const char *const TYPE[] = { [API_NOTHING] = "application/octet-stream",
                                        [API_JSON] = "application/json",
                                        [API_BYTES] = "application/octet-stream",
                                        [API_EVENTS] = "text/event-stream",
                                        [API_PAGE] = "text/html" };
    json_put(media, "schema", text_schema(kind == API_JSON ? "object" : "string", NULL));
    json_put(content, TYPE[kind], media);
    return content;
}

static json_t *response(const char *description, json_t *content)
{
    json_t *j = json_new_object();
    json_put(j, "description", json_new_str(description));
    json_put(j, "content", content);
    return j;
}

static json_t *responses_of(const struct api_route *r)
{
    json_t *j = json_new_object();
    bool at_once = strcmp(r->pattern, "/v1/sessions") == 0;
    bool accepted = strcmp(r->method, "POST") == 0 && !at_once;
    json_put(j, accepted ? "202" : "200", response(r->summary, content_of(r->out)));
    json_put(j, "default",
             response("{\"error\":{\"code\",\"message\",\"hint\"}}", content_of(API_JSON)));
    return j;
}

static void push_scheme(json_t *list, const char *name, bool allowed)
{
    if (allowed) {
        json_t *one = json_new_object();
        json_put(one, name, json_new_array());
        json_push(list, one);
    }
}

static json_t *security_of(const struct api_route *r)
{
    json_t *list = json_new_array();
    if (r->access != API_OPEN) {
        push_scheme(list, "request", r->access != API_SESSION);
        push_scheme(list, "certificate", r->access != API_SESSION);
        push_scheme(list, "session", r->access == API_SESSION || strcmp(r->method, "GET") == 0);
    }
    return list;
}

static json_t *operation_of(const struct api_route *r)
{
    json_t *j = json_new_object();
    json_put(j, "summary", json_new_str(r->summary));
    if (r->access == API_OWN) {
        json_put(j, "description", json_new_str("Only for the node's own participant."));
    }
    json_put(j, "parameters", parameters_of(r));
    if (r->in != API_NOTHING) {
        json_t *body = json_new_object();
        json_put(body, "required", json_new_bool(true));
        json_put(body, "content", content_of(r->in));
        json_put(j, "requestBody", body);
    }
    json_put(j, "responses", responses_of(r));
    json_put(j, "security", security_of(r));
    return j;
}

/* The operations of one path under lowercase methods, from all its rows. */
static json_t *path_of(const struct api_route *table, size_t count, const char *pattern)
{
    json_t *j = json_new_object();
    for (size_t i = 0; i < count; i++) {
        if (strcmp(table[i].pattern, pattern) == 0) {
            const char *method = strcmp(table[i].method, "GET") == 0      ? "get"
                                 : strcmp(table[i].method, "PUT") == 0    ? "put"
                                 : strcmp(table[i].method, "DELETE") == 0 ? "delete"
                                                                          : "post";
            json_put(j, method, operation_of(&table[i]));
        }
    }
    return j;
}

static json_t *components(void)
{
    json_t *request = json_new_object(), *certificate = json_new_object();
    json_t *session = json_new_object();
    json_put(request, "type", json_new_str("apiKey"));
    json_put(request, "in", json_new_str("header"));
    json_put(request, "name", json_new_str("Carnet-Auth"));
    json_put(certificate, "type", json_new_str("mutualTLS"));
    json_put(session, "type", json_new_str("http"));
    json_put(session, "scheme", json_new_str("bearer"));
    json_t *schemes = json_new_object(), *j = json_new_object();
    json_put(schemes, "request", request);
    json_put(schemes, "certificate", certificate);
    json_put(schemes, "session", session);
    json_put(j, "securitySchemes", schemes);
    return j;
}

void api_openapi(json_t **out)
{
    size_t count;
    const struct api_route *table = api_routes(&count);
    json_t *j = json_new_object(), *info = json_new_object(), *paths = json_new_object();
    json_put(info, "title", json_new_str("Carnet node API"));
    json_put(info, "version", json_new_str(CARNET_VERSION));
    for (size_t i = 0; i < count; i++) {
        if (json_member(paths, table[i].pattern) == NULL) {
            json_put(paths, table[i].pattern, path_of(table, count, table[i].pattern));
        }
    }
    json_put(j, "openapi", json_new_str("3.1.0"));
    json_put(j, "info", info);
    json_put(j, "paths", paths);
    json_put(j, "components", components());
    *out = j;
}
