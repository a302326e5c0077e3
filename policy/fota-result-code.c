/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-result-code.h"

#include <string.h>

enum {
    LWM2M_INITIAL = 0,
    LWM2M_SUCCESS = 1,
    LWM2M_CONNECTION_LOST = 4,
    LWM2M_UNSUPPORTED_PACKAGE = 6,
    LWM2M_INVALID_URI = 7,
    LWM2M_UPDATE_FAILED = 8,
    LWM2M_UNSUPPORTED_PROTOCOL = 9,
    LWM2M_CANCELLED = 10,
};

enum {
    FUMO_SUCCESS = 200,
    FUMO_REHEARSED = 250, /* the vendors' range: nothing was to be installed */
    FUMO_USER_CANCELLED = 401,
    FUMO_DEVICE_MISMATCH = 403,
    FUMO_SERVER_LOGIN = 406,
    FUMO_NOT_IMPLEMENTED = 408,
    FUMO_UNDEFINED = 409,
    FUMO_UPDATE_FAILED = 410,
    FUMO_BAD_URL = 411,
    FUMO_SERVER_UNAVAILABLE = 412,
    FUMO_NETWORK = 503,
};

/* The first row that fits wins; a NULL fits everything. */
static const struct {
    const char *result;
    const char *error;
    FotaResultCode code;
} rows[] = {
    {"success", NULL, {LWM2M_SUCCESS, FUMO_SUCCESS}},
    {"rehearsed", NULL, {LWM2M_INITIAL, FUMO_REHEARSED}},
    {"rejected", NULL, {LWM2M_CANCELLED, FUMO_USER_CANCELLED}},
    {"cancelled", NULL, {LWM2M_CANCELLED, FUMO_USER_CANCELLED}},
    {"expired", NULL, {LWM2M_CANCELLED, FUMO_UNDEFINED}},
    {"no-service", NULL, {LWM2M_UPDATE_FAILED, FUMO_UPDATE_FAILED}},
    {"restored", NULL, {LWM2M_UPDATE_FAILED, FUMO_UPDATE_FAILED}},
    /* "failed": the error says which failure. */
    {NULL, "TransferFailed", {LWM2M_CONNECTION_LOST, FUMO_NETWORK}},
    {NULL, "NoSignal", {LWM2M_CONNECTION_LOST, FUMO_NETWORK}},
    {NULL, "NotRegistered", {LWM2M_CONNECTION_LOST, FUMO_NETWORK}},
    {NULL, "NoApn", {LWM2M_CONNECTION_LOST, FUMO_NETWORK}},
    {NULL, "ContextFailed", {LWM2M_CONNECTION_LOST, FUMO_NETWORK}},
    {NULL, "DeltaServerUnreachable", {LWM2M_CONNECTION_LOST, FUMO_SERVER_UNAVAILABLE}},
    {NULL, "DeltaLoginRefused", {LWM2M_INVALID_URI, FUMO_SERVER_LOGIN}},
    {NULL, "BadCredential", {LWM2M_INVALID_URI, FUMO_SERVER_LOGIN}},
    {NULL, "DeltaMissing", {LWM2M_INVALID_URI, FUMO_BAD_URL}},
    {NULL, "WrongBase", {LWM2M_UNSUPPORTED_PACKAGE, FUMO_DEVICE_MISMATCH}},
    {NULL, "NotSupported", {LWM2M_UNSUPPORTED_PROTOCOL, FUMO_NOT_IMPLEMENTED}},
    {NULL, "InstallRefused", {LWM2M_UPDATE_FAILED, FUMO_UPDATE_FAILED}},
    {NULL, "OldVersion", {LWM2M_UPDATE_FAILED, FUMO_UPDATE_FAILED}},
    {NULL, "UnexpectedVersion", {LWM2M_UPDATE_FAILED, FUMO_UPDATE_FAILED}},
    {NULL, NULL, {LWM2M_UPDATE_FAILED, FUMO_UNDEFINED}},
};

FotaResultCode
fota_result_code_find(const char *result, const char *error)
{
    guint i = 0;

    while ((rows[i].result != NULL && strcmp(rows[i].result, result) != 0) ||
           (rows[i].error != NULL && strcmp(rows[i].error, error) != 0))
        i++;
    return rows[i].code;
}
