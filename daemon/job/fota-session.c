/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/job/fota-session.h"

#include <string.h>
#include <syslog.h>

#include "base/fota-wait.h"
#include "daemon/fota-error.h"
#include "daemon/fota-log.h"

struct _FotaSession {
    FotaSessionSetup setup;
    FotaChannel *channel;
    GHashTable *texts; /* key -> text of the model, so that plugins need not free it */
    gboolean shielded; /* what was opened is being closed */
    GQueue heard;      /* char *, from before the session */
    char *question;    /* the line of the last one */
    char *failure;     /* the line that came last, if it is about one; else NULL */
    gpointer data;     /* of the plugin, for its close() */
    GDestroyNotify destroy;
    guint base, share; /* of the running part, in percent of the whole */
    int cme;
};

FotaSession *
fota_session_new(const FotaSessionSetup *setup)
{
    FotaSession *session = g_new0(FotaSession, 1);

    session->setup = *setup;
    session->texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_queue_init(&session->heard);
    session->share = 100;
    session->cme = -1;
    return session;
}

void
fota_session_free(FotaSession *session)
{
    fota_session_set_data(session, NULL, NULL);
    if (session->channel != NULL)
        session->channel->klass->close(session->channel);
    g_hash_table_unref(session->texts);
    g_queue_clear_full(&session->heard, g_free);
    g_free(session->question);
    g_free(session->failure);
    g_free(session);
}

void
fota_session_set_channel(FotaSession *session, FotaChannel *channel)
{
    session->channel = channel;
}

/* How much of @line may be shown; what follows is a PIN, or an answer that may hold a password. */
static gsize
shown_length(FotaSession *session, const char *line)
{
    const FotaSetting *setting = session->setup.vendor->table->settings;
    const char *pin = strstr(line, "CPIN=");

    if (pin != NULL)
        return (gsize)(pin - line) + strlen("CPIN=");
    for (; setting != NULL && setting->name != NULL; setting++) {
        gsize length = strlen(setting->name);

        if (setting->secret && g_str_has_prefix(line, setting->name) && line[length] == ':')
            return length + 1;
    }
    return strlen(line);
}

void
fota_session_trace(char direction, const char *line, gpointer user_data)
{
    FotaSession *session = user_data;
    FotaLogContext context = {.imei = session->setup.imei};
    g_autoptr(GString) hidden = NULL;
    gsize shown;

    if (fota_log_get_level() < 7)
        return;
    shown = shown_length(session, line);
    hidden = g_string_new_len(line, (gssize)shown);
    if (line[shown] != '\0')
        g_string_append(hidden, "***");
    for (guint i = 0; i < G_N_ELEMENTS(session->setup.secrets); i++) {
        if (session->setup.secrets[i] != NULL && session->setup.secrets[i][0] != '\0')
            g_string_replace(hidden, session->setup.secrets[i], "***", 0);
    }
    fota_log(LOG_DEBUG, FOTA_EVENT_NONE, &context, "AT %c %s", direction, hidden->str);
}

/* A shield is against those who have changed their mind, not against the end of the process. */
GCancellable *
fota_session_get_cancellable(FotaSession *session)
{
    return session->shielded ? session->setup.ending : session->setup.cancellable;
}

/* A shield is against that too: whoever has one goes on whatever happens. */
GCancellable *
fota_session_get_data_cancellable(FotaSession *session)
{
    return !session->shielded && session->setup.disturbance != NULL
               ? session->setup.disturbance
               : fota_session_get_cancellable(session);
}

gboolean
fota_session_judge_data(FotaSession *session, gboolean done, GError **error)
{
    if (!done && error != NULL && g_error_matches(*error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
        !g_cancellable_is_cancelled(fota_session_get_cancellable(session))) {
        g_clear_error(error);
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_NO_AT_PORT,
                    "ModemManager has restarted and used the module's port meanwhile");
    }
    return done;
}

/* Before anything is sent: a ModemManager that has just restarted probes every port it finds. It
 * never shows a module that takes its commands for data, and never gets it to leave. */
gboolean
fota_session_enter(FotaSession *session, GError **error)
{
    const FotaChannelClass *klass = session->channel->klass;
    gboolean disturbed = FALSE;

    if (klass->raw_leave != NULL)
        klass->raw_leave(session->channel, fota_session_get_cancellable(session));
    if (!session->setup.guard(fota_session_get_cancellable(session), &disturbed,
                              session->setup.user_data, error))
        return FALSE;
    if (disturbed && klass->distrust != NULL)
        klass->distrust(session->channel);
    return TRUE;
}

