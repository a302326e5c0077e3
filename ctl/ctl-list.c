/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "ctl/ctl-bus.h"
#include "ctl/ctl-format.h"
#include "ctl/ctl-offer.h"
#include "ctl/ctl-plan.h"
#include "ctl/ctl-report.h"

static void
print_module_table(GPtrArray *modules)
{
    g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
    static const char *const head[] = {"IMEI", "MODEL", "FIRMWARE", "STATE", "OFFERED"};

    for (guint i = 0; i < G_N_ELEMENTS(head); i++)
        g_ptr_array_add(cells, g_strdup(head[i]));
    for (guint i = 0; i < modules->len; i++) {
        const CtlModule *module = modules->pdata[i];
        g_autoptr(GVariant) offer = ctl_module_get_offer(module);

        g_ptr_array_add(cells, g_strdup(module->imei));
        g_ptr_array_add(cells, g_strdup(ctl_dict_get_text(module->properties, "Model")));
        g_ptr_array_add(cells, g_strdup(ctl_dict_get_text(module->properties, "Revision")));
        g_ptr_array_add(cells, g_strdup(ctl_dict_get_text(module->properties, "State")));
        g_ptr_array_add(cells, g_strdup(ctl_offer_get_version(offer)));
    }
    ctl_print_table((const char *const *)cells->pdata, modules->len + 1, G_N_ELEMENTS(head));
}

int
ctl_list(Ctl *ctl, GError **error)
{
    g_autoptr(GPtrArray) modules = ctl_bus_get_modules(ctl, error);
    GVariantBuilder list;

    if (modules == NULL)
        return CTL_FAILED;
    if (!ctl->json && modules->len == 0)
        puts("fotad knows no module yet.");
    else if (!ctl->json)
        print_module_table(modules);
    if (!ctl->json)
        return CTL_OK;
    g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < modules->len; i++)
        g_variant_builder_add_value(&list, ((CtlModule *)modules->pdata[i])->properties);
    ctl_print_json(g_variant_builder_end(&list));
    return CTL_OK;
}

static char *
format_progress(GVariant *properties)
{
    guint64 total = ctl_dict_get_number(properties, "BytesTotal");
    g_autofree char *received = ctl_format_bytes(ctl_dict_get_number(properties, "BytesReceived"));
    g_autofree char *of = ctl_format_bytes(total);
    guint percent = (guint)ctl_dict_get_number(properties, "Progress");

    if (total == 0)
        return percent == 0 ? g_strdup("") : g_strdup_printf("%u %%", percent);
    return g_strdup_printf("%u %%, %s of %s", percent, received, of);
}

static void
print_times(GVariant *properties)
{
    g_autofree char *last = ctl_format_time(ctl_dict_get_number(properties, "LastCheck"));
    g_autofree char *next = ctl_format_time(ctl_dict_get_number(properties, "NextCheck"));

    ctl_print_field("Last check", last);
    ctl_print_field("Next check", next);
}

/* "home 26201 lte connected ipv4", as in the log; "" = an older fotad does not tell. */
static char *
format_service(GVariant *dict, const char *name)
{
    g_autoptr(GVariant) service = g_variant_lookup_value(dict, name, NULL);
    g_autoptr(GVariant) families = NULL;
    g_autofree char *list = NULL;
    gboolean registered = FALSE, roaming = FALSE, connected = FALSE;
    const char *operator, *technology;

    if (service == NULL || !g_variant_lookup(service, "registered", "b", &registered))
        return g_strdup("");
    if (!registered)
        return g_strdup("not registered");
    g_variant_lookup(service, "roaming", "b", &roaming);
    g_variant_lookup(service, "connected", "b", &connected);
    families = g_variant_lookup_value(service, "ip-families", G_VARIANT_TYPE_STRING_ARRAY);
    list = families != NULL ? ctl_format_list(families) : g_strdup("");
    operator = ctl_dict_get_text(service, "operator");
    technology = ctl_dict_get_text(service, "technology");
    return g_strdup_printf("%s%s%s%s%s%s%s", roaming ? "roaming" : "home",
                           operator[0] != '\0' ? " on " : "", operator,
                           technology[0] != '\0' ? " " : "", technology,
                           connected ? ", connected with " : "", connected ? list : "");
}

