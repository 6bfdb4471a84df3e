/**
 * The kinds of value an option can have, as zod schemas that read text (flags, environment) and YAML values alike.
 * Each says in its one message what is allowed, so that a mistake can be mended without the manual.
 */
import { z } from "zod";
import { type BindAddress, BindAddressError, parseBindAddress } from "../app/config.ts";
import { DURATION_FORM, formatDuration, parseDuration } from "./duration.ts";

/** A schema of any input whose output `read` makes; `read` answers undefined where the input is not allowed. */
export function value<T>(allowed: string, read: (raw: unknown) => T | undefined): z.ZodType<T> {
  return z.unknown().transform((raw, context): T => {
    const result = read(raw);
    if (result !== undefined) return result;
    context.addIssue({ code: "custom", message: `must be ${allowed}` });
    return z.NEVER;
  });
}

/** The spellings that Go's flag package accepts. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "T", "TRUE", "true", "True"].map((text) => [text, true] as const),
  ...["0", "f", "F", "FALSE", "false", "False"].map((text) => [text, false] as const),
]);

/** True or false. */
export function boolean(): z.ZodType<boolean> {
  return value("true or false", (raw) => typeof raw === "boolean" ? raw : BOOLEANS.get(textOf(raw) ?? ""));
}

/** One of a few words. */
export function choice<const T extends string>(choices: readonly T[]): z.ZodType<T> {
  const allowed = choices.length === 1
    ? `${choices[0]}`
    : `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`;
  return value(allowed, (raw) => choices.find((one) => one === raw));
}

/** A number between two bounds, both included; whole unless `fraction` is set. */
export function number(limits: { min: number; max: number; fraction?: boolean }): z.ZodType<number> {
  const kind = limits.fraction === true ? "a number" : "a whole number";
  return value(`${kind} from ${limits.min} to ${limits.max}`, (raw) => {
    const text = textOf(raw);
    if (text === undefined || !/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text)) return undefined;
    const parsed = Number(text);
    if (limits.fraction !== true && !Number.isInteger(parsed)) return undefined;
    return parsed >= limits.min && parsed <= limits.max ? parsed : undefined;
  });
}

/** A duration, in milliseconds inside. Bounds are milliseconds, both included. @default {min 0, no max} */
export function duration(limits: { min?: number; max?: number } = {}): z.ZodType<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = limits;
  const lower = min === 0 ? ", not negative" : `, at least ${formatDuration(min)}`;
  const upper = limits.max === undefined ? "" : ` and at most ${formatDuration(max)}`;
  return value(`${DURATION_FORM}${lower}${upper}`, (raw) => {
    const parsed = parseDuration(textOf(raw) ?? "");
    return parsed !== undefined && parsed >= min && parsed <= max ? parsed : undefined;
  });
}

/** A bind address, or `null` for "0": off. */
export function bindAddress(): z.ZodType<BindAddress | null> {
  return value(
    'an address such as ":8081", "127.0.0.1:8081" or "[::1]:8081", or "0" to turn the port off',
    (raw) => {
      const given = textOf(raw)?.trim() ?? "";
      if (given === "") return undefined;
      try {
        return parseBindAddress(given) ?? null;
      } catch (error) {
        if (error instanceof BindAddressError) return undefined;
        throw error;
      }
    },
  );
}

/** Any text that is not empty; `what` names it in the message. */
export function text(what: string): z.ZodType<string> {
  return value(what, (raw) => {
    const trimmed = textOf(raw)?.trim();
    return trimmed === "" ? undefined : trimmed;
  });
}

/** Any text. */
export function textOrEmpty(): z.ZodType<string> {
  return value("a text", textOf);
}

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const NAMESPACE_FORM = "a namespace name (lower-case letters, digits and '-', at most 63)";

/** One namespace, or another name of that form. */
export function namespace(what?: string): z.ZodType<string> {
  const form = what === undefined
    ? NAMESPACE_FORM
    : `${what} (lower-case letters, digits and '-', at most 63)`;
  return value(form, (raw) => {
    const trimmed = textOf(raw)?.trim() ?? "";
    return DNS_LABEL.test(trimmed) ? trimmed : undefined;
  });
}

/** Several namespaces: comma-separated, a repeated flag, or a YAML list. Empty text means none. */
export function namespaceList(): z.ZodType<readonly string[]> {
  return value(`${NAMESPACE_FORM}, or several with commas between`, (raw) => {
    const given = Array.isArray(raw) ? raw : [raw];
    const names: string[] = [];
    for (const item of given) {
      const joined = textOf(item);
      if (joined === undefined) return undefined;
      names.push(...joined.split(",").map((name) => name.trim()).filter((name) => name !== ""));
    }
    return names.every((name) => DNS_LABEL.test(name)) ? [...new Set(names)] : undefined;
  });
}

