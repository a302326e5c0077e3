/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/fota-error.h"
#include "daemon/fota-plugins.h"

/*
 * Which plugins are taken, and which of them a module gets. The plugins are loaded-plugin.c, built
 * in several ways, in BUILT.
 */

#define SOMEBODY 65534
#define MODELS                                                                                     \
    "[*]\nRestarts=1\nApplyTime=1\nReturnLimit=1\nSettleTime=1\nVersionTime=1\nVersionPause=0\n"   \
    "AidTime=1\nSafeRungs=at-again\nUnsupported=\n[M9*]\nUnsupported=nobody knows how\n"

static char *
copy_plugin(const char *directory, const char *name)
{
    g_autofree char *base = g_strconcat(name, ".so", NULL);
    g_autofree char *from = g_build_filename(BUILT, base, NULL);
    g_autofree char *data = g_strconcat(directory, "/", name, ".models", NULL);
    char *to = g_build_filename(directory, base, NULL);
    g_autofree char *bytes = NULL;
    gsize length;

    g_assert_true(g_file_get_contents(from, &bytes, &length, NULL));
    g_assert_true(g_file_set_contents(to, bytes, (gssize)length, NULL));
    g_assert_true(g_file_set_contents(data, MODELS, -1, NULL));
    g_assert_cmpint(g_chmod(to, 0644) | g_chmod(data, 0644), ==, 0);
    return to;
}

static void
remove_directory(const char *directory)
{
    const char *const command[] = {"rm", "-r", directory, NULL};

    g_assert_true(g_spawn_sync(NULL, (char **)command, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
}

/* With @mode and of @owner, unless they are 0; the file of the plugin in *@file. */
static FotaPluginSet *
load(const char *name, guint mode, uid_t owner, char **file, GError **error)
{
    g_autofree char *directory = g_dir_make_tmp("fota-plugins-XXXXXX", NULL);
    FotaPluginSet *set;

    *file = copy_plugin(directory, name);
    if (mode != 0)
        g_assert_cmpint(g_chmod(*file, (int)mode), ==, 0);
    if (owner != 0)
        g_assert_cmpint(chown(*file, owner, 0), ==, 0);
    set = fota_plugin_set_load(directory, error);
    remove_directory(directory);
    return set;
}

static void
test_refused(void)
{
    static const struct {
        const char *name;
        guint mode;
        const char *says;
    } cases[] = {
        {"abi1", 0, "built for ABI 1, and this fotad takes ABI 3"},
        {"abi2", 0, "built for ABI 2, and this fotad takes ABI 3"},
        {"abi4", 0, "built for ABI 4, and this fotad takes ABI 3"},
        {"short", 0, "set its size to sizeof(FotaPlugin)"},
        {"noverb", 0, "no function install"},
        {"samename", 0, "two methods of one claim are called later"},
        {"plain", 0666, "chmod go-w"},
        {"plain", 0664, "chmod go-w"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *file = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(FotaPluginSet) set = load(cases[i].name, cases[i].mode, 0, &file, &error);

        g_assert_null(set);
        g_assert_error(error, FOTA_ERROR, FOTA_ERROR_BAD_PLUGIN);
        if (strstr(error->message, cases[i].says) == NULL || strstr(error->message, file) == NULL)
            g_error("\"%s\" does not say \"%s\" and \"%s\"", error->message, cases[i].says, file);
    }
}

static void
test_others(void)
{
    g_autofree char *file = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaPluginSet) set = NULL;

    if (geteuid() != 0) {
        g_test_skip("needs root");
        return;
    }
    set = load("plain", 0, SOMEBODY, &file, &error);
    g_assert_null(set);
    g_assert_error(error, FOTA_ERROR, FOTA_ERROR_BAD_PLUGIN);
    g_assert_nonnull(strstr(error->message, file));
}

/* What this daemon makes of tables that are shorter or longer than its own. */
static void
test_ages(void)
{
    static const struct {
        const char *name, *first;
        guint methods;
        gboolean settings, lists, closes;
    } cases[] = {
        {"plain", "later", 2, TRUE, TRUE, TRUE},    {"grown", "later", 2, TRUE, TRUE, TRUE},
        {"older", "later", 2, TRUE, FALSE, TRUE},   {"shrunk", "later", 2, FALSE, FALSE, FALSE},
        {"newroute", "plain", 1, TRUE, TRUE, TRUE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *file = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(FotaPluginSet) set = load(cases[i].name, 0, 0, &file, &error);
        const FotaVendor *vendor;
        guint methods = 0;

        g_assert_no_error(error);
        vendor = fota_plugin_set_find(set, "Maker Ltd", "M1", NULL);
        g_assert_nonnull(vendor);
        while (vendor->methods[methods] != NULL)
            methods++;
        g_assert_cmpuint(methods, ==, cases[i].methods);
        g_assert_cmpstr(vendor->methods[0]->name, ==, cases[i].first);
        g_assert_true((vendor->table->settings != NULL) == cases[i].settings);
        g_assert_true((vendor->table->unsolicited != NULL) == cases[i].settings);
        g_assert_true((vendor->table->announcements != NULL) == cases[i].lists);
        g_assert_true((vendor->table->refusals != NULL) == cases[i].lists);
        g_assert_true((vendor->methods[0]->close != NULL) == cases[i].closes);
        g_assert_true(fota_vendor_find_method(vendor, "plain") != NULL);
        g_assert_null(fota_vendor_find_method(vendor, "none"));
        g_assert_null(fota_vendor_find_method(vendor, NULL));
    }
}

static void
test_exact(void)
{
    static const struct {
        const char *manufacturer, *model, *vendor, *product;
        const char *claim; /* manufacturer, model, vendor, product of the claim; NULL = none */
    } cases[] = {
        {"Other", "X", NULL, NULL, NULL},
        {"Other", "M2", NULL, NULL, "any M* 0 0"},
        {"Maker", "M2", NULL, NULL, "Maker M* 0 0"},
        {"MAKER AG", "M12", NULL, NULL, "Maker M1* 0 0"},
        {"Maker", "M12", "1bc7\n", "0001\n", "any any 1bc7 0"},
        {"Maker", "M12", "1bc7\n", "1101\n", "any any 1bc7 1101"},
        {"QUALCOMM INCORPORATED", "0", "1bc7\n", "1101\n", "any any 1bc7 1101"},
        {"Maker", "M12", "12d1\n", "1101\n", "Maker M1* 0 0"},
        {"Maker", "M12", "", "what\n", "Maker M1* 0 0"},
    };
    g_autofree char *file = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaPluginSet) set = load("exact", 0, 0, &file, &error);

    g_assert_no_error(error);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *device = g_dir_make_tmp("fota-device-XXXXXX", NULL);
        const FotaVendor *vendor;
        g_autofree char *claim = NULL;

        for (guint id = 0; id < 2; id++) {
            const char *text = id == 0 ? cases[i].vendor : cases[i].product;
            g_autofree char *path =
                g_build_filename(device, id == 0 ? "idVendor" : "idProduct", NULL);

            if (text != NULL)
                g_assert_true(g_file_set_contents(path, text, -1, NULL));
        }
        vendor = fota_plugin_set_find(set, cases[i].manufacturer, cases[i].model, device);
        if (vendor != NULL)
            claim = g_strdup_printf(
                "%s %s %x %x",
                vendor->claim->manufacturer != NULL ? vendor->claim->manufacturer : "any",
                vendor->claim->model != NULL ? vendor->claim->model : "any",
                vendor->claim->usb_vendor, vendor->claim->usb_product);
        g_assert_cmpstr(claim, ==, cases[i].claim);
        remove_directory(device);
    }
}

/* A model that the data file names as not supported has no vendor, and a reason. */
static void
test_unsupported(void)
{
    static const struct {
        const char *manufacturer, *model;
        gboolean found;
        const char *why;
    } cases[] = {
        {"Maker", "M1", TRUE, "no plugin claims it"},
        {"MAKER AG", "M9-EU", FALSE, "it is known, but not supported: nobody knows how"},
        {"Maker", "X9", FALSE, "no plugin claims it"},
        {"Other", "M9-EU", FALSE, "no plugin claims it"},
    };
    g_autofree char *file = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(FotaPluginSet) set = load("plain", 0, 0, &file, &error);

    g_assert_no_error(error);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *why = fota_plugin_set_explain(set, cases[i].manufacturer, cases[i].model);

        g_assert_true((fota_plugin_set_find(set, cases[i].manufacturer, cases[i].model, NULL) !=
                       NULL) == cases[i].found);
        g_assert_cmpstr(why, ==, cases[i].why);
    }
}

