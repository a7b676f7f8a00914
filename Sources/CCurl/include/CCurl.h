#ifndef HOWDAH_CCURL_H
#define HOWDAH_CCURL_H

#include <stddef.h>

/// libcurl, loaded at the first use: it brings some thirty libraries with it, which a proxy that asks nobody over HTTP does not pay for.

/// What a request came to. `status` is the HTTP status; 0: there was no answer, and `failure` says why. `body` is the caller's, to be
/// given back with `howdah_http_free`.
struct howdah_http_answer {
    long status;
    char *body;
    size_t length;
    char failure[256];
};

/// One GET, or with a body one POST of JSON. Blocks, `timeout_ms` at most, or until `is_stopped` says so (asked about once a second).
///
/// - `body`: NULL: it is a GET.
/// - `authorization`: of a POST, the header of that name; NULL: none is sent.
/// - `ca_file`: certificates in PEM form that an https:// server's is checked against; NULL: the system's.
/// - `limit`: a longer body is a failure.
struct howdah_http_answer howdah_http_ask(const char *url, const char *body, const char *authorization,
                                          const char *ca_file, long timeout_ms, size_t limit,
                                          int (*is_stopped)(void *), void *context);

void howdah_http_free(struct howdah_http_answer *answer);

#endif
