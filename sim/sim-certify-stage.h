/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What `fota-sim certify` has happen around the application, and the application itself. */
typedef struct {
    const char *directory; /* of fota-rehearsal */
    const char *control;   /* of fota-sim */
    const char *imei;
    const char *restart; /* command that restarts fotad and returns when it answers */
    char **application;  /* its command line */

    GPid pid; /* of the application, which leads a process group; 0: not running */
    guint watch;
    gboolean paused;
    int status; /* of its end, as waitpid() says */
} CertifyStage;

/* Puts an update in place of the one that is offered. fotad has yet to read it. */
gboolean certify_stage_offer(CertifyStage *stage, const char *id, const char *from, const char *to,
                             gboolean two_gates, GError **error);
/* Takes it away. fotad has yet to read that. */
gboolean certify_stage_withdraw(CertifyStage *stage, GError **error);
/* Has the module's own server want an update. */
gboolean certify_stage_ask(CertifyStage *stage, const char *from, const char *to, GError **error);
/* A command for the simulated module. */
gboolean
certify_stage_command(CertifyStage *stage, const char *verb, const char *rest, GError **error);
gboolean certify_stage_restart_fotad(CertifyStage *stage, GError **error);

/* Does nothing where the application runs. */
gboolean certify_stage_start(CertifyStage *stage, GError **error);
/* It hears nothing until it is resumed; then it finds all that has come meanwhile. */
void certify_stage_pause(CertifyStage *stage);
void certify_stage_resume(CertifyStage *stage);
void certify_stage_stop(CertifyStage *stage);
