/** A Secret that is needed is not there. */
import { CONFIG_FOLLOWS } from "./follows.ts";
import { kubectl, shellWord } from "../../pods/steps.ts";
import { SUBJECT_KINDS } from "../../subject.ts";
import type { NextStep, Rule } from "../../types.ts";
import { neededBy, type SecretTrouble, secretTroubles } from "./secret_trouble.ts";

/** See the file's head. */
export const secretMissing: Rule = {
  id: "secret-missing",
  subjects: SUBJECT_KINDS,
  needs: ["pods", "secrets"],
  depth: 88,
  explains: CONFIG_FOLLOWS,
  docs: {
    title: "A Secret is missing",
    symptom:
      "A pod waits with CreateContainerConfigError or ContainerCreating, or the operator lacks a credential.",
    cause: "A Secret that the spec or the pod names does not exist in that namespace.",
    evidence: "The Secret that is not found; the state and the events of the pod.",
    remedy: "Create the Secret, or correct its name where it is used.",
  },
  find: (facts) =>
    secretTroubles(facts).filter(({ kind }) => kind === "missing").map((trouble) => {
      const { namespace, name, evidence } = trouble;
      return {
        cause: `The Secret ${namespace}/${name} does not exist; ${neededBy(trouble)}.`,
        confidence: "certain",
        evidence,
        next: [
          {
            text: "See which Secrets there are.",
            command: kubectl(namespace, "get", "secrets"),
          },
          creation(trouble),
        ],
      };
    }),
};

/** With the keys that are needed, and values that no history of a shell keeps. */
function creation({ namespace, name, needed }: SecretTrouble): NextStep {
  if (needed.some((key) => key.startsWith("tls."))) {
    return {
      text: "Create it from the files with the certificate and its key.",
      command: kubectl(namespace, "create", "secret", "tls", name, "--cert=tls.crt", "--key=tls.key"),
    };
  }
  const keys = needed.length === 0 ? ["KEY"] : needed.slice(0, 4);
  const text = needed.length === 0
    ? "Create it, with the keys that are needed, from the variable VALUE."
    : keys.length === 1
    ? `Create it with the key ${keys[0]}, from the variable VALUE.`
    : `Create it with the keys ${keys.join(", ")}, from the variables VALUE1 to VALUE${keys.length}.`;
  const values = keys.map((key, at) =>
    `--from-literal=${shellWord(key)}="$VALUE${keys.length === 1 ? "" : at + 1}"`
  );
  return {
    text,
    command: `${kubectl(namespace, "create", "secret", "generic", name)} ${values.join(" ")}`,
  };
}
