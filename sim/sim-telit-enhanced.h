/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sim-telit.h"

/*
 * Later Telit families: the delta in one command, which ends with a line (#FTPGETOTAENH), a check
 * that takes its time, and reports of it (#FOTAURC).
 */
SimTelitEnhanced *sim_telit_enhanced_new(void);
void sim_telit_enhanced_free(SimTelitEnhanced *enhanced);
/* The processor restarts. */
void sim_telit_enhanced_stopped(SimModule *module);
/* It checks a delta, by itself or because it was told to. */
gboolean sim_telit_enhanced_is_checking(const SimTelitEnhanced *enhanced);
/* Ends `command`, #OTAUP=1, with `result` when the check is over. */
SimResult sim_telit_enhanced_validate(SimModule *module, SimCommand *command, SimResult result);
SimResult sim_telit_enhanced_run_reports(SimModule *module, SimCommand *command);
SimResult sim_telit_enhanced_run_get(SimModule *module, SimCommand *command);
