/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/fota-variant.h"

#include <errno.h>

/* sd_bus_message_append_basic() takes an int for a boolean, and pointers to other numbers. */
static int
append_basic(sd_bus_message *message, GVariant *value, char type)
{
    switch (type) {
    case SD_BUS_TYPE_BOOLEAN: {
        int boolean = g_variant_get_boolean(value);

        return sd_bus_message_append_basic(message, type, &boolean);
    }
    case SD_BUS_TYPE_STRING:
    case SD_BUS_TYPE_OBJECT_PATH:
    case SD_BUS_TYPE_SIGNATURE:
        return sd_bus_message_append_basic(message, type, g_variant_get_string(value, NULL));
    case SD_BUS_TYPE_BYTE:
    case SD_BUS_TYPE_INT16:
    case SD_BUS_TYPE_UINT16:
    case SD_BUS_TYPE_INT32:
    case SD_BUS_TYPE_UINT32:
    case SD_BUS_TYPE_INT64:
    case SD_BUS_TYPE_UINT64:
    case SD_BUS_TYPE_DOUBLE:
        return sd_bus_message_append_basic(message, type, g_variant_get_data(value));
    default:
        return -EINVAL;
    }
}

/* The container's type as sd-bus names it, and the signature of its contents. */
static char
container_type(GVariant *value, char **contents)
{
    const char *type = g_variant_get_type_string(value);

    switch (g_variant_classify(value)) {
    case G_VARIANT_CLASS_VARIANT: {
        g_autoptr(GVariant) inner = g_variant_get_variant(value);

        *contents = g_strdup(g_variant_get_type_string(inner));
        return SD_BUS_TYPE_VARIANT;
    }
    case G_VARIANT_CLASS_ARRAY:
        *contents = g_strdup(type + 1);
        return SD_BUS_TYPE_ARRAY;
    case G_VARIANT_CLASS_TUPLE:
        *contents = g_strndup(type + 1, strlen(type) - 2);
        return SD_BUS_TYPE_STRUCT;
    case G_VARIANT_CLASS_DICT_ENTRY:
        *contents = g_strndup(type + 1, strlen(type) - 2);
        return SD_BUS_TYPE_DICT_ENTRY;
    default:
        *contents = NULL;
        return '\0';
    }
}

int
fota_variant_append(sd_bus_message *message, GVariant *value)
{
    g_autofree char *contents = NULL;
    char type;
    int r;

    if (!g_variant_is_container(value))
        return append_basic(message, value, g_variant_get_type_string(value)[0]);
    type = container_type(value, &contents);
    if (type == '\0')
        return -EINVAL;
    r = sd_bus_message_open_container(message, type, contents);
    for (gsize i = 0; r >= 0 && i < g_variant_n_children(value); i++) {
        g_autoptr(GVariant) child = g_variant_get_child_value(value, i);

        r = fota_variant_append(message, child);
    }
    return r < 0 ? r : sd_bus_message_close_container(message);
}
