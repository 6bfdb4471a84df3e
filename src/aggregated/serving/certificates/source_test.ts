import assert from "node:assert/strict";
import { CurrentCertificate } from "./source.ts";

const never = new AbortController().signal;

Deno.test("who listens is told of every other certificate, and of none twice", () => {
  const certificate = new CurrentCertificate();
  const told: string[] = [];
  const end = certificate.subscribe(() => void told.push(certificate.current?.certPem ?? ""));
  assert.equal(certificate.set({ certPem: "a", keyPem: "1" }), true);
  assert.equal(certificate.set({ certPem: "a", keyPem: "1" }), false);
  assert.equal(certificate.set({ certPem: "a", keyPem: "2" }), true);
  end();
  assert.equal(certificate.set({ certPem: "b", keyPem: "2" }), true);
  assert.deepEqual(told, ["a", "a"]);
  assert.deepEqual(certificate.current, { certPem: "b", keyPem: "2" });
});

Deno.test("who waits for the first one is told once there is one", async () => {
  const certificate = new CurrentCertificate();
  const waiting = [certificate.whenReady(never), certificate.whenReady(never)];
  certificate.set({ certPem: "a", keyPem: "1" });
  await Promise.all(waiting);
  await certificate.whenReady(never);
});

Deno.test("a listener may end its subscription while it is told", () => {
  const certificate = new CurrentCertificate();
  let told = 0;
  const ends = [0, 1, 2].map(() =>
    certificate.subscribe(() => {
      told++;
      for (const end of ends) end();
    })
  );
  certificate.set({ certPem: "a", keyPem: "1" });
  assert.ok(told >= 1);
  const before = told;
  certificate.set({ certPem: "b", keyPem: "1" });
  assert.equal(told, before);
});
