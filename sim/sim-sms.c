/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-module.h"

#include <string.h>

/* Text messages to the host, in PDU mode (27.005, 23.040), as an update server sends them to wake a
 * gateway. Sending is not simulated. */

#define SMS_PLACES 10
#define SMS_UNREAD 0
#define SMS_READ 1
#define SMS_ALL 4

struct _SimSms {
    char *pdu; /* hexadecimal, with an empty service centre address */
    int status;
};

static void
append_octet(GString *pdu, guint octet)
{
    g_string_append_printf(pdu, "%02X", octet & 0xff);
}

/* Two digits an octet, the first one in the low half. */
static void
append_digits(GString *pdu, const char *digits)
{
    for (gsize i = 0; i < strlen(digits); i += 2)
        g_string_append_printf(pdu, "%c%c", digits[i + 1] != '\0' ? digits[i + 1] : 'F', digits[i]);
}

/* Seven bits a character; of the GSM alphabet, what it shares with ASCII. @n_bits: unused ones in
 * front. */
static void
append_packed(GString *pdu, const char *text, guint n_bits)
{
    guint bits = 0;

    for (const char *c = text; *c != '\0'; c++) {
        bits |= (guint)(*c & 0x7f) << n_bits;
        n_bits += 7;
        for (; n_bits >= 8; n_bits -= 8, bits >>= 8)
            append_octet(pdu, bits);
    }
    if (n_bits > 0)
        append_octet(pdu, bits);
}

/* @part of @parts: 23.040, 9.2.3.24.1. The header's six octets take the place of seven letters. */
static void
append_text(GString *pdu, const char *text, guint part, guint parts)
{
    guint header = parts > 1 ? 7 : 0;

    append_octet(pdu, (guint)strlen(text) + header);
    if (header > 0)
        g_string_append_printf(pdu, "0500032A%02X%02X", parts, part);
    append_packed(pdu, text, header > 0 ? 1 : 0);
}

static char *
build_deliver(const char *sender, const char *text, guint part, guint parts)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format(now, "%y%m%d%H%M%S00");
    /* No service centre; SMS-DELIVER, no more to come, with or without a header in its data. */
    GString *pdu = g_string_new(parts > 1 ? "0044" : "0004");
    gboolean international = sender[0] == '+';
    const char *digits = sender + international;

    append_octet(pdu, (guint)strlen(digits));
    append_octet(pdu, international ? 0x91 : 0x81);
    append_digits(pdu, digits);
    g_string_append(pdu, "0000"); /* protocol, GSM alphabet */
    append_digits(pdu, time);
    append_text(pdu, text, part, parts);
    return g_string_free(pdu, FALSE);
}

void
sim_sms_clear(SimModule *module)
{
    for (guint i = 0; module->messages != NULL && i < SMS_PLACES; i++)
        g_free(module->messages[i].pdu);
    g_clear_pointer(&module->messages, g_free);
}

gboolean
sim_sms_receive(SimModule *module, const char *sender, const char *text, guint part, guint parts,
                GError **error)
{
    guint i = 0;

    if (strlen(sender) > 20 || strspn(sender, "+0123456789") != strlen(sender) ||
        strlen(text) > (parts > 1 ? 153 : 160) || strpbrk(text, "@[\\]^_`{|}~$\t") != NULL) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "a sender has digits, a text up to 160 characters of plain GSM alphabet");
        return FALSE;
    }
    if (module->messages == NULL)
        module->messages = g_new0(SimSms, SMS_PLACES);
    while (i < SMS_PLACES && module->messages[i].pdu != NULL)
        i++;
    if (i == SMS_PLACES) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "the SIM holds no more than %d texts",
                    SMS_PLACES);
        return FALSE;
    }
    module->messages[i] = (SimSms){build_deliver(sender, text, part, parts), SMS_UNREAD};
    if (module->cnmi > 0) {
        g_autofree char *urc = g_strdup_printf("+CMTI: \"SM\",%u", i + 1);

        sim_module_urc(module, urc);
    }
    return TRUE;
}

