/** Records of calls as lines of JSON. */
import type { Redactor } from "../../telemetry/redactor.ts";
import type { McpAuditRecord } from "../surface.ts";

/** Longer lines lose their arguments, in characters. */
const LONGEST_LINE = 65_536;

/** One line with its end, without secrets, whatever the record holds. Never throws. */
export function lineOf(record: McpAuditRecord, redactor: Pick<Redactor, "text" | "value">): string {
  try {
    // By its name it would be a secret; it only says which calls belong together.
    const { session_id, ...rest } = record;
    const line = (value: unknown) => {
      const clean = redactor.value(value) as Record<string, unknown>;
      const known = session_id === undefined
        ? clean
        : { ...clean, session_id: redactor.text(String(session_id)) };
      return `${JSON.stringify(known)}\n`;
    };
    const whole = line(rest);
    if (whole.length <= LONGEST_LINE) return whole;
    return line({
      ...rest,
      arguments: "[too long]",
      ...(rest.message === undefined ? {} : { message: "[too long]" }),
    });
  } catch (error) {
    const { time, method, caller, tool, success } = record;
    const why = error instanceof Error ? error.name : "Error";
    return `${
      JSON.stringify(redactor.value({ time, level: "warn", method, caller, tool, success, unreadable: why }))
    }\n`;
  }
}
