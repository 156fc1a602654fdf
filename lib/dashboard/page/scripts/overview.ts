/** The tables of the overview. */
export const OVERVIEW_SCRIPT = String.raw`
var BAD = { ban: 1, block: 1, storage_down: 1, action_failed: 1, denied: 1 };
var WARN = { throttle: 1, challenge: 1, delay: 1, alert: 1, anomaly: 1, bot: 1, violation: 1, warn: 1 };
var GOOD = { ban_lifted: 1, ban_expired: 1, storage_up: 1, allow: 1 };
function kindOf(word) { return BAD[word] ? 'bad' : WARN[word] ? 'warn' : GOOD[word] ? 'good' : ''; }
function banColumns(withActor) {
  var columns = [
    { label: 'Where', className: 'w', cell: function (cell, ban) { setIsolated(cell, ban.route || 'everywhere'); } },
    { label: 'Reason', cell: textCell('reason') },
    { label: 'Ends in', className: 't', cell: function (cell, ban) {
      put(cell, ban.until === null ? 'never' : length(Math.max(0, (ban.until - now) / 1000)));
      cell.title = ban.until === null ? '' : fullTime(ban.until);
    } },
    { label: 'Offences', className: 'n', cell: numberCell('offences') },
    { label: 'Actions', className: 'do', cell: function (cell, ban, isNew, row) {
      if (isNew) {
        var extend = button('Extend', '', function () { askToExtend(row.item); });
        var lift = button('Lift', 'danger', function () { askToLift(row.item); });
        extend.setAttribute('aria-label', 'Extend the ban of ' + shown(ban.actor, 120));
        lift.setAttribute('aria-label', 'Lift the ban of ' + shown(ban.actor, 120));
        add(cell, add(make('div', 'buttons'), extend, lift));
      }
      cell.querySelector('button').hidden = ban.until === null;
    } }
  ];
  return withActor ? [{ label: 'Client', className: 'c', cell: actorCell }].concat(columns) : columns;
}
function banKey(ban) { return ban.actor + '\n' + (ban.route || ''); }
var updateBans = table('bans', { none: 'Nobody is banned.', key: banKey, columns: banColumns(true) });
function countColumns(first) {
  return [first,
    { label: 'Violations', className: 'n', cell: numberCell('violations') },
    { label: 'Passive', className: 'n', cell: numberCell('passive') },
    { label: 'Refused', className: 'n', cell: numberCell('denials') }];
}
var updateActors = table('actors', {
  none: 'Nobody has stood out.', key: function (item) { return item.actor; },
  columns: countColumns({ label: 'Client', cell: function (cell, item, isNew) {
    if (isNew) add(cell, actorLink(item.actor), make('span', 'sub'));
    setIsolated(cell.lastChild, item.reason, '', 120);
  } })
});
var updateRisks = table('risks', {
  none: 'Nobody was assessed.', key: function (item) { return item.actor; },
  columns: [
    { label: 'Client', cell: actorCell },
    { label: 'Risk', className: 'n', cell: function (cell, item) { put(cell, item.assessment.score.toFixed(2)); } },
    { label: 'Verdict', cell: function (cell, item) {
      cell.replaceChildren(tag(shown(item.assessment.decision), kindOf(item.action === 'logged_only' ? '' : item.action)));
      if (item.action === 'logged_only') add(cell, tag('passive', 'passive'));
    } },
    { label: 'Why', cell: function (cell, item) {
      var first = item.assessment.contributions[0];
      setIsolated(cell, first ? first.name + ': ' + first.text : '');
    } }
  ]
});
var updateRules = table('rules', {
  none: 'No rule was violated.', key: function (item) { return item.rule; },
  columns: countColumns({ label: 'Rule', cell: textCell('rule', 'who') })
});
var updateRoutes = table('routes', {
  none: 'No request so far.', key: function (item) { return item.endpoint; },
  columns: [
    { label: 'Route', cell: function (cell, item) { setIsolated(cell, item.endpoint === '*' ? '* (before or without a route)' : item.endpoint, 'who'); } },
    { label: 'Let in', className: 'n', cell: numberCell('admitted') },
    { label: 'Refused', className: 'n', cell: numberCell('denials') },
    { label: 'Violations', className: 'n', cell: numberCell('violations') },
    { label: 'Passive', className: 'n', cell: numberCell('passive') }
  ]
});
function contributionList(assessment) {
  var list = make('ul', 'contributions');
  assessment.contributions.forEach(function (each) {
    var track = make('span', each.share < 0 ? 'track for' : 'track');
    var bar = make('i');
    bar.style.width = Math.max(0, Math.min(1, Math.abs(each.share))) * 100 + '%';
    track.setAttribute('aria-hidden', 'true');
    add(list, add(make('li'), isolated(each.name, '', 64), make('span', 'n', each.share.toFixed(2)), add(track, bar), isolated(each.text, 'what', 160)));
  });
  return list;
}
function whatHappened(cell, event) {
  add(cell, isolated(event.reason, '', 300));
  var asked = [event.method, event.path, event.status].filter(function (value) { return value !== undefined; }).join(' ');
  var facts = [event.endpoint === '*' ? '' : event.endpoint, asked, event.address, event.userAgent, event.instance ? 'on ' + instanceName(event.instance) : ''].filter(Boolean);
  var sub = make('span', 'sub');
  facts.forEach(function (fact, at) { if (at > 0) add(sub, document.createTextNode(' · ')); add(sub, isolated(fact, '', 256)); });
  add(cell, sub);
  if (!event.assessment || event.assessment.contributions.length === 0) return;
  var what = event.assessment.by === 'bot' ? 'Signals' : 'Detectors';
  add(cell, add(make('details'), make('summary', '', what + ': ' + event.assessment.contributions.length), contributionList(event.assessment)));
}
function eventColumns(withActor) {
  var columns = [
    { label: 'Time', className: 't', cell: function (cell, event, isNew) { if (isNew) { put(cell, clockTime(event.time)); cell.title = fullTime(event.time); } } },
    { label: 'What', cell: function (cell, event, isNew) {
      if (!isNew) return;
      add(cell, tag(event.type.replace('_', ' '), event.type === 'denied' ? kindOf(event.action) || 'bad' : kindOf(event.type)));
      if (event.passive) add(cell, tag('passive', 'passive'));
    } },
    { label: 'Client', className: 'c', cell: actorCell },
    { label: 'Rule', className: 'w', cell: function (cell, event, isNew) { if (isNew && event.rule) add(cell, isolated(event.rule, 'who')); } },
    { label: 'Action', cell: function (cell, event, isNew) { if (isNew && event.action !== 'none') put(cell, event.action.replace('_', ' ')); } },
    { label: 'Why', cell: function (cell, event, isNew) { if (isNew) whatHappened(cell, event); } }
  ];
  return withActor ? columns : columns.filter(function (column) { return column.label !== 'Client'; });
}
/** The end of a ban is seen by every instance. */
function eventKey(event) {
  if (event.type !== 'ban_expired' && event.type !== 'ban_lifted') return (event.instance || '') + '\n' + event.id;
  return [event.type, event.actor, event.endpoint, event.bannedUntil].join('\n');
}
var updateEvents = table('events', { none: 'Nothing to show.', key: eventKey, columns: eventColumns(true) });
var recent = [];
var KEPT_EVENTS = 400;
var isPhone = matchMedia('(max-width: 40rem)').matches;
var SHOWN_EVENTS = isPhone ? 15 : 40;
var SHOWN_ROWS = isPhone ? 8 : 50;
function rememberEvents(message) {
  if (message.isWhole) recent = [];
  var seen = new Set();
  recent = message.events.concat(recent).filter(function (event) {
    var key = eventKey(event);
    return !seen.has(key) && seen.add(key);
  }).sort(function (a, b) { return b.time - a.time; }).slice(0, KEPT_EVENTS);
  if (message.leftOut > 0) put(byId('events-left'), count(message.leftOut) + ' more came too fast to be shown one by one.');
  else put(byId('events-left'), '');
}
function drawEvents() {
  var type = byId('events-type').value;
  var text = byId('events-text').value.toLowerCase();
  updateEvents(recent.filter(function (event) {
    if (type && event.type !== type) return false;
    return !text || [event.actor, event.endpoint, event.reason, event.rule, event.path].join('\n').toLowerCase().includes(text);
  }).slice(0, SHOWN_EVENTS));
}
byId('events-type').addEventListener('change', drawEvents);
byId('events-text').addEventListener('input', drawEvents);
var updateSinks = table('sinks', {
  none: 'There are no sinks.', key: function (item) { return item.at; },
  columns: [
    { label: 'Sink', cell: textCell('name', 'who') },
    { label: 'Delivered', className: 'n', cell: numberCell('delivered') },
    { label: 'Waiting', className: 'n', cell: numberCell('waiting') },
    { label: 'Failed attempts', className: 'n', cell: numberCell('failedAttempts') },
    { label: 'Lost', className: 'n', cell: numberCell('lost') }
  ]
});
function drawHealth(message) {
  put(byId('storage-state'), message.storage.status);
  updateSinks(message.sinks.map(function (sink, at) { return Object.assign({ at: at }, sink); }));
}
function drawTiles(totals) {
  put(byId('tile-requests'), rate(totals.requestsPerSecond));
  put(byId('tile-denials'), rate(totals.denialsPerSecond));
  put(byId('tile-denials-note'), totals.requests > 0 ? (100 * totals.denials / totals.requests).toFixed(1) + ' % in 10 min' : '');
  put(byId('tile-violations'), count(totals.violations));
  put(byId('tile-passive'), count(totals.passiveViolations));
}
`;
