/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SECTION: the protocol between fotad and fotad-fetch.
 *
 * One connection to the socket of fotad-fetch is one session: one origin (scheme, host, port), what
 * that server wants to see, and several requests one after the other. Both sides speak in frames:
 * lines `name: value`, an empty line, and as many bytes of payload as the line `length:` says.
 *
 *     session = setting* (request answer)*
 *     setting = "set: NAME", payload: the value; all of them before the first request
 *     request = "method:", "uri:", and what else is wanted; payload: the body to send
 *     answer  = "status:" and what the server said of it; then ("length:", payload)* and "end:"
 *
 * Instead of any part of an answer there may be `error:` with a name and `text:` with a sentence;
 * it ends the answer, and the session too when it is `BadRequest` or answers a setting. fotad
 * cancels by closing the connection.
 *
 * | setting | payload |
 * |---|---|
 * | `secret` | `user:password`, or a bearer token; goes to the origin alone |
 * | `authority` | PEM certificates to trust in place of the system's |
 * | `certificate`, `key` | PEM, to be known by; go to the origin alone |
 * | `proxy` | `http://HOST:PORT`, for every scheme |
 * | `interface` | network interface that connections leave by, whatever the routes are; not `file` |
 *
 * | line of a request | |
 * |---|---|
 * | `method` | `GET`; for http and https also `HEAD`, `PUT`, `POST` |
 * | `uri` | http, https, ftp, ftps or file; the first one names the origin |
 * | `etag`, `last-modified` | of the copy at hand: 304 when it still is the same |
 * | `range` | first byte wanted: 206, or 200 and all where `etag` is another by now |
 * | `type` | of the body that is sent, `application/json` when not said |
 * | `idempotency-key` | of the body that is sent, for the header of that name |
 * | `max-size` | bytes of body that are taken (65536) |
 * | `timeout`, `first-byte` | seconds for everything (180), for the answer to begin (60) |
 * | `min-rate`, `rate-period` | bytes a second (50), averaged over so many seconds (60) |
 * | `beneath` | directory, of `file`: what is not in it is not read, whatever links say |
 *
 * | line of an answer | |
 * |---|---|
 * | `status` | as HTTP counts; ftp and file answer in its numbers. Only of 2xx there is a body |
 * | `etag`, `last-modified` | as the server said it |
 * | `max-age`, `retry-after` | seconds |
 * | `range` | first byte of the body, with status 206 |
 * | `size` | bytes of body that will come, where the server told |
 * | `end` | bytes of body that have come: the answer is whole |
 */

#define FOTA_FRAME_MAX_HEAD 8192
/** Bytes of payload that fotad-fetch takes, and that it sends in one frame. */
#define FOTA_FRAME_MAX_PAYLOAD (1024 * 1024)
#define FOTA_FRAME_MAX_DATA 16384

/** One frame that was received. */
typedef struct {
    GHashTable *lines; /**< name → value, as they were said */
    GBytes *payload;   /**< NULL = there is no line `length:` */
} FotaFrame;

void fota_frame_free(FotaFrame *frame);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaFrame, fota_frame_free)

/**
 * Takes the first frame out of @received. Returns: (transfer full) (nullable): NULL when it is not
 * all there yet, and with @malformed set when it never will be: a head of more than
 * FOTA_FRAME_MAX_HEAD bytes, a line that is none or comes twice, or more than @max_payload bytes.
 */
FotaFrame *fota_frame_take(GByteArray *received, gsize max_payload, gboolean *malformed);

/** The value of a line, NULL when there is none. */
const char *fota_frame_get(const FotaFrame *frame, const char *name);

/** FALSE when the line is there and holds no number of at most @max; without it @number stays. */
gboolean
fota_frame_get_number(const FotaFrame *frame, const char *name, guint64 max, guint64 *number);

/** Whether @text may be the setting `proxy`: `http://HOST:PORT`, without a login or a path. */
gboolean fota_frame_is_proxy(const char *text);

/** Whether @text may be the setting `interface`: a name as the kernel has them. */
gboolean fota_frame_is_interface(const char *text);

/** Adds a line to a frame that is being written, unless @value is NULL. */
void fota_frame_line(GString *frame, const char *name, const char *value);
void fota_frame_number(GString *frame, const char *name, guint64 value);

/** Ends a frame, without a payload or with @size bytes of it. */
void fota_frame_end(GString *frame);
void fota_frame_payload(GString *frame, const void *data, gsize size);

G_END_DECLS
