/** Whatever is sent to a tool: no request leads anywhere else, with the real clients of Kubernetes and Coder. */
import assert from "node:assert/strict";
import { createBudget, createCoderClient, createTransport } from "../../src/coder/mod.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { clientCluster } from "../../src/mcp/caller/client_cluster.ts";
import { toolRig } from "../../src/mcp/testing.ts";
import { ALL_TOOLS } from "./all_tools.ts";
import { inputOf, someValue, stringFields, type Words } from "./some_arguments.ts";

const UUID = "0f8fad5b-d9cb-469f-a165-70867728950e";
/** Each says `evil` where it would be something of its own: a part of a path, a parameter, a selector, a header. */
const HOSTILE = [
  "x/evil",
  "../evil",
  "../../evil/x",
  "..",
  ".",
  "x%2fevil",
  "%2e%2e/evil",
  "x?evil=1",
  "x&evil=1",
  "x#evil",
  "x,evil=1",
  "x=1,evil!=2",
  "x in (a),evil",
  "x;evil",
  "x\\evil",
  "ä/evil",
  "x\u2215evil",
  "x\r\nevil: 1",
  "a.b.c/evil",
  "a.b/../evil",
  "a..c",
  "\ud800/evil",
];

interface Seen {
  /** As sent, before anything is unescaped. */
  readonly target: string;
}

/** Answers every request, and remembers all of them. */
function startRecorder(answer: (method: string, path: string) => Response) {
  const seen: Seen[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    await request.body?.cancel();
    const target = request.url.slice(new URL(request.url).origin.length);
    seen.push({ target });
    return answer(request.method, target.split("?")[0]!);
  });
  return {
    seen,
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const coderAnswer = () =>
  Response.json({ message: "Resource not found or you do not have access" }, { status: 404 });

/** Any object that is asked for. */
function kubernetesAnswer(method: string, path: string): Response {
  const parts = path.split("/").slice(1);
  const at = parts.indexOf("namespaces");
  const [plural, name] = at === -1 ? parts.slice(parts[0] === "api" ? 2 : 3) : parts.slice(at + 2);
  if (plural === "selfsubjectaccessreviews") return Response.json({ status: { allowed: true } });
  if (method === "DELETE" || parts[0] === "version") return Response.json({});
  if (name === undefined) {
    return Response.json({ kind: "List", apiVersion: "v1", metadata: { resourceVersion: "1" }, items: [] });
  }
  // What is there has a name that is one.
  const found = /^[a-z0-9.-]+$/.test(name) ? name : "found";
  const metadata = { namespace: decodeURIComponent(parts[at + 1] ?? ""), name: found, uid: UUID };
  return Response.json({
    apiVersion: "v1",
    kind: "Any",
    metadata: { ...metadata, resourceVersion: "1" },
    spec: {},
    status: { id: UUID },
  });
}

function check({ target }: Seen, about: string): void {
  const url = new URL(target, "http://any");
  const [path] = target.split("?");
  // What is normalized is read differently by somebody on the way.
  assert.equal(url.pathname, path, about);
  for (const part of path!.split("/")) {
    const read = decodeURIComponent(part);
    assert.ok(!/^(?:\.\.?|evil.*)$/.test(read) || read === "", `${about}: ${target}`);
  }
  for (const [name, value] of url.searchParams) {
    assert.ok(!name.includes("evil"), `${about}: ${target}`);
    if (!name.endsWith("Selector")) continue;
    for (const one of value.split(/(?<!\\),/)) assert.doesNotMatch(one, /^\s*!?evil/, `${about}: ${target}`);
  }
}

Deno.test("no argument of a tool leads a request anywhere else", async () => {
  await using kubernetes = startRecorder(kubernetesAnswer);
  await using coder = startRecorder(coderAnswer);
  const rest = createRestClient({
    connection: {
      server: new URL(kubernetes.url),
      namespace: "lab",
      context: "test",
      source: "test",
      credentials: () => Promise.resolve({ headers: {}, tls: {} }),
      refresh: () => false,
    },
  });
  const transport = createTransport({ url: coder.url });
  const budget = createBudget({ perMinute: 1_000_000, burst: 1_000_000 });
  const client = createCoderClient({ transport, token: "aaaaaaaaaa-bbbbbbbbbbbbbbbbbbbbbb", budget });
  const ref = { id: "lab/coder", namespace: "lab", controlPlane: "coder" };
  const harmless: Words = (field) =>
    field.endsWith("namespace") ? ["lab"] : ["acme.ann.dev", "acme.docker", UUID, "coder"];
  let tried = 0;
  try {
    for (const tool of ALL_TOOLS) {
      const schema = inputOf(tool);
      for (const field of stringFields(schema)) {
        for (const [index, hostile] of HOSTILE.entries()) {
          const words: Words = (path) => path === field ? [hostile] : harmless(path);
          // All optional fields but the one that is tried may be missing.
          const args = {
            ...someValue(schema, words, index) as object,
            ...someOf(schema, field, words, index),
          };
          const [fromKubernetes, fromCoder] = [kubernetes.seen.length, coder.seen.length];
          const rig = toolRig({
            cluster: clientCluster(rest),
            coders: {
              list: () => Promise.resolve([ref]),
              open: () => Promise.resolve({ ref, client, as: "caller", user: "ann" }),
            },
            signal: AbortSignal.timeout(200),
          });
          const about = `${tool.name}, ${field}: ${JSON.stringify(hostile)}`;
          await rig.run(tool, args).catch((error) => assert.ok(error instanceof Error));
          for (const one of kubernetes.seen.slice(fromKubernetes)) check(one, about);
          for (const one of coder.seen.slice(fromCoder)) check(one, about);
          tried++;
        }
      }
    }
  } finally {
    rest.close();
    transport.close();
  }
  assert.ok(
    tried > 1_500 && kubernetes.seen.length > 500,
    `${tried} calls, ${kubernetes.seen.length} requests`,
  );
});

/** The top field that holds `field`, so that it is there. */
function someOf(schema: ReturnType<typeof inputOf>, field: string, words: Words, index: number): object {
  const top = field.split(".")[0]!;
  return { [top]: someValue(schema.properties[top], words, index, top) };
}
