/** Templates of a fake Coder that are written: everything of the product behind the API server. For tests alone. */
import { createWorkbench } from "../../src/actions/workbench.ts";
import type { TemplateAuditEntry } from "../../src/actions/templates/mod.ts";
import { bytesOf, newFile, readTar, writeTar } from "../../src/archive/mod.ts";
import type { CoderTemplate } from "../../src/api/template.ts";
import { createBudget, createCoderClient, createTransport } from "../../src/coder/mod.ts";
import { type Backend, createDeploymentCopy } from "../../src/inventory/mod.ts";
import { MemoryCluster, startReplica } from "../../src/shadow/testing.ts";
import { addTemplate, addVersion, endImport, startFakeCoder } from "../fake-coder/mod.ts";
import { waitFor } from "../cluster/wait.ts";
import { StatusError } from "../../src/aggregated/serving/status_errors.ts";
import { readWriteOptions } from "../../src/aggregated/serving/query/write_options.ts";
import type { RequestContext, WriteRequest } from "../../src/aggregated/serving/storage.ts";
import type { WriteRecord } from "../../src/aggregated/writing/writer.ts";
import { Resources } from "../../src/aggregated/resources/resources.ts";
import { templateStorage } from "../../src/aggregated/resources/storages.ts";
import type { NamespaceState, WriteWorld } from "../../src/aggregated/resources/write_world.ts";

/** What a write may say beside its body. */
export interface Saying {
  readonly query?: string;
  readonly contentType?: string;
  readonly namespace?: string;
  readonly selects?: WriteRequest["selects"];
}

export const NAME = "coder.docker";
export const APPLY = "application/apply-patch+yaml";

