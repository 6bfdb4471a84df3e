/** The end of a run as far as the product's rights are concerned: what was refused, and what was never used. */
import { ACCOUNTS, grantsOf, rendered } from "../../tests/rights/grants.ts";
import type { Denial, RightsLedger } from "../../tests/rights/ledger.ts";
import type { TestReport } from "./test_report.ts";
import { sum } from "./test_report.ts";

const REFUSED = "no call of the product is refused that no test has announced (audit logs of all clusters)";
const UNUSED = "every right that deploy/ grants is used by some test (audit logs of all clusters)";

type Manifests = Awaited<ReturnType<typeof rendered>>;

/** What a denial is about, for people. */
function described({ user, userAgent, deed, during, count }: Denial): string {
  return `${user.split(":").at(-1)} (${userAgent}) was refused ${count}× during ${during}: ${deed}`;
}

/**
 * Two tests more: that nothing was refused, and, after the whole suite, that no right is left over.
 *
 * @param isWhole whether everything was run
 */
export async function rightsReport(ledger: RightsLedger, isWhole: boolean): Promise<TestReport> {
  const reports = [verdict(REFUSED, ledger.denials.map(described))];
  if (isWhole) {
    const [all, split, proxy] = await Promise.all(
      ["overlays/all", "overlays/split", "components/coder-access-kube-proxy"].map(rendered),
    ) as [Manifests, Manifests, Manifests];
    const { operator, apiserver, mcp } = ACCOUNTS;
    reports.push(verdict(UNUSED, [
      ...ledger.unused(operator, [...grantsOf(all, operator), ...grantsOf(proxy, operator)]).map((right) =>
        `coder-k8s: ${right}`
      ),
      ...[apiserver, mcp].flatMap((user) =>
        ledger.unused(user, grantsOf(split, user)).map((right) => `${user.split(":").at(-1)}: ${right}`)
      ),
    ]));
  }
  return sum(reports);
}

function verdict(name: string, findings: readonly string[]): TestReport {
  const failed = findings.length > 0;
  return {
    passed: failed ? 0 : 1,
    passedSteps: 0,
    failed: failed ? 1 : 0,
    failedSteps: 0,
    ignored: 0,
    filteredOut: 0,
    failures: failed ? [{ name, details: findings.join("\n") }] : [],
  };
}
