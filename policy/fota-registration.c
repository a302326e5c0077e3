/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-registration.h"

#include <json-glib/json-glib.h>

#include "policy/fota-policy-error.h"

#define OF(member) G_STRUCT_OFFSET(FotaRegistration, member), NULL
#define FIXED(text) 0, text

/* In the order of the form. */
static const struct {
    const char *name;
    gsize offset;      /* of the value in FotaRegistration, */
    const char *fixed; /* or the value itself */
} fields[FOTA_REGISTRATION_FIELDS] = {
    {"imei", OF(imei)},
    {"number", OF(number)},
    {"product", OF(product)},
    {"firmware", OF(firmware)},
    {"distributor", OF(distributor)},
    {"subdistributor", OF(subdistributor)},
    {"fota-enabled", FIXED("FOTA")},
    {"fota-activated", FIXED("FOTAACTIVATED")},
    {"apn-from-database", FIXED("")},
    {"apn", OF(apn)},
    {"csd", FIXED("")},
    {"gprs", FIXED("YES")},
    {"user", OF(user)},
    {"password", OF(password)},
};

const char *
fota_registration_get_name(guint field)
{
    return fields[field].name;
}

const char *
fota_registration_get_value(const FotaRegistration *registration, guint field)
{
    const char *value = fields[field].fixed != NULL
                            ? fields[field].fixed
                            : G_STRUCT_MEMBER(const char *, registration, fields[field].offset);

    return value != NULL ? value : "";
}

char *
fota_registration_to_json(const FotaRegistration *registration)
{
    FotaRegistration shown = *registration;
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;

    shown.user = shown.password = NULL;
    json_builder_begin_object(builder);
    for (guint i = 0; i < FOTA_REGISTRATION_FIELDS; i++) {
        g_autofree char *text = g_utf8_make_valid(fota_registration_get_value(&shown, i), -1);

        if (text[0] == '\0')
            continue;
        json_builder_set_member_name(builder, fields[i].name);
        json_builder_add_string_value(builder, text);
    }
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    return json_to_string(root, FALSE);
}

char *
fota_registration_make_key(const char *imei, const char *imsi, guint64 number)
{
    g_autofree char *text =
        g_strdup_printf("registration %s %s %" G_GUINT64_FORMAT, imei, imsi, number);
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

    return g_strndup(digest, 32);
}

static gboolean
fits_form(const char *value)
{
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == ';' || g_ascii_iscntrl(*c))
            return FALSE;
    }
    return TRUE;
}

char *
fota_registration_format_csv(const char *const *values, GError **error)
{
    GString *line = g_string_new(NULL);

    for (guint i = 0; i < FOTA_REGISTRATION_FIELDS; i++) {
        if (!fits_form(values[i])) {
            g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_BAD_CONFIGURATION,
                        "the field %s has a semicolon or a control character, which the form "
                        "cannot hold: change it, or leave --csv out",
                        fields[i].name);
            g_string_free(line, TRUE);
            return NULL;
        }
        g_string_append_printf(line, "%s%s", i > 0 ? ";" : "", values[i]);
    }
    return g_string_free(line, FALSE);
}
