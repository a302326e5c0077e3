/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * The one header that a vendor's plugin includes.
 *
 * A plugin is a shared object that exports a single symbol, `const FotaPlugin fota_plugin`. Its
 * functions run in the thread of one update and may block: a vendor's flow reads from top to bottom
 * like the vendor's own document. They touch nothing but their FotaSession, which sends AT commands
 * over whatever channel the daemon has chosen. What differs from model to model stands in a data
 * file beside the shared object (`<name>.models`), not in the code.
 *
 * Times are whole seconds. Text is UTF-8. A function that can fail sets @error exactly when it
 * returns something other than success (FOTA_RESULT_DONE, TRUE, or a non-NULL pointer).
 */

/** Changes whenever a plugin built against an older header could misbehave. */
#define FOTA_PLUGIN_ABI 2

typedef struct _FotaSession FotaSession;

/** How a step of an update ended, and with it what the daemon may do next. */
typedef enum {
    FOTA_RESULT_DONE,            /**< the step did what it says */
    FOTA_RESULT_TRY_LATER,       /**< not now: no signal, no registration, module busy */
    FOTA_RESULT_FAILED_FOR_NOW,  /**< failed in a way that another attempt may cure */
    FOTA_RESULT_FAILED_FOR_GOOD, /**< the same attempt would fail the same way */
    FOTA_RESULT_WRONG_BASE,      /**< the delta does not fit the firmware in the module */
    FOTA_RESULT_REFUSED,         /**< the module refuses the delta or the order to install */
} FotaResult;

#define FOTA_MODULE_ERROR (fota_module_error_quark())
GQuark fota_module_error_quark(void);

/** What can go wrong with a module; MODULE_GONE is org.fotad.Fota1.Error.ModuleGone on D-Bus. */
typedef enum {
    FOTA_MODULE_ERROR_MODULE_REFUSED,      /**< ERROR or +CME ERROR to a command */
    FOTA_MODULE_ERROR_MODULE_SILENT,       /**< no answer within the vendor's time */
    FOTA_MODULE_ERROR_MODULE_GONE,         /**< it left the bus when it should not */
    FOTA_MODULE_ERROR_MODULE_NOT_RETURNED, /**< away longer than its limit */
    FOTA_MODULE_ERROR_NOT_SUPPORTED,       /**< this channel or model cannot do it */
    FOTA_MODULE_ERROR_BAD_ANSWER,          /**< an answer that the document does not allow */
    FOTA_MODULE_ERROR_NO_SIGNAL,
    FOTA_MODULE_ERROR_NOT_REGISTERED,
    FOTA_MODULE_ERROR_NO_APN,         /**< none programmed and none configured */
    FOTA_MODULE_ERROR_CONTEXT_FAILED, /**< the PDP context did not come up */
    FOTA_MODULE_ERROR_DELTA_SERVER_UNREACHABLE,
    FOTA_MODULE_ERROR_DELTA_LOGIN_REFUSED,
    FOTA_MODULE_ERROR_DELTA_MISSING,   /**< the server has no such file */
    FOTA_MODULE_ERROR_TRANSFER_FAILED, /**< the delta did not arrive whole */
    FOTA_MODULE_ERROR_WRONG_BASE,      /**< delta and firmware do not belong together */
    FOTA_MODULE_ERROR_INSTALL_REFUSED,
    FOTA_MODULE_ERROR_OLD_VERSION,        /**< back, but with the firmware it had before */
    FOTA_MODULE_ERROR_UNEXPECTED_VERSION, /**< neither the old nor the wanted one */
    FOTA_MODULE_ERROR_BAD_ARGUMENT,       /**< text that must not enter an AT line */
} FotaModuleError;

/** What one step of an update is about. Strings are never NULL unless said so. */
typedef struct {
    const char *from;     /**< version the module must report before; exact */
    const char *to;       /**< version that it must report afterwards; NULL = the vendor decides */
    const char *scheme;   /**< of the delta's address: "ftp", "http" ...; NULL = vendor's server */
    const char *host;     /**< server of the delta, as the module must reach it; may be NULL */
    guint port;           /**< its port, never 0 when @host is set */
    const char *path;     /**< path on that server, without leading slash; may be NULL */
    const char *user;     /**< login, "" = none */
    const char *password; /**< "" = none */
    guint64 size;         /**< bytes of the delta, 0 = unknown */
    gboolean rehearsal;   /**< do everything short of storing or installing a delta */
} FotaUpdate;

/** What the vendor's own server has for a module (FOTA_PLUGIN_VENDOR_SERVER). */
typedef struct {
    char *version; /**< NULL = nothing newer */
    char *text;    /**< the vendor's words about it, may be NULL */
    guint64 size;  /**< bytes, 0 = unknown */
} FotaVendorOffer;

