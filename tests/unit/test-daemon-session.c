/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/fota-error.h"
#include "daemon/job/fota-session.h"

/*
 * Who ends what: the user's cancel ends everything but what a plugin's close() does, the end of the
 * process ends everything. The channel below does nothing but look at its cancellable.
 */

static gboolean
go_on(GCancellable *cancellable, GError **error)
{
    g_assert_nonnull(cancellable);
    return !g_cancellable_set_error_if_cancelled(cancellable, error);
}

static gboolean
on_open(FotaChannel *channel, GCancellable *cancellable, GError **error)
{
    return go_on(cancellable, error);
}

static GStrv
on_command(FotaChannel *channel, const char *command, guint seconds, GCancellable *cancellable,
           int *cme, GError **error)
{
    return go_on(cancellable, error) ? g_new0(char *, 1) : NULL;
}

static GBytes *
on_receive(FotaChannel *channel, const char *command, gsize max_bytes, guint seconds,
           GCancellable *cancellable, int *cme, GError **error)
{
    return go_on(cancellable, error) ? g_bytes_new_static("", 0) : NULL;
}

static char *
on_wait_line(FotaChannel *channel, const char *text, guint seconds, GCancellable *cancellable,
             GError **error)
{
    return go_on(cancellable, error) ? g_strdup(text) : NULL;
}

static gboolean
on_wait(FotaChannel *channel, guint seconds, GCancellable *cancellable, GError **error)
{
    return go_on(cancellable, error);
}

static gboolean
on_shout(FotaChannel *channel, const char *command, GCancellable *cancellable, GError **error)
{
    return go_on(cancellable, error);
}

static void
on_close(FotaChannel *channel)
{
}

static const FotaChannelClass channel_class = {
    .name = "port",
    .unsolicited = TRUE,
    .open = on_open,
    .command = on_command,
    .receive = on_receive,
    .wait_line = on_wait_line,
    .wait_gone = on_wait,
    .wait_back = on_wait,
    .switch_port = on_open,
    .shout = on_shout,
    .close = on_close,
};
/* Through ModemManager a line is waited for by letting the time pass. */
static const FotaChannelClass deaf_class = {.name = "modemmanager", .close = on_close};

static gboolean
on_guard(GCancellable *cancellable, gboolean *disturbed, gpointer user_data, GError **error)
{
    return go_on(cancellable, error);
}

/* A module that never falls silent keeps nobody waiting. */
static void
test_chatters(void)
{
    static const FotaPlugin table = {.name = "test"};
    FotaChannel channel = {.klass = &channel_class};
    const FotaVendor vendor = {.table = &table};
    g_autoptr(GCancellable) cancel = g_cancellable_new();
    const FotaSessionSetup setup = {.vendor = &vendor, .cancellable = cancel, .ending = cancel};
    g_autoptr(FotaSession) session = fota_session_new(&setup);
    g_auto(FotaHeard) heard = {0};
    g_auto(GStrv) lines = NULL;
    GError *error = NULL;

    fota_session_set_channel(session, &channel);
    fota_session_put_heard(session, "first");
    lines = fota_session_take_heard(session);
    g_assert_cmpuint(g_strv_length(lines), ==, FOTA_SESSION_LINES_MAX);
    g_assert_cmpstr(lines[0], ==, "first");
    g_assert_false(fota_session_hear(session, 0, &heard, &error));
    g_assert_no_error(error);
}

/* Data mode is left before ModemManager is waited for */

static gboolean in_data;

static void
on_raw_leave(FotaChannel *channel, GCancellable *cancellable)
{
    in_data = FALSE;
}

static gboolean
on_guard_without_data(GCancellable *cancellable, gboolean *disturbed, gpointer user_data,
                      GError **error)
{
    g_assert_false(in_data);
    return TRUE;
}

