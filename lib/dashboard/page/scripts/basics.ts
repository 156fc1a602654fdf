/** Elements, texts and calls. Text from clients goes in by `textContent` alone. */
export const BASICS_SCRIPT = String.raw`
var base = location.pathname.replace(/\/+$/, '');
function byId(id) { return document.getElementById(id); }
function put(element, text) { text = String(text); if (element.textContent !== text) element.textContent = text; }
function make(name, className, text) {
  var element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}
function add(parent) {
  for (var index = 1; index < arguments.length; index++) if (arguments[index]) parent.appendChild(arguments[index]);
  return parent;
}
var UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u061c\u2028-\u202e\u2066-\u2069\ufeff]/g;
/** What would act instead of being seen becomes visible; what is long is cut. */
function shown(text, most) {
  text = String(text === undefined || text === null ? '' : text);
  if (text.length > (most || 300)) text = text.slice(0, most || 300) + '…';
  return text.replace(UNSAFE, function (character) {
    return '\\u' + character.charCodeAt(0).toString(16).padStart(4, '0');
  });
}
/** Text from clients keeps its direction to itself. */
function isolated(text, className, most) {
  var element = make('bdi', className, shown(text, most));
  return element;
}
function setIsolated(parent, text, className, most) {
  var wanted = shown(text, most);
  if (wanted === '') return parent.replaceChildren();
  if (parent.firstChild && parent.childNodes.length === 1 && parent.textContent === wanted) return;
  parent.replaceChildren(isolated(text, className, most));
}
function actorLink(actor) {
  var link = make('a', 'who');
  link.href = '#/actor/' + encodeURIComponent(actor);
  add(link, isolated(actor, '', 120));
  return link;
}
function button(text, className, onClick) {
  var element = make('button', className, text);
  element.type = 'button';
  element.addEventListener('click', onClick);
  return element;
}
function tag(text, kind) { return make('span', 'tag' + (kind ? ' ' + kind : ''), text); }
var numbers = new Intl.NumberFormat('en');
function count(value) { return numbers.format(value); }
function rate(value) { return value >= 100 ? count(Math.round(value)) : (Math.round(value * 10) / 10).toFixed(value === 0 ? 0 : 1); }
function clockTime(ms) { return new Date(ms).toLocaleTimeString('en-GB'); }
function fullTime(ms) { return new Date(ms).toLocaleString('en-GB'); }
function more(value, unit) { return value > 0 ? ' ' + value + unit : ''; }
function length(seconds) {
  if (seconds === null || seconds === undefined) return 'for good';
  if (seconds < 60) return Math.ceil(seconds) + ' s';
  var minutes = Math.floor(seconds / 60);
  if (minutes < 60) return minutes + ' min' + more(Math.floor(seconds % 60), ' s');
  var hours = Math.floor(minutes / 60);
  return hours < 48 ? hours + ' h' + more(minutes % 60, ' min') : Math.floor(hours / 24) + ' d' + more(hours % 24, ' h');
}
var later = window.setTimeout.bind(window);
var toastTimer;
function toast(text) {
  put(byId('toast'), shown(text, 200));
  clearTimeout(toastTimer);
  toastTimer = later(function () { put(byId('toast'), ''); }, 6000);
}
function call(method, path, body) {
  var options = { method: method, headers: {}, credentials: 'same-origin' };
  if (method !== 'GET') options.headers = { 'content-type': 'application/json', 'x-behavior-guard': '1' };
  if (body !== undefined) options.body = JSON.stringify(body);
  return fetch(base + path, options).then(function (response) {
    return response.json().catch(function () { return {}; }).then(function (value) {
      if (response.ok) return value;
      throw Object.assign(new Error(value.detail || 'The answer was ' + response.status), { problems: value.problems, status: response.status });
    });
  });
}
function query(values) {
  var search = new URLSearchParams();
  Object.keys(values).forEach(function (name) { if (values[name] !== undefined) search.set(name, values[name]); });
  return '?' + search;
}
/** A table whose rows stay the same elements while their keys do, so that neither focus nor selection is lost. */
function table(id, options) {
  var place = byId(id);
  var none = make('p', 'none', options.none);
  var frame = make('table');
  var head = make('tr');
  var body = make('tbody');
  var rows = new Map();
  frame.setAttribute('aria-labelledby', id + '-title');
  frame.setAttribute('role', 'table');
  head.setAttribute('role', 'row');
  body.setAttribute('role', 'rowgroup');
  options.columns.forEach(function (column) {
    var cell = make('th', column.className, column.label);
    cell.scope = 'col';
    cell.setAttribute('role', 'columnheader');
    add(head, cell);
  });
  var heads = add(make('thead'), head);
  heads.setAttribute('role', 'rowgroup');
  add(frame, heads, body);
  add(place, none, frame);
  function rowOf(item) {
    var row = make('tr');
    row.setAttribute('role', 'row');
    options.columns.forEach(function (column) {
      var cell = make('td', column.className);
      cell.setAttribute('role', 'cell');
      cell.dataset.label = column.label;
      add(row, cell);
    });
    return row;
  }
  return function (items) {
    none.hidden = items.length > 0;
    frame.hidden = items.length === 0;
    var seen = new Set();
    items.forEach(function (item, index) {
      var key = options.key(item);
      if (seen.has(key)) return;
      seen.add(key);
      var row = rows.get(key);
      var isNew = !row;
      if (isNew) { row = rowOf(item); rows.set(key, row); }
      row.item = item;
      options.columns.forEach(function (column, at) { column.cell(row.children[at], item, isNew, row); });
      if (body.children[index] !== row) body.insertBefore(row, body.children[index] || null);
    });
    rows.forEach(function (row, key) { if (!seen.has(key)) { row.remove(); rows.delete(key); } });
  };
}
function textCell(name, className) { return function (cell, item) { setIsolated(cell, item[name], className || ''); }; }
function numberCell(name) { return function (cell, item) { put(cell, count(item[name])); }; }
function actorCell(cell, item, isNew) { if (isNew && item.actor !== '') add(cell, actorLink(item.actor)); }
`;
