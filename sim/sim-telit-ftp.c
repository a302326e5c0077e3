/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-telit.h"

#include <string.h>

/* The silence that #FTPTO allows is scaled, but never so short that a busy machine or a server that
 * refuses a login slowly exceeds it. */
#define MIN_SILENCE_MS 5000

SimResult
sim_telit_ftp_result(SimFtpStatus status)
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
    case SIM_FTP_CANCELLED: /* with a listener: the context is gone */
        return SIM_CME_FTP_CONTEXT;
    case SIM_FTP_FILE:
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
    telit->ota_loading = FALSE;
    if (telit->ftp == NULL)
        return;
    g_free(telit->ftp_message);
    telit->ftp_message = sim_ftp_get_message(telit->ftp);
    g_clear_pointer(&telit->ftp, sim_ftp_abandon);
}

gboolean
sim_telit_ftp_done(SimModule *module, SimFtp *ftp, const SimFtpReply *reply)
{
    SimTelit *telit = module->state;

    if (reply->status == SIM_FTP_CANCELLED || telit->ftp != ftp)
        return FALSE;
    telit->ftp_busy = FALSE;
    telit->ota_loading = FALSE;
    if (reply->status == SIM_FTP_LOST || reply->status == SIM_FTP_CUT ||
        reply->status == SIM_FTP_STALLED)
        sim_telit_ftp_drop(module);
    return TRUE;
}

static void
set_message(SimModule *module, const char *text)
{
    SimTelit *telit = module->state;

    g_free(telit->ftp_message);
    telit->ftp_message = g_strdup(text);
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
        set_message(module, "421 Service not available, closing control connection.");
        return SIM_CME_FTP_CONNECT;
    }
    return SIM_OK;
}

SimResult
sim_telit_ftp_check(SimModule *module, SimCommand *command)
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

    if (sim_telit_ftp_done(command->module, ftp, reply) && reply->status != SIM_FTP_OK)
        sim_telit_ftp_drop(command->module);
    sim_command_finish(command, sim_telit_ftp_result(reply->status));
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
        set_message(module, "530 Login incorrect.");
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

static void
on_logout_done(SimFtp *ftp, const SimFtpReply *reply, gpointer user_data)
{
    sim_command_finish(user_data, SIM_OK);
}

SimResult
sim_telit_ftp_close(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;
    SimFtp *ftp = telit->ftp;

    if (ftp == NULL)
        return SIM_CME_FTP_NOT_CONNECTED;
    if (telit->ftp_busy)
        return SIM_CME_FTP_STATE;
    telit->ftp = NULL;
    g_free(telit->ftp_message);
    telit->ftp_message = sim_ftp_get_message(ftp);
    sim_ftp_logout(ftp, on_logout_done, sim_command_ref(command));
    return SIM_PENDING;
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

static void
on_type_done(SimFtp *ftp, const SimFtpReply *reply, gpointer user_data)
{
    SimCommand *command = user_data;

    sim_telit_ftp_done(command->module, ftp, reply);
    sim_command_finish(command, sim_telit_ftp_result(reply->status));
}

/* Logs out at the server, since Telit's table gives this command a long time. */
SimResult
sim_telit_ftp_type(SimModule *module, SimCommand *command)
{
    SimTelit *telit = module->state;
    int ascii = 0;
    SimResult result;

    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "#FTPTYPE: %d",
                         telit->ftp == NULL || sim_ftp_is_ascii(telit->ftp));
    if (command->form == SIM_FORM_TEST)
        sim_command_info(command, "#FTPTYPE: (0,1)");
    if (command->form != SIM_FORM_SET)
        return SIM_OK;
    if (!sim_command_number(command, 0, 0, 1, &ascii))
        return SIM_CME_BAD_PARAMETERS;
    result = sim_telit_ftp_check(module, command);
    if (result != SIM_OK)
        return result;
    telit->ftp_busy = TRUE;
    sim_ftp_type(telit->ftp, ascii != 0, on_type_done, sim_command_ref(command));
    return SIM_PENDING;
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
