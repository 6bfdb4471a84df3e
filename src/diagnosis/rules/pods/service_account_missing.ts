/** The pod's service account does not exist. */
import { correct, isName, kubectl } from "../../pods/steps.ts";
import { refusalRule } from "./refused.ts";

const WORDS = /(?:looking up service account (?:[^/\s]+\/)?[^:\s]+: )?service ?account "([^"]+)" not found/i;

/** See the file's head. */
export const serviceAccountMissing = refusalRule({
  id: "service-account-missing",
  depth: 88,
  docs: {
    title: "The pod's service account does not exist",
    symptom: "No pod appears at all, or the build fails while it makes one.",
    cause: "The pod names a service account that its namespace does not have.",
    evidence: "The API server's refusal.",
    remedy: "Make the service account, or name one that exists.",
  },
  say({ words, who, namespace }) {
    const name = WORDS.exec(words)?.[1];
    if (name === undefined) return undefined;
    return `The service account ${
      namespace === "" ? "" : `${namespace}/`
    }${name}, which the pod of ${who} needs, ` +
      "does not exist.";
  },
  steps(facts, { words, namespace }) {
    const name = WORDS.exec(words)?.[1] ?? "";
    return [
      ...(isName(name)
        ? [{
          text: "Make the service account, and give it what it needs.",
          command: kubectl(namespace, "create", "serviceaccount", name),
        }]
        : []),
      correct(facts, "the name of the service account"),
    ];
  },
});
