/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-order.h"

#include "base/fota-text.h"
#include "daemon/fota-cache.h"
#include "daemon/module/fota-asking.h"
#include "daemon/module/fota-method.h"

/* Fills @order with the parts of @address. */
static void
order_address(FotaJobOrder *order, const char *address)
{
    FotaAddress parts = {0};

    fota_address_parse(address, &parts);
    order->update.scheme = parts.scheme;
    order->update.host = parts.host;
    order->update.port = parts.port;
    order->update.path = parts.path;
}

/* The delta of the next step: an address for the module, or a file of the host. */
static void
order_delta(const FotaParts *parts, FotaJobOrder *order)
{
    const FotaDelta *delta = &parts->plan->steps[0].delta;
    const char *address = fota_delivery_find_for_module(delta, order->method->schemes);
    g_autofree char *key = NULL;

    order->update.size = delta->size;
    if (order->method->route == FOTA_ROUTE_FEED) {
        key = fota_delivery_make_key(delta);
        if (fota_cache_open(parts->context->cache, key, &order->delta))
            order->update.size = order->delta.size;
        return;
    }
    order->delta_credential = fota_parts_find_credential(parts, delta->credential);
    /* Where there is none for it, the module says so. */
    if (address != NULL || delta->uri[0] != NULL)
        order_address(order, address != NULL ? address : delta->uri[0]);
}

static void
order_back(const FotaParts *parts, FotaJobOrder *order)
{
    if (fota_cache_open(parts->context->cache, parts->record->back, &order->delta))
        order->update.size = order->delta.size;
}

static void
order_manifest(const FotaParts *parts, FotaJobOrder *order)
{
    g_autofree char *address = fota_poller_get_uri(parts->poller);

    order->delta_credential =
        fota_parts_find_credential(parts, fota_poller_get_server(parts->poller).credential);
    order->with_signature = fota_poller_wants_signature(parts->poller);
    order_address(order, address);
}

/* The manifest's word for the module's own data connection, as a whole, before the configuration's,
 * for its update. */
static void
order_network(const FotaParts *parts, FotaAction action, FotaJobOrder *order)
{
    const FotaModuleConfig *config = order->config;
    const FotaManifest *manifest = fota_accepted_get(parts->accepted);
    FotaProvision network = {config->apn, config->network_credential, config->authentication};

    order->provisioned = (action == FOTA_ACTION_DOWNLOAD || action == FOTA_ACTION_REHEARSE) &&
                         manifest != NULL && manifest->provision.apn != NULL &&
                         fota_accepted_is_trusted(parts->accepted, NULL);
    if (order->provisioned)
        network = manifest->provision;
    order->apn = g_strdup(network.apn);
    order->authentication = g_strdup(network.authentication);
    order->network_credential = fota_parts_find_credential(parts, network.credential);
}

static FotaJobKind
job_kind(FotaAction action)
{
    static const FotaJobKind kinds[] = {
        [FOTA_ACTION_CHECK] = FOTA_JOB_FETCH,     [FOTA_ACTION_ASK] = FOTA_JOB_ASK,
        [FOTA_ACTION_INSPECT] = FOTA_JOB_INSPECT, [FOTA_ACTION_REHEARSE] = FOTA_JOB_UPDATE,
        [FOTA_ACTION_DOWNLOAD] = FOTA_JOB_UPDATE, [FOTA_ACTION_INSTALL] = FOTA_JOB_INSTALL,
        [FOTA_ACTION_RESUME] = FOTA_JOB_RESUME,   [FOTA_ACTION_DISCARD] = FOTA_JOB_DISCARD,
        [FOTA_ACTION_UNDO] = FOTA_JOB_UNDO,       [FOTA_ACTION_POWER_ON] = FOTA_JOB_POWER_ON,
        [FOTA_ACTION_ROUSE] = FOTA_JOB_ROUSE,     [FOTA_ACTION_LISTEN] = FOTA_JOB_LISTEN,
        [FOTA_ACTION_ANSWER] = FOTA_JOB_ANSWER,   [FOTA_ACTION_FOLLOW] = FOTA_JOB_FOLLOW,
        [FOTA_ACTION_RESTORE] = FOTA_JOB_UPDATE,
    };

    return kinds[action];
}

/* What the module was heard to ask is heard again by whoever deals with it. */
static void
order_question(const FotaParts *parts, FotaAction action, FotaJobOrder *order)
{
    const FotaQuestion *question = fota_questions_get(parts->questions);

    if (action == FOTA_ACTION_DOWNLOAD)
        order->asked = fota_asking_find_method(parts);
    if (action != FOTA_ACTION_LISTEN && action != FOTA_ACTION_ANSWER &&
        action != FOTA_ACTION_FOLLOW)
        return;
    if (parts->record->question[0] != '\0')
        order->heard = g_strdup(parts->record->question);
    order->starts = fota_questions_are_started(parts->questions);
    order->approved = question != NULL ? question->kind : FOTA_QUESTION_NONE;
    if (action == FOTA_ACTION_FOLLOW && question != NULL)
        order->update.size = question->size;
    fota_asking_find_answer(parts, &order->answer);
}

/* Of a module that ModemManager does not show, all that is known is where it was. */
static void
order_place(const FotaParts *parts, FotaJobOrder *order)
{
    const FotaModemFacts *modem = fota_presence_get_facts(parts->presence);

    order->device = g_strdup(modem != NULL ? modem->device : parts->record->device);
    if (modem == NULL)
        return;
    order->uid = g_strdup(modem->uid);
    order->modem = g_strdup(modem->path);
}

FotaJobOrder *
fota_order_make(const FotaParts *parts, FotaAction action)
{
    FotaRecord *record = parts->record;
    FotaJobOrder *order = fota_job_order_new(job_kind(action));
    GHashTableIter iter;
    gpointer name, value;

    order->mm = parts->context->mm;
    order->vendor = fota_presence_get_vendor(parts->presence);
    order->method = fota_method_choose(parts, action);
    order->configuration = fota_config_ref(parts->context->config);
    order->config = fota_parts_get_config(parts);
    order->imei = g_strdup(record->imei);
    order->model = g_strdup(record->model);
    order_place(parts, order);
    order->unsettled = record->unsettled != 0;
    order_network(parts, action, order);
    g_hash_table_iter_init(&iter, record->settings);
    while (g_hash_table_iter_next(&iter, &name, &value))
        g_hash_table_insert(order->settings, g_strdup(name), g_strdup(value));
    if (action == FOTA_ACTION_CHECK)
        order_manifest(parts, order);
    if (action == FOTA_ACTION_DOWNLOAD || action == FOTA_ACTION_INSTALL ||
        action == FOTA_ACTION_REHEARSE)
        order_delta(parts, order);
    order_question(parts, action, order);
    if (action == FOTA_ACTION_RESTORE)
        order_back(parts, order);
    order->rehearsal = action == FOTA_ACTION_REHEARSE;
    order->update.rehearsal =
        order->rehearsal && (!fota_method_is_inert(order->method) ||
                             (order->method->route == FOTA_ROUTE_FEED && order->delta.fd < 0));
    if (action == FOTA_ACTION_REHEARSE) {
        order->update.from = g_strdup(parts->plan->steps[0].from_version);
        order->update.to = g_strdup(parts->plan->steps[0].to_version);
    } else {
        order->update.from = g_strdup(record->from);
        order->update.to = record->to[0] != '\0' ? g_strdup(record->to) : NULL;
    }
    return order;
}
