/** Words of the operator that the MCP server has to know without its rooms. */
export { standardLabels } from "../../src/workload/labels.ts";
