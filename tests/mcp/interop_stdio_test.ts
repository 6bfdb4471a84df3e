/** The official clients with a server that is their own process. */
import { CLIENTS } from "./clients.ts";
import { proveInterop } from "./interop_suite.ts";
import { denoCache } from "./programs.ts";

const script = new URL("./serve_stdio.ts", import.meta.url).pathname;

Deno.test("every client does everything over standard streams", async (t) => {
  const route = {
    command: Deno.execPath(),
    args: ["run", "-A", "--no-check", script],
    env: { ...denoCache(), PATH: Deno.env.get("PATH") ?? "" },
  };
  for (const kind of CLIENTS) {
    await t.step(kind.name, (t) =>
      proveInterop(t, kind, route, {
        elicits: true,
        sticky: true,
        oneConnection: true,
        prefix: kind.name,
      }));
  }
});
