/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/**
 * The module's own FTP client: #FTPOPEN, #FTPFSIZE, #FTPGETOTA, #FTPCLOSE. What the server said
 * (#FTPMSG) goes into the errors, since the module's own numbers do not tell a refused login from a
 * missing file.
 */

/**
 * f) Opens a session in which files come as they are: it begins in ASCII, in which line ends are
 * translated and many servers refuse to tell a size. A module that does not know #FTPTYPE is not
 * stopped by it.
 */
FotaResult telit_ftp_open(FotaSession *session, const FotaUpdate *update, GError **error);

/**
 * g) Refuses a delta that is not as long as the manifest says. A server that does not tell the size
 * has it all the same; only a rehearsal, which fetches nothing, takes a 550 for a missing file.
 */
FotaResult telit_ftp_check_size(FotaSession *session, const FotaUpdate *update, GError **error);

/** k) Brings the delta into the OTA area; a rehearsal does not. */
FotaResult telit_ftp_get_delta(FotaSession *session, const FotaUpdate *update, GError **error);

/** FALSE: the delta is not where these modules can fetch it. */
gboolean telit_ftp_check_address(const FotaUpdate *update, GError **error);

/** Longest time for the delta, seconds. */
guint telit_ftp_get_limit(FotaSession *session, const FotaUpdate *update);

/** l) Closes the session that is open. */
void telit_ftp_close(FotaSession *session);

/**
 * Turns @refusal (taken), of the command that was to do @what, into the error that fits what the
 * server said, else into @otherwise.
 */
FotaResult telit_ftp_fail(FotaSession *session, GError *refusal, int otherwise, const char *what,
                          GError **error);
