/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/fota-wait.h"
#include "daemon/fota-channel.h"
#include "daemon/fota-plugins.h"

G_BEGIN_DECLS

/**
 * The daemon's side of what plugins see as FotaSession (plugins/fota-plugin.h). Belongs to the
 * thread of one update; the hooks are called in that thread.
 */

typedef struct {
    void (*progress)(guint percent, gpointer user_data);
    void (*bytes)(guint64 received, guint64 total, gpointer user_data);
    void (*note)(const char *text, gpointer user_data);
    void (*remember)(const char *name, const char *value, gpointer user_data);
    /**
     * Waits until nobody else uses the module's ports. *@disturbed = somebody has since the last
     * call.
     */
    gboolean (*guard)(GCancellable *cancellable, gboolean *disturbed, gpointer user_data,
                      GError **error);
} FotaSessionHooks;

/** The [Network] group for this module. Members are NULL when unset. */
typedef struct {
    char *apn;
    char *pdp_type;
    char *user;
    char *password;
    char *authentication;
} FotaNetwork;

/** What a session is about; borrowed for its life. */
typedef struct {
    const FotaVendor *vendor;
    const char *imei;
    const char *model;
    const FotaNetwork *network;
    GHashTable *settings;   /**< what an earlier part of this update remembered */
    const char *secrets[2]; /**< never to be shown in a trace; NULL or "" = none */
    GCancellable *cancellable;
    const FotaSessionHooks *hooks;
    gpointer user_data;
} FotaSessionSetup;

FotaSession *fota_session_new(const FotaSessionSetup *setup);
/** Closes the channel too. */
void fota_session_free(FotaSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaSession, fota_session_free)

/** Transfer full. */
void fota_session_set_channel(FotaSession *session, FotaChannel *channel);

/** A FotaTrace for the channel: writes the debug log, without secrets and personal numbers. */
void fota_session_trace(char direction, const char *line, gpointer session);

/** See FotaChannelClass. */
gboolean fota_session_open(FotaSession *session, GError **error);
gboolean fota_session_switch_port(FotaSession *session, GError **error);
gboolean fota_session_shout(FotaSession *session, const char *command, GError **error);

/** Waits until the module answers AT, wherever it is by then. FALSE after @seconds. */
gboolean fota_session_answers(FotaSession *session, guint seconds, GError **error);

/** See FotaChannelClass; fota_session_wait_back() stands in plugins/fota-plugin.h. */
gboolean fota_session_wait_gone(FotaSession *session, guint seconds, GError **error);

G_END_DECLS
