/** One thing that is wrong, in a sentence, with the words that prove it. */
import { z } from "zod";

export const TROUBLE = z.object({
  about: z.string().describe("pod, container dev, volume claim home …"),
  says: z.string(),
  evidence: z.string().optional().describe("Kubernetes' words"),
});
export type Trouble = Readonly<z.output<typeof TROUBLE>>;

/** Makes one; what is empty is left out, and evidence is one line. */
export function trouble(about: string, says: string, ...evidence: readonly (string | undefined)[]): Trouble {
  const words = evidence.map(oneLine).filter((part) => part !== "").join(": ");
  return { about, says, ...(words === "" ? {} : { evidence: words }) };
}

// Orders to terminals; other characters that show nothing, hide text or turn its direction.
// deno-lint-ignore no-control-regex -- it is they that go
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g;
const UNSEEN =
  // deno-lint-ignore no-control-regex -- it is they that go
  /[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu;

/** As a person would see it, without line ends and repeated spaces, at most 600 characters. */
export function oneLine(text: string | undefined): string {
  const seen = (text ?? "").slice(0, 16_384).replace(ESCAPES, "").replace(UNSEEN, "");
  const line = seen.trim().replace(/\s+/g, " ");
  return line.length <= 600 ? line : `${line.slice(0, 599).toWellFormed().replace(/\ufffd$/, "")}…`;
}
