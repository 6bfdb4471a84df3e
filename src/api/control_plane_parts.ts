/** The nested parts of a control plane's spec. */
import { z } from "zod";
import {
  type Constraints,
  embedded,
  flag,
  group,
  int32,
  list,
  optional,
  type Rule,
  stored,
  text,
  textMap,
} from "./field.ts";
import { HOST, NAMESPACE, NOT_BLANK, OBJECT_NAME_TRIMMED, WILDCARD_HOST } from "./patterns.ts";

/** `rbac` */
export function rbac() {
  return stored(
    group("What the control plane may do in Kubernetes in order to run workspaces.", {
      workspacePerms: stored(
        flag(
          "Grant the ServiceAccount the rights to make workspace pods and volumes, by a Role and a RoleBinding.",
        ),
        true,
      ),
      enableDeployments: stored(
        flag("Grant rights on Deployments as well, for templates that run workspaces as Deployments."),
        true,
      ),
      extraRules: list(
        "More rules for the Role. Rules that reach Secrets, tokens of ServiceAccounts, RBAC or coder.com, or the verbs escalate, bind and impersonate, are refused; others are granted as far as the operator holds them itself.",
        embedded("PolicyRule"),
      ),
      workspaceNamespaces: list(
        "Further namespaces in which workspaces run and the same rights are granted. Each must opt in by the label coder.com/workspaces-from=<this namespace>, or be allowed by the operator's --workspace-namespaces. Example: - coder-workspaces.",
        text("", { pattern: NAMESPACE }),
      ),
    }),
    {},
  );
}

/** `tls` */
export function tls() {
  return stored(
    group("TLS served by Coder itself.", {
      secretNames: list(
        "Secrets of type kubernetes.io/tls (tls.crt, tls.key). One or more turn HTTPS on, on port 443 of the Service.",
        text("", { pattern: NOT_BLANK }),
      ),
    }),
    {},
  );
}

/** `certs` */
export function certs() {
  return stored(
    certsGroup(
      "Certificate authorities that Coder trusts, for instance of an identity provider or a Git server.",
    ),
    {},
  );
}

/** As {@linkcode certs}, where nothing is stored in its absence. */
export function certsGroup(description: string) {
  return group(description, {
    secrets: list(
      "Keys of Secrets with PEM certificates; each becomes a file in /etc/ssl/certs.",
      group("One certificate file.", {
        name: text("Name of the Secret, in this namespace.", { pattern: NOT_BLANK }),
        key: text("Key in the Secret's data. Example: ca.crt.", { pattern: NOT_BLANK }),
      }),
    ),
  });
}

const LIVENESS_RULE: Rule = {
  rule: "!has(self.enabled) || !self.enabled || !has(self.successThreshold) || self.successThreshold <= 1",
  message: "a liveness probe succeeds at once: successThreshold must be 1",
  fieldPath: ".successThreshold",
};

/** `readinessProbe`: on unless it is switched off. */
export function readinessProbe() {
  return stored(readinessProbeGroup("Coder"), { enabled: true });
}

/** `livenessProbe`: off unless it is switched on. */
export function livenessProbe() {
  return stored(livenessProbeGroup("Coder"), { enabled: false });
}

/** As {@linkcode readinessProbe}, where nothing is stored in its absence. `whose`: of whom `/healthz` is asked. */
export function readinessProbeGroup(whose: string) {
  return probe(`Whether a pod gets traffic: ${whose}'s /healthz must answer. On by default.`, true);
}

/** As {@linkcode livenessProbe}, where nothing is stored in its absence. */
export function livenessProbeGroup(whose: string) {
  return probe(
    `Whether a pod is restarted when ${whose}'s /healthz stops answering. Off by default.`,
    false,
    { "x-kubernetes-validations": [LIVENESS_RULE] },
  );
}

function probe(description: string, enabled: boolean, constraints: Constraints = {}) {
  const threshold = (text: string, fallback: number) => int32(text, { minimum: 0 }).default(fallback);
  return group(description, {
    enabled: flag(`Switches the probe on or off. Default: ${enabled}.`).default(enabled),
    initialDelaySeconds: stored(
      int32("Seconds after the start of the container before the first probe.", { minimum: 0 }),
      0,
    ),
    periodSeconds: threshold("Seconds between two probes. Default: 10.", 10),
    timeoutSeconds: threshold("Seconds after which an unanswered probe has failed. Default: 1.", 1),
    successThreshold: threshold(
      "Successes in a row that make the probe succeed after a failure. Default: 1.",
      1,
    ),
    failureThreshold: threshold("Failures in a row that make the probe fail. Default: 3.", 3),
  }, constraints);
}

