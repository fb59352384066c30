/** A line of passwd(5). */
export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** A line of group(5). */
export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/**
 * The text of a passwd file. A line that is not whole is left out, never guessed at: an image's author writes this file, and an id that
 * does not parse must not become 0.
 */
export function parsePasswd(text: string | Uint8Array): PasswdEntry[] {
  return lines(text).flatMap(([name, , uidText, gidText, , home]) => {
    const uid = parseId(uidText);
    const gid = parseId(gidText);
    return name && uid !== undefined && gid !== undefined ? [{ name, uid, gid, home: home || '/' }] : [];
  });
}

/** The text of a group file. A line that is not whole is left out. */
export function parseGroup(text: string | Uint8Array): GroupEntry[] {
  return lines(text).flatMap(([name, , gidText, list]) => {
    const gid = parseId(gidText);
    return name && gid !== undefined ? [{ name, gid, members: list ? list.split(',') : [] }] : [];
  });
}

/** Digits and nothing else; `undefined` where it is not an id. 2147483647 is Docker's limit, below the kernel's -1. */
export function parseId(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]+$/.test(text)) return undefined;
  const id = Number(text);
  return id <= 2_147_483_647 ? id : undefined;
}

function lines(text: string | Uint8Array): string[][] {
  const characters = typeof text === 'string' ? text : new TextDecoder().decode(text);
  return characters.split('\n').map((line) => line.trim().split(':'));
}
