/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-manifest.h"

G_BEGIN_DECLS

/**
 * Decides who brings a delta to the module: the host, which fetches it into its cache and feeds the
 * module over its AT port, or the module with its own client. A pure table; the first row that fits
 * wins (fota-delivery.c).
 */

typedef enum {
    FOTA_DELIVERY_BY_AUTO,
    FOTA_DELIVERY_BY_HOST,
    FOTA_DELIVERY_BY_MODULE,
} FotaDeliveryBy;

typedef enum {
    FOTA_DELIVERY_NONE, /**< nobody: there is no delta, or the vendor's server has it */
    FOTA_DELIVERY_HOST,
    FOTA_DELIVERY_MODULE,
} FotaDelivery;

/** "host" or "module"; "" for FOTA_DELIVERY_NONE. */
const char *fota_delivery_get_name(FotaDelivery delivery);
/** The reverse; FOTA_DELIVERY_NONE for any other text. */
FotaDelivery fota_delivery_parse(const char *name);

/** What the decision depends on. */
typedef struct {
    FotaDeliveryBy by;
    const char *directory;      /**< where files of deltas may lie, NULL = nowhere */
    gboolean fed;               /**< there is a method that is fed, and it can be had */
    gboolean pulls;             /**< there is a method by which the module fetches */
    const char *const *schemes; /**< of addresses that it can fetch from; NULL = any server's */
    gboolean cached;            /**< the cache holds the delta, whole */
    int leads_out;              /**< whether the gateway has a way to a network; -1 = unknown */
    FotaDelivery under_way;     /**< who brings the delta of the attempt that is under way */
    FotaDelivery failed;        /**< whose attempt failed last */
} FotaDeliveryFacts;

typedef struct {
    const char *row; /**< its name, for logs and tests */
    FotaDelivery by;
} FotaDeliveryChoice;

FotaDeliveryChoice fota_delivery_choose(const FotaDelta *delta, const FotaDeliveryFacts *facts);

/** Whether the host can fetch from @uri: a server's, or a file's below @directory. */
gboolean fota_delivery_host_can(const char *uri, const char *directory);
/** The first address of @delta that a module can fetch from; NULL = none. */
const char *fota_delivery_find_for_module(const FotaDelta *delta, const char *const *schemes);
/** Whether every address of @delta is that of a file, for which no network is needed. */
gboolean fota_delivery_is_local(const FotaDelta *delta);

/**
 * The name of @delta in the cache: its digest, or where the manifest gives none, a name made of its
 * size and addresses. Returns: (transfer full).
 */
char *fota_delivery_make_key(const FotaDelta *delta);

G_END_DECLS
