/** From an HTTP answer to a typed value, or to the error that says what is wrong with it. */
import { Buffer } from "node:buffer";
import type { z } from "zod";
import { adviceFor } from "./advice.ts";
import { type CoderErrorReason, CoderResponseError } from "./errors.ts";
import { refusalOf, type RefusedCall } from "./refusal.ts";
import { parseJson } from "./refusal_body.ts";
import { headerOf } from "./retry_after.ts";
import { problemsOf } from "./schema_parts.ts";
import type { TransportAnswer } from "./transport.ts";

/** Reads an answer that is better not parsed at once. Throws `SyntaxError` where it is not what it should be. */
export interface TextReader<T> {
  read(text: string): T;
}

/** The value of a successful answer. Throws `CoderApiError` for refusals and {@linkcode CoderResponseError} for nonsense. */
export function answerOf<T>(
  answer: TransportAnswer,
  form: z.ZodType<T> | "text" | "bytes" | TextReader<T> | undefined,
  call: RefusedCall,
): T {
  const { status } = answer;
  if (status >= 300 && status < 400 && status !== 304) throw redirected(answer, call);
  if (status < 200 || status >= 300) throw refusalOf(answer, call);
  if (isHtml(answer)) throw broken("notJson", "answered with an HTML page", status, call);
  if (form === undefined) return undefined as T;
  if (form === "text") return answer.body as T;
  if (form === "bytes") return new Uint8Array(Buffer.from(answer.body, "latin1")) as T;
  if ("read" in form) return readWith(form, answer, call);
  const parsed = parseJson(answer.body);
  // Not a word of the body: it may hold the very token that was asked for.
  if (parsed === undefined) throw broken("notJson", "answered with something that is not JSON", status, call);
  const result = form.safeParse(parsed.value);
  if (result.success) return result.data;
  const problems = problemsOf(result.error, call.clean);
  throw broken("schema", `the answer cannot be used: ${problems.join("; ")}`, status, call, problems);
}

function readWith<T>(form: TextReader<T>, { body, status }: TransportAnswer, call: RefusedCall): T {
  try {
    return form.read(body);
  } catch (error) {
    // Not a word of it: the parser's message may quote the answer.
    if (!(error instanceof SyntaxError)) throw error;
    throw broken("notJson", "answered with something that is not the JSON that it should be", status, call);
  }
}

function isHtml(answer: TransportAnswer): boolean {
  return /\bhtml\b/i.test(headerOf(answer.headers, "content-type") ?? "") ||
    /^\s*<(!doctype|html)/i.test(answer.body);
}

function redirected(answer: TransportAnswer, call: RefusedCall): CoderResponseError {
  const location = URL.parse(headerOf(answer.headers, "location") ?? "", "http://coder.invalid");
  // Neither query nor user information: they may hold secrets.
  const target = location === null || location.hostname === "coder.invalid" ? "" : ` to ${location.origin}`;
  return broken("redirect", `answered ${answer.status}, a redirect${target}`, answer.status, call);
}

function broken(
  reason: CoderErrorReason,
  words: string,
  status: number,
  call: RefusedCall,
  problems: readonly string[] = [],
): CoderResponseError {
  const advice = adviceFor({ kind: "badResponse", reason });
  const message = `${call.method} ${call.path} at ${call.address}: ${words}. ${advice}`;
  return new CoderResponseError(message, {
    reason,
    call: { method: call.method, route: call.route },
    status,
    problems,
  });
}
