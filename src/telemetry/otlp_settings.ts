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
    headers: pairs(
      get("OTEL_EXPORTER_OTLP_TRACES_HEADERS") ?? get("OTEL_EXPORTER_OTLP_HEADERS"),
      "OTEL_EXPORTER_OTLP_HEADERS",
    ),
    timeoutMs: number(
      get("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT") ?? get("OTEL_EXPORTER_OTLP_TIMEOUT"),
      TIMEOUT_MS,
      600_000,
      "OTEL_EXPORTER_OTLP_TIMEOUT",
    ),
    ratio: ratioOf(get("OTEL_TRACES_SAMPLER") ?? "parentbased_always_on", get("OTEL_TRACES_SAMPLER_ARG")),
    resource: {
      "service.name": serviceName,
      "service.version": serviceVersion,
      ...pairs(get("OTEL_RESOURCE_ATTRIBUTES"), "OTEL_RESOURCE_ATTRIBUTES"),
      ...(get("OTEL_SERVICE_NAME") === undefined ? {} : { "service.name": get("OTEL_SERVICE_NAME") }),
    },
  };
}

function ratioOf(sampler: string, argument: string | undefined): number {
  switch (sampler) {
    case "parentbased_always_on":
      return 1;
    case "parentbased_always_off":
      return 0;
    case "parentbased_traceidratio":
      return number(argument, 1, 1, "OTEL_TRACES_SAMPLER_ARG");
    default:
      throw new Error(
        `OTEL_TRACES_SAMPLER is ${sampler}; possible are parentbased_always_on, parentbased_always_off, parentbased_traceidratio`,
      );
  }
}

function number(text: string | undefined, standard: number, most: number, name: string): number {
  const value = text === undefined ? standard : Number(text);
  if (value >= 0 && value <= most) return value;
  throw new Error(`${name} must be a number from 0 to ${most}`);
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
