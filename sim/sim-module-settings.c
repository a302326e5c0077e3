/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim-module.h"

#include <string.h>

static gboolean
set_number(const char *key, const char *value, gint64 max, int *number, GError **error)
{
    gint64 parsed;

    if (!g_ascii_string_to_signed(value, 10, 0, max, &parsed, NULL)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s=%s: 0 to %d", key, value,
                    (int)max);
        return FALSE;
    }
    *number = (int)parsed;
    return TRUE;
}

static gboolean
set_registration(SimModule *module, const char *value, GError **error)
{
    int status;

    if (!set_number("registered", value, 10, &status, error))
        return FALSE;
    sim_module_set_registration(module, status);
    return TRUE;
}

/* FALSE: the key is none of the personality's. */
static gboolean
set_own(SimModule *module, const char *key, const char *value, gboolean *good, GError **error)
{
    if (module->personality->set == NULL || !module->personality->set(module, key, value, good))
        return FALSE;
    if (!*good)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%s does not take '%s'", key,
                    value);
    return TRUE;
}

void
sim_describe_text(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value != NULL ? value : "");
}

void
sim_describe_number(JsonBuilder *builder, const char *name, gint64 value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, value);
}

gboolean
sim_module_set(SimModule *module, const char *key, const char *value, GError **error)
{
    gboolean good = TRUE;

    if (set_own(module, key, value, &good, error))
        return good;
    if (g_str_equal(key, "signal"))
        return set_number(key, value, 99, &module->signal, error);
    if (g_str_equal(key, "registered"))
        return set_registration(module, value, error);
    if (g_str_equal(key, "generation"))
        return set_number(key, value, 4, &module->generation, error);
    if (g_str_equal(key, "gateway"))
        return set_number(key, value, G_MAXINT, &module->gateway, error);
    if (g_str_equal(key, "pin-tries")) {
        int tries = 0;

        if (!set_number(key, value, SIM_PIN_TRIES, &tries, error))
            return FALSE;
        module->pin_tries = (guint)tries;
    } else if (g_str_equal(key, "apn")) {
        sim_context_define(module, 3, "IPV4V6", value[0] != '\0' ? value : NULL);
    } else if (g_str_equal(key, "pin")) {
        g_free(module->pin);
        module->pin = value[0] != '\0' ? g_strdup(value) : NULL;
        module->unlocked = module->unlocked || module->pin == NULL;
    } else if (g_str_equal(key, "version")) {
        g_free(module->version);
        module->version = g_strdup(value);
    } else if (g_str_equal(key, "imsi")) {
        g_free(module->imsi);
        module->imsi = g_strdup(value);
    } else if (g_str_equal(key, "package")) {
        g_free(module->package);
        module->package = value[0] != '\0' ? g_strdup(value) : NULL;
    } else {
        g_set_error(
            error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
            "there is no key %s here; all modules have signal, registered, generation, apn, pin, "
            "pin-tries, imsi, version, package and gateway; with --module, also imei, "
            "reserved-port, uid, net and raw",
            key);
        return FALSE;
    }
    return TRUE;
}

/* What its USB device is like. FALSE: another key. */
static gboolean
take_device_option(SimModule *module, const char *key, const char *value)
{
    const struct {
        const char *key;
        gboolean *flag;
        char **text;
    } options[] = {{"reserved-port", &module->reserved_port, NULL},
                   {"raw", &module->raw, NULL},
                   {"uid", NULL, &module->uid},
                   {"net", NULL, &module->net}};

    for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
        if (!g_str_equal(key, options[i].key))
            continue;
        if (options[i].flag != NULL) {
            *options[i].flag = g_str_equal(value, "1");
        } else {
            g_free(*options[i].text);
            *options[i].text = g_strdup(value);
        }
        return TRUE;
    }
    return FALSE;
}

