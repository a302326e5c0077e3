/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/telit/telit-errors.h"

const FotaCodeText telit_cme_texts[] = {
    {400, "generic undocumented error"},
    {401, "wrong state"},
    {402, "wrong mode"},
    {403, "context already active"},
    {404, "stack already active"},
    {405, "activation failed"},
    {406, "context not open"},
    {407, "cannot set up the socket"},
    {408, "cannot resolve the name"},
    {409, "timeout while opening the socket"},
    {410, "cannot open the socket"},
    {411, "remote end closed the connection, or timeout"},
    {412, "connection failed"},
    {413, "transmission error"},
    {414, "already listening"},
    {420, "success"},
    {421, "cannot connect to the FTP server"},
    {422, "disconnected from the FTP server"},
    {423, "FTP error"},
    {424, "FTP not in the right state"},
    {425, "cannot activate the context for FTP"},
    {426, "cannot resolve the FTP server's name"},
    {427, "no socket for the FTP control connection"},
    {428, "cannot open the FTP control connection"},
    {429, "bad answer, or none, from the FTP server"},
    {430, "FTP not connected"},
    {431, "FTP already connected"},
    {432, "context closed during FTP"},
    {0, NULL},
};

gboolean
telit_explain_refusal(FotaSession *session, GError **refusal, GError **error)
{
    if (!g_error_matches(*refusal, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED)) {
        g_propagate_error(error, g_steal_pointer(refusal));
        return FALSE;
    }
    fota_session_explain(session, telit_cme_texts, refusal);
    return TRUE;
}
