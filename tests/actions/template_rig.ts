/** Actions on templates of a Coder, real or not, whose requests are counted. */
import { readSourceFiles } from "../../src/archive/mod.ts";
import {
  type CoderClient,
  type CoderTransport,
  createBudget,
  createCoderClient,
  createTransport,
} from "../../src/coder/mod.ts";
import {
  type BuildWait,
  MemoryChangeStore,
  type Progress,
  type Request,
  TemplateActions,
  type TemplateActionsOptions,
  type TemplateAuditEntry,
} from "../../src/actions/templates/mod.ts";
import type { Template } from "../../src/inventory/mod.ts";

export const QUICK: BuildWait = { timeoutMs: 120_000, backoffAfterMs: 0, initialMs: 100, maxMs: 100 };

export interface TemplateRig extends AsyncDisposable {
  readonly client: CoderClient;
  readonly store: MemoryChangeStore;
  /** Requests that were sent, as `GET /api/v2/templates/…`. */
  readonly sent: string[];
  readonly audit: TemplateAuditEntry[];
  readonly observed: Template[];
  readonly progress: Progress[];
  readonly actions: TemplateActions;
  /** Another replica on the same store. */
  replica(options?: Partial<TemplateActionsOptions>): TemplateActions;
  request(options?: Partial<Request>): Request;
  /** What was sent since this was asked last, ids left out. */
  since(): string[];
  /** A template as lists have it. */
  template(id: string): Promise<Template>;
}

/** Starts actions on the Coder at `url`; replicas that it makes end with it. */
export function startTemplateRig(
  { url, token, ...options }: { url: string; token: string } & Partial<TemplateActionsOptions>,
): TemplateRig {
  const direct = createTransport({ url });
  const sent: string[] = [];
  const transport: CoderTransport = {
    ...direct,
    send(request) {
      const path = request.path.split("?", 1)[0]!.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "…");
      sent.push(`${request.method} ${path.replace("/api/v2", "")}`);
      return direct.send(request);
    },
  };
  // These tests look far more often than anybody else does.
  const budget = createBudget({ perMinute: 1_000_000, burst: 1_000_000 });
  const client = createCoderClient({ transport, token, budget });
  const store = new MemoryChangeStore();
  const [audit, observed, progress]: [TemplateAuditEntry[], Template[], Progress[]] = [[], [], []];
  const replicas: TemplateActions[] = [];
  const replica = (more: Partial<TemplateActionsOptions> = {}) => {
    const made = new TemplateActions({
      open: () => Promise.resolve(client),
      store,
      audit: (entry) => audit.push(entry),
      copy: {
        files: async (template) => {
          const { job } = await client.templates.version(template.active_version_id);
          return readSourceFiles(await client.templates.file(job.file_id));
        },
        moment: () => 0,
        observeTemplate: (template) => observed.push(template),
        observeGone: () => {},
      },
      wait: QUICK,
      // The import of a new template is waited for, however busy the machine is.
      answerMs: QUICK.timeoutMs,
      onProgress: (_, one) => progress.push(one),
      ...options,
      ...more,
    });
    replicas.push(made);
    return made;
  };
  let told = 0;
  return {
    client,
    store,
    sent,
    audit,
    observed,
    progress,
    actions: replica(),
    replica,
    request: (more = {}) => ({ by: "alice", signal: new AbortController().signal, ...more }),
    since() {
      const lines = sent.slice(told);
      told = sent.length;
      return lines;
    },
    template: (id) => client.templates.get(id),
    async [Symbol.asyncDispose]() {
      await Promise.all(replicas.map((one) => one.close()));
      direct.close();
    },
  };
}
