/** Of which instances the numbers are. */
export const INSTANCES_SCRIPT = String.raw`
var scope = 'all';
var instanceNames = {};
function instanceName(id) { return instanceNames[id] || 'another instance'; }
var updateInstances = table('instances', {
  none: 'There are none.', key: function (item) { return item.id; },
  columns: [
    { label: 'Instance', cell: function (cell, item, isNew) {
      if (!isNew) return;
      add(cell, isolated(item.name, 'who', 64));
      if (item.isThis) add(cell, make('span', 'sub', 'serves this page'));
    } },
    { label: 'Since', className: 't', cell: function (cell, item) { put(cell, fullTime(item.since)); } },
    { label: 'Requests / s', className: 'n', cell: function (cell, item) { put(cell, rate(item.requestsPerSecond)); } },
    { label: 'Refused / s', className: 'n', cell: function (cell, item) { put(cell, rate(item.denialsPerSecond)); } }
  ]
});
function drawInstances(instances) {
  var several = instances.list.length;
  byId('scope-box').hidden = !instances.isShared;
  byId('instances-card').hidden = !instances.isShared || instances.scope === 'this';
  instances.list.forEach(function (each) { instanceNames[each.id] = each.name; });
  updateInstances(instances.list);
  var words = instances.scope === 'this' || !instances.isShared || instances.problem ? 'this instance' : several === 1 ? 'the only instance' : several === 2 ? 'both instances' : 'all ' + several + ' instances';
  document.querySelectorAll('.whose').forEach(function (place) { put(place, words); });
  put(byId('scope').options[0], instances.scope === 'all' && !instances.problem ? 'all instances (' + several + ')' : 'all instances');
  var banner = byId('banner-instances');
  banner.hidden = !instances.problem;
  put(banner, instances.problem ? 'The other instances can’t be seen: ' + shown(instances.problem, 200) + '. These are the numbers of this instance alone.' : '');
}
byId('scope').addEventListener('change', function () {
  scope = byId('scope').value;
  try { localStorage.setItem('behavior-guard-scope', scope); } catch (error) { void error; }
  connect();
  if (view === 'actor') loadActor();
});
try { if (localStorage.getItem('behavior-guard-scope') === 'this') byId('scope').value = scope = 'this'; } catch (error) { void error; }
`;
