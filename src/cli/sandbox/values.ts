/** Kinds of value that sandbox sessions have besides those of `../values.ts`. */
import type { z } from "zod";
import { CODER_ID, LABEL, parseEgressRules, WORKER_ID } from "../../app/sandbox/rules.ts";
import { textOf, value } from "../values.ts";

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A number of bytes as Kubernetes writes quantities: `512Mi`, `2G`, `4096`. Bounds are bytes, both included. */
export function size(limits: { readonly min: number; readonly max?: number }): z.ZodType<number> {
  const { min, max = Number.MAX_SAFE_INTEGER } = limits;
  const upper = limits.max === undefined ? "" : ` and at most ${formatSize(max)}`;
  return value(`a number of bytes such as "512Mi" or "2Gi", at least ${formatSize(min)}${upper}`, (raw) => {
    const match = /^(\d+(?:\.\d+)?)\s*([KMGT]i|[kMGT]|)B?$/.exec(textOf(raw)?.trim() ?? "");
    const unit = UNITS[match?.[2] ?? "none"];
    if (match === null || unit === undefined) return undefined;
    const bytes = Math.round(Number(match[1]) * unit);
    return bytes >= min && bytes <= max ? bytes : undefined;
  });
}

/** Bytes as {@linkcode size} reads them, in the largest unit that leaves a whole number: `2147483648` is `2Gi`. */
export function formatSize(bytes: number): string {
  for (const unit of ["Ti", "Gi", "Mi", "Ki"]) {
    const count = bytes / (UNITS[unit] ?? 1);
    if (count >= 1 && Number.isInteger(count)) return `${count}${unit}`;
  }
  return String(bytes);
}

/** `key=value`: comma-separated, repeated, a YAML list of such texts, or a YAML map. At most 32. */
export function labels(): z.ZodType<Readonly<Record<string, string>>> {
  return value('labels such as "zone=a,gpu=no" (at most 32, values of at most 63 characters)', (raw) => {
    const found: Record<string, string> = {};
    for (const [key, given] of pairs(raw) ?? [["", ""]]) {
      if (!LABEL.test(key) || given.length > 63) return undefined;
      found[key] = given;
    }
    return Object.keys(found).length <= 32 ? found : undefined;
  });
}

function pairs(raw: unknown): (readonly [string, string])[] | undefined {
  if (typeof raw === "object" && raw !== null && !Array.isArray(raw)) {
    const entries = Object.entries(raw).map(([key, given]) => [key.trim(), textOf(given)?.trim()] as const);
    return entries.flatMap(([key, given]) =>
      given === undefined ? [["", ""] as const] : [[key, given] as const]
    );
  }
  const found: (readonly [string, string])[] = [];
  for (const item of Array.isArray(raw) ? raw : [raw]) {
    const text = textOf(item);
    if (text === undefined) return undefined;
    for (const entry of text.split(",").map((each) => each.trim()).filter((each) => each !== "")) {
      const equals = entry.indexOf("=");
      if (equals < 1) return undefined;
      found.push([entry.slice(0, equals).trim(), entry.slice(equals + 1).trim()]);
    }
  }
  return found;
}

/** The highest uid: the one above it means "none" to the kernel. */
const LAST_UID = 4_294_967_293;

/** Uids as `first-last`, at least 16 of them, none of them root's. */
export function uidRange(): z.ZodType<{ readonly first: number; readonly count: number }> {
  return value('a range of at least 16 user ids such as "700000-765535", above 999', (raw) => {
    const match = /^(\d{1,10})\s*-\s*(\d{1,10})$/.exec(textOf(raw)?.trim() ?? "");
    const [first, last] = [Number(match?.[1]), Number(match?.[2])];
    if (match === null || first < 1_000 || last > LAST_UID || last - first < 15) return undefined;
    return { first, count: last - first + 1 };
  });
}

/** The port on which coordinators wait for workers. */
export const GRPC_PORT = 50_050;

