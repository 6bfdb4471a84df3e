/** Keys of external provisioners: how old they are, and new ones. The keys themselves are never shown. */
import { z } from "zod";
import { durationMs } from "../../api/duration.ts";
import { CoderProvisioners, parseProvisioner, type Provisioner } from "../../api/provisioner.ts";
import { ROTATE_ANNOTATION } from "../../api/provisioner_key.ts";
import { ToolError, toolError } from "../errors.ts";
import { changeTool, nameInput, namespaceInput, readTool, type ToolCall } from "../tool.ts";
import { toldConditions } from "./conditions.ts";
import { getObject, parsed, target } from "./reading.ts";
import { KUBE_MS, within } from "../../caller/within.ts";

const INPUT = z.object({ namespace: namespaceInput(), name: nameInput() });
type Input = z.output<typeof INPUT>;

const KEY = z.object({
  provisioner: z.string(),
  keyName: z.string().optional(),
  ownKey: z.boolean().describe("Of spec.key.existingSecret: never rotated"),
  createdAt: z.string().optional(),
  ageSeconds: z.int().optional(),
  rotateAfter: z.string().optional(),
  rotationDueAt: z.string().optional(),
  rotationPending: z.boolean(),
  state: z.string().optional().describe("Of the condition ProvisionerKeyReady"),
  otherKeys: z.array(z.object({ name: z.string(), step: z.string(), since: z.string() })).optional()
    .describe("Being made or removed"),
});

/** `get_provisioner_key_age` */
export const getProvisionerKeyAge = readTool({
  name: "get_provisioner_key_age",
  description: "Age of a provisioner's key, and when the next is due",
  toolset: "platform",
  input: INPUT,
  output: KEY,
  idempotent: true,
  async read(input, call) {
    const told = keyOf(await provisioner(input, call, "get the key of"), call.now());
    if (told.createdAt === undefined && !told.ownKey) call.warn("when the key was made is not known yet");
    return told;
  },
});

const WHAT = "rotate the key of";

/** `rotate_provisioner_key` */
export const rotateProvisionerKey = changeTool({
  name: "rotate_provisioner_key",
  description: "Replace a provisioner's key by a new one; the old one ends once no pod uses it",
  toolset: "platform",
  input: INPUT,
  output: z.object({
    provisioner: z.string(),
    keyName: z.string().optional().describe("The present one"),
    createdAt: z.string().optional(),
    rotationPending: z.boolean(),
  }),
  // Whoever asks again while one is pending gets no second one.
  idempotent: true,
  destructive: false,
  async plan(input, call) {
    const { provisioner: text, found, answer } = await rotatable(input, call);
    if (answer.rotationPending) {
      call.warn("a rotation that was asked for before is not over yet");
      return { answer };
    }
    // Finds out whether the caller may, and whether it would be taken.
    await annotate(input, found, call, { dryRun: true });
    const { keyName, createdAt } = answer;
    const present = keyName === undefined ? "it has none yet" : `present key: ${keyName}`;
    return {
      answer,
      plan: {
        summary: `Replace the key of provisioner ${text} by a new one (${present}) and its pods with it`,
        preconditions: {
          uid: found.metadata.uid ?? "",
          key: keyName ?? "",
          createdAt: createdAt ?? "",
          asked: found.metadata.annotations?.[ROTATE_ANNOTATION] ?? "",
        },
      },
    };
  },
  async apply(input, call, { preconditions }) {
    const { found, answer } = await rotatable(input, call);
    const isAsPlanned = found.metadata.uid === preconditions["uid"] &&
      (found.metadata.annotations?.[ROTATE_ANNOTATION] ?? "") === preconditions["asked"];
    if (!isAsPlanned) {
      throw new ToolError("conflict", `${WHAT} ${answer.provisioner}: it has changed; ask once more`);
    }
    await annotate(input, found, call);
    return { ...answer, rotationPending: true };
  },
});

async function rotatable(input: Input, call: ToolCall) {
  const found = await provisioner(input, call, WHAT);
  const { provisioner: text, ownKey, keyName, createdAt, rotationPending } = keyOf(found, call.now());
  if (found.metadata.deletionTimestamp !== undefined) {
    throw new ToolError("conflict", `${WHAT} ${text}: the provisioner is being deleted`);
  }
  if (ownKey) {
    const secret = found.spec.key.existingSecret;
    throw new ToolError(
      "invalid",
      `${WHAT} ${text}: its key is one that was brought along: put a new one into the Secret ${secret}`,
    );
  }
  return { provisioner: text, found, answer: { provisioner: text, keyName, createdAt, rotationPending } };
}

/** As the operator is asked for a rotation: any new value of the annotation is a request. */
async function annotate(
  input: Input,
  { metadata: { uid } }: Provisioner,
  { cluster, signal, now }: ToolCall,
  options: { readonly dryRun?: boolean } = {},
): Promise<void> {
  const { key, text } = target(input);
  // The time of a plan is none of what it is about.
  const value = new Date(now()).toISOString();
  const body = { metadata: { uid, annotations: { [ROTATE_ANNOTATION]: value } } };
  try {
    await within(signal, KUBE_MS, (signal) =>
      cluster.patch(CoderProvisioners, key, { type: "merge", body }, {
        ...options,
        signal,
        timeoutMs: KUBE_MS,
      }));
  } catch (error) {
    signal.throwIfAborted();
    throw toolError(error, `${WHAT} ${text}`);
  }
}

async function provisioner(input: Input, call: ToolCall, verb: string): Promise<Provisioner> {
  const { key, text } = target(input);
  const what = `${verb} ${text}`;
  const object = await getObject(call, CoderProvisioners, key, what);
  return parsed(what, () => parseProvisioner(object));
}

function keyOf({ metadata, spec, status }: Provisioner, now: number): z.output<typeof KEY> {
  const createdAt = status.key?.createdAt;
  const created = Date.parse(createdAt ?? "");
  const isKnown = !Number.isNaN(created);
  const afterMs = durationMs(spec.key.rotateAfter ?? "");
  const ready = toldConditions(status.conditions).find(({ type }) => type === "ProvisionerKeyReady");
  const asked = metadata.annotations?.[ROTATE_ANNOTATION] ?? "";
  const ownKey = (spec.key.existingSecret ?? "") !== "";
  const others = (status.keyIntents ?? []).map(({ name, step, since }) => ({ name, step, since }));
  return {
    provisioner: `${metadata.namespace ?? ""}/${metadata.name ?? ""}`,
    keyName: status.provisionerKeyName,
    ownKey,
    createdAt,
    ageSeconds: isKnown ? Math.max(0, Math.floor((now - created) / 1_000)) : undefined,
    rotateAfter: spec.key.rotateAfter || undefined,
    rotationDueAt: isKnown && afterMs !== undefined ? new Date(created + afterMs).toISOString() : undefined,
    rotationPending: !ownKey && asked !== "" && asked !== status.key?.rotation,
    state: ready === undefined ? undefined : `${ready.reason ?? ready.status}: ${ready.message ?? ""}`,
    ...(others.length === 0 ? {} : { otherKeys: others }),
  };
}
