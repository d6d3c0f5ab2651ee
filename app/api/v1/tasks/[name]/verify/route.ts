import { getVerification, verifyTask } from "@/lib/services/verifications";
import { serve } from "../../../../_http/serve";

export const POST = serve("verifyTask", ({ services, params, body }) =>
  verifyTask(services, params.name, body),
);

export const GET = serve("getVerification", ({ services, params, query }) =>
  getVerification(services, params.name, query),
);
