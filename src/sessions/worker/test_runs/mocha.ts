/** Mocha. Its output is its report: its runner has one reporter. */
import { z } from "zod";
import { plain } from "./jest.ts";
import { installedBy, withPackages } from "./npm_tool.ts";
import { type Case, placeInStack, resultsOf } from "./results.ts";
import type { Framework, Results } from "./types.ts";

export const mocha: Framework = {
  markers: ["package.json"],
  command: ({ root, path }, args) => ({
    line: withPackages(root, 'exec mocha --reporter json --reporter-option output="$REPORT" "$@"'),
    argv: [...args, ...(path === "." ? [] : [path])],
  }),
  parse: parseMocha,
  missing: installedBy("mocha"),
};

const testSchema = z.object({
  fullTitle: z.string(),
  file: z.string().nullish(),
  err: z.object({ message: z.string().optional(), stack: z.string().optional() }).optional(),
});
const reportSchema = z.object({
  tests: z.array(testSchema),
  pending: z.array(testSchema),
  failures: z.array(testSchema),
  passes: z.array(testSchema),
});

export function parseMocha(report: string): Results | undefined {
  let read: unknown;
  try {
    read = JSON.parse(report);
  } catch {
    return undefined;
  }
  const parsed = reportSchema.safeParse(read);
  if (!parsed.success) return undefined;
  const { passes, pending, failures } = parsed.data;
  const quiet = (status: Case["status"]) => ({ fullTitle }: { fullTitle: string }) => ({
    name: fullTitle,
    status,
  });
  return resultsOf([
    ...passes.map(quiet("passed")),
    ...pending.map(quiet("skipped")),
    ...failures.map(({ fullTitle, file, err }): Case => {
      const message = plain(err?.stack ?? err?.message ?? "");
      const place = placeInStack(message) ?? placeFrom(message, file ?? "");
      return {
        name: fullTitle,
        status: /"(before|after)( each| all)?" hook/.test(fullTitle) ? "error" : "failed",
        file: place?.file ?? file ?? undefined,
        line: place?.line,
        message,
      };
    }),
  ]);
}

/** Mocha names files from where it was started. */
function placeFrom(
  stack: string,
  file: string,
): { readonly file: string; readonly line: number } | undefined {
  for (const [, path, line] of stack.matchAll(/[(\s]([^\s():]+):(\d+):\d+/g)) {
    if (file.endsWith(`/${path}`)) return { file, line: Number(line) };
  }
  return undefined;
}
