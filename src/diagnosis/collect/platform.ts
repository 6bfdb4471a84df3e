/** Looks for what the product itself needs: its operator, and its place in the Kubernetes API. */
import { APIServices, Leases } from "../../api/kubernetes/resources.ts";
import { LEASE_NAME } from "../../kube/lease/lease_names.ts";
import { record, time } from "../foreign.ts";
import type { Looker } from "../look.ts";

/** The product's APIService. */
export const API_SERVICE = "v1alpha1.aggregation.coder.com";

/** Fills in `operatorLease`: the one renewed last, wherever the operator is. Never rejects. */
export async function collectOperatorLease(looker: Looker): Promise<void> {
  await looker.look("operatorLease", `list leases named ${LEASE_NAME}`, async () => {
    const leases = await looker.list(Leases, { fieldSelector: `metadata.name=${LEASE_NAME}` });
    const renewed = (lease: unknown) => time(record(record(lease)["spec"])["renewTime"]);
    return leases.filter(({ metadata }) => metadata?.name === LEASE_NAME)
      .toSorted((a, b) => renewed(b) - renewed(a))[0];
  });
}

/** Fills in `apiService`. Never rejects. */
export async function collectApiService(looker: Looker): Promise<void> {
  await looker.look(
    "apiService",
    `get APIService ${API_SERVICE}`,
    () => looker.get(APIServices, { namespace: "", name: API_SERVICE }),
  );
}
