/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/telit/telit-enhanced.h"

/** What a module reports of an update that is not the host's: flows C and E of README.md. */

/** FotaHeard.number, beside the numbers of flow D, since one table of lines serves both. */
typedef enum {
    TELIT_REPORT_OTHER = TELIT_N_REPORTS,
    TELIT_REPORT_QUESTION,  /**< its server's */
    TELIT_REPORT_TIMEOUT,   /**< of that question */
    TELIT_REPORT_AUTOMATIC, /**< its server does not ask */
    TELIT_REPORT_DOWNLOAD,
    TELIT_REPORT_DOWNLOADED,
    TELIT_REPORT_FAILED,
    TELIT_REPORT_SESSION_FAILED, /**< of the carrier's client, whatever it was about */
    TELIT_REPORT_UPGRADED,
    TELIT_REPORT_TOLD,
    TELIT_REPORT_DROPPED,       /**< the LwM2M request is over */
    TELIT_REPORT_RING_DOWNLOAD, /**< LwM2M asks; FotaHeard.code is the agent */
    TELIT_REPORT_RING_UPDATE,   /**< the same, once it has downloaded */
    TELIT_REPORT_PACKAGE,       /**< OMA-DM asks; FotaHeard.code is the size */
    TELIT_REPORT_NO_PACKAGE,
    TELIT_REPORT_RECEIVED, /**< OMA-DM; FotaHeard.code is how many bytes */
} TelitAskedReport;

/* FotaUnsolicited's parsers, of what follows `#OTAEV:`, `#LWM2MFOTARING:`, `#SWMCHKUPD:`,
 * `#SWMDLPRGRSS:` and `#SWMRING:`. */
gboolean telit_parse_event(const char *rest, FotaHeard *heard);
gboolean telit_parse_ring(const char *rest, FotaHeard *heard);
gboolean telit_parse_package(const char *rest, FotaHeard *heard);
gboolean telit_parse_received(const char *rest, FotaHeard *heard);
gboolean telit_parse_package_ring(const char *rest, FotaHeard *heard);
