"use client";

import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { callApi, problemOf } from "@/app/_api-client/request";
import type { RowPageView } from "@/lib/contracts/row-body";

const pageRows = 50;

/** A table's rows, page by page. Unlike other lists it has no total: the source does not count rows. */
export function useRows(path: string, filter: URLSearchParams) {
  const query = useInfiniteQuery({
    queryKey: [path, filter.toString()],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => {
      const asked = new URLSearchParams(filter);
      asked.set("limit", String(pageRows));
      if (pageParam !== null) asked.set("cursor", pageParam);
      return callApi<RowPageView>(`${path}?${asked}`, { signal });
    },
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
  });
  return {
    rows: query.data?.pages.flatMap(({ items }) => items),
    problem: query.error ? problemOf(query.error) : null,
    hasMore: query.hasNextPage,
    isLoadingMore: query.isFetchingNextPage,
    loadMore: () => void query.fetchNextPage(),
    reload: () => void query.refetch(),
  };
}
