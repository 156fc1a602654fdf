import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { OPTIONS_SCHEMA } from '../../lib/module/options-schema.js';
import { DETECTORS } from '../../lib/risk/risk-settings.js';

const read = (path: string): string => readFileSync(path, 'utf8');

/** The texts of a union of string literals, and the names of an interface's members, read off the source. */
function namesOf(path: string, type: string): string[] {
  const source = ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true);
  const names: string[] = [];
  source.forEachChild((node) => {
    if (ts.isInterfaceDeclaration(node) && node.name.text === type)
      names.push(...node.members.map((member) => member.name?.getText() ?? ''));
    if (ts.isTypeAliasDeclaration(node) && node.name.text === type && ts.isUnionTypeNode(node.type))
      names.push(...node.type.types.map((each) => each.getText().replaceAll("'", '')));
  });
  if (names.length === 0) throw new Error(`${path} has no ${type}`);
  return names;
}

/** Which of the names a page doesn't have in backquotes, also with more behind them: `global: false`. */
function missing(names: readonly string[], page: string): string[] {
  const text = read(page);
  return names.filter((name) => !new RegExp(`\`${name}\\b`).test(text));
}

describe('the documentation has', () => {
  it('a heading in the README for each error code', () => {
    const headings = [...read('README.md').matchAll(/^### ([A-Z_]+)$/gm)].map(([, code]) => code);
    expect(headings.sort()).toEqual(namesOf('lib/errors/errors.ts', 'ErrorCode').sort());
  });

  it('every option of the module in the README', () => {
    expect(missing(Object.keys(OPTIONS_SCHEMA.shape), 'README.md')).toEqual([]);
  });

  it('every option, detector and decision of the risk engine', () => {
    const names = [
      ...namesOf('lib/risk/risk-options.ts', 'RiskSettingsOptions'),
      ...namesOf('lib/tracker/anomaly-options.ts', 'AnomalyOptions'),
      ...DETECTORS,
      'allow',
      'warn',
      'delay',
      'block',
    ];
    expect(missing(names, 'docs/anomaly.md')).toEqual([]);
  });

  it('every type of event, and every field that only some have', () => {
    const common = ['type', 'time', 'actor', 'endpoint', 'reason'];
    const fields = namesOf('lib/events/behavior-event.ts', 'BehaviorEvent').filter(
      (name) => !common.includes(name),
    );
    const types = namesOf('lib/events/behavior-event.ts', 'BehaviorEventType');
    expect(missing([...types, ...fields], 'docs/events.md')).toEqual([]);
  });
});
