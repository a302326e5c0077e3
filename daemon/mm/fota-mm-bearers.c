/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-mm-private.h"

/* The data calls of a modem: bearers are objects of their own, which the object manager does not
 * show. */

static void
forget_bearers(FotaMmModem *modem)
{
    for (guint i = 0; i < modem->bearers->len; i++)
        g_signal_handlers_disconnect_by_data(modem->bearers->pdata[i], modem);
    g_ptr_array_set_size(modem->bearers, 0);
}

static void
bearers_listed(GObject *object, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    g_autolist(MMBearer) bearers = mm_modem_list_bearers_finish(MM_MODEM(object), result, &error);
    FotaMmModem *modem = user_data;

    if (fota_mm_is_cancelled(error))
        return;
    g_clear_object(&modem->listing);
    if (error != NULL) {
        /* One was removed meanwhile, which is a change that is reported. */
        g_debug("ModemManager does not show the data calls: %s", error->message);
        g_clear_pointer(&modem->bearer_paths, g_strfreev);
        return;
    }
    forget_bearers(modem);
    for (GList *l = bearers; l != NULL; l = l->next) {
        g_ptr_array_add(modem->bearers, g_object_ref(l->data));
        g_signal_connect_swapped(l->data, "g-properties-changed", G_CALLBACK(fota_mm_modem_changed),
                                 modem);
    }
    fota_mm_modem_changed(modem);
}

void
fota_mm_bearers_follow(FotaMmModem *modem)
{
    static const char *const none[] = {NULL};
    MMModem *proxy = mm_object_peek_modem(modem->object);
    const char *const *paths = mm_modem_get_bearer_paths(proxy);
    const char *const *known = (const char *const *)modem->bearer_paths;

    if (g_strv_equal(paths != NULL ? paths : none, known != NULL ? known : none))
        return;
    g_strfreev(modem->bearer_paths);
    modem->bearer_paths = g_strdupv((GStrv)(paths != NULL ? paths : none));
    if (modem->listing != NULL)
        g_cancellable_cancel(modem->listing);
    g_clear_object(&modem->listing);
    modem->listing = g_cancellable_new();
    mm_modem_list_bearers(proxy, modem->listing, bearers_listed, modem);
}

void
fota_mm_bearers_free(FotaMmModem *modem)
{
    if (modem->listing != NULL)
        g_cancellable_cancel(modem->listing);
    g_clear_object(&modem->listing);
    forget_bearers(modem);
    g_ptr_array_unref(modem->bearers);
    g_strfreev(modem->bearer_paths);
}

static gboolean
has_family(MMBearerIpConfig *config)
{
    g_autoptr(MMBearerIpConfig) owned = config;

    return owned != NULL && mm_bearer_ip_config_get_method(owned) != MM_BEARER_IP_METHOD_UNKNOWN;
}

/* NULL: the call's interface is a tty, on which somebody speaks PPP. */
static const char *
find_interface(MMBearer *bearer)
{
    const char *name = mm_bearer_get_interface(bearer);
    g_autofree char *path = name != NULL ? g_build_filename("/sys/class/net", name, NULL) : NULL;

    return path != NULL && g_file_test(path, G_FILE_TEST_EXISTS) ? name : NULL;
}

void
fota_mm_bearers_collect(const FotaMmModem *modem, FotaModemFacts *facts)
{
    const char *interface = NULL;

    for (guint i = 0; i < modem->bearers->len; i++) {
        MMBearer *bearer = modem->bearers->pdata[i];

        if (!mm_bearer_get_connected(bearer))
            continue;
        facts->connected = TRUE;
        facts->ipv4 = facts->ipv4 || has_family(mm_bearer_get_ipv4_config(bearer));
        facts->ipv6 = facts->ipv6 || has_family(mm_bearer_get_ipv6_config(bearer));
        if (interface == NULL)
            interface = find_interface(bearer);
    }
    facts->interface = g_strdup(interface != NULL ? interface : "");
}
