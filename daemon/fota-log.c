/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "policy/fota-mask.h"

static int max_level = LOG_INFO;
static gboolean personal_info = FALSE;

/* Of modules that fotad has met, ended by NULL; a job's thread logs too. */
static GPtrArray *known_imeis;
G_LOCK_DEFINE_STATIC(known_imeis);

/* Also in units/fotad.catalog, where each says cause and remedy. */
static const char *const message_ids[] = {
    [FOTA_EVENT_NONE] = NULL,
    [FOTA_EVENT_MODULE_FOUND] = "2f4c9634649b45dcb7842c59b8772546",
    [FOTA_EVENT_APPROVAL_WANTED] = "9ad53c923fcf4b688d47cc2b509c0e6e",
    [FOTA_EVENT_UPDATE_STARTED] = "026236121bd443d4804b69932fb43a08",
    [FOTA_EVENT_UPDATE_DONE] = "56450b4be40042359da484777c00f38e",
    [FOTA_EVENT_UPDATE_FAILED] = "0357015ad0a84ee69441156efe09146c",
    [FOTA_EVENT_MANIFEST_REFUSED] = "34625a159be84d49b81bb7ee49fdef16",
    [FOTA_EVENT_NO_MODEM_MANAGER] = "a0967fff492f4aa3b475ff9926ba7fb3",
    [FOTA_EVENT_BAD_RECORD] = "bdbe232c84e84dde83d21ad9ad902405",
    [FOTA_EVENT_NOT_CONFIGURED] = "10e03e33efaf461db22ec15d287488a8",
    [FOTA_EVENT_CANNOT_START] = "465946377bdd439ab1c26bd071b227e1",
    [FOTA_EVENT_SETTINGS_DIFFER] = "c435ccbe569d42d09806830ca39f4f57",
    [FOTA_EVENT_PIN_REQUIRED] = "4a982c1f91ac454f93f29529c16293cd",
    [FOTA_EVENT_FIRST_AID] = "09383737a2ae4a119cd226719bac85a0",
    [FOTA_EVENT_FIRST_AID_FAILED] = "c44d7c83b2e34d259ae91237439ccad5",
    [FOTA_EVENT_VOLATILE_STATE] = "2609f516f1174e50b66dcf580dc23b52",
    [FOTA_EVENT_NO_SERVICE] = "071de17b012b4e6f87acaa0457ad10da",
    [FOTA_EVENT_UPDATE_LOOP] = "bce6370575c1448688fbfef9aeb0098b",
    [FOTA_EVENT_REPORT_LOST] = "04e24b6e43f7489cbc5ca0c5827ab2d5",
};

static int
level_to_priority(GLogLevelFlags level)
{
    switch (level & G_LOG_LEVEL_MASK) {
    case G_LOG_LEVEL_ERROR:
        return LOG_CRIT;
    case G_LOG_LEVEL_CRITICAL:
        return LOG_ERR;
    case G_LOG_LEVEL_WARNING:
        return LOG_WARNING;
    case G_LOG_LEVEL_MESSAGE:
        return LOG_NOTICE;
    case G_LOG_LEVEL_INFO:
        return LOG_INFO;
    default:
        return LOG_DEBUG;
    }
}

static GLogLevelFlags
priority_to_level(int priority)
{
    /* G_LOG_LEVEL_CRITICAL stays what GLib means by it: a defect in the program. */
    if (priority <= LOG_WARNING)
        return G_LOG_LEVEL_WARNING;
    if (priority == LOG_NOTICE)
        return G_LOG_LEVEL_MESSAGE;
    return priority == LOG_INFO ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_DEBUG;
}

static const char *
field_text(const GLogField *fields, gsize n_fields, const char *key)
{
    for (gsize i = 0; i < n_fields; i++) {
        if (strcmp(fields[i].key, key) == 0)
            return fields[i].value;
    }
    return NULL;
}

static char *
mask(const char *text, guint min_digits)
{
    char *shown;

    G_LOCK(known_imeis);
    shown = fota_mask_text(
        text, known_imeis != NULL ? (const char *const *)known_imeis->pdata : NULL, min_digits);
    G_UNLOCK(known_imeis);
    return shown;
}

/* Every message leaves the log this way, so that all that it quotes is masked. @texts keeps the
 * values. */
