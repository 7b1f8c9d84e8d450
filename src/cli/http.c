#include "cli/http_internal.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct http {
    CURL *curl;
    char ca_file[4096];
};

struct sink {
    uint8_t *ptr;
    size_t len, cap;
};

enum err http_open(const char *ca_file, struct http **out)
{
    struct http *h = calloc(1, sizeof *h);
    ASSERT(h != NULL);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (h->curl = curl_easy_init()) == NULL) {
        free(h);
        return ERR_FAILED;
    }
    snprintf(h->ca_file, sizeof h->ca_file, "%s", ca_file);
    *out = h;
    return ERR_NONE;
}

void http_close(struct http *h)
{
    if (h != NULL) {
        curl_easy_cleanup(h->curl);
        curl_global_cleanup();
        free(h);
    }
}

static size_t take(char *data, size_t one, size_t count, void *user)
{
    struct sink *s = user;
    size_t len = one * count;
    if (len > HTTP_REPLY_SIZE_MAX - s->len) {
        return 0;
    }
    if (s->len + len > s->cap) {
        size_t cap = 2 * (s->len + len);
        uint8_t *bigger = realloc(s->ptr, cap);
        ASSERT(bigger != NULL);
        s->ptr = bigger;
        s->cap = cap;
    }
    memcpy(s->ptr + s->len, data, len);
    s->len += len;
    return len;
}

static void set_transport(struct http *h)
{
    curl_easy_reset(h->curl);
    curl_easy_setopt(h->curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(h->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
    curl_easy_setopt(h->curl, CURLOPT_CAINFO, h->ca_file);
    curl_easy_setopt(h->curl, CURLOPT_CAPATH, (char *)NULL);
    curl_easy_setopt(h->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(h->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CONNECT_MS);
    curl_easy_setopt(h->curl, CURLOPT_TIMEOUT_MS, (long)HTTP_TOTAL_MS);
}

static void set_request(struct http *h, const struct http_request *q, struct sink *sink)
{
    curl_easy_setopt(h->curl, CURLOPT_URL, q->url);
    curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, sink);
    if (strcmp(q->method, "GET") != 0) {
        curl_easy_setopt(h->curl, CURLOPT_CUSTOMREQUEST, q->method);
        curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS,
                         q->body.len > 0 ? (const char *)q->body.ptr : "");
        curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.len);
    }
}

static enum err outcome(CURLcode code, char *why, size_t why_size)
{
    switch ((int)code) {
    case CURLE_OK:
        return ERR_NONE;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
        snprintf(why, why_size, "%s", curl_easy_strerror(code));
        return ERR_PEER;
    default:
        snprintf(why, why_size, "%s", curl_easy_strerror(code));
        return ERR_UNAVAILABLE;
    }
}

enum err http_send(struct http *h, const struct http_request *q, struct arena *a,
                   struct http_reply *out, char *why, size_t why_size)
{
    struct sink sink = { 0 };
    struct curl_slist *headers = NULL;
    char auth[512];
    headers = curl_slist_append(headers, "Content-Type: application/octet-stream");
    headers = curl_slist_append(headers, "Expect:");
    if (q->auth != NULL) {
        snprintf(auth, sizeof auth, "Carnet-Auth: %s", q->auth);
        headers = curl_slist_append(headers, auth);
    }
    set_transport(h);
    set_request(h, q, &sink);
    curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
    enum err e = outcome(curl_easy_perform(h->curl), why, why_size);
    struct http_reply reply = { 0 };
    if (e == ERR_NONE) {
        curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &reply.status);
        struct bytes body = { sink.ptr, sink.len };
        e = arena_copy(a, body, &reply.body);
    }
    curl_slist_free_all(headers);
    free(sink.ptr);
    if (e == ERR_NONE) {
        *out = reply;
    }
    return e;
}
