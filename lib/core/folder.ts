import { partitionBytesMax } from "./object-key";
import type { Problem } from "./problem";
import { findLoneSurrogate, utf8ByteLength } from "./utf8";

/**
 * What any folder in a bucket must be, whether or not it has variables: relative, without empty, `.`
 * and `..` segments (clients and engines resolve or drop them, and then read other objects than were
 * written), without control characters, and short enough for its keys. Every problem, with its place.
 */
export function checkFolder(folder: string, field: string): Problem[] {
  const problem = (message: string, at?: number): Problem =>
    at === undefined ? { field, message } : { field, message, at };
  if (folder === "") return [problem("Name a folder: it cannot be the bucket itself.")];
  const problems: Problem[] = [];
  if (folder.startsWith("/")) {
    problems.push(problem("A folder does not start with a slash.", 0));
  }
  if (folder.startsWith("\\")) {
    problems.push(problem("A folder does not start with a backslash.", 0));
  }
  if (folder.length > 1 && folder.endsWith("/")) {
    problems.push(problem("A folder does not end with a slash.", folder.length - 1));
  }
  problems.push(...checkSegments(folder, problem), ...checkCharacters(folder, problem));
  const bytes = utf8ByteLength(folder);
  if (bytes > partitionBytesMax) {
    problems.push(
      problem(
        `The folder takes ${bytes} bytes; ${partitionBytesMax} is the most, because object names repeat it and keys end at 1024 bytes.`,
      ),
    );
  }
  return problems;
}

type MakeProblem = (message: string, at?: number) => Problem;

function checkSegments(folder: string, problem: MakeProblem): Problem[] {
  const problems: Problem[] = [];
  const segments = folder.split("/");
  let at = 0;
  for (const [index, segment] of segments.entries()) {
    const isInner = index > 0 && index < segments.length - 1;
    if (segment === "" && isInner) problems.push(problem("A folder name is empty here.", at));
    if (segment === "." || segment === "..") {
      problems.push(problem(`"${segment}" is not a folder name.`, at));
    }
    at += segment.length + 1;
  }
  return problems;
}

function checkCharacters(folder: string, problem: MakeProblem): Problem[] {
  const problems: Problem[] = [];
  const controlAt = folder.search(/\p{Control}/u);
  if (controlAt >= 0) {
    const code = folder.charCodeAt(controlAt).toString(16).toUpperCase().padStart(4, "0");
    problems.push(problem(`The control character U+${code} cannot be in a folder.`, controlAt));
  }
  const loneAt = findLoneSurrogate(folder);
  if (loneAt >= 0) problems.push(problem("Half a character cannot be in a folder.", loneAt));
  return problems;
}
