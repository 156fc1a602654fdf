/** Colours of both themes; every pair of text and ground has a contrast of at least 4.5. */
const LIGHT = `color-scheme: light; --ground: #f4f6f9; --card: #fff; --ink: #161b22; --faint: #535e6c; --line: #dbe1e9; --band: #f0f3f7;
  --accent: #1d5bd1; --on-accent: #fff; --requests: #1d5bd1; --denials: #c22536; --good: #14703a; --good-ground: #dcf3e4; --bad: #b3202f;
  --bad-ground: #fde5e7; --warn: #8a4b00; --warn-ground: #fdefd5; --calm: #46505d; --calm-ground: #e7ebf0;
  --k-delay: #8696ab; --k-throttle: #d98a12; --k-challenge: #8a52d6; --k-anomaly: #0f8f86; --k-bot: #2b7fd4; --k-ban: #c22536;
  --k-denied_actor: #8c1d5e; --k-storage_unavailable: #4b5563; --k-other: #6b7280; --shadow: 0 1px 2px #1018280f, 0 1px 4px #1018280a;`;

const DARK = `color-scheme: dark; --ground: #0d1117; --card: #151b24; --ink: #e6ebf2; --faint: #9aa6b5; --line: #2a3342; --band: #1b2330;
  --accent: #79aefc; --on-accent: #0a1626; --requests: #6aa5ff; --denials: #ff6b78; --good: #6bdc96; --good-ground: #12351f; --bad: #ff8c96;
  --bad-ground: #43161c; --warn: #f5b95b; --warn-ground: #3c2a0c; --calm: #b8c2cf; --calm-ground: #283140;
  --k-delay: #8393a8; --k-throttle: #e9a23b; --k-challenge: #b189f5; --k-anomaly: #3fc4b8; --k-bot: #5ea8f7; --k-ban: #ff6b78;
  --k-denied_actor: #e07ab5; --k-storage_unavailable: #a3adba; --k-other: #8b95a3; --shadow: none;`;

const FRAME = `
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif; }
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
main:focus, h2:focus, h3:focus { outline: none; }
.skip { position: absolute; left: -99rem; top: .5rem; z-index: 9; padding: .5rem 1rem; background: var(--card); border-radius: 6px; }
.skip:focus { left: .75rem; }
.bar { position: sticky; top: 0; z-index: 5; display: flex; flex-wrap: wrap; align-items: center; gap: .4rem 1.5rem; padding: .6rem max(1rem, calc(50vw - 42rem));
  background: var(--card); border-bottom: 1px solid var(--line); }
.brand { display: flex; align-items: center; gap: .55rem; color: var(--accent); }
.brand h1 { margin: 0; color: var(--ink); font-size: 1.0625rem; font-weight: 650; letter-spacing: -.01em; }
nav { display: flex; gap: .25rem; }
nav a { padding: .3rem .7rem; border-radius: 6px; color: var(--faint); text-decoration: none; font-weight: 500; }
nav a:hover { background: var(--band); color: var(--ink); }
nav a[aria-current] { background: var(--band); color: var(--ink); }
.tools { display: flex; align-items: center; gap: .5rem; margin-left: auto; }
main, footer { max-width: 84rem; margin: 0 auto; padding: 1.1rem 1rem; }
footer { padding-top: 0; padding-bottom: 2rem; }
.view { display: grid; gap: 1rem; }
.view > p { margin: 0; }
.two { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem; align-items: start; }
.card { min-width: 0; padding: 1rem 1.1rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px; box-shadow: var(--shadow); }
h2, h3 { margin: 0; font-size: 1rem; font-weight: 650; letter-spacing: -.005em; overflow-wrap: anywhere; } h3 { font-size: .875rem; }
.head { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .4rem 1rem; }
.faint { margin: .1rem 0 .7rem; color: var(--faint); font-size: .8438rem; } footer .faint { margin: 0; }
.lead { color: var(--faint); }
.banner { margin: 0 0 1rem; padding: .6rem 1rem; border-radius: 8px; background: var(--warn-ground); color: var(--warn); font-weight: 550; }
.banner.bad { background: var(--bad-ground); color: var(--bad); }
button, select, input { font: inherit; font-size: .875rem; color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .3rem .7rem; min-height: 2.1rem; }
textarea { display: block; width: 100%; min-height: 12rem; padding: .6rem .7rem; resize: vertical; color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: 6px; font: .8125rem/1.5 ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; tab-size: 2; }
textarea[aria-invalid='true'] { border-color: var(--bad); }
button { cursor: pointer; font-weight: 550; white-space: nowrap; }
button:hover { background: var(--band); border-color: var(--faint); }
button.primary, button[aria-pressed='true'] { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button.danger { color: var(--bad); } button:disabled { opacity: .55; cursor: default; }
.buttons { display: flex; flex-wrap: wrap; gap: .4rem; }
.filters { display: flex; flex-wrap: wrap; gap: .5rem 1rem; } label { color: var(--faint); font-size: .8438rem; }
.link { display: inline-flex; align-items: center; gap: .45rem; padding: .15rem .7rem; border-radius: 99px; font-size: .8125rem; font-weight: 600; background: var(--calm-ground); color: var(--calm); }
.link::before { content: ''; width: .5rem; height: .5rem; border-radius: 50%; background: currentColor; }
.link[data-state='live'] { background: var(--good-ground); color: var(--good); }
.link[data-state='lost'] { background: var(--bad-ground); color: var(--bad); }
body[data-link='lost'] .tiles, body[data-link='lost'] .plot { opacity: .5; }
`;

