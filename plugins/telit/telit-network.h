/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin.h"

/**
 * The way of the module's FTP client to the network: the steps a to e of the guide.
 *
 * a) The socket may be the integrator's: what it was is entered again afterwards.
 * b) telit-apn.h.
 * c) A module that does not tell may have a signal: the context will show.
 * d) LTE is asked first, as in the guide; a module in 3G or 2G is registered there.
 * e) A context that somebody else has up is as good as ours, and stays up. One that we bring up is
 * owed, until it is down again.
 */
FotaResult telit_set_socket(FotaSession *session, const FotaUpdate *update, GError **error);
FotaResult telit_check_signal(FotaSession *session, const FotaUpdate *update, GError **error);
FotaResult telit_check_registration(FotaSession *session, const FotaUpdate *update, GError **error);
FotaResult telit_activate_context(FotaSession *session, const FotaUpdate *update, GError **error);

/** The number of the context in the data file. */
guint telit_context_id(FotaSession *session);

/** Whether the context is up; FALSE too when the module does not tell. */
FotaResult telit_read_active(FotaSession *session, gboolean *active, GError **error);

/**
 * m) before n): takes the context down, whoever uses it, since the installation ends it anyway.
 * What was up is owed, until the module installs or it is up again.
 */
FotaResult telit_release_context(FotaSession *session, const FotaUpdate *update, GError **error);
/** Brings a context up that telit_release_context() has taken down. */
void telit_restore_context(FotaSession *session);
/** The module installs: its restart ends every context. */
void telit_forget_context(FotaSession *session);

/** m) Leaves context and socket as they were found. */
void telit_network_close(FotaSession *session);
