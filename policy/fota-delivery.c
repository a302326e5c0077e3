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
fota_delivery_is_local(const FotaDelta *delta)
{
    for (guint i = 0; delta->uri[i] != NULL; i++) {
        if (!is_file(delta->uri[i]))
            return FALSE;
    }
    return TRUE;
}

/* The first row that fits wins. */
FotaDeliveryChoice
fota_delivery_choose(const FotaDelta *delta, const FotaDeliveryFacts *facts)
{
    gboolean host = FALSE; /* can fetch it, and the module can be fed */
    gboolean module = facts->pulls && fota_delivery_find_for_module(delta, facts->schemes) != NULL;
    guint row = 0;

    for (guint i = 0; delta->uri[i] != NULL && facts->fed; i++)
        host = host || fota_delivery_host_can(delta->uri[i], facts->directory);
    /* clang-format off */
    const struct {
        gboolean fits;
        FotaDeliveryChoice choice;
    } rows[] = {
        {delta->uri[0] == NULL,                     {"no address",      FOTA_DELIVERY_NONE}},
        {facts->by == FOTA_DELIVERY_BY_HOST,        {"set to host",     FOTA_DELIVERY_HOST}},
        {facts->by == FOTA_DELIVERY_BY_MODULE,      {"set to module",   FOTA_DELIVERY_MODULE}},
        /* By=auto */
        {!host,                                     {"host cannot",     FOTA_DELIVERY_MODULE}},
        {!module,                                   {"module cannot",   FOTA_DELIVERY_HOST}},
        {facts->under_way == FOTA_DELIVERY_HOST,    {"host goes on",    FOTA_DELIVERY_HOST}},
        {facts->under_way == FOTA_DELIVERY_MODULE,  {"module goes on",  FOTA_DELIVERY_MODULE}},
        {facts->failed == FOTA_DELIVERY_HOST,       {"host has failed", FOTA_DELIVERY_MODULE}},
        {facts->cached,                             {"cached",          FOTA_DELIVERY_HOST}},
        /* What the kernel does not tell is tried. */
        {facts->leads_out == 0,                     {"no way out",      FOTA_DELIVERY_MODULE}},
        {TRUE,                                      {"host",            FOTA_DELIVERY_HOST}},
    };
    /* clang-format on */

    while (!rows[row].fits)
        row++;
    return rows[row].choice;
}

char *
fota_delivery_make_key(const FotaDelta *delta)
{
    g_autoptr(GChecksum) sum = NULL;
    g_autofree char *what = NULL;

    if (delta->sha256 != NULL)
        return g_strdup(delta->sha256);
    /* The same address may have another step's delta tomorrow, of the same size. */
    sum = g_checksum_new(G_CHECKSUM_SHA256);
    what =
        g_strdup_printf("%" G_GUINT64_FORMAT "\n%s\n%s", delta->size,
                        delta->from != NULL ? delta->from : "", delta->to != NULL ? delta->to : "");
    g_checksum_update(sum, (const guchar *)what, -1);
    for (guint i = 0; delta->uri[i] != NULL; i++) {
        g_checksum_update(sum, (const guchar *)"\n", 1);
        g_checksum_update(sum, (const guchar *)delta->uri[i], -1);
    }
    return g_strconcat("address-", g_checksum_get_string(sum), NULL);
}
