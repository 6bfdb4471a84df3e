/** What Flux does with the objects of a Kustomization, once: its library, in a process of its own. */
import { join } from "node:path";
import { ensureGoProgram, type GoProgramOptions } from "../cluster/go_program.ts";

/** What became of an object. */
export interface Entry {
  /** `CoderWorkspace/lab/coder.owner.dev` */
  readonly object: string;
  /** `created`, `configured`, `unchanged`, `deleted`, `skipped` or `unknown`. */
  readonly action?: string;
  /** Of `wait`: `Current`, `InProgress`, `Failed` or `Terminating`. */
  readonly status?: string;
  /** Of `wait`: why. Of `diff`: specs and labels, live and as they would be. */
  readonly message?: string;
}

export interface Outcome {
  readonly entries: readonly Entry[];
  readonly error?: string;
}

export type FluxVerb = "diff" | "apply" | "wait" | "prune";

export interface Flux {
  /** Name by name, in the order of Flux, what became of the objects. Throws where it was refused. */
  does(verb: FluxVerb, objects: readonly object[]): Promise<Record<string, string>>;
  /** The same with everything that was told. */
  run(verb: FluxVerb, objects: readonly object[], options?: { readonly timeout?: string }): Promise<Outcome>;
}

/** The program's path. @throws {ToolsError} when Go is missing or the build fails */
export function ensureFluxProgram(options: GoProgramOptions = {}): Promise<string> {
  const moduleDir = join(import.meta.dirname ?? ".", "go");
  return ensureGoProgram({ name: "gitops", title: "apply rules of Flux", moduleDir }, options);
}

/** @param owner `namespace/name` of the Kustomization */
export async function flux(kubeconfig: string, owner: string): Promise<Flux> {
  const program = await ensureFluxProgram();
  const run: Flux["run"] = async (verb, objects, { timeout = "170s" } = {}) => {
    const child = new Deno.Command(program, {
      args: [`--kubeconfig=${kubeconfig}`, `--owner=${owner}`, `--timeout=${timeout}`, verb],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const input = child.stdin.getWriter();
    await input.write(new TextEncoder().encode(JSON.stringify(objects)));
    await input.close();
    const { success, stdout, stderr } = await child.output();
    if (!success) throw new Error(`gitops ${verb} failed: ${new TextDecoder().decode(stderr)}`);
    const { entries, error } = JSON.parse(new TextDecoder().decode(stdout));
    return { entries: entries ?? [], ...(error === undefined ? {} : { error }) };
  };
  return {
    run,
    async does(verb, objects) {
      const { entries, error } = await run(verb, objects);
      if (error !== undefined) throw new Error(`gitops ${verb}: ${error}`);
      return Object.fromEntries(entries.map(({ object, action, status }) => [
        object.slice(object.lastIndexOf("/") + 1),
        action ?? status ?? "",
      ]));
    },
  };
}
