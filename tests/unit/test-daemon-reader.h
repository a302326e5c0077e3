/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>
#include <unistd.h>

#include "base/fota-clock.h"
#include "daemon/fota-config-file.h"
#include "daemon/fota-error.h"
#include "daemon/module/fota-reader.h"
#include "policy/fota-policy-error.h"
#include "test-policy-sign.h"
#include "tests/unit/fake-socket.h"

/* Reader and poller of one module, a fotad-fetch that answers what it is told, and a clock. */

#define IMEI "353081090012345"
#define DAY ((gint64)86400)

static gint64 now;

gint64 __wrap_fota_clock_now(void);

gint64
__wrap_fota_clock_now(void)
{
    return now;
}

/* What the kernel tells: there is no way out; and its next change, once somebody watches. */
static void (*network_changed)(gpointer user_data);
static gpointer watcher;

int __wrap_fota_route_leads_out(const char *sys, const char *without);
guint
__wrap_fota_route_watch(void (*changed)(gpointer user_data), gpointer user_data, GError **error);

int
__wrap_fota_route_leads_out(const char *sys, const char *without)
{
    return 0;
}

static gboolean
do_nothing(gpointer user_data)
{
    return G_SOURCE_CONTINUE;
}

guint
__wrap_fota_route_watch(void (*changed)(gpointer user_data), gpointer user_data, GError **error)
{
    network_changed = changed;
    watcher = user_data;
    return g_timeout_add_seconds(DAY, do_nothing, NULL);
}

typedef struct {
    char *directory;
    FotaContext context;
    FotaKeeper *keeper;
    FotaPoller *poller;
    FotaAccepted *accepted;
    FotaReader *reader;
    GObject *owner;
    int listener;
    GThread *thread;
    GMutex lock;
    char *answer; /* "" = the session is closed without one */
    gsize size;
    char *asked; /* the last request */
} Fixture;

static void
nothing(gpointer object)
{
}

static gpointer
fetch_run(gpointer data)
{
    Fixture *fixture = data;
    int fd;

    while ((fd = accept(fixture->listener, NULL, NULL)) >= 0) {
        g_autoptr(GString) heard = g_string_new(NULL);
        const char *method = NULL;
        char byte;

        while ((method == NULL || strstr(method, "\n\n") == NULL) && read(fd, &byte, 1) == 1) {
            g_string_append_c(heard, byte);
            method = strstr(heard->str, "method:");
        }
        g_mutex_lock(&fixture->lock);
        g_free(fixture->asked);
        fixture->asked = g_strdup(heard->str);
        if (fixture->size > 0 && method != NULL)
            g_assert_cmpint(send(fd, fixture->answer, fixture->size, MSG_NOSIGNAL), >, 0);
        g_mutex_unlock(&fixture->lock);
        close(fd);
    }
    return NULL;
}

static void
fetch_start(Fixture *fixture)
{
    fixture->context.fetch_socket = g_build_filename(fixture->directory, "fetch", NULL);
    fixture->listener = fake_socket_listen(fixture->context.fetch_socket);
    fixture->thread = g_thread_new("fetch", fetch_run, fixture);
}

/* fotad begins, with the record that is on disk. */
static void
start(Fixture *fixture)
{
    const FotaPartOwner owner = {fixture->owner, nothing};
    g_autoptr(GError) error = NULL;
    FotaRecord *record = fota_store_load(fixture->context.store, IMEI, &error);

    g_assert_no_error(error);
    fixture->keeper = fota_keeper_new(fixture->context.store, record, &owner);
    fixture->poller = fota_poller_new(&fixture->context, fixture->keeper, &owner);
    fixture->accepted = fota_accepted_new(&fixture->context, fixture->keeper, fixture->poller);
    fixture->reader =
        fota_reader_new(&fixture->context, record, fixture->poller, fixture->accepted, &owner);
}

static void
take_result(GObject *object, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **)user_data = g_object_ref(result);
}

