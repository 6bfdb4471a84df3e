import assert from "node:assert/strict";
import type { KubeObject, ObjectKey, ResourceType } from "../../api/object.ts";
import type { DeleteOptions, KubeClient } from "../../kube/client.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { INSTALL_MANAGER, labelled, wordsOf } from "./objects.ts";
import { prune } from "./prune.ts";

const object = (kind: string, name: string, manager?: string) =>
  ({
    apiVersion: "v1",
    kind,
    metadata: {
      name,
      namespace: "n",
      uid: `uid-of-${name}`,
      ...(manager === undefined ? {} : { managedFields: [{ manager, operation: "Apply" }] }),
    },
  }) as KubeObject;

async function run(listed: KubeObject[], there: KubeObject[], refusal?: number) {
  const deleted: [string, DeleteOptions | undefined][] = [];
  const lines: string[] = [];
  const refused = (code: number) => new KubeApiError(code, "", "refused", { method: "GET", path: "/" });
  const client = {
    get: (type: ResourceType, { name }: ObjectKey) => {
      const found = there.find((one) => one.kind === type.kind && one.metadata.name === name);
      return found === undefined ? Promise.reject(refused(404)) : Promise.resolve(found);
    },
    delete: (_type: ResourceType, { name }: ObjectKey, options?: DeleteOptions) => {
      if (refusal !== undefined) return Promise.reject(refused(refusal));
      deleted.push([name, options]);
      return Promise.resolve();
    },
  } as unknown as Pick<KubeClient, "get" | "delete">;
  const say = { line: (text: string) => void lines.push(text), waiting: () => {} };
  const left = await prune(client, listed, say, new AbortController().signal);
  return { deleted, lines, left: left.map(wordsOf) };
}

Deno.test("what an installation has applied goes, and that object alone", async () => {
  const one = labelled(object("Service", "old", INSTALL_MANAGER));
  const { deleted, lines, left } = await run([one, object("Service", "away")], [one]);
  assert.deepEqual(deleted.map(([name, options]) => [name, options?.preconditions]), [
    ["old", { uid: "uid-of-old" }],
  ]);
  assert.deepEqual([lines, left], [["service/old in n pruned"], []]);
});

Deno.test("what others have made stays, whatever the inventory and its labels say", async () => {
  const foreign = object("Secret", "database");
  const ofOperator = labelled(object("Secret", "dev-operator-token", "coder-k8s"));
  const { deleted, lines, left } = await run([foreign, ofOperator], [foreign, ofOperator]);
  assert.deepEqual([deleted, left.length], [[], 2]);
  assert.match(lines.join("\n"), /database in n is left: it is not labelled/);
  assert.match(lines.join("\n"), /dev-operator-token in n is left: no installation has applied it/);
});

Deno.test("data is never removed by the way, and what cannot be removed is left", async () => {
  const claim = labelled(object("PersistentVolumeClaim", "records", INSTALL_MANAGER));
  const one = labelled(object("Service", "old", INSTALL_MANAGER));
  const { left, lines } = await run([claim, one], [claim, one], 403);
  assert.equal(left.length, 2);
  assert.match(lines.join("\n"), /service\/old in n is left: you may not remove it/);
});
