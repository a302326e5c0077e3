/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fota-wait.h"
#include "daemon/job/fota-session.h"

/* Raw data over the tty, for the methods that are fed. */

#define WRITE_SECONDS 30 /* for the module to take a block */

#define SOH 0x01
#define STX 0x02
#define EOT 0x04
#define ACK 0x06
#define NAK 0x15
#define CAN 0x18
#define PADDING 0x1a
#define ANSWER_SECONDS 10 /* for a block to be answered */
#define MAX_TRIES 10

/* Up to @length bytes at the descriptor's place; less only at the file's end. */
static gboolean
file_read(int fd, guint8 *bytes, gsize length, gsize *got, GError **error)
{
    for (*got = 0; *got < length;) {
        gssize n = read(fd, bytes + *got, length - *got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                        "the delta cannot be read: %s", g_strerror(errno));
            return FALSE;
        }
        if (n == 0)
            return TRUE;
        *got += (gsize)n;
    }
    return TRUE;
}

static gboolean
fail_short(guint64 sent, guint64 size, GError **error)
{
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                "the delta ends after %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes", sent,
                size);
    return FALSE;
}

static gboolean
block_acknowledged(FotaSession *session, const FotaPacing *pacing, GError **error)
{
    guint8 answer;

    if (!fota_session_read_data(session, &answer, 1, pacing->seconds, error))
        return FALSE;
    if (answer == (guint8)pacing->acknowledgement)
        return TRUE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                "a block was answered with 0x%02x", answer);
    return FALSE;
}

static gboolean
pause_ms(FotaSession *session, guint ms, GError **error)
{
    struct pollfd nothing;

    return ms == 0 || fota_session_judge_data(session,
                                              fota_wait(&nothing, 0, fota_deadline_in_ms(ms),
                                                        fota_session_get_data_cancellable(session),
                                                        error) != FOTA_WAIT_FAILED,
                                              error);
}

gboolean
fota_session_send_file(FotaSession *session, int fd, guint64 size, const FotaPacing *pacing,
                       GError **error)
{
    g_autofree guint8 *block = g_malloc(pacing->block);
    guint64 sent = 0;

    fota_session_report_bytes(session, 0, size);
    while (sent < size) {
        gsize wanted = (gsize)MIN(pacing->block, size - sent);
        gsize got;

        if (!file_read(fd, block, wanted, &got, error))
            return FALSE;
        if (got < wanted)
            return fail_short(sent + got, size, error);
        if (!fota_session_write_data(session, block, got, error) ||
            !pause_ms(session, pacing->pause_ms, error))
            return FALSE;
        sent += got;
        if (pacing->acknowledgement != '\0' && got == pacing->block &&
            !block_acknowledged(session, pacing, error))
            return FALSE;
        fota_session_report_bytes(session, sent, size);
        fota_session_report_progress(session, (guint)(sent * 100 / size));
    }
    return TRUE;
}

guint16
fota_checksum_xor16(guint16 sum, const guint8 *bytes, gsize length)
{
    for (gsize i = 0; i < length; i += 2)
        sum ^= (guint16)(bytes[i] << 8 | (i + 1 < length ? bytes[i + 1] : 0));
    return sum;
}

/* CRC-16/XMODEM: polynomial 0x1021, begins with 0. */
guint16
fota_checksum_crc16(guint16 sum, const guint8 *bytes, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        sum ^= (guint16)(bytes[i] << 8);
        for (guint bit = 0; bit < 8; bit++)
            sum = (guint16)((sum & 0x8000) != 0 ? sum << 1 ^ 0x1021 : sum << 1);
    }
    return sum;
}

/* One block with its head and its check. Returns its length. */
static gsize
xmodem_frame(guint8 *frame, const guint8 *data, guint block, guint8 number, gboolean crc)
{
    guint16 sum = 0;

    frame[0] = block > 128 ? STX : SOH;
    frame[1] = number;
    frame[2] = (guint8)~number;
    memcpy(frame + 3, data, block);
    if (crc) {
        sum = fota_checksum_crc16(0, data, block);
        frame[3 + block] = (guint8)(sum >> 8);
        frame[4 + block] = (guint8)sum;
        return block + 5;
    }
    for (guint i = 0; i < block; i++)
        sum = (guint16)(sum + data[i]);
    frame[3 + block] = (guint8)sum;
    return block + 4;
}

/* What is neither is noise, or the C that it has asked with before. */
static gboolean
xmodem_answer(FotaSession *session, guint8 *answer, GError **error)
{
    gint64 end = fota_session_get_time(session) + ANSWER_SECONDS;

    do {
        gint64 left = end - fota_session_get_time(session);

        if (left <= 0) {
            g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT,
                        "a block was not answered within %d s", ANSWER_SECONDS);
            return FALSE;
        }
        if (!fota_session_read_data(session, answer, 1, (guint)left, error))
            return FALSE;
    } while (*answer != ACK && *answer != NAK && *answer != CAN);
    if (*answer != CAN)
        return TRUE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                "the module has cancelled the transfer");
    return FALSE;
}

