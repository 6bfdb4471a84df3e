/** The process's logger: JSON lines (or readable text) on standard error, without secrets. */
import {
  compareLogLevel,
  getTextFormatter,
  type LogLevel as TapeLevel,
  type LogRecord,
} from "@logtape/logtape";
import type { LogFields, Logger } from "./logger.ts";
import { Redactor } from "./redactor.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFormat = "json" | "text";

export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

export interface LoggerOptions {
  /** The lowest level that is written. Stacks of errors are written at `debug` alone. @default {"info"} */
  level?: LogLevel;
  /** @default {"json"} */
  format?: LogFormat;
  /** Takes one finished line, newline included. @default writes to standard error */
  write?: (line: string) => void;
  /** Shared with everything else that speaks to the outside. @default {new Redactor()} */
  redactor?: Redactor;
  /** Milliseconds since 1970. @default {Date.now} */
  now?: () => number;
}

/**
 * Makes a logger. It has no global state: LogTape's records and formatters are used, its process-wide configuration is
 * not, so that several loggers (tests, libraries) do not disturb each other.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = "info", format = "json", write = writeToStderr, now = Date.now } = options;
  const redactor = options.redactor ?? new Redactor();
  const lowest = tapeLevel(level);
  const render = format === "json" ? jsonLine : textLine;
  const stacks = level === "debug";

  const emit = (at: LogLevel, message: string, fields: LogFields) => {
    const properties = redactor.value(fields, { stacks }) as Record<string, unknown>;
    write(render({
      category: [],
      level: tapeLevel(at),
      message: [redactor.text(message)],
      rawMessage: message,
      timestamp: now(),
      properties,
    }));
  };
  const make = (bound: LogFields): Logger => {
    const at = (level: LogLevel) => {
      if (compareLogLevel(tapeLevel(level), lowest) < 0) return () => {};
      return (message: string, fields?: LogFields) =>
        emit(level, message, fields === undefined ? bound : { ...bound, ...fields });
    };
    return {
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      child: (fields) => make({ ...bound, ...fields }),
    };
  };
  return make({});
}

function tapeLevel(level: LogLevel): TapeLevel {
  return level === "warn" ? "warning" : level;
}

function houseLevel(level: TapeLevel): string {
  return level === "warning" ? "warn" : level;
}

/** Names that every line has; a field of the same name is written with an underscore behind it. */
const OWN_NAMES = new Set(["ts", "level", "msg"]);

function jsonLine(record: LogRecord): string {
  const line: Record<string, unknown> = {
    ts: new Date(record.timestamp).toISOString(),
    level: houseLevel(record.level),
    msg: record.message[0],
  };
  for (const [name, value] of Object.entries(record.properties)) {
    line[OWN_NAMES.has(name) ? `${name}_` : name] = value;
  }
  return `${oneLine(JSON.stringify(line))}\n`;
}

const formatText = getTextFormatter({
  timestamp: "rfc3339",
  level: "ABBR",
  format: ({ timestamp, level, message, record }) => {
    const fields = Object.entries(record.properties).map(([name, value]) =>
      ` ${textValue(name)}=${textValue(value)}`
    );
    return `${timestamp} ${level} ${message}${fields.join("")}`;
  },
});

function textLine(record: LogRecord): string {
  return formatText({ ...record, message: [oneLine(String(record.message[0]))] });
}

/** Bare where that is unambiguous, JSON otherwise. */
function textValue(value: unknown): string {
  if (typeof value === "string" && /^[\w./:@+-]+$/.test(value)) return value;
  return oneLine(JSON.stringify(value) ?? "null");
}

/** Line breaks and control characters of foreign text must not forge a second line or move the cursor. */
function oneLine(text: string): string {
  return text.replace(
    /[\p{Cc}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const encoder = new TextEncoder();

function writeToStderr(line: string): void {
  const bytes = encoder.encode(line);
  try {
    for (let written = 0; written < bytes.length;) written += Deno.stderr.writeSync(bytes.subarray(written));
  } catch {
    // Standard error is gone (a closed pipe). Logging is no reason to stop working.
  }
}
