/** The node does not get through to the registry. */
import { NOT_STARTED } from "../../pods/downstream.ts";
import { imageFindings } from "../../pods/image_trouble.ts";
import type { Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const imageRegistryUnreachable: Rule = {
  id: "image-registry-unreachable",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events"],
  depth: 86,
  explains: NOT_STARTED,
  docs: {
    title: "The registry cannot be reached",
    symptom: "The pod waits with ErrImagePull or ImagePullBackOff.",
    cause: "The node cannot resolve, reach or trust the registry, or the registry is broken.",
    evidence: "The node's words: no such host, dial tcp, i/o timeout, x509, 503.",
    remedy: "Check DNS, proxy, firewall and certificates from the node, and whether the registry is up.",
  },
  find: (facts) =>
    imageFindings(facts, "unreachable", ({ words }) => sentence(words), ({ pod }) => [{
      text: `Try from the node${pod.node === "" ? "" : ` ${pod.node}`} whether the registry answers.`,
    }]),
};

function sentence(words: string): string {
  if (/no such host|name resolution|server misbehaving/i.test(words)) {
    return "its node cannot find the registry by name.";
  }
  if (/x509|certificate/i.test(words)) return "its node does not trust the registry's certificate.";
  if (/server gave HTTP response/i.test(words)) {
    return "the registry speaks plain HTTP, and the node wants HTTPS.";
  }
  if (/\b50[0234] [A-Z]/.test(words)) return "the registry is out of order.";
  return "its node does not get through to the registry.";
}
