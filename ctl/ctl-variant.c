/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ctl-bus.h"

#include <string.h>

/* ctl-bus.h: converts D-Bus messages to GVariants, and reads those. */

static void read_contents(sd_bus_message *message, GVariantBuilder *builder);

static GVariant *
read_basic(sd_bus_message *message, char type)
{
    union {
        guint8 byte;
        gint16 int16;
        guint16 uint16;
        int int32; /* also for booleans and handles */
        guint32 uint32;
        gint64 int64;
        guint64 uint64;
        double number;
        const char *text;
    } value = {0};

    sd_bus_message_read_basic(message, type, &value);
    switch (type) {
    case SD_BUS_TYPE_BYTE:
        return g_variant_new_byte(value.byte);
    case SD_BUS_TYPE_BOOLEAN:
        return g_variant_new_boolean(value.int32);
    case SD_BUS_TYPE_INT16:
        return g_variant_new_int16(value.int16);
    case SD_BUS_TYPE_UINT16:
        return g_variant_new_uint16(value.uint16);
    case SD_BUS_TYPE_INT32:
        return g_variant_new_int32(value.int32);
    case SD_BUS_TYPE_UINT32:
        return g_variant_new_uint32(value.uint32);
    case SD_BUS_TYPE_INT64:
        return g_variant_new_int64(value.int64);
    case SD_BUS_TYPE_UINT64:
        return g_variant_new_uint64(value.uint64);
    case SD_BUS_TYPE_DOUBLE:
        return g_variant_new_double(value.number);
    case SD_BUS_TYPE_OBJECT_PATH:
        return g_variant_new_object_path(value.text);
    case SD_BUS_TYPE_SIGNATURE:
        return g_variant_new_signature(value.text);
    case SD_BUS_TYPE_UNIX_FD:
        return g_variant_new_handle(value.int32);
    default:
        return g_variant_new_string(value.text);
    }
}

static void
read_container(sd_bus_message *message, char type, const char *contents, GVariantBuilder *builder)
{
    g_autofree char *variant_type = NULL;

    switch (type) {
    case SD_BUS_TYPE_ARRAY:
        variant_type = g_strconcat("a", contents, NULL);
        break;
    case SD_BUS_TYPE_STRUCT:
        variant_type = g_strconcat("(", contents, ")", NULL);
        break;
    case SD_BUS_TYPE_DICT_ENTRY:
        variant_type = g_strconcat("{", contents, "}", NULL);
        break;
    default:
        variant_type = g_strdup("v");
        break;
    }
    sd_bus_message_enter_container(message, type, contents);
    g_variant_builder_open(builder, G_VARIANT_TYPE(variant_type));
    read_contents(message, builder);
    g_variant_builder_close(builder);
    sd_bus_message_exit_container(message);
}

/* sd-bus has validated the message: nothing here can be malformed. */
static void
read_contents(sd_bus_message *message, GVariantBuilder *builder)
{
    const char *contents;
    char type;

    while (sd_bus_message_peek_type(message, &type, &contents) > 0) {
        if (strchr("avre", type) != NULL)
            read_container(message, type, contents, builder);
        else
            g_variant_builder_add_value(builder, read_basic(message, type));
    }
}

GVariant *
ctl_bus_read(sd_bus_message *message)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE_TUPLE);
    read_contents(message, &builder);
    return g_variant_ref_sink(g_variant_builder_end(&builder));
}

CtlModule *
ctl_module_new(const char *path, GVariant *properties)
{
    CtlModule *module = g_new0(CtlModule, 1);

    module->path = g_strdup(path);
    module->imei = strrchr(module->path, '/') + 1;
    module->properties = g_variant_ref(properties);
    return module;
}

void
ctl_module_free(CtlModule *module)
{
    g_free(module->path);
    g_variant_unref(module->properties);
    g_free(module);
}

void
ctl_module_merge(CtlModule *module, GVariant *changed)
{
    GVariantDict dict;
    GVariantIter iter;
    const char *key;
    GVariant *value;

    g_variant_dict_init(&dict, module->properties);
    g_variant_iter_init(&iter, changed);
    while (g_variant_iter_loop(&iter, "{&sv}", &key, &value))
        g_variant_dict_insert_value(&dict, key, value);
    g_variant_unref(module->properties);
    module->properties = g_variant_ref_sink(g_variant_dict_end(&dict));
}

GVariant *
ctl_module_get_offer(const CtlModule *module)
{
    GVariant *offer = g_variant_lookup_value(module->properties, "Update", G_VARIANT_TYPE_VARDICT);

    return offer != NULL ? offer : g_variant_ref_sink(g_variant_new("a{sv}", NULL));
}

const char *
ctl_dict_get_text(GVariant *dict, const char *key)
{
    const char *text = "";

    /* @dict owns the text. For g_variant_lookup() a path (Modem) is not a string. */
    if (!g_variant_lookup(dict, key, "&s", &text))
        g_variant_lookup(dict, key, "&o", &text);
    return text;
}

guint64
ctl_dict_get_number(GVariant *dict, const char *key)
{
    g_autoptr(GVariant) value = g_variant_lookup_value(dict, key, NULL);

    if (value == NULL)
        return 0;
    if (g_variant_is_of_type(value, G_VARIANT_TYPE_UINT64))
        return g_variant_get_uint64(value);
    if (g_variant_is_of_type(value, G_VARIANT_TYPE_UINT32))
        return g_variant_get_uint32(value);
    if (g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN))
        return g_variant_get_boolean(value);
    return 0;
}
