/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-shown.h"

#include "daemon/fota-error.h"

struct _FotaShown {
    GObject *module;
    FotaState state;
    GHashTable *values; /* name -> GVariant */
};

FotaShown *
fota_shown_new(GObject *module, const char *imei)
{
    static const struct {
        const char *property;
        const char *value;
    } first[] = {
        {"Manufacturer", "''"},      {"Model", "''"},
        {"Revision", "''"},          {"Plugin", "''"},
        {"Modem", "objectpath '/'"}, {"State", "'absent'"},
        {"Progress", "uint32 0"},    {"BytesReceived", "uint64 0"},
        {"BytesTotal", "uint64 0"},  {"Blockers", "@as []"},
        {"LastError", "('', '')"},   {"LastCheck", "uint64 0"},
        {"NextCheck", "uint64 0"},   {"Update", "@a{sv} {}"},
        {"Service", "@a{sv} {}"},    {"Listening", "''"},
    };
    FotaShown *shown = g_new0(FotaShown, 1);

    shown->module = module;
    shown->state = FOTA_STATE_ABSENT;
    shown->values =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_variant_unref);
    for (guint i = 0; i < G_N_ELEMENTS(first); i++)
        fota_shown_set(shown, first[i].property, g_variant_new_parsed(first[i].value));
    fota_shown_set_text(shown, "Imei", imei);
    return shown;
}

void
fota_shown_free(FotaShown *shown)
{
    g_hash_table_unref(shown->values);
    g_free(shown);
}

void
fota_shown_set(FotaShown *shown, const char *property, GVariant *value)
{
    g_autoptr(GVariant) taken = g_variant_ref_sink(value);
    GVariant *before = fota_shown_get(shown, property);

    if (before != NULL && g_variant_equal(before, taken))
        return;
    g_hash_table_insert(shown->values, (gpointer)property, g_steal_pointer(&taken));
    g_signal_emit_by_name(shown->module, "changed", property);
}

void
fota_shown_set_text(FotaShown *shown, const char *property, const char *text)
{
    fota_shown_set(shown, property, g_variant_new_take_string(g_utf8_make_valid(text, -1)));
}

void
fota_shown_set_state(FotaShown *shown, FotaState state)
{
    shown->state = state;
    fota_shown_set_text(shown, "State", fota_state_to_string(state));
}

void
fota_shown_set_error_text(FotaShown *shown, const char *name, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    fota_shown_set(shown, "LastError", g_variant_new("(ss)", name, valid));
}

void
fota_shown_set_error(FotaShown *shown, const GError *error)
{
    fota_shown_set_error_text(shown, error != NULL ? fota_error_get_name(error) : "",
                              error != NULL ? error->message : "");
}

GVariant *
fota_shown_get(FotaShown *shown, const char *property)
{
    return g_hash_table_lookup(shown->values, property);
}

FotaState
fota_shown_get_state(FotaShown *shown)
{
    return shown->state;
}

const char *
fota_shown_get_error_name(FotaShown *shown)
{
    const char *name;

    g_variant_get(fota_shown_get(shown, "LastError"), "(&s&s)", &name, NULL);
    return name;
}

gboolean
fota_shown_has_own_error(FotaShown *shown)
{
    const char *name = fota_shown_get_error_name(shown);

    return name[0] != '\0' && !g_str_equal(name, "PinRequired");
}

void
fota_shown_request_approval(FotaShown *shown, const char *token, const char *gate)
{
    g_signal_emit_by_name(shown->module, "approval-requested", token, gate,
                          fota_shown_get(shown, "Update"));
}

void
fota_shown_announce_end(FotaShown *shown, const char *id, const char *result, GVariant *details)
{
    g_autoptr(GVariant) taken = g_variant_ref_sink(details);

    g_signal_emit_by_name(shown->module, "update-finished", id, result, taken);
}
