import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import type { Backend, Found } from "../../inventory/mod.ts";
import { type Lookup, lookUp, named } from "./lookup.ts";

const object = (name: string, uid = name): KubeObject => ({
  apiVersion: "v1",
  kind: "Thing",
  metadata: { name, namespace: "a", uid },
});

function backend(name: string, { isSeen = true } = {}): Backend {
  const state = () => isSeen ? { completeAt: 1 } : {};
  return { id: `a/${name}`, controlPlane: { namespace: "a", name }, copy: { state } } as unknown as Backend;
}

interface Case {
  backends: Backend[];
  /** Canonical names that are known. */
  known?: string[];
  /** What a backend answers, and the canonical name that is known then. */
  answers?: Record<string, Found<unknown> | { learns: string }>;
  name?: string;
  controlPlane?: string;
}

function look({ backends, known = [], answers = {}, name = "acme.x", controlPlane }: Case) {
  const objects = new Map(known.map((one) => [one, object(one)]));
  const asked: string[] = [];
  return {
    asked,
    result: lookUp<KubeObject>({
      backends,
      key: { namespace: "a", name },
      plain: "acme.x",
      controlPlane,
      keyIn: ({ controlPlane }, plain) => ({ namespace: "a", name: `${controlPlane?.name}.${plain}` }),
      get: ({ name }) => objects.get(name),
      find(backend) {
        const own = backend.controlPlane!.name;
        asked.push(own);
        const answer = answers[own] ?? { kind: "absent" };
        if ("learns" in answer) {
          objects.set(answer.learns, object(answer.learns));
          return Promise.resolve({ kind: "found", record: {} });
        }
        return Promise.resolve(answer);
      },
      signal: new AbortController().signal,
    }),
  };
}

const text = (lookup: Lookup<KubeObject>) =>
  lookup.kind === "found" ? `${lookup.object.metadata.name} (${lookup.object.metadata.uid})` : lookup.kind;

Deno.test("what is known is answered without asking anybody, under the name that was asked for", async () => {
  const { result, asked } = look({ backends: [backend("one"), backend("two")], known: ["one.acme.x"] });
  assert.equal(text(await result), "acme.x (one.acme.x)");
  assert.deepEqual(asked, []);
});

Deno.test("a name with a control plane is looked for there alone", async () => {
  const backends = [backend("one"), backend("two")];
  const known = ["one.acme.x", "two.acme.x"];
  const { result } = look({ backends, known, name: "two.acme.x", controlPlane: "two" });
  assert.equal(text(await result), "two.acme.x (two.acme.x)");
  const other = look({ backends, known, name: "three.acme.x", controlPlane: "three" });
  assert.equal((await other.result).kind, "absent");
  assert.deepEqual(other.asked, []);
});

Deno.test("a plain name of several is ambiguous, and the choices are named", async () => {
  const backends = [backend("two"), backend("one")];
  const { result } = look({ backends, known: ["one.acme.x", "two.acme.x"] });
  assert.deepEqual(await result, { kind: "ambiguous", choices: ["one.acme.x", "two.acme.x"] });
});

Deno.test("what nobody knows is asked for once everywhere", async () => {
  const backends = [backend("one"), backend("two")];
  const { result, asked } = look({ backends, answers: { two: { learns: "two.acme.x" } } });
  assert.equal(text(await result), "acme.x (two.acme.x)");
  assert.deepEqual(asked, ["one", "two"]);
  assert.equal((await look({ backends }).result).kind, "absent");
});

Deno.test("what is learnt may make a name ambiguous", async () => {
  const { result } = look({
    backends: [backend("one"), backend("two")],
    answers: { one: { learns: "one.acme.x" }, two: { learns: "two.acme.x" } },
  });
  assert.equal((await result).kind, "ambiguous");
});

Deno.test("where somebody could not be asked, nobody knows", async () => {
  const error = new Error("down");
  const { result } = look({
    backends: [backend("one"), backend("two")],
    answers: { two: { kind: "unknown", error } },
  });
  const found = await result;
  assert.ok(found.kind === "unknown" && found.backend.id === "a/two" && found.error === error);
});

Deno.test("a Coder that was never reached has nothing", async () => {
  const { result } = look({
    backends: [backend("one", { isSeen: false })],
    answers: { one: { kind: "unknown", error: new Error("down") } },
  });
  assert.equal((await result).kind, "absent");
});

Deno.test("an object under another name is made once, and is the object itself under its own", () => {
  const one = object("one.acme.x", "7");
  assert.equal(named(one, "one.acme.x"), one);
  const alias = named(one, "acme.x");
  assert.deepEqual([alias.metadata.name, alias.metadata.uid, one.metadata.name], [
    "acme.x",
    "7",
    "one.acme.x",
  ]);
  assert.equal(named(one, "acme.x"), alias);
});
