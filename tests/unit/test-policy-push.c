/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-push.h"

#define MINUTE (60 * G_TIME_SPAN_SECOND)
#define DAY (24 * G_TIME_SPAN_HOUR)

static void
test_request(void)
{
    static const char *const senders[] = {"+15551234567", "12345", "Fleet", NULL};
    static const struct {
        const char *sender;
        const char *text;
        gboolean is_request;
    } table[] = {
        {"+15551234567", "look", TRUE},
        {"12345", "look", TRUE},
        {"Fleet", " look\r\n", TRUE},
        {"15551234567", "look", FALSE},
        {"+1555123456", "look", FALSE},
        {"+155512345678", "look", FALSE},
        {"fleet", "look", FALSE},
        {"", "look", FALSE},
        {"+15551234567", "", FALSE},
        {"+15551234567", "Look", FALSE},
        {"+15551234567", "loo", FALSE},
        /* Whatever else it carries makes it somebody else's. */
        {"+15551234567", "look approve", FALSE},
        {"+15551234567", "look https://evil.example/m.signed", FALSE},
        {"+15551234567", "look\n30.00.409", FALSE},
        {"+15551234567", "lookout", FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        g_test_message("%s: %s", table[i].sender, table[i].text);
        g_assert_cmpint(fota_push_is_request(senders, "look", table[i].sender, table[i].text), ==,
                        table[i].is_request);
    }
    g_assert_false(fota_push_is_request(senders, NULL, "12345", ""));
    g_assert_false(fota_push_is_request(NULL, "look", "12345", "look"));
}

static void
test_sender(void)
{
    static const struct {
        const char *text;
        gboolean valid;
    } table[] = {
        {"+15551234567", TRUE},
        {"123", TRUE},
        {"12345678901234567890", TRUE},
        {"Fleet2", TRUE},
        {"123456789012345678901", FALSE},
        {"", FALSE},
        {"+", FALSE},
        {"+12", TRUE},
        {"+Fleet", FALSE},
        {"Fleet Ltd", FALSE},
        {"TwelveLetter", FALSE},
        {"*", FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        g_test_message("%s", table[i].text);
        g_assert_cmpint(fota_push_is_sender(table[i].text), ==, table[i].valid);
    }
}

/* How many checks follow from @n messages, one each @step µs. */
static guint
flood(guint n, gint64 step)
{
    FotaPushes pushes = {0};
    gint64 due = 0, last = 0;
    guint checks = 0;

    for (guint i = 0; i < n; i++) {
        gint64 now = MINUTE + i * step;

        if (due == 0)
            due = fota_push_find_time(&pushes, 0, now);
        g_assert_cmpint(due, >=, last);
        if (due > now)
            continue;
        g_assert_true(last == 0 || now - last >= FOTA_PUSH_PAUSE);
        fota_push_note(&pushes, now);
        last = now;
        due = 0;
        checks++;
    }
    return checks;
}

static void
test_flood(void)
{
    g_assert_cmpuint(flood(10000, 0), ==, 1);
    g_assert_cmpuint(flood(10000, G_TIME_SPAN_MILLISECOND), ==, 1);
    g_assert_cmpuint(flood(10000, DAY / 10000), <=, 24 + FOTA_PUSH_AT_ONCE);
    g_assert_cmpuint(flood(100000, 10 * DAY / 100000), <=, 240 + FOTA_PUSH_AT_ONCE);
    /* What a fleet's owner sends is answered: four within the hour, one an hour for good. */
    g_assert_cmpuint(flood(4, FOTA_PUSH_PAUSE), ==, 4);
    g_assert_cmpuint(flood(240, G_TIME_SPAN_HOUR), ==, 240);
}

/* A message is never lost: at worst its check begins later, at a time that is known. */
static void
test_time(void)
{
    FotaPushes pushes = {0};
    gint64 now = 5 * MINUTE;

    g_assert_cmpint(fota_push_find_time(&pushes, 0, now), ==, now);
    for (guint i = 0; i < FOTA_PUSH_AT_ONCE; i++) {
        gint64 due = fota_push_find_time(&pushes, 0, now);

        g_assert_cmpint(due, ==, i == 0 ? now : now + FOTA_PUSH_PAUSE);
        now = due;
        fota_push_note(&pushes, now);
    }
    g_assert_cmpint(fota_push_find_time(&pushes, 0, now), ==, 5 * MINUTE + G_TIME_SPAN_HOUR);
    g_assert_cmpint(fota_push_find_time(&pushes, 0, now + DAY), ==, now + DAY);
    g_assert_cmpint(fota_push_find_time(&pushes, now + DAY + 1, now + DAY), ==, now + DAY + 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy/push/request", test_request);
    g_test_add_func("/policy/push/sender", test_sender);
    g_test_add_func("/policy/push/flood", test_flood);
    g_test_add_func("/policy/push/time", test_time);
    return g_test_run();
}
