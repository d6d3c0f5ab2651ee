const part = encodeURIComponent;

/** Where the API and the console keep a source's tables and tunnels. API paths are under /api/v1. */
export const apiPaths = {
  tables: (source: string) => `/sources/${part(source)}/tables`,
  table: (source: string, table: string) => `/sources/${part(source)}/tables/${part(table)}`,
  rows: (source: string, table: string) => `${apiPaths.table(source, table)}/rows`,
  allTunnels: (source: string) => `/sources/${part(source)}/tunnels`,
  tunnels: (source: string, table: string) => `${apiPaths.table(source, table)}/tunnels`,
  tunnel: (source: string, table: string, tunnel: string) =>
    `${apiPaths.tunnels(source, table)}/${part(tunnel)}`,
};

export const pagePaths = {
  tables: (source: string) => `/tables?source=${part(source)}`,
  table: (source: string, table: string) => `/tables/${part(source)}/${part(table)}`,
  tunnels: (source: string) => `/tunnels?source=${part(source)}`,
  tunnel: (source: string, table: string, tunnel: string) =>
    `/tunnels/${part(source)}/${part(table)}/${part(tunnel)}`,
};
