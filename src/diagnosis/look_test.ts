import assert from "node:assert/strict";
import { z } from "zod";
import { Nodes, Pods } from "../api/kubernetes/resources.ts";
import { KubeApiError } from "../kube/errors.ts";
import { fakeLooker, type FakeWorld, NOW } from "./testing.ts";

const SUBJECT = { kind: "workspace", namespace: "lab", name: "acme.ann.dev" } as const;
const POD = { apiVersion: "v1", kind: "Pod", metadata: { name: "dev-0", namespace: "lab" } };
const QUESTION = { namespace: "lab", need: { verb: "get", resource: "coderworkspaces" } };

const never = () => new Promise<never>(() => {});
const looker = (fake: FakeWorld, signal?: AbortSignal) => fakeLooker(SUBJECT, fake, signal);

Deno.test("a look is kept under its name: seen, absent, or unread with the reason", async () => {
  const forbidden = new KubeApiError(403, "Forbidden", "nodes is forbidden", {
    method: "GET",
    path: "/nodes",
  });
  const look = looker({ list: (kind) => kind === "Pod" ? [POD] : forbidden });
  assert.equal((await look.look("pods", "list pods", () => look.list(Pods))).state, "seen");
  await look.look("nodes", "list nodes", () => look.list(Nodes));
  await look.look("ingress", "get ingress", () => Promise.resolve(undefined));
  const { pods, nodes, ingress, quotas, subject, now } = look.facts();
  assert.deepEqual(pods, { state: "seen", value: [POD] });
  assert.deepEqual(nodes, {
    state: "unread",
    what: "list nodes",
    kind: "forbidden",
    why: "nodes is forbidden",
  });
  assert.deepEqual(ingress, { state: "absent" });
  assert.deepEqual([quotas, subject, now], [undefined, SUBJECT, NOW]);
  assert.deepEqual(look.calls, { kubernetes: 2, coder: 0 });
});

Deno.test("what is still looked for counts as not answered, and a late answer changes nothing any more", async () => {
  const end = new AbortController();
  const look = looker({ list: never }, end.signal);
  const looking = look.look("pods", "list pods", () => look.list(Pods));
  const late = { state: "unread", what: "list pods", kind: "timeout", why: "no answer in time" };
  assert.deepEqual(look.facts().pods, late);
  end.abort();
  assert.deepEqual(await looking, late);
  assert.deepEqual(await look.look("nodes", "list nodes", () => look.list(Nodes)), {
    ...late,
    what: "list nodes",
  });
});

Deno.test("a Coder is opened once, its reads are counted, and its 404 means absent", async () => {
  const look = looker({
    coder: (path) => path === "/api/v2/buildinfo" ? { version: "v2.30.0" } : new Error(`no ${path}`),
  });
  assert.equal(look.coder(QUESTION), look.coder(QUESTION));
  const coder = await look.coder(QUESTION);
  const answer = z.object({ version: z.string() });
  const seen = await look.look(
    "coderAlive",
    "ask Coder",
    () => coder.get({ route: "/api/v2/buildinfo", answer }),
  );
  assert.deepEqual(seen, { state: "seen", value: { version: "v2.30.0" } });
  assert.deepEqual([coder.as, look.calls.coder], ["caller", 1]);
});

Deno.test("a Coder that cannot be opened fails each look that needs it, and no other", async () => {
  const look = looker({ list: () => [POD] });
  const [alive, pods] = await Promise.all([
    look.look("coderAlive", "ask Coder", async () => {
      await look.coder(QUESTION);
      return { version: "" };
    }),
    look.look("pods", "list pods", () => look.list(Pods)),
  ]);
  assert.deepEqual(alive, {
    state: "unread",
    what: "ask Coder",
    kind: "failed",
    why: "namespace lab has no Coder",
  });
  assert.equal(pods.state, "seen");
});

Deno.test("text of a subresource is read and decoded", async () => {
  const look = looker({ text: (kind, { name }, sub) => `${kind} ${name} ${sub}` });
  assert.equal(
    await look.text(Pods, { namespace: "lab", name: "dev-0" }, "log", { maxBytes: 9 }),
    "Pod dev-0 log",
  );
});

Deno.test("a fact that follows from others is kept as it is", () => {
  const look = looker({});
  look.set("missingClaims", { state: "seen", value: ["home"] });
  assert.deepEqual(look.facts().missingClaims, { state: "seen", value: ["home"] });
});