static void
test_leaves_data(void)
{
    static const FotaPlugin table = {.name = "test"};
    FotaChannelClass klass = channel_class;
    FotaChannel channel = {.klass = &klass};
    g_autoptr(GKeyFile) models = g_key_file_new();
    const FotaVendor vendor = {.table = &table, .models = models};
    g_autoptr(GCancellable) cancel = g_cancellable_new();
    const FotaSessionSetup setup = {
        .vendor = &vendor, .model = "TEST", .cancellable = cancel, .guard = on_guard_without_data};
    g_autoptr(FotaSession) session = fota_session_new(&setup);

    klass.raw_leave = on_raw_leave;
    in_data = TRUE;
    fota_session_set_channel(session, &channel);
    g_assert_true(fota_session_order(session, "AT", 1, NULL));
    g_assert_false(in_data);
}

/* While data pass ModemManager restarts, or the user cancels, which cancels both. */

static gboolean
on_raw_begin(FotaChannel *channel, const char *command, const char *const *prompts, guint *which,
             guint seconds, GCancellable *cancellable, int *cme, GError **error)
{
    return !g_cancellable_set_error_if_cancelled(cancellable, error);
}

static gboolean
on_raw_write(FotaChannel *channel, const guint8 *bytes, gsize length, guint seconds,
             GCancellable *cancellable, GError **error)
{
    return !g_cancellable_set_error_if_cancelled(cancellable, error);
}

static gboolean
on_raw_read(FotaChannel *channel, guint8 *byte, guint seconds, GCancellable *cancellable,
            GError **error)
{
    return !g_cancellable_set_error_if_cancelled(cancellable, error);
}

static GBytes *
on_data_receive(FotaChannel *channel, const char *command, gsize max_bytes, guint seconds,
                GCancellable *cancellable, int *cme, GError **error)
{
    return g_cancellable_set_error_if_cancelled(cancellable, error) ? NULL
                                                                    : g_bytes_new_static("", 0);
}

static gboolean
on_no_guard(GCancellable *cancellable, gboolean *disturbed, gpointer user_data, GError **error)
{
    return TRUE;
}

static void
test_disturbed(void)
{
    static const FotaPlugin table = {.name = "test"};
    static const char *const prompts[] = {"C", NULL};
    const FotaChannelClass klass = {.name = "data",
                                    .raw_begin = on_raw_begin,
                                    .raw_write = on_raw_write,
                                    .raw_read = on_raw_read,
                                    .receive = on_data_receive,
                                    .close = on_close};
    g_autoptr(GKeyFile) models = g_key_file_new();
    const FotaVendor vendor = {.table = &table, .models = models};

    for (guint i = 0; i < 4 * 3; i++) {
        const gboolean disturbed = i % 3 > 0, cancelled = i % 3 > 1;
        FotaChannel channel = {.klass = &klass};
        g_autoptr(GCancellable) cancel = g_cancellable_new();
        g_autoptr(GCancellable) disturbance = g_cancellable_new();
        const FotaSessionSetup setup = {.vendor = &vendor,
                                        .model = "TEST",
                                        .cancellable = cancel,
                                        .disturbance = disturbance,
                                        .guard = on_no_guard};
        g_autoptr(FotaSession) session = fota_session_new(&setup);
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) bytes = NULL;
        guint8 byte = 0;
        gboolean done;

        g_test_message("case %u", i);
        fota_session_set_channel(session, &channel);
        if (disturbed)
            g_cancellable_cancel(disturbance);
        if (cancelled)
            g_cancellable_cancel(cancel);
        done = i / 3 == 0   ? fota_session_begin_data(session, "AT", prompts, NULL, 1, &error)
               : i / 3 == 1 ? fota_session_write_data(session, &byte, 1, &error)
               : i / 3 == 2 ? fota_session_read_data(session, &byte, 1, 1, &error)
                            : (bytes = fota_session_receive(session, "AT", 1, 1, &error)) != NULL;
        g_assert_cmpint(done, ==, !disturbed);
        if (cancelled)
            g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
        else if (disturbed)
            g_assert_error(error, FOTA_ERROR, FOTA_ERROR_NO_AT_PORT);
        else
            g_assert_no_error(error);
    }
}

static gboolean
do_command(FotaSession *session, GError **error)
{
    return fota_session_order(session, "AT", 1, error);
}

