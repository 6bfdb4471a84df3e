/** Who may not, and who is nobody: the words of kube-apiserver, and of our server where it is asked directly. */
import type { Case, Difference } from "./compare.ts";

export const FORBIDDEN_CASES: readonly Case[] = [
  { ask: "GET {here}" },
  { ask: "GET {here}/a" },
  { ask: "GET {here}/none" },
  { ask: "GET {here}/a/status" },
  { ask: "GET {here}?watch=1&timeoutSeconds=1" },
  { ask: "GET {here}?fieldSelector=metadata.name%3Da" },
  { ask: "GET {here}?limit=junk" },
  { ask: "GET {root}/gadgets" },
  { ask: "GET {root}/watch/gadgets" },
  { ask: "GET {root}/none" },
  { ask: "POST {here}", body: "{}" },
  { ask: "PUT {here}/a", body: "{}" },
  { ask: "PATCH {here}/a", body: "{}" },
  { ask: "DELETE {here}/a" },
  { ask: "DELETE {here}" },
  { ask: "GET {here}", headers: { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" } },
  { ask: "GET /metrics" },
  { ask: "GET /none" },
  { ask: "GET {root}" },
];

export const UNAUTHORIZED_CASES: readonly Case[] = [
  { ask: "GET {here}" },
  { ask: "GET {here}/a" },
  { ask: "GET {root}" },
  { ask: "GET /none" },
].map((item) => ({ ...item, headers: { authorization: "Bearer junk" } }));

const MUST_SAY: Difference = {
  why: "nobody may do anything but see health and discovery, whatever the roles are: say who you are",
  code: 401,
  reason: "Unauthorized",
  at: "direct",
};

/** Without a certificate and without a token. */
export const ANONYMOUS_CASES: readonly Case[] = [
  { ask: "GET {here}" },
  { ask: "GET {here}/a" },
  { ask: "GET /metrics" },
  { ask: "GET /none" },
].map((item) => ({ ...item, differs: MUST_SAY }));
