import { BASICS_SCRIPT } from './basics.js';
import { DIALOGS_SCRIPT } from './dialogs.js';
import { INSTANCES_SCRIPT } from './instances.js';
import { MAIN_SCRIPT } from './main.js';
import { OVERVIEW_SCRIPT } from './overview.js';
import { PLOTS_SCRIPT } from './plots.js';
import { RULE_EDITOR_SCRIPT } from './rule-editor.js';
import { VIEWS_SCRIPT } from './views.js';

/** What the page does, for the browser: one script, without a step that builds it. */
export const PAGE_SCRIPTS = `(function () {
'use strict';
${BASICS_SCRIPT}
${PLOTS_SCRIPT}
${DIALOGS_SCRIPT}
${OVERVIEW_SCRIPT}
${INSTANCES_SCRIPT}
${VIEWS_SCRIPT}
${RULE_EDITOR_SCRIPT}
${MAIN_SCRIPT}
})();
`;
