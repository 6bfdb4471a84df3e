import assert from "node:assert/strict";

/** Runs a script that says "ready" and then stays; `told` gives its next line. */
async function running(
  text: string,
  use: (child: Deno.ChildProcess, told: () => Promise<string | undefined>) => Promise<void>,
): Promise<void> {
  const script = `
    import { stopSignals } from ${JSON.stringify(new URL("stop_signals.ts", import.meta.url).href)};
    ${text}
    console.log("ready");
    await new Promise((resolve) => setTimeout(resolve, 60_000));`;
  await using child = new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  // One line at a time, however the lines come.
  const told = async (): Promise<string | undefined> => {
    const end = rest.indexOf("\n");
    if (end >= 0) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      return line;
    }
    const { value, done } = await output.read();
    if (done) return undefined;
    rest += value;
    return await told();
  };
  assert.equal(await told(), "ready");
  await use(child, told);
  await output.cancel();
}

/** Tells of signals, and when the next one will be another. */
const LISTENS = `
  using _stop = stopSignals((signal) => {
    console.log("told " + signal);
    setTimeout(() => console.log("later"), 60);
  }, 50);`;

Deno.test("the first signal is told, and one that comes later ends the process", async () => {
  await running(LISTENS, async (child, told) => {
    child.kill("SIGTERM");
    assert.equal(await told(), "told SIGTERM");
    assert.equal(await told(), "later");
    child.kill("SIGINT");
    assert.equal((await child.status).signal, "SIGINT");
  });
});

Deno.test("a signal that comes twice, by two ways, is told once", async () => {
  await running(LISTENS.replace("}, 50)", "}, 60_000)"), async (child, told) => {
    child.kill("SIGTERM");
    child.kill("SIGINT");
    const first = await told();
    assert.match(first ?? "", /^told SIG(TERM|INT)$/);
    assert.equal(await told(), "later");
    child.kill("SIGKILL");
    assert.equal((await child.status).signal, "SIGKILL");
  });
});

Deno.test("after its end nobody is told, and the first signal ends the process", async () => {
  await running('{ using _stop = stopSignals(() => console.log("told")); }', async (child, told) => {
    child.kill("SIGHUP");
    assert.equal((await child.status).signal, "SIGHUP");
    assert.equal(await told(), undefined);
  });
});
