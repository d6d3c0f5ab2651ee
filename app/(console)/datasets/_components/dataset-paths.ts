const part = encodeURIComponent;

/** Where the API keeps datasets, under /api/v1. */
export const datasetApi = {
  all: "/datasets",
  one: (name: string) => `/datasets/${part(name)}`,
  ddl: (name: string) => `/datasets/${part(name)}/ddl`,
  objects: (name: string) => `/datasets/${part(name)}/objects`,
  partitions: (name: string) => `/datasets/${part(name)}/partitions`,
  uploads: (name: string) => `/datasets/${part(name)}/upload-sessions`,
  upload: (name: string, id: string) => `/datasets/${part(name)}/upload-sessions/${part(id)}`,
  streams: (name: string) => `/datasets/${part(name)}/stream-sessions`,
  stream: (name: string, id: string) => `/datasets/${part(name)}/stream-sessions/${part(id)}`,
  mergeSettings: (name: string) => `/datasets/${part(name)}/merge-settings`,
  merges: (name: string) => `/datasets/${part(name)}/merges`,
  mergePreview: (name: string) => `/datasets/${part(name)}/merges/preview`,
  downloads: (name: string) => `/datasets/${part(name)}/download-sessions`,
  download: (name: string, id: string) => `/datasets/${part(name)}/download-sessions/${part(id)}`,
};

/** Where the console shows one. */
export const datasetPage = (name: string): string => `/datasets/${part(name)}`;