/* Which method is taken of those that a model has, in order of preference. */
static void
test_choose(void)
{
    static const FotaMethod fed = {
        .name = "fed", .route = FOTA_ROUTE_FEED, .needs = FOTA_NEEDS_TTY};
    static const FotaMethod switched = {
        .name = "switched", .route = FOTA_ROUTE_PULL, .restarts = FOTA_RESTART_BY_POWER};
    static const FotaMethod told = {
        .name = "told", .route = FOTA_ROUTE_PULL, .needs = FOTA_NEEDS_UNSOLICITED};
    static const FotaMethod pulled = {.name = "pulled", .route = FOTA_ROUTE_PULL};
    static const FotaMethod *const methods[] = {&fed, &switched, &told, &pulled, NULL};
    const FotaVendor vendor = {.methods = methods};
    static const struct {
        guint routes, lacking;
        gboolean has_power;
        const char *name;
    } cases[] = {
        {1u << FOTA_ROUTE_PULL, 0, TRUE, "switched"},
        {1u << FOTA_ROUTE_PULL, 0, FALSE, "told"},
        {1u << FOTA_ROUTE_PULL, FOTA_NEEDS_UNSOLICITED, FALSE, "pulled"},
        {1u << FOTA_ROUTE_FEED, 0, FALSE, "fed"},
        /* Better one that says what it lacks than none. */
        {1u << FOTA_ROUTE_FEED, FOTA_NEEDS_TTY, FALSE, "fed"},
        {1u << FOTA_ROUTE_FEED | 1u << FOTA_ROUTE_PULL, FOTA_NEEDS_TTY, TRUE, "switched"},
        {1u << FOTA_ROUTE_VENDOR, 0, TRUE, NULL},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const FotaMethod *method = fota_vendor_choose_method(&vendor, cases[i].routes,
                                                             cases[i].lacking, cases[i].has_power);

        g_assert_cmpstr(method != NULL ? method->name : NULL, ==, cases[i].name);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plugins/refused", test_refused);
    g_test_add_func("/plugins/others", test_others);
    g_test_add_func("/plugins/ages", test_ages);
    g_test_add_func("/plugins/exact", test_exact);
    g_test_add_func("/plugins/unsupported", test_unsupported);
    g_test_add_func("/plugins/choose", test_choose);
    return g_test_run();
}
