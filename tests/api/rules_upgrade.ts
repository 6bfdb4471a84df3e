/** Rules of the CRDs about upgrades. */

const containers = [{ name: "dump", image: "postgres:16" }];
const upgrade = (fields: object) => ({ upgrade: fields });
const backup = (fields: object) => upgrade({ backup: { containers, ...fields } });

/** As in `rules.ts`, without the kind. */
export const upgradeRules = [
  {
    field: "spec.upgrade.progressDeadlineSeconds",
    accepted: [60, 1800, 86_400].map((progressDeadlineSeconds) => upgrade({ progressDeadlineSeconds })),
    refused: [0, 59, 86_401].map((progressDeadlineSeconds) => upgrade({ progressDeadlineSeconds })),
  },
  {
    field: "spec.upgrade.backup.containers",
    accepted: [backup({}), backup({ volumes: [{ name: "v" }], podSecurityContext: { fsGroup: 1 } })],
    refused: [backup({ containers: [] })],
  },
  {
    field: "spec.upgrade.backup.deadlineSeconds",
    accepted: [1, 3600].map((deadlineSeconds) => backup({ deadlineSeconds })),
    refused: [0, -1].map((deadlineSeconds) => backup({ deadlineSeconds })),
  },
  {
    field: "spec.upgrade.backup.retries",
    accepted: [0, 3].map((retries) => backup({ retries })),
    refused: [backup({ retries: -1 })],
  },
];
