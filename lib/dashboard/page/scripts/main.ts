/** The stream, the views and the theme. */
export const MAIN_SCRIPT = String.raw`
var now = 0;
var paused = false;
/** The last of everything that was told. */
var latest = {};
var view = 'overview';
var banVersion;
var bansAt = 0;
var known = [];
var BANS_EVERY_MS = 5000;
var waiting;
function say(state, text) {
  document.body.dataset.link = state;
  byId('link').dataset.state = state;
  put(byId('link'), text);
}
function loadBans() {
  bansAt = now;
  return call('GET', '/api/bans').then(function (list) {
    known = list.bans;
    put(byId('tile-bans'), count(list.total));
    put(byId('tile-bans-note'), list.total > known.length ? known.length + ' shown' : '');
    updateBans(known);
  }, failed);
}
/** What the streams do not carry. */
function refresh() {
  loadBans();
  if (view === 'actor') loadActor();
  if (view === 'rules') loadRules();
}
/** Up to when the numbers are whole: others tell theirs a moment later. */
function counted() { return latest.totals ? (latest.through + 1) * 1000 : now; }
function draw(message) {
  drawTiles(message.totals);
  drawHealth(message);
  drawInstances(message.instances);
  drawPlots(counted());
  describePlots(message.totals);
  drawMinutes(counted());
  byId('banner-passive').hidden = !message.passive;
  var storage = byId('banner-storage');
  storage.hidden = message.storage.status === 'up';
  put(storage, storage.hidden ? '' : 'The storage is ' + message.storage.status + '. Meanwhile requests are answered by the policy “' + message.storage.policy + '”; ' + message.storage.pendingChanges + ' changes wait to be written.');
  updateBans(known.filter(function (ban) { return ban.until === null || ban.until > now; }));
  if (message.actors) {
    updateActors(message.actors.slice(0, SHOWN_ROWS));
    updateRisks(message.risks.slice(0, SHOWN_ROWS));
    updateRules(message.rules.slice(0, SHOWN_ROWS));
    updateRoutes(message.routes.slice(0, SHOWN_ROWS));
    drawEvents();
  }
}
function take(message, isWhole) {
  now = message.now;
  message.isWhole = isWhole;
  if (isWhole) seconds.clear();
  remember(message);
  if (message.events) rememberEvents(message);
  latest = Object.assign(isWhole ? {} : latest, message);
  if (paused && !isWhole) return;
  draw(message);
  var concerns = message.events && message.events.some(function (event) { return event.actor === actor; });
  if (message.banVersion !== banVersion || now - bansAt >= BANS_EVERY_MS) {
    banVersion = message.banVersion;
    loadBans();
    if (view === 'actor') loadActor();
  } else if (concerns && view === 'actor') loadActor();
}
var current;
function connect() {
  clearTimeout(waiting);
  if (current) current.close();
  var stream = current = new EventSource(base + '/api/stream' + query({ instances: scope }));
  stream.onopen = function () { say('live', paused ? 'Paused' : 'Live'); };
  stream.addEventListener('whole', function (event) { take(JSON.parse(event.data), true); });
  stream.addEventListener('news', function (event) { take(JSON.parse(event.data), false); });
  stream.onerror = function () {
    say('lost', 'Connection lost – trying again');
    if (stream.readyState !== EventSource.CLOSED) return;
    call('GET', '/api/storage').then(function () { say('lost', 'No free place – trying again'); }, function (error) {
      say('lost', error.message === 'This is not for you.' ? 'Not authorised any more' : 'Connection lost – trying again');
    });
    waiting = later(connect, 4000);
  };
}
byId('pause').addEventListener('click', function () {
  paused = !paused;
  byId('pause').setAttribute('aria-pressed', String(paused));
  put(byId('pause'), paused ? 'Paused' : 'Pause');
  if (document.body.dataset.link === 'live') say('live', paused ? 'Paused' : 'Live');
  if (!paused && latest.totals) draw(latest);
});
var THEMES = ['auto', 'light', 'dark'];
var theme = 'auto';
function useTheme(name) {
  theme = THEMES.includes(name) ? name : 'auto';
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  put(byId('theme'), 'Theme: ' + theme);
  redrawPlots();
}
byId('theme').addEventListener('click', function () {
  useTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]);
  // Not every browser lets a page keep something.
  try { localStorage.setItem('behavior-guard-theme', theme); } catch (error) { void error; }
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redrawPlots);
function route() {
  var parts = location.hash.slice(1).split('/');
  var before = view;
  view = parts[1] === 'actor' && parts[2] ? 'actor' : parts[1] === 'rules' ? 'rules' : 'overview';
  ['overview', 'rules', 'actor'].forEach(function (name) { byId('view-' + name).hidden = name !== view; });
  ['overview', 'rules'].forEach(function (name) {
    if (name === view) byId('nav-' + name).setAttribute('aria-current', 'page');
    else byId('nav-' + name).removeAttribute('aria-current');
  });
  if (view === 'actor') {
    try { actor = decodeURIComponent(parts.slice(2).join('/')); } catch (error) { actor = parts[2]; }
    setIsolated(byId('actor-name'), actor);
    loadActor();
  }
  if (view === 'rules') loadRules();
  if (view !== before || view === 'actor') {
    window.scrollTo(0, 0);
    (view === 'actor' ? byId('actor-name') : byId('main')).focus({ preventScroll: true });
  }
}
addEventListener('hashchange', route);
byId('skip').addEventListener('click', function (event) {
  event.preventDefault();
  byId('main').focus();
});
document.querySelector('.as-table').addEventListener('toggle', function () { drawMinutes(counted()); });
try { useTheme(localStorage.getItem('behavior-guard-theme') || 'auto'); } catch (error) { void error; }
makePlots();
route();
connect();
`;
