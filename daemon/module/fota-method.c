/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/module/fota-method.h"

#include "daemon/fota-route.h"

/* The first method that can read a file; most can not. */
static const FotaMethod *
choose_fetcher(const FotaVendor *vendor)
{
    for (guint i = 0; vendor->methods[i] != NULL; i++) {
        if (vendor->methods[i]->fetch != NULL)
            return vendor->methods[i];
    }
    return NULL;
}

/* What [Access] At= takes away. */
static guint
list_lacking(const FotaModuleConfig *config)
{
    return config->access == FOTA_ACCESS_MODEM_MANAGER
               ? FOTA_NEEDS_TTY | FOTA_NEEDS_UNSOLICITED | FOTA_NEEDS_INHIBITION
               : 0;
}

static const FotaMethod *
choose_route(const FotaParts *parts, const FotaVendor *vendor, FotaRoute route)
{
    const FotaModuleConfig *config = fota_parts_get_config(parts);
    guint lacking = list_lacking(config);

    return fota_vendor_choose_method(vendor, 1u << route, lacking, config->power_cycle != NULL);
}

gboolean
fota_method_feeds(const FotaParts *parts)
{
    const FotaVendor *vendor = fota_presence_get_vendor(parts->presence);
    const FotaMethod *feed = vendor != NULL ? choose_route(parts, vendor, FOTA_ROUTE_FEED) : NULL;

    return feed != NULL && (feed->needs & list_lacking(fota_parts_get_config(parts))) == 0;
}

static FotaRoute
plan_route(const FotaPlan *plan)
{
    if (plan != NULL && plan->source >= FOTA_SOURCE_MODULE)
        return FOTA_ROUTE_ASKED;
    if (plan == NULL || plan->kind != FOTA_PLAN_UPDATE || plan->steps[0].delta.uri[0] == NULL)
        return FOTA_ROUTE_VENDOR;
    return plan->delivery == FOTA_DELIVERY_HOST ? FOTA_ROUTE_FEED : FOTA_ROUTE_PULL;
}

FotaDelivery
fota_method_choose_delivery(const FotaParts *parts, const FotaPlan *plan, gboolean cached)
{
    const FotaModuleConfig *config = fota_parts_get_config(parts);
    const FotaVendor *vendor = fota_presence_get_vendor(parts->presence);
    const FotaMethod *pull = choose_route(parts, vendor, FOTA_ROUTE_PULL);
    const FotaDeliveryFacts facts = {
        .by = config->delivery,
        .directory = config->delta_directory,
        .fed = fota_method_feeds(parts),
        .pulls = pull != NULL,
        .schemes = pull != NULL ? pull->schemes : NULL,
        .cached = cached,
        .leads_out = fota_route_leads_out(NULL, NULL),
        .under_way = fota_delivery_parse(parts->record->delivery),
        .failed = fota_delivery_parse(parts->record->failed_delivery),
    };

    return fota_delivery_choose(&plan->steps[0].delta, &facts).by;
}

/* Of a plugin without a method for what is planned the first one, of which the steps say so. */
static const FotaMethod *
choose_for_plan(const FotaParts *parts, const FotaVendor *vendor, const FotaPlan *plan)
{
    const FotaMethod *method = choose_route(parts, vendor, plan_route(plan));

    return method != NULL ? method : vendor->methods[0];
}

gboolean
fota_method_fits_plan(const FotaParts *parts, GError **error)
{
    const FotaVendor *vendor = fota_presence_get_vendor(parts->presence);
    gboolean fed = plan_route(parts->plan) == FOTA_ROUTE_FEED;

    if (!fed || choose_for_plan(parts, vendor, parts->plan)->route == FOTA_ROUTE_FEED)
        return TRUE;
    g_set_error(error, FOTA_MODULE_ERROR, FOTA_MODULE_ERROR_NOT_SUPPORTED,
                "the plugin %s has no method by which the host could feed this module; set By=auto "
                "or module in [Delivery]",
                vendor->table->name);
    return FALSE;
}

gboolean
fota_method_is_inert(const FotaMethod *method)
{
    return method->commit == FOTA_COMMIT_POINT_INSTALL && method->discard == NULL;
}

gboolean
fota_method_has_one_gate(const FotaParts *parts, const FotaPlan *plan)
{
    const FotaVendor *vendor = fota_presence_get_vendor(parts->presence);

    /* An answer is one to all that follows from it. */
    if (plan != NULL && plan->source >= FOTA_SOURCE_MODULE)
        return TRUE;
    /* What waits in the module has passed the first of two, whatever method is preferred now. */
    return vendor != NULL && parts->record->mark != FOTA_MARK_DOWNLOADED &&
           choose_for_plan(parts, vendor, plan)->commit == FOTA_COMMIT_POINT_DOWNLOAD;
}

/* NULL = none is recorded, or its plugin is gone. */
static const FotaMethod *
find_recorded(const FotaParts *parts, const FotaVendor *vendor)
{
    return fota_vendor_find_method(vendor,
                                   g_hash_table_lookup(parts->record->settings, FOTA_JOB_METHOD));
}

/* Sets back what an update has left in the module: the method of that, unless another one has
 * worked since that leaves nothing, such as that of the module's own update. */
static const FotaMethod *
choose_closer(const FotaParts *parts, const FotaVendor *vendor)
{
    const FotaMethod *method = find_recorded(parts, vendor);

    for (guint i = 0; (method == NULL || method->close == NULL) && vendor->methods[i] != NULL; i++)
        method = vendor->methods[i];
    return method;
}

const FotaMethod *
fota_method_choose(const FotaParts *parts, FotaAction action)
{
    const FotaVendor *vendor = fota_presence_get_vendor(parts->presence);
    const FotaMethod *method = NULL;

    if (vendor == NULL)
        return NULL;
    if (action == FOTA_ACTION_CHECK)
        method = choose_fetcher(vendor);
    else if (action == FOTA_ACTION_INSTALL || action == FOTA_ACTION_RESUME ||
             action == FOTA_ACTION_CONCLUDE || action == FOTA_ACTION_DISCARD)
        method = find_recorded(parts, vendor);
    else if (action == FOTA_ACTION_UNDO)
        method = choose_closer(parts, vendor);
    else if (action == FOTA_ACTION_DOWNLOAD || action == FOTA_ACTION_REHEARSE)
        method = choose_for_plan(parts, vendor, parts->plan);
    else if (action == FOTA_ACTION_LISTEN || action == FOTA_ACTION_ANSWER ||
             action == FOTA_ACTION_FOLLOW)
        method = choose_route(parts, vendor, FOTA_ROUTE_ASKED);
    else if (action == FOTA_ACTION_RESTORE)
        method = choose_route(parts, vendor, FOTA_ROUTE_FEED);
    else if (action == FOTA_ACTION_ASK)
        method = choose_route(parts, vendor, FOTA_ROUTE_VENDOR);
    return method != NULL ? method : vendor->methods[0];
}
