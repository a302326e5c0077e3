/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gmodule.h>
#include <string.h>

#include "plugins/fota-plugin.h"

/* docs/models.md says what the plugins claim, by which methods, and what their data files hold. */

typedef struct {
    const FotaPlugin *plugin;
    GKeyFile *models;
    char **lines; /* of its section on the page */
} Section;

static char *
read_page(void)
{
    char *page = NULL;

    g_assert_true(g_file_get_contents(PAGE, &page, NULL, NULL));
    return page;
}

/* The section with this title, case ignored. */
static char **
read_section(const char *title)
{
    g_autofree char *page = read_page();
    g_auto(GStrv) sections = g_strsplit(page, "\n## ", -1);

    for (guint i = 1; sections[i] != NULL; i++) {
        gsize length = strcspn(sections[i], "\n");

        if (strlen(title) == length && g_ascii_strncasecmp(sections[i], title, length) == 0)
            return g_strsplit(sections[i], "\n", -1);
    }
    g_error("the page has no section %s", title);
}

static void
section_open(Section *section, const char *name)
{
    g_autofree char *so = g_strdup_printf(BUILT "/plugins/%s/%s.so", name, name);
    g_autofree char *file = g_strdup_printf(PLUGINS "/%s/%s.models", name, name);
    GModule *module = g_module_open(so, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
    g_autoptr(GError) error = NULL;

    if (module == NULL)
        g_error("%s", g_module_error());
    g_module_make_resident(module);
    g_assert_true(g_module_symbol(module, "fota_plugin", (gpointer *)&section->plugin));
    section->models = g_key_file_new();
    g_key_file_load_from_file(section->models, file, G_KEY_FILE_NONE, &error);
    g_assert_no_error(error);
    section->lines = read_section(name);
}

static void
section_close(Section *section)
{
    g_key_file_unref(section->models);
    g_strfreev(section->lines);
}

/* As fota_vendor_get_text(). */
static char *
get_text(GKeyFile *models, const char *model, const char *key)
{
    g_auto(GStrv) groups = g_key_file_get_groups(models, NULL);
    char *text = NULL;

    for (guint i = 0; groups[i] != NULL; i++) {
        if (!g_pattern_match_simple(groups[i], model) ||
            !g_key_file_has_key(models, groups[i], key, NULL))
            continue;
        g_free(text);
        text = g_key_file_get_string(models, groups[i], key, NULL);
    }
    return text;
}

/* The claim that a name fits best, as the daemon chooses it among names. */
static const FotaClaim *
find_claim(const FotaPlugin *plugin, const char *model)
{
    const FotaClaim *best = NULL;

    for (const FotaClaim *claim = plugin->claims; claim->methods != NULL; claim++) {
        if (claim->model != NULL && g_pattern_match_simple(claim->model, model) &&
            (best == NULL || strlen(claim->model) > strlen(best->model)))
            best = claim;
    }
    return best;
}

static char *
list_methods(const FotaClaim *claim)
{
    g_autoptr(GString) list = g_string_new(NULL);

    for (guint i = 0; claim->methods[i] != NULL; i++)
        g_string_append_printf(list, "%s`%s`", i > 0 ? ", " : "", claim->methods[i]->name);
    return g_strdup(list->str);
}

/* The columns of a row whose first column holds `@name`; NULL: there is none. */
static GStrv
find_row(const Section *section, const char *name)
{
    g_autofree char *quoted = g_strdup_printf("`%s`", name);

    for (guint i = 0; section->lines[i] != NULL; i++) {
        g_auto(GStrv) columns = g_strsplit(section->lines[i], " | ", -1);

        if (g_str_has_prefix(section->lines[i], "| `") && strstr(columns[0], quoted) != NULL)
            return g_steal_pointer(&columns);
    }
    return NULL;
}

/* One pattern, of a claim or of the data file: `models | methods | restarts | time |`. */
static void
check_pattern(const Section *section, const char *pattern)
{
    g_autofree char *model = g_strndup(pattern, strcspn(pattern, "*"));
    const FotaClaim *claim = find_claim(section->plugin, model);
    g_auto(GStrv) row = find_row(section, pattern);
    g_autofree char *restarts = get_text(section->models, model, "Restarts");
    g_autofree char *seconds = get_text(section->models, model, "ApplyTime");
    g_autofree char *time = g_strconcat(seconds, " s |", NULL);
    g_autofree char *methods = NULL;

    /* A name that ModemManager gives to a module that is claimed by its USB id. */
    if (claim == NULL) {
        g_autofree char *all = g_strjoinv("\n", section->lines);

        g_assert_nonnull(strstr(all, model));
        return;
    }
    if (row == NULL)
        g_error("docs/models.md has no row with `%s`", pattern);
    methods = list_methods(claim);
    g_assert_cmpuint(g_strv_length(row), ==, 4);
    g_assert_cmpstr(row[1], ==, methods);
    g_assert_cmpstr(row[2], ==, restarts);
    g_assert_cmpstr(row[3], ==, time);
}

static void
check_method(const Section *section, const FotaMethod *method)
{
    gboolean one = method->commit == FOTA_COMMIT_POINT_DOWNLOAD;
    g_auto(GStrv) row = find_row(section, method->name);

    if (row == NULL)
        g_error("docs/models.md has no row of the method `%s`", method->name);
    g_assert_cmpuint(g_strv_length(row), ==, 4);
    g_assert_cmpstr(row[2], ==, one ? "one" : "two");
}

/* What the data file says of a model that is not driven stands on the page. */
static void
check_unsupported(const char *pattern, const char *why)
{
    g_auto(GStrv) lines = read_section("Known, and not driven");
    g_autofree char *quoted = g_strdup_printf("`%s`", pattern);

    for (guint i = 0; lines[i] != NULL; i++) {
        g_auto(GStrv) columns = g_strsplit(lines[i], " | ", -1);
        g_autoptr(GString) text = NULL;

        if (g_strv_length(columns) != 3 || strstr(columns[1], quoted) == NULL)
            continue;
        text = g_string_new(columns[2]);
        g_string_replace(text, "`", "", 0);
        g_string_replace(text, " |", "", 0);
        g_assert_cmpstr(text->str, ==, why);
        return;
    }
    g_error("docs/models.md does not say why `%s` is not driven", pattern);
}

static void
test_plugin(gconstpointer name)
{
    Section section = {0};
    g_auto(GStrv) groups = NULL;
    g_autofree char *all = NULL;

    section_open(&section, name);
    all = g_strjoinv("\n", section.lines);
    for (const FotaClaim *claim = section.plugin->claims; claim->methods != NULL; claim++) {
        if (claim->model != NULL)
            check_pattern(&section, claim->model);
        if (claim->usb_product != 0) {
            g_autofree char *id =
                g_strdup_printf("`%04x:%04x`", claim->usb_vendor, claim->usb_product);

            g_assert_nonnull(strstr(all, id));
        }
        for (guint i = 0; claim->methods[i] != NULL; i++)
            check_method(&section, claim->methods[i]);
    }
    groups = g_key_file_get_groups(section.models, NULL);
    for (guint i = 0; groups[i] != NULL; i++) {
        g_autofree char *why =
            g_key_file_get_string(section.models, groups[i], "Unsupported", NULL);

        if (why != NULL && why[0] != '\0')
            check_unsupported(groups[i], why);
        else if (strcmp(groups[i], "*") != 0)
            check_pattern(&section, groups[i]);
    }
    section_close(&section);
}

/* Each name in a row of models is one that the plugin claims. */
static void
test_rows(gconstpointer name)
{
    Section section = {0};

    section_open(&section, name);
    for (guint i = 0; section.lines[i] != NULL; i++) {
        g_auto(GStrv) columns = g_strsplit(section.lines[i], " | ", -1);
        g_auto(GStrv) names = NULL;

        if (!g_str_has_prefix(section.lines[i], "| `") ||
            !g_str_has_suffix(section.lines[i], " s |"))
            continue;
        names = g_strsplit(columns[0], "`", -1);
        for (guint j = 1; names[j] != NULL; j += 2) {
            g_autofree char *model = g_strndup(names[j], strcspn(names[j], "*"));

            if (find_claim(section.plugin, model) == NULL)
                g_error("no claim fits `%s`", names[j]);
        }
    }
    section_close(&section);
}

/* What is said not to be driven is not. */
static void
test_not_driven(void)
{
    static const char *const plugins[] = {"telit", "huawei", "quectel"};
    g_auto(GStrv) lines = read_section("Known, and not driven");
    guint n = 0;

    for (guint i = 0; i < G_N_ELEMENTS(plugins); i++) {
        Section section = {0};

        section_open(&section, plugins[i]);
        for (guint j = 0; lines[j] != NULL; j++) {
            g_auto(GStrv) columns = g_strsplit(lines[j], " | ", -1);
            g_auto(GStrv) names = NULL;

            if (g_strv_length(columns) != 3)
                continue;
            names = g_strsplit(columns[1], "`", -1);
            for (guint k = 1; names[k] != NULL && names[k + 1] != NULL; k += 2, n++)
                g_assert_null(find_claim(section.plugin, names[k]));
        }
        section_close(&section);
    }
    g_assert_cmpuint(n, >, G_N_ELEMENTS(plugins) * 5);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/models-page/telit", "telit", test_plugin);
    g_test_add_data_func("/models-page/huawei", "huawei", test_plugin);
    g_test_add_data_func("/models-page/quectel", "quectel", test_plugin);
    g_test_add_data_func("/models-page/rows/telit", "telit", test_rows);
    g_test_add_data_func("/models-page/rows/huawei", "huawei", test_rows);
    g_test_add_data_func("/models-page/rows/quectel", "quectel", test_rows);
    g_test_add_func("/models-page/not-driven", test_not_driven);
    return g_test_run();
}
