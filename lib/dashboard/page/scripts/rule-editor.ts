/** The form in which the configured rules are replaced. */
export const RULE_EDITOR_SCRIPT = String.raw`
var isEdited = false;
/** The button is not disabled meanwhile: it would lose the focus. */
var isSending = false;
/** Of the rules that the text began with, or that its writer was told of. */
var rulesVersion;
function rulesText(list) { return JSON.stringify(list.configured.map(function (each) { return each.rule; }), null, 2); }
function beginWith(list) {
  isEdited = false;
  rulesVersion = list.version;
  byId('edit-rules').value = rulesText(list);
  byId('edit-stale').hidden = true;
  showProblems([]);
}
/** What is being written is never overwritten. */
function offerRules(list) {
  if (!isEdited) {
    if (list.version !== rulesVersion) beginWith(list);
    return;
  }
  if (list.version === rulesVersion) return;
  rulesVersion = list.version;
  byId('edit-stale').hidden = false;
  put(byId('edit-stale'), 'The rules in force have changed since this text was begun. “Begin with those in force” shows them instead; “Replace the rules” replaces them.');
}
/** Where the rule of this index begins and ends in a list. */
function placeOfRule(text, index) {
  var depth = 0, at = -1, start = -1, isText = false;
  for (var i = 0; i < text.length; i++) {
    var c = text[i];
    if (isText) {
      if (c === '\\') i++;
      else if (c === '"') isText = false;
      continue;
    }
    if (depth === 1 && start === -1 && !/[\s,\]]/.test(c)) { start = i; at++; }
    if (c === '"') isText = true;
    else if (c === '[' || c === '{') depth++;
    else if (c === ']' || c === '}') {
      depth--;
      if (at === index && depth === 1) return [start, i + 1];
    } else if (c === ',' && depth === 1) start = -1;
  }
  return undefined;
}
/** Where in the text a problem is: the line of the option, else the whole rule. */
function placeOfProblem(path, text) {
  var parts = /^rules\[(\d+)\](?:\.(\w+))?/.exec(path);
  var place = parts && placeOfRule(text, Number(parts[1]));
  if (!place) return undefined;
  var at = parts[2] === undefined ? -1 : text.slice(place[0], place[1]).indexOf('"' + parts[2] + '"');
  if (at === -1) return place;
  var end = text.indexOf('\n', place[0] + at);
  return [place[0] + at, end === -1 ? place[1] : Math.min(end, place[1])];
}
function goTo(place) {
  var field = byId('edit-rules');
  field.focus();
  field.setSelectionRange(place[0], place[1]);
  var line = field.value.slice(0, place[0]).split('\n').length - 1;
  field.scrollTop = Math.max(0, line - 2) * parseFloat(getComputedStyle(field).lineHeight);
}
function problemItem(problem) {
  var item = make('li');
  var place = problem.place || placeOfProblem(problem.path, byId('edit-rules').value);
  if (place) {
    var link = button('', 'link-like', function () { goTo(place); });
    add(link, isolated(problem.path, 'who', 120));
    link.setAttribute('aria-label', 'Go to ' + shown(problem.path, 120));
    add(item, link);
  } else if (problem.path) add(item, isolated(problem.path, 'who', 120));
  return add(item, document.createTextNode(problem.path ? ': ' : ''), isolated(problem.message, '', 500));
}
function showProblems(problems) {
  var field = byId('edit-rules');
  var some = problems.length > 0;
  field.setAttribute('aria-describedby', some ? 'edit-note edit-found' : 'edit-note');
  field.setAttribute('aria-invalid', String(some));
  byId('edit-none').hidden = some;
  byId('edit-found-title').className = some ? 'some-problems' : '';
  put(byId('edit-found-title'), !some ? 'Problems' : problems.length + (problems.length === 1 ? ' problem' : ' problems') + ': nothing was changed');
  byId('edit-found').replaceChildren.apply(byId('edit-found'), problems.slice(0, 100).map(problemItem));
  if (some) byId('edit-found-title').focus();
}
/** The list that the text means; else what is wrong with it. */
function writtenRules(text) {
  try {
    var rules = JSON.parse(text);
    return Array.isArray(rules) ? { rules: rules } : { problems: [{ path: '', message: 'It must be a list of rules: [ … ]' }] };
  } catch (error) {
    var at = /position (\d+)/.exec(error.message);
    var place = at ? [Number(at[1]), Math.min(text.length, Number(at[1]) + 1)] : undefined;
    return { problems: [{ path: 'JSON', message: error.message, place: place }] };
  }
}
byId('edit-rules').addEventListener('input', function () { isEdited = true; });
byId('edit-back').addEventListener('click', function () {
  isEdited = false;
  rulesVersion = undefined;
  loadRules().then(function () { toast('These are the rules in force.'); });
});
byId('edit').addEventListener('submit', function (event) {
  event.preventDefault();
  if (isSending) return;
  var written = writtenRules(byId('edit-rules').value);
  if (written.problems) return showProblems(written.problems);
  isSending = true;
  call('POST', '/api/rules', { rules: written.rules, version: rulesVersion }).then(function (list) {
    beginWith(list);
    drawRuleList(list);
    toast('The configured rules are replaced: ' + list.configured.length + ' in force.');
  }, function (error) {
    showProblems(error.problems || [{ path: '', message: error.message }]);
    if (error.status === 409) loadRules();
  }).finally(function () { isSending = false; });
});
`;
