/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-step.h"
#include "sim-telit.h"

#include <string.h>

/* The log's 4.6 s from #FTPGETOTA to OK. */
#define OTA_SECONDS 4.6
#define NAME_MAX_BYTES 200
#define PACKET_MAX 3000

const char *
sim_telit_ftp_choose(SimModule *module, const char *command, const char *path)
{
    return sim_faults_take(module->faults, "ftp-550", command, NULL) ? "no-such-file" : path;
}

void
sim_telit_ftp_prepare(SimModule *module, const char *command, SimFtpGet *get)
{
    SimTelit *telit = module->state;
    double percent = -1;

    get->offset = telit->ftp_rest;
    telit->ftp_rest = 0;
    sim_faults_take_number(module->faults, "ftp-cut", command, &percent);
    get->cut_percent = (int)percent;
    get->stall_percent = sim_faults_take(module->faults, "ftp-stall", command, NULL) ? 50 : -1;
    get->stall_ms = sim_ms(module->sim, telit->ftp_timeout / 10.0);
}

static void
on_size_done(SimFtp *ftp, const SimFtpReply *reply, gpointer user_data)
{
    SimCommand *command = user_data;
    SimResult result = sim_telit_ftp_result(reply->status);

    sim_telit_ftp_done(command->module, ftp, reply);
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
    result = sim_telit_ftp_check(module, command);
    if (result != SIM_OK)
        return result;
    telit->ftp_busy = TRUE;
    sim_ftp_size(telit->ftp, sim_telit_ftp_choose(module, command->text, path), on_size_done,
                 sim_command_ref(command));
    return SIM_PENDING;
}

/* Common to the three commands that fetch a file. */
static SimResult
start_get(SimModule *module, SimCommand *command, SimFtpGet get, SimFtpFunc func)
{
    SimTelit *telit = module->state;
    const char *path = sim_command_arg(command, 0);
    SimResult result;

    if (command->form != SIM_FORM_SET || path == NULL || strlen(path) > NAME_MAX_BYTES)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_CME_BAD_PARAMETERS;
    result = sim_telit_ftp_check(module, command);
    if (result != SIM_OK)
        return result;
    sim_telit_ftp_prepare(module, command->text, &get);
    telit->ftp_busy = TRUE;
    sim_ftp_get(telit->ftp, sim_telit_ftp_choose(module, command->text, path), &get, func,
                sim_command_ref(command));
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

    sim_telit_ftp_done(module, ftp, reply);
    if (command->line == NULL ||
        (reply->status != SIM_FTP_OK && g_bytes_get_size(reply->bytes) == 0)) {
        sim_command_finish(command, sim_telit_ftp_result(reply->status));
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
    SimResult result = sim_telit_ftp_result(reply->status);

    if (sim_telit_ftp_done(module, ftp, reply) && result == SIM_OK) {
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
    SimResult result = sim_telit_ftp_result(reply->status);
    g_autofree char *when = NULL;

    sim_step_unwatch(module);
    if (!sim_telit_ftp_done(module, ftp, reply)) {
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
    if (result == SIM_OK)
        sim_step(module, "delta stored");
    sim_command_finish(command, result);
}

static double
ota_share(SimModule *module)
{
    SimTelit *telit = module->state;
    guint64 size = telit->ftp != NULL ? sim_ftp_get_size(telit->ftp) : 0;

    return size > 0 ? (double)sim_ftp_get_received(telit->ftp) / (double)size : 0;
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
    if (result == SIM_PENDING) {
        sim_telit_ota_clear(&telit->ota);
        telit->ota_loading = TRUE;
        sim_step(module, "delta asked for");
        sim_step_watch(module, ota_share);
    }
    return result;
}
