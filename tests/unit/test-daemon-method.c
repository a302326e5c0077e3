/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <unistd.h>

#include "daemon/fota-config-file.h"
#include "daemon/module/fota-method.h"

/* Which of a module's methods does what: by the plan, the configuration, and the record. */

static const FotaMethod *const *methods;
static FotaVendor vendor;

const FotaVendor *__wrap_fota_presence_get_vendor(FotaPresence *presence);

const FotaVendor *
__wrap_fota_presence_get_vendor(FotaPresence *presence)
{
    vendor.methods = methods;
    return methods != NULL ? &vendor : NULL;
}

static FotaResult
on_fetch(FotaSession *session, const FotaUpdate *update, gsize max_bytes, GBytes **contents,
         GError **error)
{
    return FOTA_RESULT_DONE;
}

static void
on_close(FotaSession *session)
{
}

static const FotaMethod asked = {.name = "asked", .route = FOTA_ROUTE_ASKED};
static const FotaMethod one = {.name = "one",
                               .route = FOTA_ROUTE_PULL,
                               .commit = FOTA_COMMIT_POINT_DOWNLOAD,
                               .needs = FOTA_NEEDS_UNSOLICITED};
static const FotaMethod two = {
    .name = "two", .route = FOTA_ROUTE_PULL, .fetch = on_fetch, .close = on_close};
static const FotaMethod server = {.name = "server", .route = FOTA_ROUTE_VENDOR};
static const FotaMethod power = {.name = "power",
                                 .route = FOTA_ROUTE_VENDOR,
                                 .restarts = FOTA_RESTART_BY_POWER,
                                 .close = on_close};

static const FotaMethod *const all[] = {&asked, &one, &two, &power, &server, NULL};
static const FotaMethod *const only_one[] = {&one, NULL};

#define MODEM_MANAGER "[Access]\nAt=modemmanager\n"
#define POWER "[FirstAid]\nPowerCycle=/bin/true\n"
#define WITH_URI TRUE
#define NO_URI FALSE

static const struct {
    const FotaMethod *const *methods;
    const char *config;
    gboolean uri;
    FotaAction action;
    const char *recorded; /* the method of the update that is under way */
    const char *method;
    gboolean one_gate;
} cases[] = {
    {NULL, "", WITH_URI, FOTA_ACTION_DOWNLOAD, NULL, NULL, FALSE},
    {all, "", WITH_URI, FOTA_ACTION_DOWNLOAD, NULL, "one", TRUE},
    {all, "", WITH_URI, FOTA_ACTION_REHEARSE, NULL, "one", TRUE},
    /* What the configuration excludes is not preferred. */
    {all, MODEM_MANAGER, WITH_URI, FOTA_ACTION_DOWNLOAD, NULL, "two", FALSE},
    {all, "", NO_URI, FOTA_ACTION_DOWNLOAD, NULL, "server", FALSE},
    {all, POWER, NO_URI, FOTA_ACTION_DOWNLOAD, NULL, "power", FALSE},
    {all, "", WITH_URI, FOTA_ACTION_ASK, NULL, "server", TRUE},
    {all, "", WITH_URI, FOTA_ACTION_CHECK, NULL, "two", TRUE},
    {all, "", WITH_URI, FOTA_ACTION_INSPECT, NULL, "asked", TRUE},
    /* An update goes on with the method that it was begun with. */
    {all, "", WITH_URI, FOTA_ACTION_INSTALL, "two", "two", TRUE},
    {all, "", WITH_URI, FOTA_ACTION_RESUME, "server", "server", TRUE},
    {all, "", WITH_URI, FOTA_ACTION_DISCARD, "two", "two", TRUE},
    /* What is owed is set back by a method that can do that, whichever has worked last. */
    {all, "", WITH_URI, FOTA_ACTION_UNDO, "power", "power", TRUE},
    {all, "", WITH_URI, FOTA_ACTION_UNDO, "asked", "two", TRUE},
    {all, "", WITH_URI, FOTA_ACTION_UNDO, "of a plugin that is gone", "two", TRUE},
    {only_one, "", WITH_URI, FOTA_ACTION_UNDO, "one", "one", TRUE},
    {all, "", WITH_URI, FOTA_ACTION_DISCARD, "of a plugin that is gone", "asked", TRUE},
    {all, "", WITH_URI, FOTA_ACTION_DOWNLOAD, "two", "one", TRUE},
    /* Without a method for it the first one says that it cannot, and it is the one that counts. */
    {only_one, "", NO_URI, FOTA_ACTION_DOWNLOAD, NULL, "one", TRUE},
    {only_one, MODEM_MANAGER, WITH_URI, FOTA_ACTION_DOWNLOAD, NULL, "one", TRUE},
};

static FotaConfig *
load_config(const char *text)
{
    g_autofree char *file = NULL;
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("fotad-test-XXXXXX", &file, NULL);
    FotaConfig *config;

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
    config = fota_config_load(file, &error);
    g_assert_no_error(error);
    g_unlink(file);
    return config;
}

/* A delta that waits in the module for its installation needs an answer to that, also when the
 * configuration or the plugin now prefers a method that has one gate. */
static void
test_downloaded(void)
{
    static const FotaMark marks[] = {FOTA_MARK_NONE, FOTA_MARK_DOWNLOADING, FOTA_MARK_DOWNLOADED};
    FotaPlan plan = {.kind = FOTA_PLAN_UPDATE, .n_steps = 1};

    plan.steps[0].delta.uri[0] = "http://fw.example/a";
    methods = all;
    for (guint i = 0; i < G_N_ELEMENTS(marks); i++) {
        FotaContext context = {.config = load_config("")};
        FotaRecord record = {.imei = (char *)"353081090012345", .mark = marks[i]};
        const FotaParts parts = {.context = &context, .record = &record, .plan = &plan};

        g_assert_cmpint(fota_method_has_one_gate(&parts, &plan), ==,
                        marks[i] != FOTA_MARK_DOWNLOADED);
        fota_config_unref(context.config);
    }
}

static void
test_all(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        FotaContext context = {.config = load_config(cases[i].config)};
        FotaPlan plan = {.kind = FOTA_PLAN_UPDATE, .n_steps = 1};
        FotaRecord record = {.imei = (char *)"353081090012345",
                             .settings = g_hash_table_new(g_str_hash, g_str_equal)};
        const FotaParts parts = {.context = &context, .record = &record, .plan = &plan};
        const FotaMethod *method;

        plan.steps[0].delta.uri[0] = cases[i].uri ? "http://fw.example/a" : NULL;
        if (cases[i].recorded != NULL)
            g_hash_table_insert(record.settings, (char *)FOTA_JOB_METHOD,
                                (char *)cases[i].recorded);
        methods = cases[i].methods;
        method = fota_method_choose(&parts, cases[i].action);
        g_test_message("case %u", i);
        g_assert_cmpstr(method != NULL ? method->name : NULL, ==, cases[i].method);
        g_assert_cmpint(fota_method_has_one_gate(&parts, &plan), ==, cases[i].one_gate);
        g_hash_table_unref(record.settings);
        fota_config_unref(context.config);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/method/all", test_all);
    g_test_add_func("/method/downloaded", test_downloaded);
    return g_test_run();
}
