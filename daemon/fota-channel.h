/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * An AT channel to one module. There are two kinds: through ModemManager's Command
 * (daemon/mm/fota-mm-channel.h) and over a tty of the module (daemon/at/fota-at-channel.h), the
 * latter either with ModemManager inhibited or on a port reserved for fotad.
 *
 * All functions block and are called only in the thread of a running update. They return at once
 * with G_IO_ERROR_CANCELLED when @cancellable is cancelled. Errors are FOTA_MODULE_ERROR of
 * plugins/fota-plugin.h. Times are seconds.
 */
typedef struct _FotaChannel FotaChannel;

typedef struct {
    const char *name;     /**< "modemmanager" or "port", as in [Access] At= */
    gboolean unsolicited; /**< unsolicited result codes (URCs) arrive, data mode works */

    /** Makes sure that the module answers, in at most half a minute. NULL: nothing to open. */
    gboolean (*open)(FotaChannel *channel, GCancellable *cancellable, GError **error);

    /** See fota_session_command(). *@cme is the number of a +CME/+CMS ERROR, -1 without one. */
    GStrv (*command)(FotaChannel *channel, const char *command, guint seconds,
                     GCancellable *cancellable, int *cme, GError **error);

    /** See fota_session_receive(). NULL when !unsolicited. *@cme as in command(). */
    GBytes *(*receive)(FotaChannel *channel, const char *command, gsize max_bytes, guint seconds,
                       GCancellable *cancellable, int *cme, GError **error);

    /**
     * Sends @command and waits for one of @prompts at the beginning of a line; *@which is its
     * index. From then on bytes are written and read as they are, until raw_end(). See
     * fota_session_begin_data(). The four are NULL when !unsolicited.
     */
    gboolean (*raw_begin)(FotaChannel *channel, const char *command, const char *const *prompts,
                          guint *which, guint seconds, GCancellable *cancellable, int *cme,
                          GError **error);
    gboolean (*raw_write)(FotaChannel *channel, const guint8 *bytes, gsize length, guint seconds,
                          GCancellable *cancellable, GError **error);
    /** One byte; FOTA_MODULE_ERROR_MODULE_SILENT when none comes. */
    gboolean (*raw_read)(FotaChannel *channel, guint8 *byte, guint seconds,
                         GCancellable *cancellable, GError **error);
    /**
     * Waits for the final result of the command, and returns the lines of its answer. @guard: after
     * so many seconds without a byte and `+++`, where NO CARRIER is an end as good as OK; 0 = the
     * module knows the end itself.
     */
    GStrv (*raw_end)(FotaChannel *channel, guint guard, guint seconds, GCancellable *cancellable,
                     int *cme, GError **error);

    /**
     * Ends the data mode of what was begun and not ended, so that the module takes no
     * command for data. May be NULL.
     */
    void (*raw_leave)(FotaChannel *channel, GCancellable *cancellable);

    /** See fota_session_wait_unsolicited(). NULL when !unsolicited. */
    char *(*wait_line)(FotaChannel *channel, const char *text, guint seconds,
                       GCancellable *cancellable, GError **error);

    /**
     * Waits until the module has left. TRUE = it has; FALSE without an error = it is still present
     * after @seconds.
     */
    gboolean (*wait_gone)(FotaChannel *channel, guint seconds, GCancellable *cancellable,
                          GError **error);

    /**
     * Waits until the same module (same IMEI, whatever its tty or object path is now) is back and
     * answers AT; the channel then uses it. FALSE with FOTA_MODULE_ERROR_MODULE_NOT_RETURNED after
     * @seconds. Returns at once if the module is present.
     */
    gboolean (*wait_back)(FotaChannel *channel, guint seconds, GCancellable *cancellable,
                          GError **error);

    /**
     * Whether the module has a tty, one that answers or not, that it could be told something on.
     * NULL: what does not answer counts as away.
     */
    gboolean (*is_present)(FotaChannel *channel);

    /** Closes the tty and opens another one of the module that answers. May be NULL. */
    gboolean (*switch_port)(FotaChannel *channel, GCancellable *cancellable, GError **error);

    /** Sends @command even if nothing answers, and does not wait for an answer. May be NULL. */
    gboolean (*shout)(FotaChannel *channel, const char *command, GCancellable *cancellable,
                      GError **error);

    /** Another program has used the tty: nothing is known about its state. May be NULL. */
    void (*distrust)(FotaChannel *channel);

    /** Restores the tty, closes it and frees the channel. */
    void (*close)(FotaChannel *channel);
} FotaChannelClass;

/** First member of each kind of channel. */
struct _FotaChannel {
    const FotaChannelClass *klass;
    char *imei;
};

/**
 * Called with each line sent ('>') and received ('<') for the log, in the update's thread. A line
 * may contain a password: the function must hide it.
 */
typedef void (*FotaTrace)(char direction, const char *line, gpointer user_data);

G_END_DECLS
