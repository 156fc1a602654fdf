import { logTimeMs } from './access-log-line.js';
import { isPlausibleTime, methodOf, pathOf, type LineParser } from './log-line.js';

/** The fields of a request that a JSON log can name. */
export const LOG_FIELDS = ['time', 'address', 'method', 'path', 'status', 'userAgent', 'referer'] as const;

export type LogField = (typeof LOG_FIELDS)[number];

/** Where each field is: a key, or keys joined by dots (`req.url`). */
export type FieldMap = Readonly<Record<LogField, string>>;

/** The names that a log has where nothing else is said. */
export const DEFAULT_FIELDS: FieldMap = {
  time: 'time',
  address: 'ip',
  method: 'method',
  path: 'path',
  status: 'status',
  userAgent: 'userAgent',
  referer: 'referer',
};

/**
 * Reads `time=ts,address=ip,path=req.url`; fields that it doesn't name keep their default.
 *
 * @returns the map, or what is wrong with the text.
 */
export function parseFieldMap(text: string): FieldMap | string {
  const fields: Record<LogField, string> = { ...DEFAULT_FIELDS };
  for (const part of text.split(',')) {
    const [field, name, ...rest] = part.split('=').map((side) => side.trim());
    const known = LOG_FIELDS.find((candidate) => candidate === field);
    if (!known) return `'${field}' is no field; expected ${LOG_FIELDS.join(', ')}`;
    if (!name || rest.length > 0) return `'${part.trim()}' must look like ${known}=name`;
    fields[known] = name;
  }
  return fields;
}

/**
 * A parser for logs with one JSON object a line. A time is a number (seconds or milliseconds since the epoch), ISO 8601 (UTC
 * where it names no zone) or as in the common log format.
 */
export function jsonLineParser(fields: FieldMap): LineParser {
  const paths = Object.fromEntries(LOG_FIELDS.map((field) => [field, fields[field].split('.')])) as Record<
    LogField,
    string[]
  >;
  const textAt = (record: unknown, field: LogField): string => {
    const value = valueAt(record, paths[field], fields[field]);
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
  };
  return (text, into) => {
    const record = parsed(text);
    if (record === undefined) return 'not JSON';
    if (typeof record !== 'object' || record === null) return 'not an object';
    into.address = textAt(record, 'address');
    if (into.address === '') return 'no address';
    into.timeMs = timeMsOf(valueAt(record, paths.time, fields.time));
    if (Number.isNaN(into.timeMs)) return 'no time';
    const method = methodOf(textAt(record, 'method'));
    const path = pathOf(textAt(record, 'path'));
    const isHttp = method !== '' && path !== '';
    into.method = isHttp ? method : '';
    into.path = isHttp ? path : '';
    const status = Number(textAt(record, 'status') || 0);
    if (!(status === 0 || (Number.isInteger(status) && status >= 100 && status <= 599))) return 'no status';
    into.status = status;
    into.userAgent = dashless(textAt(record, 'userAgent'));
    into.referer = dashless(textAt(record, 'referer'));
    return undefined;
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** A key with dots in it is found before a path. Own properties only. */
function valueAt(record: unknown, path: readonly string[], name: string): unknown {
  const direct = own(record, name);
  if (direct !== undefined || path.length === 1) return direct;
  return path.reduce<unknown>((value, key) => own(value, key), record);
}

function own(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

function dashless(text: string): string {
  return text === '-' ? '' : text;
}

const NUMERIC = /^\d{1,16}(?:\.\d{1,9})?$/;
const ISO = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?\s?(Z|[+-]\d{2}:?\d{2})?$/i;
/** Seconds stay below it until the year 5138, milliseconds have been above since 1973. */
const MOST_SECONDS = 1e11;

/** Milliseconds since the epoch, whole; NaN if the value is no time. */
function timeMsOf(value: unknown): number {
  const timeMs = Math.floor(anyTimeMs(value));
  return isPlausibleTime(timeMs) ? timeMs : NaN;
}

function anyTimeMs(value: unknown): number {
  if (typeof value === 'number') return value < MOST_SECONDS ? value * 1000 : value;
  if (typeof value !== 'string' || value.length > 40) return NaN;
  if (NUMERIC.test(value)) return anyTimeMs(Number(value));
  const iso = ISO.exec(value);
  if (!iso) return logTimeMs(value.replace(/^\[|\]$/g, ''));
  const zone = iso[1] ?? 'Z';
  const local = value.slice(0, value.length - (iso[1]?.length ?? 0)).trim();
  const zoneText = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
  return Date.parse(`${local.replace(' ', 'T').replace(',', '.')}${zoneText.toUpperCase()}`);
}
