/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plugins/fota-plugin-session.h"

G_BEGIN_DECLS

/**
 * The one header that a vendor's plugin includes.
 *
 * A plugin is a shared object that exports a single symbol, `const FotaPlugin fota_plugin`: a table
 * of the modules that it claims and, for each, of the methods by which they are updated. Its
 * functions run in the thread of one update and may block: a vendor's flow reads from top to bottom
 * like the vendor's own document. They touch nothing but their FotaSession, which sends AT commands
 * over whatever channel the daemon has chosen. What differs from model to model stands in a data
 * file beside the shared object (`<name>.models`), not in the code.
 *
 * Times are whole seconds. Text is UTF-8. A function that can fail sets @error exactly when it
 * returns something other than success (FOTA_RESULT_DONE, TRUE, or a non-NULL pointer).
 */

/**
 * FotaPlugin and FotaMethod begin with their own size and grow only at their end, so that daemon
 * and plugin may be of different ages: what a shorter table lacks is absent, what a longer one has
 * beyond this header is not looked at, and a method whose route, commit point, needs or restart
 * this daemon does not know is left out. The elements of the arrays that they point to never grow.
 * A plugin of another ABI is refused.
 */
#define FOTA_PLUGIN_ABI 3

/** What the vendor's own server has for a module (FOTA_ROUTE_VENDOR). */
typedef struct {
    char *version; /**< NULL = nothing newer */
    char *text;    /**< the vendor's words about it, may be NULL */
    guint64 size;  /**< bytes, 0 = unknown */
} FotaVendorOffer;

/** Frees what it holds; it is empty afterwards. */
void fota_vendor_offer_clear(FotaVendorOffer *offer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FotaVendorOffer, fota_vendor_offer_clear)

/** What the module asks the host, by itself or when it is asked for it. */
typedef enum {
    FOTA_QUESTION_NONE,
    FOTA_QUESTION_CONNECT,  /**< may it connect to its server? */
    FOTA_QUESTION_DOWNLOAD, /**< and install what it has downloaded, without another question */
    FOTA_QUESTION_INSTALL,
    FOTA_QUESTION_RESTART,
    FOTA_QUESTION_DOWNLOAD_FIRST, /**< before it installs, it asks FOTA_QUESTION_INSTALL */
} FotaQuestionKind;

typedef struct {
    FotaQuestionKind kind;
    gint64 number; /**< the plugin's own, by which it knows the question again */
    char *version; /**< what would be installed, NULL = not told */
    char *text;    /**< the vendor's words about it, may be NULL; of a question that nothing was
                        heard of, the line with which the module would have asked it */
    guint64 size;  /**< bytes, 0 = unknown */
    guint seconds; /**< left for the answer, 0 = not told */
    gboolean may_reject; /**< else it can only be postponed */
} FotaQuestion;

/** Frees what it holds; it is empty afterwards. */
void fota_question_clear(FotaQuestion *question);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FotaQuestion, fota_question_clear)

typedef enum {
    FOTA_ANSWER_ACCEPT,
    FOTA_ANSWER_REJECT,
    FOTA_ANSWER_LATER,
} FotaAnswer;

/** Who brings the delta into the module. */
typedef enum {
    FOTA_ROUTE_PULL,   /**< the module fetches it from an address that it is told */
    FOTA_ROUTE_FEED,   /**< the host hands it over: load() */
    FOTA_ROUTE_VENDOR, /**< the module fetches it from its vendor's server, which decides: ask() */
    FOTA_ROUTE_ASKED,  /**< the module's own server begins, and the module asks: questions() */
} FotaRoute;
#define FOTA_ROUTE_LAST FOTA_ROUTE_ASKED

/** Where the point of no return is. */
typedef enum {
    FOTA_COMMIT_POINT_INSTALL,  /**< before install() */
    FOTA_COMMIT_POINT_DOWNLOAD, /**< before download() or load(): the module then installs by
                                   itself. There is one gate, and no install() */
} FotaCommitPoint;
#define FOTA_COMMIT_POINT_LAST FOTA_COMMIT_POINT_DOWNLOAD

typedef enum {
    FOTA_NEEDS_TTY = 1 << 0,         /**< raw data: a tty of the module */
    FOTA_NEEDS_UNSOLICITED = 1 << 1, /**< unsolicited lines */
    FOTA_NEEDS_NO_BEARER = 1 << 2,   /**< the host's data call must be down all the while */
    FOTA_NEEDS_INHIBITION = 1 << 3,  /**< ModemManager must keep away, on whatever channel */
} FotaNeeds;
#define FOTA_NEEDS_ALL                                                                             \
    (FOTA_NEEDS_TTY | FOTA_NEEDS_UNSOLICITED | FOTA_NEEDS_NO_BEARER | FOTA_NEEDS_INHIBITION)