const PARTS = `
.tiles { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 1rem; margin: 0; }
.tile { padding: .8rem 1.1rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px; box-shadow: var(--shadow); }
.tile dt { color: var(--faint); font-size: .8125rem; font-weight: 550; }
.tile dd { margin: .1rem 0 0; font-size: 1.75rem; line-height: 1.2; font-weight: 650; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
.tile small { margin-left: .4rem; color: var(--faint); font-size: .8125rem; font-weight: 450; letter-spacing: 0; }
.tile[data-tile='requests'] span { color: var(--requests); } .tile[data-tile='denials'] span { color: var(--denials); }
.plot { height: 250px; overflow: hidden; }
.uplot, .u-legend { font-family: inherit; color: var(--ink); } .u-legend { font-size: .8125rem; line-height: 1.3; }
.u-legend th, .u-legend td { padding: .1rem .15rem; border: 0; font-size: inherit; vertical-align: middle; } .u-legend tr:hover td { background: none; } .u-legend th { font-weight: 500; } .u-legend td { min-width: 1.6rem; font-variant-numeric: tabular-nums; } .u-select { background: var(--line); opacity: .5; }
.as-table summary { cursor: pointer; color: var(--faint); font-size: .8438rem; } .as-table { padding: .6rem 1.1rem; }
table { width: 100%; border-collapse: collapse; font-size: .875rem; }
th { padding: .3rem .55rem; text-align: left; color: var(--faint); font-size: .7813rem; font-weight: 550; border-bottom: 1px solid var(--line); white-space: nowrap; }
td { padding: .4rem .55rem; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
tbody tr:last-child td { border-bottom: 0; } tbody tr:hover td { background: var(--band); }
th:first-child, td:first-child { padding-left: 0; } th:last-child, td:last-child { padding-right: 0; }
td.c { min-width: 11rem; width: 20%; } td.w { overflow-wrap: break-word; min-width: 6.5rem; }
.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; } td.t { white-space: nowrap; font-variant-numeric: tabular-nums; color: var(--faint); }
td.do { width: 1%; } td.do .buttons { flex-wrap: nowrap; justify-content: flex-end; } td.do button { min-height: 1.8rem; padding: .1rem .6rem; font-size: .8125rem; }
code, .who { font: .8125rem/1.5 ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; overflow-wrap: anywhere; }
.none { margin: .2rem 0; color: var(--faint); font-size: .875rem; }
.tag { display: inline-block; padding: 0 .5rem; border-radius: 99px; font-size: .75rem; line-height: 1.5rem; font-weight: 600; white-space: nowrap; background: var(--calm-ground); color: var(--calm); }
.tag.bad { background: var(--bad-ground); color: var(--bad); } .tag.warn { background: var(--warn-ground); color: var(--warn); } .tag.good { background: var(--good-ground); color: var(--good); }
.tag.passive { background: none; box-shadow: inset 0 0 0 1px currentColor; margin-left: .3rem; }
.sub { display: block; color: var(--faint); font-size: .8125rem; }
.contributions { display: grid; grid-template-columns: minmax(6rem, 10rem) 3rem minmax(0, 1fr); gap: .15rem .7rem; margin: .35rem 0 0; padding: 0; list-style: none; font-size: .8125rem; align-items: center; }
.contributions li { display: contents; } .contributions .what { grid-column: 1 / -1; color: var(--faint); margin-bottom: .3rem; }
.track { height: .5rem; border-radius: 99px; background: var(--calm-ground); overflow: hidden; } .track i { display: block; height: 100%; border-radius: 99px; background: var(--k-throttle); }
.track.for i { background: var(--good); }
.facts { display: flex; flex-wrap: wrap; gap: .6rem 2rem; margin: .8rem 0 0; } .facts dt { color: var(--faint); font-size: .8125rem; } .facts dd { margin: 0; font-size: 1.25rem; font-weight: 650; font-variant-numeric: tabular-nums; }
#actor-name { font-family: ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: 1.125rem; } #actor-state { margin: .4rem 0 0; }
dialog { width: min(30rem, calc(100vw - 2rem)); padding: 1.3rem; color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
dialog::backdrop { background: #0b101899; } dialog p { overflow-wrap: anywhere; } dialog .buttons { justify-content: flex-end; margin-top: 1.2rem; }
#dialog-fields { display: grid; gap: .7rem; } #dialog-fields label { display: grid; gap: .2rem; } .problem { color: var(--bad); margin: .6rem 0 0; } .problem:empty { display: none; }
button.link-like { min-height: 0; padding: 0; border: 0; background: none; color: var(--accent); text-decoration: underline; text-underline-offset: .15em; white-space: normal; text-align: left; }
.edit { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1.2rem; margin-bottom: .8rem; } .edit label { display: block; margin-bottom: .2rem; } .some-problems { color: var(--bad); } .found { margin: .4rem 0 0; padding-left: 1.1rem; font-size: .875rem; overflow-wrap: anywhere; } .found li { margin-bottom: .35rem; }
#toast { position: fixed; left: 50%; bottom: 1.2rem; z-index: 9; max-width: calc(100vw - 2rem); padding: .6rem 1.1rem; border-radius: 8px; background: var(--ink); color: var(--card); font-weight: 550;
  transform: translateX(-50%); overflow-wrap: anywhere; box-shadow: 0 4px 16px #0005; } #toast:empty { display: none; }
`;

