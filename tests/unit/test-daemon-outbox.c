/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fota-timer.h"
#include "daemon/fota-config-file.h"
#include "daemon/fota-outbox.h"
#include "policy/fota-report-rule.h"

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
    struct sockaddr_un address = {.sun_family = AF_UNIX};
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
    g_strlcpy(address.sun_path, fixture->context.fetch_socket, sizeof address.sun_path);
    fixture->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fixture->listener, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(fixture->listener, 4), ==, 0);
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

static void
run_until_waits(guint number)
{
    while (waits < number)
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
test_in_order(Fixture *fixture, gconstpointer data)
{
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);
    g_autofree char *directory = g_build_filename(fixture->directory, "outbox", NULL);

    /* Without a report there is nothing in the state directory. */
    g_assert_false(g_file_test(directory, G_FILE_TEST_EXISTS));
    fota_outbox_start(outbox);
    for (guint i = 1; i <= 3; i++)
        add(outbox, i);
    add(outbox, 2);
    g_assert_cmpuint(fota_outbox_get_length(outbox), ==, 3);
    run_until_empty(outbox);
    end(outbox, fixture);
    g_assert_cmpuint(fixture->heard->len, ==, 3);
    for (guint i = 1; i <= 3; i++)
        assert_heard(fixture, i - 1, i);
    g_assert_cmpuint(count_files(fixture), ==, 0);
}

/* What an earlier start has written and not posted, or posted and not deleted. */
static void
test_next_start(Fixture *fixture, gconstpointer data)
{
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);
    g_autofree char *cut = g_build_filename(fixture->directory, "outbox",
                                            "00000000000000000001-00000000.json.AB12CD", NULL);
    g_autofree char *bad =
        g_build_filename(fixture->directory, "outbox", "00000000000000000009-00.json", NULL);

    for (guint i = 1; i <= 12; i++)
        add(outbox, i);
    end(outbox, fixture);
    g_assert_cmpuint(fixture->heard->len, ==, 0);
    g_assert_cmpuint(count_files(fixture), ==, 12);
    g_assert_true(g_file_set_contents(cut, "{\"key\":\"", -1, NULL));
    g_assert_true(g_file_set_contents(bad, "{\"key\":\"00\"}", -1, NULL));
    outbox = fota_outbox_new(&fixture->context);
    g_assert_cmpuint(count_files(fixture), ==, 12);
    add(outbox, 7);
    add(outbox, 13);
    end(outbox, fixture);
    outbox = fota_outbox_new(&fixture->context);
    fota_outbox_start(outbox);
    run_until_empty(outbox);
    end(outbox, fixture);
    g_assert_cmpuint(fixture->heard->len, ==, 13);
    for (guint i = 1; i <= 13; i++)
        assert_heard(fixture, i - 1, i);
    g_assert_cmpuint(count_files(fixture), ==, 0);
}

/* What cannot be read now may be a report, and a later start can perhaps. */
static void
test_unreadable(Fixture *fixture, gconstpointer data)
{
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);
    g_autofree char *path =
        g_build_filename(fixture->directory, "outbox", "00000000000000000005-05.json", NULL);

    add(outbox, 1);
    end(outbox, fixture);
    /* A loop stands for a flash that fails: reading ends with an error also for root. */
    g_assert_cmpint(symlink(path, path), ==, 0);
    outbox = fota_outbox_new(&fixture->context);
    g_assert_cmpuint(fota_outbox_get_length(outbox), ==, 1);
    add(outbox, 2);
    end(outbox, fixture);
    g_assert_true(g_file_test(path, G_FILE_TEST_IS_SYMLINK));
    /* What comes later is posted later. */
    g_assert_cmpint(unlink(path), ==, 0);
    path[strlen(path) - strlen("5-05.json")] = '\0';
    g_autofree char *next = g_strdup_printf("%s6-%032x.json", path, 2);
    g_assert_true(g_file_test(next, G_FILE_TEST_EXISTS));
}