/** What begins the restart into the new firmware. */
typedef enum {
    FOTA_RESTART_BY_MODULE,
    FOTA_RESTART_BY_COMMAND, /**< restart(), once install() is done */
    FOTA_RESTART_BY_POWER,   /**< the module switches itself off, and [FirstAid] PowerCycle= on */
} FotaRestart;
#define FOTA_RESTART_LAST FOTA_RESTART_BY_POWER

/**
 * One way to update a module. Which functions it has depends on its route; what is not required may
 * be NULL.
 *
 * After each of ask(), download(), load(), validate(), discard(), questions(), answer() and
 * fetch(), whatever its result, also when it was cancelled, the daemon calls close(), unless the
 * function was the order after which the module may be away.
 */
typedef struct {
    gsize size;       /**< sizeof(FotaMethod) */
    const char *name; /**< [a-z0-9-]+, for records and logs; of this plugin's methods alone */
    FotaRoute route;
    FotaCommitPoint commit;
    guint needs; /**< FotaNeeds */
    FotaRestart restarts;

    /** Makes sure the module listens and says in *@version what firmware it runs. Harmless.
     * Required. */
    FotaResult (*inspect)(FotaSession *session, char **version, GError **error);

    /**
     * Asks the vendor's server what is new, and leaves the module as it was. Required for
     * FOTA_ROUTE_VENDOR. DONE also when there is nothing newer. The caller clears *@offer, whatever
     * the result is.
     * For FOTA_ROUTE_ASKED, where the module can do that: has it ask its server, and leaves *@offer
     * empty. What comes of it is a question.
     */
    FotaResult (*ask)(FotaSession *session, FotaVendorOffer *offer, GError **error);

    /**
     * Brings the delta into the module. Required for FOTA_ROUTE_PULL and _VENDOR. With
     * FOTA_COMMIT_POINT_DOWNLOAD it is the order to install, and given once: DONE = the module has
     * accepted it; the function may follow what it reports until it leaves, which is no error then.
     */
    FotaResult (*download)(FotaSession *session, const FotaUpdate *update, GError **error);

    /**
     * Hands over the delta that @fd, a regular file at its beginning, holds: @update's size bytes,
     * which the daemon has verified. Required for FOTA_ROUTE_FEED. Else as download(), but for a
     * rehearsal, in which it is called only where discard is NULL.
     */
    FotaResult (*load)(FotaSession *session, const FotaUpdate *update, int fd, GError **error);

    /** Has the module validate the delta that it holds. Asked after download() and load(). */
    FotaResult (*validate)(FotaSession *session, const FotaUpdate *update, GError **error);

    /**
     * Throws away what download() or load() has left in the module, whole or in part; asked
     * whenever an update ends without being installed. DONE when there is nothing. NULL where a
     * delta does nothing until install() and makes room for the next: a rehearsal then loads the
     * real one.
     */
    FotaResult (*discard)(FotaSession *session, const FotaUpdate *update, GError **error);

    /**
     * Orders the module to install, once. DONE = it accepted; it may leave at any time after.
     * Required with FOTA_COMMIT_POINT_INSTALL, except for FOTA_ROUTE_ASKED.
     */
    FotaResult (*install)(FotaSession *session, const FotaUpdate *update, GError **error);

    /**
     * Has the module restart. Required with FOTA_RESTART_BY_COMMAND. Called once after install();
     * and, where fotad was ended in between, once more when the module has come to rest with its
     * old version and without a restart: there it must do no more harm than a restart does.
     */
    FotaResult (*restart)(FotaSession *session, const FotaUpdate *update, GError **error);

    /**
     * Asked each time the module has come back after the order, also while fotad was away: reads
     * the version into *@version, and what the module itself reports about the update. What a
     * restart loses is the business of the plugin's settings. Required.
     * DONE = asked successfully, whatever the version is; the daemon compares. FAILED_FOR_GOOD =
     * the module itself reports that the update has failed. Anything else: it has left, or is not
     * through yet, and is asked again; an old version beside it does not count.
     */
    FotaResult (*outcome)(FotaSession *session, const FotaUpdate *update, char **version,
                          GError **error);

    /**
     * Has the module ask, where that must be turned on, and says which question is open now;
     * FOTA_QUESTION_NONE when there is none, and with a text when the module has begun without
     * asking. What the module said while no job had its port comes first from
     * fota_session_hear(). Required for FOTA_ROUTE_ASKED. The caller clears *@question.
     */
    FotaResult (*questions)(FotaSession *session, FotaQuestion *question, GError **error);

    /**
     * Answers @question. @seconds: how long it is postponed with FOTA_ANSWER_LATER, 0 = as long as
     * the module does by itself; a module that knows no such answer gets none, and the result is
     * DONE. Required for FOTA_ROUTE_ASKED. After FOTA_ANSWER_ACCEPT the module may download,
     * install and leave by itself; the function may follow what it reports until then. It only does
     * that for FOTA_QUESTION_NONE: the module has begun without asking. For
     * FOTA_QUESTION_DOWNLOAD_FIRST it follows until the module asks again, and an answer that was
     * given before fotad was ended is not given once more.
     * FOTA_MODULE_ERROR_QUESTION_EXPIRED: the answer came too late.
     */
    FotaResult (*answer)(FotaSession *session, const FotaQuestion *question, FotaAnswer answer,
                         guint seconds, GError **error);

    /** Reads a small file through the module; @update's address names it. */
    FotaResult (*fetch)(FotaSession *session, const FotaUpdate *update, gsize max_bytes,
                        GBytes **contents, GError **error);

    /**
     * Closes whatever the function before it has opened, and pauses what must not go on unwatched.
     * Its commands are sent although the update was cancelled; only the end of fotad stops them.
     */
    void (*close)(FotaSession *session);

    /**
     * Schemes of the addresses that download() can fetch from, ended by NULL; of FOTA_ROUTE_PULL.
     * NULL = it finds that out itself.
     */
    const char *const *schemes;

    gboolean
        carrier; /**< FOTA_ROUTE_ASKED: who asks is the carrier, else the module's own server */
} FotaMethod;

