/** A Coder for tests of readers. */
import type { CallSpec } from "../../coder/mod.ts";
import type { CoderReader } from "../look.ts";
import { fakeLooker } from "../testing.ts";

/** Answers with what `answers` has for a path; what it does not have is `undefined`. `asked` hears of each question. */
export async function readerOf(
  answers: Readonly<Record<string, unknown>>,
  asked: (path: string, query: CallSpec<unknown>["query"]) => void = () => {},
): Promise<CoderReader> {
  const subject = { kind: "workspace", namespace: "lab", name: "acme.ann.dev" } as const;
  const looker = fakeLooker(subject, {
    coder(path, { query }) {
      asked(path, query);
      return answers[path];
    },
  });
  return await looker.coder({ namespace: "lab", need: { verb: "get", resource: "coderworkspaces" } });
}
