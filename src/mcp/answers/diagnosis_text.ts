/** A diagnosis as compact text: what is concluded, with the words that prove it, and what to do next. */
import { fenced } from "./untrusted.ts";

/** As the tools answer it. */
export interface ToldDiagnosis {
  readonly state: string;
  readonly healthy: boolean;
  readonly causes: readonly {
    readonly rule: string;
    readonly cause: string;
    readonly confidence: string;
    readonly evidence: readonly {
      readonly source: string;
      readonly at?: string | undefined;
      readonly quote: string;
    }[];
    readonly next: readonly {
      readonly text: string;
      readonly command?: string | undefined;
      readonly tool?:
        | { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> }
        | undefined;
    }[];
  }[];
  readonly notSeen: readonly string[];
}

/**
 * Makes it. What is concluded quotes logs, events and names that others have chosen: it is fenced with its proofs, and the
 * next steps, which are the server's own, come after it.
 *
 * @param mark of the fence; @default {a random one}
 */
export function diagnosisText({ state, healthy, causes, notSeen }: ToldDiagnosis, mark?: string): string {
  if (causes.length === 0) {
    return [state, healthy ? "Nothing is wrong." : "No cause was found.", ...unseen(notSeen)].join("\n");
  }
  const quotes: string[] = [];
  const concluded = causes.map(({ rule, cause, confidence, evidence }, index) => {
    const numbers = evidence.map(({ source, at, quote }) => {
      quotes.push(`[${quotes.length + 1}] ${source}${at === undefined ? "" : ` at ${at}`}: ${quote}`);
      return ` [${quotes.length}]`;
    });
    return `${index + 1}. ${cause} (${confidence}, ${rule})${numbers.join("")}`;
  });
  const steps = causes.flatMap(({ next }, index) =>
    next.flatMap(({ text, command, tool }, step) => [
      `${step === 0 ? `${index + 1}.` : "  "} - ${text}`,
      ...(command === undefined ? [] : [`     $ ${command}`]),
      ...(tool === undefined ? [] : [`     tool ${tool.name} ${JSON.stringify(tool.arguments)}`]),
    ])
  );
  return [
    fenced("what is wrong, and the words that prove it", [state, ...concluded, ...quotes].join("\n"), mark),
    ...(steps.length === 0 ? [] : ["next:", ...steps]),
    ...unseen(notSeen),
  ].join("\n");
}

function unseen(notSeen: readonly string[]): string[] {
  return notSeen.length === 0 ? [] : ["not seen, and not guessed:", ...notSeen.map((one) => `- ${one}`)];
}
