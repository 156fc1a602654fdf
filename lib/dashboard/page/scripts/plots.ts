/** The two plots, and the same numbers as a table. */
export const PLOTS_SCRIPT = String.raw`
var KEPT = 600;
var STEP = 10;
var KINDS = ['delay', 'throttle', 'challenge', 'anomaly', 'bot', 'ban', 'denied_actor', 'storage_unavailable', 'other'];
var NAMES = { denied_actor: 'deny list', storage_unavailable: 'storage down' };
/** By second: how much of each series. */
var seconds = new Map();
function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }
function lazily(name) { return function () { return colour(name); }; }
function remember(message) {
  message.seconds.forEach(function (second, at) {
    var values = {};
    Object.keys(message.series).forEach(function (name) { values[name] = message.series[name][at]; });
    seconds.set(second, values);
  });
  var oldest = message.seconds[message.seconds.length - 1] - KEPT;
  seconds.forEach(function (_values, second) { if (second <= oldest) seconds.delete(second); });
}
function valueAt(second, name) { var values = seconds.get(second); return (values && values[name]) || 0; }
function axes() {
  function axis(size) {
    return { stroke: lazily('--faint'), grid: { stroke: lazily('--line'), width: 1 }, ticks: { stroke: lazily('--line'), width: 1 }, size: size, font: '12px system-ui, sans-serif' };
  }
  return [Object.assign(axis(34), { values: [[60, '{HH}:{mm}', null, null, null, null, null, null, 1], [1, '{HH}:{mm}:{ss}', null, null, null, null, null, null, 1]] }), axis(46)];
}
function fromZero(_plot, _least, most) { return [0, Math.max(1, most === null ? 1 : most * 1.08)]; }
function newPlot(id, series, height, more) {
  var place = byId(id);
  var plot = new uPlot({
    width: Math.max(240, place.clientWidth), height: height, series: [{ value: '{HH}:{mm}:{ss}', label: 'time' }].concat(series), axes: axes(),
    // A bar of the last step has its width to the right of it.
    scales: { x: { range: function (_plot, least, most) { return [least, most + more]; } }, y: { range: fromZero } }, cursor: { drag: { x: false, y: false }, points: { size: 6 } }, padding: [10, 34, 0, 0], legend: { live: true }
  }, [[0]].concat(series.map(function () { return [0]; })), place);
  var fitted = '';
  /** The legend may break into more lines than one. */
  plot.fit = function () {
    var legend = place.querySelector('.u-legend').offsetHeight;
    if (fitted === place.clientWidth + ' ' + legend || place.clientWidth === 0) return;
    fitted = place.clientWidth + ' ' + legend;
    plot.setSize({ width: Math.max(240, place.clientWidth), height: Math.max(120, 248 - legend) });
  };
  new ResizeObserver(plot.fit).observe(place);
  return plot;
}
var ratePlot, decisionPlot;
var shares = [];
function plotSeries() {
  return KINDS.map(function (kind, at) {
    return {
      label: NAMES[kind] || kind, fill: lazily('--k-' + kind), stroke: lazily('--k-' + kind), width: 0, points: { show: false },
      paths: uPlot.paths.bars({ size: [0.8, 40], align: 1 }),
      value: function (_plot, _value, _series, index) { return index === null || !shares[at] ? '–' : count(shares[at][index] || 0); }
    };
  });
}
function makePlots() {
  ratePlot = newPlot('plot-rate', [
    { label: 'requests', stroke: lazily('--requests'), fill: function () { return colour('--requests') + '1f'; }, width: 1.75, points: { show: false } },
    { label: 'refused', stroke: lazily('--denials'), fill: function () { return colour('--denials') + '2e'; }, width: 1.75, points: { show: false } }
  ], 210, 0);
  decisionPlot = newPlot('plot-decisions', plotSeries(), 190, STEP);
}
/** As far back as anything happened, but two minutes at least. */
function span(now, step) {
  var end = Math.floor(now / 1000 / step) * step;
  var found = [];
  var first = end;
  seconds.forEach(function (values, second) { if (second < first && (values.requests || values.violations || values.passive)) first = second; });
  first = Math.max(end - KEPT, Math.min(end - 120, Math.floor(first / step) * step - step));
  for (var second = first + step; second <= end; second += step) found.push(second);
  return found;
}
function summed(start, step, name) {
  var sum = 0;
  for (var second = start; second < start + step; second++) sum += valueAt(second, name);
  return sum;
}
function drawPlots(now) {
  // The running second is not over, and would look like a fall.
  var times = span(now - 1000, 1);
  ratePlot.setData([times].concat(['requests', 'denials'].map(function (name) {
    return times.map(function (second) { return valueAt(second, name); });
  })));
  var steps = span(now, STEP);
  shares = KINDS.map(function (kind) { return steps.map(function (start) { return summed(start, STEP, kind); }); });
  // Each bar reaches up to the sum of its own kind and all after it; the later ones are drawn over it.
  var stacked = [];
  for (var at = KINDS.length - 1; at >= 0; at--) {
    stacked[at] = shares[at].map(function (value, index) { return value + (at + 1 < KINDS.length ? stacked[at + 1][index] : 0); });
  }
  decisionPlot.setData([steps].concat(stacked));
  KINDS.forEach(function (_kind, at) {
    var isUsed = shares[at].some(function (value) { return value > 0; });
    decisionPlot.root.querySelectorAll('.u-legend .u-series')[at + 1].hidden = !isUsed;
  });
  ratePlot.fit();
  decisionPlot.fit();
}
function describePlots(totals) {
  byId('plot-rate').setAttribute('aria-label', 'Requests and refusals by second: ' + count(totals.requests) + ' requests in 10 minutes, ' + count(totals.denials) + ' refused. The same numbers are in the table below.');
  var parts = KINDS.map(function (kind, at) {
    var sum = (shares[at] || []).reduce(function (a, b) { return a + b; }, 0);
    return sum > 0 ? count(sum) + ' ' + (NAMES[kind] || kind) : '';
  }).filter(Boolean);
  byId('plot-decisions').setAttribute('aria-label', 'Decisions by kind in 10 minutes: ' + (parts.join(', ') || 'none') + '.');
}
var updateMinutes = table('minutes', {
  none: 'Nothing yet.', key: function (row) { return row.start; },
  columns: [
    { label: 'From', className: 't', cell: function (cell, row) { put(cell, clockTime(row.start * 1000)); } },
    { label: 'Requests', className: 'n', cell: numberCell('requests') },
    { label: 'Refused', className: 'n', cell: numberCell('denials') },
    { label: 'Violations', className: 'n', cell: numberCell('violations') },
    { label: 'Passive', className: 'n', cell: numberCell('passive') }
  ]
});
byId('minutes').querySelector('table').removeAttribute('aria-labelledby');
byId('minutes').querySelector('table').setAttribute('aria-label', 'Requests, refusals and violations by minute');
function drawMinutes(now) {
  if (!document.querySelector('.as-table').open) return;
  updateMinutes(span(now, 60).reverse().map(function (start) {
    var row = { start: start };
    ['requests', 'denials', 'violations', 'passive'].forEach(function (name) { row[name] = summed(start, 60, name); });
    return row;
  }));
}
function redrawPlots() {
  [ratePlot, decisionPlot].filter(Boolean).forEach(function (plot) {
    plot.redraw(false, true);
    plot.root.querySelectorAll('.u-legend .u-marker').forEach(function (marker, at) {
      var series = plot.series[at];
      if (at === 0 || !series) return;
      marker.style.borderColor = series.stroke(plot, at);
      marker.style.background = series.fill(plot, at);
    });
  });
}
`;