/* Returns when all is written. */
static void
write_all(Fixture *fixture)
{
    g_autoptr(GAsyncResult) result = NULL;

    fota_keeper_wait_async(fixture->keeper, take_result, &result);
    while (result == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(fota_keeper_wait_finish(fixture->keeper, result, NULL));
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void
stop(Fixture *fixture)
{
    write_all(fixture);
    /* The time of the last check may still be on its way to the disk. */
    while (G_OBJECT(fixture->owner)->ref_count > 1)
        g_main_context_iteration(NULL, TRUE);
    g_clear_pointer(&fixture->reader, fota_reader_free);
    g_clear_pointer(&fixture->accepted, fota_accepted_free);
    g_clear_pointer(&fixture->poller, fota_poller_free);
    g_clear_pointer(&fixture->keeper, fota_keeper_free);
}

static void
configure(Fixture *fixture, const char *text)
{
    g_autofree char *file = g_build_filename(fixture->directory, "fotad.conf", NULL);
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&fixture->context.config, fota_config_unref);
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
    fixture->context.config = fota_config_load(file, &error);
    g_assert_no_error(error);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    now = FOTA_RELEASE_TIME + 30 * DAY * G_USEC_PER_SEC;
    fixture->directory = g_dir_make_tmp("fotad-test-XXXXXX", NULL);
    fixture->owner = g_object_new(G_TYPE_OBJECT, NULL);
    fixture->answer = g_strdup("");
    fixture->context.keyring = test_sign_keyring(2);
    fixture->context.store = fota_store_new(fixture->directory, &error);
    g_assert_no_error(error);
    configure(fixture, "[Manifest]\nUri=https://fota.example/{imei}.signed\n");
    fetch_start(fixture);
    start(fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    const char *const argv[] = {"rm", "-rf", fixture->directory, NULL};

    stop(fixture);
    shutdown(fixture->listener, SHUT_RDWR);
    g_thread_join(fixture->thread);
    close(fixture->listener);
    fota_store_free(fixture->context.store);
    fota_keyring_free(fixture->context.keyring);
    fota_config_unref(fixture->context.config);
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_object_unref(fixture->owner);
    g_free(fixture->context.fetch_socket);
    g_free(fixture->directory);
    g_free(fixture->answer);
    g_free(fixture->asked);
}

/* A manifest of ours; @members: of its top, with a comma at the end. */
static char *
manifest(guint number, guint key, const char *members)
{
    g_autofree char *text = g_strdup_printf(
        "{\"manifestVersion\":1,\"sequenceNumber\":%u,\"issued\":\"2026-10-01T00:00:00Z\","
        "\"useBefore\":\"2027-01-01T00:00:00Z\",%s"
        "\"target\":{\"imei\":[\"" IMEI "\"]},\"update\":{}}",
        number, members);
    g_autoptr(GBytes) file = test_sign_file((guint8)key, text);

    return g_strndup(g_bytes_get_data(file, NULL), g_bytes_get_size(file));
}

/* One check, which the server answers so, or fotad-fetch with @body when @status is 0; seconds from
 * its end to the next. */
static gint64
check(Fixture *fixture, guint status, const char *headers, const char *body)
{
    gsize size = strlen(body);
    g_autofree char *rest =
        size > 0 ? g_strdup_printf("length: %" G_GSIZE_FORMAT "\n\n%s", size, body) : g_strdup("");

    g_mutex_lock(&fixture->lock);
    g_free(fixture->answer);
    fixture->answer = status == 0
                          ? g_strdup(body)
                          : g_strdup_printf("status: %u\n%s\n%send: %" G_GSIZE_FORMAT "\n\n",
                                            status, headers, rest, size);
    fixture->size = strlen(fixture->answer);
    g_mutex_unlock(&fixture->lock);
    fota_reader_start(fixture->reader);
    while (fota_reader_is_busy(fixture->reader))
        g_main_context_iteration(NULL, TRUE);
    write_all(fixture);
    return ((gint64)fota_poller_get_next_check(fixture->poller) - now) / G_USEC_PER_SEC;
}

/* What a server, or the network in its place, may answer; and whether it is asked again soon. */
typedef struct {
    guint status;
    const char *body;
    gboolean soon;
} Answer;

static const Answer answers[] = {
    {0, "", TRUE}, /* nobody there */
    {0, "error: Unreachable\ntext: refused\n\n", TRUE},
    {0, "error: TooLarge\ntext: large\n\n", TRUE},
    {0, "error: BadRedirect\ntext: away\n\n", TRUE},
    {0, "something unknown", TRUE},
    {503, "", TRUE},
    {500, "<html>", TRUE},
    {408, "", TRUE},
    {429, "", TRUE},
    {511, "<html>log in</html>", TRUE},
    {302, "", TRUE},
    {204, "", TRUE},
    {206, "", TRUE},
    {407, "", TRUE},
    /* Without a manifest at hand there was nothing to compare. */
    {304, "", TRUE},
    {200, "", TRUE},
    {200, "<html>Log in, please</html>", TRUE},
    {200, "{\"login\": \"required\"}", TRUE},
    /* What is for a person. */
    {0, "error: BadCredential\ntext: open\n\n", FALSE},
    {401, "", FALSE},
    {403, "", FALSE},
    {404, "", FALSE},
    {410, "", FALSE},
    {200, "untrusted comment: x\nnot a signature\n{\"manifestVersion\":1}", FALSE},
};

static GLogWriterOutput
be_quiet(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    return G_LOG_WRITER_HANDLED;
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)
