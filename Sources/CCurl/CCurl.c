#include "CCurl.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    int is_loaded;
    CURLcode (*global_init)(long);
    CURL *(*easy_init)(void);
    CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
    CURLcode (*easy_perform)(CURL *);
    CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
    const char *(*easy_strerror)(CURLcode);
    void (*easy_cleanup)(CURL *);
    struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
    void (*slist_free_all)(struct curl_slist *);
} library;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
    // The GnuTLS flavour has the same functions and may be the only one that is installed.
    void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!handle) handle = dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!handle) return;
    *(void **)&library.global_init = dlsym(handle, "curl_global_init");
    *(void **)&library.easy_init = dlsym(handle, "curl_easy_init");
    *(void **)&library.easy_setopt = dlsym(handle, "curl_easy_setopt");
    *(void **)&library.easy_perform = dlsym(handle, "curl_easy_perform");
    *(void **)&library.easy_getinfo = dlsym(handle, "curl_easy_getinfo");
    *(void **)&library.easy_strerror = dlsym(handle, "curl_easy_strerror");
    *(void **)&library.easy_cleanup = dlsym(handle, "curl_easy_cleanup");
    *(void **)&library.slist_append = dlsym(handle, "curl_slist_append");
    *(void **)&library.slist_free_all = dlsym(handle, "curl_slist_free_all");
    if (!library.global_init || !library.easy_init || !library.easy_setopt || !library.easy_perform ||
        !library.easy_getinfo || !library.easy_strerror || !library.easy_cleanup ||
        !library.slist_append || !library.slist_free_all)
        return;
    library.is_loaded = library.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

struct transfer {
    struct howdah_http_answer *answer;
    size_t limit;
    int (*is_stopped)(void *);
    void *context;
};

static size_t take(char *bytes, size_t size, size_t count, void *user) {
    struct transfer *transfer = user;
    struct howdah_http_answer *answer = transfer->answer;
    size_t length = size * count;
    if (length > transfer->limit - answer->length) return 0;
    char *grown = realloc(answer->body, answer->length + length + 1);
    if (!grown) return 0;
    memcpy(grown + answer->length, bytes, length);
    answer->body = grown;
    answer->length += length;
    return length;
}

static int progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    (void)a, (void)b, (void)c, (void)d;
    struct transfer *transfer = user;
    return transfer->is_stopped(transfer->context);
}

// The headers of a request with a body; NULL: there was no memory for them.
static struct curl_slist *headers_for(const char *authorization) {
    static const char name[] = "Authorization: ";
    struct curl_slist *headers = library.slist_append(NULL, "Content-Type: application/json");
    if (!headers || !authorization) return headers;
    size_t size = sizeof name + strlen(authorization);
    char *line = malloc(size);
    struct curl_slist *longer = NULL;
    if (line) {
        snprintf(line, size, "%s%s", name, authorization);
        longer = library.slist_append(headers, line);
        free(line);
    }
    if (!longer) library.slist_free_all(headers);
    return longer;
}

struct howdah_http_answer howdah_http_ask(const char *url, const char *body, const char *authorization,
                                          const char *ca_file, long timeout_ms, size_t limit,
                                          int (*is_stopped)(void *), void *context) {
    struct howdah_http_answer answer = {0};
    pthread_once(&once, load);
    CURL *curl = library.is_loaded ? library.easy_init() : NULL;
    if (!curl) {
        snprintf(answer.failure, sizeof answer.failure, "libcurl.so.4 cannot be loaded; install the package libcurl4");
        return answer;
    }
    struct transfer transfer = {&answer, limit, is_stopped, context};
    char words[CURL_ERROR_SIZE] = "";
    library.easy_setopt(curl, CURLOPT_URL, url);
    library.easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    library.easy_setopt(curl, CURLOPT_USERAGENT, "Howdah");
    // The environment's proxy is for the world outside.
    library.easy_setopt(curl, CURLOPT_NOPROXY, "*");
    library.easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    library.easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    library.easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
    library.easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    library.easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    library.easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    library.easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress);
    library.easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
    if (ca_file) library.easy_setopt(curl, CURLOPT_CAINFO, ca_file);
    struct curl_slist *headers = NULL;
    if (body) {
        headers = headers_for(authorization);
        if (!headers) {
            snprintf(answer.failure, sizeof answer.failure, "out of memory");
            library.easy_cleanup(curl);
            return answer;
        }
        library.easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        library.easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    CURLcode code = library.easy_perform(curl);
    if (code == CURLE_OK)
        library.easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    else if (code == CURLE_WRITE_ERROR)
        snprintf(answer.failure, sizeof answer.failure, "the answer is longer than %zu bytes", limit);
    else
        snprintf(answer.failure, sizeof answer.failure, "%s", words[0] ? words : library.easy_strerror(code));
    library.easy_cleanup(curl);
    if (headers) library.slist_free_all(headers);
    return answer;
}

void howdah_http_free(struct howdah_http_answer *answer) {
    free(answer->body);
    answer->body = NULL;
    answer->length = 0;
}
