/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/mm/fota-debt-file.h"
#include "daemon/mm/fota-lease.h"
#include "daemon/mm/fota-mm-private.h"

G_BEGIN_DECLS

/**
 * The insides of FotaLease, for its two files:
 *
 *   fota-lease.c        which step is next, and what is owed
 *   fota-lease-steps.c  the steps: calls to ModemManager, and the file
 */

/** Time after which the log reports what is missing; also the pause between attempts from then on.
 */
#define LATE_SECONDS 900

/*
 * fota_lease_next() derives the next step from the state and takes it; each step ends by calling
 * fota_lease_next() again, so a lease may be taken or given back at any time.
 */
struct FotaLease {
    FotaMm *mm;
    char *imei;
    char *uid; /* ModemManager's name of the device */
    FotaLeaseWants wants;
    gboolean held; /* a job holds the lease, or waits for it */
    GTask *task;   /* of the job that waits until everything is taken; NULL = none waits */
    FotaDebt *debt;
    FotaDebtFile *file;
    FotaMmWatch watch;
    gboolean busy;      /* a step is under way */
    gboolean listed;    /* @up is up to date */
    GPtrArray *up;      /* connected bearers, MMBearer */
    gboolean inhibited; /* or being inhibited */
    GVariant *giving;   /* bearer that is being connected */
    guint idle;
    guint again;
    guint timeout; /* until it is late */
    gboolean late;
    char *reason; /* why not everything is given back */
};

/* fota-lease.c */
void fota_lease_next(FotaLease *lease);

/* fota-lease-steps.c: each sets @busy, and has fota_lease_next() called at its end. */

/** Lists the connected bearers in @up. */
void fota_lease_step_list(FotaLease *lease, MMModem *modem);
/** Writes @debt to its file. */
void fota_lease_step_write(FotaLease *lease);
/** Disconnects the first of @up. */
void fota_lease_step_disconnect(FotaLease *lease);
void fota_lease_step_inhibit(FotaLease *lease);
/** Connects the first bearer that is owed, or enables the modem; later, when that is busy. */
void fota_lease_step_give(FotaLease *lease, FotaMmModem *modem);

/** Ends the job's hold. Takes @error, which a job that still waits gets. */
void fota_lease_end(FotaLease *lease, GError *error);

/** The properties that @bearer is connected with, a{sv}. Transfer full. */
GVariant *fota_lease_read_bearer(MMBearer *bearer);

G_END_DECLS