/* The server is down, overloaded, or the session breaks: the first one waits, and all behind it. */
static void
test_server_down(Fixture *fixture, gconstpointer data)
{
    static const char *const answers[] = {
        "",
        "error: Unreachable\ntext: r.example: no route\n\n",
        "status: 503\nretry-after: 1200\n\nend: 0\n\n",
        "status: 429\n\nend: 0\n\n",
        "status: 408\n\nend: 0\n\n",
    };
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);

    fixture->answer = answers[0];
    fota_outbox_start(outbox);
    add(outbox, 1);
    add(outbox, 2);
    for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
        g_mutex_lock(&fixture->lock);
        fixture->answer = answers[i];
        g_mutex_unlock(&fixture->lock);
        if (i > 0)
            fota_outbox_reload(outbox);
        run_until_waits(i + 1);
        g_assert_cmpuint(fota_outbox_get_length(outbox), ==, 2);
        g_assert_cmpuint(waited, >=, i == 2 ? 1200 : 150);
        g_assert_cmpuint(waited, <=, 1800);
        assert_heard(fixture, i, 1);
    }
    fixture->answer = "status: 200\n\nend: 0\n\n";
    fota_outbox_reload(outbox);
    run_until_empty(outbox);
    end(outbox, fixture);
    assert_heard(fixture, G_N_ELEMENTS(answers), 1);
    assert_heard(fixture, G_N_ELEMENTS(answers) + 1, 2);
    g_assert_cmpuint(fixture->heard->len, ==, G_N_ELEMENTS(answers) + 2);
}

static void
test_refused(Fixture *fixture, gconstpointer data)
{
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);

    fixture->answer = "status: 404\n\nend: 0\n\n";
    fota_outbox_start(outbox);
    add(outbox, 1);
    run_until_empty(outbox);
    end(outbox, fixture);
    g_assert_cmpuint(fixture->heard->len, ==, 1);
    g_assert_cmpuint(waits, ==, 0);
    g_assert_cmpuint(count_files(fixture), ==, 0);
}

static void
configure(Fixture *fixture, const char *text)
{
    g_autofree char *file = g_build_filename(fixture->directory, "fotad.conf", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(file, text, -1, NULL));
    g_clear_pointer(&fixture->context.config, fota_config_unref);
    fixture->context.config = fota_config_load(file, &error);
    g_assert_no_error(error);
}

static void
add_registration(FotaOutbox *outbox)
{
    fota_outbox_add(outbox, &(FotaPost){.key = "ab",
                                        .imei = IMEI,
                                        .model = "M",
                                        .kind = FOTA_POST_REGISTRATION,
                                        .uri = "http://reg.example/old/" IMEI,
                                        .body = "{}"});
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

/* A registration outlives its refusal, over a restart, and until its address has been put right;
 * what is behind it does not wait for it. */
static void
test_registration_refused(Fixture *fixture, gconstpointer data)
{
#define BOTH "[Report]\nUri=http://r.example/{imei}\n[Registration]\nUri=http://reg.example/"
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);

    configure(fixture, BOTH "old/{imei}\n");
    fixture->answer = "status: 404\n\nend: 0\n\n";
    fota_outbox_start(outbox);
    add_registration(outbox);
    run_until_waits(1);
    g_assert_cmpuint(waited, ==, 24 * 3600);
    fixture->answer = "status: 204\n\nend: 0\n\n";
    add(outbox, 2);
    run_until_heard(fixture, 2);
    while (fota_outbox_get_length(outbox) > 1)
        g_main_context_iteration(NULL, TRUE);
    end(outbox, fixture);
    assert_heard(fixture, 1, 2);
    g_assert_cmpuint(count_files(fixture), ==, 1);

    fixture->answer = "status: 401\n\nend: 0\n\n";
    outbox = fota_outbox_new(&fixture->context);
    fota_outbox_start(outbox);
    run_until_waits(2);
    fixture->answer = "status: 204\n\nend: 0\n\n";
    configure(fixture, BOTH "new/{imei}\n");
    fota_outbox_reload(outbox);
    run_until_empty(outbox);
    end(outbox, fixture);
    g_assert_cmpuint(fixture->heard->len, ==, 4);
    g_assert_nonnull(strstr(fixture->heard->pdata[3], "http://reg.example/new/" IMEI));
    g_assert_cmpuint(count_files(fixture), ==, 0);
}

