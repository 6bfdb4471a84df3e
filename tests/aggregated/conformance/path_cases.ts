/** Methods and paths that are not there, and documents that are. */
import type { Case } from "./compare.ts";

const BUILT_IN = "/api/v1/namespaces/{ns}/configmaps";
const ONE = `${BUILT_IN}/kube-root-ca.crt`;
/** Custom resources take methods that others refuse, and say in other words what is not there. */
const like = (ask: string, builtIn: string): Case => ({ ask, like: builtIn });
const refusedPath = (ask: string): Case => ({
  ask,
  differs: {
    why: "a segment that is empty, or stands for a direction, is refused before anything is made of it",
    code: 400,
    reason: "BadRequest",
  },
});
const PROTOBUF = "application/vnd.kubernetes.protobuf";

export const PATH_CASES: readonly Case[] = [
  ...["HEAD", "OPTIONS", "TRACE"].flatMap((method) => [
    like(`${method} {here}`, `${method} ${BUILT_IN}`),
    like(`${method} {here}/a`, `${method} ${ONE}`),
  ]),
  ...["{here}", "{here}/a"].map((path) => ({
    ask: `FOO ${path}`,
    differs: { why: "Node's parser refuses methods that it does not know", code: 400, reason: "BadRequest" },
  })),
  { ask: "get {here}" },
  like("POST {here}/a", `POST ${ONE}`),
  like("PUT {here}", `PUT ${BUILT_IN}`),
  like("PATCH {here}", `PATCH ${BUILT_IN}`),
  like("POST {root}/gadgets", "POST /api/v1/configmaps"),
  like("PUT {root}/gadgets", "PUT /api/v1/configmaps"),
  like("DELETE {root}/gadgets/a", "DELETE /api/v1/configmaps/a"),
  like("GET {root}/gadgets/a", "GET /api/v1/configmaps/a"),
  { ask: "GET {here}/a/status" },
  { ask: "GET {here}/none/status" },
  { ask: "GET {here}/a/status?resourceVersion=0" },
  { ask: "GET {here}/a/status?resourceVersion={now}" },
  {
    ask: "GET {here}/a/status?resourceVersion=junk",
    differs: { why: "what the caller got wrong is no internal error", code: 400, reason: "BadRequest" },
  },
  { ask: "GET {here}/a/status", headers: { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" } },
  {
    ask: "GET {here}/a/status",
    headers: { accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" },
  },
  { ask: "GET {here}/a/status", headers: { accept: "application/yaml" } },
  { ask: "GET {here}/a/status", headers: { accept: "text/html" } },
  like("POST {here}/a/status", "POST /api/v1/namespaces/{ns}/status"),
  like("DELETE {here}/a/status", "DELETE /api/v1/namespaces/{ns}/status"),
  like("HEAD {here}/a/status", "HEAD /api/v1/namespaces/{ns}/status"),
  like("GET {here}/a/scale", `GET ${ONE}/scale`),
  like("GET {here}/a/none", `GET ${ONE}/none`),
  like("PUT {here}/a/none", `PUT ${ONE}/none`),
  like("GET {here}/a/none/deeper", `GET ${ONE}/none/deeper`),
  { ask: "GET {here}/a/status/" },
  {
    ask: "GET {here}/a%2Fb",
    like: `GET ${ONE}%2Fb`,
    // On its way through kube-apiserver it becomes a path.
    differs: {
      why: "a slash in a segment is refused, not obeyed",
      code: 400,
      reason: "BadRequest",
      at: "direct",
    },
  },
  like("GET {root}/none", "GET /api/v1/none"),
  like("GET {root}/namespaces/{ns}/none", "GET /api/v1/namespaces/{ns}/none"),
  like("GET {root}/namespaces/{ns}/none/a", "GET /api/v1/namespaces/{ns}/none/a"),
  like("GET {root}/namespaces/{ns}", "GET /apis/apps/v1/namespaces/{ns}"),
  like("GET {root}/namespaces", "GET /apis/apps/v1/namespaces"),
  like("GET {root}/Gadgets", "GET /api/v1/Configmaps"),
  like("GET {root}/gadget", "GET /api/v1/configmap"),
  refusedPath("GET {root}//gadgets"),
  refusedPath("GET {root}/namespaces//gadgets"),
  refusedPath("GET {root}/../v1alpha1/gadgets"),
  refusedPath("GET {root}/."),
  {
    ask: "GET /apis/{group}/v9/gadgets",
    differs: {
      why: "whatever is not there is told as a Status",
      code: 404,
      reason: "NotFound",
      at: "direct",
    },
  },
  { ask: "GET {root}" },
  { ask: "GET {root}/" },
  { ask: "GET {root}", headers: { accept: "application/yaml" } },
  { ask: "GET {root}", headers: { accept: "text/html" } },
  {
    ask: "GET {root}",
    headers: { accept: PROTOBUF },
    differs: { why: "nothing is written as protocol buffers", code: 406, reason: "NotAcceptable" },
  },
  {
    ask: "GET {root}",
    headers: { accept: `${PROTOBUF},application/json` },
    differs: { why: "nothing is written as protocol buffers", code: 200 },
  },
  { ask: "HEAD {root}" },
  like("POST {root}", "POST /apis/apps/v1"),
  like("DELETE {root}", "DELETE /apis/apps/v1"),
  { ask: "GET /apis/{group}" },
  { ask: "GET /apis/{group}/" },
  {
    ask: "POST /apis/{group}",
    differs: {
      why: "documents can be read, nothing else",
      code: 405,
      reason: "MethodNotAllowed",
      at: "direct",
    },
  },
  { ask: "GET /apis/{group}", headers: { accept: "application/yaml" } },
  { ask: "GET /apis/{group}", headers: { accept: "text/html" } },
];