const char *
fota_session_get_text(FotaSession *session, const char *key)
{
    const char *text = g_hash_table_lookup(session->texts, key);

    if (text == NULL) {
        char *value = fota_vendor_get_text(session->setup.vendor, session->setup.model, key);

        if (value == NULL)
            g_critical("plugin %s has no %s for %s", session->setup.vendor->table->name, key,
                       session->setup.model);
        g_hash_table_insert(session->texts, g_strdup(key), value != NULL ? value : g_strdup(""));
        text = g_hash_table_lookup(session->texts, key);
    }
    return text;
}

guint
fota_session_get_number(FotaSession *session, const char *key)
{
    return fota_vendor_get_number(session->setup.vendor, session->setup.model, key);
}

const char *
fota_session_get_network(FotaSession *session, const char *key)
{
    const FotaNetwork *network = session->setup.network;
    const struct {
        const char *key, *value;
    } table[] = {
        {"Apn", network->apn},
        {"PdpType", network->pdp_type},
        {"User", network->user},
        {"Password", network->password},
        {"Authentication", network->authentication},
        {"ProvisionedApn", network->provisioned_apn},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        if (strcmp(table[i].key, key) == 0)
            return table[i].value;
    }
    return NULL;
}

void
fota_session_set_data(FotaSession *session, gpointer data, GDestroyNotify destroy)
{
    gpointer old = session->data;
    GDestroyNotify destroy_old = session->destroy;

    session->data = data;
    session->destroy = destroy;
    if (old != NULL && destroy_old != NULL)
        destroy_old(old);
}

gpointer
fota_session_get_data(FotaSession *session)
{
    return session->data;
}

void
fota_session_close(FotaSession *session, const FotaMethod *method)
{
    session->shielded = TRUE;
    if (method->close != NULL)
        method->close(session);
    session->shielded = FALSE;
    fota_session_set_data(session, NULL, NULL);
}

guint
fota_session_get_seconds(FotaSession *session, const char *command)
{
    gsize length = strcspn(command + strlen("AT"), "=?");
    g_autofree char *key = g_strdup_printf("Time%.*s", (int)length, command + strlen("AT"));
    g_autofree char *text = fota_vendor_get_text(session->setup.vendor, session->setup.model, key);

    return text != NULL ? (guint)g_ascii_strtoull(text, NULL, 10)
                        : fota_session_get_number(session, "Time");
}

static guint
choose_seconds(FotaSession *session, const char *command, guint seconds)
{
    return seconds > 0 ? seconds : fota_session_get_seconds(session, command);
}

GStrv
fota_session_command(FotaSession *session, const char *command, guint seconds, GError **error)
{
    session->cme = -1;
    if (!fota_session_enter(session, error))
        return NULL;
    return session->channel->klass->command(
        session->channel, command, choose_seconds(session, command, seconds),
        fota_session_get_cancellable(session), &session->cme, error);
}

FotaChannel *
fota_session_get_channel(FotaSession *session)
{
    return session->channel;
}

int *
fota_session_get_cme_place(FotaSession *session)
{
    return &session->cme;
}

int
fota_session_get_cme(FotaSession *session)
{
    return session->cme;
}

GBytes *
fota_session_receive(FotaSession *session, const char *command, gsize max_bytes, guint seconds,
                     GError **error)
{
    GBytes *bytes;

    if (session->channel->klass->receive == NULL) {
        g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED,
                    "data mode does not work through ModemManager; set [Access] At=port");
        return NULL;
    }
    session->cme = -1;
    if (!fota_session_enter(session, error))
        return NULL;
    bytes = session->channel->klass->receive(
        session->channel, command, max_bytes, choose_seconds(session, command, seconds),
        fota_session_get_data_cancellable(session), &session->cme, error);
    fota_session_judge_data(session, bytes != NULL, error);
    return bytes;
}

gboolean
fota_session_hears_unsolicited(FotaSession *session)
{
    return session->channel->klass->unsolicited;
}

void
fota_session_put_heard(FotaSession *session, const char *line)
{
    g_queue_push_tail(&session->heard, g_strdup(line));
}

static char *
take_heard(FotaSession *session, const char *text)
{
    for (GList *l = session->heard.head; l != NULL; l = l->next) {
        char *line = l->data;

        if (strcasestr(line, text) != NULL) {
            g_queue_delete_link(&session->heard, l);
            return line;
        }
    }
    return NULL;
}