static GArray *
mask_fields(const GLogField *fields, gsize n_fields, GPtrArray *texts)
{
    GArray *masked = g_array_sized_new(FALSE, FALSE, sizeof(GLogField), (guint)n_fields);

    for (gsize i = 0; i < n_fields; i++) {
        GLogField field = fields[i];
        gboolean is_message = strcmp(field.key, "MESSAGE") == 0;

        if (is_message || g_str_has_prefix(field.key, "FOTA_")) {
            g_autofree char *text = field.length < 0 ? g_strdup(field.value)
                                                     : g_strndup(field.value, (gsize)field.length);

            field.value = mask(text, is_message ? FOTA_MASK_NUMBER : FOTA_MASK_IDENTITY);
            field.length = -1;
            g_ptr_array_add(texts, (gpointer)field.value);
        }
        g_array_append_val(masked, field);
    }
    return masked;
}

static GLogWriterOutput
write_fields(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    static const char *const names[] = {"emergency", "alert",  "critical", "error",
                                        "warning",   "notice", "info",     "debug"};
    const char *priority_text = field_text(fields, n_fields, "PRIORITY");
    const char *message = field_text(fields, n_fields, "MESSAGE");
    int priority = priority_text != NULL ? atoi(priority_text) : level_to_priority(level);

    if (level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR | G_LOG_FLAG_FATAL))
        return g_log_writer_default(level, fields, n_fields, user_data);
    if (priority > max_level)
        return G_LOG_WRITER_HANDLED;
    if (g_log_writer_is_journald(STDERR_FILENO))
        return g_log_writer_journald(level, fields, n_fields, user_data);
    fprintf(stderr, "%s: %s\n", names[CLAMP(priority, 0, 7)], message != NULL ? message : "");
    return G_LOG_WRITER_HANDLED;
}

static GLogWriterOutput
write_entry(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) masked = NULL;

    if (personal_info)
        return write_fields(level, fields, n_fields, user_data);
    masked = mask_fields(fields, n_fields, texts);
    return write_fields(level, (const GLogField *)(void *)masked->data, masked->len, user_data);
}

void
fota_log_init(void)
{
    g_log_set_writer_func(write_entry, NULL, NULL);
}

void
fota_log_set_level(int level)
{
    max_level = CLAMP(level, LOG_EMERG, LOG_DEBUG);
}

int
fota_log_get_level(void)
{
    return max_level;
}

void
fota_log_set_personal_info(gboolean allowed)
{
    personal_info = allowed;
}

void
fota_log_know_imei(const char *imei)
{
    G_LOCK(known_imeis);
    if (known_imeis == NULL) {
        known_imeis = g_ptr_array_new();
        g_ptr_array_add(known_imeis, NULL);
    }
    g_ptr_array_insert(known_imeis, 0, g_strdup(imei));
    G_UNLOCK(known_imeis);
}

char *
fota_log_mask(const char *text)
{
    return personal_info ? g_strdup(text) : mask(text, FOTA_MASK_NUMBER);
}

static void
add_field(GArray *fields, const char *key, const char *value)
{
    GLogField field = {key, value, -1};

    if (value != NULL && value[0] != '\0')
        g_array_append_val(fields, field);
}

void
fota_log(int level, FotaEvent event, const FotaLogContext *context, const char *format, ...)
{
    g_autoptr(GArray) fields = g_array_new(FALSE, FALSE, sizeof(GLogField));
    g_autofree char *text = NULL;
    g_autofree char *message = NULL;
    g_autofree char *module = NULL;
    char priority[12];
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    if (context != NULL && context->imei != NULL)
        module = personal_info ? g_strdup(context->imei) : fota_mask_imei(context->imei);
    message = module != NULL ? g_strdup_printf("%s: %s", module, text) : g_steal_pointer(&text);
    g_snprintf(priority, sizeof priority, "%d", level);

    add_field(fields, "MESSAGE", message);
    add_field(fields, "PRIORITY", priority);
    add_field(fields, "SYSLOG_IDENTIFIER", "fotad");
    add_field(fields, "MESSAGE_ID", message_ids[event]);
    add_field(fields, "FOTA_MODULE", module);
    if (context != NULL) {
        add_field(fields, "FOTA_UPDATE_ID", context->update_id);
        add_field(fields, "FOTA_FROM", context->from);
        add_field(fields, "FOTA_TO", context->to);
        add_field(fields, "FOTA_STATE", context->state);
        add_field(fields, "FOTA_RESULT", context->result);
    }
    g_log_structured_array(priority_to_level(level), (const GLogField *)(void *)fields->data,
                           fields->len);
}
