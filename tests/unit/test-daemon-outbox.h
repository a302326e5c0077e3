/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>
#include <unistd.h>

#include "base/fota-timer.h"
#include "daemon/fota-config-file.h"
#include "daemon/fota-outbox.h"
#include "policy/fota-report-rule.h"
#include "tests/unit/fake-socket.h"

/* The outbox, and a fotad-fetch with a server behind it that answers what it is told. */

#define IMEI "353081090012345"

static guint waits;  /* timers that were set */
static guint waited; /* seconds of the last one */

guint __wrap_fota_timer_add(guint seconds, GSourceFunc func, gpointer user_data);

static gboolean
never(gpointer user_data)
{
    return G_SOURCE_CONTINUE;
}

guint
__wrap_fota_timer_add(guint seconds, GSourceFunc func, gpointer user_data)
{
    waits++;
    waited = seconds;
    return g_timeout_add_seconds(3600, never, NULL);
}

typedef struct {
    char *directory;
    FotaContext context;
    int listener;
    GThread *thread;
    GMutex lock;
    const char *answer; /* "" = the session is closed without one, */
    const char *away;   /* as for each request that has this in it; NULL = none */
    GPtrArray *heard;   /* requests */
} Fixture;

static gpointer
fetch_run(gpointer data)
{
    Fixture *fixture = data;
    int fd;

    while ((fd = accept(fixture->listener, NULL, NULL)) >= 0) {
        g_autoptr(GString) heard = g_string_new(NULL);
        char byte;

        /* A body is one line, {...}. */
        while ((heard->len == 0 || heard->str[heard->len - 1] != '}') && read(fd, &byte, 1) == 1)
            g_string_append_c(heard, byte);
        g_mutex_lock(&fixture->lock);
        g_ptr_array_add(fixture->heard, g_strdup(heard->str));
        if (heard->len > 0 && (fixture->away == NULL || strstr(heard->str, fixture->away) == NULL))
            g_assert_cmpint(send(fd, fixture->answer, strlen(fixture->answer), MSG_NOSIGNAL), >=,
                            0);
        g_mutex_unlock(&fixture->lock);
        close(fd);
    }
    return NULL;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    g_autofree char *file = NULL;
    g_autoptr(GError) error = NULL;

    waits = 0;
    fixture->directory = g_dir_make_tmp("fotad-test-XXXXXX", NULL);
    file = g_build_filename(fixture->directory, "fotad.conf", NULL);
    g_assert_true(g_file_set_contents(file, "[Report]\nUri=http://r.example/{imei}\n", -1, NULL));
    fixture->context.config = fota_config_load(file, &error);
    g_assert_no_error(error);
    fixture->context.store = fota_store_new(fixture->directory, &error);
    g_assert_no_error(error);
    fixture->heard = g_ptr_array_new_with_free_func(g_free);
    fixture->answer = "status: 204\n\nend: 0\n\n";
    fixture->context.fetch_socket = g_build_filename(fixture->directory, "fetch", NULL);
    fixture->listener = fake_socket_listen(fixture->context.fetch_socket);
    fixture->thread = g_thread_new("fetch", fetch_run, fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    const char *const argv[] = {"rm", "-rf", fixture->directory, NULL};

    shutdown(fixture->listener, SHUT_RDWR);
    g_thread_join(fixture->thread);
    close(fixture->listener);
    g_ptr_array_unref(fixture->heard);
    fota_store_free(fixture->context.store);
    fota_config_unref(fixture->context.config);
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_free(fixture->context.fetch_socket);
    g_free(fixture->directory);
}

static void
add(FotaOutbox *outbox, guint number)
{
    g_autofree char *key = g_strdup_printf("%032x", number);
    g_autofree char *body = g_strdup_printf("{\"n\":%u}", number);

    fota_outbox_add(outbox, &(FotaPost){.key = key, .imei = IMEI, .model = "M", .body = body});
}

static void
run_until_empty(FotaOutbox *outbox)
{
    while (fota_outbox_get_length(outbox) > 0)
        g_main_context_iteration(NULL, TRUE);
}

/* As at the end of fotad: all that was begun has ended. */
static void
end(FotaOutbox *outbox, Fixture *fixture)
{
    g_autoptr(GError) error = NULL;

    fota_outbox_stop(outbox);
    fota_store_free(fixture->context.store);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    fota_outbox_free(outbox);
    fixture->context.store = fota_store_new(fixture->directory, &error);
    g_assert_no_error(error);
}

static guint
count_files(Fixture *fixture)
{
    g_autofree char *path = g_build_filename(fixture->directory, "outbox", NULL);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    guint n = 0;

    while (dir != NULL && g_dir_read_name(dir) != NULL)
        n++;
    return n;
}

static void
assert_heard(Fixture *fixture, guint index, guint number)
{
    g_autofree char *expected =
        g_strdup_printf("method: POST\nuri: http://r.example/" IMEI "\nidempotency-key: %032x\n"
                        "max-size: 65536\nlength: %u\n\n{\"n\":%u}",
                        number, number < 10 ? 7 : 8, number);

    g_mutex_lock(&fixture->lock);
    g_assert_cmpuint(fixture->heard->len, >, index);
    g_assert_cmpstr(fixture->heard->pdata[index], ==, expected);
    g_mutex_unlock(&fixture->lock);
}

static void
run_until_heard(Fixture *fixture, guint number)
{
    gboolean heard = FALSE;

    while (!heard) {
        g_main_context_iteration(NULL, FALSE);
        g_mutex_lock(&fixture->lock);
        heard = fixture->heard->len >= number;
        g_mutex_unlock(&fixture->lock);
    }
}

static GLogWriterOutput
be_quiet(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    return G_LOG_WRITER_HANDLED;
}
