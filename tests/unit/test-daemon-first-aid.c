/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/fota-error.h"
#include "daemon/job/fota-command.h"
#include "daemon/job/fota-first-aid.h"
#include "daemon/job/fota-report.h"

/* The module: which rung brings it back, and what was done with it. */

static FotaRung cure;
static FotaModuleError state; /* how it does not answer */
static GString *done;
static GCancellable *cancel_in_rung;

static void
note(FotaRung rung)
{
    g_string_append_printf(done, "%s%s", done->len > 0 ? " " : "", fota_rung_get_name(rung));
}

gboolean
fota_session_answers(FotaSession *session, guint seconds, GError **error)
{
    g_assert_cmpuint(seconds, ==, 7);
    if (cancel_in_rung != NULL) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
        return FALSE;
    }
    if (done->len == 0)
        note(FOTA_RUNG_AT_AGAIN);
    if (g_str_has_suffix(done->str, fota_rung_get_name(cure)))
        return TRUE;
    g_set_error(error, FOTA_MODULE_ERROR, (int)state, "no answer");
    return FALSE;
}

/* With @mute, its ttys are still there. */
static gboolean mute;

gboolean
fota_session_is_mute(FotaSession *session, const GError *error)
{
    return mute || g_error_matches(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT);
}

gboolean
fota_session_switch_port(FotaSession *session, GError **error)
{
    note(FOTA_RUNG_OTHER_PORT);
    return TRUE;
}

gboolean
fota_session_shout(FotaSession *session, const char *command, GError **error)
{
    g_assert_cmpstr(command, ==, "AT+CFUN=1,1");
    note(FOTA_RUNG_CFUN);
    return TRUE;
}

/* What is remembered of its power, and each time that this is written. */
static const char *power;
static GString *written;
static gboolean full;

const char *
fota_session_recall(FotaSession *session, const char *name)
{
    g_assert_cmpstr(name, ==, FOTA_JOB_POWER);
    return power;
}

void
fota_session_remember(FotaSession *session, const char *name, const char *value)
{
    g_assert_cmpstr(name, ==, FOTA_JOB_POWER);
    power = value;
}

gboolean
fota_session_save(FotaSession *session, GError **error)
{
    g_string_append_printf(written, "<%s>", power);
    if (full)
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_RECORD_NOT_WRITABLE, "full");
    return !full;
}

/* As while the module is inhibited. */
static gboolean
reset(gpointer user_data, GError **error)
{
    note(FOTA_RUNG_MM_RESET);
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED, "not shown");
    return FALSE;
}

#define R(name) (1u << FOTA_RUNG_##name)

typedef struct {
    const char *name;
    FotaModuleError error, state;
    guint allowed;
    gboolean installing, limits_over, reset_after_install;
    gboolean mute;
    FotaRung cure;
    gboolean helps;
    const char *done;
    const char *says;
} Case;

