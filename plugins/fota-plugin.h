/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

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
    FOTA_MODULE_ERROR_QUESTION_EXPIRED,   /**< the module no longer waits for the answer */
} FotaModuleError;

/** What one step of an update is about. Strings are never NULL unless said so. */
typedef struct {
    gsize struct_size;    /**< of the daemon's FotaUpdate: a later member is there only within it */
    const char *from;     /**< version the module must report before; exact */
    const char *to;       /**< version that it must report afterwards; NULL = the vendor decides */
    const char *scheme;   /**< of the delta's address: "ftp", "http" ...; NULL = vendor's server */
    const char *host;     /**< server of the delta, as the module must reach it; may be NULL */
    guint port;           /**< its port, never 0 when @host is set */
    const char *path;     /**< path on that server, without leading slash; may be NULL */
    const char *user;     /**< login, "" = none */
    const char *password; /**< "" = none */
    guint64 size;         /**< bytes of the delta, 0 = unknown; never 0 for load() */
    gboolean rehearsal;   /**< do everything short of storing or installing a delta. Not set where
                             the method keeps it inert until install(): see discard() */
} FotaUpdate;

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
     * rehearsal, in which it is not called.
     */
    FotaResult (*load)(FotaSession *session, const FotaUpdate *update, int fd, GError **error);

    /** Has the module check the delta that it holds. Asked after download() and load(). */
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
     * Asked each time the module has come back after the order: reads the version into *@version,
     * and what the module itself reports about the update. What a restart loses is the business of
     * the plugin's settings. Required.
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

/** What an unsolicited line is about. */
typedef enum {
    FOTA_LINE_REPORT = 1, /**< worth a note */
    FOTA_LINE_STATE, /**< the state that the module is in now: of an update by itself, it has begun
                      */
    FOTA_LINE_PROGRESS,
    FOTA_LINE_QUESTION,
    FOTA_LINE_DONE,             /**< something has ended well */
    FOTA_LINE_FAILED,           /**< something has failed */
    FOTA_LINE_CARRIER,          /**< as FOTA_LINE_STATE, of an update that the carrier has begun */
    FOTA_LINE_CARRIER_QUESTION, /**< as FOTA_LINE_QUESTION, of the carrier */
} FotaLineKind;

/** What an unsolicited line says. The parser fills what the line tells. */
typedef struct {
    FotaLineKind kind;
    gint64 number; /**< -1 = none */
    gint64 code;   /**< an error number, or what else follows; -1 = none */
    char *text;    /**< NULL = none */
} FotaHeard;

/** Frees what it holds; it is empty afterwards. */
void fota_heard_clear(FotaHeard *heard);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FotaHeard, fota_heard_clear)

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

/** One step of a flow, by the letter or number that the vendor's document gives it. */
typedef struct {
    const char *letter; /**< "a", "3." ... */
    FotaResult (*run)(FotaSession *session, const FotaUpdate *update, GError **error);
    guint percent; /**< of the whole function, once the step is done */
} FotaFlowStep;

/* The module */

/** Model as ModemManager reports it, e.g. "ME910C1-NA". */
const char *fota_session_get_model(FotaSession *session);

/**
 * A number, or text, of this model from the plugin's data file. The key must stand in the file's
 * [*] group at least: a missing one is a defect of the plugin and ends the daemon in tests.
 */
guint fota_session_get_number(FotaSession *session, const char *key);
const char *fota_session_get_text(FotaSession *session, const char *key);

/**
 * A setting of the [Network] group of the configuration, or what the manifest provisions in its
 * place: "Apn", "PdpType", "User", "Password", "Authentication"; NULL when unset. "ProvisionedApn"
 * is the same as "Apn" when a manifest provisions it: it holds whatever is programmed, for this
 * update, and close() sets back what was somebody else's.
 */
const char *fota_session_get_network(FotaSession *session, const char *key);

/* Commands */

/**
 * The longest time of @command in the plugin's data file: Time#FTPOPEN= for `AT#FTPOPEN=...`, else
 * Time=. It holds wherever a command is given 0 seconds.
 */
guint fota_session_get_seconds(FotaSession *session, const char *command);

/**
 * Sends one AT command line and returns the information lines of its answer, without echo, empty
 * lines, and final OK; possibly none. FOTA_MODULE_ERROR_MODULE_REFUSED for ERROR, +CME ERROR and
 * +CMS ERROR: a definite answer, which is not to be repeated. _MODULE_SILENT after @seconds
 * (0 = as the data file says). _MODULE_GONE when the module has left. G_IO_ERROR_CANCELLED when the
 * update was cancelled.
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

/* Raw data, for a method that is fed: it needs FOTA_NEEDS_TTY */

