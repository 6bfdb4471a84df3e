/** Where traces go: the environment variables that OpenTelemetry has for it. */
import type { SpanAttributes } from "./tracing.ts";

export interface OtlpSettings {
  readonly url: string;
  /** May have credentials. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of one sending. */
  readonly timeoutMs: number;
  /** Of the traces that begin here. */
  readonly ratio: number;
  /** Whether callers decide about their traces. */
  readonly isParentBased: boolean;
  readonly resource: SpanAttributes;
}

export interface OtlpProcess {
  /** Where `OTEL_SERVICE_NAME` has none. */
  readonly serviceName: string;
  readonly serviceVersion: string;
}

/** Read by {@linkcode readOtlpSettings}; a program that drops rights reads them before. */
export const OTLP_VARIABLES = [
  "OTEL_SDK_DISABLED",
  "OTEL_TRACES_EXPORTER",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_EXPORTER_OTLP_HEADERS",
  "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
  "OTEL_EXPORTER_OTLP_TIMEOUT",
  "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
  "OTEL_EXPORTER_OTLP_PROTOCOL",
  "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
  "OTEL_SERVICE_NAME",
  "OTEL_RESOURCE_ATTRIBUTES",
  "OTEL_TRACES_SAMPLER",
  "OTEL_TRACES_SAMPLER_ARG",
] as const;

const TIMEOUT_MS = 10_000;

/**
 * `undefined` where no endpoint is set, or tracing is turned off. Throws where what is set cannot be: messages name the
 * variable and never a value that may be secret.
 */
export function readOtlpSettings(
  env: (name: typeof OTLP_VARIABLES[number]) => string | undefined,
  { serviceName, serviceVersion }: OtlpProcess,
): OtlpSettings | undefined {
  const get = (name: typeof OTLP_VARIABLES[number]) => env(name)?.trim() || undefined;
  if (get("OTEL_SDK_DISABLED")?.toLowerCase() === "true") return undefined;
  if (get("OTEL_TRACES_EXPORTER") === "none") return undefined;
  const own = get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  const base = get("OTEL_EXPORTER_OTLP_ENDPOINT");
  const given = own ?? base;
  if (given === undefined) return undefined;
  const name = own === undefined ? "OTEL_EXPORTER_OTLP_ENDPOINT" : "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
    throw new Error(`${name} must be an address such as http://collector:4318`);
  }
  if (new URL(given).username !== "" || new URL(given).password !== "") {
    throw new Error(
      `${name} must not have a user or a password in it: OTEL_EXPORTER_OTLP_HEADERS is for those`,
    );
  }
  const protocol = get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") ?? get("OTEL_EXPORTER_OTLP_PROTOCOL") ??
    "http/json";
  if (!protocol.startsWith("http/")) {
    throw new Error(
      `OTEL_EXPORTER_OTLP_PROTOCOL is ${protocol}; traces are sent as http/json, to the collector's HTTP port (4318)`,
    );
  }
  const url = new URL(given);
  if (own === undefined) url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/traces`;
  return {
    url: url.href,
    headers: headersOf(get("OTEL_EXPORTER_OTLP_TRACES_HEADERS") ?? get("OTEL_EXPORTER_OTLP_HEADERS")),
    timeoutMs: number(
      get("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT") ?? get("OTEL_EXPORTER_OTLP_TIMEOUT"),
      TIMEOUT_MS,
      [1, 600_000],
      "OTEL_EXPORTER_OTLP_TIMEOUT",
    ),
    ...samplerOf(get("OTEL_TRACES_SAMPLER") ?? "parentbased_always_on", get("OTEL_TRACES_SAMPLER_ARG")),
    resource: {
      "service.name": serviceName,
      "service.version": serviceVersion,
      ...pairs(get("OTEL_RESOURCE_ATTRIBUTES"), "OTEL_RESOURCE_ATTRIBUTES"),
      ...(get("OTEL_SERVICE_NAME") === undefined ? {} : { "service.name": get("OTEL_SERVICE_NAME") }),
    },
  };
}

function samplerOf(
  sampler: string,
  argument: string | undefined,
): Pick<OtlpSettings, "ratio" | "isParentBased"> {
  const isParentBased = sampler.startsWith("parentbased_");
  switch (isParentBased ? sampler.slice("parentbased_".length) : sampler) {
    case "always_on":
      return { ratio: 1, isParentBased };
    case "always_off":
      return { ratio: 0, isParentBased };
    case "traceidratio":
      return { ratio: number(argument, 1, [0, 1], "OTEL_TRACES_SAMPLER_ARG"), isParentBased };
    default:
      throw new Error(
        `OTEL_TRACES_SAMPLER is ${sampler}; possible are always_on, always_off and traceidratio, and these after parentbased_`,
      );
  }
}

function number(
  text: string | undefined,
  standard: number,
  [least, most]: readonly [number, number],
  name: string,
): number {
  const value = text === undefined ? standard : Number(text);
  if (value >= least && value <= most) return value;
  throw new Error(`${name} must be a number from ${least} to ${most}`);
}

function headersOf(text: string | undefined): Record<string, string> {
  const name = "OTEL_EXPORTER_OTLP_HEADERS";
  const headers = pairs(text, name);
  try {
    new Headers(headers);
  } catch {
    throw new Error(`${name} has a name or a value that no HTTP header can have`);
  }
  return headers;
}

/** `key=value,key=value`, with values as in URLs. */
function pairs(text: string | undefined, name: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const part of (text ?? "").split(",")) {
    if (part.trim() === "") continue;
    const at = part.indexOf("=");
    try {
      if (at < 1) throw new Error();
      found[part.slice(0, at).trim()] = decodeURIComponent(part.slice(at + 1).trim());
    } catch {
      throw new Error(`${name} must be key=value, with commas between, and values as in URLs`);
    }
  }
  return found;
}
