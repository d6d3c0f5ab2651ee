import type { Metadata } from "next";
import { requirePerson } from "@/app/_session/require-person";
import { TunnelPage } from "./_components/tunnel-page";

type Props = { params: Promise<{ source: string; table: string; tunnel: string }> };

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: decodeURIComponent((await params).tunnel) };
}

export default async function Page({ params }: Props) {
  const [{ role }, { source, table, tunnel }] = await Promise.all([requirePerson(), params]);
  return (
    <TunnelPage
      source={decodeURIComponent(source)}
      table={decodeURIComponent(table)}
      tunnel={decodeURIComponent(tunnel)}
      mayWrite={role === "administrator"}
    />
  );
}
