/** The Go program of `go/`. */
import { join } from "node:path";
import { ensureGoProgram, type GoProgramOptions } from "../cluster/go_program.ts";

/** The program's path. @throws {ToolsError} when Go is missing or the build fails */
export function ensureInformerProgram(options: GoProgramOptions = {}): Promise<string> {
  const moduleDir = join(import.meta.dirname ?? ".", "go");
  return ensureGoProgram({ name: "informer", title: "informers of client-go", moduleDir }, options);
}