static gboolean
do_receive(FotaSession *session, GError **error)
{
    g_autoptr(GBytes) bytes = fota_session_receive(session, "AT", 1, 1, error);

    return bytes != NULL;
}

static gboolean
do_wait_line(FotaSession *session, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    g_autofree char *line = fota_session_wait_unsolicited(session, "A", 0, &local_error);
    gboolean done = local_error == NULL;

    if (!done)
        g_propagate_error(error, g_steal_pointer(&local_error));
    return done;
}

static gboolean
do_pause(FotaSession *session, GError **error)
{
    return fota_session_pause(session, 0, error);
}

static gboolean
do_wait_gone(FotaSession *session, GError **error)
{
    return fota_session_wait_gone(session, 1, error);
}

static gboolean
do_wait_back(FotaSession *session, GError **error)
{
    return fota_session_wait_back(session, 1, error);
}

static gboolean
do_shout(FotaSession *session, GError **error)
{
    return fota_session_shout(session, "AT", error);
}

static const struct {
    const char *name;
    gboolean (*func)(FotaSession *session, GError **error);
    const FotaChannelClass *klass;
} calls[] = {
    {"open", fota_session_open, &channel_class},
    {"command", do_command, &channel_class},
    {"receive", do_receive, &channel_class},
    {"wait-line", do_wait_line, &channel_class},
    {"wait-line-through-mm", do_wait_line, &deaf_class},
    {"pause", do_pause, &channel_class},
    {"wait-gone", do_wait_gone, &channel_class},
    {"wait-back", do_wait_back, &channel_class},
    {"switch-port", fota_session_switch_port, &channel_class},
    {"shout", do_shout, &channel_class},
};

/* What is being closed, and what came of it. */
static guint closing;
static GError *close_error;

static void
on_method_close(FotaSession *session)
{
    calls[closing].func(session, &close_error);
}

/* Within a method's close() the call is shielded. */
static void
close_with(FotaSession *session, guint call, GError **error)
{
    const FotaMethod method = {.close = on_method_close};

    closing = call;
    fota_session_close(session, &method);
    if (close_error != NULL)
        g_propagate_error(error, g_steal_pointer(&close_error));
}

static void
check(guint call, gboolean shielded, gboolean cancelled, gboolean ending)
{
    static const FotaPlugin table = {.name = "test"};
    g_autoptr(GKeyFile) models = g_key_file_new();
    const FotaVendor vendor = {.table = &table, .models = models};
    g_autoptr(GCancellable) cancel = g_cancellable_new();
    g_autoptr(GCancellable) end = g_cancellable_new();
    const FotaSessionSetup setup = {.vendor = &vendor,
                                    .model = "TEST",
                                    .cancellable = cancel,
                                    .ending = end,
                                    .guard = on_guard};
    g_autoptr(FotaSession) session = fota_session_new(&setup);
    FotaChannel channel = {.klass = calls[call].klass};
    g_autoptr(GError) error = NULL;

    fota_session_set_channel(session, &channel);
    if (cancelled || ending)
        g_cancellable_cancel(cancel); /* as fota_job_cancel() does */
    if (ending)
        g_cancellable_cancel(end);
    if (shielded)
        close_with(session, call, &error);
    else
        calls[call].func(session, &error);
    if (ending || (cancelled && !shielded))
        g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    else
        g_assert_no_error(error);
}

static void
test_ends(gconstpointer data)
{
    guint call = GPOINTER_TO_UINT(data);

    for (guint i = 0; i < 8; i++)
        check(call, (i & 1) != 0, (i & 2) != 0, (i & 4) != 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/session/leaves-data", test_leaves_data);
    g_test_add_func("/session/disturbed", test_disturbed);
    g_test_add_func("/session/chatters", test_chatters);
    for (guint i = 0; i < G_N_ELEMENTS(calls); i++) {
        g_autofree char *path = g_strconcat("/session/ends/", calls[i].name, NULL);

        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_ends);
    }
    return g_test_run();
}
