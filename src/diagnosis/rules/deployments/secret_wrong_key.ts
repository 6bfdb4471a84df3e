/** A Secret is there, without the key that is needed. */
import { kubectl } from "../../pods/steps.ts";
import { SUBJECT_KINDS } from "../../subject.ts";
import type { Rule } from "../../types.ts";
import { CONFIG_FOLLOWS } from "./follows.ts";
import { neededBy, secretTroubles } from "./secret_trouble.ts";

/** See the file's head. */
export const secretWrongKey: Rule = {
  id: "secret-wrong-key",
  subjects: SUBJECT_KINDS,
  needs: ["pods", "secrets"],
  depth: 88,
  explains: CONFIG_FOLLOWS,
  docs: {
    title: "A Secret lacks the key that is needed",
    symptom:
      "A pod waits with CreateContainerConfigError or ContainerCreating, or the operator lacks a credential.",
    cause: "The Secret has other keys than the one that the spec or the pod names.",
    evidence: "The keys of the Secret (never their values); the state and the events of the pod.",
    remedy: "Put the value under the key that is needed, or name the key that there is.",
  },
  find: (facts) =>
    secretTroubles(facts).filter(({ kind }) => kind === "wrongKey").map((trouble) => {
      const { namespace, name, key, keys, evidence } = trouble;
      const has = keys === undefined
        ? ""
        : keys.length === 0
        ? ", nor any other"
        : `: it has ${keys.slice(0, 8).join(", ")}`;
      return {
        cause: `The Secret ${namespace}/${name} has no key ${key}${has}; ${neededBy(trouble)}.`,
        confidence: "certain",
        evidence,
        next: [
          {
            text: "See which keys it has.",
            command: kubectl(namespace, "describe", "secret", name),
          },
          {
            text: `Put the value, from the variable VALUE, under ${key}.`,
            command: `${kubectl(namespace, "patch", "secret", name)} -p ` +
              `"{\\"stringData\\":{\\"${key}\\":\\"$VALUE\\"}}"`,
          },
        ],
      };
    }),
};
