/** What is on the page before any data are there. All data go in as text. */
const TILES = [
  ['requests', 'Requests / s'],
  ['denials', 'Refused / s'],
  ['bans', 'Bans in force'],
  ['violations', 'Violations, 10 min'],
  ['passive', 'Passive violations, 10 min'],
];

const tile = ([name, label]: readonly string[]): string =>
  `<div class="tile" data-tile="${name}"><dt>${label}</dt><dd><span id="tile-${name}">–</span><small id="tile-${name}-note"></small></dd></div>`;

const table = (name: string, title: string, note: string, more = ''): string => `
<section class="card" aria-labelledby="${name}-title">
  <div class="head"><h2 id="${name}-title">${title}</h2>${more}</div>
  <p class="faint">${note}</p>
  <div id="${name}"></div>
</section>`;

/** Of which instances the numbers are; filled in when it is known. */
const WHOSE = '<span class="whose">this instance</span>';

const plot = (name: string, title: string, note: string): string => `
<section class="card" aria-labelledby="${name}-title">
  <h2 id="${name}-title">${title}</h2>
  <p class="faint">${note}</p>
  <div class="plot" id="${name}" role="img" aria-label="${title}"></div>
</section>`;

const EVENT_TYPES = [
  'violation',
  'denied',
  'anomaly',
  'bot',
  'ban',
  'ban_expired',
  'ban_lifted',
  'action_failed',
  'storage_down',
  'storage_up',
];

const EVENT_TOOLS = `<div class="filters">
  <label>Type <select id="events-type"><option value="">all</option>${EVENT_TYPES.map((type) => `<option>${type}</option>`).join('')}</select></label>
  <label>Containing <input id="events-text" type="search" size="14" autocomplete="off" spellcheck="false"></label>
</div>`;

const OVERVIEW = `<div id="view-overview" class="view">
<dl class="tiles">${TILES.map(tile).join('')}</dl>
<div class="two">
${plot('plot-rate', 'Requests and refusals', `By second, for up to 10 minutes, ${WHOSE}.`)}
${plot('plot-decisions', 'Decisions other than “allow”', `By kind and every 10 seconds, for up to 10 minutes, ${WHOSE}.`)}
</div>
<details class="card as-table"><summary>The plots as a table</summary><div id="minutes"></div></details>
${table('bans', 'Bans in force', 'Of all instances that share the storage.', '<button type="button" id="ban-new">Ban …</button>')}
<div class="two">
${table('actors', 'Top clients by violations', `Violations and refusals since the start, ${WHOSE}.`)}
${table('risks', 'Top clients by risk', `The last assessment within 10 minutes, ${WHOSE}.`)}
</div>
<div class="two">
${table('rules', 'Rules', `Since the start, ${WHOSE}. <a href="#/rules">All rules</a>`)}
${table('routes', 'Routes', `Since the start, ${WHOSE}.`)}
</div>
${table('events', 'Recent events', `Newest first, ${WHOSE}. <span id="events-left"></span>`, EVENT_TOOLS)}
${table('sinks', 'Storage and sinks', 'The storage is <span id="storage-state">…</span>. Sinks: what became of the events of this instance.')}
<div id="instances-card" hidden>${table('instances', 'Instances', 'Heard of within the last 5 seconds; each tells the time by its own clock.')}</div>
</div>`;

const EDITOR = `<section class="card" aria-labelledby="edit-title">
<h2 id="edit-title">Replace the configured rules</h2>
<p class="faint" id="edit-note">A list in JSON, as the module’s option <code>rules</code> has it. If anything is wrong with it, nothing changes. “(a function)” stands for a function of the rule as it is, and stays.</p>
<form id="edit" novalidate>
  <p class="banner" id="edit-stale" role="status" hidden></p>
  <div class="edit">
    <div><label for="edit-rules">Rules in JSON</label>
    <textarea id="edit-rules" rows="16" wrap="off" spellcheck="false" autocomplete="off" autocapitalize="off" aria-describedby="edit-note"></textarea></div>
    <div id="edit-problems"><h3 id="edit-found-title" tabindex="-1">Problems</h3><p class="none" id="edit-none">If anything is wrong with the rules, it is listed here.</p><ul id="edit-found" class="found"></ul></div>
  </div>
  <div class="buttons"><button type="submit" id="edit-yes" class="primary">Replace the rules</button><button type="button" id="edit-back">Begin with those in force</button></div>
</form>
</section>`;

