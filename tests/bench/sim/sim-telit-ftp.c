/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-telit.h"

#include <string.h>

/* The silence #FTPTO allows is real time on a real network: scaled, but never so short that a
 * busy machine alone runs into it. */
#define MIN_SILENCE_MS 2000
/* The log's 4.6 s from #FTPGETOTA to OK. */
#define OTA_SECONDS 4.6
#define PACKET_MAX 3000

static SimResult
cme_from_status(SimFtpStatus status)
{
    switch (status) {
    case SIM_FTP_OK:
        return SIM_OK;
    case SIM_FTP_RESOLVE:
        return SIM_CME_FTP_RESOLVE;
    case SIM_FTP_CONNECT:
        return SIM_CME_FTP_CONTROL;
    case SIM_FTP_LOST:
        return SIM_CME_FTP_NOT_CONNECTED;
    case SIM_FTP_LOGIN:
    case SIM_FTP_CUT:
    case SIM_FTP_STALLED:
        return SIM_CME_FTP_ANSWER;
    case SIM_FTP_FULL:
        return SIM_CME_MEMORY_FULL;
    case SIM_FTP_FILE:
    case SIM_FTP_CANCELLED:
    case SIM_FTP_ERROR:
        break;
    }
    return SIM_CME_FTP_ERROR;
}

void
sim_telit_ftp_drop(SimModule *module)
{
    SimTelit *telit = module->state;

    telit->ftp_busy = FALSE;
    if (telit->ftp == NULL)
        return;
    g_free(telit->ftp_message);
    telit->ftp_message = sim_ftp_get_message(telit->ftp);
    g_clear_pointer(&telit->ftp, sim_ftp_abandon);
}

/* What every operation on the network ends with. FALSE: the module has moved on meanwhile. */
static gboolean
ftp_done(SimModule *module, SimFtp *ftp, const SimFtpReply *reply)
{
    SimTelit *telit = module->state;

    if (reply->status == SIM_FTP_CANCELLED || telit->ftp != ftp)
        return FALSE;
    telit->ftp_busy = FALSE;
    if (reply->status == SIM_FTP_LOST || reply->status == SIM_FTP_CUT ||
        reply->status == SIM_FTP_STALLED)
        sim_telit_ftp_drop(module);
    return TRUE;
}

/* Faults that end an FTP command before it does anything. */
static SimResult
take_ftp_fault(SimModule *module, SimCommand *command)
{
    double number = 0;

    if (sim_faults_take_number(module->faults, "cme-unknown", command->text, &number))
        return (SimResult)number;
    if (sim_faults_take(module->faults, "ftp-421", command->text, NULL)) {
        sim_telit_ftp_drop(module);
        return SIM_CME_FTP_CONNECT;
    }
    return SIM_OK;
}

/* Whether a command that needs the control connection may go ahead. */
static SimResult
check_connected(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;

    if (telit->ftp == NULL)
        return SIM_CME_FTP_NOT_CONNECTED;
    if (telit->ftp_busy)
        return SIM_CME_FTP_STATE;
    if (!module->contexts[telit->ftp_cid].active) {
        sim_telit_ftp_drop(module);
        return SIM_CME_FTP_CONTEXT;
    }
    return take_ftp_fault(module, command);
}

static void
on_login_done(SimFtp *ftp, const SimFtpReply *reply, gpointer user_data)
{
    SimCommand *command = user_data;

    if (ftp_done(command->module, ftp, reply) && reply->status != SIM_FTP_OK)
        sim_telit_ftp_drop(command->module);
    sim_command_finish(command, cme_from_status(reply->status));
}

