/** The bodies of refusals: Coder's error object, a Kubernetes Status, an HTML page, or nothing. */
import { z } from "zod";
import type { Validation } from "./errors.ts";
import { headerOf } from "./retry_after.ts";
import type { TransportAnswer } from "./transport.ts";

/** Coder's own words, without secrets. */
export interface RefusalBody {
  readonly message: string;
  readonly detail: string;
  readonly validations: readonly Validation[];
}

/** Longer texts of a server are cut, in characters. */
const LONGEST_TEXT = 1_000;

const text = z.string().catch("");
const refusalSchema = z.object({
  message: text,
  detail: text,
  validations: z.array(z.object({ field: text, detail: text })).catch([]),
});

/** Parses JSON; undefined where it is none. The parser's own error quotes the text, so it is not passed on. */
export function parseJson(body: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(body) };
  } catch {
    return undefined;
  }
}

/** Reads `{message, detail, validations}`; a plain text (428, 400 of the CSRF guard) becomes the message. */
export function readRefusal(body: string, clean: (text: string) => string): RefusalBody {
  const tidy = (value: string) => cut(clean(value));
  const parsed = refusalSchema.safeParse(parseJson(body)?.value);
  if (!parsed.success) {
    const message = /^\s*</.test(body) ? pageTitle(body) : body.trim().split("\n", 1)[0] ?? "";
    return { message: tidy(message), detail: "", validations: [] };
  }
  const { message, detail, validations } = parsed.data;
  return {
    message: tidy(message),
    detail: tidy(detail),
    validations: validations.slice(0, 20).map((one) => ({
      field: tidy(one.field),
      detail: tidy(one.detail),
    })),
  };
}

/** The gist of an answer that is not Coder's: a Status message, a page's title. */
export function foreignMessage(answer: TransportAnswer, clean: (text: string) => string): string {
  const type = headerOf(answer.headers, "content-type") ?? "";
  if (/json/i.test(type)) {
    const { message } = readRefusal(answer.body, clean);
    return message;
  }
  const title = /html/i.test(type) || /^\s*</.test(answer.body)
    ? pageTitle(answer.body)
    : answer.body.trim().split("\n", 1)[0] ?? "";
  return cut(clean(title));
}

function pageTitle(html: string): string {
  const title = /<title[^>]*>([^<]{1,200})/i.exec(html.slice(0, 20_000))?.[1]?.trim();
  return title === undefined || title === "" ? "an HTML page" : `an HTML page "${title}"`;
}

function cut(value: string): string {
  return value.length <= LONGEST_TEXT ? value : `${value.slice(0, LONGEST_TEXT)}…`;
}
