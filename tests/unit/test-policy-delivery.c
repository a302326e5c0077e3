/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-delivery.h"

static const char *const ftp[] = {"ftp", NULL};

#define BOTH .fed = TRUE, .pulls = TRUE, .schemes = ftp, .leads_out = 1
#define BY(name) .by = FOTA_DELIVERY_BY_##name
#define FAILED(name) .failed = FOTA_DELIVERY_##name
#define UNDER_WAY(name) .under_way = FOTA_DELIVERY_##name

/* Each row, and what comes before it. */
static const struct {
    const char *row;
    FotaDelivery by;
    const char *uri[3];
    FotaDeliveryFacts facts;
} cases[] = {
    {"no address", FOTA_DELIVERY_NONE, {NULL}, {BOTH, BY(HOST)}},
    {"set to host", FOTA_DELIVERY_HOST, {"ftp://h/a"}, {BOTH, BY(HOST), FAILED(HOST)}},
    {"set to host", FOTA_DELIVERY_HOST, {"ftp://h/a"}, {BY(HOST), .pulls = TRUE}},
    {"set to module", FOTA_DELIVERY_MODULE, {"ftp://h/a"}, {BOTH, BY(MODULE), .cached = TRUE}},
    {"host cannot", FOTA_DELIVERY_MODULE, {"ftp://h/a"}, {.pulls = TRUE, .leads_out = 1}},
    /* A file lies where the configuration does not say. */
    {"host cannot", FOTA_DELIVERY_MODULE, {"file:///media/a"}, {BOTH}},
    {"host cannot", FOTA_DELIVERY_MODULE, {"file:///media2/a"}, {BOTH, .directory = "/media"}},
    {"module cannot", FOTA_DELIVERY_HOST, {"ftp://h/a"}, {.fed = TRUE, FAILED(HOST)}},
    {"module cannot", FOTA_DELIVERY_HOST, {"https://h/a"}, {BOTH, FAILED(HOST)}},
    {"module cannot", FOTA_DELIVERY_HOST, {"file:///media/a"}, {BOTH, .directory = "/media/"}},
    /* An attempt that is under way is not changed. */
    {"host goes on", FOTA_DELIVERY_HOST, {"ftp://h/a"}, {BOTH, UNDER_WAY(HOST), FAILED(HOST)}},
    {"module goes on",
     FOTA_DELIVERY_MODULE,
     {"ftp://h/a"},
     {BOTH, UNDER_WAY(MODULE), FAILED(MODULE), .cached = TRUE}},
    {"host has failed", FOTA_DELIVERY_MODULE, {"ftp://h/a"}, {BOTH, FAILED(HOST), .cached = TRUE}},
    {"cached", FOTA_DELIVERY_HOST, {"ftp://h/a"}, {BOTH, .cached = TRUE, .leads_out = 0}},
    {"no way out", FOTA_DELIVERY_MODULE, {"ftp://h/a"}, {BOTH, .leads_out = 0}},
    {"no way out", FOTA_DELIVERY_MODULE, {"ftp://h/a"}, {BOTH, .leads_out = 0, FAILED(MODULE)}},
    {"host", FOTA_DELIVERY_HOST, {"ftp://h/a"}, {BOTH}},
    {"host", FOTA_DELIVERY_HOST, {"ftp://h/a"}, {BOTH, .leads_out = -1}},
    {"host", FOTA_DELIVERY_HOST, {"ftp://h/a"}, {BOTH, FAILED(MODULE)}},
    /* One that the module could take lies behind one that it cannot. */
    {"host", FOTA_DELIVERY_HOST, {"https://h/a", "FTP://h/a"}, {BOTH}},
    {"host has failed", FOTA_DELIVERY_MODULE, {"https://h/a", "FTP://h/a"}, {BOTH, FAILED(HOST)}},
};

static FotaDelta
make_delta(const char *const *uri)
{
    FotaDelta delta = {.size = 0};

    for (guint i = 0; uri[i] != NULL; i++)
        delta.uri[i] = uri[i];
    return delta;
}

static void
test_rows(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const FotaDelta delta = make_delta(cases[i].uri);
        const FotaDeliveryChoice choice = fota_delivery_choose(&delta, &cases[i].facts);

        g_test_message("case %u", i);
        g_assert_cmpstr(choice.row, ==, cases[i].row);
        g_assert_cmpint(choice.by, ==, cases[i].by);
    }
}

/* After each failure the other one, and so on. */
static void
test_takes_turns(void)
{
    const FotaDelta delta = {.uri = {"ftp://h/a"}};
    FotaDeliveryFacts facts = {BOTH};

    for (guint i = 0; i < 4; i++) {
        FotaDelivery by = fota_delivery_choose(&delta, &facts).by;

        g_assert_cmpint(by, ==, i % 2 == 0 ? FOTA_DELIVERY_HOST : FOTA_DELIVERY_MODULE);
        facts.failed = by;
    }
}

static void
test_addresses(void)
{
    const FotaDelta delta = {.uri = {"file:///media/a", "https://h/a", "ftp://h/a"}};
    const FotaDelta local = {.uri = {"file:///media/a"}};

    g_assert_cmpstr(fota_delivery_find_for_module(&delta, ftp), ==, "ftp://h/a");
    g_assert_cmpstr(fota_delivery_find_for_module(&delta, NULL), ==, "https://h/a");
    g_assert_null(fota_delivery_find_for_module(&local, NULL));
    g_assert_true(fota_delivery_is_local(&local));
    g_assert_false(fota_delivery_is_local(&delta));
    g_assert_true(fota_delivery_host_can("file:///media/usb/a", "/media"));
    g_assert_false(fota_delivery_host_can("file:///media", "/media"));
    g_assert_false(fota_delivery_host_can("file:///etc/passwd", "/media"));
    g_assert_false(fota_delivery_host_can("file:///media/a", NULL));
}

static void
test_key(void)
{
    FotaDelta delta = {.uri = {"ftp://h/a"}, .sha256 = "0123"};
    g_autofree char *digest = fota_delivery_make_key(&delta);
    g_autofree char *one = NULL, *other = NULL, *larger = NULL, *there = NULL, *back = NULL;

    g_assert_cmpstr(digest, ==, "0123");
    delta.sha256 = NULL;
    one = fota_delivery_make_key(&delta);
    g_assert_true(g_str_has_prefix(one, "address-"));
    delta.size = 7;
    larger = fota_delivery_make_key(&delta);
    delta.uri[1] = "ftp://h/b";
    other = fota_delivery_make_key(&delta);
    g_assert_cmpstr(one, !=, larger);
    g_assert_cmpstr(larger, !=, other);
    /* Another step's, at the same address, of the same size. */
    delta.from = "A";
    delta.to = "B";
    there = fota_delivery_make_key(&delta);
    delta.from = "B";
    delta.to = "A";
    back = fota_delivery_make_key(&delta);
    g_assert_cmpstr(there, !=, other);
    g_assert_cmpstr(there, !=, back);
}

static void
test_names(void)
{
    for (FotaDelivery i = FOTA_DELIVERY_NONE; i <= FOTA_DELIVERY_MODULE; i++)
        g_assert_cmpint(fota_delivery_parse(fota_delivery_get_name(i)), ==, i);
    g_assert_cmpint(fota_delivery_parse("nobody"), ==, FOTA_DELIVERY_NONE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/delivery/rows", test_rows);
    g_test_add_func("/delivery/takes-turns", test_takes_turns);
    g_test_add_func("/delivery/addresses", test_addresses);
    g_test_add_func("/delivery/key", test_key);
    g_test_add_func("/delivery/names", test_names);
    return g_test_run();
}
