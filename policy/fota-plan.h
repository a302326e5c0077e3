/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "policy/fota-approval.h"
#include "policy/fota-delivery.h"

G_BEGIN_DECLS

/** What the gateway's own configuration demands. The stricter of it and the manifest wins. */
typedef struct {
    FotaApproval approve_download;
    FotaApproval approve_install;
    guint32 approval_timeout; /* seconds an offer may stay unanswered, 0 = for ever */
    const FotaWindow *windows;
    guint n_windows; /* 0 = always */
    const FotaBlackout *blackouts;
    guint n_blackouts;
    FotaConditions conditions;
    guint32 max_attempts;   /* 0 = as the manifest says */
    guint64 monthly_data;   /* bytes a month, 0 = no limit */
    gboolean prove_service; /* after an update the module must serve as before */
    guint32 service_time;   /* seconds that this may take */
    FotaBack back;
    gboolean allow_downgrade;  /* default FALSE */
    const char *const *groups; /* roll-out groups of this gateway; NULL = none */
} FotaRules;

#define FOTA_RULES_INIT                                                                            \
    {                                                                                              \
        .conditions = FOTA_CONDITIONS_INIT                                                         \
    }

/**
 * Everything else a plan depends on. All texts are borrowed for the call. What the system does not
 * tell (-1) does not block, but for the signal and the other route, which it always can tell.
 *
 * The deadline of a mandatory or critical update ends deferrals and the manifest's own windows; it
 * ends neither approval nor what the gateway's own configuration demands.
 */
typedef struct {
    /* The module, as it answers itself. */
    const char *imei;
    const char *manufacturer;
    const char *model;
    const char *revision;

    /* Where the manifest has no steps: what the vendor's server has for this revision, or what the
     * module's question is about. */
    const char *vendor_version; /* NULL = not asked yet, or not told; "" = nothing newer */
    guint64 vendor_size;        /* bytes, 0 = unknown */

    /* The moment. */
    gint64 now;            /* µs since the epoch */
    gboolean clock_is_set; /* FALSE = the clock has never been set since the start */
    GTimeZone *local_zone; /* NULL = UTC */

    /* The SIM. */
    const char *sim_operator; /* MCC and MNC of its home; NULL = unknown */
    const char *imsi;         /* counts where @sim_operator is unknown; NULL = unknown */

    /* The radio. */
    gboolean pin_wanted; /* the SIM is locked */
    gboolean registered;
    gboolean roaming;
    int signal; /* percent, -1 = unknown */

    /* The gateway. */
    gboolean inhibited; /* somebody holds an inhibition */
    gboolean busy;      /* another module of this gateway is being updated */
    int on_mains;       /* 1 yes, 0 no, -1 unknown */
    int battery;        /* percent, -1 = unknown or none */
    guint64 free_space; /* bytes where deltas are kept */
    int other_route;    /* 1 yes, 0 no, -1 unknown */
    guint64 data_used;  /* bytes this month */
    guint64
        delta_paid; /* bytes of the next step's delta that the module has and that are counted */
    FotaDelivery delivery;  /* who brings the delta of the next step */
    guint64 to_fetch;       /* bytes that the host has still to fetch and keep */
    gboolean cut_off;       /* the host has no way to a server of it now */
    gboolean metered;       /* its way costs by the byte, and the configuration heeds that */
    guint64 uptime;         /* seconds since fotad has started */
    gboolean back_missing;  /* the way back is still to be fetched */
    guint64 back_room;      /* the same of the way back: bytes still to fetch and keep, */
    guint64 back_to_fetch;  /* of them those that cost something, */
    gboolean back_cut_off;  /* no way to a server of it, */
    gboolean back_metered;  /* and one that costs */
    gboolean feeds;         /* the host can hand a delta over to the module */
    gboolean keeps;         /* what the host has fetched survives a power cut */
    gboolean probe_refused; /* the manifest's probe is at a server that is not allowed */
    gboolean one_gate;      /* download and installation are one: so is the answer to both */
    gboolean downloaded;    /* the delta of the next step is in the module, and paid for */
    guint32 run_seconds;    /* how long download, install and restart will take; 0 = unknown */

    /* What happened before, for this update's id under this manifest. */
    guint32 attempts;     /* attempts that failed */
    gint64 last_attempt;  /* when the last one ended, µs, 0 = none */
    gint64 first_offered; /* µs, 0 = not offered yet */
    gint64 asked; /* when the application was last asked, µs, 0 = not, or it has answered */
    const char *asked_token; /* with this token; NULL = about whichever gate is open */
    gint64 deferred_until;   /* µs, 0 = not deferred */
    const char *rejected;    /* token that was rejected, NULL = none */
    const char *approved[FOTA_APPROVAL_N_GATES]; /* tokens that were approved, NULL = none */
    gboolean dummy_done;                         /* the dummy of this update was installed before */
    const char *const
        *left;            /* versions that it has run since before the present one, NULL = none */
    const char *unserved; /* digest of the manifest whose update has ended without service */
    const char *unserved_to; /* and its version; NULL = none */
    const char *chain_from;  /* version from which the running chain began: one
                              * approval is good for the chain. NULL = @revision */

    const FotaRules *rules; /* NULL = FOTA_RULES_INIT */
} FotaFacts;

