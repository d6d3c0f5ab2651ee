import { openApiDocument } from "@/lib/contracts/openapi";
import packageJson from "@/package.json";

/** Needs no key: it says what can be asked, and nothing of what is here. */
export function GET(): Response {
  return Response.json(openApiDocument(packageJson.version));
}
