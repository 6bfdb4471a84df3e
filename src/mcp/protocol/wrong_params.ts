/** Parameters that are not of the protocol: the SDK calls them a mistake of its own; they are one of the client. */
import { type JSONRPCMessage, ProtocolErrorCode } from "@modelcontextprotocol/server";

interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** The same message, with the code and the words that a client can do something with; others as they are. */
export function tellWrongParams(message: JSONRPCMessage): JSONRPCMessage {
  if (!("error" in message) || message.error.code !== ProtocolErrorCode.InternalError) return message;
  const issues = issuesOf(message.error.message);
  if (issues === undefined) return message;
  const words = issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  const error = { code: ProtocolErrorCode.InvalidParams, message: `wrong parameters: ${words}` };
  return { ...message, error };
}

/** What a schema complains of, which the SDK gives as JSON for the words of its error. */
function issuesOf(text: string): readonly Issue[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const issues = JSON.parse(text) as readonly Partial<Issue>[];
    const areIssues = issues.length > 0 &&
      issues.every(({ path, message }) => Array.isArray(path) && typeof message === "string");
    return areIssues ? issues as readonly Issue[] : undefined;
  } catch {
    return undefined;
  }
}
