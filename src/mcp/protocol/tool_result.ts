/** What `tools/call` answers. */
import type { ToolError } from "../errors.ts";
import type { ToolAnswer } from "../run.ts";
import { hasStructuredContent } from "./versions.ts";

export interface ToolResult {
  readonly content: readonly { readonly type: "text"; readonly text: string }[];
  readonly structuredContent?: Record<string, unknown>;
  readonly isError?: true;
  readonly [key: string]: unknown;
}

/** Clients before 2025-06-18 know no data beside the text: there the text is the data. */
export function answerResult(answer: ToolAnswer, version: string): ToolResult {
  if (hasStructuredContent(version)) {
    return { content: [{ type: "text", text: answer.text }], structuredContent: answer.output };
  }
  return { content: [{ type: "text", text: JSON.stringify(answer.output) }] };
}

/** A failure that the model reads. */
export function failureResult(error: ToolError): ToolResult {
  return { content: [{ type: "text", text: error.message }], isError: true };
}
