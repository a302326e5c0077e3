/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-log.h"
#include "daemon/fota-outbox.h"

G_BEGIN_DECLS

/** Below the state directory. */
#define FOTA_OUTBOX_DIRECTORY "outbox"

/** One post of the outbox, its file and its server. */
typedef struct {
    char *file; /**< below the state directory */
    char *key;
    char *imei;
    char *model;
    char *kind; /**< NULL = report */
    char *uri;  /**< NULL = the configuration's */
    char *credential;
    char *body;
    gsize size;       /**< of the file */
    gboolean written; /**< or could not be, and is in memory only */
    gboolean refused; /**< and waits for another configuration, or for a day to pass */
} FotaOutboxPost;

/** A copy of @post, with the name of its file, which is not written. @serial orders the files. */
FotaOutboxPost *fota_outbox_post_new(const FotaPost *post, guint64 serial);
void fota_outbox_post_free(gpointer post);

/** What is in its file. */
GBytes *fota_outbox_post_serialize(const FotaOutboxPost *post);

/**
 * Takes over one file of an earlier start; what is none of ours, or cut off, is deleted. What
 * cannot be read may be a report all the same, and is there for the next start. NULL = no post;
 * *@serial, 0 for a file that is none of ours, is taken in any case.
 */
FotaOutboxPost *fota_outbox_post_load(const char *directory, const char *name, guint64 *serial);

gboolean fota_outbox_post_is_registration(const FotaOutboxPost *post);

/** What the log calls it. */
const char *fota_outbox_post_get_name(const FotaOutboxPost *post);

/** Logs about the module of @post. */
void fota_outbox_post_log(const FotaOutboxPost *post, int level, FotaEvent event,
                          const char *format, ...) G_GNUC_PRINTF(4, 5);

/** The server as it is configured now. BadConfiguration, BadManifest, CredentialNotBound. */
gboolean fota_outbox_post_find_server(const FotaOutboxPost *post, FotaConfig *all,
                                      FotaServer *server, GError **error);

G_END_DECLS