/* What the module asks is heard on a port of fotad's own alone. */
static const char *
describe_listening(GVariant *properties)
{
    const char *listening = ctl_dict_get_text(properties, "Listening");

    return strcmp(listening, "no-port") == 0
               ? "no: it has no port reserved for fotad; see [ModuleAsks] in fotad.conf(5)"
               : listening;
}

static void
print_status(const CtlModule *module, JsonObject *plan)
{
    GVariant *properties = module->properties;
    g_autoptr(GVariant) offer = ctl_module_get_offer(module);
    g_autoptr(GVariant) blockers = g_variant_lookup_value(properties, "Blockers", NULL);
    g_autofree char *waits = blockers != NULL ? ctl_format_list(blockers) : g_strdup("");
    g_autofree char *progress = format_progress(properties);
    g_autofree char *service = format_service(properties, "Service");
    g_autofree char *data = ctl_plan_format_data(plan);
    g_autofree char *last_error = NULL;
    const char *name = "", *text = "";

    g_variant_lookup(properties, "LastError", "(&s&s)", &name, &text);
    if (name[0] != '\0')
        last_error = g_strdup_printf("%s: %s", name, text);
    ctl_print_field("Module", module->imei);
    ctl_print_field("Manufacturer", ctl_dict_get_text(properties, "Manufacturer"));
    ctl_print_field("Model", ctl_dict_get_text(properties, "Model"));
    ctl_print_field("Firmware", ctl_dict_get_text(properties, "Revision"));
    ctl_print_field("Plugin", ctl_dict_get_text(properties, "Plugin"));
    ctl_print_field("Listened to", describe_listening(properties));
    ctl_print_field("ModemManager", ctl_dict_get_text(properties, "Modem"));
    ctl_print_field("Service", service);
    ctl_print_field("State", ctl_dict_get_text(properties, "State"));
    ctl_print_field("Waits for", waits);
    ctl_print_field("Progress", progress);
    ctl_print_field("Last error", last_error != NULL ? last_error : "");
    print_times(properties);
    ctl_print_field("Data this month", data);
    ctl_print_offer(offer);
}

int
ctl_status(Ctl *ctl, GError **error)
{
    g_autoptr(CtlModule) module = ctl_bus_choose_module(ctl, NULL, error);
    g_autoptr(JsonObject) plan = NULL;

    if (module == NULL)
        return CTL_FAILED;
    if (ctl->json) {
        ctl_print_json(module->properties);
        return CTL_OK;
    }
    plan = ctl_plan_get(ctl, module, error);
    if (plan == NULL)
        return CTL_FAILED;
    print_status(module, plan);
    return CTL_OK;
}

/* "home on 26201 lte -> not registered"; "" = it was not compared. */
static char *
format_change(GVariant *entry)
{
    g_autofree char *before = format_service(entry, "service-before");
    g_autofree char *after = format_service(entry, "service-after");

    return strcmp(before, after) == 0 ? g_steal_pointer(&before)
                                      : g_strconcat(before, " -> ", after, NULL);
}

static void
print_history(GVariant *history)
{
    g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
    static const char *const head[] = {"FINISHED", "UPDATE",  "RESULT", "FROM",
                                       "TO",       "SERVICE", "REASON"};
    gsize n_entries = g_variant_n_children(history);

    for (guint i = 0; i < G_N_ELEMENTS(head); i++)
        g_ptr_array_add(cells, g_strdup(head[i]));
    for (gsize i = 0; i < n_entries; i++) {
        g_autoptr(GVariant) entry = g_variant_get_child_value(history, i);
        const char *error_name = ctl_dict_get_text(entry, "error");
        const char *text = ctl_dict_get_text(entry, "text");

        g_ptr_array_add(cells, ctl_format_time(ctl_dict_get_number(entry, "finished")));
        g_ptr_array_add(cells, g_strdup(ctl_dict_get_text(entry, "id")));
        g_ptr_array_add(cells, g_strdup(ctl_dict_get_text(entry, "result")));
        g_ptr_array_add(cells, g_strdup(ctl_dict_get_text(entry, "from")));
        g_ptr_array_add(cells, g_strdup(ctl_dict_get_text(entry, "to")));
        g_ptr_array_add(cells, format_change(entry));
        g_ptr_array_add(cells, error_name[0] != '\0' ? g_strdup_printf("%s: %s", error_name, text)
                                                     : g_strdup(text));
    }
    if (n_entries == 0)
        puts("No update has finished yet.");
    else
        ctl_print_table((const char *const *)cells->pdata, (guint)n_entries + 1,
                        G_N_ELEMENTS(head));
}

