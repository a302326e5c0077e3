/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/** What a line `+QIND: "FOTA",...`, or the module's start, says: FotaHeard's number. */
typedef enum {
    QUECTEL_LOADING,  /**< HTTPSTART, HTTPSSTART, FTPSTART, DOWNLOADING; code: percent or -1 */
    QUECTEL_LOADED,   /**< HTTPEND, HTTPSEND, FTPEND; code: 0 or why not */
    QUECTEL_UPDATING, /**< START, UPDATING, RESTORE, a text; code: percent or -1 */
    QUECTEL_UPDATED,  /**< END; code: 0 or why not */
    QUECTEL_STARTED,  /**< RDY: whatever it did before its restart is over, or interrupted */
} QuectelReport;

/** What is remembered: the number of the module's last END, "" = none since the order. */
#define QUECTEL_END "End"

/**
 * Drops what the module has said before an order, which is about another one, or another start.
 * FALSE when it has left, or on a cancel.
 */
gboolean quectel_forget_reports(FotaSession *session, GError **error);

/** The plugin's table of unsolicited lines. A line that is incomplete is none of them. */
extern const FotaUnsolicited quectel_unsolicited[];

/** What the modules say without a name, besides RDY. */
extern const char *const quectel_announcements[];
