/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/mm/fota-mm-private.h"

#include <string.h>

#include "daemon/at/fota-at-reply.h"
#include "daemon/at/fota-at-tty.h"

FotaModemFacts *
fota_modem_facts_copy(const FotaModemFacts *facts)
{
    FotaModemFacts *copy = g_memdup2(facts, sizeof(*facts));

    copy->path = g_strdup(facts->path);
    copy->imei = g_strdup(facts->imei);
    copy->manufacturer = g_strdup(facts->manufacturer);
    copy->model = g_strdup(facts->model);
    copy->revision = g_strdup(facts->revision);
    copy->uid = g_strdup(facts->uid);
    copy->device = g_strdup(facts->device);
    copy->own_numbers = g_strdupv(facts->own_numbers);
    copy->imsi = g_strdup(facts->imsi);
    copy->sim_operator = g_strdup(facts->sim_operator);
    copy->operator_name = g_strdup(facts->operator_name);
    copy->operator_code = g_strdup(facts->operator_code);
    copy->technology = g_strdup(facts->technology);
    copy->interface = g_strdup(facts->interface);
    copy->start = g_strdup(facts->start);
    return copy;
}

void
fota_modem_facts_free(FotaModemFacts *facts)
{
    if (facts == NULL)
        return;
    g_free(facts->path);
    g_free(facts->imei);
    g_free(facts->manufacturer);
    g_free(facts->model);
    g_free(facts->revision);
    g_free(facts->uid);
    g_free(facts->device);
    g_strfreev(facts->own_numbers);
    g_free(facts->imsi);
    g_free(facts->sim_operator);
    g_free(facts->operator_name);
    g_free(facts->operator_code);
    g_free(facts->technology);
    g_free(facts->interface);
    g_free(facts->start);
    g_free(facts);
}

gboolean
fota_modem_facts_equal(const FotaModemFacts *a, const FotaModemFacts *b)
{
    return strcmp(a->path, b->path) == 0 && strcmp(a->imei, b->imei) == 0 &&
           strcmp(a->manufacturer, b->manufacturer) == 0 && strcmp(a->model, b->model) == 0 &&
           strcmp(a->revision, b->revision) == 0 && strcmp(a->uid, b->uid) == 0 &&
           strcmp(a->device, b->device) == 0 &&
           g_strv_equal((const char *const *)a->own_numbers, (const char *const *)b->own_numbers) &&
           strcmp(a->imsi, b->imsi) == 0 && strcmp(a->sim_operator, b->sim_operator) == 0 &&
           strcmp(a->operator_name, b->operator_name) == 0 && a->enabled == b->enabled &&
           a->signal == b->signal && a->registered == b->registered && a->roaming == b->roaming &&
           a->pin_wanted == b->pin_wanted && a->pin_attempts == b->pin_attempts &&
           strcmp(a->operator_code, b->operator_code) == 0 &&
           strcmp(a->technology, b->technology) == 0 && a->connected == b->connected &&
           a->ipv4 == b->ipv4 && a->ipv6 == b->ipv6 && strcmp(a->interface, b->interface) == 0 &&
           strcmp(a->start, b->start) == 0;
}

/*
 * ModemManager passes on answers of several lines unchanged. The first line is the answer, unless
 * an unsolicited line of the module stands before it or in its place.
 */
static char *
first_line(const char *text)
{
    g_auto(GStrv) lines = g_strsplit_set(text != NULL ? text : "", "\r\n", -1);
    const char *first = "";

    for (guint i = 0; lines[i] != NULL; i++) {
        g_autofree char *unsolicited = fota_at_line_name(g_strstrip(lines[i]));

        if (lines[i][0] == '\0')
            continue;
        if (unsolicited == NULL)
            return g_strdup(lines[i]);
        if (first[0] == '\0')
            first = lines[i];
    }
    return g_strdup(first);
}

/*
 * ModemManager's name of the device need not be its sysfs path (ID_MM_PHYSDEV_UID), and ports below
 * that path need not belong to the module. The primary port identifies the device.
 */
static char *
locate_device(MMModem *modem)
{
    const char *primary = mm_modem_get_primary_port(modem);
    const MMModemPortInfo *ports;
    guint n_ports;
    char *path = NULL;

    if (!mm_modem_peek_ports(modem, &ports, &n_ports))
        n_ports = 0;
    if (primary != NULL)
        path = fota_at_locate(primary);
    for (guint i = 0; path == NULL && i < n_ports; i++)
        path = fota_at_locate(ports[i].name);
    return path != NULL ? path : first_line(mm_modem_get_device(modem));
}

