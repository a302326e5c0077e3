/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/** The inhibitions that applications hold. Each ends when its holder closes it or dies. */
typedef struct _FotaInhibitions FotaInhibitions;

/** @changed is called when one has begun or ended. */
FotaInhibitions *fota_inhibitions_new(void (*changed)(gpointer user_data), gpointer user_data);
void fota_inhibitions_free(FotaInhibitions *inhibitions);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaInhibitions, fota_inhibitions_free)

/**
 * Begins one for a process of user @uid, and returns the descriptor that holds it, or -1 on error:
 * Busy, when the user holds too many. @who and @why go to the log.
 */
int fota_inhibitions_take(FotaInhibitions *inhibitions, uid_t uid, const char *who, const char *why,
                          GError **error);

/** The number of those that are held. */
guint fota_inhibitions_get_number(FotaInhibitions *inhibitions);

G_END_DECLS