/** A template `coder.docker` of one text file, one binary and a program, whose settings are none of Coder's defaults. */
export async function templateWrites(options: Partial<WriteWorld> = {}) {
  const fake = await startFakeCoder({ rateLimit: -1 });
  const { token } = fake.state.addOwner();
  const template = addTemplate(fake.state, "docker", {
    display_name: "Docker",
    default_ttl_ms: 7_200_000,
    activity_bump_ms: 3_600_000,
    allow_user_cancel_workspace_jobs: true,
  });
  const id = String(template.id);
  const first = addVersion(
    fake.state,
    template,
    bytesOf(writeTar([
      newFile("main.tf", "one"),
      newFile("run.sh", "#!/bin/sh\n", 0o755),
      newFile("logo", new Uint8Array([0xff, 0x00])),
    ])),
  );
  const transport = createTransport({ url: fake.url });
  const budget = createBudget({ perMinute: 1_000_000, burst: 1_000_000 });
  const client = createCoderClient({ transport, token, budget });
  const cluster = new MemoryCluster();
  const kept = startReplica(cluster);
  const { keeping, keepings } = kept;
  await keepings.whenSynced(kept.signal);
  const resources: Resources = new Resources({
    overlay: (_, kind, id) => ({
      shadow: keeping.shadows.get(kind, id)?.record,
      ...(kind === "templates" ? { change: keeping.changeOf(id) } : {}),
    }),
  });
  const backend = {
    id: "team/acme",
    namespace: "team",
    controlPlane: { namespace: "team", name: "acme" },
    naming: "Auto",
    createdAt: "",
    waiting: undefined as string | undefined,
    uid: "uid-1",
    open: () => Promise.resolve(client),
  } as unknown as { -readonly [K in keyof Backend]: Backend[K] };
  backend.copy = createDeploymentCopy({
    source: { open: () => Promise.resolve(client), refused: () => {} },
    pollMs: 600_000,
    listener: resources.listen(backend),
  });
  let backends: Backend[] = [backend];
  resources.of({ list: () => backends });
  keepings.subscribe((owner, { kind, id }) => resources.retell(owner, kind, id));
  const audit: TemplateAuditEntry[] = [];
  const records: WriteRecord[] = [];
  const bench = createWorkbench({
    backend,
    wishes: keeping.wishes,
    changes: keeping.changes,
    audit: { write: () => {}, template: (entry) => void audit.push(entry) },
    wait: { timeoutMs: 60_000, backoffAfterMs: 0, initialMs: 5, maxMs: 5 },
    answerMs: 50,
  });
  const end = new AbortController();
  const running = [backend.copy.run(end.signal), bench.run(end.signal)];
  let state: NamespaceState = "active";
  const storage = templateStorage(resources, {}, {
    audit: (record) => void records.push(record),
    workbench: () => bench,
    keeping: () => keeping,
    namespaceState: () => Promise.resolve(state),
    secretValue: ({ name, key }) => {
      if (name === "theirs") return Promise.reject(new StatusError(403, "Forbidden", "no"));
      return Promise.resolve(`${key} of ${name}`);
    },
    ...options,
  });
  await waitFor(() => resources.templates.collection.get({ namespace: "team", name: NAME }) !== undefined, {
    what: "the template to be shown",
  });
  const warnings: string[] = [];
  const context = (): RequestContext => ({
    user: { name: "alice", uid: "", groups: [], extra: {} } as unknown as RequestContext["user"],
    signal: AbortSignal.timeout(120_000),
    warn: (text) => void warnings.push(text),
  });
  const write = async (verb: WriteRequest["verb"], name: string, body: unknown = "", saying: Saying = {}) => {
    const parameters = new URLSearchParams(saying.query ?? "");
    const answer = await storage.write!({
      verb,
      key: { namespace: saying.namespace ?? "team", name },
      query: parameters,
      options: readWriteOptions(parameters, "Options"),
      contentType: saying.contentType ??
        (verb === "patch" ? "application/merge-patch+json" : "application/json"),
      body: new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body)),
      ...(saying.selects === undefined ? {} : { selects: saying.selects }),
    }, context());
    return "object" in answer && answer.object !== undefined
      ? { code: answer.code, object: answer.object as CoderTemplate }
      : { code: answer.code, object: undefined as unknown as CoderTemplate };
  };
  let seen = fake.requests.length;
  return {
    fake,
    cluster,
    keeping,
    resources,
    bench,
    backend,
    storage,
    client,
    id,
    first,
    audit,
    records,
    warnings,
    write,
    apply: (body: object, saying: Saying & { manager?: string; name?: string } = {}) => {
      const { manager = "flux", name = NAME, query = "", ...rest } = saying;
      const whole = { apiVersion: "aggregation.coder.com/v1alpha1", kind: "CoderTemplate", ...body };
      return write("patch", name, whole, {
        ...rest,
        contentType: APPLY,
        query: `fieldManager=${manager}&${query}`,
      });
    },
    get: (name = NAME, namespace = "team") => storage.get({ namespace, name }, context()),
    setNamespace: (now: NamespaceState) => void (state = now),
    dropBackends() {
      backends = [];
      resources.changed();
    },
    /** What Coder was asked since this was asked last, ids left out. */
    calls() {
      const sent = fake.requests.slice(seen);
      seen = fake.requests.length;
      return sent.map(({ method, path }) =>
        `${method} ${path.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "…").replace("/api/v2", "")}`
      );
    },
    /** What is in the archive of a version. */
    async entriesOf(version: string) {
      const { job } = await client.templates.version(version);
      return [...readTar(await client.templates.file(job.file_id))];
    },
    versions: () => fake.state.templateVersions,
    stored: () => fake.state.templates.find((one) => one.id === id) as Record<string, unknown> | undefined,
    active: () => fake.state.templates.find((one) => one.id === id)?.["active_version_id"],
    /** Ends the import of the `count`th version as soon as it is there; `error`: it fails. */
    async imported(count: number, error?: string) {
      const version = await waitFor(
        () => fake.state.templateVersions[count - 1]?.["id"] as string | undefined,
        {
          what: `version ${count}`,
        },
      );
      endImport(fake.state, version, error);
      await bench.templates.idle();
      return version;
    },
    async [Symbol.asyncDispose]() {
      end.abort();
      await Promise.all(running);
      await kept[Symbol.asyncDispose]();
      transport.close();
      await fake[Symbol.asyncDispose]();
      fake.assertClean();
    },
  };
}

/** The `Status` of a refusal. */
export async function refusalOf(run: Promise<unknown>) {
  try {
    await run;
  } catch (error) {
    if (error instanceof StatusError) return error.status;
    throw error;
  }
  throw new Error("it was not refused");
}