/** Several texts: comma-separated, a repeated flag, or a YAML list. Empty text means none; `what` names one. */
export function textList(what: string): z.ZodType<readonly string[]> {
  return value(`${what}, or several with commas between`, listOf);
}

/** Several of a few words, as {@linkcode textList}; at least one. */
export function choices<const T extends string>(words: readonly T[]): z.ZodType<readonly T[]> {
  return value(`some of ${words.join(", ")}, with commas between`, (raw) => {
    const given = listOf(raw) ?? [];
    const chosen = words.filter((word) => given.includes(word));
    return given.length > 0 && chosen.length === new Set(given).size ? chosen : undefined;
  });
}

function listOf(raw: unknown): readonly string[] | undefined {
  const items: string[] = [];
  for (const item of Array.isArray(raw) ? raw : [raw]) {
    const joined = textOf(item);
    if (joined === undefined) return undefined;
    items.push(...joined.split(",").map((part) => part.trim()).filter((part) => part !== ""));
  }
  return [...new Set(items)];
}

/**
 * An absolute http or https URL with a host, without user name or password. A slash at its end goes, unless `isExact`:
 * then it is what others compare it with, letter by letter.
 */
export function httpUrl({ isExact = false } = {}): z.ZodType<string> {
  return value('a URL with scheme http or https and a host, such as "https://coder.example.com"', (raw) => {
    const given = textOf(raw)?.trim() ?? "";
    if (!/^https?:\/\/[^/]/i.test(given) || !URL.canParse(given)) return undefined;
    const url = new URL(given);
    if (url.username !== "" || url.password !== "") return undefined;
    return isExact ? given : url.href.replace(/\/+$/, "");
  });
}

/** Names of namespaces in which `*` stands for any characters: comma-separated, repeated, or a YAML list. */
export function namespacePatterns(): z.ZodType<readonly string[]> {
  const form = "a namespace name, in which * stands for any characters, or several with commas between";
  return value(form, (raw) => {
    const given = Array.isArray(raw) ? raw : [raw];
    const names: string[] = [];
    for (const item of given) {
      const joined = textOf(item);
      if (joined === undefined) return undefined;
      names.push(...joined.split(",").map((name) => name.trim()).filter((name) => name !== ""));
    }
    return names.every((name) => /^[-a-z0-9*]{1,63}$/.test(name)) ? [...new Set(names)] : undefined;
  });
}

/** A DNS domain, without dots at its ends. */
export function domain(): z.ZodType<string> {
  return value('a DNS domain such as "cluster.local"', (raw) => {
    const given = textOf(raw)?.trim().replace(/\.$/, "") ?? "";
    return given.length <= 253 && given.split(".").every((label) => DNS_LABEL.test(label))
      ? given
      : undefined;
  });
}

/** `namespace/name=URL`: comma-separated, repeated, a YAML list of such texts, or a YAML map from name to URL. */
export function endpoints(): z.ZodType<ReadonlyMap<string, string>> {
  return value('namespace/name=URL, such as "coder/coder=http://127.0.0.1:3000"', (raw) => {
    const found = new Map<string, string>();
    for (const [key, target] of endpointEntries(raw) ?? [["", ""]]) {
      const [namespace = "", name = "", ...rest] = key.split("/");
      const url = httpUrl().safeParse(target);
      const named = DNS_LABEL.test(namespace) && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name);
      if (!named || rest.length > 0 || !url.success) return undefined;
      found.set(key, url.data);
    }
    return found;
  });
}

/** Pairs of name and URL, not looked at yet. Undefined where the value has another shape. */
function endpointEntries(raw: unknown): (readonly [name: string, url: string])[] | undefined {
  if (typeof raw === "object" && raw !== null && !Array.isArray(raw)) {
    return Object.entries(raw).map(([name, url]) => [name.trim(), textOf(url) ?? ""] as const);
  }
  const entries: (readonly [string, string])[] = [];
  for (const item of Array.isArray(raw) ? raw : [raw]) {
    const text = textOf(item);
    if (text === undefined) return undefined;
    for (const entry of text.split(",").map((each) => each.trim())) {
      const equals = entry.indexOf("=");
      if (entry !== "") entries.push([entry.slice(0, Math.max(0, equals)).trim(), entry.slice(equals + 1)]);
    }
  }
  return entries;
}

/** Scalars as text: YAML gives numbers and booleans where flags and the environment give words. */
export function textOf(raw: unknown): string | undefined {
  if (typeof raw === "string") return raw;
  return typeof raw === "number" || typeof raw === "boolean" ? String(raw) : undefined;
}
