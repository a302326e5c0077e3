/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/fota-frame.h"
#include "fetch/fetch-limits.h"
#include "fetch/fetch-session.h"

G_BEGIN_DECLS

/**
 * SECTION: one request of a session.
 *
 * The code is straight-line and blocking; a thread enforces the limits by cancelling it. Each
 * scheme has one function with the same signature, and FTP and files answer as HTTP does, so that
 * callers need not distinguish them. base/fota-frame.h describes a session.
 */

#define FOTA_FETCH_ERROR (fota_fetch_error_quark())

/** Why there is no answer. */
typedef enum {
    FOTA_FETCH_ERROR_BAD_REQUEST,    /**< this fotad-fetch does not understand the request */
    FOTA_FETCH_ERROR_BAD_URI,        /**< not an accepted address, or another origin */
    FOTA_FETCH_ERROR_BAD_CREDENTIAL, /**< malformed for what it is needed for */
    FOTA_FETCH_ERROR_UNREACHABLE,    /**< name, route, connection */
    FOTA_FETCH_ERROR_TLS_FAILED,     /**< certificate or handshake */
    FOTA_FETCH_ERROR_TIMED_OUT,      /**< no answer, or not all of it, in time */
    FOTA_FETCH_ERROR_TOO_SLOW,       /**< below the minimum rate */
    FOTA_FETCH_ERROR_TOO_LARGE,      /**< more than the maximum size */
    FOTA_FETCH_ERROR_INTERRUPTED,    /**< the connection ended before the body did */
    FOTA_FETCH_ERROR_BAD_REDIRECT,   /**< too many, or a forbidden target */
    FOTA_FETCH_ERROR_BAD_ANSWER,     /**< the server breaks its protocol */
} FotaFetchError;

GQuark fota_fetch_error_quark(void);
/** "Unreachable", as the protocol has it. */
const char *fota_fetch_error_get_name(FotaFetchError code);

/** Returns: FALSE, with @error set. */
gboolean fota_fetch_refuse(GError **error, FotaFetchError code, const char *text);

typedef struct {
    FotaFetchSession *session; /**< what holds for all requests of it, and where the answer goes */
    const char *method;
    const char *beneath;  /**< directory that a file must be in, NULL = any */
    GUri *uri;            /**< without userinfo */
    GBytes *body;         /**< to be sent; NULL = none */
    const char *type;     /**< of @body */
    const char *key;      /**< for the header Idempotency-Key, NULL = none */
    const char *etag;     /**< of the copy at hand, NULL = none */
    const char *modified; /**< its last-modified as an HTTP date, NULL = none */
    gint64 from;          /**< first byte that is wanted, -1 = the whole */
    guint64 max_size;     /**< bytes of body */
    FotaFetchLimits *limits;
} FotaFetchRequest;

/** What the server says before the body comes. */
typedef struct {
    guint status;         /**< as in HTTP */
    const char *etag;     /**< NULL = none */
    const char *modified; /**< HTTP date, NULL = none */
    gint64 max_age;       /**< seconds, -1 = not said */
    gint64 retry_after;   /**< seconds, -1 = not said */
    gint64 from;          /**< first byte of the body, -1 = it is the whole */
    gint64 size;          /**< of the body, -1 = not said */
} FotaFetchAnswer;

#define FOTA_FETCH_ANSWER_INIT(number)                                                             \
    {                                                                                              \
        .status = (number), .max_age = -1, .retry_after = -1, .from = -1, .size = -1               \
    }

/** Executes the request in @frame and sends its answer to fotad, but not its failure. */
gboolean fota_fetch_answer(FotaFetchSession *session, const FotaFrame *frame, GError **error);

/**
 * All three begin the answer, add the body, and return TRUE when it is complete; or fail with
 * FOTA_FETCH_ERROR, possibly after the beginning of an answer.
 */
gboolean fota_fetch_http(const FotaFetchRequest *request, GError **error);
gboolean fota_fetch_ftp(const FotaFetchRequest *request, GError **error);
gboolean fota_fetch_file(const FotaFetchRequest *request, GError **error);

/** Sends what is known before the body. Error: TooLarge, if its known size is. */
gboolean
fota_fetch_begin(const FotaFetchRequest *request, const FotaFetchAnswer *answer, GError **error);

/** Adds @size bytes to the body. Error: TooLarge, at the first byte too many. */
gboolean
fota_fetch_add(const FotaFetchRequest *request, const void *data, gsize size, GError **error);

/** Returns: (transfer full): seconds since the epoch as an HTTP date. */
char *fota_fetch_format_date(gint64 seconds);
/** Returns: seconds since the epoch, -1 when @text is no HTTP date. */
gint64 fota_fetch_parse_date(const char *text);

/** Whether both have the same scheme, host and port. */
gboolean fota_fetch_same_origin(GUri *a, GUri *b);

G_END_DECLS
