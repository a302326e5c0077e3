/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "ctl/ctl-bus.h"
#include "ctl/ctl-format.h"
#include "policy/fota-registration.h"

static int
print_csv(const char *const *values, GError **error)
{
    g_autoptr(GError) local_error = NULL;
    g_autofree char *line = fota_registration_format_csv(values, &local_error);

    if (line == NULL) {
        ctl_error(error, CTL_FAILED, "fotactl.NoCsv", "%s", local_error->message);
        return CTL_FAILED;
    }
    puts(line);
    return CTL_OK;
}

int
ctl_registration(Ctl *ctl, GError **error)
{
    g_autoptr(CtlModule) module = ctl_bus_choose_module(ctl, NULL, error);
    g_autoptr(GVariant) registration =
        module != NULL ? ctl_bus_ask(ctl, module, "GetRegistration", "a{sv}", error) : NULL;
    const char *values[FOTA_REGISTRATION_FIELDS];

    if (registration == NULL)
        return CTL_FAILED;
    if (ctl->json) {
        ctl_print_json(registration);
        return CTL_OK;
    }
    for (guint i = 0; i < FOTA_REGISTRATION_FIELDS; i++)
        values[i] = ctl_dict_get_text(registration, fota_registration_get_name(i));
    if (ctl->csv)
        return print_csv(values, error);
    for (guint i = 0; i < FOTA_REGISTRATION_FIELDS; i++)
        ctl_print_field(fota_registration_get_name(i), values[i]);
    return CTL_OK;
}
