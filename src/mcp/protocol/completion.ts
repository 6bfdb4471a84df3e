/** `completion/complete` as the surface understands it. */
import type { CompletionQuestion } from "../surface.ts";

interface CompleteParams {
  readonly ref: { readonly type: "ref/prompt"; readonly name: string } | {
    readonly type: "ref/resource";
    readonly uri: string;
  };
  readonly argument: { readonly name: string; readonly value: string };
  readonly context?: { readonly arguments?: Readonly<Record<string, string>> | undefined } | undefined;
}

/** Data in, data out. */
export function completeQuestion({ ref, argument, context }: CompleteParams): CompletionQuestion {
  return {
    ref: ref.type === "ref/prompt" ? { type: "prompt", name: ref.name } : { type: "resource", uri: ref.uri },
    argument: { name: argument.name, value: argument.value },
    context: context?.arguments ?? {},
  };
}
