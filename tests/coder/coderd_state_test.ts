import assert from "node:assert/strict";
import { join } from "node:path";
import {
  coderdEnv,
  coderdFiles,
  type CoderdState,
  quote,
  readCoderdState,
  superviseArgs,
  writeCoderdFiles,
} from "./coderd_state.ts";
import { withDir } from "./testing_dir.ts";

function state(dir: string, env: Record<string, string> = {}): CoderdState {
  return {
    version: 1,
    dir,
    port: 20_001,
    prometheusPort: 20_002,
    database: "coder",
    postgres: {
      dir: "/pg",
      port: 20_003,
      password: "p",
      tls: false,
      requireTls: false,
      programs: { postgres: "/bin/postgres", initdb: "/bin/initdb", psql: "/bin/psql" },
    },
    tools: {
      coder: "/opt/it's coder",
      terraform: "/opt/terraform",
      terraformConfig: "/opt/terraformrc",
      providerVersion: "1.0.0",
    },
    env,
    restartAfter: null,
  };
}

Deno.test("what the caller wants overrides what the harness sets", () => {
  assert.equal(coderdEnv(state("/d"), "postgres://x").CODER_ACCESS_URL, "http://127.0.0.1:20001");
  const env = coderdEnv(state("/d", { CODER_ACCESS_URL: "https://a", CODER_X: "1" }), "postgres://x");
  assert.deepEqual([env.CODER_ACCESS_URL, env.CODER_X], ["https://a", "1"]);
  assert.equal(env.CODER_PG_CONNECTION_URL, "postgres://x");
});

Deno.test("coderd tells nobody outside that it is there", () => {
  const env = coderdEnv(state("/d"), "postgres://x");
  assert.equal(env.CODER_TELEMETRY_ENABLE, "false");
  assert.equal(env.CODER_UPDATE_CHECK, "false");
  assert.equal(env.CODER_DERP_SERVER_STUN_ADDRESSES, "disable");
});

Deno.test("Terraform, and what templates call, are found in coderd's own directory first", () => {
  assert.match(coderdEnv(state("/d"), "").PATH ?? "", /^\/d\/bin:/);
});

Deno.test("secrets are in files that only their owner reads, and values are quoted for the shell", () =>
  withDir(async (dir) => {
    const written = state(dir, { CODER_SECRET: "it's $HOME `x`" });
    await writeCoderdFiles(written, "postgres://u:p@h/d");
    const files = coderdFiles(dir);
    for (const file of [files.state, files.start]) {
      assert.equal(((await Deno.stat(file)).mode ?? 0) & 0o077, 0, file);
    }
    const text = await Deno.readTextFile(files.start);
    const shown = text.replace(/^exec .*$/m, 'echo "$CODER_SECRET"; echo "$CODER_PG_CONNECTION_URL"');
    const { stdout } = await new Deno.Command("sh", { args: ["-c", shown] }).output();
    assert.equal(new TextDecoder().decode(stdout), "it's $HOME `x`\npostgres://u:p@h/d\n");
    assert.match(text, /^exec '\/opt\/it'\\''s coder' server --cache-dir=/m);
    assert.deepEqual(await readCoderdState(files.state), written);
    assert.equal(await Deno.readLink(files.terraform), "/opt/terraform");
  }));

Deno.test("the command lines of coderd and of its supervisor name the directory: by that they are known again", () => {
  const args = superviseArgs({ ...state("/d"), restartAfter: 2 }, "coderd", ["sh", "/d/bin/start-coderd"]);
  assert.deepEqual(args.slice(1, 2), ["2"]);
  assert.ok(args.join(" ").includes("/d/"));
  assert.ok(join("/d", "cache").startsWith("/d/"));
});

Deno.test("a quoted text is one word, whatever is in it", () => {
  assert.equal(quote("a b"), "'a b'");
  assert.equal(quote("it's"), `'it'\\''s'`);
});
