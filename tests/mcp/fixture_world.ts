/** A world in memory that the transport is served with: no cluster, no Coder, callers known by their tokens. */
import { ToolError } from "../../src/mcp/errors.ts";
import { createCatalog } from "../../src/mcp/catalog.ts";
import type {
  Admission,
  Admit,
  IncomingCall,
  McpAuditRecord,
  ServingWorld,
  Surface,
  Visitor,
} from "../../src/mcp/surface.ts";
import type { PlanBook } from "../../src/mcp/run.ts";
import { MemoryPlans } from "../../src/mcp/testing.ts";
import { fixtureTools, newTraces, type Traces } from "./fixture_tools.ts";

export interface FixtureWorld {
  readonly world: ServingWorld;
  readonly admit: Admit;
  readonly audit: McpAuditRecord[];
  readonly traces: Traces;
}

/** What replicas of one deployment share. */
export interface SharedState {
  readonly keys: readonly Uint8Array[];
  readonly plans: PlanBook;
  readonly traces: Traces;
}

export const newSharedState = (): SharedState => ({
  keys: [crypto.getRandomValues(new Uint8Array(32))],
  plans: new MemoryPlans(),
  traces: newTraces(),
});

export interface FixtureOptions {
  readonly shared?: SharedState;
  /** Named in answers of `add`. @default {"one"} */
  readonly replica?: string;
  /** Who has which token. @default everybody is let in as `anybody` */
  readonly tokens?: Readonly<Record<string, string>>;
  /** Hears of every request before it is let in. */
  readonly seen?: (call: IncomingCall) => void;
}

/** Makes it. */
export function fixtureWorld(options: FixtureOptions = {}): FixtureWorld {
  const { shared = newSharedState(), replica = "one", tokens } = options;
  const [current] = shared.keys;
  if (current === undefined) throw new Error("A world needs a key.");
  const audit: McpAuditRecord[] = [];
  const world: ServingWorld = {
    surface: fixtureSurface(shared.traces, replica),
    audit: (record) => void audit.push(record),
    plans: shared.plans,
    keys: () => ({ current, all: shared.keys }),
  };
  const admit: Admit = (call) => {
    options.seen?.(call);
    return Promise.resolve(letIn(call.headers.get("authorization"), tokens));
  };
  return { world, admit, audit, traces: shared.traces };
}

function letIn(authorization: string | null, tokens: FixtureOptions["tokens"]): Admission {
  if (tokens === undefined) return { visitor: visitorNamed("anybody") };
  const token = /^Bearer (.+)$/.exec(authorization ?? "")?.[1];
  const name = token === undefined ? undefined : tokens[token];
  if (name !== undefined) return { visitor: visitorNamed(name) };
  return { refusal: { status: 401, message: "There is no valid token.", challenge: "Bearer" } };
}

/** Somebody with no cluster and no Coder. */
export function visitorNamed(name: string): Visitor {
  return {
    caller: {
      user: { name, groups: ["system:authenticated"], extra: {} },
      method: "token",
      id: `id-of-${name}`,
    },
    cluster: nowhere("cluster"),
    coders: nowhere("Coder"),
  };
}

const nowhere = <T extends object>(what: string): T =>
  new Proxy({} as T, {
    get: (_, name) => () => Promise.reject(new Error(`There is no ${what}, and ${String(name)} is called.`)),
  });

const NOTES = ["alpha", "beta", "gamma", "delta"];

function fixtureSurface(traces: Traces, replica: string): Surface {
  return {
    info: { name: "fixtures", title: "Fixtures", version: "1.2.3" },
    instructions: "Everything here is a fixture.",
    catalog: createCatalog({ tools: fixtureTools(traces, replica) }),
    resources: {
      templates: [{
        uriTemplate: "fixture://notes/{name}",
        name: "note",
        title: "A note",
        description: "One note",
        mimeType: "text/plain",
      }],
      list(cursor) {
        const from = Number(cursor ?? 0);
        const resources = NOTES.slice(from, from + 2).map((name) => ({
          uri: `fixture://notes/${name}`,
          name,
          description: `The note ${name}`,
          mimeType: "text/plain",
        }));
        return Promise.resolve(
          from + 2 < NOTES.length ? { resources, nextCursor: `${from + 2}` } : { resources },
        );
      },
      read(uri) {
        const name = /^fixture:\/\/notes\/([a-z]+)$/.exec(uri)?.[1];
        if (name === undefined || !NOTES.includes(name)) {
          return Promise.reject(new ToolError("not_found", `there is no resource ${uri}`));
        }
        return Promise.resolve({ uri, mimeType: "text/plain", text: `This is ${name}.` });
      },
    },
    prompts: {
      prompts: [{
        name: "explain",
        title: "Explain",
        description: "Explains a note",
        arguments: [{ name: "note", description: "Which one", required: true }],
      }],
      get(name, { note }) {
        if (name !== "explain") {
          return Promise.reject(new ToolError("invalid", `there is no prompt ${name}`));
        }
        if (note === undefined) return Promise.reject(new ToolError("invalid", "note is required"));
        return Promise.resolve({ description: "Explains a note", text: `Explain ${note}.` });
      },
    },
    complete({ ref, argument }) {
      const of = ref.type === "prompt" ? ref.name === "explain" : ref.uri === "fixture://notes/{name}";
      const values = of ? NOTES.filter((name) => name.startsWith(argument.value)) : [];
      return Promise.resolve({ values, hasMore: false });
    },
  };
}
