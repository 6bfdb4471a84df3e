/** Parameters that every request may have. */
import type { RequestInfo } from "../request_info.ts";
import { badRequest } from "../status_errors.ts";

export interface CommonOptions {
  /** In milliseconds; absent: the server's choice. */
  readonly timeoutMs?: number;
}

const DURATION = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?$/;

/** `?timeout=` as Go writes durations: `30s`, `1m30s`, `500ms`. @throws {StatusError} 400 */
export function readCommonOptions({ query }: Pick<RequestInfo, "query">): CommonOptions {
  const text = query.get("timeout");
  if (text === null || text === "") return {};
  const parts = DURATION.exec(text);
  if (parts === null) {
    throw badRequest(
      `invalid timeout specified in the request URL: ${JSON.stringify(text)} is no duration such as 30s`,
    );
  }
  const [, hours = 0, minutes = 0, seconds = 0, milliseconds = 0] = parts.map(Number).map((part) =>
    Number.isNaN(part) ? 0 : part
  );
  const timeoutMs = ((hours * 60 + minutes) * 60 + seconds) * 1_000 + milliseconds;
  return timeoutMs > 0 ? { timeoutMs } : {};
}