/* What the channel has kept, and has come since. */
static char *
take_arrived(FotaSession *session)
{
    const FotaChannelClass *klass = session->channel->klass;

    return klass->wait_line != NULL
               ? klass->wait_line(session->channel, "", 0, session->setup.ending, NULL)
               : NULL;
}

GStrv
fota_session_take_heard(FotaSession *session)
{
    g_autoptr(GStrvBuilder) lines = g_strv_builder_new();
    char *line;

    for (guint i = 0; i < FOTA_SESSION_LINES_MAX; i++) {
        line = take_heard(session, "");
        if (line == NULL)
            line = take_arrived(session);
        if (line == NULL)
            break;
        g_strv_builder_add(lines, line);
        g_free(line);
    }
    return g_strv_builder_end(lines);
}

const char *
fota_session_get_question(FotaSession *session)
{
    return session->question;
}

const char *
fota_session_get_failure(FotaSession *session)
{
    return session->failure;
}

static void
note_heard(FotaSession *session, const char *line)
{
    g_auto(FotaHeard) heard = {0};
    char **place = &session->question;

    if (!fota_heard_read(fota_session_get_unsolicited(session), line, &heard))
        return;
    if (heard.kind == FOTA_LINE_FAILED)
        place = &session->failure;
    else if (!fota_heard_is_question(&heard) && heard.kind != FOTA_LINE_STATE &&
             heard.kind != FOTA_LINE_CARRIER)
        return;
    g_clear_pointer(&session->failure, g_free);
    g_free(*place);
    *place = g_strdup(line);
}

char *
fota_session_wait_unsolicited(FotaSession *session, const char *text, guint seconds, GError **error)
{
    char *line = take_heard(session, text);

    if (line == NULL && session->channel->klass->wait_line == NULL)
        fota_session_pause(session, seconds, error);
    else if (line == NULL)
        line = session->channel->klass->wait_line(session->channel, text, seconds,
                                                  fota_session_get_cancellable(session), error);
    if (line != NULL)
        note_heard(session, line);
    return line;
}

const FotaUnsolicited *
fota_session_get_unsolicited(FotaSession *session)
{
    return session->setup.vendor->table->unsolicited;
}

gint64
fota_session_get_time(FotaSession *session)
{
    return fota_boot_time() / G_USEC_PER_SEC;
}

gboolean
fota_session_pause(FotaSession *session, guint seconds, GError **error)
{
    struct pollfd nothing;

    return fota_wait(&nothing, 0, fota_deadline_in(seconds), fota_session_get_cancellable(session),
                     error) != FOTA_WAIT_FAILED;
}

static void
session_report(FotaSession *session, FotaJobReport report)
{
    session->setup.report(&report, session->setup.user_data);
}

void
fota_session_begin_part(FotaSession *session, guint base, guint share)
{
    session->base = base;
    session->share = share;
    fota_session_report_progress(session, 0);
}

void
fota_session_report_progress(FotaSession *session, guint percent)
{
    guint whole = session->base + session->share * MIN(percent, 100) / 100;

    session_report(session, (FotaJobReport){.kind = FOTA_REPORT_PROGRESS, .percent = whole});
}

void
fota_session_report_bytes(FotaSession *session, guint64 received, guint64 total)
{
    session_report(session, (FotaJobReport){.kind = FOTA_REPORT_BYTES, .bytes = {received, total}});
}

void
fota_session_report_verifying(FotaSession *session)
{
    session_report(session, (FotaJobReport){.kind = FOTA_REPORT_VERIFYING});
}

void
fota_session_note(FotaSession *session, const char *format, ...)
{
    FotaLogContext context = {.imei = session->setup.imei,
                              .from = session->setup.update->from,
                              .to = session->setup.update->to};
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    fota_log(LOG_INFO, FOTA_EVENT_NONE, &context, "%s", text);
}

void
fota_session_remember(FotaSession *session, const char *name, const char *value)
{
    g_hash_table_insert(session->setup.settings, g_strdup(name), g_strdup(value));
    session_report(session, (FotaJobReport){.kind = FOTA_REPORT_SETTING, .setting = {name, value}});
}

gboolean
fota_session_save(FotaSession *session, GError **error)
{
    return session->setup.save(session->setup.user_data, error);
}

const char *
fota_session_recall(FotaSession *session, const char *name)
{
    return g_hash_table_lookup(session->setup.settings, name);
}