#define FOTA_FACTS_INIT                                                                            \
    {                                                                                              \
        .clock_is_set = TRUE, .signal = -1, .on_mains = -1, .battery = -1,                         \
        .free_space = G_MAXUINT64, .other_route = -1                                               \
    }

typedef enum {
    FOTA_PLAN_NOTHING_FOR_YOU,   /* the manifest has nothing for it */
    FOTA_PLAN_UP_TO_DATE,        /* the module runs what is wanted */
    FOTA_PLAN_ASK_VENDOR,        /* the vendor's server must be asked first: see blockers */
    FOTA_PLAN_UPDATE,            /* there is something to do: see gates and blockers */
    FOTA_PLAN_NO_PATH,           /* no step begins at the module's version */
    FOTA_PLAN_DOWNGRADE_REFUSED, /* manifest or configuration does not allow going back */
    FOTA_PLAN_REJECTED,          /* the application said no to this very offer */
    FOTA_PLAN_UNANSWERED,        /* nobody answered within the approval timeout */
    FOTA_PLAN_FAILED_FOR_GOOD,   /* all attempts are used up */
} FotaPlanKind;

/** Returns: "nothing-for-you", "up-to-date", "update", "no-path", ... */
const char *fota_plan_kind_get_name(FotaPlanKind kind);

typedef struct {
    FotaApproval wanted;
    gboolean approved; /* the token below is among the facts' approved ones */
    char *token;
} FotaPlanGate;

/**
 * FotaPlan: what would be done now, why, and what keeps it from being done.
 *
 * Blockers are names for machines: `deferred`, `inhibited`, `busy`, `clock`, `rollout`, `backoff`,
 * `window`, `operator`, `pin`, `registration`, `roaming`, `signal`, `supply`, `free-space`,
 * `route`, `data-budget`, `uplink`, `metered`, `way-back`, `service`. Approval is not a blocker: see
 * the gates.
 */
typedef struct {
    FotaPlanKind kind;
    FotaSource source;
    FotaManifest *manifest; /* reference; owner of the steps' texts */
    char *from;             /* where the module stands */
    char *to;               /* where the chain ends; NULL = not known */
    guint window_work;      /* openings of windows that were worked out for it */
    guint n_steps;          /* steps still to go; 1 also when the vendor's server decides */
    FotaStep steps[FOTA_MANIFEST_MAX_STEPS];
    guint64 size;                              /* bytes of the deltas to go, 0 = unknown */
    FotaPlanGate gates[FOTA_APPROVAL_N_GATES]; /* tokens only when kind is UPDATE */
    GPtrArray *blockers;   /* char *, NULL-terminated: (char **)plan->blockers->pdata */
    GPtrArray *reasons;    /* char *, NULL-terminated: sentences in the order of the decisions */
    guint decided_by;      /* index in reasons of the sentence that decided the kind */
    gint64 not_before;     /* earliest µs at which every blocker of time is gone; 0 = none now;
                            * G_MAXINT64 = never as things stand */
    gint64 deadline;       /* µs, 0 = none */
    gint64 defer_limit;    /* µs, 0 = no limit */
    FotaDelivery delivery; /* who brings the delta of the first step */
    guint64 data_used;     /* bytes this month */
    guint64 monthly_data;  /* bytes allowed, 0 = no limit */
    gint64 answer_by;      /* µs up to which the open gate waits for an answer, 0 = for ever */
    gboolean way_back;     /* a module that is without service after the next step is put back */
} FotaPlan;

/**
 * fota_plan_make:
 * @manifest: one that fota_trust_judge() let pass
 *
 * Pure: the same arguments give the same plan. Returns: (transfer full).
 */
FotaPlan *fota_plan_make(FotaManifest *manifest, const FotaFacts *facts);
void fota_plan_free(FotaPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FotaPlan, fota_plan_free)

/** Whether a module is put back: the stricter word of the two, where service is proven at all. */
FotaBack fota_plan_get_back(const FotaManifestUpdate *update, const FotaRules *rules);

/**
 * In what the gateway is not supplied as both demand, as a sentence; NULL = it is. @theirs NULL: no
 * manifest is at hand. Transfer full.
 */
char *fota_plan_find_supply_lack(const FotaConditions *theirs, const FotaRules *rules, int on_mains,
                                 int battery);

/** Seconds that the service may take to return: the longer of the two. */
guint32 fota_plan_get_service_time(const FotaManifestUpdate *update, const FotaRules *rules);

gboolean fota_plan_has_blocker(const FotaPlan *plan, const char *name);

/** Returns: (transfer full): the plan as one JSON object (`Plan()` on D-Bus). */
char *fota_plan_to_json(const FotaPlan *plan);
/** Returns: (transfer full): the plan in plain words, some lines. */
char *fota_plan_to_text(const FotaPlan *plan);

G_END_DECLS
