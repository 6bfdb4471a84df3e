import assert from "node:assert/strict";
import { Health } from "./health.ts";

async function ask(health: Health, path: string, method = "GET"): Promise<{ status: number; text: string }> {
  const response = health.handler(new Request(`http://probe${path}`, { method }));
  return { status: response.status, text: await response.text() };
}

Deno.test("without checks, and with checks that pass, a probe answers ok", async () => {
  const health = new Health();
  assert.deepEqual(await ask(health, "/healthz"), { status: 200, text: "ok\n" });
  health.add("liveness", "loops", () => undefined);
  health.add("readiness", "caches", () => "");
  for (const path of ["/healthz", "/livez", "/readyz"]) {
    assert.deepEqual(await ask(health, path), { status: 200, text: "ok\n" });
  }
});

Deno.test("a failing check turns its own probe red, with the reason, and not the other", async () => {
  const health = new Health();
  health.add("readiness", "caches", () => "waiting for coderprovisioners.coder.com");
  health.add("readiness", "workers", () => "");
  assert.deepEqual(await ask(health, "/readyz"), {
    status: 503,
    text: "[-]caches failed: waiting for coderprovisioners.coder.com\n[+]workers ok\nreadyz check failed\n",
  });
  assert.equal((await ask(health, "/healthz")).status, 200);
  assert.equal(health.passes("readiness"), false);
  assert.equal(health.passes("liveness"), true);
});

Deno.test("verbose lists every check also when all pass", async () => {
  const health = new Health();
  health.add("liveness", "loops", () => "");
  assert.deepEqual(await ask(health, "/livez?verbose"), {
    status: 200,
    text: "[+]loops ok\nlivez check passed\n",
  });
});

Deno.test("one check can be asked for by name, and one that is not there is not found", async () => {
  const health = new Health();
  health.add("readiness", "caches", () => "no");
  health.add("readiness", "a/b c", () => "");
  assert.equal((await ask(health, "/readyz/caches")).status, 503);
  assert.equal((await ask(health, "/readyz/a/b%20c")).status, 200);
  assert.equal((await ask(health, "/readyz/%zz")).status, 404);
  assert.equal((await ask(health, "/readyz/other")).status, 404);
  assert.equal((await ask(health, "/healthz/caches")).status, 404);
});

Deno.test("checks can be excluded", async () => {
  const health = new Health();
  health.add("readiness", "caches", () => "no");
  health.add("readiness", "workers", () => "no");
  assert.equal((await ask(health, "/readyz?exclude=caches")).status, 503);
  assert.equal((await ask(health, "/readyz?exclude=caches&exclude=workers")).status, 200);
});

Deno.test("draining turns readiness red at once and leaves liveness green", async () => {
  const health = new Health();
  health.add("readiness", "caches", () => "");
  assert.equal(health.draining, false);
  health.startDraining();
  assert.equal(health.draining, true);
  assert.deepEqual(await ask(health, "/readyz"), {
    status: 503,
    text: "[-]shutdown failed: shutting down\n[+]caches ok\nreadyz check failed\n",
  });
  assert.equal((await ask(health, "/livez")).status, 200);
});

Deno.test("a check that throws has failed", async () => {
  const health = new Health();
  health.add("liveness", "bad", () => {
    throw new Error("boom");
  });
  health.add("liveness", "worse", () => {
    const thrown: unknown = "text";
    throw thrown;
  });
  const { status, text } = await ask(health, "/healthz");
  assert.equal(status, 503);
  assert.match(
    text,
    /bad failed: the check itself failed: boom\n.*worse failed: the check itself failed: text/,
  );
});

Deno.test("what checks say is cleaned before it leaves the process", async () => {
  const health = new Health({ redact: (text) => text.replaceAll("hunter2", "[redacted]") });
  health.add("readiness", "database", () => "password hunter2 refused");
  health.add("readiness", "other", () => {
    throw new Error("hunter2");
  });
  assert.ok(!(await ask(health, "/readyz")).text.includes("hunter2"));
});

Deno.test("a name is used once a probe and can be used again once it is removed", () => {
  const health = new Health();
  const remove = health.add("readiness", "x", () => "no");
  health.add("liveness", "x", () => "");
  assert.throws(() => health.add("readiness", "x", () => ""), /readiness check named x already/);
  remove();
  assert.equal(health.passes("readiness"), true);
  health.add("readiness", "x", () => "");
});

Deno.test("other paths and methods are refused; HEAD has no body", async () => {
  const health = new Health();
  assert.equal((await ask(health, "/")).status, 404);
  assert.equal((await ask(health, "/constructor")).status, 404);
  assert.equal((await ask(health, "/readyz", "POST")).status, 405);
  assert.deepEqual(await ask(health, "/readyz", "HEAD"), { status: 200, text: "" });
});
