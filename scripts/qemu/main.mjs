// `npm run test:qemu [-- [newer] arguments of vitest]`: the kernel tests that name this machine, under a Linux that QEMU emulates.
// It has what User-Mode Linux lacks: two processors, cpuset, hugetlb, pressure figures, time namespaces, nftables. `newer`:
// those that ask for the version of the kernel, under the Linux of a newer Debian.
import { join } from 'node:path';
import { prepareKernel } from './kernel.mjs';
import { prepareNewerKernel } from './newer-kernel.mjs';
import { runInGuest } from './session.mjs';
import { suites, testCommand } from './tests.mjs';

const { ESTIBA_RESULTS: folder } = process.env;
const [first, ...rest] = process.argv.slice(2);
const isNewer = first === 'newer';
const suite = isNewer ? suites.newer : suites.debian;
await runInGuest(testCommand(suite, isNewer ? rest : process.argv.slice(2)), {
  prepare: isNewer ? prepareNewerKernel : prepareKernel,
  results: folder && join(folder, `${suite.name}.json`),
});