/* Until it is acknowledged. */
static gboolean
xmodem_send(FotaSession *session, const guint8 *frame, gsize length, GError **error)
{
    for (guint try = 0; try < MAX_TRIES; try++) {
        g_autoptr(GError) local_error = NULL;
        guint8 answer = 0;

        if (!fota_session_write_data(session, frame, length, error))
            return FALSE;
        if (!xmodem_answer(session, &answer, &local_error) &&
            !g_error_matches(local_error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT)) {
            g_propagate_error(error, g_steal_pointer(&local_error));
            return FALSE;
        }
        if (answer == ACK)
            return TRUE;
    }
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_TRANSFER_FAILED,
                "a block was sent %d times and not acknowledged", MAX_TRIES);
    return FALSE;
}

static gboolean
xmodem_blocks(FotaSession *session, int fd, guint64 size, guint block, gboolean crc, GError **error)
{
    static const guint8 end = EOT;
    guint8 data[1024], frame[1024 + 5];
    guint8 number = 1;

    for (guint64 sent = 0; sent < size; number++) {
        gsize wanted = (gsize)MIN(block, size - sent);
        gsize got;

        if (!file_read(fd, data, wanted, &got, error))
            return FALSE;
        if (got < wanted)
            return fail_short(sent + got, size, error);
        memset(data + got, PADDING, block - got);
        if (!xmodem_send(session, frame, xmodem_frame(frame, data, block, number, crc), error))
            return FALSE;
        sent += got;
        fota_session_report_bytes(session, sent, size);
        fota_session_report_progress(session, (guint)(sent * 100 / size));
    }
    return xmodem_send(session, &end, 1, error);
}

gboolean
fota_session_send_xmodem(FotaSession *session, const char *command, int fd, guint64 size,
                         guint block, guint seconds, GError **error)
{
    static const char *const prompts[] = {"C", "\x15", NULL};
    static const guint8 cancel[] = {CAN, CAN, CAN};
    guint which;

    if (!fota_session_begin_data(session, command, prompts, &which, seconds, error))
        return FALSE;
    if (xmodem_blocks(session, fd, size, block > 128 ? 1024 : 128, which == 0, error))
        return TRUE;
    fota_session_write_data(session, cancel, sizeof(cancel), NULL);
    return FALSE;
}

/* What the channel does of it. */

static const FotaChannelClass *
raw_class(FotaSession *session, GError **error)
{
    const FotaChannelClass *klass = fota_session_get_channel(session)->klass;

    if (klass->raw_begin != NULL)
        return klass;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED,
                "raw data do not pass through ModemManager; set [Access] At=port");
    return NULL;
}

gboolean
fota_session_begin_data(FotaSession *session, const char *command, const char *const *prompts,
                        guint *which, guint seconds, GError **error)
{
    const FotaChannelClass *klass = raw_class(session, error);
    guint ignored;

    return klass != NULL && fota_session_enter(session, error) &&
           fota_session_judge_data(
               session,
               klass->raw_begin(fota_session_get_channel(session), command, prompts,
                                which != NULL ? which : &ignored,
                                seconds > 0 ? seconds : fota_session_get_seconds(session, command),
                                fota_session_get_data_cancellable(session),
                                fota_session_get_cme_place(session), error),
               error);
}

gboolean
fota_session_write_data(FotaSession *session, const guint8 *bytes, gsize length, GError **error)
{
    const FotaChannelClass *klass = raw_class(session, error);

    return klass != NULL &&
           fota_session_judge_data(
               session,
               klass->raw_write(fota_session_get_channel(session), bytes, length, WRITE_SECONDS,
                                fota_session_get_data_cancellable(session), error),
               error);
}

gboolean
fota_session_read_data(FotaSession *session, guint8 *bytes, gsize length, guint seconds,
                       GError **error)
{
    const FotaChannelClass *klass = raw_class(session, error);

    for (gsize i = 0; klass != NULL && i < length; i++) {
        if (!fota_session_judge_data(
                session,
                klass->raw_read(fota_session_get_channel(session), &bytes[i], seconds,
                                fota_session_get_data_cancellable(session), error),
                error))
            return FALSE;
    }
    return klass != NULL;
}

GStrv
fota_session_end_data(FotaSession *session, guint guard, guint seconds, GError **error)
{
    const FotaChannelClass *klass = raw_class(session, error);

    return klass == NULL
               ? NULL
               : klass->raw_end(fota_session_get_channel(session), guard,
                                seconds > 0 ? seconds : fota_session_get_number(session, "Time"),
                                fota_session_get_cancellable(session),
                                fota_session_get_cme_place(session), error);
}
