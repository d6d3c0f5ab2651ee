/** Where a download goes, piece by piece. */
export type FileSink = {
  readonly write: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
  /** Begins the file anew. */
  readonly restart: () => Promise<void>;
  /** The file is whole: it stands on the disk, or is handed to the browser. */
  readonly finish: () => Promise<void>;
  readonly giveUp: () => Promise<void>;
};

export class FileTooLarge extends Error {
  override readonly name = "FileTooLarge";
}

/** A browser without access to files keeps all of one in memory until it is whole. */
export const memoryBytesMax = 512 * 1024 * 1024;
/** The browser takes its copy while nobody says when. */
const addressKeptMs = 60_000;

type Picker = (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;

function findPicker(): Picker | null {
  const picker: unknown = Reflect.get(window, "showSaveFilePicker");
  return typeof picker === "function" ? (options) => picker.call(window, options) : null;
}

/**
 * Asks where to save, in browsers that can write a file while it comes; in others the file is built in
 * memory (FileTooLarge beyond `memoryBytesMax`) and saved as a whole. Null when the person thinks better
 * of it. Browsers let only a click ask, so it comes before anything else.
 */
export async function chooseFile(name: string, type: string): Promise<FileSink | null> {
  const pick = findPicker();
  if (!pick) return memorySink(name, type);
  try {
    const handle = await pick({ suggestedName: name });
    return await diskSink(handle);
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === "AbortError") return null;
    throw thrown;
  }
}

async function diskSink(handle: FileSystemFileHandle): Promise<FileSink> {
  const file = await handle.createWritable();
  return {
    write: (bytes) => file.write(bytes),
    restart: async () => {
      await file.truncate(0);
      await file.seek(0);
    },
    finish: () => file.close(),
    // What stood there before stays as it was.
    giveUp: () => file.abort(),
  };
}

function memorySink(name: string, type: string): FileSink {
  let pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytesHeld = 0;
  const clear = async () => {
    pieces = [];
    bytesHeld = 0;
  };
  return {
    write: async (bytes) => {
      bytesHeld += bytes.byteLength;
      if (bytesHeld > memoryBytesMax) throw new FileTooLarge("More than this browser can keep.");
      pieces.push(bytes);
    },
    restart: clear,
    finish: async () => {
      const address = URL.createObjectURL(new Blob(pieces, { type }));
      const link = document.createElement("a");
      link.href = address;
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), addressKeptMs);
      await clear();
    },
    giveUp: clear,
  };
}