/* Another server has a registration of its own. */
static void
test_registration_elsewhere(Fixture *fixture, gconstpointer data)
{
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);

    configure(fixture, "[Registration]\nUri=http://other.example/{imei}\n");
    fota_outbox_start(outbox);
    add_registration(outbox);
    run_until_empty(outbox);
    end(outbox, fixture);
    g_assert_cmpuint(fixture->heard->len, ==, 0);
}

/* A server that is down for a month. */
static void
test_bounded(Fixture *fixture, gconstpointer data)
{
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);
    g_autofree char *large = g_strnfill(FOTA_REPORT_MAX_BYTES / 2, 'x');

    for (guint i = 1; i <= FOTA_REPORT_MAX_COUNT + 3; i++)
        add(outbox, i);
    g_assert_cmpuint(fota_outbox_get_length(outbox), ==, FOTA_REPORT_MAX_COUNT);
    fota_outbox_start(outbox);
    run_until_empty(outbox);
    assert_heard(fixture, 0, 4);
    fota_outbox_stop(outbox);
    for (guint i = 0; i < 3; i++) {
        g_autofree char *key = g_strdup_printf("%032x", 0xa00 + i);

        fota_outbox_add(outbox, &(FotaPost){.key = key, .imei = IMEI, .model = "M", .body = large});
    }
    g_assert_cmpuint(fota_outbox_get_length(outbox), ==, 1);
    end(outbox, fixture);
    g_assert_cmpuint(count_files(fixture), ==, 1);
}

/* Reports that nobody takes do not push out what a module is registered with, once. */
static void
test_bounded_registration(Fixture *fixture, gconstpointer data)
{
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);

    configure(fixture, BOTH "{imei}\n");
    add_registration(outbox);
    for (guint i = 1; i <= FOTA_REPORT_MAX_COUNT; i++)
        add(outbox, i);
    g_assert_cmpuint(fota_outbox_get_length(outbox), ==, FOTA_REPORT_MAX_COUNT);
    fota_outbox_start(outbox);
    run_until_empty(outbox);
    g_assert_nonnull(strstr(fixture->heard->pdata[0], "http://reg.example/" IMEI));
    assert_heard(fixture, 1, 2);
    end(outbox, fixture);
}

static void
add_for(FotaOutbox *outbox, const char *key, const char *uri)
{
    fota_outbox_add(outbox,
                    &(FotaPost){.key = key, .imei = IMEI, .model = "M", .uri = uri, .body = "{}"});
}

/* A server that is away has its own posts wait, in their order, and nobody else's. */
static void
test_one_away(Fixture *fixture, gconstpointer data)
{
    static const char *const heard[] = {"a1", "b1", "b2", "a1", "a2", "a3"};
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);

    configure(fixture, "[Manifest]\nAllowedServers=http://*.example\n");
    fixture->away = "http://a.example";
    add_for(outbox, "a1", "http://a.example/1");
    add_for(outbox, "b1", "http://b.example/");
    add_for(outbox, "a2", "http://a.example/2");
    fota_outbox_start(outbox);
    while (fota_outbox_get_length(outbox) > 2)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(waits, ==, 1);
    add_for(outbox, "a3", "http://a.example/3");
    add_for(outbox, "b2", "http://b.example/");
    while (fota_outbox_get_length(outbox) > 3)
        g_main_context_iteration(NULL, TRUE);
    g_mutex_lock(&fixture->lock);
    fixture->away = NULL;
    g_mutex_unlock(&fixture->lock);
    fota_outbox_reload(outbox);
    run_until_empty(outbox);
    end(outbox, fixture);
    g_assert_cmpuint(fixture->heard->len, ==, G_N_ELEMENTS(heard));
    for (guint i = 0; i < G_N_ELEMENTS(heard); i++) {
        g_autofree char *key = g_strdup_printf("\nidempotency-key: %s\n", heard[i]);

        g_assert_nonnull(strstr(fixture->heard->pdata[i], key));
    }
}

/* A full disk loses no report while its server can be reached. */
static void
test_unwritable(Fixture *fixture, gconstpointer data)
{
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);
    g_autofree char *path = g_build_filename(fixture->directory, "outbox", NULL);

    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    fota_outbox_start(outbox);
    for (guint i = 1; i <= 2; i++)
        add(outbox, i);
    run_until_empty(outbox);
    end(outbox, fixture);
    for (guint i = 1; i <= 2; i++)
        assert_heard(fixture, i - 1, i);
}

