/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-certify-stage.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>

#include "sim-certify-bus.h"

#define STOP_SECONDS 5

/* What it prints; NULL with an error. Free it. */
static char *
run_program(char **argv, char **environment, GError **error)
{
    g_autofree char *output = NULL, *said = NULL;
    int status = 0;

    if (!g_spawn_sync(NULL, argv, environment, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &said,
                      &status, error))
        return NULL;
    if (g_spawn_check_wait_status(status, NULL))
        return g_steal_pointer(&output);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", argv[0], g_strstrip(said));
    return NULL;
}

static char *
run_rehearsal(CertifyStage *stage, const char **argv, GError **error)
{
    g_auto(GStrv) environment =
        g_environ_setenv(g_get_environ(), "FOTA_REHEARSAL_DIR", stage->directory, TRUE);

    return run_program((char **)argv, environment, error);
}

gboolean
certify_stage_offer(CertifyStage *stage, const char *id, const char *from, const char *to,
                    gboolean two_gates, GError **error)
{
    const char *argv[] = {"fota-rehearsal",
                          "offer",
                          id,
                          from,
                          to,
                          two_gates ? "--install=required" : "--install=auto",
                          g_str_equal(from, to) ? "--dummy" : NULL,
                          NULL};
    g_autofree char *output = run_rehearsal(stage, argv, error);

    return output != NULL;
}

gboolean
certify_stage_withdraw(CertifyStage *stage, GError **error)
{
    const char *argv[] = {"fota-rehearsal", "withdraw", NULL};
    g_autofree char *output = run_rehearsal(stage, argv, error);

    return output != NULL;
}

gboolean
certify_stage_command(CertifyStage *stage, const char *verb, const char *rest, GError **error)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(stage->control);
    g_autoptr(GSocketConnection) connection =
        g_socket_client_connect(client, G_SOCKET_CONNECTABLE(address), NULL, error);
    g_autofree char *line = g_strdup_printf("%s %s %s\n", verb, stage->imei, rest);
    g_autoptr(GDataInputStream) input = NULL;
    g_autofree char *answer = NULL;

    if (connection == NULL)
        return FALSE;
    input = g_data_input_stream_new(g_io_stream_get_input_stream(G_IO_STREAM(connection)));
    if (!g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(connection)), line,
                                   strlen(line), NULL, NULL, error))
        return FALSE;
    answer = g_data_input_stream_read_line(input, NULL, NULL, error);
    if (answer != NULL && g_str_has_prefix(answer, "ok"))
        return TRUE;
    if (error != NULL && *error == NULL)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "fota-sim, to '%s %s': %s", verb, rest,
                    answer != NULL ? answer : "no answer");
    return FALSE;
}

gboolean
certify_stage_ask(CertifyStage *stage, const char *from, const char *to, GError **error)
{
    const char *argv[] = {"fota-rehearsal", "delta", from, to, NULL};
    g_autofree char *uri = run_rehearsal(stage, argv, error);
    /* No answer is too late for the server, until it is told so. */
    g_autofree char *rest =
        uri != NULL ? g_strdup_printf("%s limit=100000", g_strstrip(uri)) : NULL;

    return rest != NULL && certify_stage_command(stage, "ask", rest, error);
}

gboolean
certify_stage_restart_fotad(CertifyStage *stage, GError **error)
{
    const char *argv[] = {"/bin/sh", "-c", stage->restart, NULL};
    g_autofree char *output = run_program((char **)argv, NULL, error);

    return output != NULL;
}

/* In the child. What it prints must not get between the lines of the result. */
static void
lead_group(gpointer user_data)
{
    setpgid(0, 0);
    dup2(STDERR_FILENO, STDOUT_FILENO);
}

static void
on_end(GPid pid, int status, gpointer user_data)
{
    CertifyStage *stage = user_data;

    g_spawn_close_pid(pid);
    stage->watch = 0;
    stage->status = status;
    stage->pid = 0;
    stage->paused = FALSE;
}

gboolean
certify_stage_start(CertifyStage *stage, GError **error)
{
    if (stage->pid != 0)
        return TRUE;
    if (!g_spawn_async(NULL, stage->application, NULL,
                       G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, lead_group, NULL,
                       &stage->pid, error))
        return FALSE;
    stage->watch = g_child_watch_add(stage->pid, on_end, stage);
    return TRUE;
}

void
certify_stage_pause(CertifyStage *stage)
{
    if (stage->pid != 0)
        stage->paused = kill(-stage->pid, SIGSTOP) == 0;
}

void
certify_stage_resume(CertifyStage *stage)
{
    if (stage->pid != 0)
        kill(-stage->pid, SIGCONT);
    stage->paused = FALSE;
}

static gboolean
stage_is_over(gpointer user_data)
{
    CertifyStage *stage = user_data;

    return stage->pid == 0;
}

void
certify_stage_stop(CertifyStage *stage)
{
    GPid group = stage->pid;

    if (group == 0)
        return;
    kill(-group, SIGTERM);
    certify_stage_resume(stage);
    certify_bus_wait(stage_is_over, stage, STOP_SECONDS);
    kill(-group, SIGKILL); /* and what it has left behind */
    certify_bus_wait(stage_is_over, stage, STOP_SECONDS);
}
