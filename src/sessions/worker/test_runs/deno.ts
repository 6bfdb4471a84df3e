/** Deno's own test runner. */
import { plain } from "./jest.ts";
import { parseJunit } from "./junit.ts";
import { placeInStack } from "./results.ts";
import type { Framework } from "./types.ts";

export const deno: Framework = {
  markers: ["deno.json", "deno.jsonc"],
  command: ({ path }, args) => ({
    line: 'exec deno test --junit-path="$REPORT" "$@"',
    argv: [
      // The session bounds what tests may do, unless they say themselves.
      ...(args.some((arg) => /^(-A|-P|--(allow|deny|permission))/.test(arg)) ? [] : ["-A"]),
      ...args,
      ...(path === "." ? [] : [path]),
    ],
    env: { DENO_NO_PROMPT: "1", DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
  }),
  parse: (report) =>
    parseJunit(report, ({ attributes, message, text }) => {
      const said = plain(text.trim() === "" ? message : text);
      const place = placeInStack(said);
      const line = Number(attributes["line"]);
      return {
        name: attributes["name"] ?? "",
        file: place?.file ?? attributes["classname"],
        line: place?.line ?? (Number.isInteger(line) ? line : undefined),
        message: said,
      };
    }),
  missing: ({ exitCode }) => exitCode === 127 ? "this worker has no deno" : undefined,
};
