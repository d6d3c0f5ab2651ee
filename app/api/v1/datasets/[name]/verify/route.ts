import { getDatasetVerification, verifyDataset } from "@/lib/services/verifications";
import { serve } from "../../../../_http/serve";

export const POST = serve("verifyDataset", ({ services, params, body }) =>
  verifyDataset(services, params.name, body),
);

export const GET = serve("getDatasetVerification", ({ services, params, query }) =>
  getDatasetVerification(services, params.name, query),
);