/* The message a command's first argument names, or NULL. */
static SimSms *
message_at(SimModule *module, SimCommand *command)
{
    int index = 0;

    if (!sim_command_number(command, 0, 1, SMS_PLACES, &index) || index == 0 ||
        module->messages == NULL || module->messages[index - 1].pdu == NULL)
        return NULL;
    return &module->messages[index - 1];
}

static gsize
tpdu_octets(const SimSms *message)
{
    return strlen(message->pdu) / 2 - 1;
}

SimResult
sim_sms_run_format(SimModule *module, SimCommand *command)
{
    int format = 0;

    if (command->form == SIM_FORM_TEST)
        sim_command_info(command, "+CMGF: (0)");
    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "+CMGF: 0");
    return sim_command_number(command, 0, 0, 0, &format) ? SIM_OK : SIM_ERROR;
}

SimResult
sim_sms_run_indications(SimModule *module, SimCommand *command)
{
    if (command->form == SIM_FORM_TEST)
        sim_command_info(command, "+CNMI: (0-2),(0-1),(0),(0),(0)");
    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "+CNMI: 2,%d,0,0,0", module->cnmi);
    if (command->form == SIM_FORM_SET && !sim_command_number(command, 1, 0, 1, &module->cnmi))
        return SIM_ERROR;
    return SIM_OK;
}

SimResult
sim_sms_run_storage(SimModule *module, SimCommand *command)
{
    guint used = 0;

    for (guint i = 0; module->messages != NULL && i < SMS_PLACES; i++)
        used += module->messages[i].pdu != NULL;
    if (command->form == SIM_FORM_TEST)
        sim_command_info(command, "+CPMS: (\"SM\"),(\"SM\"),(\"SM\")");
    if (command->form == SIM_FORM_READ)
        sim_command_info(command, "+CPMS: \"SM\",%u,%d,\"SM\",%u,%d,\"SM\",%u,%d", used, SMS_PLACES,
                         used, SMS_PLACES, used, SMS_PLACES);
    if (command->form == SIM_FORM_SET)
        sim_command_info(command, "+CPMS: %u,%d,%u,%d,%u,%d", used, SMS_PLACES, used, SMS_PLACES,
                         used, SMS_PLACES);
    return SIM_OK;
}

SimResult
sim_sms_run_list(SimModule *module, SimCommand *command)
{
    int wanted = SMS_UNREAD;

    if (command->form == SIM_FORM_TEST)
        sim_command_info(command, "+CMGL: (0-4)");
    if (command->form == SIM_FORM_TEST)
        return SIM_OK;
    if (!sim_command_number(command, 0, 0, SMS_ALL, &wanted))
        return SIM_ERROR;
    for (guint i = 0; module->messages != NULL && i < SMS_PLACES; i++) {
        SimSms *message = &module->messages[i];

        if (message->pdu == NULL || (wanted != SMS_ALL && wanted != message->status))
            continue;
        sim_command_info(command, "+CMGL: %u,%d,,%" G_GSIZE_FORMAT "\r\n%s", i + 1, message->status,
                         tpdu_octets(message), message->pdu);
        message->status = SMS_READ;
    }
    return SIM_OK;
}

SimResult
sim_sms_run_read(SimModule *module, SimCommand *command)
{
    SimSms *message = message_at(module, command);

    if (message == NULL)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    sim_command_info(command, "+CMGR: %d,,%" G_GSIZE_FORMAT "\r\n%s", message->status,
                     tpdu_octets(message), message->pdu);
    message->status = SMS_READ;
    return SIM_OK;
}

SimResult
sim_sms_run_delete(SimModule *module, SimCommand *command)
{
    SimSms *message = message_at(module, command);

    if (message == NULL)
        return command->form == SIM_FORM_TEST ? SIM_OK : SIM_ERROR;
    g_clear_pointer(&message->pdu, g_free);
    return SIM_OK;
}
