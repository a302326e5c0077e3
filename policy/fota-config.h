/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "policy/fota-csv.h"
#include "policy/fota-plan.h"

G_BEGIN_DECLS

typedef enum {
    FOTA_ACCESS_AUTO, /**< reserved port, else ModemManager's Command, else the module's port */
    FOTA_ACCESS_MODEM_MANAGER,
    FOTA_ACCESS_PORT,
} FotaAccess;

typedef enum {
    FOTA_MODULE_ASKS_ASK,    /**< the application */
    FOTA_MODULE_ASKS_REFUSE, /**< without asking */
    FOTA_MODULE_ASKS_LEAVE,  /**< the module is neither told to ask nor answered */
} FotaModuleAsks;

/**
 * The configuration of one module: the groups of fotad.conf, overridden by its [Module <IMEI>].
 * Strings are NULL when unset. Durations are seconds, sizes bytes.
 */
typedef struct {
    char *
        manifest_uri; /**< a template of fota_text_expand_uri(); "" = the vendor's server decides */
    guint32 interval; /**< between two checks */
    char *salt;       /**< determines, with the IMEI, the module's moment; key of {imei-hmac} */
    gboolean require_signature;
    char *manifest_credential;   /**< name of a credential */
    FotaCsvTrust legacy_csv;     /**< whether a firmwarecheck.csv is accepted as a manifest */
    char *csv_from;              /**< the version that an unsigned one starts from */
    gboolean fetch_by_module;    /**< the module reads the manifest, not the host */
    GStrv allowed_servers;       /**< servers for later manifests, see fota_poll_allows_server() */
    GStrv groups;                /**< roll-out groups; `rules` points to it */
    char *certificate_authority; /**< PEM file; NULL = the system's */
    char *client_certificate;    /**< name of the credential that we are known by over TLS */
    char *client_key;            /**< of its key; NULL = it is in the same one */
    char *proxy;                 /**< http://host:port for all schemes, NULL = none */
    FotaRules rules;             /**< approval, windows, conditions and limits, for policy/ */
    FotaDeliveryBy delivery;     /**< [Delivery]: who brings a delta to the module */
    char *delta_directory;  /**< where files that manifests name as deltas lie; NULL = nowhere */
    gboolean defer_metered; /**< the host fetches nothing over a metered connection */
    FotaAccess access;
    char *apn;                /**< [Network]: used only if none is programmed in the module */
    char *pdp_type;           /**< "IP", "IPV6" or "IPV4V6" */
    char *network_credential; /**< name of the credential with the login at the APN */
    char *pin_credential;     /**< name of the credential with the SIM's PIN */
    char *rungs;              /**< of first aid, for fota_first_aid_parse(); NULL = safe */
    GStrv power_cycle;        /**< command with its arguments, NULL = none */
    guint32 power_cycle_seconds;
    gboolean reset_after_install;
    char *service_probe;     /**< [Service]: a template, NULL = the manifest may name one */
    char *authentication;    /**< at the APN: "none", "pap" or "chap" */
    char *report_uri;        /**< [Report]: a template, NULL = the manifest may name one */
    char *report_credential; /**< name of a credential */

    GStrv sms_senders; /**< [Push]: who may ask for a check by a text message */
    char *sms_keyword; /**< what the message says; NULL, as no sender, = nobody may */

    FotaModuleAsks module_asks; /**< [ModuleAsks]: what becomes of what the module asks */
    gboolean module_starts;     /**< Check() has the module ask its server */

    char *distributor; /**< [Registration]: names that the update service knows us by */
    char *subdistributor;
    char *registration_apn;        /**< NULL = `apn` */
    char *registration_uri;        /**< a template, NULL = nothing is posted */
    char *registration_credential; /**< name of a credential */
} FotaModuleConfig;

/** All of fotad.conf and its drop-ins. */
typedef struct _FotaConfig FotaConfig;

/**
 * An empty configuration. @file names fotad.conf, beside which the directory of the keys is unless
 * KeysDirectory= says otherwise. @may_obey decides about files that values name, NULL = all.
 */
FotaConfig *
fota_config_new(const char *file, gboolean (*may_obey)(const char *path, GError **error));

/**
 * Takes the @text of @file, which adds to what was taken before. An unknown group or key, or a
 * value that does not parse, is an error that names the file, the line, and what was expected
 * (BadConfiguration). @foreign: a group that somebody else reads, NULL = none.
 */
gboolean fota_config_take(FotaConfig *config, const char *file, const char *text,
                          const char *foreign, GError **error);

/** When all is taken: whether the values fit together (BadConfiguration). */
gboolean fota_config_validate(FotaConfig *config, GError **error);

FotaConfig *fota_config_ref(FotaConfig *config);
void fota_config_unref(FotaConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaConfig, fota_config_unref)

/** The file it was read from. */
const char *fota_config_get_file(FotaConfig *config);
/** Directory of the keys, never NULL. */
const char *fota_config_get_keys_directory(FotaConfig *config);
gboolean fota_config_get_personal_info(FotaConfig *config);
/** Modules of this gateway that may update at the same time, at least 1. */
guint fota_config_get_at_once(FotaConfig *config);
/** Bytes that the deltas which the host has fetched may take. */
guint64 fota_config_get_cache_size(FotaConfig *config);
/** syslog level of [Log] Level=. */
int fota_config_get_log_level(FotaConfig *config);

/** Servers= of [Credential @name], NULL-terminated, owned by @config; NULL = there is none. */
const char *const *fota_config_get_credential_servers(FotaConfig *config, const char *name);

/** The configuration of the module @imei; owned by @config. */
const FotaModuleConfig *fota_config_for_module(FotaConfig *config, const char *imei);

G_END_DECLS
