/** Measures bot detection on labelled data: `npm run evaluate -- DATA_DIR`. What the tables mean is in docs/detection.md. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readAgents, readLog, readScenarios } from '../evaluation/data.mjs';
import { ALL_SIGNALS, BEHAVIOUR_ONLY, countByLabel, curve, judgeLog } from '../evaluation/measure.mjs';
import { scenarioRows, agentRows } from '../evaluation/peers.mjs';
import { percent, table } from '../evaluation/table.mjs';

const folder = process.argv[2];
if (folder === undefined || !existsSync(folder)) {
  console.error('Usage: npm run evaluate -- DATA_DIR   (with the folders secrepo, crowdsec and ua)');
  process.exit(2);
}

const LABEL_HEADINGS = ['label', 'addresses', 'flagged', 'share', 'blocked', 'flagged on arrival'];

function printLabels(title, entries, least) {
  const rows = countByLabel(entries, least).map(({ label, addresses, challenged, blocked, onArrival }) => {
    return [
      label,
      addresses,
      challenged,
      percent(challenged, addresses),
      blocked,
      percent(onArrival, addresses),
    ];
  });
  table(title, LABEL_HEADINGS, rows);
}

function printCurve(title, entries, least) {
  const thresholds = [10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 70, 80];
  const cell = ({ reached, of }) => `${reached} (${percent(reached, of)})`;
  const rows = curve(entries, thresholds, least).map(({ threshold, attack, human, crawler }) => {
    return [threshold, cell(attack), cell(human), cell(crawler)];
  });
  table(title, ['score', 'attack', 'human', 'good-crawler'], rows);
}

if (existsSync(join(folder, 'secrepo'))) {
  const log = readLog(join(folder, 'secrepo'));
  const all = judgeLog(log, ALL_SIGNALS);
  printLabels('Access log, high-security, all signals', all, 1);
  printLabels('Access log, high-security, all signals, addresses with at least 10 requests', all, 10);
  printCurve('Curve, all signals', all, 1);
  const behaviour = judgeLog(log, BEHAVIOUR_ONLY);
  printLabels('Access log, high-security, behaviour only', behaviour, 1);
  printLabels(
    'Access log, high-security, behaviour only, addresses with at least 10 requests',
    behaviour,
    10,
  );
  printCurve('Curve, behaviour only, addresses with at least 10 requests', behaviour, 10);
  const content = judgeLog(log, { options: { preset: 'content', mode: 'observe' }, flagMask: 0x7f });
  printLabels('Access log, content preset, passive', content, 1);
}
if (existsSync(join(folder, 'crowdsec'))) {
  const rows = scenarioRows(readScenarios(join(folder, 'crowdsec')));
  table(
    'Scenarios of a peer, high-security, tools welcome',
    ['scenario', 'bucket', 'flagged', 'spared', 'wrong'],
    rows,
  );
}
if (existsSync(join(folder, 'ua')))
  table(
    'User agents',
    ['list', 'user agents', 'taken for bots', 'share'],
    agentRows(readAgents(join(folder, 'ua'))),
  );
