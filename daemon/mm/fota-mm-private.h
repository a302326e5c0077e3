/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libmm-glib.h>

#include "daemon/mm/fota-mm-bus.h"
#include "daemon/mm/fota-mm.h"

G_BEGIN_DECLS

/** For this folder only; all of it belongs to the main loop. */

typedef struct {
    FotaMm *mm;
    guint64 serial; /**< never used twice, while ModemManager's paths begin anew when it restarts */
    MMObject *object;
    MMSim *sim; /**< NULL while unknown */
    char *sim_path;
    GCancellable *cancellable; /**< ends what is asked about this modem */
    FotaModemFacts *facts;     /**< as last reported, NULL before */
    gboolean refused;          /**< it is left alone: nothing but its facts is known of it */
    guint idle;                /**< in which changed facts are reported */
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
    GCancellable *closing;     /**< ends what is asked on behalf of this object */
    GCancellable *cancellable; /**< ends what is asked of the ModemManager that is there */
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

/* fota-mm-facts.c */
FotaModemFacts *fota_modem_facts_collect(MMObject *object, MMSim *sim);
gboolean fota_modem_facts_equal(const FotaModemFacts *a, const FotaModemFacts *b);

/* fota-lease.c */
GHashTable *fota_mm_leases_new(void);
/** Reads what an earlier fotad has not given back. */
void fota_mm_leases_load(FotaMm *mm);

/* fota-mm-inhibit.c */
GHashTable *fota_mm_inhibitions_new(void);

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

/** ModemManager is there again and does not know yet what it is to keep away from. */
void fota_mm_inhibitions_unguarded(FotaMm *mm);
/** ModemManager has left, and its inhibitions with it. */
void fota_mm_inhibitions_lost(FotaMm *mm);
/** ModemManager knows @device (again). */
void fota_mm_inhibitions_renew(FotaMm *mm, const char *device);
/** Gives all devices back. */
void fota_mm_inhibitions_end(FotaMm *mm);

G_END_DECLS