const EXPOSE_RULE: Rule = {
  rule: "!(has(self.ingress) && has(self.gateway))",
  message: "choose one of ingress and gateway",
};

const WILDCARD_TLS_RULE: Rule = {
  rule:
    "!has(self.tls) || !has(self.tls.wildcardSecretName) || self.tls.wildcardSecretName.trim() == '' || (has(self.wildcardHost) && self.wildcardHost.trim() != '')",
  message: "tls.wildcardSecretName is the certificate of wildcardHost, which is not set",
  fieldPath: ".tls.wildcardSecretName",
};

/** Kubernetes refuses it in an Ingress, and a Gateway never matches it. */
const ADDRESS_RULE: Rule = {
  rule: "!self.trim().matches('^[0-9]+([.][0-9]+){3}$')",
  message: "must be a host name, not an IP address",
};

/** As the Gateway API has it: one listener, or all of them, once. */
const PARENT_RULE: Rule = {
  rule: "self.all(a, self.exists_one(b, a.name == b.name && " +
    "(has(a.__namespace__) ? a.__namespace__ : '') == (has(b.__namespace__) ? b.__namespace__ : '') && " +
    "(!has(a.sectionName) || !has(b.sectionName) || a.sectionName == b.sectionName)))",
  message: "one Gateway is named twice: give each a sectionName of its own, or name it once",
};

/** `expose`. `what` is exposed, as the texts speak of it. */
export function expose(what = "Coder") {
  const capital = what.slice(0, 1).toUpperCase() + what.slice(1);
  return group(
    `How ${what} is reached from outside the cluster: by an Ingress or by a Gateway. ${capital} is told so (CODER_ACCESS_URL, CODER_WILDCARD_ACCESS_URL), unless extraEnv or envFrom set these: https where tls is given, and behind a Gateway unless its listeners are known to speak nothing but http.`,
    {
      ingress: optional(ingress(what)),
      gateway: optional(gateway(what)),
    },
    { "x-kubernetes-validations": [EXPOSE_RULE] },
  );
}

/** `expose`, with its defaults. */
export type ExposeSettings = z.output<ReturnType<typeof expose>>;

function hosts(what: string) {
  return {
    host: text(`Host name of ${what}, without scheme and port. Example: coder.example.com.`, {
      pattern: HOST,
      maxLength: 253,
      "x-kubernetes-validations": [ADDRESS_RULE],
    }),
    wildcardHost: optional(text(
      "Host name of workspace apps, one level of it a wildcard. Example: *.coder.example.com.",
      { pattern: WILDCARD_HOST, maxLength: 253 },
    )),
  };
}

function ingress(what: string) {
  const name = { pattern: OBJECT_NAME_TRIMMED, maxLength: 253 };
  return group(`Expose ${what} by an Ingress that the operator keeps.`, {
    className: optional(
      text("IngressClass to use. Default: the cluster's default class. Example: nginx.", name),
    ),
    ...hosts(what),
    annotations: textMap(
      "Annotations of the Ingress, for instance cert-manager.io/cluster-issuer. Annotations that others set stay.",
    ),
    tls: optional(group("Certificates of the Ingress.", {
      secretName: optional(text("Secret of type kubernetes.io/tls with the certificate of host.", name)),
      wildcardSecretName: optional(
        text(
          "Secret of type kubernetes.io/tls with the certificate of wildcardHost, which must be set too.",
          name,
        ),
      ),
    })),
  }, { "x-kubernetes-validations": [WILDCARD_TLS_RULE] });
}

function gateway(what: string) {
  const parentRef = group("One Gateway.", {
    name: text("Name of the Gateway.", { pattern: NOT_BLANK, maxLength: 253 }),
    namespace: optional(
      text("Namespace of the Gateway. Default: that of this object.", { pattern: NAMESPACE, maxLength: 63 }),
    ),
    sectionName: optional(
      text("Listener of the Gateway. Default: every one that fits.", { pattern: NOT_BLANK, maxLength: 253 }),
    ),
  });
  return group(
    `Expose ${what} by an HTTPRoute that the operator keeps. Needs the Gateway API in the cluster.`,
    {
      ...hosts(what),
      parentRefs: z.array(parentRef).meta({
        description: "The Gateways that the HTTPRoute attaches to; at least one.",
        minItems: 1,
        maxItems: 32,
        "x-kubernetes-validations": [PARENT_RULE],
      }),
    },
  );
}
