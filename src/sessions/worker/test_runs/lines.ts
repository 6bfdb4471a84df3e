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

/** Lines that are none of these are left out. Undefined where there is nothing. */
export function parseLines(
  report: string,
  refine: (one: Case) => Case = (one) => one,
): Results | undefined {
  const cases: Case[] = [];
  for (const text of report.split("\n")) {
    const line = lineSchema.safeParse(parsed(text));
    if (!line.success) continue;
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
