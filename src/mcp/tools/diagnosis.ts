/** Why something is not up: what Coder and Kubernetes say, joined, with the caller's rights. */
import { z } from "zod";
import {
  type Cause,
  diagnose,
  type Diagnosis,
  NoSubjectError,
  type SubjectKind,
} from "../../diagnosis/mod.ts";
import { ToolError, toolError } from "../errors.ts";
import { nameInput, namespaceInput, readTool, type Tool, type Toolset } from "../tool.ts";
import { diagnosisText } from "../answers/diagnosis_text.ts";

/** What is told of what could not be read. */
const MOST_NOT_SEEN = 8;
const LONGEST_REASON = 200;
/** Of one sentence, and of one command. */
const LONGEST = 600;

const OUTPUT = z.object({
  state: z.string(),
  healthy: z.boolean(),
  causes: z.array(z.object({
    rule: z.string(),
    cause: z.string(),
    confidence: z.string(),
    evidence: z.array(z.object({ source: z.string(), at: z.string().optional(), quote: z.string() }))
      .describe(
        "Others' words",
      ),
    next: z.array(z.object({
      text: z.string(),
      command: z.string().optional(),
      tool: z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()) }).optional(),
    })),
  })).describe("The likeliest root first"),
  notSeen: z.array(z.string()),
});

/** What the tools answer. */
export type DiagnosisAnswer = z.output<typeof OUTPUT>;

function diagnosisTool(kind: SubjectKind, name: string, what: string, toolset: Toolset): Tool {
  return readTool({
    name,
    description: `Why ${what}, joining Coder and Kubernetes: ranked causes, evidence, next steps`,
    toolset,
    input: z.object({ namespace: namespaceInput(), name: nameInput() }),
    output: OUTPUT,
    idempotent: true,
    async read({ namespace, name }, { cluster, coders, now, signal }) {
      try {
        return answerOf(await diagnose({ kind, namespace, name }, { cluster, coders, now }, { signal }));
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof NoSubjectError)) {
          throw toolError(error, `diagnose ${kind} ${namespace}/${name}`);
        }
        throw new ToolError(error.code, `diagnose ${kind}: ${error.message}`, { cause: error });
      }
    },
    text: diagnosisText,
  });
}

/** `diagnose_workspace` */
export const diagnoseWorkspace = diagnosisTool(
  "workspace",
  "diagnose_workspace",
  "a workspace is not up",
  "core",
);
/** `diagnose_control_plane` */
export const diagnoseControlPlane = diagnosisTool(
  "controlplane",
  "diagnose_control_plane",
  "a control plane is not well",
  "core",
);
/** `diagnose_provisioner` */
export const diagnoseProvisioner = diagnosisTool(
  "provisioner",
  "diagnose_provisioner",
  "a provisioner takes no builds",
  "core",
);
/** `diagnose_workspace_proxy` */
export const diagnoseWorkspaceProxy = diagnosisTool(
  "proxy",
  "diagnose_workspace_proxy",
  "a workspace proxy is not up",
  "platform",
);

/** In the order in which they are listed. */
export const DIAGNOSIS_TOOLS: readonly Tool[] = [
  diagnoseWorkspace,
  diagnoseControlPlane,
  diagnoseProvisioner,
  diagnoseWorkspaceProxy,
];

/** No longer than somebody reads, whatever the objects are called and the API server says. */
export function answerOf({ state, healthy, causes, notSeen }: Diagnosis): z.input<typeof OUTPUT> {
  const told = notSeen.slice(0, MOST_NOT_SEEN).map(({ what, why }) =>
    `${cut(what, LONGEST_REASON)}: ${cut(why, LONGEST_REASON)}`
  );
  const more = notSeen.length - told.length;
  return {
    state: cut(state, LONGEST),
    healthy,
    causes: causes.map(causeOf),
    notSeen: more > 0 ? [...told, `and ${more} more`] : told,
  };
}

function causeOf({ rule, cause, confidence, evidence, next }: Cause): DiagnosisAnswer["causes"][number] {
  return {
    rule,
    cause: cut(cause, LONGEST),
    confidence,
    evidence: evidence.map(({ source, at, quote }) => ({
      source: cut(source, LONGEST_REASON),
      ...(at === undefined ? {} : { at }),
      quote: cut(quote, LONGEST),
    })),
    next: next.map(({ text, command, tool }) => ({
      text: cut(text, LONGEST),
      // Half a command would be another one.
      ...(command === undefined || command.length > LONGEST ? {} : { command }),
      ...(tool === undefined ? {} : { tool: { name: tool.name, arguments: { ...tool.arguments } } }),
    })),
  };
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).toWellFormed().replace(/\ufffd$/, "")}…`;
}