/**
 * Which modules a plugin claims, and how they are updated. A member that is NULL or 0 matches
 * anything. Where several claims fit, of one plugin or of several, the most exact one wins: USB ids
 * before names, then the model pattern with more letters, then the manufacturer.
 */
typedef struct {
    const char *manufacturer;         /**< begins with, case ignored */
    const char *model;                /**< glob, as g_pattern_match_simple() takes it */
    guint16 usb_vendor, usb_product;  /**< as `lsusb` shows them; a product needs a vendor */
    const FotaMethod *const *methods; /**< in order of preference, ended by NULL */
} FotaClaim;

/**
 * A setting of the module that a restart may lose. The daemon asks it with `AT<name>?` before the
 * order to install, and where it differs after the restarts enters it with `AT<name>=<value>`, one
 * command for each line of the answer. A refused question: this model has no such setting.
 */
typedef struct {
    const char *name; /**< such as "+CGDCONT" */
    guint fields; /**< which fields of a line are the setting, a bit each, 1 = the first; 0 = all.
                     The rest is neither kept nor compared */
    gboolean secret; /**< the answer may hold a password (leave it out of @fields): never traced */
    /** Enters it where AT<name>=<value> would not do; NULL = that does. */
    gboolean (*enter)(FotaSession *session, GError **error);
} FotaSetting;

/** One kind of unsolicited line. */
typedef struct {
    const char *prefix; /**< what the line begins with, case ignored */
    FotaLineKind kind;
    /**
     * Reads @rest, what follows the prefix and blanks, and may change the kind. FALSE: this is no
     * such line after all. NULL: @rest is the event's text.
     */
    gboolean (*parse)(const char *rest, FotaHeard *heard);
} FotaUnsolicited;

/** The table that a plugin exports as `fota_plugin`. */
typedef struct {
    guint abi;                          /**< FOTA_PLUGIN_ABI */
    gsize size;                         /**< sizeof(FotaPlugin) */
    const char *name;                   /**< [a-z0-9]+, also the name of the data file */
    const FotaClaim *claims;            /**< ended by an entry without methods */
    const FotaSetting *settings;        /**< ended by an entry without a name; NULL = none */
    const FotaUnsolicited *unsolicited; /**< the first that fits counts; ended by an entry without
                                           a prefix; NULL = none */
    /**
     * Whole lines that the modules say by themselves and that have no name with a colon, such as
     * "RDY": in the middle of an answer they are no part of it. A prefix in @unsolicited that has
     * no colon counts as one and need not be listed. Case ignored, ended by NULL; NULL = none.
     */
    const char *const *announcements;
    /** Whole lines that refuse a command, besides ERROR and +CME ERROR; as @announcements. */
    const char *const *refusals;
} FotaPlugin;

G_END_DECLS
