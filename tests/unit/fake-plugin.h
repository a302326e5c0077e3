/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tests/unit/fake-session.h"

G_BEGIN_DECLS

/**
 * The functions of the first method of the plugin that a test is linked with, as the daemon calls
 * them: close() follows those that may have opened something.
 */

extern const FotaPlugin fota_plugin;

#define FAKE_METHOD (fota_plugin.claims[0].methods[0])
#define FAKE_VERB(verb, parameters, arguments)                                                     \
    static inline FotaResult G_GNUC_UNUSED fake_plugin_##verb parameters                           \
    {                                                                                              \
        fake_session_set_unsolicited(session, fota_plugin.unsolicited);                            \
        return FAKE_METHOD->verb arguments;                                                        \
    }
#define FAKE_CLOSED_VERB(verb, parameters, arguments)                                              \
    static inline FotaResult G_GNUC_UNUSED fake_plugin_##verb parameters                           \
    {                                                                                              \
        fake_session_set_unsolicited(session, fota_plugin.unsolicited);                            \
        return fake_session_close(session, FAKE_METHOD, FAKE_METHOD->verb arguments);              \
    }

FAKE_VERB(inspect, (FotaSession * session, char **version, GError **error),
          (session, version, error))
FAKE_VERB(install, (FotaSession * session, const FotaUpdate *update, GError **error),
          (session, update, error))
FAKE_VERB(outcome,
          (FotaSession * session, const FotaUpdate *update, char **version, GError **error),
          (session, update, version, error))
FAKE_CLOSED_VERB(ask, (FotaSession * session, FotaVendorOffer *offer, GError **error),
                 (session, offer, error))
FAKE_CLOSED_VERB(download, (FotaSession * session, const FotaUpdate *update, GError **error),
                 (session, update, error))
FAKE_CLOSED_VERB(discard, (FotaSession * session, const FotaUpdate *update, GError **error),
                 (session, update, error))
FAKE_CLOSED_VERB(validate, (FotaSession * session, const FotaUpdate *update, GError **error),
                 (session, update, error))
FAKE_CLOSED_VERB(fetch,
                 (FotaSession * session, const FotaUpdate *update, gsize max_bytes,
                  GBytes **contents, GError **error),
                 (session, update, max_bytes, contents, error))

G_END_DECLS