static int
count_pin_attempts(MMModem *modem)
{
    g_autoptr(MMUnlockRetries) retries = mm_modem_get_unlock_retries(modem);
    guint left = retries != NULL ? mm_unlock_retries_get(retries, MM_MODEM_LOCK_SIM_PIN)
                                 : MM_UNLOCK_RETRIES_UNKNOWN;

    return left != MM_UNLOCK_RETRIES_UNKNOWN ? (int)left : -1;
}

/*
 * A restarted ModemManager uses the same paths again, and a restarted bus the same connection
 * names; but such a bus has another GUID.
 */
static char *
name_start(MMObject *object)
{
    GDBusProxy *modem = G_DBUS_PROXY(mm_object_peek_modem(object));
    g_autofree char *owner = g_dbus_proxy_get_name_owner(modem);

    return g_strconcat(g_dbus_connection_get_guid(g_dbus_proxy_get_connection(modem)),
                       owner != NULL ? owner : "", mm_object_get_path(object), NULL);
}

/* One word: some technologies come in pairs. */
static char *
name_technology(MMModem *modem)
{
    MMModemAccessTechnology technology = mm_modem_get_access_technologies(modem);
    g_autofree char *names = technology != MM_MODEM_ACCESS_TECHNOLOGY_UNKNOWN
                                 ? mm_modem_access_technology_build_string_from_mask(technology)
                                 : NULL;
    g_auto(GStrv) words = g_strsplit(names != NULL ? names : "", ", ", -1);

    return g_strjoinv("/", words);
}

static void
collect_network(FotaModemFacts *facts, MMModem3gpp *network)
{
    MMModem3gppRegistrationState state = MM_MODEM_3GPP_REGISTRATION_STATE_UNKNOWN;

    if (network != NULL)
        state = mm_modem_3gpp_get_registration_state(network);
    facts->operator_name =
        first_line(network != NULL ? mm_modem_3gpp_get_operator_name(network) : NULL);
    facts->operator_code =
        first_line(network != NULL ? mm_modem_3gpp_get_operator_code(network) : NULL);
    facts->roaming = state == MM_MODEM_3GPP_REGISTRATION_STATE_ROAMING ||
                     state == MM_MODEM_3GPP_REGISTRATION_STATE_ROAMING_CSFB_NOT_PREFERRED;
    facts->registered = facts->roaming || state == MM_MODEM_3GPP_REGISTRATION_STATE_HOME ||
                        state == MM_MODEM_3GPP_REGISTRATION_STATE_HOME_CSFB_NOT_PREFERRED;
}

FotaModemFacts *
fota_modem_facts_collect(const FotaMmModem *known)
{
    FotaModemFacts *facts = g_new0(FotaModemFacts, 1);
    MMObject *object = known->object;
    MMModem *modem = mm_object_peek_modem(object);
    MMSim *sim = known->sim;
    gboolean recent;

    facts->path = g_strdup(mm_object_get_path(object));
    facts->imei = first_line(mm_modem_get_equipment_identifier(modem));
    facts->manufacturer = first_line(mm_modem_get_manufacturer(modem));
    facts->model = first_line(mm_modem_get_model(modem));
    facts->revision = first_line(mm_modem_get_revision(modem));
    facts->uid = first_line(mm_modem_get_device(modem));
    facts->device = locate_device(modem);
    facts->own_numbers = g_strdupv((GStrv)mm_modem_get_own_numbers(modem));
    if (facts->own_numbers == NULL)
        facts->own_numbers = g_new0(char *, 1);
    facts->imsi = first_line(sim != NULL ? mm_sim_get_imsi(sim) : NULL);
    facts->sim_operator = first_line(sim != NULL ? mm_sim_get_operator_identifier(sim) : NULL);
    facts->enabled = mm_modem_get_state(modem) >= MM_MODEM_STATE_ENABLED;
    facts->signal = mm_modem_get_signal_quality(modem, &recent);
    facts->pin_wanted = mm_modem_get_unlock_required(modem) == MM_MODEM_LOCK_SIM_PIN;
    facts->pin_attempts = count_pin_attempts(modem);
    facts->start = name_start(object);
    facts->technology = name_technology(modem);
    collect_network(facts, mm_object_peek_modem_3gpp(object));
    fota_mm_bearers_collect(known, facts);
    return facts;
}
