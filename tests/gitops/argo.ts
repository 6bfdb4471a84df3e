/** What Argo CD says of the health of objects: its engine, with the script of the example. */
import { join } from "node:path";
import { ensureGoProgram } from "../cluster/go_program.ts";

const HERE = import.meta.dirname ?? ".";

/** The example that people put into `argocd-cm`. */
export const HEALTH = new URL("../../examples/argocd/health/", import.meta.url).pathname;

export interface Health {
  /** `Healthy`, `Progressing`, `Degraded` or `Suspended`. */
  readonly status: string;
  readonly message: string;
}

/** Of each object, as it is. @throws where the script fails, or returns what Argo CD does not know */
export async function healthOf(objects: readonly unknown[]): Promise<Health[]> {
  const program = await ensureGoProgram({
    name: "argo-lua",
    title: "health checks of Argo CD",
    moduleDir: join(HERE, "lua"),
  });
  const script = await Deno.readTextFile(join(HEALTH, "health.lua"));
  const child = new Deno.Command(program, { stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(JSON.stringify({ script, objects })));
  await input.close();
  const { success, stdout, stderr } = await child.output();
  if (!success) throw new Error(`the health check failed: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Of one object. */
export async function health(object: unknown): Promise<Health> {
  const [one] = await healthOf([object]);
  if (one === undefined) throw new Error("the health check said nothing");
  return one;
}
