/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/quectel/quectel-errors.h"

#include <string.h>

typedef struct {
    int first, last;
    const char *text;
    FotaModuleError error;
    FotaResult result;
} Code;

#define NOW(name) FOTA_MODULE_ERROR_##name, FOTA_RESULT_FAILED_FOR_NOW
#define GOOD(name) FOTA_MODULE_ERROR_##name, FOTA_RESULT_FAILED_FOR_GOOD
#define BASE FOTA_MODULE_ERROR_WRONG_BASE, FOTA_RESULT_WRONG_BASE
#define REFUSED FOTA_MODULE_ERROR_INSTALL_REFUSED, FOTA_RESULT_REFUSED

#define NOT_PUBLISHED "a number that Quectel has not published"

/* HTTPEND and FTPEND; the first row that fits. */
static const Code downloads[] = {
    {12, 12, "the server was not reached", NOW(DELTA_SERVER_UNREACHABLE)}, /* seen, BC660K */
    {601, 601, "unknown FTP error", NOW(TRANSFER_FAILED)},
    {602, 602, "FTP timeout", NOW(DELTA_SERVER_UNREACHABLE)},
    {608, 608, "the package cannot be stored; look at AT+QCFG=\"fota/path\"",
     GOOD(TRANSFER_FAILED)}, /* seen, EC200U */
    {611, 611, "the server does not open the file", NOW(DELTA_MISSING)},
    {625, 625, "the server refuses the login", GOOD(DELTA_LOGIN_REFUSED)},
    {701, 701, "unknown HTTP error", NOW(TRANSFER_FAILED)},
    {702, 702, "HTTP timeout", NOW(DELTA_SERVER_UNREACHABLE)},
    {711, 711, "the module does not understand the address", GOOD(DELTA_MISSING)},
    {714, 714, "the server's name is not found", NOW(DELTA_SERVER_UNREACHABLE)},
    {716, 716, "the server is not reached", NOW(DELTA_SERVER_UNREACHABLE)},
    {G_MININT, G_MAXINT, NOT_PUBLISHED, NOW(TRANSFER_FAILED)},
};

/* END of EP06 and its like. */
static const Code lte_a[] = {
    {1, 1, "the backup is not updated, though all else is", REFUSED},
    {502, 502, "the update has ended unexpectedly", REFUSED},
    {504, 505, "the package is damaged", GOOD(TRANSFER_FAILED)},
    {510, 510, "the package is not for the firmware that runs", BASE},
    {511, 511, "no room to install", REFUSED},
    {520, 530, "the update has failed", REFUSED},
    {540, 546, "the update has failed", REFUSED},
    {G_MININT, G_MAXINT, NOT_PUBLISHED, REFUSED},
};

/* END of what Quectel calls LTE Standard(A), such as EC800K. */
static const Code lte_standard[] = {
    {504, 504, "the update has failed", REFUSED},
    {505, 505, "the package is damaged", GOOD(TRANSFER_FAILED)},
    {506, 506, "the package has another MD5 sum", GOOD(TRANSFER_FAILED)},
    {507, 507, "the package is for another version", BASE},
    {552, 552, "the package is for another product", BASE},
    {553, 553, "the package is for another baseline", BASE},
    {G_MININT, G_MAXINT, NOT_PUBLISHED, REFUSED},
};

/* Of a family whose list is not published. */
static const Code unknown[] = {
    {G_MININT, G_MAXINT, "a number that is not published for this model", REFUSED},
};

static FotaResult
fail_with(const Code *codes, int code, const char *what, GError **error)
{
    while (code < codes->first || code > codes->last)
        codes++;
    g_set_error(error, FOTA_MODULE_ERROR, codes->error, "%s: %d, %s", what, code, codes->text);
    return codes->result;
}

FotaResult
quectel_fail_download(int code, GError **error)
{
    return fail_with(downloads, code, "the module has not got the package", error);
}

FotaResult
quectel_fail_update(FotaSession *session, int code, GError **error)
{
    const char *list = fota_session_get_text(session, "Codes");

    return fail_with(strcmp(list, "lte-a") == 0          ? lte_a
                     : strcmp(list, "lte-standard") == 0 ? lte_standard
                                                         : unknown,
                     code, "the module has not installed the package", error);
}
