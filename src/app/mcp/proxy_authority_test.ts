import assert from "node:assert/strict";
import { makeAuthority } from "../../identity/testing/certificates.ts";
import { trustedProxy } from "../../identity/trusted_proxy.ts";
import { recordingLogger } from "../../kube/testing/recording_logger.ts";
import { ProxyAuthority } from "./proxy_authority.ts";

const [before, after] = await Promise.all(["before", "after"].map((name) => makeAuthority(name)));

Deno.test("an authority that is replaced counts soon; one that cannot be read changes nothing", async () => {
  let now = 0;
  let text: string | Error = before!.pem;
  let reads = 0;
  let told = 0;
  const { logger, lines } = recordingLogger();
  const authority = new ProxyAuthority({
    first: trustedProxy({ caPem: before!.pem, allowedNames: ["gateway"] }),
    file: "/ca.pem",
    log: logger,
    now: () => now,
    read: (file) => {
      assert.equal(file, "/ca.pem");
      reads++;
      return text instanceof Error ? Promise.reject(text) : Promise.resolve(text);
    },
  });
  const end = authority.subscribe(() => told++);
  const look = async (change: string | Error) => {
    text = change;
    now += 30_000;
    await authority.look();
  };
  await authority.look();
  assert.equal(reads, 0);
  await look(before!.pem);
  const same = authority.current;
  for (const trouble of [new Error("gone"), new Error("gone"), "no certificate"]) await look(trouble);
  assert.equal(authority.current, same);
  assert.deepEqual([reads, told, lines.filter(({ level }) => level === "warn").length], [4, 0, 2]);
  await look(after!.pem);
  assert.equal(authority.current.ca.pem, after!.pem);
  assert.deepEqual([authority.current.allowedNames, told], [["gateway"], 1]);
  end();
  await look(before!.pem);
  assert.equal(told, 1);
});
