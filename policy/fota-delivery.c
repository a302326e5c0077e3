/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-delivery.h"

#include <string.h>

static const char *const names[] = {
    [FOTA_DELIVERY_NONE] = "",
    [FOTA_DELIVERY_HOST] = "host",
    [FOTA_DELIVERY_MODULE] = "module",
};

const char *
fota_delivery_get_name(FotaDelivery delivery)
{
    return names[delivery];
}

FotaDelivery
fota_delivery_parse(const char *name)
{
    for (guint i = FOTA_DELIVERY_HOST; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(names[i], name) == 0)
            return (FotaDelivery)i;
    }
    return FOTA_DELIVERY_NONE;
}

static gboolean
is_file(const char *uri)
{
    return g_ascii_strncasecmp(uri, "file:", strlen("file:")) == 0;
}

gboolean
fota_delivery_host_can(const char *uri, const char *directory)
{
    const char *path = uri + strlen("file://");
    gsize length = directory != NULL ? strlen(directory) : 0;

    if (!is_file(uri))
        return TRUE;
    while (length > 0 && directory[length - 1] == '/')
        length--;
    return directory != NULL && strncmp(path, directory, length) == 0 && path[length] == '/';
}

const char *
fota_delivery_find_for_module(const FotaDelta *delta, const char *const *schemes)
{
    for (guint i = 0; delta->uri[i] != NULL; i++) {
        g_autofree char *scheme = g_uri_parse_scheme(delta->uri[i]);
        g_autofree char *lower = scheme != NULL ? g_ascii_strdown(scheme, -1) : NULL;

        if (lower != NULL && !is_file(delta->uri[i]) &&
            (schemes == NULL || g_strv_contains(schemes, lower)))
            return delta->uri[i];
    }
    return NULL;
}

gboolean
fota_delivery_is_local(const FotaDelta *delta, const char *directory)
{
    for (guint i = 0; delta->uri[i] != NULL; i++) {
        if (!is_file(delta->uri[i]) && fota_delivery_host_can(delta->uri[i], directory))
            return FALSE;
    }
    return TRUE;
}

/* What the rows look at. */
typedef struct {
    const FotaDeliveryFacts *facts;
    gboolean any;    /* there is an address */
    gboolean host;   /* the host can fetch it, and the module can be fed */
    gboolean module; /* the module can fetch it */
    gboolean way;    /* the host has a way to one of its addresses now */
} Situation;

typedef const Situation S;

static gboolean
has_no_address(S *s)
{
    return !s->any;
}

static gboolean
is_set_to_host(S *s)
{
    return s->facts->by == FOTA_DELIVERY_BY_HOST;
}

static gboolean
is_set_to_module(S *s)
{
    return s->facts->by == FOTA_DELIVERY_BY_MODULE;
}

static gboolean
host_cannot(S *s)
{
    return !s->host;
}

static gboolean
module_cannot(S *s)
{
    return !s->module;
}

static gboolean
host_is_under_way(S *s)
{
    return s->facts->under_way == FOTA_DELIVERY_HOST;
}

static gboolean
module_is_under_way(S *s)
{
    return s->facts->under_way == FOTA_DELIVERY_MODULE;
}

static gboolean
host_has_failed(S *s)
{
    return s->facts->failed == FOTA_DELIVERY_HOST;
}

static gboolean
is_cached(S *s)
{
    return s->facts->cached;
}

static gboolean
has_no_way(S *s)
{
    return !s->way;
}

static gboolean
always(S *s)
{
    return TRUE;
}

/* clang-format off */
static const struct {
    const char *name;
    gboolean (*fits)(S *s);
    FotaDelivery by;
} rows[] = {
    {"no address",       has_no_address,      FOTA_DELIVERY_NONE},
    {"set to host",      is_set_to_host,      FOTA_DELIVERY_HOST},
    {"set to module",    is_set_to_module,    FOTA_DELIVERY_MODULE},
    /* By=auto */
    {"host cannot",      host_cannot,         FOTA_DELIVERY_MODULE},
    {"module cannot",    module_cannot,       FOTA_DELIVERY_HOST},
    {"host goes on",     host_is_under_way,   FOTA_DELIVERY_HOST},
    {"module goes on",   module_is_under_way, FOTA_DELIVERY_MODULE},
    {"host has failed",  host_has_failed,     FOTA_DELIVERY_MODULE},
    {"cached",           is_cached,           FOTA_DELIVERY_HOST},
    {"no way out",       has_no_way,          FOTA_DELIVERY_MODULE},
    {"host",             always,              FOTA_DELIVERY_HOST},
};
/* clang-format on */

FotaDeliveryChoice
fota_delivery_choose(const FotaDelta *delta, const FotaDeliveryFacts *facts)
{
    gboolean reaches = FALSE;
    Situation s = {.facts = facts, .any = delta->uri[0] != NULL};
    guint i = 0;

    for (guint j = 0; delta->uri[j] != NULL; j++)
        reaches = reaches || fota_delivery_host_can(delta->uri[j], facts->directory);
    s.host = facts->fed && reaches;
    s.module = facts->pulls && fota_delivery_find_for_module(delta, facts->schemes) != NULL;
    /* What the kernel does not tell is tried. */
    s.way = facts->leads_out != 0 || fota_delivery_is_local(delta, facts->directory);
    while (!rows[i].fits(&s))
        i++;
    return (FotaDeliveryChoice){rows[i].name, rows[i].by};
}

char *
fota_delivery_make_key(const FotaDelta *delta)
{
    g_autoptr(GChecksum) sum = NULL;
    g_autofree char *size = NULL;

    if (delta->sha256 != NULL)
        return g_strdup(delta->sha256);
    sum = g_checksum_new(G_CHECKSUM_SHA256);
    size = g_strdup_printf("%" G_GUINT64_FORMAT, delta->size);
    g_checksum_update(sum, (const guchar *)size, -1);
    for (guint i = 0; delta->uri[i] != NULL; i++) {
        g_checksum_update(sum, (const guchar *)"\n", 1);
        g_checksum_update(sum, (const guchar *)delta->uri[i], -1);
    }
    return g_strconcat("address-", g_checksum_get_string(sum), NULL);
}
