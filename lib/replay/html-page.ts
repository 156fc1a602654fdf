/** The look of the page; colours for light and dark, by what the reader's system prefers. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --faint: #57606a; --line: #d0d7de; --band: #f6f8fa;
  --requests: #0969da; --warned: #9a6700; --delayed: #8250df; --refused: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --paper: #0d1117; --ink: #e6edf3; --faint: #9198a1; --line: #3d444d; --band: #151b23;
  --requests: #4493f8; --warned: #d29922; --delayed: #ab7df8; --refused: #f85149; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .4rem; }
p { margin: .3rem 0 .8rem; max-width: 46rem; } .faint { color: var(--faint); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .875rem; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { background: var(--band); white-space: nowrap; } .n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.t { white-space: nowrap; } code { font: .8125rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
.refused { color: var(--refused); } .delayed { color: var(--delayed); } .warned { color: var(--warned); }
details { margin: .6rem 0; } summary { cursor: pointer; } .plot { min-height: 260px; }
.uplot, .u-legend { font-family: system-ui, sans-serif; color: var(--ink); }
.u-legend th, .u-legend td { border: 0; background: none; width: auto; }
`;

/** Draws the plots from the data in the page. Written for the browser, without a build step of its own. */
export const PAGE_SCRIPT = `
(function () {
  'use strict';
  var data = JSON.parse(document.getElementById('data').textContent);
  var plots = [];
  function colour(name) {
    return function () { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); };
  }
  function axis(label) {
    return { label: label, stroke: colour('--ink'), grid: { stroke: colour('--line'), width: 1 }, ticks: { stroke: colour('--line') } };
  }
  function width(place) { return Math.max(280, place.clientWidth); }
  function draw(id, options, values) {
    var place = document.getElementById(id);
    if (!place || !values[0] || values[0].length === 0) return;
    options.width = width(place);
    options.height = 280;
    plots.push({ plot: new uPlot(options, values, place), place: place });
  }
  var line = data.timeline;
  draw('timeline', {
    tzDate: function (seconds) { return uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'); },
    axes: [axis('UTC'), axis('requests per ' + data.step)],
    series: [{ label: 'from' }].concat(['requests', 'warned', 'delayed', 'refused'].map(function (name) {
      return { label: name, stroke: colour('--' + name), width: 1.5, points: { show: line.start.length < 60 } };
    }))
  }, [line.start, line.requests, line.warned, line.delayed, line.refused]);
  var colours = ['--requests', '--delayed', '--warned', '--refused'];
  var curves = data.curves.filter(function (curve) { return curve.x.length > 0; });
  if (curves.length > 0) draw('curves', {
    scales: { x: { time: false, distr: 3 }, y: { distr: 3 } },
    axes: [axis('requests of one client in the window'), axis('clients above')],
    series: [{ label: 'threshold' }].concat(curves.map(function (curve, index) {
      return { label: 'in ' + curve.window, stroke: colour(colours[index % colours.length]), width: 1.5, spanGaps: true };
    }))
  }, uPlot.join(curves.map(function (curve) { return [curve.x, curve.y]; })));
  addEventListener('resize', function () {
    plots.forEach(function (drawn) { drawn.plot.setSize({ width: width(drawn.place), height: 280 }); });
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', function () {
    plots.forEach(function (drawn) { drawn.plot.redraw(); });
  });
})();
`;
