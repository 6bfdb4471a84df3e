/** The parts of a workspace proxy that are about its registration with Coder: what is wanted, and what has become of it. */
import { z } from "zod";
import { group, optional, type Rule, text, time } from "./field.ts";
import { NOT_BLANK, OBJECT_NAME } from "./patterns.ts";
import { controlPlaneReference } from "./shared.ts";

const RESERVED_RULE: Rule = {
  rule: "!self.matches('^[Pp][Rr][Ii][Mm][Aa][Rr][Yy]$')",
  message: "primary is the name of Coder itself",
};

/** What the proxy is to Coder's users, and where its token goes. In `bootstrap` and in `registration`. */
export function registrationFields() {
  return {
    proxyName: optional(
      text("Name of the proxy in Coder; another one renames it. Default: the name of this object.", {
        "x-kubernetes-validations": [RESERVED_RULE],
      }),
    ),
    displayName: optional(text("Name that users see. Default: that which Coder has.")),
    icon: optional(text("Icon that users see: a URL or a path in Coder. Example: /emojis/1f1ea-1f1fa.png.")),
    generatedTokenSecretName: optional(
      text("Name of the Secret that gets the proxy's token, at key token. Default: <name>-proxy-token.", {
        pattern: OBJECT_NAME,
        maxLength: 253,
      }),
    ),
  };
}

/** `registration` */
export function registration() {
  return group(
    "How the proxy is registered with the control plane of controlPlaneRef.",
    registrationFields(),
  );
}

/** `controlPlaneRef` */
export function controlPlaneRef() {
  return controlPlaneReference(
    "The CoderControlPlane that this proxy belongs to. The operator registers the proxy with its own access to that Coder and keeps the token.",
    text("Name of the CoderControlPlane.", { pattern: NOT_BLANK }),
  );
}

/** A rule over the whole spec. An object that broke it before the rule was there may go on doing so. */
function together(broken: (self: string) => string, message: string, fieldPath: string): Rule {
  return {
    rule: `!(${broken("self")}) || (oldSelf.hasValue() && ${broken("oldSelf.value()")})`,
    message,
    optionalOldSelf: true,
    fieldPath,
  };
}

/** Of `spec`: in which ways a proxy is said to belong to a Coder. */
export const REGISTRATION_RULES: readonly Rule[] = [
  together(
    (self) => `has(${self}.controlPlaneRef) && has(${self}.bootstrap)`,
    "give one of controlPlaneRef and bootstrap",
    ".bootstrap",
  ),
  together(
    (self) => `has(${self}.controlPlaneRef) && has(${self}.proxySessionTokenSecretRef)`,
    "with controlPlaneRef the operator registers the proxy and keeps its token",
    ".proxySessionTokenSecretRef",
  ),
  together(
    (self) => `has(${self}.registration) && !has(${self}.controlPlaneRef)`,
    "registration belongs to controlPlaneRef; with bootstrap, its fields are there",
    ".registration",
  ),
];

/** At which Coder, and by which token. */
function place() {
  return {
    coderURL: text("Address of Coder."),
    controlPlaneName: optional(text("The control plane whose Coder it is, where one is named.")),
    controlPlaneNamespace: optional(text("Namespace of that control plane.")),
    tokenSecretRef: group("The Secret with the token that Coder is called with.", {
      namespace: optional(text("Namespace of the Secret. Default: that of this object.")),
      name: text("Name of the Secret."),
      key: optional(text("Key in the Secret's data. Default: token.")),
    }),
  };
}

const present = group("The proxy as it is registered with Coder.", {
  id: text("Identifier of the proxy in Coder."),
  name: text("Name of the proxy in Coder."),
  ...place(),
});

const intent = group("A registration that was begun: Coder is asked for it next, or was.", {
  name: text("Name of the proxy in Coder."),
  since: time("When it was begun."),
  ...place(),
});

const former = group("A registration that has to go.", {
  id: optional(text("Identifier of the proxy in Coder. Absent: Coder may never have made it.")),
  name: text("Name of the proxy in Coder."),
  since: time("Since when it has to go."),
  ...place(),
});

/** Status fields about the registration. */
export function registrationStatus() {
  return {
    registration: optional(present),
    registrationIntent: optional(intent),
    formerRegistrations: optional(
      z.array(former).meta({
        description: "Earlier registrations. They are removed when no pod uses them any more.",
      }),
    ),
  };
}

/** `status.registration` */
export type ProxyRegistration = z.output<typeof present>;
/** `status.registrationIntent` */
export type ProxyRegistrationIntent = z.output<typeof intent>;
/** An entry of `status.formerRegistrations`. */
export type FormerProxyRegistration = z.output<typeof former>;
