/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-registrar.h"

#include <string.h>

#include "base/fota-text.h"
#include "daemon/fota-error.h"
#include "daemon/fota-outbox.h"
#include "policy/fota-registration.h"

static GVariant *
registration_to_variant(const FotaRegistration *registration)
{
    GVariantDict dict;

    g_variant_dict_init(&dict, NULL);
    for (guint i = 0; i < FOTA_REGISTRATION_FIELDS; i++)
        g_variant_dict_insert(&dict, fota_registration_get_name(i), "s",
                              fota_registration_get_value(registration, i));
    return g_variant_ref_sink(g_variant_dict_end(&dict));
}

static FotaRegistration
collect(const FotaParts *parts, const FotaModemFacts *facts)
{
    const FotaModuleConfig *config = fota_parts_get_config(parts);
    const FotaRecord *record = parts->record;

    return (FotaRegistration){
        .imei = record->imei,
        .number = facts->own_numbers[0],
        .product = record->model,
        .firmware = record->revision,
        .distributor = config->distributor,
        .subdistributor = config->subdistributor,
        .apn = config->registration_apn != NULL ? config->registration_apn : config->apn,
    };
}

GVariant *
fota_registrar_describe(const FotaParts *parts, GError **error)
{
    const FotaModemFacts *facts = fota_presence_get_facts(parts->presence);
    const char *name = fota_parts_get_config(parts)->network_credential;
    g_autofree char *credential = fota_parts_find_credential(parts, name);
    FotaRegistration registration;
    g_autofree char *user = NULL;
    g_autofree char *password = NULL;

    if (facts == NULL) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_MODULE_ABSENT,
                    "ModemManager does not see the module; look at it with mmcli -L");
        return NULL;
    }
    if (credential != NULL && !fota_credential_read_login(credential, &user, &password, error))
        return NULL;
    registration = collect(parts, facts);
    registration.user = user;
    registration.password = password;
    return registration_to_variant(&registration);
}

/* Which SIM is in the module, and the server that was told so. */
static char *
make_mark(const FotaRecord *record, const FotaModemFacts *facts, const char *uri)
{
    g_autofree char *origin = fota_text_get_origin(uri);
    g_autofree char *text = g_strdup_printf("%s %s", facts->imsi, origin != NULL ? origin : uri);

    return fota_registration_make_key(record->imei, text, 0);
}

void
fota_registrar_look(const FotaParts *parts)
{
    const FotaModemFacts *facts = fota_presence_get_facts(parts->presence);
    const FotaModuleConfig *config = fota_parts_get_config(parts);
    FotaRecord *record = parts->record;
    g_autofree char *mark = NULL;
    g_autofree char *key = NULL;
    g_autofree char *uri = NULL;
    g_autofree char *body = NULL;
    FotaRegistration registration;

    /* Without its IMSI, nobody can tell whether it is another SIM. */
    if (config->registration_uri == NULL || parts->context->outbox == NULL || facts == NULL ||
        facts->imsi[0] == '\0')
        return;
    uri = fota_text_expand_uri(config->registration_uri, record->imei, record->model, config->salt);
    mark = make_mark(record, facts, uri);
    if (strcmp(record->registered, mark) == 0)
        return;
    key = fota_registration_make_key(record->imei, facts->imsi, record->registrations + 1);
    registration = collect(parts, facts);
    body = fota_registration_to_json(&registration);
    fota_outbox_add(parts->context->outbox, &(FotaPost){
                                                .kind = FOTA_POST_REGISTRATION,
                                                .key = key,
                                                .imei = record->imei,
                                                .model = record->model,
                                                .uri = uri,
                                                .credential = config->registration_credential,
                                                .body = body,
                                            });
    record->registrations++;
    fota_record_set(&record->registered, mark);
    fota_keeper_save(parts->keeper, NULL);
}
