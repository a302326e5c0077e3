/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-window.h"

G_BEGIN_DECLS

/**
 * FotaManifest: what the fleet's owner wants for one module or model.
 *
 * Read-only once parsed, shared by reference. Times are µs since the epoch (0 = not given),
 * durations seconds. Texts are valid for their kind (fota-text.h) and belong to the
 * manifest. Members the parser does not know are ignored unless `critical` names them.
 */

/** A manifest file may have this many bytes, signature blocks included. */
#define FOTA_MANIFEST_MAX_BYTES 65536
#define FOTA_MANIFEST_VERSION 1
#define FOTA_MANIFEST_MAX_STEPS 8
#define FOTA_MANIFEST_MAX_WINDOWS 8
#define FOTA_MANIFEST_MAX_WAVES 8
#define FOTA_MANIFEST_MAX_TARGETS 4096
#define FOTA_MANIFEST_MAX_ADDRESSES 4
#define FOTA_MANIFEST_MAX_OPERATORS 256

/** Who wants an update. */
typedef enum {
    FOTA_SOURCE_MANIFEST,
    FOTA_SOURCE_VENDOR,  /* the vendor's server, which a manifest leaves it to */
    FOTA_SOURCE_MODULE,  /* the module itself asks */
    FOTA_SOURCE_CARRIER, /* the module asks for the carrier */
} FotaSource;

/** Returns: "manifest", "vendor", "module" or "carrier". */
const char *fota_source_get_name(FotaSource source);

/** Whether the application is asked. The larger value is the stricter. */
typedef enum {
    FOTA_APPROVAL_AUTO,
    FOTA_APPROVAL_REQUIRED,
} FotaApproval;

/** From FOTA_SEVERITY_MANDATORY on, the deadline ends deferrals. */
typedef enum {
    FOTA_SEVERITY_OPTIONAL,
    FOTA_SEVERITY_MANDATORY,
    FOTA_SEVERITY_CRITICAL,
} FotaSeverity;

/** Whether a module without service is put back. The larger value is the stricter. */
typedef enum {
    FOTA_BACK_NO,
    FOTA_BACK_USE,      /* where the manifest names a way back that can be taken */
    FOTA_BACK_REQUIRED, /* and without one nothing is installed */
} FotaBack;

/** Returns: "auto" or "required". */
const char *fota_approval_get_name(FotaApproval approval);
/** Returns: "optional", "mandatory" or "critical". */
const char *fota_severity_get_name(FotaSeverity severity);

typedef struct {
    const char *uri;        /* NULL = not given */
    const char *credential; /* a name, never a secret; NULL = none */
} FotaServer;

/** The places of a delta, in order of preference. */
typedef struct {
    /* NULL-terminated; none = the vendor's server knows. May be a file on this gateway, too */
    const char *uri[FOTA_MANIFEST_MAX_ADDRESSES + 1];
    const char *credential; /* NULL = none */
    guint64 size;           /* bytes, 0 = not given */
    const char *sha256;     /* 64 hex digits, NULL = not given */
    const char *from, *to;  /* versions of the step that it is part of */
} FotaDelta;

/** One delta, which fits exactly one base. */
typedef struct {
    const char *from_version; /* equal, byte for byte, to what the module reports */
    const char *to_version;   /* what it must report afterwards */
    FotaDelta delta;
    FotaDelta back; /* from to_version to from_version again; no address = none */
    gboolean dummy; /* both versions are the same, and the delta is installed all the same */
} FotaStep;

/** What must be true before an update starts; in the manifest and in the configuration. */
typedef struct {
    gboolean allow_roaming;     /* default TRUE */
    guint32 minimum_signal;     /* percent, 0 = any */
    gboolean mains_power;       /* TRUE = only while on mains */
    guint32 minimum_battery;    /* percent, 0 = any; not asked while on mains */
    guint64 minimum_free_space; /* bytes, 0 = any */
    gboolean other_route;       /* TRUE = only if the module is not the only route */
} FotaConditions;

#define FOTA_CONDITIONS_INIT                                                                       \
    {                                                                                              \
        .allow_roaming = TRUE                                                                      \
    }

/** One wave of a roll-out: those in one of @groups, or whose bucket lies below @percentage. */
typedef struct {
    const char *name;          /* for people; NULL = none */
    const char *const *groups; /* NULL-terminated; NULL = none */
    guint32 percentage;        /* hundredths of a percent, 0 .. 10000, counted from bucket 0 */
    gint64 start;              /* µs, 0 = at once */
    guint32 ramp;              /* seconds over which the wave's buckets follow each other */
} FotaWave;

