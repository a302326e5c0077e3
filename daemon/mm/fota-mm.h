/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * Everything that fotad asks of ModemManager, on the main loop. Nothing here blocks, and nothing
 * outside this folder knows libmm-glib. ModemManager may start late, restart, or never come: FotaMm
 * follows its bus name and reports it through the callbacks.
 */
typedef struct _FotaMm FotaMm;

/** What ModemManager reports about a module. Unknown strings are "". */
typedef struct {
    char *path; /**< object path; changes with every return of the module */
    char *imei; /**< EquipmentIdentifier; a module without one is not reported */
    char *manufacturer;
    char *model;
    char *revision; /**< the first line of ModemManager's Revision */
    char *uid;      /**< ModemManager's name of the device, for the inhibition */
    char *device;   /**< sysfs path of what its ports belong to: a USB or PCI device, else a tty */
    GStrv own_numbers;
    char *imsi;          /**< of the SIM */
    char *sim_operator;  /**< MCC and MNC of the SIM's home */
    char *operator_name; /**< of the network, as the next */
    char *operator_code; /**< MCC and MNC */
    char *technology;    /**< such as "lte", or "hsdpa/hsupa" */
    gboolean enabled; /**< ModemManager follows the radio; otherwise the next three mean nothing */
    guint signal;     /**< percent, 0 = none or unknown */
    gboolean registered; /**< home or roaming */
    gboolean roaming;
    gboolean connected;  /**< a data call is up */
    gboolean ipv4, ipv6; /**< families of the calls that are up */
    char *interface;     /**< network interface of one of them; "" = none has any */
    gboolean pin_wanted; /**< by the SIM */
    int pin_attempts;    /**< that are left, -1 = unknown */
    char *start;         /**< a different text after each return of the module */
} FotaModemFacts;

FotaModemFacts *fota_modem_facts_copy(const FotaModemFacts *facts);
void fota_modem_facts_free(FotaModemFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaModemFacts, fota_modem_facts_free)

typedef struct {
    /**
     * A module is there, or a fact of a known one has changed (same path). FALSE: this modem object
     * is left alone, as if it were not there, until its IMEI changes or fota_mm_show_again().
     */
    gboolean (*seen)(const FotaModemFacts *facts, gpointer user_data);
    /** The modem object @path, of a module that is seen, is gone. */
    void (*gone)(const char *path, gpointer user_data);
    /**
     * ModemManager appeared on the bus, or left it; FALSE also when it is not there at the start.
     * All modem objects are reported gone first.
     */
    void (*available)(gboolean available, gpointer user_data);
    /**
     * ModemManager has restarted and uses the ports of the inhibited @device again (FALSE), or
     * keeps away from them again, if only because it has left the bus (TRUE). May be NULL.
     */
    void (*guarded)(const char *device, gboolean guarded, gpointer user_data);
    /** Whether text messages to the module @imei are of interest; without, none is read. */
    gboolean (*listens)(const char *imei, gpointer user_data);
    /**
     * The module @imei has received a text message. TRUE: it was meant for fotad, and is deleted;
     * FALSE: it stays as it is. May be NULL.
     */
    gboolean (*message)(const char *imei, const char *sender, const char *text, gpointer user_data);
    /** The connection to the system bus is there, or lost (NULL). May be NULL. */
    void (*bus)(GDBusConnection *connection, gpointer user_data);
} FotaMmCallbacks;

/**
 * Connects to the system bus, and reconnects whenever the connection is lost. @callbacks must live
 * as long as the object; they are called from the main loop, never within this function. Reads from
 * @directory what an earlier fotad has not given back (fota-lease.h), and gives it back.
 */
FotaMm *fota_mm_new(const char *directory, const FotaMmCallbacks *callbacks, gpointer user_data);
void fota_mm_free(FotaMm *mm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaMm, fota_mm_free)

/** Reports each modem object with @imei that was left alone as seen, from the main loop. */
void fota_mm_show_again(FotaMm *mm, const char *imei);

/**
 * Modem.Command() of the modem object @path. The result is a GTask with the answer's text, without
 * the final OK; MM's error is kept as it is (domain MM_CORE_ERROR etc. as GError).
 */
void
fota_mm_command_async(FotaMm *mm, const char *path, const char *command, guint seconds,
                      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);

/**
 * Whether this ModemManager lets us use Command at all (debug mode, or built with
 * at-command-via-dbus): asked by sending "AT" to @path. FALSE without an error = it does not.
 */
void fota_mm_may_command_async(FotaMm *mm, const char *path, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
gboolean fota_mm_may_command_finish(FotaMm *mm, GAsyncResult *result, GError **error);

/**
 * Whether ModemManager has the device whose sysfs path is @device, and has given it up: it shows no
 * modem there, and nobody has inhibited it. Asked by inhibiting it. FOTA_ERROR_BUSY: it has not. A
 * device that udev has given another name (ID_MM_PHYSDEV_UID) is not known to be given up.
 */
void fota_mm_ask_lost_async(FotaMm *mm, const char *device, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data);
gboolean fota_mm_ask_lost_finish(FotaMm *mm, GAsyncResult *result, GError **error);

/**
 * Has ModemManager restart the module (Modem.Reset). FALSE if it does not show the module now, for
 * instance because that is inhibited, or cannot restart modules of this kind.
 */
void fota_mm_reset_async(FotaMm *mm, const char *imei, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data);
gboolean fota_mm_reset_finish(FotaMm *mm, GAsyncResult *result, GError **error);

/**
 * Enters the PIN of the SIM in the modem object @path. FOTA_MODULE_ERROR_MODULE_REFUSED: the SIM
 * has refused the PIN; after any other error it is unknown whether it has.
 */
void fota_mm_send_pin_async(FotaMm *mm, const char *path, const char *pin,
                            GAsyncReadyCallback callback, gpointer user_data);
gboolean fota_mm_send_pin_finish(FotaMm *mm, GAsyncResult *result, GError **error);

G_END_DECLS
