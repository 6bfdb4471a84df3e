import assert from "node:assert/strict";
import type { Deployment } from "../../api/kubernetes/types.ts";
import type { Reference } from "../../workload/references.ts";
import {
  changedReferences,
  type Checksums,
  checksumsOf,
  checksumsText,
  parseChecksums,
  templateChecksums,
} from "./checksums.ts";
import type { Content, DataKind } from "./referenced_data.ts";

const all: Reference = { kind: "Secret", name: "db", keys: undefined, optional: false };
const url: Reference = { ...all, keys: ["url"] };
const none: Checksums = new Map();
const last: Checksums = new Map([["Secret/db", "1a57"]]);

const content = (data: Record<string, string>, extra: Partial<Content> = {}): Content => ({
  data: new Map(Object.entries(data)),
  binary: new Map(),
  frozen: false,
  ...extra,
});

/** The text of the checksums of `references` where `Secret/db` has `content`. */
async function text(
  references: Reference[],
  now: Content | undefined,
  options: { before?: Checksums; annotated?: boolean } = {},
): Promise<string> {
  const reads: [DataKind, string][] = [];
  const data = {
    metadata: () => ({ annotations: options.annotated ? { "coder.com/no-rollout": "true" } : {} }),
    content: (kind: DataKind, { name }: { name: string }) => {
      reads.push([kind, name]);
      return Promise.resolve(now);
    },
  };
  const { signal } = new AbortController();
  const found = await checksumsOf(references, {
    data,
    namespace: "a",
    before: options.before ?? none,
    signal,
  });
  if (options.annotated) assert.deepEqual(reads, [], "what is frozen is not even read");
  return checksumsText(found);
}

Deno.test("a checksum changes with the content, and with nothing else", async () => {
  const before = await text([all], content({ url: "1", user: "1" }));
  assert.match(before, /^Secret\/db=[0-9a-f]{16}$/);
  assert.equal(await text([all], content({ user: "1", url: "1" }), { before: last }), before);
  assert.notEqual(await text([all], content({ url: "2", user: "1" })), before);
  assert.notEqual(await text([all], content({ url: "1" })), before);
  assert.notEqual(
    await text([all], content({ url: "1", user: "1" }, { binary: new Map([["b", "1"]]) })),
    before,
  );
});

Deno.test("only the keys that are used count", async () => {
  const before = await text([url], content({ url: "1", user: "1" }));
  assert.equal(await text([url], content({ url: "1", user: "2" })), before);
  assert.notEqual(await text([url], content({ url: "2", user: "1" })), before);
  assert.notEqual(await text([url], content({ user: "1" })), before);
});

Deno.test("what is not there has no checksum, and what has gone keeps its last one", async () => {
  assert.equal(await text([all], undefined), "");
  assert.equal(await text([all], undefined, { before: last }), "Secret/db=1a57");
});

Deno.test("an optional object that has gone has no checksum any more: pods do without it", async () => {
  assert.equal(await text([{ ...all, optional: true }], undefined, { before: last }), "");
});

Deno.test("an object that its owner froze keeps its last checksum, or has none", async () => {
  for (const reference of [all, { ...all, optional: true }]) {
    assert.equal(
      await text([reference], content({ url: "2" }), { before: last, annotated: true }),
      "Secret/db=1a57",
    );
    const frozen = content({ url: "2" }, { frozen: true });
    assert.equal(await text([reference], frozen, { before: last }), "Secret/db=1a57", "not in the cache yet");
    assert.equal(await text([reference], frozen), "");
  }
});

Deno.test("what is referred to no more has no checksum", async () => {
  assert.equal(await text([], content({ url: "1" }), { before: last }), "");
});

Deno.test("a read that fails is no answer", async () => {
  const data = { metadata: () => undefined, content: () => Promise.reject(new Error("refused")) };
  const { signal } = new AbortController();
  await assert.rejects(checksumsOf([all], { data, namespace: "a", before: last, signal }), /refused/);
});

Deno.test("the text can be read again, and nonsense in it is left out", () => {
  const checksums = new Map([["Secret/db.x", "0a"], ["ConfigMap/env", "1b"]]);
  assert.equal(checksumsText(checksums), "ConfigMap/env=1b,Secret/db.x=0a");
  assert.deepEqual([...parseChecksums(checksumsText(checksums))], [...checksums].reverse());
  for (const nonsense of [undefined, "", "none", "Secret/db", "Pod/a=1", "Secret/a=xyz"]) {
    assert.deepEqual([...parseChecksums(nonsense)], [], String(nonsense));
  }
});

Deno.test("changes are told by kind and name", () => {
  const before = parseChecksums("ConfigMap/gone=1,Secret/same=1,Secret/db=1");
  const after = parseChecksums("Secret/same=1,Secret/db=2,Secret/new=1");
  assert.deepEqual(changedReferences(before, after), ["ConfigMap gone", "Secret db", "Secret new"]);
  assert.deepEqual(changedReferences(after, after), []);
});

Deno.test("a template has its checksums, and its Deployment says those that were looked at last", async () => {
  const told = (references: Reference[], recorded?: string) => {
    const data = { metadata: () => undefined, content: () => Promise.resolve(content({ url: "1" })) };
    const live: Deployment | undefined = recorded === undefined ? undefined : {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { annotations: { "coder.com/checksums": recorded } },
    };
    return templateChecksums(references, {
      data,
      namespace: "a",
      live,
      signal: new AbortController().signal,
    });
  };
  const first = await told([all]);
  const text = checksumsText(first.checksums.now);
  assert.match(text, /^Secret\/db=[0-9a-f]{16}$/);
  assert.deepEqual([first.annotations, first.recorded], [
    { "coder.com/checksums": text },
    { "coder.com/checksums": text },
  ]);
  assert.equal(first.checksums.before, undefined, "nothing was recorded, so that nothing has changed");
  const second = await told([all], "Secret/db=1a57");
  assert.deepEqual([second.checksums.before, second.annotations], [last, first.annotations]);
  const bare = await told([], "none");
  assert.deepEqual([bare.annotations, bare.recorded], [{}, { "coder.com/checksums": "none" }]);
  assert.deepEqual(bare.checksums, { before: none, now: none });
});
