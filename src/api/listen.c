#include "api/server_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    struct api *a = lws_context_user(lws_get_context(wsi));
    enum activity was = node_turn(a->node, ACTIVITY_REQUESTS);
    int answer = server_event(a, wsi, reason, user, in, len);
    (void)node_turn(a->node, was);
    return answer;
}

static const struct lws_protocols PROTOCOLS[] = {
    { .name = "carnet", .callback = on_event },
    { .name = NULL },
};

static struct lws_context_creation_info settings(struct api *a, bool v6)
{
    struct lws_context_creation_info info = { 0 };
    info.user = a;
    info.pcontext = &a->context;
    info.protocols = PROTOCOLS;
    info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_LIBUV |
                   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX |
                   LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
                   LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME |
                   (v6 ? 0 : LWS_SERVER_OPTION_DISABLE_IPV6);
    info.server_string = "carnet";
    info.alpn = "http/1.1";
    info.timeout_secs = API_QUIET_S_MAX;
    info.keepalive_timeout = API_QUIET_S_MAX;
    info.max_http_header_pool = API_CONNECTIONS_MAX;
    info.max_http_header_data = 4096;
    info.pt_serv_buf_size = 64 * 1024;
    return info;
}

static enum err listen_at(struct api *a, const char *host, uint16_t port, bool v6,
                          char why[NODE_WHY_SIZE])
{
    struct lws_context_creation_info info = settings(a, v6);
    void *loop = node_loop(a->node);
    info.foreign_loops = &loop;
    lws_set_log_level(0, NULL); /* what clients do wrong is answered to them, not logged */
    a->context = lws_create_context(&info);
    if (a->context == NULL) {
        snprintf(why, NODE_WHY_SIZE,
                 "the API server does not start: is the package "
                 "libwebsockets-evlib-uv installed?");
        return ERR_FAILED;
    }
    info.port = port;
    info.iface = host;
    info.vhost_name = "carnet";
    a->vhost = lws_create_vhost(a->context, &info);
    if (a->vhost == NULL) {
        snprintf(why, NODE_WHY_SIZE, "api address %s: cannot listen there with this certificate",
                 host);
        return ERR_FAILED;
    }
    a->port = (uint16_t)lws_get_vhost_listen_port(a->vhost);
    return ERR_NONE;
}

enum err api_open(struct node *n, struct api **out, char why[NODE_WHY_SIZE])
{
    char host[API_HOST_SIZE];
    uint16_t port;
    bool v6;
    TRY(transport_address(node_address(n, node_index(n), true), host, &port, &v6, why));
    struct api *a = calloc(1, sizeof *a);
    ASSERT(a != NULL);
    a->node = n;
    a->shared.sessions.suite = node_suite(n);
    words_open(&a->shared.words, n);
    names_read(&a->shared.names, node_dir(n));
    enum err e = listen_at(a, host, port, v6, why);
    if (e == ERR_NONE) {
        e = node_watch(n, server_wake, a);
    }
    if (e != ERR_NONE) {
        api_close(a);
        return e;
    }
    *out = a;
    return ERR_NONE;
}

uint16_t api_port(const struct api *a)
{
    return a->port;
}

/* libwebsockets on another's loop is destroyed in two calls. The first closes connections, whose
 * handles libuv gives back in the same turn and whose timers in the next; the second, when none is
 * left, frees the context and sets a->context to NULL. */
void api_close(struct api *a)
{
    enum { TURNS = 8 };
    if (a == NULL) {
        return;
    }
    for (int call = 0; call < 2 && a->context != NULL; call++) {
        lws_context_destroy(a->context);
        for (int i = 0; i < TURNS && a->context != NULL; i++) {
            uv_run(node_loop(a->node), UV_RUN_NOWAIT);
        }
    }
    ASSERT(a->context == NULL && a->first == NULL);
    words_close(&a->shared.words);
    free(a);
}
