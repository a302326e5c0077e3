/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/fota-outbox.h"

G_BEGIN_DECLS

/** Below the state directory. */
#define FOTA_OUTBOX_DIRECTORY "outbox"

/** One post of the outbox, and its file. */
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

G_END_DECLS
