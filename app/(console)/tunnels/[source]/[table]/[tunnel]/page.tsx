import type { Metadata } from "next";
import { TunnelPage } from "./_components/tunnel-page";

type Props = { params: Promise<{ source: string; table: string; tunnel: string }> };

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: decodeURIComponent((await params).tunnel) };
}

export default async function Page({ params }: Props) {
  const { source, table, tunnel } = await params;
  return (
    <TunnelPage
      source={decodeURIComponent(source)}
      table={decodeURIComponent(table)}
      tunnel={decodeURIComponent(tunnel)}
    />
  );
}
