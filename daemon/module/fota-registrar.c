/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-registrar.h"

#include "daemon/fota-error.h"
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

GVariant *
fota_registrar_describe(const FotaParts *parts, GError **error)
{
    const FotaModemFacts *facts = fota_presence_get_facts(parts->presence);
    const FotaModuleConfig *config = fota_parts_get_config(parts);
    const FotaRecord *record = parts->record;
    g_autofree char *credential = fota_parts_find_credential(parts, config->network_credential);
    g_autofree char *user = NULL;
    g_autofree char *password = NULL;

    if (facts == NULL) {
        g_set_error(error, FOTA_ERROR, FOTA_ERROR_MODULE_ABSENT,
                    "ModemManager does not see the module; look at it with mmcli -L");
        return NULL;
    }
    if (credential != NULL && !fota_credential_read_login(credential, &user, &password, error))
        return NULL;
    return registration_to_variant(&(FotaRegistration){
        .imei = record->imei,
        .number = facts->own_numbers[0],
        .product = record->model,
        .firmware = record->revision,
        .distributor = config->distributor,
        .subdistributor = config->subdistributor,
        .apn = config->registration_apn != NULL ? config->registration_apn : config->apn,
        .user = user,
        .password = password,
    });
}