static const Case cases[] = {
    {"first-rung", FOTA_MODULE_ERROR_MODULE_SILENT, FOTA_MODULE_ERROR_MODULE_SILENT,
     R(AT_AGAIN) | R(CFUN), FALSE, FALSE, FALSE, FALSE, FOTA_RUNG_AT_AGAIN, TRUE, "at-again",
     "brought the module back: at-again"},
    {"up-the-ladder", FOTA_MODULE_ERROR_MODULE_SILENT, FOTA_MODULE_ERROR_MODULE_SILENT,
     R(AT_AGAIN) | R(OTHER_PORT) | R(CFUN), FALSE, FALSE, FALSE, FALSE, FOTA_RUNG_CFUN, TRUE,
     "at-again other-port cfun", "back: at-again, other-port, cfun"},
    {"what-cannot-be-done-is-no-end", FOTA_MODULE_ERROR_MODULE_SILENT,
     FOTA_MODULE_ERROR_MODULE_SILENT, R(AT_AGAIN) | R(CFUN) | R(MM_RESET) | R(COMMAND), FALSE,
     FALSE, FALSE, FALSE, FOTA_N_RUNGS - 1, FALSE, "at-again cfun modemmanager-reset",
     "tried: at-again, cfun, modemmanager-reset, command; go on with the "
     "entry mute-module of first-aid.md"},
    /* It was there, and left when it was restarted: what needs a port makes no sense any more. */
    {"leaves-meanwhile", FOTA_MODULE_ERROR_MODULE_SILENT, FOTA_MODULE_ERROR_MODULE_NOT_RETURNED,
     R(AT_AGAIN) | R(OTHER_PORT) | R(CFUN) | R(MM_RESET), FALSE, FALSE, FALSE, FALSE,
     FOTA_RUNG_COMMAND, FALSE, "at-again", "absent-module"},
    /* It has ttys, and says nothing on any of them: it can still be told something. */
    {"mute-and-not-back", FOTA_MODULE_ERROR_MODULE_SILENT, FOTA_MODULE_ERROR_MODULE_NOT_RETURNED,
     R(AT_AGAIN) | R(OTHER_PORT) | R(CFUN), FALSE, FALSE, FALSE, TRUE, FOTA_RUNG_CFUN, TRUE,
     "at-again other-port cfun", "back: at-again, other-port, cfun"},
    {"mute-for-good", FOTA_MODULE_ERROR_MODULE_NOT_RETURNED, FOTA_MODULE_ERROR_MODULE_NOT_RETURNED,
     R(AT_AGAIN) | R(OTHER_PORT) | R(CFUN), FALSE, FALSE, FALSE, TRUE, FOTA_RUNG_COMMAND, FALSE,
     "at-again other-port cfun", "mute-module"},
    {"nothing-allowed", FOTA_MODULE_ERROR_MODULE_SILENT, FOTA_MODULE_ERROR_MODULE_SILENT, 0, FALSE,
     FALSE, FALSE, FALSE, FOTA_RUNG_CFUN, FALSE, "", "first aid is not allowed now"},
    {"may-be-installing", FOTA_MODULE_ERROR_MODULE_SILENT, FOTA_MODULE_ERROR_MODULE_SILENT,
     (1u << FOTA_N_RUNGS) - 1, TRUE, FALSE, TRUE, FALSE, FOTA_RUNG_CFUN, FALSE, "",
     "unfinished-install"},
    {"limits-over", FOTA_MODULE_ERROR_MODULE_NOT_RETURNED, FOTA_MODULE_ERROR_MODULE_NOT_RETURNED,
     (1u << FOTA_N_RUNGS) - 1, TRUE, TRUE, FALSE, FALSE, FOTA_RUNG_CFUN, FALSE, "at-again",
     "unfinished-install"},
};

static void
test_ladder(gconstpointer data)
{
    const Case *test = data;
    FotaFirstAid aid = {.imei = "353081090012345",
                        .device = "/nonexistent",
                        .seconds = 7,
                        .facts = {.allowed = test->allowed,
                                  .may_be_installing = test->installing,
                                  .limits_over = test->limits_over,
                                  .reset_after_install = test->reset_after_install},
                        .reset = reset};
    g_autoptr(GError) error = g_error_new(FOTA_MODULE_ERROR, (int)test->error, "AT: no answer");

    g_assert_true(fota_first_aid_is_needed(error));
    done = g_string_new(NULL);
    cure = test->cure;
    state = test->state;
    mute = test->mute;
    g_assert_cmpint(fota_first_aid_give(&aid, &error), ==, test->helps);
    g_assert_error(error, FOTA_MODULE_ERROR, (int)test->error);
    g_assert_true(g_str_has_prefix(error->message, "AT: no answer; first aid "));
    g_assert_nonnull(strstr(error->message, test->says));
    g_assert_cmpstr(done->str, ==, test->done);
    g_string_free(done, TRUE);
}