typedef struct {
    const char *id; /* seed of the buckets; NULL = no roll-out, everyone at once */
    gboolean paused;
    guint n_waves;
    FotaWave waves[FOTA_MANIFEST_MAX_WAVES];
} FotaRollout;

typedef struct {
    const char *id; /* idempotency key; names history entries */
    FotaSeverity severity;
    const char *title;    /* plain text for people, NULL = none */
    const char *info_uri; /* NULL = none */
    FotaApproval approve_download;
    FotaApproval approve_install;
    guint32 maximum_defer_period; /* seconds after the first offer, 0 = not limited by it */
    gint64 deadline;              /* µs, 0 = none */
    gboolean downgrade;           /* the target is an older version, on purpose */
    guint n_windows;              /* 0 = always */
    FotaWindow windows[FOTA_MANIFEST_MAX_WINDOWS];
    FotaConditions conditions;
    FotaRollout rollout;
    guint32 service_time;      /* seconds that the service may take to return, 0 = not given */
    const char *service_probe; /* NULL = none */
    FotaBack back;
    guint32 max_attempts;   /* 1 .. 10 */
    guint32 backoff;        /* seconds between attempts */
    const char *to_version; /* without steps: what is accepted; NULL = whatever the vendor sends */
    guint n_steps;          /* 0 = the vendor's server decides */
    FotaStep steps[FOTA_MANIFEST_MAX_STEPS];
} FotaManifestUpdate;

/** The module's own data connection. */
typedef struct {
    const char *apn;            /* NULL = not given, and nothing of it is */
    const char *credential;     /* a name, of the login there; NULL = none */
    const char *authentication; /* "none", "pap" or "chap"; NULL = as the plugin has it */
} FotaProvision;

typedef struct {
    FotaSource source; /* MANIFEST, or of whom fota_question_make_manifest() made it */
    const char *const
        *signers; /* ids of the trusted keys that signed it, NULL-terminated; NULL = unsigned */
    gint64 sequence_number; /* 0 = it has none: an unsigned csv, or made without a file */
    gint64 issued;
    gint64 use_before;
    const char *const *imei;      /* NULL-terminated; NULL = any IMEI of @model */
    const char *const *model;     /* NULL-terminated; NULL = any model of @imei */
    const char *const *operators; /* MCC and MNC of the SIM's home; NULL-terminated; NULL = any */
    guint32 sleep;                /* seconds between checks, 0 = as configured */
    gint64 not_before;            /* no check before this, 0 = none */
    FotaServer next_server;       /* where to ask from now on, if AllowedServers has it */
    gboolean has_update;          /* FALSE = nothing for you */
    FotaManifestUpdate update;
    FotaServer report;
    FotaProvision provision; /* instead of the configuration's [Network] */
    const char *digest;      /* SHA-256 of the payload, 64 hex digits */
} FotaManifest;

/**
 * fota_manifest_parse:
 * @payload: the bytes fota_signature_open() gave back
 *
 * Returns: (transfer full): the manifest; %NULL with ManifestTooLarge, BadManifest or
 * UnknownManifestVersion. The message begins with the member's path
 * (`update.steps[1].toVersion: ...`); when there are more faults, it says how many.
 */
FotaManifest *fota_manifest_parse(GBytes *payload, GError **error);

/** Notes the signers of @manifest. @signers: (transfer full). Call it before it is shared. */
void fota_manifest_take_signers(FotaManifest *manifest, char **signers);

/**
 * fota_manifest_make_for_vendor:
 *
 * Returns: (transfer full): the manifest used if [Manifest] Uri= is empty: the module @imei gets
 * what its vendor's server has, once that is approved.
 */
FotaManifest *fota_manifest_make_for_vendor(const char *imei);

/** Returns: (transfer full) (element-type utf8): every fault of @payload; empty = none. */
GPtrArray *fota_manifest_lint(GBytes *payload);

/** Returns: (nullable): the step that begins at @version; there is at most one. */
const FotaStep *fota_manifest_find_step(const FotaManifestUpdate *update, const char *version);

/** Returns: (transfer full): differs for each delta, by its versions or its place. */
char *fota_manifest_name_delta(const FotaStep *step);

FotaManifest *fota_manifest_ref(FotaManifest *manifest);
void fota_manifest_unref(FotaManifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaManifest, fota_manifest_unref)

G_END_DECLS
