/** The same files as on v2. https://docs.kernel.org/admin-guide/cgroup-v1/rdma.html */
export { rdmaSettings, readRdma } from '../v2/rdma.ts';
