/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/extra/fuzz/fuzz-bus-read.h"

#include "ctl/ctl-bus.h"

/* As if @properties were a module's, whatever their types are. */
static void
look_at(GVariant *properties)
{
    g_autoptr(CtlModule) module = ctl_module_new("/org/fotad/Fota1/Module/1", properties);
    g_autoptr(GVariant) offer = ctl_module_get_offer(module);
    GVariantIter iter;
    const char *key;

    ctl_module_merge(module, offer);
    g_variant_iter_init(&iter, module->properties);
    while (g_variant_iter_loop(&iter, "{&sv}", &key, NULL)) {
        g_assert_true(g_utf8_validate(ctl_dict_get_text(module->properties, key), -1, NULL));
        ctl_dict_get_number(module->properties, key);
    }
}

GVariant *
fuzz_bus_read(sd_bus_message *message)
{
    GVariant *value;

    g_assert_cmpint(sd_bus_message_rewind(message, TRUE), >=, 0);
    value = ctl_bus_read(message);
    g_assert_true(g_variant_is_normal_form(value));
    for (gsize i = 0; i < g_variant_n_children(value); i++) {
        g_autoptr(GVariant) child = g_variant_get_child_value(value, i);

        if (g_variant_is_of_type(child, G_VARIANT_TYPE_VARDICT))
            look_at(child);
    }
    g_assert_cmpint(sd_bus_message_rewind(message, TRUE), >=, 0);
    return value;
}
