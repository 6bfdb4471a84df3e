/** What is asked for by `Accept`. */
import { accepting, type Case, type Difference } from "./compare.ts";

const TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1";
const METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const PROTOBUF = "application/vnd.kubernetes.protobuf";
const PROTOBUF_METADATA =
  `${PROTOBUF};as=PartialObjectMetadata;g=meta.k8s.io;v=v1,${METADATA},application/json`;
const beta = (form: string) => form.replace(";v=v1", ";v=v1beta1");
const BETA_TABLE = beta(TABLE);
const BOTH = ["{here}/a", "{here}"];

const ACCEPTS = [
  "application/json",
  "APPLICATION/JSON",
  "application/json;charset=utf-8",
  "application/json; pretty=1",
  "*/*",
  "application/*",
  "text/*",
  "",
  "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "application/yaml",
  "application/yaml,application/json",
  "application/yaml;q=0.1,application/json",
  "application/json;q=0",
  "application/json;q=0.5,application/yaml;q=0.9",
  "application/json;q=junk",
  "text/plain",
  "text/html",
  "junk",
  "application/junk,application/json",
  PROTOBUF,
  `${PROTOBUF},application/json`,
  `${PROTOBUF};q=0.5,*/*`,
  `application/vnd.kubernetes.protobuf;type=x`,
  "application/cbor",
  "application/cbor,application/json",
  "application/cbor;q=1,application/json;q=0.9",
  "application/apply-patch+yaml",
  "application/json;stream=watch",
  TABLE,
  `${TABLE},application/json`,
  BETA_TABLE,
  `${BETA_TABLE},application/json`,
  `${TABLE},${BETA_TABLE},application/json`,
  `${TABLE.replace(";v=v1", ";v=v2")},application/json`,
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json; as=Table; g=meta.k8s.io; v=v1",
  "application/json;as=Table",
  "application/json;as=Table;g=junk;v=v1",
  "application/json;as=table;g=meta.k8s.io;v=v1",
  `application/yaml;as=Table;g=meta.k8s.io;v=v1`,
  METADATA,
  METADATA_LIST,
  `${METADATA},application/json`,
  `${METADATA_LIST},application/json`,
  beta(METADATA),
  beta(METADATA_LIST),
  PROTOBUF_METADATA,
  METADATA.replace("json", "yaml"),
  "application/json;as=Gadget;g=meta.k8s.io;v=v1",
  "application/json;as=Gadget;g=meta.k8s.io;v=v1,application/json",
  "*/*;as=Table;g=meta.k8s.io;v=v1",
];

const notAcceptable = (why: string): Difference => ({ why, code: 406, reason: "NotAcceptable" });
const NO_PROTOBUF = notAcceptable("nothing is written as protocol buffers, refusals neither");
const NO_BETA = notAcceptable("no client that lives asks for v1beta1 without v1 or JSON beside it");
const IS_JSON = "what a client names as its last choice is better than nothing";

/** By header and path, or by header alone. */
const DIFFERENCES: Readonly<Record<string, Difference>> = {
  "APPLICATION/JSON": { why: "types are the same in all letters (RFC 9110, 8.3.1)", code: 200 },
  "application/json;q=0": notAcceptable("a quality of 0 means that it is not wanted (RFC 9110, 12.4.2)"),
  "application/json;q=junk": notAcceptable("a quality that is no number is none"),
  [PROTOBUF]: NO_PROTOBUF,
  [`${PROTOBUF};type=x`]: NO_PROTOBUF,
  [BETA_TABLE]: NO_BETA,
  [`${BETA_TABLE},application/json`]: { why: IS_JSON, code: 200 },
  [`${beta(METADATA)} {here}/a`]: NO_BETA,
  [beta(METADATA_LIST)]: NO_BETA,
  [`${METADATA},application/json {here}`]: { why: IS_JSON, code: 200 },
  [`${METADATA_LIST},application/json {here}/a`]: { why: IS_JSON, code: 200 },
  [`${METADATA_LIST} {here}/a`]: notAcceptable("what the caller got wrong is no internal error"),
  [`${METADATA.replace("json", "yaml")} {here}`]: notAcceptable(
    "the refusal is in YAML, which was asked for",
  ),
  [PROTOBUF_METADATA]: { why: "nothing is written as protocol buffers", code: 200 },
};

export const ACCEPT_CASES: readonly Case[] = [
  ...ACCEPTS.flatMap((accept) =>
    BOTH.map((path) =>
      accepting(`GET ${path}`, accept, DIFFERENCES[`${accept} ${path}`] ?? DIFFERENCES[accept])
    )
  ),
  ...["", "None", "Metadata", "Object", "Junk", "none"].flatMap((value) =>
    BOTH.map((path) => accepting(`GET ${path}?includeObject=${value}`, TABLE))
  ),
  { ask: "GET {here}?includeObject=Junk" },
  accepting("GET {here}?limit=2", TABLE),
  accepting("GET {here}?limit=2&continue={token}", TABLE),
  accepting("GET {here}?labelSelector=tier%3Dnone", TABLE),
  accepting("GET {here}?limit=2", METADATA_LIST),
  accepting("GET {here}?labelSelector=tier%3Dnone", METADATA_LIST),
  accepting("GET {root}/gadgets", TABLE),
  accepting("GET {root}/gadgets", METADATA_LIST),
  accepting("GET {here}/none", TABLE),
  accepting("GET {here}/none", METADATA),
  accepting("GET {here}/none", "application/yaml"),
  accepting("GET {here}/none", "text/html"),
  accepting("GET {here}/none", PROTOBUF, NO_PROTOBUF),
  accepting("GET {here}?limit=junk", TABLE),
  accepting("GET {here}?watch=1&timeoutSeconds=1", "text/html"),
  accepting("GET {here}?watch=1&timeoutSeconds=1", "application/yaml"),
  accepting("GET {here}?watch=1&timeoutSeconds=1", PROTOBUF, NO_PROTOBUF),
];
