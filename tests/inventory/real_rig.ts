/** Kubernetes objects of a real coderd, kept up to date by a live copy. */
import { createCoderClient, createTransport } from "../../src/coder/mod.ts";
import { type CopyOptions, staticBackends } from "../../src/inventory/mod.ts";
import { Resources } from "../../src/aggregated/resources/resources.ts";
import { templateStorage, workspaceStorage } from "../../src/aggregated/resources/storages.ts";
import { ANONYMOUS } from "../../src/identity/mod.ts";
import type { CoderWorkspace } from "../../src/api/workspace.ts";
import type { RequestContext } from "../../src/aggregated/serving/storage.ts";
import { waitFor } from "../cluster/wait.ts";

/** What was told of one workspace: `ADDED pending`. */
export interface Heard {
  readonly text: string;
  readonly object: CoderWorkspace;
  /** `performance.now()` */
  readonly at: number;
}

export interface RealRig extends AsyncDisposable {
  readonly resources: Resources;
  readonly workspaces: ReturnType<typeof workspaceStorage>;
  readonly templates: ReturnType<typeof templateStorage>;
  /** Requests that were sent, as `GET /api/v2/workspaces`. */
  readonly sent: string[];
  /** All changes of workspaces, in order. */
  readonly heard: Heard[];
  context(): RequestContext;
  workspace(name: string): CoderWorkspace | undefined;
  /** Resolves with the first change that matches. */
  hear(what: RegExp, name: string, timeoutMs?: number): Promise<Heard>;
}

/** Starts a copy of the coderd at `url` in the namespace `lab`, and waits for its first lists. */
export async function startRealRig(
  { url, token, ...copy }: { url: string; token: string } & Partial<CopyOptions>,
): Promise<RealRig> {
  const direct = createTransport({ url });
  const sent: string[] = [];
  const transport: typeof direct = {
    ...direct,
    send(request) {
      sent.push(`${request.method} ${request.path.split("?", 1)[0]}`);
      return direct.send(request);
    },
  };
  const resources = new Resources();
  const backends = staticBackends({
    namespace: "lab",
    open: () => Promise.resolve(createCoderClient({ transport, token })),
    listener: resources,
    copy: { jitter: 0, ...copy },
  });
  resources.of(backends);
  const heard: Heard[] = [];
  const { collection } = resources.workspaces;
  collection.watch({ begin: "now" }, {
    change: ({ type, object }) => {
      heard.push({ text: `${type} ${object.status.latestBuildStatus}`, object, at: performance.now() });
    },
    ended: () => {},
  });
  const end = new AbortController();
  const running = backends.run(end.signal);
  const [backend] = backends.list();
  await waitFor(() => backend?.copy.state("workspaces").completeAt, { what: "the first lists" });
  return {
    resources,
    workspaces: workspaceStorage(resources),
    templates: templateStorage(resources),
    sent,
    heard,
    context: () => ({ user: ANONYMOUS, signal: new AbortController().signal, warn: () => {} }),
    workspace: (name) =>
      collection.list("lab").items.find(({ metadata }) => metadata.name?.endsWith(`.${name}`)),
    hear: (what, name, timeoutMs = 180_000) =>
      waitFor(
        () => heard.find(({ text, object }) => what.test(text) && object.metadata.name?.endsWith(`.${name}`)),
        { timeoutMs, intervalMs: 10, what: `${what} of ${name}` },
      ),
    async [Symbol.asyncDispose]() {
      end.abort();
      await running;
      direct.close();
    },
  };
}
