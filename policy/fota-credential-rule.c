/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/fota-credential-rule.h"

#include "policy/fota-policy-error.h"
#include "policy/fota-poll.h"

#include <string.h>
#include <sys/stat.h>

const char *
fota_credential_judge_file(guint32 mode, guint32 owner, guint32 self)
{
    if (!S_ISREG(mode))
        return "not a regular file";
    if (owner != 0 && owner != self)
        return "belongs to neither root nor fotad";
    if ((mode & 0077) != 0 && (mode & 0777) != 0440)
        return "others may read it; chmod it to 0600";
    return NULL;
}

char *
fota_credential_read_text(const char *data, gsize size, const char **fault)
{
    gsize length = size > 0 && data[size - 1] == '\n' ? size - 1 : size;

    if (length == 0 || size > FOTA_CREDENTIAL_MAX_BYTES) {
        *fault = "empty, or longer than 4096 bytes";
        return NULL;
    }
    for (gsize i = 0; i < length; i++) {
        if (g_ascii_iscntrl(data[i])) {
            *fault = "more than one line, or control characters";
            return NULL;
        }
    }
    return g_strndup(data, length);
}

gboolean
fota_credential_split(const char *text, char **user, char **password)
{
    const char *colon = strchr(text, ':');

    if (!colon || colon == text)
        return FALSE;
    *user = g_strndup(text, (gsize)(colon - text));
    *password = g_strdup(colon + 1);
    return TRUE;
}

static GUri *
parse_uri(const char *text)
{
    return g_uri_parse(text, G_URI_FLAGS_ENCODED | G_URI_FLAGS_SCHEME_NORMALIZE, NULL);
}

static gboolean
is_same_server(const char *a, const char *b)
{
    g_autoptr(GUri) one = parse_uri(a);
    g_autoptr(GUri) other = parse_uri(b);

    return one && other && g_str_equal(g_uri_get_scheme(one), g_uri_get_scheme(other)) &&
           g_uri_get_port(one) == g_uri_get_port(other) && g_uri_get_host(one) &&
           g_uri_get_host(other) &&
           g_ascii_strcasecmp(g_uri_get_host(one), g_uri_get_host(other)) == 0;
}

/* In the template a host cannot depend on a placeholder; in @uri one would be part of the host. */
gboolean
fota_credential_is_same_server(const char *uri, const char *uri_template)
{
    g_autofree char *fixed = g_strndup(uri_template, strcspn(uri_template, "{"));

    return is_same_server(uri, fixed);
}

static gboolean
is_named_use(const FotaServer *to, const FotaServer *named)
{
    return named->uri && g_strcmp0(to->credential, named->credential) == 0 &&
           fota_credential_is_same_server(to->uri, named->uri);
}

gboolean
fota_credential_allow_use(const FotaServer *to, const FotaCredentialUse *use, GError **error)
{
    g_autoptr(GUri) uri = NULL;

    if (!to->credential || !to->uri || is_named_use(to, &use->named) ||
        is_named_use(to, &use->report) || is_named_use(to, &use->registration) ||
        fota_poll_allows_server(use->servers, to->uri))
        return TRUE;
    uri = parse_uri(to->uri);
    g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_CREDENTIAL_NOT_BOUND,
                "the manifest sends the credential %s to %s, which the configuration does not; "
                "where that is right, add a group [Credential %s] with Servers=%s://%s to "
                "fotad.conf",
                to->credential, uri ? g_uri_get_host(uri) : "no server", to->credential,
                uri ? g_uri_get_scheme(uri) : "", uri ? g_uri_get_host(uri) : "");
    return FALSE;
}

static gboolean
is_bound_to_apn(const FotaProvision *provision, const FotaCredentialUse *use)
{
    g_autofree char *place = g_strconcat(FOTA_CREDENTIAL_APN, provision->apn, NULL);

    return fota_poll_allows_server(use->servers, place) ||
           (use->network.apn && g_strcmp0(use->network.credential, provision->credential) == 0 &&
            g_ascii_strcasecmp(use->network.apn, provision->apn) == 0);
}

/* Who may set it could lead the module's data through a network of his own. */
static gboolean
allow_provision(const FotaManifest *manifest, FotaCredentialLookup lookup, gpointer user_data,
                GError **error)
{
    const FotaProvision *provision = &manifest->provision;
    const FotaCredentialUse use = provision->credential ? lookup(provision->credential, user_data)
                                                        : (FotaCredentialUse){NULL};

    if (provision->apn && !manifest->signers) {
        g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_MANIFEST_UNSIGNED,
                    "provision is taken from a signed manifest only; sign it, or set Apn= in "
                    "[Network]");
        return FALSE;
    }
    if (!provision->apn || !provision->credential || is_bound_to_apn(provision, &use))
        return TRUE;
    g_set_error(error, FOTA_POLICY_ERROR, FOTA_POLICY_ERROR_CREDENTIAL_NOT_BOUND,
                "the manifest sends the credential %s to the access point %s, which the "
                "configuration does not; where that is right, add a group [Credential %s] with "
                "Servers=" FOTA_CREDENTIAL_APN "%s to fotad.conf",
                provision->credential, provision->apn, provision->credential, provision->apn);
    return FALSE;
}

/* To each of its servers; a file needs no login. */
static gboolean
allow_delta(const FotaDelta *delta, FotaCredentialLookup lookup, gpointer user_data, GError **error)
{
    const FotaCredentialUse use = delta->credential ? lookup(delta->credential, user_data)
                                                    : (FotaCredentialUse){.servers = NULL};

    for (guint i = 0; delta->uri[i] != NULL; i++) {
        const FotaServer to = {.uri = delta->uri[i], .credential = delta->credential};

        if (!g_str_has_prefix(to.uri, "file:") && !fota_credential_allow_use(&to, &use, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
fota_credential_allow_manifest(const FotaManifest *manifest, FotaCredentialLookup lookup,
                               gpointer user_data, GError **error)
{
    for (guint i = 0; i < manifest->update.n_steps; i++) {
        const FotaStep *step = &manifest->update.steps[i];

        if (!allow_delta(&step->delta, lookup, user_data, error) ||
            !allow_delta(&step->back, lookup, user_data, error))
            return FALSE;
    }
    return allow_provision(manifest, lookup, user_data, error);
}

gboolean
fota_credential_is_exposed(const FotaServer *to)
{
    return to->credential && to->uri &&
           (g_ascii_strncasecmp(to->uri, "http:", 5) == 0 ||
            g_ascii_strncasecmp(to->uri, "ftp:", 4) == 0);
}
