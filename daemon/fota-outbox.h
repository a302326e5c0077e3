/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-context.h"

G_BEGIN_DECLS

/**
 * What is to be posted to a server, kept below the state directory until the server has taken it:
 *
 *   outbox/<serial>-<key>.json   one post, with its address
 *
 * One file is written, posted and deleted after the other, for each server in their order; a kill
 * in between repeats a post at most, and the server knows the repetition by its key. What cannot be
 * written is posted all the same. When a server does not answer, the next try follows as after a
 * poll without an answer, and the posts for others go on. Lives on the main loop; no function
 * blocks, except that fota_outbox_new() reads the files.
 */

/**
 * A post of this kind is about the module, not about an event: its server may refuse it until
 * somebody has put the address or the credential right. It is then kept, and posted again once a
 * day and whenever the configuration is read; to [Registration] Uri= as it is then, if that is
 * still on the server of @uri.
 */
#define FOTA_POST_REGISTRATION "registration"

/** One post; everything is copied. */
typedef struct {
    const char *key;        /**< idempotency key: lower-case hex digits */
    const char *imei;       /**< of its module, whose configuration holds */
    const char *model;      /**< for the placeholders of the address */
    const char *kind;       /**< FOTA_POST_REGISTRATION; NULL = a report */
    const char *uri;        /**< without placeholders; NULL = [Report] Uri= as it is then */
    const char *credential; /**< its name, for @uri; NULL = none */
    const char *body;       /**< JSON */
} FotaPost;

/** Takes over what earlier starts have left. @context outlives it. */
FotaOutbox *fota_outbox_new(const FotaContext *context);
/** Also while something is being written or posted. */
void fota_outbox_free(FotaOutbox *outbox);

/** From now on it posts. */
void fota_outbox_start(FotaOutbox *outbox);
/** From now on it does not. */
void fota_outbox_stop(FotaOutbox *outbox);
/** The configuration was read again: tries at once. */
void fota_outbox_reload(FotaOutbox *outbox);

/**
 * Keeps @post and posts it when its turn comes. It is on disk before anything that is given to the
 * store afterwards. Does nothing if a post with this key is here already. Beyond the limits of
 * policy/fota-report-rule.h the oldest report goes, and the log says so.
 */
void fota_outbox_add(FotaOutbox *outbox, const FotaPost *post);

/** The number of posts that wait, the one under way included. */
guint fota_outbox_get_length(FotaOutbox *outbox);

G_END_DECLS
