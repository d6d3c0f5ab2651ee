"use client";

import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { callApi, problemOf } from "@/app/_api-client/request";
import type { Page } from "@/lib/contracts/paging";

const liveEveryMs = 2_000;

/**
 * A list of the API, page by page, asked again while it is in sight. `path` carries the filters; the
 * cursor belongs to them, so another path starts over.
 */
export function useList<T, P extends Page<T> = Page<T>>(
  path: string,
  options: { live?: boolean; limit?: number; enabled?: boolean } = {},
) {
  const { live = false, limit = 50, enabled = true } = options;
  const query = useInfiniteQuery({
    queryKey: [path, limit],
    enabled,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => {
      const separator = path.includes("?") ? "&" : "?";
      const cursor = pageParam === null ? "" : `&cursor=${encodeURIComponent(pageParam)}`;
      return callApi<P>(`${path}${separator}limit=${limit}${cursor}`, { signal });
    },
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
    refetchInterval: live ? liveEveryMs : false,
  });
  const pages = query.data?.pages;
  return {
    items: pages?.flatMap(({ items }) => items),
    total: pages?.at(-1)?.total ?? 0,
    firstPage: pages?.[0],
    problem: query.error ? problemOf(query.error) : null,
    hasMore: query.hasNextPage,
    isLoadingMore: query.isFetchingNextPage,
    loadMore: () => void query.fetchNextPage(),
    reload: () => void query.refetch(),
  };
}
