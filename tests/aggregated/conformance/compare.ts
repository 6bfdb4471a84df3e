/** A case is one request; its answer must be the same from all who serve it, unless the case says why it is not. */
import { isDeepStrictEqual } from "node:util";
import { type Seen, seenOf } from "./normal_form.ts";
import { fill, type Side, type Twin, type Twins } from "./twins.ts";

export interface Case {
  /** `GET {here}/a?limit=2`, with the words that the twins know. */
  readonly ask: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /**
   * The same question to a resource that is built in, such as `HEAD /api/v1/namespaces/{ns}/configmaps`, where
   * kube-apiserver treats custom resources otherwise than all others.
   */
  readonly like?: string;
  /** What is different, and why that is meant so. The test fails where there is no difference any more. */
  readonly differs?: Difference;
}

export interface Difference {
  readonly why: string;
  readonly code: number;
  readonly reason?: string;
  /** Where it is so. @default both */
  readonly at?: Side;
  /** The API server itself answers now so, now otherwise: both are right. @default {false} */
  readonly isFickle?: boolean;
}

/** A case with an `Accept` header. */
export const accepting = (ask: string, accept: string, differs?: Difference): Case => ({
  ask,
  headers: { accept },
  ...(differs === undefined ? {} : { differs }),
});

/** Asks case after case, all sides at once; what is wrong, or nothing. */
export async function objectionsTo(cases: readonly Case[], { twins }: Pick<Twins, "twins">): Promise<string> {
  const objections = new Objections();
  for (const item of cases) {
    const [wanted, ...answers] = await Promise.all([
      answerTo({ ...item, ask: item.like ?? item.ask }, twins.crd),
      ...OURS.map((side) => answerTo(item, twins[side])),
    ]);
    for (const [index, side] of OURS.entries()) objections.compare(item, side, wanted, answers[index]!);
  }
  return objections.toString();
}

export const OURS = ["front", "direct"] as const;

/** What is wrong, by how, with the cases that it is so for. */
export class Objections {
  readonly #cases = new Map<string, string[]>();

  compare(item: Case, side: Side, wanted: Seen, got: Seen): void {
    const objection = objectionOf(wanted, got, differenceAt(item, side));
    if (objection === undefined) return;
    const titles = this.#cases.get(objection) ?? [];
    titles.push(`${side}: ${titleOf(item)}`);
    this.#cases.set(objection, titles);
  }

  toString(): string {
    if (this.#cases.size === 0) return "";
    return [
      ...[...this.#cases].map(([how, titles]) => `${how}\n  ${titles.join("\n  ")}`),
      summaryOf([...this.#cases.values()].flat()),
    ].join("\n");
  }
}

/** The last line of objections: who has but the end of a log reads there what failed. */
export function summaryOf(failed: readonly string[]): string {
  const more = failed.length > MOST_NAMED ? "; …" : "";
  return `${failed.length} failed: ${failed.slice(0, MOST_NAMED).join("; ")}${more}`;
}

const MOST_NAMED = 5;

function differenceAt({ differs }: Case, side: Side): Difference | undefined {
  return differs?.at === undefined || differs.at === side ? differs : undefined;
}

export function titleOf({ ask, headers }: Case): string {
  const whole = headers === undefined ? ask : `${ask} ${JSON.stringify(headers)}`;
  return whole.length > 200 ? `${whole.slice(0, 200)}…` : whole;
}

async function answerTo({ ask, headers, body }: Case, twin: Twin): Promise<Seen> {
  const [method = "", path = ""] = ask.split(" ");
  const reply = await twin.caller.call({
    method,
    path: fill(path, twin),
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined ? {} : { body: fill(body, twin) }),
  });
  return seenOf(reply, twin);
}

function objectionOf(wanted: Seen, got: Seen, differs: Difference | undefined): string | undefined {
  const isEqual = isDeepStrictEqual(got, wanted);
  if (differs === undefined) return isEqual ? undefined : differenceText(wanted, got);
  if (isEqual && differs.isFickle === true) return undefined;
  if (isEqual) return `is equal, though it is said to differ: ${differs.why}`;
  return got.code === differs.code && reasonOf(got) === differs.reason
    ? undefined
    : `differs otherwise than it is said to: ${got.code} ${reasonOf(got)}`;
}

function reasonOf({ body }: Seen): string | undefined {
  return (typeof body === "object" && body !== null ? body as { reason?: string } : {}).reason;
}

/** The places where two answers differ; where the codes do, nothing else is of interest. */
function differenceText(wanted: Seen, got: Seen): string {
  if (wanted.code !== got.code) {
    const text = (seen: Seen) => `${seen.code} ${reasonOf(seen)}`;
    return `${text(got)}, where kube-apiserver has ${text(wanted)}`;
  }
  return placesOf(wanted, got).slice(0, 6).join("\n");
}

/** The lines in which two texts differ; nothing where they do not. */
export function differenceOf(wanted: string, got: string): string {
  if (wanted === got) return "";
  const [left, right] = [wanted.split("\n"), got.split("\n")];
  const lines: string[] = [];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    if (left[index] !== right[index]) lines.push(`  - ${left[index]}`, `  + ${right[index]}`);
  }
  return lines.slice(0, 12).join("\n");
}

export function placesOf(wanted: unknown, got: unknown): string[] {
  const places: string[] = [];
  collect("", wanted, got, places);
  return places;
}

function collect(path: string, wanted: unknown, got: unknown, places: string[]): void {
  if (isDeepStrictEqual(wanted, got)) return;
  const isBranch = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null;
  if (!isBranch(wanted) || !isBranch(got) || Array.isArray(wanted) !== Array.isArray(got)) {
    const text = (value: unknown) => (JSON.stringify(value) ?? "nothing").slice(0, 300);
    places.push(`${path}: ${text(got)}, where kube-apiserver has ${text(wanted)}`);
    return;
  }
  for (const key of new Set([...Object.keys(wanted), ...Object.keys(got)])) {
    collect(`${path}.${key}`, wanted[key], got[key], places);
  }
}
