/** For terminals and logs: a registry does not get to send escape sequences there. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 300);
}
