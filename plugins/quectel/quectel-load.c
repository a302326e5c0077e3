/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plugins/quectel/quectel-load.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "plugins/quectel/quectel-report.h"

/* One acknowledgement a block. */
#define BLOCK 1024
#define ACKNOWLEDGEMENT 'A'

/* What is remembered: the module has been told to install the package, and deletes none itself. */
#define PACKAGE FOTA_OWED "Package"

static char *
file_command(FotaSession *session, const char *name)
{
    return g_strdup_printf("AT%s=\"%s\"", name, fota_session_get_text(session, "FileName"));
}

/* Refused where there is none. */
static gboolean
remove_package(FotaSession *session, GError **error)
{
    g_autofree char *command = file_command(session, "+QFDEL");
    g_autoptr(GError) local_error = NULL;

    if (!fota_session_order(session, command, 0, &local_error) &&
        !g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED)) {
        g_propagate_error(error, g_steal_pointer(&local_error));
        return FALSE;
    }
    if (local_error != NULL)
        fota_session_note(session, "no package is deleted: %s", local_error->message);
    fota_session_forget_debt(session, PACKAGE);
    return TRUE;
}

/* What the module must find in @fd, which stays where it is. */
static gboolean
sum_file(int fd, guint64 size, guint16 *sum, GError **error)
{
    *sum = 0;
    for (guint64 at = 0; at < size;) {
        guint8 bytes[BLOCK];
        gssize got = pread(fd, bytes, sizeof(bytes), (off_t)at);

        if (got < 0 && errno == EINTR)
            continue;
        /* The last piece alone may have an odd length. */
        if (got <= 0 || (got < (gssize)sizeof(bytes) && at + (guint64)got < size)) {
            g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                        "the delta cannot be read whole: %s",
                        got < 0 ? g_strerror(errno) : "it is shorter than it should be");
            return FALSE;
        }
        *sum = fota_checksum_xor16(*sum, bytes, (gsize)got);
        at += (guint64)got;
    }
    return TRUE;
}

/* `+QFUPL: <size>,<checksum>`, the latter in hexadecimal digits. */
static FotaResult
check_upload(GStrv lines, guint64 size, guint16 sum, GError **error)
{
    const char *answer = fota_lines_find(lines, "+QFUPL:");
    g_auto(GStrv) fields = g_strsplit(answer != NULL ? answer : "", ",", -1);
    guint64 told_size, told_sum;

    if (g_strv_length(fields) != 2 ||
        !g_ascii_string_to_unsigned(fields[0], 10, 0, G_MAXUINT64, &told_size, NULL) ||
        !g_ascii_string_to_unsigned(g_strstrip(fields[1]), 16, 0, G_MAXUINT16, &told_sum, NULL)) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_BAD_ANSWER,
                    "the module does not tell size and checksum of what it has stored");
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    if (told_size == size && told_sum == sum)
        return FOTA_RESULT_DONE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                "the module has stored %" G_GUINT64_FORMAT " bytes with checksum %04x instead of "
                "%" G_GUINT64_FORMAT " with %04x",
                told_size, (guint)told_sum, size, sum);
    return FOTA_RESULT_FAILED_FOR_NOW;
}

static FotaResult
fail_upload(FotaSession *session, GError *refusal, GError **error)
{
    g_autoptr(GError) owned = refusal;

    if (!g_error_matches(owned, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED)) {
        g_propagate_error(error, g_steal_pointer(&owned));
        return FOTA_RESULT_FAILED_FOR_NOW;
    }
    fota_session_explain(session, NULL, &owned);
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                "the module does not store the delta: %s; is there room in its file store?",
                owned->message);
    return FOTA_RESULT_FAILED_FOR_NOW;
}

FotaResult
quectel_load(FotaSession *session, const FotaUpdate *update, int fd, GError **error)
{
    static const char *const prompts[] = {"CONNECT", NULL};
    const FotaPacing pacing = {.block = BLOCK,
                               .acknowledgement = ACKNOWLEDGEMENT,
                               .seconds = fota_session_get_number(session, "BlockTime")};
    g_autofree char *name = file_command(session, "+QFUPL");
    g_autofree char *command =
        g_strdup_printf("%s,%" G_GUINT64_FORMAT ",%u,1", name, update->size, pacing.seconds);
    g_autoptr(GError) refusal = NULL;
    g_auto(GStrv) lines = NULL;
    guint16 sum;

    if (!sum_file(fd, update->size, &sum, error))
        return FOTA_RESULT_FAILED_FOR_GOOD;
    if (update->rehearsal)
        return FOTA_RESULT_DONE;
    if (!remove_package(session, error)) /* which an earlier attempt has left */
        return FOTA_RESULT_FAILED_FOR_NOW;
    if (!fota_session_begin_data(session, command, prompts, NULL, 0, &refusal))
        return fail_upload(session, g_steal_pointer(&refusal), error);
    if (!fota_session_send_file(session, fd, update->size, &pacing, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    lines = fota_session_end_data(session, 0, 0, &refusal);
    if (lines == NULL)
        return fail_upload(session, g_steal_pointer(&refusal), error);
    return check_upload(lines, update->size, sum, error);
}

FotaResult
quectel_discard(FotaSession *session, const FotaUpdate *update, GError **error)
{
    return remove_package(session, error) ? FOTA_RESULT_DONE : FOTA_RESULT_FAILED_FOR_NOW;
}

void
quectel_close_store(FotaSession *session)
{
    g_autoptr(GError) error = NULL;

    if (fota_session_get_debt(session, PACKAGE) != NULL && !remove_package(session, &error))
        fota_session_note(session, "the package stays: %s", error->message);
}

/* One place. *@refusal is set when the module has refused it. */
static FotaResult
install_from(FotaSession *session, const char *directory, GError **refusal, GError **error)
{
    g_autofree char *command = g_strdup_printf("AT+QFOTADL=\"%s%s\"", directory,
                                               fota_session_get_text(session, "FileName"));
    g_autoptr(GError) local_error = NULL;

    /* It restarts at once, and its OK may be lost. */
    if (fota_session_order(session, command, 0, &local_error) ||
        g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_GONE))
        return FOTA_RESULT_DONE;
    if (g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_REFUSED)) {
        fota_session_explain(session, NULL, &local_error);
        g_propagate_error(refusal, g_steal_pointer(&local_error));
        return FOTA_RESULT_REFUSED;
    }
    g_propagate_error(error, g_steal_pointer(&local_error));
    return FOTA_RESULT_FAILED_FOR_NOW;
}

FotaResult
quectel_install(FotaSession *session, const FotaUpdate *update, GError **error)
{
    g_auto(GStrv) places = g_strsplit(fota_session_get_text(session, "Places"), " ", -1);
    g_autoptr(GError) refusal = NULL;
    FotaResult result = FOTA_RESULT_REFUSED;

    if (!quectel_forget_reports(session, error))
        return FOTA_RESULT_FAILED_FOR_NOW;
    fota_session_remember(session, PACKAGE, "1");
    if (!fota_session_save(session, error))
        return FOTA_RESULT_TRY_LATER;
    for (guint i = 0; places[i] != NULL && result == FOTA_RESULT_REFUSED; i++) {
        g_clear_error(&refusal);
        result = install_from(session, places[i], &refusal, error);
    }
    if (result == FOTA_RESULT_REFUSED)
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_INSTALL_REFUSED,
                    "the module does not install the delta: %s; is it the delta from %s?",
                    refusal->message, update->from);
    return result;
}
