/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libmm-glib.h>

#include "daemon/mm/fota-mm-bus.h"
#include "daemon/mm/fota-mm-error.h"
#include "daemon/mm/fota-mm.h"

G_BEGIN_DECLS

/** For this folder only; all of it belongs to the main loop. */

typedef struct {
    FotaMm *mm;
    guint64 serial; /**< unique, unlike ModemManager's paths, which start over when it restarts */
    MMObject *object;
    MMSim *sim; /**< NULL while unknown */
    char *sim_path;
    GCancellable *cancellable; /**< of all calls about this modem */
    FotaModemFacts *facts;     /**< as last reported, NULL before */
    gboolean refused;          /**< fotad ignores it until fota_mm_show_again() */
    char **bearer_paths;       /**< as last listed, NULL = not yet */
    GPtrArray *bearers;        /**< MMBearer */
    GCancellable *listing;     /**< of the bearers, NULL = none is under way */
    GHashTable *messages;      /**< object paths of the text messages that were read, with whether
                                  one has not arrived whole */
    guint idle;                /**< source that reports changed facts */
    guint again;               /**< timer: its SIM is asked for again */
} FotaMmModem;

/** Called when the module with @imei comes or goes. */
typedef struct {
    char *imei;
    void (*changed)(gpointer user_data);
    gpointer user_data;
} FotaMmWatch;

/** What was taken from the host (fota-lease.c). */
typedef struct FotaLease FotaLease;

struct _FotaMm {
    char *directory;
    FotaMmBus *connection;
    GDBusConnection *bus; /**< NULL while there is none */
    const FotaMmCallbacks *callbacks;
    gpointer user_data;
    guint name_watch;
    guint message_watch;       /**< subscription: a text message has changed */
    GCancellable *closing;     /**< of all calls, cancelled when this object is freed */
    GCancellable *cancellable; /**< of the calls to the present ModemManager */
    MMManager *manager;        /**< NULL while ModemManager is not there */
    guint again;               /**< timer: ModemManager is asked for its modems again */
    gboolean available;
    GHashTable *modems;      /**< object path -> FotaMmModem */
    GHashTable *inhibitions; /**< sysfs path of the device -> FotaMmInhibition */
    GHashTable *leases;      /**< IMEI -> FotaLease, until all is given back */
    GPtrArray *watches;      /**< FotaMmWatch, not owned */
    guint64 last_serial;
};

/* fota-mm.c */
/** The one modem object that is the module @imei, NULL while it is not there. */
FotaMmModem *fota_mm_find_modem(FotaMm *mm, const char *imei);
void fota_mm_add_watch(FotaMm *mm, FotaMmWatch *watch);
void fota_mm_remove_watch(FotaMm *mm, FotaMmWatch *watch);

/** Something about @modem has changed: its facts are read again, once for all in a row. */
void fota_mm_modem_changed(FotaMmModem *modem);

/* fota-mm-facts.c */
FotaModemFacts *fota_modem_facts_collect(const FotaMmModem *modem);
gboolean fota_modem_facts_equal(const FotaModemFacts *a, const FotaModemFacts *b);

/* fota-mm-bearers.c */
/** Lists the data calls anew when there are others, and reports their changes. */
void fota_mm_bearers_follow(FotaMmModem *modem);
/** Adds to @facts what the data calls have. */
void fota_mm_bearers_collect(const FotaMmModem *modem, FotaModemFacts *facts);
void fota_mm_bearers_free(FotaMmModem *modem);

/* fota-mm-messages.c */
/** Follows the messages that are there in part only, from when the bus is there until it goes. */
void fota_mm_messages_watch(FotaMm *mm);
void fota_mm_messages_unwatch(FotaMm *mm);
/** Reads the text messages that have come since the last look. */
void fota_mm_messages_look(FotaMmModem *modem);

/* fota-lease.c */
GHashTable *fota_mm_leases_new(void);
/** Reads what an earlier fotad has not given back. */
void fota_mm_leases_load(FotaMm *mm);

/* fota-mm-inhibit.c */
GHashTable *fota_mm_inhibitions_new(void);

/**
 * Keeps ModemManager away from @device, its name for the device, until fota_mm_uninhibit(). The
 * modem object is removed before the function finishes, after ModemManager has disabled the modem
 * (at most 60 s). The finish function returns FALSE if ModemManager refuses (polkit, bus policy,
 * another holder) or does not show a modem on @device now.
 *
 * If ModemManager restarts meanwhile, fotad inhibits again as soon as it shows the modem, which is
 * the earliest time that it allows. For some seconds until then ModemManager probes all ttys of the
 * module, even one that fotad has open: it runs as root, whom TIOCEXCL does not stop.
 */
void fota_mm_inhibit_async(FotaMm *mm, const char *device, GAsyncReadyCallback callback,
                           gpointer user_data);
gboolean fota_mm_inhibit_finish(FotaMm *mm, GAsyncResult *result, GError **error);

/** Gives @device back to ModemManager. Harmless when it is not inhibited. */
void fota_mm_uninhibit(FotaMm *mm, const char *device);

/** ModemManager is back and does not know the inhibitions yet. */
void fota_mm_inhibitions_unguarded(FotaMm *mm);
/** ModemManager has left the bus, and the inhibitions have ended with it. */
void fota_mm_inhibitions_lost(FotaMm *mm);
/** ModemManager knows @device (again). */
void fota_mm_inhibitions_renew(FotaMm *mm, const char *device);
/** Gives all devices back. */
void fota_mm_inhibitions_end(FotaMm *mm);

G_END_DECLS
