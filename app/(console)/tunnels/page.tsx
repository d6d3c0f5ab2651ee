import type { Metadata } from "next";
import { requirePerson } from "@/app/_session/require-person";
import { TunnelsPage } from "./_components/tunnels-page";

export const metadata: Metadata = { title: "Tunnels" };

type Props = { searchParams: Promise<{ source?: string | string[] }> };

/** `?source=<id>` opens that source's tunnels; without it, the first source's. */
export default async function Page({ searchParams }: Props) {
  const [{ role }, { source }] = await Promise.all([requirePerson(), searchParams]);
  return (
    <TunnelsPage
      source={typeof source === "string" ? source : null}
      mayWrite={role === "administrator"}
    />
  );
}
