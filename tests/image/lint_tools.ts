/** Programs of PyPI that judge what a release consists of. */
import { join } from "node:path";
import { ensurePython, runPython } from "../cluster/python_environment.ts";

const HERE = import.meta.dirname ?? ".";
const PACKAGES = {
  name: "image-lint",
  title: "hadolint and CycloneDX's validator",
  requirements: join(HERE, "requirements.txt"),
};

const VALIDATE = `import sys
from cyclonedx.validation.json import JsonStrictValidator
from cyclonedx.schema import SchemaVersion
with open(sys.argv[1]) as file:
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(file.read())
print("" if problem is None else repr(problem)[:2000])
`;

/** The linter of container files. */
export async function hadolint(): Promise<string> {
  return join(await ensurePython(PACKAGES), "..", "hadolint");
}

/** What is wrong with a CycloneDX 1.6 document, by its own schema; empty when nothing is. */
export async function sbomProblem(path: string): Promise<string> {
  const python = await ensurePython(PACKAGES);
  return await runPython(python, ["-c", VALIDATE, path], "the validator itself failed");
}
