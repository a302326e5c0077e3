/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/**
 * The delta in one command, #FTPGETOTAENH, whose end is a line and no result code: flow D of
 * README.md. #OTAUP=2 arms what has arrived, and a restart by the host installs it.
 */

/** What an #OTAEV line of this flow says; FotaHeard.number. */
typedef enum {
    TELIT_RELEASED = 1,    /**< the data session has ended, well or not */
    TELIT_DOWNLOAD_FAILED, /**< always told */
    TELIT_CHECK_PASSED,    /**< told with #FOTAURC=1 */
    TELIT_CHECK_FAILED,    /**< always told, maybe more than once; FotaHeard.code says why */
    TELIT_N_REPORTS,
} TelitReport;

/** For the plugin's table of unsolicited lines: `#OTAEV:` and what follows, if it is one of these.
 */
gboolean telit_enhanced_parse(const char *rest, FotaHeard *heard);
/** The same for a line that is nothing but `#DREL`. */
gboolean telit_enhanced_parse_released(const char *rest, FotaHeard *heard);

/** Has the module tell that a check went well, too. What it was set to is set again at the end. */
FotaResult telit_enhanced_listen(FotaSession *session, const FotaUpdate *update, GError **error);

/**
 * Logs in, compares the delta's size with the manifest, and closes: #FTPGETOTAENH tells nobody why
 * it fails. Models without these commands (HasFtp=0) are spared.
 */
FotaResult
telit_enhanced_ask_server(FotaSession *session, const FotaUpdate *update, GError **error);

/** Brings the delta into the OTA area, where the module checks it; a rehearsal does not. */
FotaResult telit_enhanced_get_delta(FotaSession *session, const FotaUpdate *update, GError **error);

/** Sets #FOTAURC as it was. */
void telit_enhanced_close(FotaSession *session);

/** #OTAUP=2, and the restart that it waits for. */
FotaResult telit_enhanced_install(FotaSession *session, const FotaUpdate *update, GError **error);
FotaResult telit_enhanced_restart(FotaSession *session, const FotaUpdate *update, GError **error);