SimResult
sim_telit_ftp_open(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;
    const char *server = sim_command_arg(command, 0);
    const char *user = sim_command_arg(command, 1);
    const char *password = sim_command_arg(command, 2);
    int passive = 0, cid = 1;
    guint silence = sim_ms(module->sim, telit->ftp_timeout / 10.0);
    SimResult result;

    if (command->form != SIM_FORM_SET)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    if (server == NULL || !sim_command_number(command, 3, 0, 1, &passive) ||
        !sim_command_number(command, 4, 1, SIM_MAX_CID, &cid))
        return SIM_CME_BAD_PARAMETERS;
    if (telit->ftp != NULL)
        return SIM_CME_FTP_CONNECTED;
    if (!module->contexts[cid].active)
        return SIM_CME_FTP_CONTEXT;
    result = take_ftp_fault(module, command);
    if (result != SIM_OK)
        return result;
    if (sim_faults_take(module->faults, "ftp-login", command->text, NULL)) {
        g_free(telit->ftp_message);
        telit->ftp_message = g_strdup("530 Login incorrect.");
        return SIM_CME_FTP_ANSWER;
    }
    telit->ftp =
        sim_ftp_new(server, user != NULL ? user : "anonymous", password != NULL ? password : "",
                    passive != 0, MAX(silence, MIN_SILENCE_MS));
    telit->ftp_cid = cid;
    telit->ftp_busy = TRUE;
    sim_ftp_login(telit->ftp, on_login_done, sim_command_ref(command));
    return SIM_PENDING;
}

SimResult
sim_telit_ftp_close(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;

    if (telit->ftp == NULL)
        return SIM_CME_FTP_NOT_CONNECTED;
    sim_telit_ftp_drop(module);
    return SIM_OK;
}

SimResult
sim_telit_ftp_timeout(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;

    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "#FTPTO: %d", telit->ftp_timeout);
    if (command->form == SIM_FORM_TEST)
        sim_command_info(command, "#FTPTO: (100-5000)");
    if (command->form == SIM_FORM_SET &&
        !sim_command_number(command, 0, 100, 5000, &telit->ftp_timeout))
        return SIM_CME_BAD_PARAMETERS;
    return SIM_OK;
}

SimResult
sim_telit_ftp_type(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;

    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "#FTPTYPE: %d", telit->ftp_type);
    if (command->form != SIM_FORM_SET)
        return SIM_OK;
    if (telit->ftp == NULL)
        return SIM_CME_FTP_NOT_CONNECTED;
    return sim_command_number(command, 0, 0, 1, &telit->ftp_type) ? SIM_OK : SIM_CME_BAD_PARAMETERS;
}

SimResult
sim_telit_ftp_message(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;
    g_autofree char *message = telit->ftp != NULL ? sim_ftp_get_message(telit->ftp) : NULL;
    const char *text = message != NULL ? message : telit->ftp_message;

    sim_command_info(command, "#FTPMSG: %s", text != NULL ? text : "");
    return SIM_OK;
}

SimResult
sim_telit_ftp_rest(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;
    int offset = 0;

    if (!sim_command_number(command, 0, 0, G_MAXINT, &offset))
        return SIM_CME_BAD_PARAMETERS;
    telit->ftp_rest = (guint64)offset;
    return SIM_OK;
}

/* The wanted transfer, with the faults that strike inside it. FALSE: no such file. */
static gboolean
prepare_get(SimModule *module, SimCommand *command, SimFtpGet *get)
{
    SimTelit *telit = module->state;
    double percent = -1;

    if (sim_faults_take(module->faults, "ftp-550", command->text, NULL))
        return FALSE;
    get->offset = telit->ftp_rest;
    telit->ftp_rest = 0;
    sim_faults_take_number(module->faults, "ftp-cut", command->text, &percent);
    get->cut_percent = (int)percent;
    get->stall_percent =
        sim_faults_take(module->faults, "ftp-stall", command->text, NULL) ? 50 : -1;
    return TRUE;
}

