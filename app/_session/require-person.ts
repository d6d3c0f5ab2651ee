import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { AppError } from "@/lib/core/error";
import { type Actor, authenticate } from "@/lib/services/authenticate";
import { consoleServices } from "@/lib/services/console-services";

/** Who looks at the page. Nobody: to the sign-in. Any other failure is the page's error state. */
export async function requirePerson(): Promise<Actor> {
  // First: it tells Next that the page is made per request, so that a build needs no database.
  const given = new Headers(await headers());
  const services = consoleServices();
  const request = new Request(services.publicUrl, { headers: given });
  const person = await authenticate(services, request).catch((thrown: unknown) => {
    if (thrown instanceof AppError && thrown.code === "request.unauthenticated") return null;
    throw thrown;
  });
  return person ?? redirect("/sign-in");
}
