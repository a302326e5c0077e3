/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * SECTION: the proof of service: whether a module serves after an update as it did before.
 *
 * Pure. A new version counts as a success only when the module is registered again, has the data
 * call and the address families that it had, and passes the probe that it passed.
 */

#define FOTA_SERVICE_IPV4 (1u << 0)
#define FOTA_SERVICE_IPV6 (1u << 1)

typedef enum {
    FOTA_PROBE_UNTRIED,
    FOTA_PROBE_PASSED,
    FOTA_PROBE_FAILED,
} FotaProbe;

/** The service of a module, as last seen. */
typedef struct {
    gboolean registered; /**< at home or roaming */
    gboolean roaming;
    char operator_code[8]; /**< of the network, MCC and MNC; "" = unknown */
    char technology[24];   /**< "lte"; "" = unknown */
    gboolean connected;    /**< a data call is up */
    guint families;        /**< of it: FOTA_SERVICE_IPV4 and _IPV6 */
    FotaProbe probe;       /**< through its network interface */
} FotaService;

/** "untried", "passed" or "failed". */
const char *fota_probe_get_name(FotaProbe probe);

/** As words for the record and the log: `home 26201 lte connected ipv4 probe-passed`, or `none`. */
char *fota_service_to_text(const FotaService *service);
/** The reverse. Words that this fotad does not know are skipped; of "" nothing is known. */
FotaService fota_service_parse(const char *text);

/**
 * What @now lacks of @before, as a part of a sentence; NULL = nothing. The operator may be the home
 * operator or, where @may_roam, any; the technology may be another.
 */
const char *
fota_service_find_loss(const FotaService *before, const FotaService *now, gboolean may_roam);

typedef struct {
    gboolean wanted;    /**< [Service] Prove= */
    FotaService before; /**< before the order to install was given */
    FotaService now;
    gboolean visible; /**< ModemManager runs: what it does not show is not there */
    gboolean may_roam;
    gboolean probing; /**< a probe is under way */
    gint64 elapsed;   /**< µs since this fotad began to prove it */
    gint64 steady;    /**< µs for which nothing has been lacking, without a break */
    guint32 time;     /**< seconds that the service may take to return */
    guint64 restarts; /**< of fotad since the module was updated */
} FotaProofFacts;

typedef enum {
    FOTA_PROOF_NOT_JUDGED, /**< it had no service before, or nobody wants to know */
    FOTA_PROOF_PROVEN,
    FOTA_PROOF_NOT_PROVEN, /**< no service in time */
    FOTA_PROOF_WAITING,
} FotaProofVerdict;

typedef struct {
    const char *row; /**< its name, for logs and tests */
    FotaProofVerdict verdict;
    gboolean wants_probe; /**< all else is as before: the probe decides, and has to be made */
    gint64 wait;          /**< µs after which the verdict may change without an event; 0 = none */
} FotaProofAnswer;

/**
 * Judges the service after an update. The service must last: it counts once it has been steady for
 * a twentieth of the time. If the time is over while it is steady, or while a probe that decides is
 * under way, that is waited for. Each restart
 * of fotad meanwhile halves the time, so that a gateway whose watchdog restarts it for want of
 * service comes to an end; ModemManager, where that does not run, is waited for without a limit.
 */
FotaProofAnswer fota_service_judge(const FotaProofFacts *facts);

/** Whether @before is worth a proof after the update. */
gboolean fota_service_is_provable(const FotaService *before, gboolean wanted);

/**
 * Whether the answer @status of @uri proves that the network is reached. Over https any success
 * does; over http only 204, which no portal answers instead of its page.
 */
gboolean fota_service_passes_probe(const char *uri, guint status);

G_END_DECLS