static void
on_size_done(SimFtp *ftp, const SimFtpReply *reply, gpointer user_data)
{
    SimCommand *command = user_data;
    SimResult result = cme_from_status(reply->status);

    ftp_done(command->module, ftp, reply);
    if (result == SIM_OK && reply->size < 0)
        result = SIM_CME_FTP_ERROR;
    if (result == SIM_OK)
        sim_command_info(command, "#FTPFSIZE: %" G_GINT64_FORMAT, reply->size);
    sim_command_finish(command, result);
}

SimResult
sim_telit_ftp_size(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;
    const char *path = sim_command_arg(command, 0);
    SimResult result;

    if (command->form != SIM_FORM_SET || path == NULL)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_CME_BAD_PARAMETERS;
    result = check_connected(module, command);
    if (result != SIM_OK)
        return result;
    if (sim_faults_take(module->faults, "ftp-550", command->text, NULL))
        return SIM_CME_FTP_ERROR;
    telit->ftp_busy = TRUE;
    sim_ftp_size(telit->ftp, path, on_size_done, sim_command_ref(command));
    return SIM_PENDING;
}

/* Common to the three commands that fetch a file. */
static SimResult
start_get(SimModule *module, SimCommand *command, SimFtpGet get, SimFtpFunc func)
{
    SimTelit *telit = module->state;
    const char *path = sim_command_arg(command, 0);
    SimResult result;

    if (command->form != SIM_FORM_SET || path == NULL || strlen(path) > 200)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_CME_BAD_PARAMETERS;
    result = check_connected(module, command);
    if (result != SIM_OK)
        return result;
    if (!prepare_get(module, command, &get))
        return SIM_CME_FTP_ERROR;
    telit->ftp_busy = TRUE;
    sim_ftp_get(telit->ftp, path, &get, func, sim_command_ref(command));
    return SIM_PENDING;
}

/* A NO CARRIER that belongs to the file, in its middle. */
static GBytes *
with_false_end(GBytes *bytes)
{
    static const char end[] = "\r\nNO CARRIER\r\n";
    gsize length;
    const guint8 *data = g_bytes_get_data(bytes, &length);
    GByteArray *array = g_byte_array_sized_new((guint)(length + strlen(end)));

    g_byte_array_append(array, data, (guint)length / 2);
    g_byte_array_append(array, (const guint8 *)end, (guint)strlen(end));
    g_byte_array_append(array, data + length / 2, (guint)(length - length / 2));
    return g_byte_array_free_to_bytes(array);
}

/* A transfer that breaks after CONNECT ends with NO CARRIER like a good one: the host cannot
 * tell them apart by the result code. */
static void
on_get_done(SimFtp *ftp, const SimFtpReply *reply, gpointer user_data)
{
    SimCommand *command = user_data;
    SimModule *module = command->module;
    g_autoptr(GBytes) bytes = NULL;

    ftp_done(module, ftp, reply);
    if (command->line == NULL ||
        (reply->status != SIM_FTP_OK && g_bytes_get_size(reply->bytes) == 0)) {
        sim_command_finish(command, cme_from_status(reply->status));
        return;
    }
    if (sim_faults_take(module->faults, "nocarrier-in-data", command->text, NULL))
        bytes = with_false_end(reply->bytes);
    else
        bytes = g_bytes_ref(reply->bytes);
    sim_line_send_file(command->line, command, bytes);
}

SimResult
sim_telit_ftp_get(SimModule *module, SimCommand *command)
{
    return start_get(module, command, (SimFtpGet){0}, on_get_done);
}

static void
on_packet_done(SimFtp *ftp, const SimFtpReply *reply, gpointer user_data)
{
    SimCommand *command = user_data;
    SimModule *module = command->module;
    SimTelit *telit = module->state;
    SimResult result = cme_from_status(reply->status);

    if (ftp_done(module, ftp, reply) && result == SIM_OK) {
        g_clear_pointer(&telit->packet, g_bytes_unref);
        g_free(telit->packet_name);
        telit->packet = g_bytes_ref(reply->bytes);
        telit->packet_name = g_strdup(sim_command_arg(command, 0));
        telit->packet_read = 0;
    }
    sim_command_finish(command, result);
}