/**
 * Sends a command after which the module takes raw data, and waits for one of @prompts (ended by
 * NULL: "CONNECT", ">", "C" ...) at the beginning of a line; its index goes into *@which, which may
 * be NULL. Errors as of fota_session_command(); an OK before the prompt is no end. From then on
 * only the functions below may be used, until fota_session_end_data(). What was left open by an
 * error or a cancel is ended with `+++` before the next command.
 */
gboolean
fota_session_begin_data(FotaSession *session, const char *command, const char *const *prompts,
                        guint *which, guint seconds, GError **error);

gboolean
fota_session_write_data(FotaSession *session, const guint8 *bytes, gsize length, GError **error);

/** Reads exactly @length bytes. FOTA_MODULE_ERROR_MODULE_SILENT when one takes over @seconds. */
gboolean fota_session_read_data(FotaSession *session, guint8 *bytes, gsize length, guint seconds,
                                GError **error);

/** How fast raw data may go. */
typedef struct {
    guint block;          /**< bytes that are written at once, not 0 */
    guint pause_ms;       /**< after each block, milliseconds */
    char acknowledgement; /**< what the module answers to each whole block; 0 = nothing */
    guint seconds;        /**< longest time for that answer */
} FotaPacing;

/** Writes @size bytes of @fd, and reports bytes and progress. */
gboolean fota_session_send_file(FotaSession *session, int fd, guint64 size,
                                const FotaPacing *pacing, GError **error);

/**
 * Ends raw data, and returns the lines of the command's answer. @guard: with so many seconds of
 * silence and `+++`, to which NO CARRIER or OK is the answer; 0 = the module counts itself, and
 * answers OK.
 */
GStrv fota_session_end_data(FotaSession *session, guint guard, guint seconds, GError **error);

/**
 * Sends @command and then @size bytes of @fd by XMODEM, in blocks of 128 or 1024 bytes, with CRC or
 * checksum as the module asks for. @seconds: until it asks for the first block.
 * fota_session_end_data() follows.
 */
gboolean fota_session_send_xmodem(FotaSession *session, const char *command, int fd, guint64 size,
                                  guint block, guint seconds, GError **error);

/** XOR of 16-bit words, high byte first, an odd last byte being a high one; begins with 0. For
 * pieces that have an even length. */
guint16 fota_checksum_xor16(guint16 sum, const guint8 *bytes, gsize length);

/** CRC-16/XMODEM; begins with 0. */
guint16 fota_checksum_crc16(guint16 sum, const guint8 *bytes, gsize length);

/** TRUE when unsolicited lines arrive on this channel; through ModemManager they do not. */
gboolean fota_session_hears_unsolicited(FotaSession *session);

/**
 * Waits for an unsolicited line that the plugin's table lists, and reads it into *@event, which the
 * caller clears. Lines that came since the module last started, and what a module has said before
 * that while it answered nothing, as some do in the middle of an update, are looked at first; those
 * that the table does not list are dropped. FALSE without an error when none came within @seconds
 * (0 = only look).
 */
gboolean fota_session_hear(FotaSession *session, guint seconds, FotaHeard *heard, GError **error);

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

/** What a name begins with whose value tells what close() has to set back in the module. */
#define FOTA_OWED "owed."

/**
 * Remembers @value under @name for the rest of this update; written with the next record. With
 * FOTA_OWED it outlives the update: until the value is "", the daemon has close() called before
 * anything else is begun with the module, also after fotad was killed.
 */
void fota_session_remember(FotaSession *session, const char *name, const char *value);

/**
 * Writes the record with what was remembered so far, and waits until it is on disk: before
 * something is changed that must be set back. FALSE: it is not; the change must not be made.
 */
gboolean fota_session_save(FotaSession *session, GError **error);

/** What fota_session_remember() stored, or NULL. */
const char *fota_session_recall(FotaSession *session, const char *name);

/**
 * @data that close() needs from the function before it; @destroy is called when it is replaced, and
 * after close(). NULL = none.
 */
void fota_session_set_data(FotaSession *session, gpointer data, GDestroyNotify destroy);
gpointer fota_session_get_data(FotaSession *session);

/* Shared by plugins */

/**
 * Runs the steps of @flow, ended by one without a function, in order, until one of them is not
 * DONE. The log names the letter of each.
 */
FotaResult fota_session_run_flow(FotaSession *session, const FotaFlowStep *flow,
                                 const FotaUpdate *update, GError **error);

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
