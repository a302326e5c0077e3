/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

G_BEGIN_DECLS

/** Exit status; fotactl(1) and --help document them. */
typedef enum {
    CTL_OK = 0,
    CTL_FAILED = 1,      /**< fotad refused, or the update ended without success */
    CTL_USAGE = 2,       /**< usage error */
    CTL_NO_DAEMON = 3,   /**< fotad does not answer */
    CTL_DENIED = 4,      /**< permission denied */
    CTL_NOT_OFFERED = 5, /**< nothing is offered, or the token is stale */
    CTL_NO_MODULE = 6,   /**< no such module, or it is absent */
} CtlExit;

/** The command line, and the bus. */
typedef struct {
    sd_bus *bus;
    gboolean json;
    gboolean csv;
    gboolean all;
    gboolean yes;
    gboolean wait;
    gboolean no_start;  /**< a call does not start fotad */
    const char *module; /**< IMEI, or NULL */
    const char *reason;
    const char *who;
    const char *why;
    guint32 max;
    guint64 seconds;  /**< defer */
    char **arguments; /**< after the verb, without the IMEI; NULL-terminated */
} Ctl;

/**
 * A verb. It fails with @error set (see ctl_error()) and its exit status, or returns an exit status
 * without an error: a followed update may end without success, which is not an error of fotactl.
 */
typedef int (*CtlVerb)(Ctl *ctl, GError **error);

/**
 * An error of fotactl: the code is the exit status, and the domain is the name that --json shows,
 * which is the D-Bus name if the error came from D-Bus.
 */
void ctl_error(GError **error, CtlExit exit_status, const char *name, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

#define CTL_ERROR_USAGE "fotactl.Usage"
#define CTL_ERROR_NO_MODULE "fotactl.NoModule"
#define CTL_ERROR_WITHDRAWN "fotactl.Withdrawn"
#define CTL_ERROR_NOTHING_OFFERED "org.fotad.Fota1.Error.NothingOffered"

/* ctl-list.c */
int ctl_list(Ctl *ctl, GError **error);
int ctl_status(Ctl *ctl, GError **error);
int ctl_history(Ctl *ctl, GError **error);
int ctl_query(Ctl *ctl, GError **error);
int ctl_report(Ctl *ctl, GError **error);
int ctl_version(Ctl *ctl, GError **error);
/* ctl-plan.c */
int ctl_plan(Ctl *ctl, GError **error);
/* ctl-offer.c */
gboolean ctl_check_read(Ctl *ctl, GError **error);
int ctl_check(Ctl *ctl, GError **error);
int ctl_approve(Ctl *ctl, GError **error);
int ctl_reject(Ctl *ctl, GError **error);
gboolean ctl_defer_read(Ctl *ctl, GError **error);
int ctl_defer(Ctl *ctl, GError **error);
int ctl_cancel(Ctl *ctl, GError **error);
gboolean ctl_rehearse_read(Ctl *ctl, GError **error);
int ctl_rehearse(Ctl *ctl, GError **error);
/* ctl-registration.c */
int ctl_registration(Ctl *ctl, GError **error);
/* ctl-monitor.c */
int ctl_monitor(Ctl *ctl, GError **error);
/* ctl-inhibit.c */
int ctl_inhibit(Ctl *ctl, GError **error);

G_END_DECLS
