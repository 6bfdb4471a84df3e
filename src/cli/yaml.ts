/**
 * The YAML parser, for loading on need: a dynamic import of the package itself has no named exports in the compiled bundle,
 * because the package is CommonJS.
 */
export { isMap, isScalar, LineCounter, parseDocument, stringify } from "yaml";
