/** The pages of an actor and of the rules. */
export const VIEWS_SCRIPT = String.raw`
var updateActorBans = table('actor-bans', { none: 'No ban is in force.', key: banKey, columns: banColumns(false) });
var updateActorEvents = table('actor-events', { none: 'Nothing was seen of it of late.', key: eventKey, columns: eventColumns(false) });
var actor;
function fact(label, value) { return add(make('div'), make('dt', '', label), make('dd', '', value)); }
function drawActor(known) {
  setIsolated(byId('actor-name'), known.actor);
  var general = known.bans.find(function (ban) { return ban.route === undefined; });
  var state = byId('actor-state');
  var words = known.isProtected ? tag('protected: is never banned', 'good')
    : general ? tag(general.until === null ? 'banned for good' : 'banned until ' + fullTime(general.until), 'bad')
    : known.bans.length > 0 ? tag('banned from ' + known.bans.length + (known.bans.length === 1 ? ' route' : ' routes'), 'warn') : tag('not banned', 'good');
  if (state.textContent !== words.textContent) state.replaceChildren(words);
  byId('actor-ban').hidden = known.isProtected || Boolean(general);
  byId('actor-lift').hidden = byId('actor-extend').hidden = !general;
  if (general && general.until === null) byId('actor-extend').hidden = true;
  byId('actor-actions').ban = general;
  var counts = known.counts || { violations: 0, passive: 0, denials: 0 };
  byId('actor-facts').replaceChildren(fact('Violations', count(counts.violations)), fact('Passive', count(counts.passive)), fact('Refused', count(counts.denials)));
  updateActorBans(known.bans);
  updateActorEvents(known.events);
  drawRisk(known.risk);
}
function drawRisk(risk) {
  var place = byId('actor-risk');
  var key = risk ? String(risk.time) : '';
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  if (!risk) {
    put(byId('actor-risk-note'), 'It was not assessed of late.');
    place.replaceChildren();
    return;
  }
  var by = risk.assessment.by === 'bot' ? 'signals of automation' : 'the risk engine';
  put(byId('actor-risk-note'), fullTime(risk.time) + ', by ' + by + ': ' + shown(risk.assessment.decision) + ', ' + risk.assessment.score.toFixed(2) + ' of 1');
  place.replaceChildren(contributionList(risk.assessment));
}
function makeActorButtons() {
  var place = byId('actor-actions');
  [['actor-ban', 'Ban …', 'danger', function () { askToBan(actor); }],
    ['actor-extend', 'Extend ban', '', function () { askToExtend(place.ban); }],
    ['actor-lift', 'Lift ban', 'danger', function () { askToLift(place.ban); }],
    ['actor-reset', 'Reset', '', function () { askToReset(actor); }]].forEach(function (each) {
    var element = button(each[1], each[2], each[3]);
    element.id = each[0];
    add(place, element);
  });
}
makeActorButtons();
function loadActor() {
  var wanted = actor;
  return call('GET', '/api/actor' + query({ actor: wanted, instances: scope })).then(function (known) { if (wanted === actor) drawActor(known); }, failed);
}
function windowOf(seconds) { return seconds === undefined ? '' : typeof seconds === 'number' ? length(seconds) : String(seconds); }
var updateConfigured = table('configured', {
  none: 'The options of the module name no rules.', key: function (item) { return item.index + '\n' + item.name; },
  columns: [
    { label: 'Rule', cell: function (cell, item) { setIsolated(cell, ruleName(item), 'who'); } },
    { label: 'For', cell: function (cell, item) { setIsolated(cell, item.rule.match || item.rule.handler, 'who'); } },
    { label: 'Type', cell: function (cell, item) { put(cell, shown(item.rule.type).replace('_', ' ')); } },
    { label: 'Action', cell: function (cell, item) { put(cell, shown(item.rule.action || 'log')); } },
    { label: 'State', cell: function (cell, item) {
      cell.replaceChildren(item.rule.passive ? tag('passive', 'passive') : tag('active', 'good'));
    } },
    { label: 'Actions', className: 'do', cell: function (cell, item, isNew, row) {
      if (isNew) add(cell, add(make('div', 'buttons'), button('', '', function () { askForPassive(row.item); })));
      var element = cell.querySelector('button');
      put(element, item.rule.passive ? 'Make active' : 'Make passive');
      element.setAttribute('aria-label', (item.rule.passive ? 'Make active: ' : 'Make passive: ') + shown(ruleName(item)));
    } }
  ]
});
var updateCompiled = table('compiled', {
  none: 'No route has rules.', key: function (item) { return item.endpoint + '\n' + item.name; },
  columns: [
    { label: 'Route', cell: function (cell, item) { setIsolated(cell, item.endpoint === '*' ? '* (no route)' : item.endpoint, 'who'); } },
    { label: 'Rule', cell: textCell('name', 'who') },
    { label: 'Type', cell: function (cell, item) { put(cell, item.type.replace('_', ' ')); } },
    { label: 'Allowed', className: 'n', cell: function (cell, item) { put(cell, (item.thresholdVaries ? 'at most ' : '') + count(item.threshold)); } },
    { label: 'In', className: 'n', cell: function (cell, item) { put(cell, windowOf(item.windowSeconds)); } },
    { label: 'Pattern', cell: function (cell, item) { setIsolated(cell, item.pattern, 'who'); } },
    { label: 'Action', cell: function (cell, item) {
      cell.replaceChildren(tag(item.action, kindOf(item.action)));
      if (item.passive) add(cell, tag('passive', 'passive'));
    } },
    { label: 'From', cell: function (cell, item) {
      put(cell, item.source + (item.declaredPassive === undefined ? '' : item.passive ? ', made passive here' : ', made active here'));
    } },
    { label: 'Actions', className: 'do', cell: function (cell, item, isNew, row) {
      if (isNew) add(cell, add(make('div', 'buttons'), button('', '', function () { askForPassiveOf(row.item); })));
      var element = cell.querySelector('button');
      element.hidden = item.source === 'configured' || item.allPassive;
      put(element, item.passive ? 'Make active' : 'Make passive');
      element.setAttribute('aria-label', (item.passive ? 'Make active: ' : 'Make passive: ') + shown(item.name) + ' of ' + shown(item.endpoint));
    } }
  ]
});
function drawRuleList(list) {
  updateConfigured(list.configured);
  offerRules(list);
  var rules = [];
  list.routes.forEach(function (route) {
    route.rules.forEach(function (rule) { rules.push(Object.assign({ endpoint: route.endpoint, allPassive: list.passive }, rule)); });
  });
  updateCompiled(rules);
}
function loadRules() { return call('GET', '/api/rules').then(drawRuleList, failed); }
function failed(error) { toast(error.message); }
`;