/** Frees what it holds; it is empty afterwards. */
void fota_vendor_offer_clear(FotaVendorOffer *offer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FotaVendorOffer, fota_vendor_offer_clear)

/** Which modules a plugin claims. A NULL member matches anything. */
typedef struct {
    const char *manufacturer; /**< begins with, case ignored */
    const char *model;        /**< glob, as g_pattern_match_simple() takes it */
} FotaPluginMatch;

typedef enum {
    FOTA_PLUGIN_VENDOR_SERVER = 1 << 0,  /**< the vendor's server decides what is new */
    FOTA_PLUGIN_NEEDS_NO_BEARER = 1 << 1 /**< the host's data call must be down all the while */
} FotaPluginFlags;

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

/** The table that a plugin exports as `fota_plugin`. Every function is required unless it says
 * otherwise. */
typedef struct {
    guint abi;                      /**< FOTA_PLUGIN_ABI */
    const char *name;               /**< [a-z0-9]+, also the name of the data file */
    const FotaPluginMatch *matches; /**< ended by an entry with two NULLs */
    FotaPluginFlags flags;
    const FotaSetting *settings; /**< ended by an entry without a name; NULL = none */

    /** Makes sure the module listens and says in *@version what firmware it runs. Harmless. */
    FotaResult (*inspect)(FotaSession *session, char **version, GError **error);

    /**
     * Asks the vendor's server what is new, and leaves the module as it was. Required with
     * FOTA_PLUGIN_VENDOR_SERVER, else NULL. DONE also when there is nothing newer. The caller
     * clears *@offer, whatever the result is.
     */
    FotaResult (*ask)(FotaSession *session, FotaVendorOffer *offer, GError **error);

    /** Brings the delta into the module, and closes whatever it opened, on every way out. */
    FotaResult (*download)(FotaSession *session, const FotaUpdate *update, GError **error);

    /**
     * Throws away what download() has left in the module, whole or in part; asked whenever an
     * update ends without being installed. DONE when there is nothing. NULL where a delta does
     * nothing until install() and makes room for the next.
     */
    FotaResult (*discard)(FotaSession *session, const FotaUpdate *update, GError **error);

    /** Orders the module to install, once. DONE = it accepted; it may leave at any time after. */
    FotaResult (*install)(FotaSession *session, const FotaUpdate *update, GError **error);

    /**
     * Asked each time the module has come back after install(): reads the version into *@version,
     * and what the module itself reports about the update. What a restart loses is the business of
     * @settings.
     * DONE = asked successfully, whatever the version is; the daemon compares. FAILED_FOR_GOOD =
     * the module itself reports that the update has failed.
     */
    FotaResult (*outcome)(FotaSession *session, const FotaUpdate *update, char **version,
                          GError **error);

    /** Reads a small file through the module; @update's address names it. May be NULL. */
    FotaResult (*fetch)(FotaSession *session, const FotaUpdate *update, gsize max_bytes,
                        GBytes **contents, GError **error);
} FotaPlugin;

/* The module */

/** Model as ModemManager reports it, e.g. "ME910C1-NA". */
const char *fota_session_get_model(FotaSession *session);

/**
 * A number, or text, of this model from the plugin's data file. The key must stand in the file's
 * [*] group at least: a missing one is a defect of the plugin and ends the daemon in tests.
 */
guint fota_session_get_number(FotaSession *session, const char *key);
const char *fota_session_get_text(FotaSession *session, const char *key);

/** A setting of the [Network] group of the configuration: "Apn", "User" ... or NULL when unset. */
const char *fota_session_get_network(FotaSession *session, const char *key);

/* Commands */

/**
 * Sends one AT command line and returns the information lines of its answer, without echo, empty
 * lines, and final OK; possibly none. FOTA_MODULE_ERROR_MODULE_REFUSED for ERROR, +CME ERROR and
 * +CMS ERROR: a definite answer, which is not to be repeated. _MODULE_SILENT after @seconds.
 * _MODULE_GONE when the module has left. G_IO_ERROR_CANCELLED when the update was cancelled.
 */
GStrv
fota_session_command(FotaSession *session, const char *command, guint seconds, GError **error);

/** Number of the last +CME ERROR (or +CMS ERROR), -1 when the last failure carried none. */
int fota_session_get_cme(FotaSession *session);

/**
 * Sends a command that switches to data mode, and returns everything between CONNECT and NO
 * CARRIER. _NOT_SUPPORTED through ModemManager. At most @max_bytes are taken.
 */
