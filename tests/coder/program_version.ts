/** Which Coder the tests run on: that of every day, or another one that `CODER_BIN` names. */
import type { Coderd } from "./coderd.ts";

/** As its program says, and not as the server does: `v2.30.0`. @throws {Error} where it says nothing of the kind */
export async function programVersion(
  { state: { tools: { coder } } }: Pick<Coderd, "state">,
): Promise<string> {
  const { stdout } = await new Deno.Command(coder, { args: ["version"], stdin: "null", stderr: "null" })
    .output();
  const text = new TextDecoder().decode(stdout);
  const version = /^Coder .*?(v\d+\.\d+\.\d+)/.exec(text)?.[1];
  if (version === undefined) throw new Error(`${coder} version says ${JSON.stringify(text.slice(0, 200))}`);
  return version;
}

/** The last migration of the database, by the version of Coder that made it. */
const MIGRATIONS: Readonly<Record<string, number>> = { "v2.29.1": 401, "v2.30.0": 412 };

/** That of the Coder that the tests run on. @throws {Error} where its version has no line above */
export async function lastMigration(coderd: Pick<Coderd, "state">): Promise<number> {
  const version = await programVersion(coderd);
  const migration = MIGRATIONS[version];
  if (migration === undefined) {
    throw new Error(`add the last migration of Coder ${version} to tests/coder/program_version.ts`);
  }
  return migration;
}