static void
test_cancelled(void)
{
    FotaFirstAid aid = {.imei = "353081090012345",
                        .device = "/nonexistent",
                        .seconds = 7,
                        .facts = {.allowed = (1u << FOTA_N_RUNGS) - 1},
                        .reset = reset};
    g_autoptr(GError) error =
        g_error_new(FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_MODULE_SILENT, "AT: no answer");

    mute = FALSE;
    done = g_string_new(NULL);
    cancel_in_rung = g_cancellable_new();
    g_assert_false(fota_first_aid_give(&aid, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_assert_cmpstr(done->str, ==, "");
    g_clear_object(&cancel_in_rung);
    g_string_free(done, TRUE);
}

/* A restart fixes no definite answer, no wrong module and no lost ModemManager. */
static void
test_needed(void)
{
    static const FotaModuleError healthy[] = {
        FOTA_MODULE_ERROR_MODULE_REFUSED,  FOTA_MODULE_ERROR_BAD_ANSWER,
        FOTA_MODULE_ERROR_NO_SIGNAL,       FOTA_MODULE_ERROR_TRANSFER_FAILED,
        FOTA_MODULE_ERROR_INSTALL_REFUSED, FOTA_MODULE_ERROR_OLD_VERSION,
        FOTA_MODULE_ERROR_WRONG_BASE,      FOTA_MODULE_ERROR_NOT_SUPPORTED,
    };
    g_autoptr(GError) channel = g_error_new(FOTA_ERROR, FOTA_ERROR_NO_AT_PORT, "inhibited");
    g_autoptr(GError) cancelled = g_error_new(G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");

    for (guint i = 0; i < G_N_ELEMENTS(healthy); i++) {
        g_autoptr(GError) error = g_error_new(FOTA_MODULE_ERROR, (int)healthy[i], "so");

        g_assert_false(fota_first_aid_is_needed(error));
    }
    g_assert_false(fota_first_aid_is_needed(channel));
    g_assert_false(fota_first_aid_is_needed(cancelled));
    g_assert_false(fota_first_aid_is_needed(NULL));
}

/* The command */

static const char *const environment[] = {"PATH=/usr/bin:/bin", "FOTA_IMEI=353081090012345", NULL};

static char *
temporary_directory(void)
{
    g_autoptr(GError) error = NULL;
    char *directory = g_dir_make_tmp("fota-first-aid.XXXXXX", &error);

    g_assert_no_error(error);
    return directory;
}

static void
remove_directory(const char *directory)
{
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *file = g_build_filename(directory, name, NULL);

        g_unlink(file);
    }
    g_rmdir(directory);
}

/* It gets its arguments as they are and no environment but ours; no shell looks at them. */
static void
test_command(void)
{
    g_autofree char *directory = temporary_directory();
    g_autofree char *output = g_build_filename(directory, "output", NULL);
    const char *argv[] = {"/usr/bin/python3",
                          "-c",
                          "import os, sys; open(sys.argv[1], 'w').write(repr((sys.argv[2:], "
                          "os.environ['FOTA_IMEI'], 'HOME' in os.environ)))",
                          output,
                          "$(id) `id` ; id",
                          "two words",
                          NULL};
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    g_assert_true(fota_command_run(argv, environment, 60, NULL, &error));
    g_assert_no_error(error);
    g_assert_true(g_file_get_contents(output, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "(['$(id) `id` ; id', 'two words'], '353081090012345', False)");
    remove_directory(directory);
}

/* What is not written down is not switched off, and what may be off stays written down. */
static void
test_power(void)
{
    static const struct {
        const char *power, *command;
        gboolean full, done;
        const char *written, *power_then;
    } table[] = {
        {NULL, "/bin/true", FALSE, TRUE, "<1><>", ""},
        {NULL, "/bin/false", FALSE, FALSE, "<1>", "1"},
        {NULL, "/bin/true", TRUE, FALSE, "<1>", "1"},
        /* By the mark of the order. */
        {"1", "/bin/true", FALSE, TRUE, "<>", ""},
        {"1", "/bin/true", TRUE, TRUE, "<>", ""},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        const char *command[] = {table[i].command, NULL};
        const FotaFirstAid aid = {.session = (FotaSession *)&table[i],
                                  .imei = "353081090012345",
                                  .device = "/nonexistent",
                                  .command = command,
                                  .command_seconds = 60};

        g_test_message("case %u", i);
        written = g_string_new(NULL);
        power = table[i].power;
        full = table[i].full;
        g_assert_cmpint(fota_first_aid_cycle_power(&aid, NULL), ==, table[i].done);
        g_assert_cmpstr(written->str, ==, table[i].written);
        g_assert_cmpstr(power, ==, table[i].power_then);
        g_string_free(written, TRUE);
    }
}

/* Only where a restart is allowed at all. */
static void
test_restart(void)
{
    for (guint allowed = 0; allowed < 1u << FOTA_N_RUNGS; allowed++) {
        const gboolean may = (allowed & 1u << FOTA_RUNG_CFUN) != 0;
        const FotaFirstAid aid = {.imei = "353081090012345", .facts = {.allowed = allowed}};
        g_autoptr(GError) error = NULL;

        done = g_string_new(NULL);
        g_assert_cmpint(fota_first_aid_restart(&aid, &error), ==, may);
        g_assert_cmpstr(done->str, ==, may ? "cfun" : "");
        if (!may) {
            g_assert_error(error, FOTA_ERROR, FOTA_ERROR_FIRST_AID_FAILED);
            g_assert_nonnull(strstr(error->message, "mute-module"));
        }
        g_string_free(done, TRUE);
    }
}

static void
test_command_fails(void)
{
    static const struct {
        const char *argv[4];
        const char *says;
    } table[] = {
        {{"/bin/false", NULL}, "status 1"},
        {{"/bin/sh", "-c", "kill -TERM $$", NULL}, "signal 15"},
        {{"/nonexistent/power-cycle", NULL}, "cannot be started"},
        {{"/", NULL}, "cannot be started"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(fota_command_run(table[i].argv, environment, 60, NULL, &error));
        g_assert_error(error, FOTA_ERROR, FOTA_ERROR_FIRST_AID_FAILED);
        /* Under qemu-user a child cannot tell posix_spawn() why it does not start. */
        if (strstr(error->message, "status 127") == NULL)
            g_assert_nonnull(strstr(error->message, table[i].says));
    }
}

/* With all that it has started: the writing end of the pipe is closed when nobody has it any more.
 */
static void
run_for_ever(GCancellable *cancellable, guint seconds, GError **error)
{
    const char *argv[] = {"/bin/sh", "-c", "sleep 1000 & sleep 1000", NULL};
    int ends[2], copy;
    char byte;

    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    copy = dup(ends[1]); /* without O_CLOEXEC */
    close(ends[1]);
    g_assert_false(fota_command_run(argv, environment, seconds, cancellable, error));
    close(copy);
    g_assert_cmpint((int)read(ends[0], &byte, 1), ==, 0);
    close(ends[0]);
}

static gpointer
cancel_soon(gpointer cancellable)
{
    g_cancellable_cancel(cancellable);
    return NULL;
}

static void
test_command_hangs(void)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) late = NULL;
    g_autoptr(GError) cancelled = NULL;
    GThread *thread;

    run_for_ever(NULL, 1, &late);
    g_assert_error(late, FOTA_ERROR, FOTA_ERROR_FIRST_AID_FAILED);
    g_assert_nonnull(strstr(late->message, "was killed"));
    thread = g_thread_new("cancel", cancel_soon, cancellable);
    run_for_ever(cancellable, 1000, &cancelled);
    g_assert_error(cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_thread_join(thread);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* Each rung is a warning. */
    g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/daemon/first-aid/ladder/", cases[i].name, NULL);

        g_test_add_data_func(path, &cases[i], test_ladder);
    }
    g_test_add_func("/daemon/first-aid/cancelled", test_cancelled);
    g_test_add_func("/daemon/first-aid/needed", test_needed);
    g_test_add_func("/daemon/first-aid/command", test_command);
    g_test_add_func("/daemon/first-aid/restart", test_restart);
    g_test_add_func("/daemon/first-aid/power", test_power);
    g_test_add_func("/daemon/first-aid/command-fails", test_command_fails);
    g_test_add_func("/daemon/first-aid/command-hangs", test_command_hangs);
    return g_test_run();
}
