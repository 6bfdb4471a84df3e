/** The life of a proxy's registration with Coder. */
export { ADOPT_PROXY_ANNOTATION, type WantedRegistration } from "./decide.ts";
export { RegistrationError } from "./error.ts";
export type { FormerTrouble } from "./former.ts";
export {
  type KeptTokens,
  type ProxyCalls,
  proxyCalls,
  type ProxyWay,
  type RegistrationEvent,
  type RegistrationPorts,
  type TokenView,
} from "./ports.ts";
export { type Place, recordOf, type RegistrationRecord, statusOf } from "./record.ts";
export { REMOVE_LIMIT_MS, type RemoveInput, type RemoveOutcome, removeRegistrations } from "./remove.ts";
export {
  type RegistrationMemory,
  settle,
  type Settled,
  type SettleInput,
  type SettleOptions,
} from "./settle.ts";
export {
  type ControlPlaneAccess,
  isRegisteredByOperator,
  tokenSecretOf,
  wantedRegistration,
} from "./wanted.ts";
export {
  failedState,
  healthState,
  observed,
  type ProxyObservation,
  registeredState,
  type RegistrationState,
} from "./words.ts";
