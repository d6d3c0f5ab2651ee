import type { Metadata } from "next";
import { TunnelsPage } from "./_components/tunnels-page";

export const metadata: Metadata = { title: "Tunnels" };

type Props = { searchParams: Promise<{ source?: string | string[] }> };

/** `?source=<id>` opens that source's tunnels; without it, the first source's. */
export default async function Page({ searchParams }: Props) {
  const { source } = await searchParams;
  return <TunnelsPage source={typeof source === "string" ? source : null} />;
}
