import { z } from 'zod';
import { AddressList, type AddressRange, parseAddressRange } from '../../actor/address-list.js';

const fileSchema = () =>
  z.object({
    prefixes: z.array(z.union([z.object({ ipv4Prefix: z.string() }), z.object({ ipv6Prefix: z.string() })])),
  });

/**
 * Reads a list of address ranges in the form that search engines publish:
 * `{"prefixes": [{"ipv4Prefix": "192.0.2.0/24"}, {"ipv6Prefix": "2001:db8::/32"}]}`. Other fields are ignored.
 *
 * @param text the file's content.
 * @returns the list, or what is wrong with it.
 */
export function parseAddressRanges(text: string): AddressList | string {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return 'is not JSON';
  }
  const parsed = fileSchema().safeParse(content);
  if (!parsed.success)
    return 'must be of the form {"prefixes": [{"ipv4Prefix": "192.0.2.0/24"}, {"ipv6Prefix": "2001:db8::/32"}]}';
  const ranges: AddressRange[] = [];
  for (const [index, entry] of parsed.data.prefixes.entries()) {
    const range = parseAddressRange('ipv4Prefix' in entry ? entry.ipv4Prefix : entry.ipv6Prefix);
    if (typeof range === 'string') return `prefixes[${index}] ${range}`;
    ranges.push(range);
  }
  if (ranges.length === 0) return 'holds no prefixes';
  return new AddressList(ranges);
}
