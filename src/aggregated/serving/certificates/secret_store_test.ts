import assert from "node:assert/strict";
import { Secrets } from "../../../api/kubernetes/resources.ts";
import { MemoryKube, refusal } from "../testing/memory_kube.ts";
import { bundleOf, type Certificates, rotate } from "./rotation.ts";
import { certificateData, OWNED_LABEL, readCertificates } from "./secret.ts";
import { keepCertificates } from "./secret_store.ts";

const secret = { namespace: "coder-system", name: "serving" };
const made = (dnsName = "a"): Promise<Certificates> =>
  rotate(undefined, Date.now(), { dnsNames: [dnsName], isTrusted: true });
const keep = (client: MemoryKube, decide: (before: Certificates | undefined) => Promise<Certificates>) =>
  keepCertificates({ client, secret, signal: new AbortController().signal }, decide);

Deno.test("what is written is read again, whole", async () => {
  const { authority, serving } = await made();
  const next = authority;
  for (
    const certificates of [{ authority, serving }, { authority, serving, next }, {
      authority,
      serving,
      next,
      previous: "old",
    }]
  ) {
    assert.deepEqual(readCertificates({ data: certificateData(certificates) }), certificates);
  }
});

Deno.test("a Secret that lacks a part holds nothing that can be used", async () => {
  const data = certificateData(await made());
  for (const key of ["ca.crt", "ca.key", "tls.crt", "tls.key"]) {
    assert.equal(readCertificates({ data: { ...data, [key]: "" } }), undefined, key);
  }
  assert.equal(readCertificates({}), undefined);
});

Deno.test("a Secret that is not there is created, marked as ours, and then left alone", async () => {
  const client = new MemoryKube();
  const certificates = await made();
  assert.deepEqual(await keep(client, () => Promise.resolve(certificates)), {
    certificates,
    wasWritten: true,
  });
  const stored = client.find(Secrets, secret);
  assert.equal(stored?.metadata.labels?.[OWNED_LABEL], "true");
  const again = await keep(client, (before) => Promise.resolve(before!));
  assert.deepEqual([again.certificates, again.wasWritten], [certificates, false]);
  assert.deepEqual(client.calls, ["get secrets", "create secrets", "get secrets"]);
});

Deno.test("an empty Secret that somebody made for us is filled, and keeps its labels", async () => {
  const client = new MemoryKube();
  client.put(Secrets, { apiVersion: "v1", kind: "Secret", metadata: { ...secret, labels: { team: "a" } } });
  await keep(client, () => made());
  const stored = client.find(Secrets, secret)!;
  assert.deepEqual([stored.metadata.labels?.["team"], stored.metadata.labels?.[OWNED_LABEL]], ["a", "true"]);
  assert.ok(readCertificates(stored) !== undefined);
});

Deno.test("a Secret with the content of somebody else is not touched", async () => {
  const client = new MemoryKube();
  client.put(Secrets, { apiVersion: "v1", kind: "Secret", metadata: secret, data: { "tls.crt": "eA==" } });
  await assert.rejects(keep(client, () => made()), /coder-system\/serving has content that is not ours/);
  assert.deepEqual(client.calls, ["get secrets"]);
});

Deno.test("of two replicas that create it at once, both use what the first one wrote", async () => {
  const client = new MemoryKube();
  // Both have seen that there is nothing before either writes.
  const bothHaveRead = Promise.withResolvers<void>();
  let reading = 0;
  const replica = async (name: string) => {
    let attempt = 0;
    return await keep(client, async (before) => {
      if (attempt++ === 0) {
        if (++reading === 2) bothHaveRead.resolve();
        await bothHaveRead.promise;
      }
      return before ?? await made(name);
    });
  };
  const [one, two] = await Promise.all([replica("one"), replica("two")]);
  assert.equal(bundleOf(one.certificates), bundleOf(two.certificates));
  assert.deepEqual([one.wasWritten, two.wasWritten].sort(), [false, true]);
});

Deno.test("a change by another replica meanwhile is decided anew", async () => {
  const client = new MemoryKube();
  await keep(client, () => made());
  const theirs = await made("theirs");
  let decisions = 0;
  const { certificates } = await keep(client, async (before) => {
    if (decisions++ > 0) return before!;
    client.put(Secrets, { ...client.find(Secrets, secret)!, data: certificateData(theirs) });
    return await made("ours");
  });
  assert.deepEqual([decisions, certificates], [2, theirs]);
});

Deno.test("a Secret that is deleted while it is written is made again", async () => {
  const client = new MemoryKube();
  await keep(client, () => made());
  const ours = await made("ours");
  let attempts = 0;
  client.before = (verb) => {
    if (verb === "update" && attempts++ === 0) client.remove(Secrets, secret);
  };
  assert.deepEqual((await keep(client, () => Promise.resolve(ours))).certificates, ours);
  assert.deepEqual(readCertificates(client.find(Secrets, secret)!), ours);
});

Deno.test("who always comes too late gives up; other failures are told at once", async () => {
  const client = new MemoryKube();
  const certificates = await made();
  client.before = (verb) => {
    if (verb === "create") throw refusal(409, "Conflict");
  };
  await assert.rejects(keep(client, () => Promise.resolve(certificates)), /Conflict/);
  assert.equal(client.calls.filter((call) => call === "create secrets").length, 5);
  client.before = () => {
    throw refusal(403, "Forbidden");
  };
  await assert.rejects(keep(client, () => Promise.resolve(certificates)), /Forbidden/);
});
