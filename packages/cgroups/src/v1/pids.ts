/** The same files as on v2. https://docs.kernel.org/admin-guide/cgroup-v1/pids.html */
export { pidsSettings, readPids } from '../v2/pids.ts';