gboolean
sim_module_take_option(SimModule *module, const char *option, GError **error)
{
    g_auto(GStrv) pair = g_strsplit(option, "=", 2);

    if (pair[0] == NULL || pair[1] == NULL) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "'%s' is not KEY=VALUE",
                    option);
        return FALSE;
    }
    if (g_str_equal(pair[0], "imei")) {
        if (strlen(pair[1]) != 15 || strspn(pair[1], "0123456789") != 15) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                        "imei=%s: an IMEI has 15 digits", pair[1]);
            return FALSE;
        }
        g_free(module->imei);
        module->imei = g_strdup(pair[1]);
        return TRUE;
    }
    return take_device_option(module, pair[0], pair[1]) ||
           sim_module_set(module, pair[0], pair[1], error);
}

void
sim_module_take_return_faults(SimModule *module)
{
    if (sim_faults_take(module->faults, "pin-after", NULL, NULL)) {
        if (module->pin == NULL)
            module->pin = g_strdup("1234");
        module->unlocked = FALSE;
    }
    if (sim_faults_take(module->faults, "apn-lost", NULL, NULL)) {
        for (int cid = 1; cid <= SIM_MAX_CID; cid++)
            g_clear_pointer(&module->contexts[cid].apn, g_free);
    }
    if (module->unserved != 0) {
        module->registration = module->unserved;
        module->unserved = 0;
    }
    if (sim_faults_take(module->faults, "no-service", NULL, NULL)) {
        module->unserved = module->registration;
        module->registration = 2;
    }
    module->as_acm = sim_faults_take(module->faults, "return-ttyacm", NULL, NULL);
}

static void
describe_lists(SimModule *module, JsonBuilder *b)
{
    g_auto(GStrv) faults = sim_faults_describe(module->faults);

    json_builder_set_member_name(b, "ttys");
    json_builder_begin_array(b);
    for (guint i = 0; i < module->lines->len; i++) {
        SimLine *line = g_ptr_array_index(module->lines, i);

        json_builder_add_string_value(b, sim_port_get_tty(sim_line_get_port(line)));
    }
    json_builder_end_array(b);
    json_builder_set_member_name(b, "contexts");
    json_builder_begin_array(b);
    for (int cid = 1; cid <= SIM_MAX_CID; cid++) {
        if (module->contexts[cid].apn == NULL)
            continue;
        json_builder_begin_object(b);
        json_builder_set_member_name(b, "cid");
        json_builder_add_int_value(b, cid);
        json_builder_set_member_name(b, "apn");
        json_builder_add_string_value(b, module->contexts[cid].apn);
        json_builder_set_member_name(b, "active");
        json_builder_add_boolean_value(b, module->contexts[cid].active);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
    json_builder_set_member_name(b, "faults");
    json_builder_begin_array(b);
    for (guint i = 0; faults[i] != NULL; i++)
        json_builder_add_string_value(b, faults[i]);
    json_builder_end_array(b);
}

JsonNode *
sim_module_describe(SimModule *module)
{
    g_autoptr(JsonBuilder) b = json_builder_new();

    json_builder_begin_object(b);
    sim_describe_text(b, "imei", module->imei);
    sim_describe_text(b, "imsi", module->imsi);
    sim_describe_text(b, "model", module->personality->model);
    sim_describe_text(b, "version", module->version);
    sim_describe_number(b, "powered", module->powered);
    sim_describe_number(b, "running", module->running);
    sim_describe_number(b, "plugged", module->plugged);
    sim_describe_number(b, "starts", module->starts);
    sim_describe_number(b, "signal", module->signal);
    sim_describe_number(b, "registered", sim_module_registration(module, 0));
    sim_describe_number(b, "sim-busy", sim_module_is_sim_busy(module));
    sim_describe_number(b, "pin-missing", !module->unlocked);
    sim_describe_number(b, "pin-tries", module->pin_tries);
    sim_describe_number(b, "cereg-mode", module->creg_mode[2]);
    describe_lists(module, b);
    module->personality->describe(module, b);
    json_builder_end_object(b);
    return json_builder_get_root(b);
}
