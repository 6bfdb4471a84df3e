/** IP addresses and ranges of them, and which ones are nobody's business outside of their own network. */

/** 16 bytes; IPv4 addresses as `::ffff:a.b.c.d`, so that there is one form of each. */
export type Address = Uint8Array<ArrayBuffer>;

export interface AddressRange {
  readonly first: Address;
  /** Of the 128. */
  readonly bits: number;
}

/** `undefined` for what is no address in its usual form (`127.1`, `0x7f.1` and zone ids are none). */
export function parseAddress(text: string): Address | undefined {
  return text.includes(":") ? parseV6(text) : parseV4(text);
}

/** `10.0.0.0/8`, `fd00::/8`, or one address. */
export function parseRange(text: string): AddressRange | undefined {
  const [base, length, ...more] = text.split("/");
  const first = parseAddress(base!);
  if (first === undefined || more.length > 0) return undefined;
  if (length === undefined) return { first, bits: 128 };
  const offset = base!.includes(":") ? 0 : 96;
  const bits = /^\d{1,3}$/.test(length) ? Number(length) + offset : Infinity;
  return bits <= 128 ? { first, bits } : undefined;
}

export function isWithin(address: Address, range: AddressRange): boolean {
  for (let bit = 0; bit < range.bits; bit += 8) {
    const mask = range.bits - bit >= 8 ? 0xff : (0xff00 >> (range.bits - bit)) & 0xff;
    if (((address[bit / 8]! ^ range.first[bit / 8]!) & mask) !== 0) return false;
  }
  return true;
}

/**
 * Loopback, link-local (metadata services of clouds among them), private and shared ranges, multicast, reserved. The ranges
 * for documentation are not in it: nothing internal has them.
 */
export function isInternal(address: Address): boolean {
  const inner = embeddedV4(address);
  return INTERNAL.some((range) => isWithin(address, range)) || (inner !== undefined && isInternal(inner));
}

const INTERNAL = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/4",
  "240.0.0.0/4",
  // The unspecified address, loopback, and the old form of IPv4 in IPv6.
  "::/96",
  // NAT64 of a network's own choice, and discard-only.
  "64:ff9b:1::/48",
  "100::/64",
  // Teredo: the address behind it is not to be seen.
  "2001::/32",
  "fc00::/7",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
].map((text) => parseRange(text)!);

const NAT64 = parseRange("64:ff9b::/96")!;
const SIX_TO_FOUR = parseRange("2002::/16")!;

/** The IPv4 address that gateways make of an IPv6 address. */
export function embeddedV4(address: Address): Address | undefined {
  if (isWithin(address, NAT64)) return fromV4(address.subarray(12));
  if (isWithin(address, SIX_TO_FOUR)) return fromV4(address.subarray(2, 6));
  return undefined;
}

function fromV4(bytes: Iterable<number>): Address {
  const address = new Uint8Array(16);
  address.set([0xff, 0xff, ...bytes], 10);
  return address;
}

function parseV4(text: string): Address | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return fromV4(parts.map(Number));
}

function parseV6(text: string): Address | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groups(halves[0]!, halves.length === 1);
  const tail = groups(halves[1] ?? "", true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return new Uint8Array([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

/** Bytes of `a:b:c`, which may end in an IPv4 address where the whole ends. */
function groups(text: string, isEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      const value = Number.parseInt(part, 16);
      bytes.push(value >> 8, value & 0xff);
      continue;
    }
    const v4 = isEnd && index === parts.length - 1 ? parseV4(part) : undefined;
    if (v4 === undefined) return undefined;
    bytes.push(...v4.subarray(12));
  }
  return bytes.length > 16 ? undefined : bytes;
}
