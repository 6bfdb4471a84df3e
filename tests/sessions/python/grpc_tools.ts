/** Python with gRPC, made once from PyPI and kept outside of the work tree; and a client that it makes of our `.proto`. */
import { join } from "node:path";
import { ensurePython, type EnsurePythonOptions, runPython } from "../../cluster/python_environment.ts";

const REQUIREMENTS = join(import.meta.dirname ?? ".", "requirements.txt");

/**
 * The interpreter of an environment that has the packages.
 * @throws {ToolsError} that says what is missing
 */
export function ensureGrpcPython(options: EnsurePythonOptions = {}): Promise<string> {
  return ensurePython(
    { name: "python-grpc", title: "Python with gRPC", requirements: REQUIREMENTS },
    options,
  );
}

/** Makes a client of a `.proto` file. @throws {ToolsError} */
export async function generateClient(interpreter: string, proto: string, into: string): Promise<void> {
  const folder = join(proto, "..");
  const out = [`--python_out=${into}`, `--grpc_python_out=${into}`];
  await runPython(
    interpreter,
    ["-m", "grpc_tools.protoc", `-I${folder}`, ...out, proto],
    "the .proto file is wrong",
  );
}
