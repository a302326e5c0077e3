/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/test-daemon-reader.h"

/* When the manifest is read again. */

static void
expect_error(Fixture *fixture, GQuark domain, int code)
{
    g_assert_error((GError *)fota_reader_get_error(fixture->reader), domain, code);
}

/* Only a signed manifest that is accepted says how long it is fresh. */
static void
test_max_age(Fixture *fixture, gconstpointer data)
{
    g_autofree char *good = manifest(5, 1, "");
    g_autofree char *old = manifest(4, 1, "");
    g_autofree char *stranger = manifest(6, 3, "");

    g_assert_cmpint(check(fixture, 200, "max-age: 31536000\n", stranger), <=, DAY);
    expect_error(fixture, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_SIGNATURE);
    g_assert_cmpint(check(fixture, 200, "max-age: 259200\n", good), >, DAY);
    g_assert_cmpint(check(fixture, 200, "max-age: 0\n", good), <=, DAY);
    g_assert_cmpint(check(fixture, 200, "max-age: 259200\n", old), <=, DAY);
    expect_error(fixture, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_ROLLBACK);
}

/* Without end, and never further apart than half an hour, whatever the routes say. */
static void
test_asked_for_ever(Fixture *fixture, gconstpointer data)
{
    for (guint tries = 0; tries < 40; tries++) {
        gint64 wait = check(fixture, 0, "", "");

        g_assert_cmpint(wait, >, 0);
        g_assert_cmpint(wait, <=, tries == 0 ? 300 : FOTA_SCHEDULE_MAX_RETRY);
        expect_error(fixture, FOTA_ERROR, FOTA_ERROR_MANIFEST_UNREACHABLE);
        now = (gint64)fota_poller_get_next_check(fixture->poller);
        g_assert_true(fota_poller_is_due(fixture->poller, NULL));
    }
    g_assert_cmpint(check(fixture, 404, "", ""), >, 0);
    g_assert_null(fota_reader_get_error(fixture->reader));
}

/* After the kernel reports a change the server is asked at once, and a storm of them costs little.
 */
static void
test_network_changes(Fixture *fixture, gconstpointer data)
{
    guint at_once = 0;

    check(fixture, 0, "", "");
    network_changed(watcher);
    g_assert_cmpint((gint64)fota_poller_get_next_check(fixture->poller) - now, <=,
                    5 * G_TIME_SPAN_SECOND);
    for (guint i = 0; i < 100; i++) {
        check(fixture, 0, "", "");
        network_changed(watcher);
        at_once +=
            (gint64)fota_poller_get_next_check(fixture->poller) - now <= 5 * G_TIME_SPAN_SECOND;
    }
    g_assert_cmpuint(at_once, <=, 12);
    /* A server that has answered is left alone. */
    check(fixture, 404, "", "");
    network_changed(watcher);
    g_assert_cmpint((gint64)fota_poller_get_next_check(fixture->poller) - now, >,
                    FOTA_SCHEDULE_MAX_RETRY * G_TIME_SPAN_SECOND);
}

/* A text message, before the answer or after it, brings no check before the time that it names. */
static void
test_push(Fixture *fixture, gconstpointer data)
{
    g_autofree char *good = manifest(1, 1, "");

    check(fixture, 200, "", good);
    fota_poller_push(fixture->poller);
    g_assert_cmpint((gint64)fota_poller_get_next_check(fixture->poller), ==, now);
    g_assert_cmpint(check(fixture, 503, "retry-after: 1200\n", ""), >=, 1200);
    for (guint i = 0; i < 2; i++) {
        fota_poller_push(fixture->poller);
        fota_poller_schedule(fixture->poller, NULL);
        g_assert_cmpint((gint64)fota_poller_get_next_check(fixture->poller) - now, >=,
                        1199 * G_TIME_SPAN_SECOND);
    }
}

/* Time that was seen stays seen: by the manifest at hand, by one that was refused, after a start.
 */
static void
test_expired_stays(Fixture *fixture, gconstpointer data)
{
    g_autofree char *first = manifest(1, 1, "");
    g_autofree char *second = manifest(2, 1, "");
    gint64 then = now;

    check(fixture, 200, "", first);
    g_assert_null(fota_reader_get_error(fixture->reader));
    now += 60 * DAY * G_USEC_PER_SEC;
    check(fixture, 304, "", "");
    expect_error(fixture, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_EXPIRED);
    fota_accepted_note_expired(fixture->accepted);
    check(fixture, 200, "", second);
    expect_error(fixture, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_EXPIRED);

    now = then;
    for (guint starts = 0; starts < 2; starts++) {
        check(fixture, 200, "", first);
        expect_error(fixture, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_EXPIRED);
        check(fixture, 200, "", second);
        expect_error(fixture, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_EXPIRED);
        stop(fixture);
        start(fixture);
    }
}

/* A server that a manifest names gets no login that the configuration does not send there. */
static void
test_next_server(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *server;
        const char *credential; /* NULL = none */
        gboolean moves;
    } cases[] = {
        {"https://evil.example/x", NULL, FALSE},  {"https://evil.example/x", "web", FALSE},
        {"https://next.example/x", NULL, TRUE},   {"https://next.example/x", "web", FALSE},
        {"https://bound.example/x", "web", TRUE}, {"http://bound.example/x", "web", FALSE},
        {"https://bound.example/x", "fw", FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *credential =
            cases[i].credential != NULL
                ? g_strdup_printf(",\"credential\":\"%s\"", cases[i].credential)
                : g_strdup("");
        g_autofree char *members = g_strdup_printf("\"poll\":{\"server\":{\"uri\":\"%s\"%s}},",
                                                   cases[i].server, credential);
        g_autofree char *text = manifest(i + 1, 1, members);

        stop(fixture);
        configure(fixture, "[Manifest]\nUri=https://fota.example/{imei}.signed\n"
                           "AllowedServers=next.example bound.example http://bound.example\n"
                           "[Credential web]\nServers=https://bound.example\n"
                           "[Credential fw]\nServers=https://fw.example\n");
        start(fixture);
        fota_record_set(&fota_keeper_get_record(fixture->keeper)->server, NULL);
        g_test_message("%s %s", cases[i].server, cases[i].credential);
        check(fixture, 200, "", text);
        g_assert_null(fota_reader_get_error(fixture->reader));
        g_assert_cmpint(g_str_equal(fota_poller_get_server(fixture->poller).uri, cases[i].server),
                        ==, cases[i].moves);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/reader/max-age", test_max_age);
    ADD("/reader/asked-for-ever", test_asked_for_ever);
    ADD("/reader/network-changes", test_network_changes);
    ADD("/reader/push", test_push);
    ADD("/reader/expired-stays", test_expired_stays);
    ADD("/reader/next-server", test_next_server);
    g_log_set_writer_func(be_quiet, NULL, NULL);
    return g_test_run();
}
