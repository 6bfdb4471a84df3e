/** A key of a Secret is there, and has nothing in it. */
import { kubectl } from "../../pods/steps.ts";
import type { Rule } from "../../types.ts";
import { CONFIG_FOLLOWS } from "./follows.ts";
import { neededBy, secretTroubles } from "./secret_trouble.ts";

/** See the file's head. */
export const secretEmpty: Rule = {
  id: "secret-empty",
  subjects: ["controlplane", "proxy"],
  needs: ["secrets"],
  depth: 86,
  explains: [...CONFIG_FOLLOWS, "crash-loop", "postgres-database-missing", "postgres-refuses-password"],
  docs: {
    title: "A key of a Secret is empty",
    symptom: "The pods start, and end with a complaint about their settings.",
    cause: "The key that is needed is there, and its value has no bytes.",
    evidence: "The length of the key's value.",
    remedy: "Put the value in, and start the pods anew.",
  },
  find: (facts) =>
    secretTroubles(facts).filter(({ kind }) => kind === "empty").map((trouble) => {
      const { namespace, name, key, evidence } = trouble;
      return {
        cause: `The key ${key} of Secret ${namespace}/${name} is empty; ${neededBy(trouble)}.`,
        confidence: "certain",
        evidence,
        next: [{
          text: `Put the value, from the variable VALUE, under ${key}.`,
          command: `${kubectl(namespace, "patch", "secret", name)} -p ` +
            `"{\\"stringData\\":{\\"${key}\\":\\"$VALUE\\"}}"`,
        }],
      };
    }),
};
