/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * What fotad wants of ModemManager, on the main loop. Nothing here blocks, and nothing outside this
 * folder knows libmm-glib. ModemManager may start late, restart, or never come: FotaMm follows its
 * bus name, and says so through the callbacks.
 */
typedef struct _FotaMm FotaMm;

/** What ModemManager says of a module. Strings are "" when it does not know. */
typedef struct {
    char *path; /**< object path; changes with every return of the module */
    char *imei; /**< EquipmentIdentifier; a module without one is not reported */
    char *manufacturer;
    char *model;
    char *revision; /**< the first line of what ModemManager has */
    char *uid;      /**< what ModemManager calls the device: for the inhibition */
    char *device;   /**< sysfs path of what its ports belong to: a USB or PCI device, else a tty */
    GStrv own_numbers;
    char *imsi; /**< of the SIM */
    char *operator_name;
    gboolean enabled;    /**< ModemManager follows the radio; else the next three say nothing */
    guint signal;        /**< percent, 0 = none or unknown */
    gboolean registered; /**< home or roaming */
    gboolean roaming;
    gboolean pin_wanted; /**< by the SIM */
    int pin_attempts;    /**< that are left, -1 = unknown */
    char *start;         /**< another text for each time that the module has come back */
} FotaModemFacts;

FotaModemFacts *fota_modem_facts_copy(const FotaModemFacts *facts);
void fota_modem_facts_free(FotaModemFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaModemFacts, fota_modem_facts_free)

typedef struct {
    /** A module is there, or a fact of a known one has changed (same path). */
    void (*seen)(const FotaModemFacts *facts, gpointer user_data);
    /** The modem object @path is gone. */
    void (*gone)(const char *path, gpointer user_data);
    /**
     * ModemManager appeared on the bus, or left it; FALSE also when it is not there at the start.
     * All modem objects are reported gone first.
     */
    void (*available)(gboolean available, gpointer user_data);
    /**
     * Of a @device that is inhibited: ModemManager has restarted and uses its ports again (FALSE),
     * or keeps away again, if only because it is not there. May be NULL.
     */
    void (*guarded)(const char *device, gboolean guarded, gpointer user_data);
} FotaMmCallbacks;

/**
 * Connects to the system bus, and again whenever that is lost. @callbacks must live as long as the
 * object; they are called from the main loop, never from within this function.
 */
FotaMm *fota_mm_new(const FotaMmCallbacks *callbacks, gpointer user_data);
void fota_mm_free(FotaMm *mm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaMm, fota_mm_free)

/**
 * Modem.Command() of the modem object @path. The finish function returns the answer's text without
 * the final OK. MM's error is kept as it is (domain MM_CORE_ERROR etc. as GError).
 */
void
fota_mm_command_async(FotaMm *mm, const char *path, const char *command, guint seconds,
                      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
char *fota_mm_command_finish(FotaMm *mm, GAsyncResult *result, GError **error);

/**
 * Whether this ModemManager lets us use Command at all (debug mode, or built with
 * at-command-via-dbus): asked by sending "AT" to @path. FALSE without an error = it does not.
 */
void fota_mm_may_command_async(FotaMm *mm, const char *path, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
gboolean fota_mm_may_command_finish(FotaMm *mm, GAsyncResult *result, GError **error);

/**
 * Has ModemManager restart the module (Modem.Reset). FALSE when it does not show the module now, as
 * while that is inhibited, or cannot restart modules of this kind.
 */
void fota_mm_reset_async(FotaMm *mm, const char *imei, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data);
gboolean fota_mm_reset_finish(FotaMm *mm, GAsyncResult *result, GError **error);

/**
 * Enters the PIN of the SIM in the modem object @path. FOTA_MODULE_ERROR_AT: the SIM has refused
 * it; after any other error nobody knows.
 */
void fota_mm_send_pin_async(FotaMm *mm, const char *path, const char *pin,
                            GAsyncReadyCallback callback, gpointer user_data);
gboolean fota_mm_send_pin_finish(FotaMm *mm, GAsyncResult *result, GError **error);

/**
 * Keeps ModemManager away from the device that it calls @uid until fota_mm_uninhibit(). Its modem
 * object goes before the function finishes, which takes as long as disabling the modem (at most
 * 60 s). The finish function returns FALSE when ModemManager refuses (polkit, bus policy, another
 * holder), or does not show a modem on @device now.
 *
 * When ModemManager restarts meanwhile the inhibition is taken again as soon as it shows the modem,
 * the earliest moment that it allows. Until then, some seconds, it probes all ttys of the module,
 * also one that is open here: it runs as root, whom TIOCEXCL does not stop.
 */
void fota_mm_inhibit_async(FotaMm *mm, const char *device, GAsyncReadyCallback callback,
                           gpointer user_data);
gboolean fota_mm_inhibit_finish(FotaMm *mm, GAsyncResult *result, GError **error);

/** Gives @device back to ModemManager. Harmless when it is not inhibited. */
void fota_mm_uninhibit(FotaMm *mm, const char *device);

/**
 * Takes the module's data call down, if there is one, and keeps in mind how it was connected. Done
 * when no bearer of the module is connected any more.
 */
void fota_mm_take_down_call_async(FotaMm *mm, const char *imei, GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean fota_mm_take_down_call_finish(FotaMm *mm, GAsyncResult *result, GError **error);

/**
 * Connects again what was taken down, as soon as the module is there, unless somebody else has.
 * Harmless when nothing was. It is logged when it fails.
 */
void fota_mm_restore_call(FotaMm *mm, const char *imei);

/**
 * Facts now of the module with @imei, or NULL while it is not there; owned by @mm, valid until the
 * main loop runs again.
 */
const FotaModemFacts *fota_mm_lookup(FotaMm *mm, const char *imei);

G_END_DECLS
