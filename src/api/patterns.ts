/** Regular expressions of the CRD schemas, in the syntax that Go, CEL and JavaScript share. */

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;

/** At least one character that is not white space. */
export const NOT_BLANK = "\\S";
/** Empty, or text that neither begins nor ends with white space. */
export const TRIMMED = "^(\\S(.*\\S)?)?$";
/** A name that also names a Service: DNS-1035 label. Its length is limited apart from it. */
export const SERVICE_NAME = "^[a-z]([-a-z0-9]*[a-z0-9])?$";
/** The name of a namespace; white space around it is forgiven. */
export const NAMESPACE = `^\\s*${LABEL}\\s*$`;
/** Empty, or the name of a namespace. */
export const NAMESPACE_OR_EMPTY = `^(${LABEL})?$`;
/** Empty, or the name of an object: DNS-1123 subdomain. */
export const OBJECT_NAME = `^(${SUBDOMAIN})?$`;
/** As {@linkcode OBJECT_NAME}; white space around it is forgiven. */
export const OBJECT_NAME_TRIMMED = `^\\s*(${SUBDOMAIN})?\\s*$`;
/** A host name; white space around it is forgiven. */
export const HOST = `^\\s*${SUBDOMAIN}\\s*$`;
/** A host name whose first level is a wildcard, or empty; white space around it is forgiven. */
export const WILDCARD_HOST = `^\\s*(\\*\\.${SUBDOMAIN})?\\s*$`;
/** An `http` or `https` URL; white space around it is forgiven. */
export const HTTP_URL = "^\\s*[hH][tT][tT][pP][sS]?://\\S+\\s*$";
/** As {@linkcode HTTP_URL}, or empty. */
export const HTTP_URL_OR_EMPTY = "^\\s*([hH][tT][tT][pP][sS]?://\\S+)?\\s*$";
/** The name of an environment variable as Kubernetes has it: printable ASCII without `=`. */
export const ENV_NAME = "^[ -<>-~]+$";
/** Empty, or a key of a Secret's data. */
export const DATA_KEY = "^[-._a-zA-Z0-9]*$";
/** The value of a label. Its length is limited apart from it. */
export const LABEL_VALUE = "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$";
/** An IPv4 or IPv6 address, roughly: the API server knows better. */
export const IP_ADDRESS = "^([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$";
/** A range of addresses, roughly. */
export const CIDR = "^([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)/[0-9]{1,3}$";
/** The name of a Service's port: DNS-1123 label. */
export const PORT_NAME = `^${LABEL}$`;
/** A team of GitHub with its organisation: `organisation/team`. */
export const GITHUB_TEAM = "^[^/\\s]+/[^/\\s]+$";