/** On a phone each row of a table is a card, its cells with the headings in front. */
const NARROW = `
@media (max-width: 60rem) { .two { grid-template-columns: minmax(0, 1fr); } .tiles { grid-template-columns: repeat(3, minmax(0, 1fr)); } }
@media (max-width: 40rem) {
  .edit { grid-template-columns: minmax(0, 1fr); }
  main, footer { padding: .75rem; } .bar { position: static; padding: .6rem .75rem; } .tools { margin-left: 0; width: 100%; flex-wrap: wrap; } .tools .link { margin-right: auto; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .6rem; } .tile { padding: .6rem .8rem; } .tile dd { font-size: 1.4rem; } .tile:last-child { grid-column: 1 / -1; } .tile small { display: block; margin: 0; } .card { padding: .8rem; } .view, .two { gap: .75rem; }
  table, tbody, tr, td { display: block; width: 100%; } thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; white-space: nowrap; }
  tr { padding: .5rem 0; border-bottom: 1px solid var(--line); } tbody tr:last-child { border-bottom: 0; } tbody tr:hover td { background: none; }
  td, td:first-child, td:last-child, td.c, td.n, td.w { position: relative; width: 100%; min-height: 1.6rem; padding: .12rem 0 .12rem 6.5rem; border: 0; text-align: left; white-space: normal; }
  td::before { content: attr(data-label); position: absolute; left: 0; color: var(--faint); font: .8125rem/1.6 system-ui, sans-serif; } td:empty, td.do:not(:has(button:not([hidden]))) { display: none; } td.do { width: 100%; } td.do .buttons { justify-content: flex-start; } td.do button { min-height: 2.3rem; }
  .u-legend { display: block; } .u-legend table, .u-legend tbody, .u-legend tr, .u-legend td { display: inline-block; width: auto; min-height: 0; padding: 0 .2rem 0 0; border: 0; } .u-legend td::before { content: none; }
}
@media (prefers-reduced-motion: no-preference) { .link[data-state='live']::before { animation: beat 2s ease-in-out infinite; } @keyframes beat { 50% { opacity: .35; } } }
@media (forced-colors: active) { .tag, .link { border: 1px solid; } .track i { background: Highlight; forced-color-adjust: none; } }
`;

/** The look of the page: by what the reader's system prefers, unless a theme is chosen. */
export const PAGE_STYLE = `:root { ${LIGHT} }
@media (prefers-color-scheme: dark) { :root:not([data-theme='light']) { ${DARK} } }
:root[data-theme='dark'] { ${DARK} }
${FRAME}${PARTS}${NARROW}`;
