import assert from "node:assert/strict";
import type { CallerCoders } from "../caller/types.ts";
import { createLogger } from "../telemetry/log.ts";
import { Redactor } from "../telemetry/redactor.ts";
import type { Config } from "./config.ts";
import { personAt, type PersonNeeds } from "./person.ts";

const TOKEN = "abcdefghij-abcdefghijklmnopqrstuv";
const nobody = {} as CallerCoders;

/** A person with a kubeconfig, and what was dropped for them. */
async function personWith(more: Partial<Config>, needs?: PersonNeeds, server = "https://127.0.0.1:1") {
  const kubeconfig = await Deno.makeTempFile({ suffix: ".yaml" });
  const redactor = new Redactor();
  const dropped: unknown[] = [];
  try {
    await Deno.writeTextFile(
      kubeconfig,
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "a", cluster: { server } }],
        users: [{ name: "a", user: { token: "abc" } }],
        contexts: [{ name: "a", context: { cluster: "a", user: "a", namespace: "lab" } }],
        "current-context": "a",
      }),
    );
    const config = {
      kubeconfig,
      kubeApiQps: 0,
      kubeApiBurst: 0,
      coderAccess: "direct",
      controlPlaneEndpoint: new Map(),
      clusterDomain: "cluster.local",
      ...more,
    } as Config;
    const person = await personAt("mcp-stdio", config, {
      redactor,
      log: createLogger({ level: "error", format: "text", redactor }),
      environment: {},
      drop(...what) {
        dropped.push(what);
        return Promise.resolve({ dropped: [], kept: [] });
      },
    }, needs);
    return { person, dropped, kubeconfig };
  } finally {
    await Deno.remove(kubeconfig);
  }
}

Deno.test("a person is where their kubeconfig says, and keeps the permissions that they need", async () => {
  const { person, dropped, kubeconfig } = await personWith({}, { writes: true });
  try {
    assert.equal(person.namespace, "lab");
    assert.ok(person.server.startsWith("https://127.0.0.1:1/ by "), person.server);
    assert.ok(person.server.includes(kubeconfig), person.server);
    assert.deepEqual(dropped, [["mcp-stdio", undefined, true]]);
  } finally {
    person.close();
  }
  const { person: other, dropped: more } = await personWith({});
  other.close();
  assert.deepEqual(more, [["mcp-stdio", undefined, false]]);
});

Deno.test("a password in the server's address is shown to nobody", async () => {
  const { person } = await personWith({}, {}, "https://me:hunter2@127.0.0.1:1/clusters/c");
  person.close();
  assert.match(person.server, /^https:\/\/127\.0\.0\.1:1\/clusters\/c by /);
});

Deno.test("who gives no session token gets the Coder that is for them", async () => {
  const { person } = await personWith({ coderUrl: "http://127.0.0.1:1" }, { withoutToken: () => nobody });
  person.close();
  assert.equal(person.coders, nobody);
});

Deno.test("who gives a session token is themselves in Coder, and the token is shown nowhere", async () => {
  const { person } = await personWith(
    { coderUrl: "http://127.0.0.1:1", coderSessionToken: TOKEN },
    { withoutToken: () => nobody },
  );
  try {
    const refs = await person.coders.list("lab", AbortSignal.timeout(30_000));
    assert.deepEqual(refs.map(({ url }) => url), ["http://127.0.0.1:1"]);
    assert.equal(person.redaction.text(`it is ${TOKEN}`).includes(TOKEN), false);
  } finally {
    person.close();
  }
});
