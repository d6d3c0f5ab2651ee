import type { Metadata } from "next";
import { TablePage } from "./_components/table-page";

type Props = {
  params: Promise<{ source: string; table: string }>;
  searchParams: Promise<{ tab?: string | string[] }>;
};

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: decodeURIComponent((await params).table) };
}

/** `?tab=<tab>` opens that tab, so that one can be linked to and survives a reload. */
export default async function Page({ params, searchParams }: Props) {
  const [{ source, table }, { tab }] = await Promise.all([params, searchParams]);
  return (
    <TablePage
      source={decodeURIComponent(source)}
      table={decodeURIComponent(table)}
      tab={typeof tab === "string" ? tab : null}
    />
  );
}
