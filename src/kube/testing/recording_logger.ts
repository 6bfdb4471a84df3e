/** A logger that keeps its lines. For tests alone. */
import type { LogFields, Logger } from "../../telemetry/logger.ts";

export interface LogLine {
  level: "debug" | "info" | "warn" | "error";
  message: string;
  fields: LogFields;
}

/** Makes a logger and the list that its lines, and those of its children, go to. */
export function recordingLogger(): { logger: Logger; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const make = (inherited: LogFields): Logger => {
    const log = (level: LogLine["level"]) => (message: string, fields: LogFields = {}) =>
      void lines.push({ level, message, fields: { ...inherited, ...fields } });
    return {
      debug: log("debug"),
      info: log("info"),
      warn: log("warn"),
      error: log("error"),
      child: (fields) => make({ ...inherited, ...fields }),
    };
  };
  return { logger: make({}), lines };
}