/* A server that is no longer allowed gets nothing, also no report that has waited for it. */
static void
test_allowed(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *config;
        gboolean posts;
    } cases[] = {
        {"", FALSE},
        {"[Manifest]\nAllowedServers=elsewhere.example\n", FALSE},
        {"[Manifest]\nAllowedServers=http://other.example\n", TRUE},
        {"[Manifest]\nUri=http://other.example/{imei}\n", TRUE},
        {"[Manifest]\nUri=https://other.example/\n", FALSE},
        {"[Registration]\nUri=http://other.example/\n", TRUE},
    };
    guint posts = 0;

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaOutbox *outbox = fota_outbox_new(&fixture->context);

        fota_outbox_add(outbox, &(FotaPost){.key = "ab",
                                            .imei = IMEI,
                                            .model = "M",
                                            .uri = "http://other.example/r",
                                            .body = "{}"});
        configure(fixture, cases[i].config);
        fota_outbox_start(outbox);
        run_until_empty(outbox);
        end(outbox, fixture);
        posts += cases[i].posts;
        g_assert_cmpuint(fixture->heard->len, ==, posts);
        g_assert_cmpuint(count_files(fixture), ==, 0);
    }
}

/* A secret goes only where the configuration binds it, also when that has changed meanwhile. */
static void
test_unbound(Fixture *fixture, gconstpointer data)
{
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);

    configure(fixture, "[Manifest]\nAllowedServers=http://other.example\n");
    fota_outbox_start(outbox);
    fota_outbox_add(outbox, &(FotaPost){.key = "ab",
                                        .imei = IMEI,
                                        .model = "M",
                                        .uri = "http://other.example/",
                                        .credential = "secret",
                                        .body = "{}"});
    run_until_empty(outbox);
    end(outbox, fixture);
    g_assert_cmpuint(fixture->heard->len, ==, 0);
    g_assert_cmpuint(count_files(fixture), ==, 0);
}

/* What was begun ends when there is no outbox any more. */
static void
test_freed(Fixture *fixture, gconstpointer data)
{
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);

    fixture->away = "r.example";
    fota_outbox_start(outbox);
    add(outbox, 1);
    run_until_heard(fixture, 1);
    add(outbox, 2);
    g_clear_pointer(&fixture->context.store, fota_store_free);
    fota_outbox_free(outbox);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpuint(count_files(fixture), ==, 2);
    fixture->context.store = fota_store_new(fixture->directory, NULL);
}

static GLogWriterOutput
be_quiet(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    return G_LOG_WRITER_HANDLED;
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(be_quiet, NULL, NULL);
    g_test_add("/outbox/in-order", Fixture, NULL, set_up, test_in_order, tear_down);
    g_test_add("/outbox/next-start", Fixture, NULL, set_up, test_next_start, tear_down);
    g_test_add("/outbox/unreadable", Fixture, NULL, set_up, test_unreadable, tear_down);
    g_test_add("/outbox/server-down", Fixture, NULL, set_up, test_server_down, tear_down);
    g_test_add("/outbox/refused", Fixture, NULL, set_up, test_refused, tear_down);
    g_test_add("/outbox/registration-refused", Fixture, NULL, set_up, test_registration_refused,
               tear_down);
    g_test_add("/outbox/registration-elsewhere", Fixture, NULL, set_up, test_registration_elsewhere,
               tear_down);
    g_test_add("/outbox/bounded", Fixture, NULL, set_up, test_bounded, tear_down);
    g_test_add("/outbox/bounded-registration", Fixture, NULL, set_up, test_bounded_registration,
               tear_down);
    g_test_add("/outbox/one-away", Fixture, NULL, set_up, test_one_away, tear_down);
    g_test_add("/outbox/unwritable", Fixture, NULL, set_up, test_unwritable, tear_down);
    g_test_add("/outbox/allowed", Fixture, NULL, set_up, test_allowed, tear_down);
    g_test_add("/outbox/freed", Fixture, NULL, set_up, test_freed, tear_down);
    g_test_add("/outbox/unbound", Fixture, NULL, set_up, test_unbound, tear_down);
    return g_test_run();
}
