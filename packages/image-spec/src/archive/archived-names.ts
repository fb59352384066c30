import { memberName, shown } from './member-name.ts';
import type { FileMember, LinkMember } from './members.ts';
import { invalid } from './members.ts';

const longestChain = 8;

/** The members of an archive by their names; links among them lead where they lead. */
export class ArchivedNames<File> {
  readonly #place: string;
  readonly #files = new Map<string, File>();
  readonly #links = new Map<string, string>();

  constructor(place: string) {
    this.#place = place;
  }

  addFile({ name }: FileMember, file: File): void {
    this.#files.set(name, file);
  }

  addLink({ name, target }: LinkMember): void {
    this.#links.set(name, target);
  }

  has(name: string): boolean {
    return this.#files.has(name) || this.#links.has(name);
  }

  /** Throws ARCHIVE_INVALID. */
  get(name: string): File {
    const refuse = (why: string) => invalid(this.#place, `member ${shown(name)}: ${why}`);
    let at = memberName(name, refuse);
    for (let step = 0; step < longestChain; step++) {
      const file = this.#files.get(at);
      if (file !== undefined) return file;
      const next = this.#links.get(at);
      if (next === undefined) throw refuse(step === 0 ? 'it is named, and not there' : 'its link leads nowhere');
      at = next;
    }
    throw refuse('its links lead in a circle');
  }
}
