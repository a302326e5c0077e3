/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-debt.h"

#include "base/fota-json.h"

/* No modem has more bearers. */
#define BEARERS_MAX 16

/* The properties that say how to connect a bearer; the others describe the bearer object. */
static const char *const keys[] = {
    "apn",      "apn-type",  "ip-type",       "allowed-auth",      "user",
    "password", "multiplex", "allow-roaming", "roaming-allowance",
};

FotaDebt *
fota_debt_new(void)
{
    FotaDebt *debt = g_new0(FotaDebt, 1);

    debt->bearers = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
    return debt;
}

void
fota_debt_free(FotaDebt *debt)
{
    g_ptr_array_unref(debt->bearers);
    g_free(debt);
}

gboolean
fota_debt_is_empty(const FotaDebt *debt)
{
    return !debt->enabled && debt->bearers->len == 0;
}

void
fota_debt_clear(FotaDebt *debt)
{
    debt->enabled = FALSE;
    g_ptr_array_set_size(debt->bearers, 0);
}

/* Without an APN the network assigns its default one. */
static const char *
bearer_get_apn(GVariant *properties)
{
    const char *apn = "";

    g_variant_lookup(properties, "apn", "&s", &apn);
    return apn;
}

/* Without an APN, a profile of the module says how to connect. */
static GVariant *
bearer_how_to_connect(GVariant *properties)
{
    GVariantDict all, kept;

    g_variant_dict_init(&all, properties);
    g_variant_dict_init(&kept, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autoptr(GVariant) value = g_variant_dict_lookup_value(&all, keys[i], NULL);

        if (value != NULL)
            g_variant_dict_insert_value(&kept, keys[i], value);
    }
    if (bearer_get_apn(properties)[0] == '\0') {
        g_autoptr(GVariant) profile =
            g_variant_dict_lookup_value(&all, "profile-id", G_VARIANT_TYPE_INT32);

        if (profile != NULL)
            g_variant_dict_insert_value(&kept, "profile-id", profile);
    }
    g_variant_dict_clear(&all);
    return g_variant_ref_sink(g_variant_dict_end(&kept));
}

void
fota_debt_add_bearer(FotaDebt *debt, GVariant *properties)
{
    g_autoptr(GVariant) bearer = bearer_how_to_connect(properties);

    if (debt->bearers->len < BEARERS_MAX &&
        !g_ptr_array_find_with_equal_func(debt->bearers, bearer, g_variant_equal, NULL))
        g_ptr_array_add(debt->bearers, g_steal_pointer(&bearer));
}

void
fota_debt_pay_bearer(FotaDebt *debt, GVariant *properties)
{
    const char *apn = bearer_get_apn(properties);

    for (guint i = debt->bearers->len; i > 0; i--) {
        if (g_ascii_strcasecmp(bearer_get_apn(debt->bearers->pdata[i - 1]), apn) == 0)
            g_ptr_array_remove_index(debt->bearers, i - 1);
    }
}

GBytes *
fota_debt_serialize(const FotaDebt *debt)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = NULL;
    char *text;
    gsize length;

    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "enabled");
    json_builder_add_boolean_value(builder, debt->enabled);
    if (debt->bearers->len > 0) {
        json_builder_set_member_name(builder, "bearers");
        json_builder_begin_array(builder);
        for (guint i = 0; i < debt->bearers->len; i++) {
            g_autofree char *bearer = g_variant_print(debt->bearers->pdata[i], TRUE);

            json_builder_add_string_value(builder, bearer);
        }
        json_builder_end_array(builder);
    }
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    json_generator_set_root(generator, root);
    text = json_generator_to_data(generator, &length);
    return g_bytes_new_take(text, length);
}

static const char *
check_bearer(const char *text)
{
    g_autoptr(GVariant) bearer = g_variant_parse(G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);

    return bearer != NULL ? NULL : "properties of a bearer, as GLib writes an a{sv}";
}

FotaDebt *
fota_debt_parse(GBytes *bytes, GError **error)
{
    g_autoptr(JsonNode) root = fota_json_parse(bytes, error);
    g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(FotaDebt) debt = fota_debt_new();
    g_autofree const char **bearers = NULL;
    FotaJsonPlace place;

    if (root == NULL)
        return NULL;
    place = fota_json_root(root, errors);
    debt->enabled = fota_json_get_boolean(&place, "enabled", FOTA_JSON_REQUIRED, FALSE);
    bearers =
        fota_json_get_strings(&place, "bearers", FOTA_JSON_OPTIONAL, BEARERS_MAX, check_bearer);
    for (guint i = 0; bearers != NULL && bearers[i] != NULL; i++) {
        g_ptr_array_add(debt->bearers,
                        g_variant_parse(G_VARIANT_TYPE_VARDICT, bearers[i], NULL, NULL, NULL));
    }
    if (errors->len == 0)
        return g_steal_pointer(&debt);
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, errors->pdata[0]);
    return NULL;
}