const RULES = `<div id="view-rules" class="view" hidden>
<p class="lead">Changes hold for this instance, until it is started again or its configuration file changes.</p>
${table('configured', 'Configured rules', 'Those of the module’s options and of its configuration file. Passive: counted and reported, without effect.')}
${EDITOR}
${table('compiled', 'Rules of every route', 'Those that are configured, and those of decorators, as they are in force.')}
</div>`;

const ACTOR = `<div id="view-actor" class="view" hidden>
<p><a href="#/" class="back"><span aria-hidden="true">←</span> Overview</a></p>
<section class="card" aria-labelledby="actor-name">
  <div class="head"><h2 id="actor-name" tabindex="-1"></h2><div class="buttons" id="actor-actions"></div></div>
  <p id="actor-state"></p>
  <dl class="facts" id="actor-facts"></dl>
</section>
${table('actor-bans', 'Bans', 'Of all instances that share the storage.')}
<section class="card" aria-labelledby="actor-risk-title">
  <h2 id="actor-risk-title">Last assessment</h2>
  <p class="faint" id="actor-risk-note"></p>
  <div id="actor-risk"></div>
</section>
${table('actor-events', 'Recent events', `Newest first, ${WHOSE}.`)}
</div>`;

export const PAGE_BODY = `<body>
<a class="skip" id="skip" href="#main">Skip to content</a>
<header class="bar">
  <div class="brand">
    <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><path d="M12 2 4 5v6c0 5 3.4 9.4 8 11 4.600-1.600 8-6 8-11V5z" fill="currentColor" opacity=".18"/><path d="M12 2 4 5v6c0 5 3.400 9.400 8 11 4.600-1.600 8-6 8-11V5zM7.500 13h2l1.500-4 2.500 7 1.500-3h1.500" fill="none" stroke="currentColor" stroke-width="1.600" stroke-linejoin="round" stroke-linecap="round"/></svg>
    <h1>Behavior guard</h1>
  </div>
  <nav aria-label="Views"><a href="#/" id="nav-overview">Overview</a><a href="#/rules" id="nav-rules">Rules</a></nav>
  <div class="tools">
    <span id="link" class="link" role="status" data-state="wait">Connecting …</span>
    <label id="scope-box" hidden>Numbers of <select id="scope"><option value="all">all instances</option><option value="this">this instance</option></select></label>
    <button type="button" id="pause" aria-pressed="false">Pause</button>
    <button type="button" id="theme">Theme: auto</button>
  </div>
</header>
<main id="main" tabindex="-1">
<p class="banner" id="banner-passive" hidden>Passive mode: everything is counted and reported, nothing is refused.</p>
<p class="banner bad" id="banner-storage" role="status" hidden></p>
<p class="banner" id="banner-instances" role="status" hidden></p>
${OVERVIEW}
${RULES}
${ACTOR}
</main>
<footer><p class="faint">Statistics are of ${WHOSE}. Bans are of all instances that share the storage.</p></footer>
<div id="toast" role="status" aria-live="polite"></div>
<dialog id="dialog" aria-labelledby="dialog-title"><form id="dialog-form" novalidate>
  <h2 id="dialog-title"></h2>
  <p id="dialog-text"></p>
  <div id="dialog-fields"></div>
  <p class="problem" id="dialog-problem" role="alert"></p>
  <div class="buttons"><button type="button" id="dialog-no">Cancel</button><button type="submit" id="dialog-yes" class="primary"></button></div>
</form></dialog>
</body>`;
