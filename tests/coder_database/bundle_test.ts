/** The driver in a bundle, as the product is shipped, and its absence where no database is asked. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { bundle } from "../../scripts/lib/executable.ts";
import { createAuthority, issueCertificate } from "../cluster/pki.ts";
import { startPostgres } from "../coder/mod.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

Deno.test("in a bundle the driver is a chunk of its own, loaded with the first call, and speaks TLS and SCRAM", async () => {
  const authority = await createAuthority("ours");
  const tls = await issueCertificate(authority, {
    commonName: "localhost",
    ipAddresses: ["127.0.0.1"],
    usage: ["server"],
  });
  await using postgres = await startPostgres({ tls, requireTls: true });
  await postgres.sql("create table schema_migrations as select 7::bigint as version, false as dirty");
  await Deno.mkdir(join(ROOT, "dist"), { recursive: true });
  const dir = await Deno.makeTempDir({ dir: join(ROOT, "dist") });
  try {
    const entry = join(dir, "entry.ts");
    await Deno.writeTextFile(
      entry,
      `import { createRequire } from "node:module";
import { createOperatorDatabase } from "${ROOT}src/coder/database/database.ts";
Object.defineProperty(globalThis, "require", { value: createRequire(import.meta.url) });
const database = createOperatorDatabase();
const input = JSON.parse(await new Response(Deno.stdin.readable).text());
const answer = input.url ? await database.migration(input, new AbortController().signal) : "nothing asked";
await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(answer)));
`,
    );
    const out = join(dir, "out");
    await bundle(entry, out);
    const files = [...Deno.readDirSync(out)].map(({ name }) => name);
    const main = await Deno.readTextFile(join(out, "entry.js"));
    const holders = await Promise.all(
      files.map(async (name) => (await Deno.readTextFile(join(out, name))).includes("SCRAM-SHA-256")),
    );
    assert.deepEqual([main.includes("SCRAM-SHA-256"), holders.filter((has) => has).length], [false, 1]);

    const run = async (input: object) => {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-config", "--no-npm", "--no-remote", join(out, "entry.js")],
        ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
      }).spawn();
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(JSON.stringify(input)));
      await writer.close();
      const { stdout, stderr } = await child.output();
      return new TextDecoder().decode(stdout) || new TextDecoder().decode(stderr);
    };
    const url = postgres.url().replace("sslmode=require", "sslmode=verify-full");
    assert.equal(await run({ url, ca: authority.certPem }), '{"version":7,"dirty":false}');
    // Without the driver at hand, what asks no database works as before.
    for (const [index, name] of files.entries()) if (holders[index]) await Deno.remove(join(out, name));
    assert.equal(await run({}), '"nothing asked"');
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
