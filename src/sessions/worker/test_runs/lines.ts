/** Reports of our own reporters: a line of JSON for each test, after one that says that they begin. */
import { z } from "zod";
import { type Case, resultsOf } from "./results.ts";
import type { Results } from "./types.ts";

const lineSchema = z.object({
  name: z.string(),
  status: z.enum(["passed", "failed", "skipped", "error"]),
  file: z.string().nullish(),
  line: z.number().nullish(),
  message: z.string().nullish(),
});

/** Refusing a line costs more than reading one: a report with so many of them is none. */
const MOST_NOISE = 1_000;
const MOST_CASES = 100_000;

/** Lines that are none of these are left out, as far as there are few of them. Undefined where there is nothing. */
export function parseLines(
  report: string,
  refine: (one: Case) => Case = (one) => one,
): Results | undefined {
  const cases: Case[] = [];
  let noise = 0;
  for (const text of report.split("\n")) {
    const line = lineSchema.safeParse(parsed(text));
    if (!line.success) {
      if (++noise > MOST_NOISE) return undefined;
      continue;
    }
    if (cases.length >= MOST_CASES) break;
    const { name, status, file, line: number, message } = line.data;
    cases.push(refine({
      name,
      status,
      file: file ?? undefined,
      line: number ?? undefined,
      message: message ?? undefined,
    }));
  }
  return report.trim() === "" ? undefined : resultsOf(cases);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
