// SPDX-License-Identifier: MIT
#pragma once

#if !__has_include(<curl/curl.h>)
#error "libcurl is missing: install the package libcurl4-openssl-dev, or run Deploy/setup, which installs all that LucidGrid needs"
#endif
#include <curl/curl.h>

// Options and answers are variadic in C, which Swift cannot call: here is one function for each type of value.

typedef size_t (*lucid_curl_receiver)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode lucid_curl_set_number(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode lucid_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode lucid_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode lucid_curl_set_buffer(CURL *handle, CURLoption option, char *value) {
    return curl_easy_setopt(handle, option, value);
}

// `receiver` is the option of the function, `data` that of its context.
static inline CURLcode lucid_curl_set_receiver(CURL *handle, CURLoption receiver, CURLoption data,
                                               lucid_curl_receiver function, void *context) {
    CURLcode code = curl_easy_setopt(handle, receiver, function);
    return code == CURLE_OK ? curl_easy_setopt(handle, data, context) : code;
}

// `function` is asked while a transfer is under way; any answer but 0 ends it.
static inline CURLcode lucid_curl_set_watcher(CURL *handle, curl_xferinfo_callback function, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, function);
    return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_XFERINFODATA, context) : code;
}

static inline CURLcode lucid_curl_get_text(CURL *handle, CURLINFO info, const char **value) {
    return curl_easy_getinfo(handle, info, (char **)value);
}

static inline CURLcode lucid_curl_get_offset(CURL *handle, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode lucid_curl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }
