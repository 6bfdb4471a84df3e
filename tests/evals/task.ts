/** What an evaluation is: data, in `tasks/*.yaml`. Anything that is not described here is a mistake in them. */
import { parse } from "yaml";
import { z } from "zod";

export const KINDS = ["reading", "changing", "diagnosing", "refusing"] as const;
export type Kind = (typeof KINDS)[number];

const flat = z.union([z.string(), z.number(), z.boolean()]);

const version = z.strictObject({
  name: z.string(),
  files: z.record(z.string(), z.string()).default({}),
  /** Why its import failed; absent: it did not. */
  failed: z.string().optional(),
  message: z.string().optional(),
  by: z.string().optional(),
  log: z.array(z.string()).default([]),
});

const template = z.strictObject({
  /** The oldest first. */
  versions: z.array(version).min(1),
  /** @default the newest that was imported well */
  active: z.string().optional(),
  description: z.string().optional(),
  deprecated: z.string().optional(),
  parameters: z.record(z.string(), z.string()).default({}),
});

const agent = z.strictObject({
  name: z.string(),
  /** `connected`, `connecting`, `disconnected`, `timeout` */
  status: z.string(),
  lifecycle: z.string().default("ready"),
  apps: z.record(z.string(), z.string()).default({}),
  /** When it was first and last connected, in minutes ago. */
  firstConnectedMinutesAgo: z.number().optional(),
  lastConnectedMinutesAgo: z.number().optional(),
});

const workspace = z.strictObject({
  template: z.string(),
  /** @default the active one */
  version: z.string().optional(),
  state: z.enum(["running", "stopped", "failed", "canceled", "pending"]).default("running"),
  /** Of the build that failed. */
  error: z.string().optional(),
  log: z.array(z.string()).default([]),
  builds: z.int().min(1).default(1),
  /** Days since somebody used it. */
  unusedDays: z.number().default(0),
  dormantDays: z.number().optional(),
  /** Minutes until it stops. */
  stopsIn: z.number().optional(),
  ttlMinutes: z.number().optional(),
  autostart: z.string().optional(),
  parameters: z.record(z.string(), z.string()).default({}),
  agents: z.array(agent).default([]),
  /** How long ago its latest build was asked for. */
  buildMinutesAgo: z.number().default(0),
  /** Tags that the job of its build asks for. */
  tags: z.record(z.string(), z.string()).default({}),
});

const pod = z.strictObject({
  name: z.string(),
  /** The workspace that it belongs to; absent: Coder's own. */
  of: z.string().optional(),
  spec: z.record(z.string(), z.unknown()).default({}),
  /** Of the pod, laid over what its node says once it runs. */
  status: z.record(z.string(), z.unknown()).optional(),
  logs: z.array(z.string()).default([]),
  previousLogs: z.array(z.string()).default([]),
});

const event = z.strictObject({
  /** `Kind/name` */
  about: z.string(),
  type: z.string().default("Warning"),
  reason: z.string(),
  message: z.string(),
  count: z.int().default(1),
  minutesAgo: z.number().default(0),
  /** Of the pod, which its node says it of. */
  container: z.string().optional(),
});

const world = z.strictObject({
  /** Users of Coder and their roles there, `owner` or none. */
  people: z.record(z.string(), z.array(z.string())),
  /** Which ClusterRoles they have in the namespace. */
  access: z.record(z.string(), z.array(z.string())),
  templates: z.record(z.string(), template).default({}),
  /** By `<owner>/<name>`. */
  workspaces: z.record(z.string(), workspace).default({}),
  /** More workspaces that are all alike: how many of which. */
  crowd: z.array(z.strictObject({ count: z.int(), prefix: z.string(), owner: z.string(), workspace }))
    .default([]),
  /** Provisioner daemons: tags by name. */
  daemons: z.array(z.strictObject({
    name: z.string(),
    status: z.enum(["idle", "busy", "offline"]).default("idle"),
    tags: z.record(z.string(), z.string()).default({}),
  })).default([]),
  /** What becomes of builds that are asked for. */
  builds: z.enum(["succeed", "wait"]).default("succeed"),
  /** Days until the licence ends, below zero since; absent: there is none. */
  licenseDays: z.number().optional(),
  /** Coder answers. */
  coder: z.enum(["up", "down"]).default("up"),
  /** Laid over the status that an operator would give the control plane. */
  controlPlane: z.record(z.string(), z.unknown()).default({}),
  /** Manifests, `status` included. */
  objects: z.array(z.record(z.string(), z.unknown())).default([]),
  pods: z.array(pod).default([]),
  events: z.array(event).default([]),
});

const change = z.union([z.literal("gone"), z.literal("new"), z.record(z.string(), flat)]);

const expected = z.strictObject({
  /** What the answer has to say: text, whatever its case, or `/regular expressions/`. All of them. */
  says: z.array(z.string()).default([]),
  /** What it must not have. */
  never: z.array(z.string()).default([]),
  /** Participles that it must not claim, such as `deleted`. */
  unclaimed: z.array(z.string()).default([]),
  /** What is other than before, by the names of `world/snapshot.ts`; nothing else may be. */
  changes: z.record(z.string(), change).default({}),
});

const planted = z.strictObject({
  /** Text that must reach the client between the marks of what others have written. */
  text: z.string(),
  /** What it asks for, in a few words. */
  wants: z.string(),
  /**
   * Whether the caller may do that at all. Where they may (`own`), nothing but a plan that a person sees is between a client
   * that obeys and the deed; where not (`beyond`), it is refused.
   */
  reach: z.enum(["own", "beyond"]),
});

export const TASK = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{2,48}$/),
  kind: z.enum(KINDS),
  /** In a person's words; `{namespace}` is where all of it is. */
  question: z.string(),
  /** Who asks. */
  caller: z.string(),
  world,
  expect: expected,
  planted: planted.optional(),
  /** What a client that knows the way needs, with some room: a regression where it needs more. */
  most: z.strictObject({ calls: z.int().min(0), bytes: z.int().min(0) }),
});

export type Task = z.output<typeof TASK>;
export type World = z.output<typeof world>;
export type WorkspaceData = z.output<typeof workspace>;
export type TemplateData = z.output<typeof template>;
export type PodData = z.output<typeof pod>;
export type EventData = z.output<typeof event>;
export type Expected = z.output<typeof expected>;
export type Change = z.output<typeof change>;

const FOLDER = new URL("./tasks/", import.meta.url);

/**
 * All of them, in the order of {@linkcode KINDS} and of the files.
 *
 * @throws where a file is not as it should be, or an id is there twice
 */
export async function readTasks(folder: URL = FOLDER): Promise<Task[]> {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(folder)) if (name.endsWith(".yaml")) files.push(name);
  const tasks: Task[] = [];
  for (const name of files.sort()) {
    tasks.push(...tasksOf(await Deno.readTextFile(new URL(name, folder)), name));
  }
  const ids = tasks.map(({ id }) => id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (twice.length > 0) throw new Error(`evaluations are there twice: ${twice.join(", ")}`);
  return tasks.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
}

/** Tasks of one file: a list, or `shared` things of YAML and `tasks`. */
export function tasksOf(text: string, name: string): Task[] {
  const document = parse(text, { merge: true }) as { readonly tasks?: unknown } | null;
  const parsed = z.array(TASK).safeParse(document?.tasks);
  if (!parsed.success) throw new Error(`${name}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** The question as the client gets it. */
export function questionOf({ question }: Pick<Task, "question">, namespace: string): string {
  return question.trim().replaceAll("{namespace}", namespace);
}
