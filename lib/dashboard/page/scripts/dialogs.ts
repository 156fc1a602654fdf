/** What an operator does, each after a question. */
export const DIALOGS_SCRIPT = String.raw`
var DURATIONS = [['15m', '15 minutes'], ['1h', '1 hour'], ['1d', '1 day'], ['7d', '7 days'], ['30d', '30 days'], ['permanent', 'for good']];
function labelled(label, field) { return add(make('label', '', label + ' '), field); }
function durationField(chosen) {
  var select = make('select');
  select.name = 'duration';
  DURATIONS.forEach(function (each) {
    var option = make('option', '', each[1]);
    option.value = each[0];
    option.selected = each[0] === chosen;
    add(select, option);
  });
  return select;
}
function inputField(name, most, placeholder) {
  var input = make('input');
  input.name = name;
  input.maxLength = most;
  input.placeholder = placeholder || '';
  input.autocomplete = 'off';
  return input;
}
/** Asks; does what was asked when the answer is yes, and stays open while that fails. */
function ask(question) {
  var dialog = byId('dialog');
  var form = byId('dialog-form');
  put(byId('dialog-title'), question.title);
  put(byId('dialog-text'), question.text);
  put(byId('dialog-yes'), question.yes);
  put(byId('dialog-problem'), '');
  byId('dialog-fields').replaceChildren.apply(byId('dialog-fields'), question.fields || []);
  form.onsubmit = function (event) {
    event.preventDefault();
    var values = {};
    new FormData(form).forEach(function (value, name) { if (value !== '') values[name] = value; });
    byId('dialog-yes').disabled = true;
    question.run(values).then(function (said) {
      dialog.close();
      toast(said);
      refresh();
    }, function (error) {
      put(byId('dialog-problem'), shown(error.message));
    }).finally(function () { byId('dialog-yes').disabled = false; });
  };
  dialog.showModal();
  // Nothing is done by pressing Enter once too often.
  (form.querySelector('select, input') || byId('dialog-no')).focus();
}
byId('dialog-no').addEventListener('click', function () { byId('dialog').close(); });
function askToLift(ban) {
  ask({
    title: 'Lift this ban?', yes: 'Lift ban',
    text: shown(ban.actor) + ' is served again at once' + (ban.route ? ' on ' + shown(ban.route) : '') + '. Banned because of: ' + shown(ban.reason),
    run: function () {
      return call('DELETE', '/api/bans' + query({ actor: ban.actor, route: ban.route })).then(function () { return 'The ban of ' + ban.actor + ' is lifted.'; });
    }
  });
}
function askToExtend(ban) {
  ask({
    title: 'Extend this ban?', yes: 'Extend', text: shown(ban.actor) + ' stays banned for longer, by:',
    fields: [labelled('Longer by', durationField('1h'))],
    run: function (values) {
      return call('POST', '/api/bans/extend', { actor: ban.actor, route: ban.route, duration: values.duration }).then(function (longer) {
        return ban.actor + ' is banned ' + (longer.until === null ? 'for good.' : 'until ' + fullTime(longer.until) + '.');
      });
    }
  });
}
function askToBan(actor) {
  var name = inputField('actor', 1024, '203.0.113.5');
  name.required = true;
  ask({
    title: actor === undefined ? 'Ban a client' : 'Ban this client?', yes: 'Ban',
    text: actor === undefined ? 'An address, or whatever the application calls an actor. It is refused on every route.' : shown(actor) + ' is refused on every route.',
    fields: (actor === undefined ? [labelled('Client', name)] : []).concat([
      labelled('For', durationField('1h')), labelled('Reason', inputField('reason', 300, 'by hand, on the dashboard'))
    ]),
    run: function (values) {
      return call('POST', '/api/bans', Object.assign({ actor: actor }, values)).then(function (ban) { return ban.actor + ' is banned.'; });
    }
  });
}
function askToReset(actor) {
  ask({
    title: 'Reset this client?', yes: 'Reset', text: 'What was counted of ' + shown(actor) + ', what it did, and its offences are forgotten. A ban stays.',
    run: function () { return call('POST', '/api/actor/reset', { actor: actor }).then(function () { return actor + ' begins anew.'; }); }
  });
}
function askForPassive(configured) {
  var change = { index: configured.index };
  if (configured.name !== null) change.name = configured.name;
  askToMakePassive(ruleName(configured), !configured.rule.passive, change);
}
function askForPassiveOf(rule) {
  askToMakePassive(rule.name + ' of ' + rule.endpoint, !rule.passive, { rule: rule.name, endpoint: rule.endpoint });
}
function askToMakePassive(name, wanted, change) {
  ask({
    title: wanted ? 'Make this rule passive?' : 'Make this rule active?', yes: wanted ? 'Make passive' : 'Make active',
    text: shown(name) + (wanted ? ' goes on counting and reporting, without effect.' : ' takes effect.') + ' This holds for this instance.',
    run: function () {
      return call('POST', '/api/rules/passive', Object.assign({ passive: wanted }, change)).then(function () { return name + (wanted ? ' is passive.' : ' is active.'); });
    }
  });
}
function ruleName(configured) { return configured.name || configured.rule.match || configured.rule.handler || 'rule ' + configured.index; }
byId('ban-new').addEventListener('click', function () { askToBan(undefined); });
`;
