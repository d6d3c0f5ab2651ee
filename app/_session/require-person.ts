import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { AppError } from "@/lib/core/error";
import { type Actor, authenticate } from "@/lib/services/authenticate";
import { consoleServices } from "@/lib/services/console-services";

/** Who looks at the page. Nobody: to the sign-in. Any other failure is the page's error state. */
export async function requirePerson(): Promise<Actor> {
  const services = consoleServices();
  const request = new Request(services.publicUrl, { headers: new Headers(await headers()) });
  const person = await authenticate(services, request).catch((thrown: unknown) => {
    if (thrown instanceof AppError && thrown.code === "request.unauthenticated") return null;
    throw thrown;
  });
  return person ?? redirect("/sign-in");
}
