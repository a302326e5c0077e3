/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fetch/fetch-limits.h"

G_BEGIN_DECLS

/**
 * SECTION: one transfer.
 *
 * fotad-fetch is started for one transfer and is gone afterwards. Its code is straight-line and
 * blocking; the limits are kept by a thread that cancels it. Each scheme has one function of the
 * same shape, and FTP and files answer in HTTP's words, so that the caller need not know which.
 */

#define FOTA_FETCH_ERROR (fota_fetch_error_quark())

/** Why there is no answer. The number is the exit code. */
typedef enum {
    FOTA_FETCH_ERROR_FAILED = 1,         /* Failed: standard input or output, or out of reason */
    FOTA_FETCH_ERROR_BAD_URI = 2,        /* BadUri: or the command line */
    FOTA_FETCH_ERROR_BAD_CREDENTIAL = 3, /* BadCredential: missing, too open, or malformed */
    FOTA_FETCH_ERROR_UNREACHABLE = 4,    /* Unreachable: name, route, connection */
    FOTA_FETCH_ERROR_TLS = 5,            /* TlsFailed: certificate or handshake */
    FOTA_FETCH_ERROR_TIMED_OUT = 6,      /* TimedOut: no answer, or not all of it, in time */
    FOTA_FETCH_ERROR_TOO_SLOW = 7,       /* TooSlow: below the minimum rate */
    FOTA_FETCH_ERROR_TOO_LARGE = 8,      /* TooLarge: more than the maximum size */
    FOTA_FETCH_ERROR_INTERRUPTED = 9,    /* Interrupted: the connection ended before the body did */
    FOTA_FETCH_ERROR_BAD_REDIRECT = 10,  /* BadRedirect: too many, or to where we do not follow */
    FOTA_FETCH_ERROR_BAD_ANSWER = 11,    /* BadAnswer: the server breaks its protocol */
} FotaFetchError;

GQuark fota_fetch_error_quark(void);
const char *fota_fetch_error_get_name(FotaFetchError code);

typedef struct {
    GUri *uri;               /* without userinfo */
    GBytes *post;            /* body to send, NULL = GET */
    const char *etag;        /* of the copy the caller has, NULL = none */
    const char *modified;    /* its last-modified as an HTTP date, NULL = none */
    const char *ca_file;     /* PEM, NULL = the system's */
    const char *credential;  /* text of the credential file, NULL = none */
    gsize max_size;          /* bytes of body */
    FotaFetchLimits *limits; /* watches over the transfer */
} FotaFetchRequest;

typedef struct {
    guint status;       /* as in HTTP */
    char *etag;         /* NULL = none */
    char *modified;     /* HTTP date, NULL = none */
    gint64 max_age;     /* seconds, -1 = not said */
    gint64 retry_after; /* seconds, -1 = not said */
    GByteArray *body;   /* empty unless the status is 2xx */
} FotaFetchAnswer;

/** All three fill @answer, which the caller has set up, or fail with FOTA_FETCH_ERROR. */
gboolean fota_fetch_http(const FotaFetchRequest *request, FotaFetchAnswer *answer, GError **error);
gboolean fota_fetch_ftp(const FotaFetchRequest *request, FotaFetchAnswer *answer, GError **error);
gboolean fota_fetch_file(const FotaFetchRequest *request, FotaFetchAnswer *answer, GError **error);

/** Adds @size bytes to the body. Error: TooLarge, as soon as there is one byte too many. */
gboolean fota_fetch_answer_append(FotaFetchAnswer *answer, const FotaFetchRequest *request,
                                  const void *data, gsize size, GError **error);

/** Returns: (transfer full): seconds since the epoch as an HTTP date. */
char *fota_fetch_format_date(gint64 seconds);
/** Returns: seconds since the epoch, -1 when @text is no HTTP date. */
gint64 fota_fetch_parse_date(const char *text);

/**
 * fota_fetch_read_credential:
 *
 * What may hold a credential, and what it is, stands in policy/fota-credential-rule.h.
 *
 * Returns: (transfer full): the line; error: BadCredential.
 */
char *fota_fetch_read_credential(const char *path, GError **error);

G_END_DECLS
