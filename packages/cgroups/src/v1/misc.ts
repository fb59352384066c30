/** The same files as on v2. https://docs.kernel.org/admin-guide/cgroup-v1/misc.html */
export { miscSettings, readMisc } from '../v2/misc.ts';
