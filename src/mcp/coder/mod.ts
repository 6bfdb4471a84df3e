/** Coder as the caller. */
export { away, isForeign } from "./away.ts";
export { backendCoders, type BackendCodersOptions, changesAs, type CodersFor } from "./backend_coders.ts";
export { CallerTokens, type CallerTokensOptions } from "./caller_tokens.ts";
export { chosen, type CoderBackend, refOf } from "./choice.ts";
export { noCoder, ownCoder, type OwnCoderOptions } from "./own_coder.ts";
