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

#define NO_SSL "the server was not reached; by https, look at the module's SSL settings"
#define FILE_PATH "the package cannot be stored; look at AT+QCFG=\"fota/path\""

/* Those that mean something else in an EC200U and its like. */
static const Code lte_standard_u[] = {
    {420, 420, NO_SSL, NOW(TRANSFER_FAILED)}, /* seen, EG915U */
    {570, 570, NO_SSL, NOW(TRANSFER_FAILED)},
    {608, 608, FILE_PATH, GOOD(TRANSFER_FAILED)}, /* seen, EC200U */
    {0, 0, NULL, NOW(TRANSFER_FAILED)},
};

/* HTTPEND and FTPEND; the first row that fits. From 614 to 629 they are FTP's own replies, 421 to
 * 552 in their order. */
static const Code downloads[] = {
    {12, 12, "the server was not reached", NOW(DELTA_SERVER_UNREACHABLE)}, /* seen, BC660K */
    {601, 601, "unknown FTP error", NOW(TRANSFER_FAILED)},
    {602, 602, "the FTP server does not let the module in", NOW(DELTA_SERVER_UNREACHABLE)},
    {603, 603, "the module's FTP client is busy", NOW(TRANSFER_FAILED)},
    {604, 604, "the server's name is not found", NOW(DELTA_SERVER_UNREACHABLE)},
    {605, 605, "no network", NOW(DELTA_SERVER_UNREACHABLE)},
    {606, 608, "the connection was closed", NOW(TRANSFER_FAILED)},
    {609, 609, "FTP timeout", NOW(DELTA_SERVER_UNREACHABLE)},
    {610, 610, "the module does not understand the address", GOOD(DELTA_MISSING)},
    {611, 613, "the server does not open the file", NOW(DELTA_MISSING)},
    {614, 614, "the server closes the connection (421)", NOW(DELTA_SERVER_UNREACHABLE)},
    {615, 616, "no data connection, or not for long (425, 426)", NOW(TRANSFER_FAILED)},
    {617, 617, "the file is busy (450)", NOW(DELTA_MISSING)},
    {618, 619, "the server has failed (451, 452)", NOW(TRANSFER_FAILED)},
    {620, 624, "the server does not know the command (500 to 504)", NOW(TRANSFER_FAILED)},
    {625, 626, "the server refuses the login", GOOD(DELTA_LOGIN_REFUSED)},
    {627, 627, "the server has no such file (550)", NOW(DELTA_MISSING)},
    {628, 629, "the server has failed (551, 552)", NOW(TRANSFER_FAILED)},
    {701, 701, "unknown HTTP error", NOW(TRANSFER_FAILED)},
    {702, 702, "HTTP timeout", NOW(DELTA_SERVER_UNREACHABLE)},
    {703, 706, "the module's HTTP client is busy", NOW(TRANSFER_FAILED)},
    {707, 710, "the module has no data connection", NOW(CONTEXT_FAILED)},
    {711, 713, "the module does not understand the address", GOOD(DELTA_MISSING)},
    {714, 714, "the server's name is not found", NOW(DELTA_SERVER_UNREACHABLE)},
    {715, 716, "the server is not reached", NOW(DELTA_SERVER_UNREACHABLE)},
    {717, 719, "the connection was closed", NOW(TRANSFER_FAILED)},
    {720, 721, "the module does not understand the server's answer", NOW(TRANSFER_FAILED)},
    {722, 722, "HTTP timeout", NOW(TRANSFER_FAILED)},
    {723, 723, "the server refuses", NOW(TRANSFER_FAILED)},
    {724, 725, "a call is in the way", NOW(TRANSFER_FAILED)},
    {726, 728, "HTTP timeout", NOW(DELTA_SERVER_UNREACHABLE)},
    {729, 729, "the module has no memory left", NOW(TRANSFER_FAILED)},
    {730, 730, "the module does not understand the address", GOOD(DELTA_MISSING)},
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

/* END of what Quectel calls LTE Standard(A), such as EC200A and EC800K. */
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

static const Code *
find_code(const Code *codes, int code)
{
    while (codes->text != NULL && (code < codes->first || code > codes->last))
        codes++;
    return codes;
}

static FotaResult
fail_with(const Code *row, int code, const char *what, GError **error)
{
    g_set_error(error, FOTA_MODULE_ERROR, row->error, "%s: %d, %s", what, code, row->text);
    return row->result;
}

FotaResult
quectel_fail_download(FotaSession *session, int code, GError **error)
{
    gboolean u = strcmp(fota_session_get_text(session, "Codes"), "lte-standard-u") == 0;
    const Code *row = u ? find_code(lte_standard_u, code) : NULL;

    if (row == NULL || row->text == NULL)
        row = find_code(downloads, code);
    return fail_with(row, code, "the module has not got the package", error);
}

FotaResult
quectel_fail_update(FotaSession *session, int code, GError **error)
{
    const char *list = fota_session_get_text(session, "Codes");
    const Code *codes = strcmp(list, "lte-a") == 0          ? lte_a
                        : strcmp(list, "lte-standard") == 0 ? lte_standard
                                                            : unknown;

    return fail_with(find_code(codes, code), code, "the module has not installed the package",
                     error);
}
