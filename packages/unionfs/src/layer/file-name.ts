/** path_resolution(7) */
const longestName = 255;

/** Refuses a name as the kernel does when it is to make one, or look it up; before whatever else may be wrong with it. */
export function checkName(name: string): void {
  if (name.length > longestName) throw Object.assign(new Error('a name is too long'), { code: 'ENAMETOOLONG' });
}
