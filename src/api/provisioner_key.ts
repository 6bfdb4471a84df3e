/** The parts of a provisioner that are about its key: what is wanted, and what has become of it. */
import { z } from "zod";
import { DURATION, duration } from "./duration.ts";
import { group, int32, optional, type Rule, text, textOr, time } from "./field.ts";
import { DATA_KEY, OBJECT_NAME } from "./patterns.ts";

/** On a provisioner: asks for a new key. Any value does; another value is another request. */
export const ROTATE_ANNOTATION = "coder.com/rotate-key";

/** What is no duration is for the pattern to refuse: an error of the rule itself would refuse status writes, too. */
const ROTATE_RULE: Rule = {
  rule: `self == '' || !self.matches('${DURATION}') || duration(self) >= duration('1h')`,
  message: "expected 1h or more",
};

const EXISTING = "!has(self.existingSecret) || self.existingSecret == ''";

const EXISTING_RULES: readonly Rule[] = [
  {
    rule: `${EXISTING} || !has(self.rotateAfter) || self.rotateAfter == ''`,
    message: "a key that you bring in existingSecret is not rotated",
    fieldPath: ".rotateAfter",
  },
  {
    rule: `${EXISTING} || !has(self.secretName) || self.secretName == ''`,
    message: "give one of existingSecret and secretName",
    fieldPath: ".secretName",
  },
];

/** `key` */
export function key() {
  return group(
    "The provisioner key: how the daemons sign in to Coder.",
    {
      name: optional(text(
        "Name of the key in Coder; the operator adds a suffix to it, for each new key has a name of its own. Default: the name of this object.",
        { maxLength: 128 },
      )),
      secretName: optional(text("Name of the Secret that holds the key. Default: <name>-provisioner-key.", {
        maxLength: 253,
        pattern: OBJECT_NAME,
      })),
      secretKey: textOr("key", "Key in that Secret's data. Default: key.", {
        maxLength: 253,
        pattern: DATA_KEY,
      }),
      existingSecret: optional(text(
        "Name of a Secret with a key that you made. It is used as it is: the operator makes no key in Coder and never writes this Secret.",
        { maxLength: 253, pattern: OBJECT_NAME },
      )),
      rotateAfter: optional(duration(
        "Age at which the key is replaced by a new one, as a duration of at least 1h; days are not known. Example: 2160h, which is 90 days. Default: never.",
        { "x-kubernetes-validations": [ROTATE_RULE] },
      )),
    },
    { "x-kubernetes-validations": EXISTING_RULES },
  ).prefault({});
}

const tokenSecretRef = () =>
  group("The Secret with the token that made the key.", {
    namespace: optional(text("Namespace of the Secret. Default: that of the control plane.")),
    name: text("Name of the Secret."),
    key: optional(text("Key in the Secret's data. Default: token.")),
  });

/** Status fields about the key. The fields of the Go operator's status beside these describe the present key, too. */
export function keyStatus() {
  return {
    key: optional(group("More about the present key, and when the next one may be asked for.", {
      createdAt: optional(time("When the present key was made.")),
      valueHash: optional(
        text("SHA-256 of the present key, in hexadecimal: tells whether the Secret still holds it."),
      ),
      controlPlaneNamespace: optional(
        text("Namespace of the control plane that the key belongs to. Default: that of this object."),
      ),
      deploymentID: optional(
        text("Identifier of the Coder deployment that the key belongs to, whatever its address."),
      ),
      tokenSecretRef: optional(tokenSecretRef()),
      rotation: optional(text("The last request for a rotation that was carried out.")),
      changedAt: optional(time("When a key was last made or deleted.")),
      retries: optional(
        z.array(group("After a failure: when a Coder is asked next.", {
          notBefore: time("No request about keys before this time."),
          failures: optional(int32("Failures in a row.")),
          reason: text("What kind of failure it was."),
          message: optional(text("What Coder said.")),
          controlPlane: text("The control plane that was asked, as namespace/name."),
          inputs: optional(
            text("Hash of what was asked for: where that changes, there is no need to wait. Absent: wait."),
          ),
        })).meta({ description: "Failures of calls about keys, one for each control plane." }),
      ),
    })),
    keyIntents: optional(
      z.array(group("A key that is being made or has to go.", {
        name: text("Name of the key in Coder."),
        step: text(
          "Making: it is asked for next, or was. Undoing: nobody uses it; it is deleted next. Retiring: it is deleted when no pod uses it any more.",
        ),
        since: time("When the step began."),
        id: optional(text("Identifier of the key in Coder.")),
        organizationName: optional(text("Organization of the key.")),
        organizationID: optional(text("Identifier of that organization.")),
        tagsHash: optional(text("Hash of the key's tags.")),
        valueHash: optional(text("SHA-256 of the key.")),
        createdAt: optional(time("When the key was made.")),
        rotation: optional(text("The request for a rotation that this key answers.")),
        controlPlaneName: text("The control plane that the key belongs to."),
        controlPlaneNamespace: optional(
          text("Namespace of that control plane. Default: that of this object."),
        ),
        controlPlaneURL: optional(text("Address of Coder.")),
        deploymentID: optional(text("Identifier of the Coder deployment.")),
        tokenSecretRef: optional(tokenSecretRef()),
      })).meta({
        description: "Keys besides the present one. Each is written here before Coder is asked for it.",
      }),
    ),
  };
}
