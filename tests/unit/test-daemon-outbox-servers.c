/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-daemon-outbox.h"

/* What its server does to a post, and what is done then. */

static void
run_until_waits(guint number)
{
    while (waits < number)
        g_main_context_iteration(NULL, TRUE);
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

/* Whoever takes Uri= out and puts it in again is told of each module, since that is told once. */
static void
test_registration_unset(Fixture *fixture, gconstpointer data)
{
    FotaOutbox *outbox = fota_outbox_new(&fixture->context);

    configure(fixture, "");
    fota_outbox_start(outbox);
    add_registration(outbox);
    run_until_waits(1);
    g_assert_cmpuint(fota_outbox_get_length(outbox), ==, 1);
    configure(fixture, BOTH "{imei}\n");
    fota_outbox_reload(outbox);
    run_until_empty(outbox);
    end(outbox, fixture);
    g_assert_cmpuint(fixture->heard->len, ==, 1);
    g_assert_nonnull(strstr(fixture->heard->pdata[0], "http://reg.example/" IMEI));
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

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(be_quiet, NULL, NULL);
    g_test_add("/outbox/server-down", Fixture, NULL, set_up, test_server_down, tear_down);
    g_test_add("/outbox/refused", Fixture, NULL, set_up, test_refused, tear_down);
    g_test_add("/outbox/registration-refused", Fixture, NULL, set_up, test_registration_refused,
               tear_down);
    g_test_add("/outbox/registration-elsewhere", Fixture, NULL, set_up, test_registration_elsewhere,
               tear_down);
    g_test_add("/outbox/registration-unset", Fixture, NULL, set_up, test_registration_unset,
               tear_down);
    g_test_add("/outbox/bounded", Fixture, NULL, set_up, test_bounded, tear_down);
    g_test_add("/outbox/bounded-registration", Fixture, NULL, set_up, test_bounded_registration,
               tear_down);
    g_test_add("/outbox/one-away", Fixture, NULL, set_up, test_one_away, tear_down);
    g_test_add("/outbox/allowed", Fixture, NULL, set_up, test_allowed, tear_down);
    g_test_add("/outbox/unbound", Fixture, NULL, set_up, test_unbound, tear_down);
    return g_test_run();
}