int
ctl_history(Ctl *ctl, GError **error)
{
    g_autoptr(CtlModule) module = ctl_bus_choose_module(ctl, NULL, error);
    g_autoptr(sd_bus_message) reply = NULL;
    g_autoptr(GVariant) answer = NULL;
    g_autoptr(GVariant) history = NULL;

    if (module == NULL || !ctl_bus_call(ctl, module->path, CTL_BUS_MODULE, "GetHistory", &reply,
                                        error, "u", ctl->max))
        return CTL_FAILED;
    answer = ctl_bus_read(reply);
    history = g_variant_get_child_value(answer, 0);
    if (ctl->json)
        ctl_print_json(history);
    else
        print_history(history);
    return CTL_OK;
}

int
ctl_query(Ctl *ctl, GError **error)
{
    g_autoptr(CtlModule) module = ctl_bus_choose_module(ctl, NULL, error);
    g_autoptr(GVariant) identity =
        module != NULL ? ctl_bus_ask(ctl, module, "Query", "a{sv}", error) : NULL;
    GVariantIter iter;
    const char *key;
    GVariant *value;

    if (identity == NULL)
        return CTL_FAILED;
    if (ctl->json) {
        ctl_print_json(identity);
        return CTL_OK;
    }
    g_variant_iter_init(&iter, identity);
    while (g_variant_iter_loop(&iter, "{&sv}", &key, &value)) {
        g_autofree char *text = ctl_format_value(value);

        ctl_print_field(key, text);
    }
    return CTL_OK;
}

int
ctl_version(Ctl *ctl, GError **error)
{
    g_autoptr(CtlModule) module = ctl_bus_choose_module(ctl, NULL, error);
    g_autoptr(GVariant) answer =
        module != NULL ? ctl_bus_ask(ctl, module, "AskVersion", "s", error) : NULL;
    g_autofree char *clean = NULL;
    const char *version;

    if (answer == NULL)
        return CTL_FAILED;
    version = g_variant_get_string(answer, NULL);
    clean = ctl_format_clean(version);
    if (ctl->json)
        ctl_print_json(
            g_variant_new_parsed("{'module': <%s>, 'version': <%s>}", module->imei, version));
    else
        puts(clean);
    return CTL_OK;
}

static JsonObject *
get_report(Ctl *ctl, const CtlModule *module, GError **error)
{
    g_autoptr(GVariant) text = ctl_bus_ask(ctl, module, "GetReport", "s", error);
    g_autoptr(JsonNode) node = NULL;

    if (text == NULL)
        return NULL;
    node = json_from_string(g_variant_get_string(text, NULL), NULL);
    if (node != NULL && JSON_NODE_HOLDS_OBJECT(node))
        return json_node_dup_object(node);
    ctl_error(error, CTL_FAILED, "fotactl.BadReply", "fotad's report cannot be read");
    return NULL;
}

int
ctl_report(Ctl *ctl, GError **error)
{
    CtlReportFormat format = ctl->json  ? CTL_REPORT_JSON
                             : ctl->csv ? CTL_REPORT_CSV
                                        : CTL_REPORT_TEXT;
    g_autoptr(CtlModule) one = NULL;
    g_autoptr(GPtrArray) all = NULL;
    g_autoptr(JsonArray) reports = json_array_new();
    g_autoptr(JsonObject) report = NULL;

    if (ctl->module != NULL) {
        one = ctl_bus_choose_module(ctl, NULL, error);
        report = one != NULL ? get_report(ctl, one, error) : NULL;
        if (report == NULL)
            return CTL_FAILED;
        ctl_report_print_module(report, format);
        return CTL_OK;
    }
    all = ctl_bus_get_modules(ctl, error);
    if (all == NULL)
        return CTL_FAILED;
    for (guint i = 0; i < all->len; i++) {
        JsonObject *next = get_report(ctl, all->pdata[i], error);

        if (next == NULL)
            return CTL_FAILED;
        json_array_add_object_element(reports, next);
    }
    ctl_report_print_general(reports, format);
    return CTL_OK;
}