SimResult
sim_telit_ftp_get_packet(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;

    if (command->form == SIM_FORM_READ) {
        gboolean end =
            telit->packet == NULL || telit->packet_read == g_bytes_get_size(telit->packet);

        sim_command_info(command, "#FTPGETPKT: %s,%d,%d",
                         telit->packet_name != NULL ? telit->packet_name : "", telit->packet_view,
                         end);
        return SIM_OK;
    }
    if (!sim_command_number(command, 1, 0, 1, &telit->packet_view))
        return SIM_CME_BAD_PARAMETERS;
    return start_get(module, command, (SimFtpGet){0}, on_packet_done);
}

SimResult
sim_telit_ftp_receive(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;
    int wanted = 0;
    gsize left, n;
    const char *data;
    g_autofree char *text = NULL;

    if (telit->packet == NULL)
        return SIM_CME_FTP_ERROR;
    left = g_bytes_get_size(telit->packet) - telit->packet_read;
    if (command->form == SIM_FORM_READ) {
        sim_command_info(command, "#FTPRECV: %" G_GSIZE_FORMAT, left);
        return SIM_OK;
    }
    if (command->form != SIM_FORM_SET || !sim_command_number(command, 0, 1, PACKET_MAX, &wanted) ||
        wanted == 0)
        return SIM_CME_BAD_PARAMETERS;
    if (left == 0)
        return SIM_CME_FTP_ERROR;
    n = MIN(left, (gsize)wanted);
    data = (const char *)g_bytes_get_data(telit->packet, NULL) + telit->packet_read;
    telit->packet_read += n;
    if (telit->packet_view == 0) {
        sim_command_info(command, "#FTPRECV: %" G_GSIZE_FORMAT, n);
        sim_line_raw(command->line, (const guint8 *)data, n);
        return SIM_OK;
    }
    text = g_malloc(2 * n + 1);
    for (gsize i = 0; i < n; i++)
        g_snprintf(text + 2 * i, 3, "%02X", (guint8)data[i]);
    sim_command_info(command, "#FTPRECV: %" G_GSIZE_FORMAT, n);
    sim_line_raw(command->line, (const guint8 *)text, 2 * n);
    return SIM_OK;
}

static void
on_ota_done(SimFtp *ftp, const SimFtpReply *reply, gpointer user_data)
{
    SimCommand *command = user_data;
    SimModule *module = command->module;
    SimTelit *telit = module->state;
    SimResult result = cme_from_status(reply->status);
    g_autofree char *when = NULL;

    if (!ftp_done(module, ftp, reply)) {
        sim_command_finish(command, result);
        return;
    }
    if (result == SIM_OK) {
        sim_telit_ota_store(&telit->ota, reply->bytes);
        if (sim_faults_take(module->faults, "ota-wrong-base", command->text, &when)) {
            telit->ota.refused_late = g_str_equal(when, "late");
            result = telit->ota.refused_late ? SIM_OK : SIM_CME_NOT_ALLOWED;
        }
    }
    if (result != SIM_OK)
        sim_telit_ota_clear(&telit->ota);
    sim_log_event(module->log, "ota area: %" G_GUINT64_FORMAT " bytes", telit->ota.size);
    sim_command_finish(command, result);
}

SimResult
sim_telit_ftp_get_ota(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;
    SimFtpGet get = {.room = SIM_TELIT_OTA_ROOM,
                     .seconds = sim_ms(module->sim, OTA_SECONDS) / 1000.0};
    SimResult result;

    if (command->form == SIM_FORM_SET &&
        sim_faults_take(module->faults, "ota-full", command->text, NULL))
        get.room = 1;
    result = start_get(module, command, get, on_ota_done);
    if (result == SIM_PENDING)
        sim_telit_ota_clear(&telit->ota);
    return result;
}