GBytes *fota_session_receive(FotaSession *session, const char *command, gsize max_bytes,
                             guint seconds, GError **error);

/** TRUE when unsolicited lines arrive on this channel; through ModemManager they do not. */
gboolean fota_session_hears_unsolicited(FotaSession *session);

/**
 * Waits for an unsolicited line that contains @text (case ignored) and returns it. Lines that came
 * since the module last started are looked at first; a line is returned once. NULL without an error
 * when none came within @seconds (0 = only look).
 */
char *fota_session_wait_unsolicited(FotaSession *session, const char *text, guint seconds,
                                    GError **error);

/**
 * Waits until a module that has left by itself (FOTA_MODULE_ERROR_MODULE_GONE) is back and answers
 * AT, and goes on with it. FOTA_MODULE_ERROR_MODULE_NOT_RETURNED after @seconds. Restarts of the
 * installation are not a plugin's business: the daemon follows them.
 */
gboolean fota_session_wait_back(FotaSession *session, guint seconds, GError **error);

/** Seconds of a clock that nobody sets and that goes on in suspend: for limits. */
gint64 fota_session_get_time(FotaSession *session);

/** Lets @seconds pass, where the vendor demands a pause. FALSE when cancelled or gone. */
gboolean fota_session_pause(FotaSession *session, guint seconds, GError **error);

/**
 * While shielded, commands go on although the update was cancelled: for closing what was opened.
 */
void fota_session_shield(FotaSession *session, gboolean shielded);

/**
 * Copies @text between double quotes for an AT line. FOTA_MODULE_ERROR_BAD_ARGUMENT when it holds
 * anything but printable ASCII, or one of `"`, `;`, `\`, `,`.
 */
char *fota_at_quote(const char *text, GError **error);

/**
 * TRUE when @text, which the module itself has told, may go back to it in an AT line as it is: it
 * is printable ASCII without `;`, which would begin another command.
 */
gboolean fota_at_is_parameter(const char *text);

/* Progress and memory */

/** Percent of this one function's work, 0 to 100; never runs backwards. */
void fota_session_report_progress(FotaSession *session, guint percent);

/** Bytes of the delta in the module so far; @total 0 = unknown. */
void fota_session_report_bytes(FotaSession *session, guint64 received, guint64 total);

/** A sentence for the log, about this module: what is being done now. */
void fota_session_note(FotaSession *session, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** Remembers @value under @name for the rest of this update; written with the next record. */
void fota_session_remember(FotaSession *session, const char *name, const char *value);

/** What fota_session_remember() stored, or NULL. */
const char *fota_session_recall(FotaSession *session, const char *name);

/* Shared by plugins */

/** As fota_session_command(), where the lines of the answer do not matter. */
gboolean
fota_session_order(FotaSession *session, const char *command, guint seconds, GError **error);

/**
 * As fota_session_command(), for what the flow can do without: when the module refuses it, does not
 * answer or answers something else, a note says so and *@lines is NULL, which is "unknown", not
 * "nothing". FALSE only when the module has left or the update was cancelled. The caller frees
 * *@lines; @lines may be NULL.
 */
gboolean fota_session_try(FotaSession *session, const char *command, guint seconds, GStrv *lines,
                          GError **error);

/** What follows @prefix and blanks in @line; NULL when it does not begin with @prefix. */
const char *fota_line_after(const char *line, const char *prefix);

/** The same for the first such line of @lines, which may be NULL; NULL when there is none. */
const char *fota_lines_find(GStrv lines, const char *prefix);

/** As fota_session_command(); returns what follows @prefix and blanks in the first such line. */
char *fota_session_query(FotaSession *session, const char *command, const char *prefix,
                         guint seconds, GError **error);

/**
 * Reads the version with @command until two answers in a row are the same, for at most the model's
 * VersionTime: a module that has just started may answer late, with nothing, or with a version in
 * between. FOTA_RESULT_FAILED_FOR_NOW when *@version stays NULL.
 */
FotaResult fota_session_read_version(FotaSession *session, const char *command, char **version,
                                     GError **error);

/** One line of a table of a vendor's error numbers, ended by {0, NULL}. */
typedef struct {
    int number;
    const char *text;
} FotaCodeText;

/** Text of @number in @table, or NULL when the vendor's document does not list it. */
const char *fota_code_text(const FotaCodeText *table, int number);

/**
 * Adds to @error what the number of the last +CME ERROR means: in the vendor's @table (may be
 * NULL), else in 3GPP TS 27.007. Adds nothing when there was no number.
 */
void fota_session_explain(FotaSession *session, const FotaCodeText *table, GError **error);

G_END_DECLS
