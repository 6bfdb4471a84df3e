/** Jest, and Vitest, which reports in Jest's manner. */
import { z } from "zod";
import { installedBy, withPackages } from "./npm_tool.ts";
import { type Case, placeInStack, resultsOf } from "./results.ts";
import type { Framework, Results } from "./types.ts";

export const jest: Framework = {
  markers: ["package.json"],
  command: ({ root, path }, args) => ({
    line: withPackages(root, 'exec jest --json --outputFile="$REPORT" --testLocationInResults "$@"'),
    argv: [...args, ...(path === "." ? [] : [path])],
    env: { CI: "1", NO_COLOR: "1" },
  }),
  parse: parseJest,
  missing: installedBy("jest"),
};

export const vitest: Framework = {
  markers: ["package.json"],
  command: ({ root, path }, args) => ({
    line: withPackages(
      root,
      'exec vitest run --reporter=default --reporter=json --outputFile.json="$REPORT" "$@"',
    ),
    argv: [...args, ...(path === "." ? [] : [path])],
    env: { CI: "1", NO_COLOR: "1" },
  }),
  parse: parseJest,
  missing: installedBy("vitest"),
};

const text = z.string().nullish();
const reportSchema = z.object({
  testResults: z.array(z.object({
    name: z.string(),
    status: text,
    message: text,
    assertionResults: z.array(z.object({
      fullName: z.string(),
      status: z.string(),
      failureMessages: z.array(z.string()).nullish(),
      location: z.object({ line: z.number() }).nullish(),
    })),
  })),
});

export function parseJest(report: string): Results | undefined {
  let read: unknown;
  try {
    read = JSON.parse(report);
  } catch {
    return undefined;
  }
  const parsed = reportSchema.safeParse(read);
  if (!parsed.success) return undefined;
  const cases: Case[] = [];
  for (const { name: file, status, message, assertionResults } of parsed.data.testResults) {
    if (status === "failed" && assertionResults.length === 0) {
      const place = placeInStack(message ?? "");
      cases.push({
        name: file,
        status: "error",
        file,
        line: place?.file === file ? place.line : undefined,
        message: plain(message ?? ""),
      });
    }
    for (const { fullName, status: one, failureMessages, location } of assertionResults) {
      const said = plain((failureMessages ?? []).join("\n\n"));
      const place = placeInStack(said);
      cases.push({
        name: fullName,
        status: one === "passed" ? "passed" : one === "failed" ? "failed" : "skipped",
        file: place?.file ?? file,
        line: place?.line ?? location?.line,
        message: said,
      });
    }
  }
  return resultsOf(cases);
}

/** Without colors. */
export function plain(message: string): string {
  // deno-lint-ignore no-control-regex
  return message.replace(/\x1b\[[0-9;]*m/g, "");
}