/** Where workers dial: `http://host[:port]`, https, or `host[:port]`; the port is written out. */
export function coordinatorUrl(): z.ZodType<string> {
  return value('a URL such as "https://coordinator.example.com:50050", without a path', (raw) => {
    const given = typeof raw === "string" ? raw.trim() : "";
    const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`;
    if (!/^https?:\/\/[^/]/i.test(whole) || !URL.canParse(whole)) return undefined;
    const { protocol, hostname, pathname, search, hash, username, password } = new URL(whole);
    if (pathname !== "/" || search !== "" || hash !== "" || username !== "" || password !== "") {
      return undefined;
    }
    // The parser leaves out what is a scheme's own port; only what was written counts here.
    const port = /:(\d+)\/?$/.exec(whole)?.[1] ?? String(GRPC_PORT);
    return Number(port) >= 1 && Number(port) <= 65_535
      ? `${protocol}//${hostname}:${Number(port)}`
      : undefined;
  });
}

/** Several of {@linkcode coordinatorUrl}, as a list or with commas between; with commas between in any case. */
export function coordinatorUrls(): z.ZodType<string> {
  const one = coordinatorUrl();
  const form =
    'a URL such as "https://coordinator.example.com:50050", without a path; several with commas between';
  return value(form, (raw) => {
    const given = (Array.isArray(raw) ? raw : [raw]).flatMap((each) =>
      typeof each === "string" ? each.split(",").filter((part) => part.trim() !== "") : [each]
    );
    const urls = given.map((each) => one.safeParse(each).data);
    return urls.length === 0 || urls.includes(undefined) ? undefined : [...new Set(urls)].join(",");
  });
}

/** Where sessions may go; see `EgressRules`. */
export function egressList(): z.ZodType<readonly string[]> {
  const form =
    'hosts such as "example.com", "*.example.com:443", "10.1.0.0/16", or "*" for every public host';
  return value(`${form}, with commas between`, (raw) => {
    const found: string[] = [];
    for (const item of Array.isArray(raw) ? raw : [raw]) {
      const text = textOf(item);
      if (text === undefined) return undefined;
      for (const entry of text.split(",").map((each) => each.trim()).filter((each) => each !== "")) {
        if (!isEgress(entry)) return undefined;
        found.push(entry.toLowerCase());
      }
    }
    return [...new Set(found)];
  });
}

function isEgress(entry: string): boolean {
  try {
    parseEgressRules([entry]);
    return true;
  } catch {
    return false;
  }
}

/** Absolute paths: comma-separated, repeated, or a YAML list. */
export function absolutePaths(): z.ZodType<readonly string[]> {
  return value("absolute paths, with commas between", (raw) => {
    const given = (Array.isArray(raw) ? raw : [raw]).map(textOf);
    if (given.some((each) => each === undefined)) return undefined;
    const paths = given.flatMap((each) => (each ?? "").split(",")).map((each) => each.trim()).filter((each) =>
      each !== ""
    );
    return paths.every((path) => path.startsWith("/") && !path.includes("\u0000"))
      ? [...new Set(paths)]
      : undefined;
  });
}

/** One absolute path. */
export function absolutePath(): z.ZodType<string> {
  return value("an absolute path", (raw) => {
    const given = textOf(raw)?.trim() ?? "";
    return given.startsWith("/") && !given.includes("\u0000") ? given : undefined;
  });
}

/** An id of a workspace or a user, as Coder writes them. */
export function coderId(): z.ZodType<string> {
  return value('an id as Coder writes them, such as "2f1b7c6e-3a5d-4f0e-9c8b-1d2e3f4a5b6c"', (raw) => {
    const given = textOf(raw)?.trim().toLowerCase() ?? "";
    return CODER_ID.test(given) ? given : undefined;
  });
}

/** A worker's id. */
export function workerId(): z.ZodType<string> {
  const form = 'a name of 1 to 63 letters, digits, ".", "_" and "-", a letter or digit first and last';
  return value(form, (raw) => {
    const given = textOf(raw)?.trim() ?? "";
    return WORKER_ID.test(given) ? given : undefined;
  });
}

/** One of a few words in any case: what documents write in small letters others write in capitals. */
export function word<const T extends string>(words: readonly T[]): z.ZodType<T> {
  const last = words.length === 1 ? "" : ` or ${words.at(-1)}`;
  return value(`${words.slice(0, Math.max(1, words.length - 1)).join(", ")}${last}`, (raw) => {
    const given = textOf(raw)?.trim().toLowerCase();
    return words.find((one) => one === given);
  });
}
