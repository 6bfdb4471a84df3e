import assert from "node:assert/strict";
import { ManualClock } from "../../../kube/testing/manual_clock.ts";
import { recordingLogger } from "../../../kube/testing/recording_logger.ts";
import { createFileCertificate } from "./files.ts";
import { issueAuthority, type IssuedPair, issueServing } from "./issue.ts";

async function issue(): Promise<IssuedPair> {
  const validity = { now: Date.now(), lifetimeMs: 3_600_000 };
  return await issueServing(await issueAuthority("test", validity), ["localhost"], validity);
}

function rig(files: Record<string, string>) {
  const clock = new ManualClock();
  const { logger, lines } = recordingLogger();
  const source = createFileCertificate({
    certFile: "tls.crt",
    keyFile: "tls.key",
    clock,
    log: logger,
    readFile: (path) =>
      files[path] === undefined ? Promise.reject(new Error(`no ${path}`)) : Promise.resolve(files[path]),
  });
  const stop = new AbortController();
  const running = source.run(stop.signal);
  const looked = () => clock.until(() => clock.sleeping === 1, "it has looked");
  const end = async () => {
    stop.abort();
    await running;
  };
  return { source, clock, lines, looked, end };
}

Deno.test("files are used, and used anew when they have changed", async () => {
  const [first, second] = [await issue(), await issue()];
  const files: Record<string, string> = { "tls.crt": first.certPem, "tls.key": first.keyPem };
  const { source, clock, looked, end } = rig(files);
  let changes = 0;
  source.subscribe(() => void changes++);
  await looked();
  assert.deepEqual([source.current, changes], [first, 1]);
  await clock.advance(30_000);
  assert.equal(changes, 1);
  files["tls.crt"] = second.certPem;
  await clock.advance(10_000);
  assert.deepEqual(source.current, first);
  assert.match(source.trouble, /the private key is not that of the certificate/);
  files["tls.key"] = second.keyPem;
  await clock.advance(10_000);
  assert.deepEqual([source.current, source.trouble, changes], [second, "", 2]);
  await end();
});

Deno.test("files that are missing or junk are trouble that is logged once", async () => {
  const { certPem, keyPem } = await issue();
  const files: Record<string, string> = {};
  const { source, clock, lines, looked, end } = rig(files);
  await looked();
  assert.match(source.trouble, /^tls\.crt and tls\.key cannot be read: no tls\./);
  await clock.advance(30_000);
  assert.equal(lines.filter(({ level }) => level === "warn").length, 1);
  for (
    const [cert, key, why] of [["junk", keyPem, /the certificate cannot be read/], [
      certPem,
      "junk",
      /the private key cannot be read/,
    ]] as const
  ) {
    Object.assign(files, { "tls.crt": cert, "tls.key": key });
    await clock.advance(10_000);
    assert.match(source.trouble, why);
    assert.equal(source.current, undefined);
  }
  assert.doesNotMatch(JSON.stringify(lines), /PRIVATE KEY/);
  await end();
});

Deno.test("files of the disk are read", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { certPem, keyPem } = await issue();
    await Deno.writeTextFile(`${folder}/tls.crt`, certPem);
    await Deno.writeTextFile(`${folder}/tls.key`, keyPem);
    const source = createFileCertificate({ certFile: `${folder}/tls.crt`, keyFile: `${folder}/tls.key` });
    const stop = new AbortController();
    const running = source.run(stop.signal);
    await source.whenReady(AbortSignal.timeout(60_000));
    assert.deepEqual(source.current, { certPem, keyPem });
    stop.abort();
    await running;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
